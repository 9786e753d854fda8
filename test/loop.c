/* SPDX-License-Identifier: MIT */
/* filch_for(): every item runs once, whatever the length, the width and the costs. */
#include "inplace.h"
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

TestSuite(loop, .timeout = 300);

static int must_not_run(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	abort();
}

Test(loop, of_no_items_calls_nothing)
{
	size_t first = 77;

	cr_expect_eq(filch_for(NULL, 0, must_not_run, NULL, NULL), 0);
	cr_expect_eq(filch_for(NULL, 0, must_not_run, NULL, FILCH(.first_error = &first)), 0);
	cr_expect_eq(first, 0, "n if none failed, and n is 0");
}

static int no_empty_range(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)w;
	if (begin >= end)
		abort();
	return 0;
}

Test(loop, of_no_items_calls_nothing_even_if_the_body_is_known_well)
{
	filch_pool *pools[] = {NULL, pool_of(1), pool_of(4)};

	for (size_t k = 0; k < COUNT_OF(pools); k++)
		for (size_t i = 0; i < 2000; i++)
			cr_assert_eq(filch_for(pools[k], i % 50, no_empty_range, NULL, NULL), 0);
	for (size_t k = 1; k < COUNT_OF(pools); k++)
		pool_close(pools[k]);
}

static void runs_once(filch_pool *pool, size_t n)
{
	struct tally t;

	tally_init(&t, n);
	cr_expect_eq(filch_for(pool, n, tally_body, &t, NULL), 0);
	tally_expect_once(&t);
	tally_finish(&t);
}

/* L1 */
Test(loop, runs_every_item_once_at_every_width_and_length)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		const size_t width = widths[k];
		const size_t lengths[] = {0,  1,         2,     3,         5,
		                          7,  width - 1, width, width + 1, 2 * width + 1,
		                          97, 1009,      10007, 1000000};
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(lengths); i++)
			runs_once(pool, lengths[i]);
		pool_close(pool);
	}
}

Test(loop, runs_every_item_once_when_the_same_loop_comes_again_and_again)
{
	for (size_t n = 1; n <= scaled(2000, 50); n++)
		runs_once(NULL, n);
}

/* ---- lengths that no array has ---------------------------------------------------- */

enum { RANGES = 1 << 16 };

/* The ranges that a loop was cut into, if they are not too many. */
struct ranges {
	atomic_size_t sum, count;
	size_t begin[RANGES], end[RANGES];
};

static int range_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ranges *r = ctx;
	size_t i = atomic_fetch_add(&r->count, 1);

	(void)w;
	atomic_fetch_add(&r->sum, end - begin);
	if (i < RANGES) {
		r->begin[i] = begin;
		r->end[i] = end;
	}
	return begin < end ? 0 : 1;
}

/* Whether each range's end is another one's beginning, from 0 to n, and all of them are used. */
static bool tiles(const struct ranges *r, size_t n)
{
	size_t at = 0, used = 0, count = atomic_load(&r->count);

	for (size_t i = 0; at < n && i < count; i++, used++) {
		size_t k = 0;

		while (k < count && r->begin[k] != at)
			k++;
		if (k == count)
			return false;
		at = r->end[k];
	}
	return at == n && used == count;
}

static void expect_tiled(filch_pool *pool, size_t n, const struct filch_options *options)
{
	struct ranges *r = calloc(1, sizeof *r);

	cr_assert(r);
	cr_expect_eq(filch_for(pool, n, range_body, r, options), 0);
	cr_expect_eq(atomic_load(&r->sum), n, "not all items, or some twice");
	if (atomic_load(&r->count) <= 4096)
		cr_expect(tiles(r, n), "gaps or overlaps");
	free(r);
}

Test(loop, counts_to_size_max_at_every_width)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		expect_tiled(pool, SIZE_MAX, NULL);
		expect_tiled(pool, SIZE_MAX - 1, NULL);
		expect_tiled(pool, SIZE_MAX / 2 + 1, NULL);
		pool_close(pool);
	}
}

