/* SPDX-License-Identifier: MIT */
/* The end of a pool: while others use it, from inside itself, again and again, and by exit(). */
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

TestSuite(close, .timeout = 300);

/* ---- while others use it ---------------------------------------------------------------- */

enum { ITEMS = 20, CALLERS = 3 };

struct using
{
	filch_pool *pool;
	pthread_t thread;
	atomic_uint begun, ended;
	int code;
};

static int slow_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct using *u = ctx;

	(void)w;
	atomic_fetch_add(&u->begun, 1);
	sleep_ns(2000000);
	atomic_fetch_add(&u->ended, (unsigned)(end - begin));
	return 0;
}

static void *use_pool(void *arg)
{
	struct using *u = arg;

	u->code = filch_for(u->pool, ITEMS, slow_body, u, FILCH(.chunk = 1));
	return NULL;
}

/* The calls have all begun when destroy comes: it waits until they have ended (O2). */
Test(close, waits_for_the_calls_of_other_threads)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct using users[CALLERS] = {{.pool = pool}, {.pool = pool}, {.pool = pool}};

		for (size_t i = 0; i < CALLERS; i++)
			cr_assert_eq(pthread_create(&users[i].thread, NULL, use_pool, &users[i]),
			             0);
		for (size_t i = 0; i < CALLERS; i++)
			cr_assert(wait_for(&users[i].begun, 1));
		cr_expect_eq(filch_pool_destroy(pool), 0);
		for (size_t i = 0; i < CALLERS; i++)
			cr_expect_eq(atomic_load(&users[i].ended), ITEMS);
		for (size_t i = 0; i < CALLERS; i++) {
			pthread_join(users[i].thread, NULL);
			cr_expect_eq(users[i].code, 0);
		}
	}
}

/* ---- from inside --------------------------------------------------------------------------- */

struct inside {
	filch_pool *pool, *other;
	atomic_uint met;
	atomic_bool wrong;
};

/* On all four workers at once, the one that called among them. */
static int destroy_from_inside(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct inside *in = ctx;

	(void)begin, (void)end, (void)w;
	if (!meet(&in->met, 4) || filch_pool_destroy(in->pool) != FILCH_EDEADLK ||
	    filch_pool_width(in->pool) != 4)
		atomic_store(&in->wrong, true);
	return 0;
}

static void expect_unharmed(filch_pool *pool)
{
	struct tally t;

	tally_init(&t, 10000);
	cr_expect_eq(filch_for(pool, 10000, tally_body, &t, NULL), 0);
	tally_expect_once(&t);
	tally_finish(&t);
	pool_close(pool);
}

/* O3 */
Test(close, from_a_body_of_the_pool_is_refused_and_harms_nothing)
{
	struct inside in = {.pool = pool_of(4)};

	cr_expect_eq(filch_for(in.pool, 4, destroy_from_inside, &in, FILCH(.chunk = 1)), 0);
	cr_expect_not(atomic_load(&in.wrong));
	expect_unharmed(in.pool);
}

static int destroy_outer(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct inside *in = ctx;

	(void)begin, (void)end, (void)w;
	if (filch_pool_destroy(in->pool) != FILCH_EDEADLK)
		atomic_store(&in->wrong, true);
	return 0;
}

static int nest_in_other(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct inside *in = ctx;

	(void)begin, (void)end, (void)w;
	return filch_for(in->other, 3, destroy_outer, in, FILCH(.chunk = 1));
}

/* O3 */
Test(close, from_a_nested_body_is_refused_too)
{
	struct inside same = {.pool = pool_of(4)}, other = {.pool = pool_of(4)};

	same.other = same.pool;
	cr_expect_eq(filch_for(same.pool, 10, nest_in_other, &same, FILCH(.chunk = 1)), 0);
	cr_expect_not(atomic_load(&same.wrong));
	expect_unharmed(same.pool);

	other.other = pool_of(1); /* its bodies run on top of the others, on the same threads */
	cr_expect_eq(filch_for(other.pool, 10, nest_in_other, &other, FILCH(.chunk = 1)), 0);
	cr_expect_not(atomic_load(&other.wrong));
	pool_close(other.other);
	expect_unharmed(other.pool);
}

static int whole_life(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct tally *outer = ctx;
	filch_pool *pool;
	struct tally t;
	int code;

	tally_body(outer, begin, end, w);
	if (filch_pool_create(&pool, FILCH_POOL(.workers = 3)))
		return 1;
	tally_init(&t, 100);
	code = filch_for(pool, 100, tally_body, &t, FILCH(.chunk = 1));
	code |= filch_pool_destroy(pool);
	code |= tally_first_not(&t, 0, 100, 1) != 100;
	tally_finish(&t);
	return code;
}

