/* SPDX-License-Identifier: MIT */
/* Pools: many of them, from any thread, in any order, with hooks and odd options. */
#define _GNU_SOURCE
#include "platform.h"
#include "support.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

TestSuite(pool, .timeout = 300);

static void runs_once(filch_pool *pool, size_t n)
{
	struct tally t;

	tally_init(&t, n);
	cr_expect_eq(filch_for(pool, n, tally_body, &t, NULL), 0);
	tally_expect_once(&t);
	tally_finish(&t);
}

/* Forces all workers of the pool to be there: they must all run at the same time. */
static int meet_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end;
	return meet(ctx, filch_worker_id(w) < 1024 ? 4 : 0) ? 0 : 1;
}

/* ---- creating ---------------------------------------------------------------------- */

static void expect_refused(const struct filch_pool_options *options)
{
	filch_pool *pool = (filch_pool *)&pool;

	cr_expect_eq(filch_pool_create(&pool, options), FILCH_EINVAL);
	cr_expect_null(pool);
}

Test(pool, with_options_that_make_no_sense_is_refused)
{
	const size_t sizes[] = {0, 1, sizeof(struct filch_pool_options) + 1, SIZE_MAX};

	cr_expect_eq(filch_pool_create(NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_pool_create(NULL, FILCH_POOL(.workers = 2)), FILCH_EINVAL);
	expect_refused(FILCH_POOL(.workers = FILCH_MAX_WORKERS + 1));
	expect_refused(FILCH_POOL(.workers = UINT_MAX));
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct filch_pool_options o = filch_pool_options_init();

		o.struct_size = sizes[i];
		expect_refused(&o);
	}
}

Test(pool, is_as_wide_as_asked)
{
	const unsigned wide[] = {1, 2, 3, 63, 64, 65, 1023, 1024};

	for (size_t i = 0; i < COUNT_OF(wide); i++) {
		filch_pool *pool = pool_of(wide[i]);

		cr_expect_eq(filch_pool_width(pool), wide[i]);
		pool_close(pool);
	}
}

Test(pool, is_by_default_as_wide_as_the_default_pool)
{
	struct filch_pool_options zero = filch_pool_options_init();
	filch_pool *a, *b;

	cr_assert_eq(filch_pool_create(&a, NULL), 0);
	cr_assert_eq(filch_pool_create(&b, &zero), 0);
	cr_expect(filch_pool_width(NULL) >= 1 && filch_pool_width(NULL) <= FILCH_MAX_WORKERS);
	cr_expect_eq(filch_pool_width(a), filch_pool_width(NULL));
	cr_expect_eq(filch_pool_width(b), filch_pool_width(NULL));
	pool_close(b);
	pool_close(a);
}

Test(pool, of_a_thousand_workers_runs_all_once)
{
	filch_pool *pool = pool_of(SANITIZED ? 100 : FILCH_MAX_WORKERS);

	runs_once(pool, 10);
	runs_once(pool, 100000);
	pool_close(pool);
}

Test(pool, with_odd_options_runs_all_once)
{
	const struct filch_pool_options odd[] = {
		*FILCH_POOL(.workers = 4, .stack_bytes = 1),
		*FILCH_POOL(.workers = 4, .stack_bytes = 12345),
		*FILCH_POOL(.workers = 4, .stack_bytes = (size_t)32 << 20),
		*FILCH_POOL(.workers = 4, .stack_bytes = SIZE_MAX / 2),
		*FILCH_POOL(.workers = 4, .stack_bytes = SIZE_MAX),
		*FILCH_POOL(.workers = 4, .spin_ns = 1),
		*FILCH_POOL(.workers = 4, .spin_ns = 10000000),
		*FILCH_POOL(.workers = 4, .spin_ns = UINT64_MAX),
		*FILCH_POOL(.workers = 4, .name = ""),
		*FILCH_POOL(.workers = 4, .name = "a name that no thread can have, far too long"),
		*FILCH_POOL(.workers = 4, .name = "%s%n/%d"),
	};

	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		filch_pool *pool;

		cr_assert_eq(filch_pool_create(&pool, &odd[i]), 0);
		for (size_t n = 0; n < 5000; n += 617)
			runs_once(pool, n);
		pool_close(pool);
	}
}

/* ---- what the threads are like ------------------------------------------------------- */

struct mates {
	atomic_uint met;
	atomic_bool hung;
	size_t stack;
	pthread_t caller;
};

