/* SPDX-License-Identifier: MIT */
/*
 * Far more workers than CPUs, many callers at once, and work that never ends: every item is
 * accounted for, and no caller starves.  What is checked are counts, and that something comes to
 * its end: only a hang takes too long.
 */
#include "account.h"
#include "support.h"

#include <filch/each.h>

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(load, .timeout = 900);

/* ---- accounts ---------------------------------------------------------------------------- */

enum { WIDEST = 256, ITEMS_MOST = 4000 };

/* A caller's: of one call, of whatever kind, and of all that it called. */
struct book {
	filch_pool *pool;
	struct tally t;
	struct account by[WIDEST];
	uint64_t calls, bodies, steals; /* of those before */
};

static struct book *book_new(filch_pool *pool)
{
	struct book *b = aligned_alloc(128, sizeof *b);

	if (!b)
		abort();
	memset(b, 0, sizeof *b);
	b->pool = pool;
	tally_init(&b->t, ITEMS_MOST);
	return b;
}

static void book_free(struct book *b)
{
	tally_finish(&b->t);
	free(b);
}

static void book_begin(struct book *b, size_t n)
{
	memset(b->by, 0, sizeof b->by);
	tally_clear(&b->t);
	b->t.n = n;
}

/* Now and then an item naps: who has slept meanwhile is of use then. */
static void book_items(struct book *b, size_t begin, size_t end, const filch_worker *w)
{
	tally_range(&b->t, begin, end);
	account_range(&b->by[filch_worker_id(w)], begin, end);
	for (size_t i = begin; i < end; i++)
		if (i % 50 == 40)
			sleep_ns(100000);
}

/* Ends the program unless each item ran once, and the caller had a part of it: nobody who calls
 * waits for somebody else to begin. */
static void book_end(struct book *b)
{
	const struct account all = account_sum(b->by, WIDEST);

	b->calls++;
	b->bodies += all.bodies;
	b->steals += all.steals;
	if (account_is_right(&all, b->t.n) && tally_first_not(&b->t, 0, b->t.n, 1) == b->t.n &&
	    b->by[0].bodies > 0)
		return;
	fprintf(stderr, "%zu items: %llu ran, %llu bodies by the caller\n", b->t.n,
	        (unsigned long long)all.items, (unsigned long long)b->by[0].bodies);
	abort();
}

/* ---- calls of three kinds ---------------------------------------------------------------- */

enum { ROW = 40 };

struct row {
	struct book *book;
	size_t begin;
};

static int row_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct row *row = ctx;

	book_items(row->book, row->begin + begin, row->begin + end, w);
	return 0;
}

static int loop(struct book *b, size_t chunk)
{
	struct row all = {b, 0};
	struct filch_report r;
	const int code =
		filch_for(b->pool, b->t.n, row_body, &all, FILCH(.chunk = chunk, .report = &r));

	b->by[0].steals += r.steals;
	return code;
}

static int rows_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct book *b = ctx;
	int code = 0;

	for (size_t i = begin; i < end && !code; i++) {
		const size_t left = b->t.n - i * ROW;
		struct row row = {b, i * ROW};
		struct filch_report r;

		code = filch_for(b->pool, left < ROW ? left : ROW, row_body, &row,
		                 FILCH(.chunk = 1 + i % 3, .report = &r));
		b->by[filch_worker_id(w)].steals += r.steals;
	}
	return code;
}

static int loop_of_loops(struct book *b)
{
	return filch_for(b->pool, (b->t.n + ROW - 1) / ROW, rows_body, b, FILCH(.chunk = 1));
}

struct part {
	struct book *book;
	size_t begin, end;
};

static int halves(void *arg, filch_worker *w)
{
	const struct part *p = arg;
	const size_t middle = p->begin + (p->end - p->begin) / 2;
	struct part first = {p->book, p->begin, middle}, second = {p->book, middle, p->end};

	if (p->end - p->begin > 3)
		return filch_join2(w, halves, &first, halves, &second);
	book_items(p->book, p->begin, p->end, w);
	return 0;
}

static int forks(struct book *b)
{
	struct part all = {b, 0, b->t.n};
	struct filch_report r;
	const int code = filch_run(b->pool, halves, &all, FILCH(.report = &r));

	b->by[0].steals += r.steals;
	return code;
}

static void call_once(struct book *b, uint64_t *seed)
{
	const size_t kind = random_below(seed, 4);
	int code;

	book_begin(b, 1 + random_below(seed, ITEMS_MOST));
	code = kind < 2 ? loop(b, kind) : kind == 2 ? loop_of_loops(b) : forks(b);
	if (code)
		abort();
	book_end(b);
}

/* ---- a crowd of workers ------------------------------------------------------------------- */

enum { CALLERS = 8 };
static const unsigned crowds[] = {64, 128, WIDEST};

struct load {
	filch_pool *pool;
	size_t calls; /* of each caller, at least */
	uint64_t seed;
	unsigned callers;
	atomic_uint begun, served; /* callers; those who have made so many calls */
	atomic_ullong bodies, steals, most;
};

static void load_tell(struct load *l)
{
	fprintf(stderr, "%u callers: the busiest made %llu calls, each at least %zu\n", l->callers,
	        (unsigned long long)atomic_load(&l->most), l->calls);
	tell_count(atomic_load(&l->bodies), "tasks");
	tell_count(atomic_load(&l->steals), "steals");
}

