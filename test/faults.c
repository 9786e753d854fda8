/* SPDX-License-Identifier: MIT */
/*
 * The system gives no thread or no memory, at the first call or the k-th, once or for good:
 * what was asked for is done, or refused before it began, and nothing is lost.
 */
#include "platform.h"
#include "support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(faults, .timeout = 300);

enum { N = 2000 };

static int runs_once(filch_pool *pool, struct tally *t, const struct filch_options *options)
{
	tally_clear(t);
	return filch_for(pool, t->n, tally_body, t, options) ||
	       tally_first_not(t, 0, t->n, 1) != t->n;
}

/* ---- no threads ------------------------------------------------------------------------ */

enum { WIDTH = 8 };

static int meet_or_not(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	tally_body(ctx, begin, end, w);
	sleep_ns(20000);
	return 0;
}

/* The pool has to make do with `there` workers at most. */
static void expect_narrower(filch_pool *pool, struct tally *t, unsigned there)
{
	struct filch_report r;

	for (int round = 0; round < 3; round++) {
		tally_clear(t);
		cr_expect_eq(
			filch_for(pool, t->n, meet_or_not, t, FILCH(.chunk = 50, .report = &r)), 0);
		tally_expect_once(t);
		cr_expect_leq(r.workers, there);
	}
}

/* Fails from the k-th thread on (or only that one), created when first of use. */
static void expect_survives_threads(unsigned k, bool lasting, int error)
{
	filch_pool *pool;
	struct tally t;

	tally_init(&t, N);
	fail_threads(k, lasting, error);
	cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = WIDTH)), 0);
	expect_narrower(pool, &t, lasting ? k : WIDTH);
	fail_no_more();
	cr_expect_eq(runs_once(pool, &t, NULL), 0);
	cr_expect_eq(runs_once(pool, &t, FILCH(.chunk = 1)), 0);
	pool_close(pool);
	tally_finish(&t);
}

/* O1 */
Test(faults, of_threads_at_every_k_leave_a_narrower_pool)
{
	const int errors[] = {EAGAIN, EPERM, ENOMEM, EINVAL};

	for (unsigned k = 1; k <= WIDTH; k++)
		for (size_t e = 0; e < COUNT_OF(errors); e++) {
			expect_survives_threads(k, false, errors[e]);
			expect_survives_threads(k, true, errors[e]);
		}
}

static int count_start(void *arg, unsigned id)
{
	(void)id;
	atomic_fetch_add((atomic_uint *)arg, 1);
	return 0;
}

Test(faults, of_threads_that_have_a_hook_leave_a_narrower_pool)
{
	for (unsigned k = 1; k <= WIDTH; k++) {
		atomic_uint starts = 0;
		filch_pool *pool;
		struct tally t;

		tally_init(&t, N);
		fail_threads(k, true, EAGAIN);
		cr_assert_eq(filch_pool_create(&pool,
		                               FILCH_POOL(.workers = WIDTH, .on_start = count_start,
		                                          .hook_arg = &starts)),
		             0);
		cr_expect_eq(atomic_load(&starts), k - 1);
		expect_narrower(pool, &t, k);
		fail_no_more();
		pool_close(pool);
		tally_finish(&t);
	}
}

struct nested {
	filch_pool *pool;
	atomic_size_t items;
	unsigned depth;
};

static int nested_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct nested *n = ctx;
	struct nested below = {n->pool, 0, n->depth - 1};
	int code = 0;

	(void)w;
	for (size_t i = begin; i < end && !code; i++) {
		if (n->depth == 0)
			atomic_fetch_add(&below.items, 1);
		else
			code = filch_for(n->pool, 4, nested_body, &below, NULL);
	}
	atomic_fetch_add(&n->items, atomic_load(&below.items));
	return code;
}

Test(faults, of_all_threads_leave_nested_calls_that_work)
{
	filch_pool *pool = pool_of(WIDTH);
	struct nested n = {pool, 0, 4};

	fail_threads(1, true, EAGAIN);
	cr_expect_eq(filch_for(pool, 4, nested_body, &n, NULL), 0);
	cr_expect_eq(atomic_load(&n.items), 4 * 4 * 4 * 4 * 4);
	fail_no_more();
	pool_close(pool);
}