/* Uses so much stack, a piece at a time. */
static unsigned dig(size_t bytes)
{
	volatile unsigned char piece[16384];

	piece[0] = piece[sizeof piece - 1] = (unsigned char)bytes;
	return bytes <= sizeof piece ? piece[0] : dig(bytes - sizeof piece) + piece[0];
}

static int mates_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct mates *m = ctx;

	(void)begin, (void)end, (void)w;
	if (!meet(&m->met, 4))
		atomic_store(&m->hung, true);
	if (m->stack && !pthread_equal(pthread_self(), m->caller))
		dig(m->stack);
	return 0;
}

Test(pool, has_threads_that_bear_its_name)
{
	char name[] = "dsp";
	filch_pool *pool;
	atomic_uint met = 0;

	if (filch__cpu_here() == PLATFORM_NO_CPU)
		cr_skip_test("a port that knows no CPUs knows no names either");
	cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = 4, .name = name)), 0);
	memset(name, 'x', 3); /* it was copied */
	cr_expect_eq(filch_for(pool, 4, meet_body, &met, FILCH(.chunk = 1)), 0);
	/* POSIX has no names for threads: the port for any such system leaves them as they are. */
	const bool named = filch__cpu_here() != PLATFORM_NO_CPU;

	cr_expect_eq(threads_named("dsp/", NULL, 0), named ? 3 : 0);
	for (unsigned id = 1; named && id < 4; id++)
		cr_expect_eq(
			threads_named((const char *[]){"", "dsp/1", "dsp/2", "dsp/3"}[id], NULL, 0),
			1);
	pool_close(pool);
}

Test(pool, has_threads_with_as_much_stack_as_asked)
{
	filch_pool *pool;
	struct mates m = {.stack = (size_t)48 << 20, .caller = pthread_self()};

	cr_assert_eq(
		filch_pool_create(&pool, FILCH_POOL(.workers = 4, .stack_bytes = (size_t)64 << 20)),
		0);
	cr_expect_eq(filch_for(pool, 4, mates_body, &m, FILCH(.chunk = 1)), 0);
	cr_expect_not(atomic_load(&m.hung));
	pool_close(pool);
}

/* ---- hooks ------------------------------------------------------------------------------ */

enum { HOOKED = 8 };

struct hooks {
	pthread_t caller;
	unsigned fails; /* which start, counted from 1, says no */
	atomic_uint starts, stops;
	atomic_uint started[HOOKED], stopped[HOOKED];
	atomic_bool wrong;
};

static int on_start(void *arg, unsigned id)
{
	struct hooks *h = arg;

	if (id >= HOOKED || pthread_equal(h->caller, pthread_self()) ||
	    atomic_fetch_add(&h->started[id % HOOKED], 1) != 0)
		atomic_store(&h->wrong, true);
	if (atomic_fetch_add(&h->starts, 1) + 1 != h->fails)
		return 0;
	atomic_fetch_sub(&h->started[id % HOOKED], 1);
	return -5;
}

static void on_stop(void *arg, unsigned id)
{
	struct hooks *h = arg;

	if (id >= HOOKED || pthread_equal(h->caller, pthread_self()) ||
	    atomic_fetch_add(&h->stopped[id % HOOKED], 1) != 0)
		atomic_store(&h->wrong, true);
	atomic_fetch_add(&h->stops, 1);
}

#define HOOKS(h)                                                                                   \
	FILCH_POOL(.workers = HOOKED, .on_start = on_start, .on_stop = on_stop, .hook_arg = (h))

Test(pool, runs_its_hooks_once_on_each_of_its_threads)
{
	for (int round = 0; round < 20; round++) {
		struct hooks h = {.caller = pthread_self()};
		filch_pool *pool;

		cr_assert_eq(filch_pool_create(&pool, HOOKS(&h)), 0);
		cr_expect_eq(atomic_load(&h.starts), HOOKED - 1, "here, if there is a hook");
		runs_once(pool, 1000);
		cr_expect_eq(atomic_load(&h.stops), 0);
		pool_close(pool);
		cr_expect_eq(atomic_load(&h.starts), HOOKED - 1);
		cr_expect_eq(atomic_load(&h.stops), HOOKED - 1);
		cr_expect_not(atomic_load(&h.wrong));
	}
}