/* C5 */
Test(loop, of_size_max_items_in_huge_chunks_overflows_nowhere)
{
	const size_t chunks[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1, SIZE_MAX / 2,
	                         SIZE_MAX / 3};

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(chunks); i++) {
			expect_tiled(pool, SIZE_MAX, FILCH(.chunk = chunks[i]));
			expect_tiled(pool, SIZE_MAX, FILCH(.min_chunk = chunks[i]));
			expect_tiled(pool, SIZE_MAX, FILCH(.max_chunk = chunks[i]));
		}
		pool_close(pool);
	}
}

enum { STOP_AT = 1000 };

struct endless {
	struct tally first; /* how often the items up to STOP_AT ran */
	filch_cancel *cancel;
};

static int endless_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct endless *e = ctx;

	if (begin == 0) /* leaves time to steal what comes next */
		sleep_ns(10000000);
	for (size_t i = begin; i < end && !filch_stopping(w); i++) {
		if (i <= STOP_AT)
			tally_range(&e->first, i, i + 1);
		if (i == STOP_AT && e->cancel)
			filch_cancel_now(e->cancel);
		else if (i == STOP_AT)
			return filch_fail(w, i, 42);
	}
	return 0;
}

Test(loop, of_size_max_items_ends_when_a_body_fails)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct endless e = {.cancel = NULL};
		size_t first = 0;

		tally_init(&e.first, STOP_AT + 1);
		cr_expect_eq(
			filch_for(pool, SIZE_MAX, endless_body, &e, FILCH(.first_error = &first)),
			42);
		cr_expect_eq(first, STOP_AT);
		tally_expect_once(&e.first);
		tally_finish(&e.first);
		pool_close(pool);
	}
}

Test(loop, of_size_max_items_ends_when_it_is_cancelled_or_out_of_time)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		filch_cancel cancel = {0}, other = {0};
		struct endless e = {.cancel = &cancel};

		tally_init(&e.first, STOP_AT + 1);
		cr_expect_eq(filch_for(pool, SIZE_MAX, endless_body, &e, FILCH(.cancel = &cancel)),
		             FILCH_ECANCELED);
		e.cancel = &other; /* cancels nothing */
		cr_expect_eq(
			filch_for(pool, SIZE_MAX, endless_body, &e, FILCH(.timeout_ns = 2000000)),
			FILCH_ETIMEDOUT);
		tally_finish(&e.first);
		pool_close(pool);
	}
}

/* ---- who runs it -------------------------------------------------------------------- */

struct seen {
	filch_pool *pool;
	atomic_uint busy[64]; /* bodies running now, by worker id */
	atomic_uint now, most;
	atomic_bool wrong;
};

static int seen_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct seen *s = ctx;
	unsigned id = w ? filch_worker_id(w) : 64;
	unsigned now = atomic_fetch_add(&s->now, 1) + 1;

	if (begin >= end || id >= filch_pool_width(s->pool) ||
	    atomic_fetch_add(&s->busy[id], 1) != 0)
		atomic_store(&s->wrong, true);
	for (unsigned most = atomic_load(&s->most);
	     most < now && !atomic_compare_exchange_weak(&s->most, &most, now);)
		;
	sleep_ns(20000);
	if (id < 64)
		atomic_fetch_sub(&s->busy[id], 1);
	atomic_fetch_sub(&s->now, 1);
	return 0;
}

/* O6 */
Test(loop, gives_each_body_a_worker_id_of_its_own_below_the_width)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct seen s = {.pool = pool_of(widths[k])};

		cr_expect_eq(filch_for(s.pool, 500, seen_body, &s, FILCH(.chunk = 1)), 0);
		cr_expect_not(atomic_load(&s.wrong), "width %u", widths[k]);
		cr_expect_leq(atomic_load(&s.most), widths[k], "more bodies at once than workers");
		pool_close(s.pool);
	}
}

struct serial {
	pthread_t caller;
	size_t next;
	bool wrong;
};

/* No atomics: all of it must be on one thread, in order. */
static int serial_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct serial *s = ctx;

	s->wrong |= begin != s->next || !pthread_equal(s->caller, pthread_self());
	s->wrong |= filch_worker_id(w) != 0;
	s->next = end;
	return 0;
}

