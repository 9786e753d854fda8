/* SPDX-License-Identifier: MIT */
/*
 * Far more workers than CPUs, many callers at once, and work that never ends: every item is
 * accounted for, no caller starves, and none is served much more often than another.  What is
 * checked are counts, and that something comes to its end: only a hang takes too long.
 */
#include "load.h"

#include <filch/each.h>

#include <pthread.h>

TestSuite(load, .timeout = 900);

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

/* ---- fairness -------------------------------------------------------------------------------- */

/*
 * When one has been served so often, each other one has been at least a twentieth as often.  On a busy
 * machine a call is held up now and then for as long as a hundred others take, by a helper whose turn
 * does not come; not for as long as nineteen twentieths of four hundred.  Who is passed over whenever
 * somebody else calls is behind by nearly all.
 */
enum { UNEQUAL = 20 };

struct fair {
	filch_pool *pool;
	size_t calls; /* of the busiest */
	uint64_t seed;
	atomic_uint begun;
	atomic_bool over;
	size_t served[CALLERS];
};

static void *call_until_one_has_enough(void *arg)
{
	struct fair *f = arg;
	struct book *b = book_new(f->pool);
	const unsigned me = atomic_fetch_add(&f->begun, 1);
	uint64_t seed = f->seed + me;

	if (!wait_for(&f->begun, CALLERS))
		abort();
	while (!atomic_load(&f->over)) {
		call_once(b, &seed);
		if (b->calls == f->calls)
			atomic_store(&f->over, true);
	}
	f->served[me] = b->calls;
	book_free(b);
	return NULL;
}

Test(load, of_eight_callers_serves_all_alike)
{
	static const unsigned workers[] = {2, 16, 64};
	uint64_t seed = test_seed();

	for (size_t k = random_below(&seed, thinned()) % COUNT_OF(workers); k < COUNT_OF(workers);
	     k += thinned()) {
		struct fair f = {
			.pool = pool_of(workers[k]), .calls = scaled(1000, 400), .seed = seed};
		size_t least = SIZE_MAX;

		on_threads(CALLERS, call_until_one_has_enough, &f);
		pool_close(f.pool);
		for (unsigned i = 0; i < CALLERS; i++)
			least = f.served[i] < least ? f.served[i] : least;
		fprintf(stderr, "%u workers: the busiest made %zu calls, the least busy %zu\n",
		        workers[k], f.calls, least);
		cr_expect_geq(least, f.calls / UNEQUAL);
	}
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