Test(close, of_a_pool_made_inside_a_body_of_another_is_fine)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct tally t;

		tally_init(&t, 50);
		cr_expect_eq(filch_for(pool, 50, whole_life, &t, FILCH(.chunk = 1)), 0);
		tally_expect_once(&t);
		tally_finish(&t);
		pool_close(pool);
	}
}

/* ---- in every state ----------------------------------------------------------------------------- */

static int nothing(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	return 0;
}

/* Unused, just used, looking for work, falling asleep, asleep (O2). */
Test(close, of_a_pool_ends_in_whatever_state_its_workers_are)
{
	uint64_t seed = test_seed();

	for (size_t round = 0; round < scaled(400, 20); round++) {
		filch_pool *pool;

		cr_assert_eq(
			filch_pool_create(&pool, FILCH_POOL(.workers = (unsigned)(1 + round % 9),
		                                            .spin_ns = round % 3 ? 0 : 50000)),
			0);
		for (size_t calls = random_below(&seed, 4); calls > 0; calls--)
			cr_expect_eq(filch_for(pool, 64, nothing, NULL, FILCH(.chunk = 1)), 0);
		if (round % 2)
			sleep_ns(random_below(&seed, 300000));
		pool_close(pool);
	}
}

Test(close, gives_all_threads_back)
{
	const unsigned before = threads_count();
	bool back = false;

	for (int round = 0; round < 20; round++) {
		struct inside in = {.pool = pool_of(4)};

		cr_expect_eq(filch_for(in.pool, 4, destroy_from_inside, &in, FILCH(.chunk = 1)), 0);
		cr_expect_geq(threads_count(), before + 3);
		pool_close(in.pool);
	}
	/* One that was joined may stand in the kernel's list for a moment longer. */
	for (int tries = 0; tries < 10000 && !back; tries++, sleep_ns(1000000))
		back = threads_count() <= before;
	cr_expect(back);
}

/* ---- by exit() ------------------------------------------------------------------------------------ */

static int use_default_pool(void)
{
	struct tally t;
	int code;

	tally_init(&t, 1000);
	code = filch_for(NULL, 1000, tally_body, &t, FILCH(.chunk = 1));
	code |= tally_first_not(&t, 0, 1000, 1) != 1000;
	tally_finish(&t);
	return code;
}

static void use_it_late(void)
{
	if (use_default_pool())
		_Exit(50);
}

CHILD(leaves_the_default_pool)
{
	return use_default_pool();
}

CHILD(leaves_pools_of_its_own)
{
	static filch_pool *pools[6]; /* not lost, only left */
	int code = use_default_pool();

	for (unsigned width = 1; width < COUNT_OF(pools); width++)
		code |= filch_pool_create(&pools[width], FILCH_POOL(.workers = width)) ||
		        filch_for(pools[width], 100, nothing, NULL, FILCH(.chunk = 1));
	return code;
}

CHILD(uses_the_default_pool_from_atexit_before)
{
	atexit(use_it_late);
	return use_default_pool();
}

CHILD(uses_the_default_pool_from_atexit_after)
{
	int code = use_default_pool();

	atexit(use_it_late);
	return code;
}

CHILD(uses_the_default_pool_first_in_atexit)
{
	atexit(use_it_late);
	return 0;
}

static void *exit_now(void *arg)
{
	(void)arg;
	exit(use_default_pool());
}

CHILD(exits_on_another_thread)
{
	on_threads(1, exit_now, NULL);
	return 51;
}

static int exit_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end;
	if (filch_worker_id(w) == *(unsigned *)ctx)
		exit(0);
	sleep_ns(1000000);
	return 0;
}

CHILD(exits_in_a_body_on_the_caller)
{
	unsigned who = 0;

	return filch_for(NULL, 1000, exit_body, &who, FILCH(.chunk = 1)) + 52;
}

CHILD(exits_in_a_body_on_a_worker)
{
	unsigned who = 1;

	return filch_for(NULL, 1000, exit_body, &who, FILCH(.chunk = 1)) + 52;
}

/* O5 */
Test(close, by_exit_is_clean)
{
	const char *const env[] = {"FILCH_WORKERS=4", "FILCH_STATS=1", NULL};
	const char *const ways[] = {"leaves_the_default_pool",
	                            "leaves_pools_of_its_own",
	                            "uses_the_default_pool_from_atexit_before",
	                            "uses_the_default_pool_from_atexit_after",
	                            "uses_the_default_pool_first_in_atexit",
	                            "exits_on_another_thread",
	                            "exits_in_a_body_on_the_caller",
	                            "exits_in_a_body_on_a_worker"};
	struct outcome o;

	for (size_t i = 0; i < COUNT_OF(ways); i++)
		for (size_t round = 0; round < scaled(5, 1); round++) {
			run_child(&o, ways[i], round % 2 ? env : (const char *[]){env[0], NULL});
			cr_expect_eq(o.status, 0, "%s: %d %s", ways[i], o.status, o.err);
		}
}