/* ---- no memory ------------------------------------------------------------------------------ */

static struct tally shared; /* made while there was memory */

/*
 * Runs f with the k-th allocation failing, for every k, until there are fewer than k.
 * f says what was wrong; being refused is not.
 */
static void sweep(int (*f)(void), bool lasting)
{
	unsigned failed = 1;

	for (unsigned k = 1; failed; k++) {
		int wrong;

		cr_assert_lt(k, 100000, "it never gets through");
		fail_memory(k, lasting);
		wrong = f();
		failed = fail_no_more();
		cr_assert_eq(wrong, 0, "allocation %u fails%s: %d", k, lasting ? " for good" : "",
		             wrong);
	}
}

/* Many times over; a path that loses a block shows up as one a sweep. */
static void sweep_for_leaks(int (*f)(void))
{
	const long noise = 24; /* what libc keeps for the threads that it may have again */
	const size_t sweeps = 60;
	long before;

	tally_init(&shared, N);
	sweep(f, false);
	sweep(f, true);
	before = memory_blocks();
	for (size_t i = 0; i < sweeps; i++)
		sweep(f, i % 2);
	cr_expect_leq(memory_blocks(), before + noise);
	tally_finish(&shared);
	expect_no_leak();
}

static int create_use_destroy(void)
{
	filch_pool *pool = (filch_pool *)&shared;
	int code = filch_pool_create(&pool, FILCH_POOL(.workers = 3));

	if (code)
		return code != FILCH_ENOMEM || pool != NULL;
	if (runs_once(pool, &shared, FILCH(.chunk = 7)))
		return 2;
	if (runs_once(pool, &shared, NULL))
		return 3;
	return filch_pool_destroy(pool) ? 4 : 0;
}

/* O1 */
Test(faults, of_memory_in_the_life_of_a_pool_are_refused_or_survived)
{
	sweep_for_leaks(create_use_destroy);
}

static int create_with_hooks(void)
{
	atomic_uint starts = 0;
	filch_pool *pool = (filch_pool *)&shared;
	int code =
		filch_pool_create(&pool, FILCH_POOL(.workers = 3, .name = "hooked",
	                                            .on_start = count_start, .hook_arg = &starts));

	if (code)
		return code != FILCH_ENOMEM || pool != NULL;
	if (runs_once(pool, &shared, FILCH(.label = "hooked")))
		return 2;
	return filch_pool_destroy(pool) ? 3 : 0;
}

Test(faults, of_memory_with_hooks_are_refused_or_survived)
{
	sweep_for_leaks(create_with_hooks);
}

static filch_pool *made_before;

static int call_all_ways(void)
{
	struct nested n = {made_before, 0, 3};
	struct filch_report report;
	static int status[N];
	size_t first;

	if (runs_once(made_before, &shared, FILCH(.chunk = 1)))
		return 1;
	if (runs_once(made_before, &shared,
	              FILCH(.label = "all ways", .status = status, .first_error = &first,
	                    .report = &report, .keep_going = true, .timeout_ns = UINT64_MAX)))
		return 2;
	if (filch_for(made_before, 4, nested_body, &n, NULL) || atomic_load(&n.items) != 256)
		return 3;
	return 0;
}

/* W6, E5 */
Test(faults, of_memory_in_calls_lose_nothing)
{
	made_before = pool_of(4);
	sweep_for_leaks(call_all_ways);
	pool_close(made_before);
}

/* The deques have much to hold: every level leaves the rest of its loop there. */
static int nest_deeply(void)
{
	struct nested n = {made_before, 0, 5};

	return filch_for(made_before, 4, nested_body, &n, NULL) || atomic_load(&n.items) != 4096;
}

static int first_deep_call(void)
{
	int code = filch_pool_create(&made_before, FILCH_POOL(.workers = 4));

	if (code)
		return code != FILCH_ENOMEM;
	return nest_deeply() || filch_pool_destroy(made_before);
}