/* Calls until everybody has been served. */
static void *call_until_all_are_served(void *arg)
{
	struct load *l = arg;
	struct book *b = book_new(l->pool);
	uint64_t seed = l->seed + atomic_fetch_add(&l->begun, 1);
	unsigned long long most = 0;

	if (!wait_for(&l->begun, l->callers))
		abort();
	while (atomic_load(&l->served) < l->callers) {
		call_once(b, &seed);
		if (b->calls == l->calls)
			atomic_fetch_add(&l->served, 1);
	}
	atomic_fetch_add(&l->bodies, b->bodies);
	atomic_fetch_add(&l->steals, b->steals);
	while (most < b->calls && !atomic_compare_exchange_weak(&l->most, &most, b->calls))
		;
	book_free(b);
	return NULL;
}

static void load_by(struct load *l, unsigned callers)
{
	l->callers = callers;
	atomic_store(&l->begun, 0);
	atomic_store(&l->served, 0);
	on_threads(callers, call_until_all_are_served, l);
}

/* Threads that were joined may be seen for a moment more. */
static void expect_threads(unsigned threads)
{
	for (int naps = 0; threads_count() > threads && naps < 20000; naps++)
		sleep_ns(1000000);
	cr_expect_eq(threads_count(), threads);
}

static int just_start(void *arg, unsigned id)
{
	(void)arg, (void)id;
	return 0;
}

Test(load, of_256_workers_and_eight_callers_loses_and_doubles_none)
{
	const unsigned threads = threads_count();

	for (size_t k = 0; k < COUNT_OF(crowds); k++) {
		struct load l = {.calls = scaled(100, 2), .seed = test_seed()};

		cr_assert_eq(filch_pool_create(&l.pool, FILCH_POOL(.workers = crowds[k],
		                                                   .on_start = just_start)),
		             0);
		cr_assert_eq(threads_count(), threads + crowds[k] - 1);
		load_by(&l, 1);
		load_by(&l, CALLERS);
		pool_close(l.pool);
		load_tell(&l);
		expect_threads(threads);
	}
}

/* More than a pool has places for: the rest work alone, and are served all the same. */
Test(load, of_eighty_callers_at_once_starves_none)
{
	struct load l = {.pool = pool_of(2), .calls = scaled(20, 2), .seed = test_seed()};

	load_by(&l, 80);
	pool_close(l.pool);
	load_tell(&l);
}

/* ---- work without an end ------------------------------------------------------------------- */

struct endless {
	struct load load;
	atomic_ullong begun, ran;
};

static bool goes_on(struct endless *e)
{
	return atomic_load(&e->load.served) < CALLERS;
}

static int feed_another(void *ctx, const void *item, struct filch_feeder *f, filch_worker *w)
{
	struct endless *e = ctx;

	(void)w;
	atomic_fetch_add(&e->ran, 1);
	if (!goes_on(e))
		return 0;
	atomic_fetch_add(&e->begun, 1);
	return filch_feed(f, (const char *)item);
}

static void *feed_for_ever(void *arg)
{
	static const char items[WIDEST];
	struct endless *e = arg;

	atomic_fetch_add(&e->begun, WIDEST);
	if (filch_for_each(e->load.pool, items, WIDEST, feed_another, e, NULL))
		abort();
	return NULL;
}

struct tree {
	struct endless *endless;
	unsigned depth;
};

static int grow(void *arg, filch_worker *w)
{
	struct tree *t = arg, half = {t->endless, t->depth - 1};

	if (t->depth > 0)
		return filch_join2(w, grow, &half, grow, &half);
	atomic_fetch_add(&t->endless->ran, 1);
	return 0;
}

/* One run, in which trees of 2^6 leaves are forked again and again. */
static int grow_forest(void *arg, filch_worker *w)
{
	struct tree t = {arg, 6};

	for (bool more = true; more; more = goes_on(t.endless)) {
		atomic_fetch_add(&t.endless->begun, 1u << t.depth);
		if (grow(&t, w))
			return 1;
	}
	return 0;
}

static void *fork_for_ever(void *arg)
{
	struct endless *e = arg;

	if (filch_run(e->load.pool, grow_forest, e, NULL))
		abort();
	return NULL;
}

/* One loop, the first item of which ends when all others are served. */
static int loop_again(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct endless *e = ctx;

	(void)w;
	atomic_fetch_add(&e->ran, end - begin);
	while (goes_on(e) && begin == 0)
		sleep_ns(50000);
	return 0;
}

static void *loop_for_ever(void *arg)
{
	struct endless *e = arg;

	for (bool more = true; more; more = goes_on(e)) {
		atomic_fetch_add(&e->begun, WIDEST);
		if (filch_for(e->load.pool, WIDEST, loop_again, e, FILCH(.chunk = 1)))
			abort();
	}
	return NULL;
}

/* Whoever has work of his own without an end keeps nobody else's call from ending. */
static void expect_served(void *(*endless)(void *), unsigned workers)
{
	struct endless e = {.load = {.pool = pool_of(workers),
	                             .calls = scaled(50, 2),
	                             .seed = test_seed(),
	                             .callers = CALLERS}};
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, endless, &e), 0);
	while (atomic_load(&e.ran) == 0)
		sleep_ns(50000);
	load_by(&e.load, CALLERS);
	pthread_join(thread, NULL);
	pool_close(e.load.pool);
	cr_expect_eq(atomic_load(&e.ran), atomic_load(&e.begun), "each that began ends once");
	load_tell(&e.load);
}

Test(load, that_feeds_itself_for_ever_starves_no_caller)
{
	expect_served(feed_for_ever, 2);
	expect_served(feed_for_ever, 16);
}

Test(load, that_forks_for_ever_starves_no_caller)
{
	expect_served(fork_for_ever, 2);
	expect_served(fork_for_ever, 16);
}

Test(load, of_a_loop_that_never_ends_starves_no_caller)
{
	expect_served(loop_for_ever, 2);
	expect_served(loop_for_ever, 16);
}