/* O1 */
Test(pool, whose_start_hook_fails_is_not_created_and_stops_what_started)
{
	for (unsigned k = 1; k < HOOKED; k++)
		for (int round = 0; round < 10; round++) {
			struct hooks h = {.caller = pthread_self(), .fails = k};
			filch_pool *pool = (filch_pool *)&h;

			cr_expect_eq(filch_pool_create(&pool, HOOKS(&h)), FILCH_EHOOK);
			cr_expect_null(pool);
			for (unsigned id = 0; id < HOOKED; id++)
				cr_expect_geq(atomic_load(&h.stopped[id]),
				              atomic_load(&h.started[id]));
			cr_expect_leq(atomic_load(&h.stops), atomic_load(&h.starts));
			cr_expect_not(atomic_load(&h.wrong));
		}
}

Test(pool, may_have_one_hook_only)
{
	struct hooks start = {.caller = pthread_self()}, stop = {.caller = pthread_self()};
	filch_pool *pool;

	cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = HOOKED, .on_start = on_start,
	                                                 .hook_arg = &start)),
	             0);
	runs_once(pool, 1000);
	pool_close(pool);
	cr_expect_eq(atomic_load(&start.starts), HOOKED - 1);
	cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = HOOKED, .on_stop = on_stop,
	                                                 .hook_arg = &stop)),
	             0);
	runs_once(pool, 1000);
	pool_close(pool);
	cr_expect_leq(atomic_load(&stop.stops), HOOKED - 1);
	cr_expect_not(atomic_load(&stop.wrong));
}

/* ---- many, from any thread, in any order -------------------------------------------------- */

enum { MANY = 12 };

Test(pool, is_one_of_many_that_end_in_any_order)
{
	uint64_t seed = test_seed();

	for (size_t round = 0; round < scaled(20, 3); round++) {
		filch_pool *pools[MANY];

		for (unsigned i = 0; i < MANY; i++)
			pools[i] = pool_of(1 + i % 5);
		for (unsigned i = 0; i < MANY; i++)
			runs_once(pools[(i * 7) % MANY], 300);
		for (size_t left = MANY; left > 0; left--) {
			size_t i = random_below(&seed, left);

			pool_close(pools[i]);
			pools[i] = pools[left - 1];
		}
	}
}

/* A shelf where threads leave pools and find those of others. */
struct shelf {
	_Atomic(filch_pool *) slots[4];
	atomic_uint turn;
};

static void *trade_pools(void *arg)
{
	struct shelf *shelf = arg;
	struct tally t;
	filch_pool *pool;

	for (size_t round = 0; round < scaled(100, 5); round++) {
		unsigned slot = atomic_fetch_add(&shelf->turn, 1) % 4;

		if (filch_pool_create(&pool, FILCH_POOL(.workers = 1 + slot)))
			abort();
		tally_init(&t, 200);
		if (filch_for(pool, 200, tally_body, &t, NULL) ||
		    tally_first_not(&t, 0, 200, 1) != 200)
			abort();
		tally_finish(&t);
		if (filch_pool_destroy(atomic_exchange(&shelf->slots[slot], pool)))
			abort();
	}
	return NULL;
}

Test(pool, may_be_created_by_one_thread_and_destroyed_by_another)
{
	struct shelf shelf = {.turn = 0};

	on_threads(8, trade_pools, &shelf);
	for (unsigned i = 0; i < 4; i++)
		pool_close(atomic_load(&shelf.slots[i]));
	cr_expect_eq(filch_pool_destroy(NULL), 0);
}

struct callers {
	filch_pool *pool;
	atomic_uint here, failures;
};

static void *call_often(void *arg)
{
	struct callers *c = arg;
	struct tally t;

	meet(&c->here, 16);
	for (size_t n = 0; n < scaled(300, 20); n++) {
		tally_init(&t, n);
		if (filch_for(c->pool, n, tally_body, &t, NULL) ||
		    tally_first_not(&t, 0, n, 1) != n)
			atomic_fetch_add(&c->failures, 1);
		tally_finish(&t);
	}
	return NULL;
}

/* O6 */
Test(pool, serves_sixteen_threads_at_once)
{
	for (size_t k = 0; k <= COUNT_OF(widths); k++) {
		struct callers c = {.pool = k < COUNT_OF(widths) ? pool_of(widths[k]) : NULL};

		on_threads(16, call_often, &c);
		cr_expect_eq(atomic_load(&c.failures), 0);
		pool_close(c.pool);
	}
}

Test(pool, serves_threads_that_come_and_go)
{
	struct callers c = {.pool = pool_of(3), .here = 16};

	for (size_t round = 0; round < scaled(30, 2); round++)
		on_threads(2, call_often, &c);
	cr_expect_eq(atomic_load(&c.failures), 0);
	pool_close(c.pool);
}