Test(faults, of_memory_in_deep_first_calls_lose_nothing)
{
	sweep(first_deep_call, false);
	sweep(first_deep_call, true);
}

/* ---- waits that end early ----------------------------------------------------------------------- */

static int add_leaf(void *arg, filch_worker *w)
{
	(void)w;
	sleep_ns(20000);
	atomic_fetch_add((atomic_uint *)arg, 1);
	return 0;
}

static int fork_leaves(void *arg, filch_worker *w)
{
	filch_task task[12];

	for (int i = 0; i < 12; i++)
		filch_fork(w, &task[i], add_leaf, arg);
	for (int i = 12; i-- > 0;)
		filch_join(w, &task[i]);
	return 0;
}

Test(faults, of_waits_that_end_early_lose_nothing)
{
	filch_pool *pool = pool_of(4);
	struct tally t;
	unsigned ended;

	tally_init(&t, N);
	waits_end_early(true);
	for (size_t i = scaled(100, 20); i > 0; i--) {
		atomic_uint leaves = 0;

		cr_expect_eq(runs_once(pool, &t, FILCH(.chunk = 50)), 0);
		cr_expect_eq(filch_for(pool, 60, meet_or_not, &t, FILCH(.chunk = 1)), 0);
		cr_expect_eq(filch_run(pool, fork_leaves, &leaves, NULL), 0);
		cr_expect_eq(atomic_load(&leaves), 12);
		sleep_ns(i % 4 * 300000); /* they sleep, or are about to */
	}
	pool_close(pool);
	ended = waits_end_early(false);
	cr_expect(ended > 0 || filch__cpu_here() == PLATFORM_NO_CPU, "no wait was cut short");
	tally_finish(&t);
}

/* ---- in a fresh process --------------------------------------------------------------------------- */

static int first_use(void *arg)
{
	const unsigned *plan = arg; /* k, lasting, threads too */

	fail_memory(plan[0], plan[1]);
	if (plan[2])
		fail_threads(1, true, EAGAIN);
	if (runs_once(NULL, &shared, FILCH(.chunk = 3, .label = "first")))
		return 1;
	if (runs_once(NULL, &shared, NULL) || filch_pool_width(NULL) < 1)
		return 2;
	return fail_no_more() ? 0 : 77;
}

Test(faults, of_memory_in_the_first_use_of_the_default_pool_lose_nothing)
{
	tally_init(&shared, N);
	for (unsigned lasting = 0; lasting < 4; lasting++) {
		unsigned plan[3] = {1, lasting % 2, lasting / 2};
		int code = 0;

		for (; code == 0 && plan[0] < (plan[2] ? 20 : 1000); plan[0]++)
			code = in_fork(first_use, plan);
		cr_expect(code == 77 || (code == 0 && plan[2]), "k %u, lasting %u: %d", plan[0],
		          plan[1], code);
	}
	tally_finish(&shared);
}

CHILD(has_nothing_at_all)
{
	int code;

	tally_init(&shared, N);
	fail_memory(1, true);
	fail_threads(1, true, EAGAIN);
	code = runs_once(NULL, &shared, FILCH(.label = "nothing", .chunk = 1));
	code |= runs_once(NULL, &shared, NULL);
	filch_explain(stdout);
	fail_no_more();
	tally_finish(&shared);
	return code;
}

Test(faults, of_everything_leave_a_caller_that_works)
{
	const char *const quiet[] = {"FILCH_WORKERS=4", NULL};
	const char *const stats[] = {"FILCH_WORKERS=4", "FILCH_STATS=1", NULL};
	struct outcome o;

	run_child(&o, "has_nothing_at_all", quiet);
	cr_expect_eq(o.status, 0, "%d %s", o.status, o.err);
	cr_expect_str_empty(o.err);
	run_child(&o, "has_nothing_at_all", stats);
	cr_expect_eq(o.status, 0, "%d %s", o.status, o.err);
}