Test(loop, of_width_one_runs_in_order_on_the_thread_that_calls)
{
	filch_pool *pool = pool_of(1);
	struct serial s = {.caller = pthread_self()};

	cr_expect_eq(filch_for(pool, 100000, serial_body, &s, NULL), 0);
	cr_expect_eq(s.next, 100000);
	cr_expect_not(s.wrong);
	pool_close(pool);
	cr_expect_eq(threads_named("filch/", NULL, 0), 0, "a pool of one needs no thread");
}

static int null_ctx_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	return ctx ? 1 : 0;
}

Test(loop, hands_a_null_ctx_on)
{
	cr_expect_eq(filch_for(NULL, 100, null_ctx_body, NULL, NULL), 0);
}

/* ---- costs ---------------------------------------------------------------------------- */

struct costs {
	struct tally t;
	size_t heavy;      /* the one item that takes long */
	size_t every;      /* and every so many-th that takes a while, if not 0 */
	uint64_t heavy_ns; /* how long */
};

static int costs_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct costs *c = ctx;

	tally_body(&c->t, begin, end, w);
	for (size_t i = begin; i < end; i++)
		if (i == c->heavy)
			sleep_ns(c->heavy_ns);
		else if (c->every && i % c->every == 0)
			sleep_ns(50000);
	return 0;
}

static void runs_once_with_costs(filch_pool *pool, struct costs *c, size_t n)
{
	tally_init(&c->t, n);
	cr_expect_eq(filch_for(pool, n, costs_body, c, NULL), 0);
	tally_expect_once(&c->t);
	tally_finish(&c->t);
}

Test(loop, with_a_heavy_item_anywhere_runs_all_once)
{
	const size_t n = 1000;
	const size_t heavy[] = {0, 1, n / 2, n - 2, n - 1};

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(heavy); i++) {
			struct costs tiny = {.heavy = heavy[i], .heavy_ns = 10000000};
			struct costs some = {.heavy = heavy[i], .heavy_ns = 5000000, .every = 100};

			runs_once_with_costs(pool, &tiny, n);
			runs_once_with_costs(pool, &some, n);
		}
		pool_close(pool);
	}
}

/* One body, remembered as cheap, then dear, then cheap again (K1). */
Test(loop, with_costs_that_change_from_call_to_call_runs_all_once)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < 12; round++) {
			struct costs c = {.heavy = SIZE_MAX, .every = round % 3 == 2 ? 10 : 0};

			runs_once_with_costs(pool, &c, round % 2 ? 500 : 7);
		}
		pool_close(pool);
	}
}

Test(loop, of_sixty_four_workers_that_sleep_runs_all_once)
{
	filch_pool *pool = pool_of(64);
	struct costs c = {.heavy = SIZE_MAX, .every = 1};

	runs_once_with_costs(pool, &c, 640);
	cr_expect_eq(filch_pool_width(pool), 64);
	pool_close(pool);
}

/* ---- what they wrote ---------------------------------------------------------------------- */

static int twice(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	uint64_t *x = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		x[i] *= 2;
	return 0;
}

/* W4, E2 */
Test(loop, leaves_what_the_bodies_wrote)
{
	static uint64_t x[10000];

	for (size_t i = 0; i < COUNT_OF(x); i++)
		x[i] = i;
	for (int round = 0; round < 20; round++)
		cr_assert_eq(filch_for(NULL, COUNT_OF(x), twice, x, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(x); i++)
		cr_assert_eq(x[i], i << 20);
}

/* ---- in place --------------------------------------------------------------------------------- */

static int note_begin(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	size_t *second = ctx;

	(void)end, (void)w;
	if (begin)
		*second = begin;
	return 0;
}

/* Else each vector of all that follows could lie across two cache lines. */
Test(loop, that_is_run_in_place_is_cut_where_it_is_round)
{
	size_t second = 0;
	struct call c = {.n = 10922, .body = note_begin, .ctx = &second, .cost = {.ns = 1e6f}};
	int code = 1;

	filch__ticks_init();
	c.key = cost_key((uintptr_t)note_begin);
	cr_expect(filch__run_watched(&c, platform_ticks(), &code));
	cr_expect_eq(code, 0);
	cr_expect_eq(second, 1360, "and not 1365");
}
