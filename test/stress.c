/* SPDX-License-Identifier: MIT */
/*
 * Long and random: a hundred million chunks, six million steals, a hundred thousand pools,
 * all accounted for.  FILCH_TEST_SCALE makes it shorter or longer; a random run is
 * repeated with the FILCH_TEST_SEED that it printed.
 */
#include "account.h"
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(stress, .timeout = 900);

/* ---- a hundred million chunks ----------------------------------------------------------- */

enum { WORKERS = 4 };

static int account_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	account_range((struct account *)ctx + filch_worker_id(w), begin, end);
	return 0;
}

static bool accounts_are_right(const struct account *a, size_t n)
{
	const struct account all = account_sum(a, WORKERS);

	return account_is_right(&all, n);
}

/* L1 */
Test(stress, of_a_hundred_million_chunks_loses_and_doubles_none)
{
	const uint64_t wanted = scaled(100000000, 100000);
	filch_pool *pool = pool_of(WORKERS);
	uint64_t chunks = 0, steals = 0, seed = test_seed();

	while (chunks < wanted) {
		struct account a[WORKERS] = {{0}};
		const size_t n = 1 + random_below(&seed, 2000000);
		struct filch_report r;

		cr_assert_eq(filch_for(pool, n, account_body, a, FILCH(.chunk = 1, .report = &r)),
		             0);
		cr_assert(accounts_are_right(a, n), "%zu items, after %llu chunks", n,
		          (unsigned long long)chunks);
		cr_assert_eq(r.chunks, n);
		chunks += r.chunks;
		steals += r.steals;
	}
	tell_count(chunks, "tasks");
	tell_count(steals, "steals");
	pool_close(pool);
}

/* ---- a million steals -------------------------------------------------------------------- */

static void busy(int steps)
{
	for (volatile int i = 0; i < steps; i++)
		;
}

static int busy_account_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	busy(1000);
	return account_body(ctx, begin, end, w);
}

static int just_start(void *arg, unsigned id)
{
	(void)arg, (void)id;
	return 0;
}

static filch_pool *pool_that_never_sleeps(unsigned workers)
{
	filch_pool *pool;

	cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = workers, .on_start = just_start,
	                                                 .spin_ns = 60000000000u)),
	             0);
	return pool;
}

/* Loops of a few microseconds, and thieves that always look: nearly each is stolen from.  Where others
 * compute, too, it takes minutes, so this is all of them however long a run is (D1, E1). */
Test(stress, of_a_million_steals_loses_and_doubles_none)
{
	const size_t much = scaled(1000000, 1000), wanted = much < 1000000 ? much : 1000000;
	filch_pool *pools[] = {pool_that_never_sleeps(2), pool_that_never_sleeps(WORKERS)};
	uint64_t chunks = 0, steals = 0, seed = test_seed();

	for (uint64_t round = 0; steals < wanted; round++) {
		struct account a[WORKERS] = {{0}};
		const size_t n = 4 + random_below(&seed, 6);
		struct filch_report r;

		cr_assert_eq(filch_for(pools[round % 32 == 0], n, busy_account_body, a,
		                       FILCH(.chunk = 1, .report = &r)),
		             0);
		cr_assert(accounts_are_right(a, n), "%zu items, after %llu steals", n,
		          (unsigned long long)steals);
		chunks += r.chunks;
		steals += r.steals;
	}
	tell_count(chunks, "tasks");
	tell_count(steals, "steals");
	pool_close(pools[0]);
	pool_close(pools[1]);
}

/* ---- millions of stolen tasks ------------------------------------------------------------------- */

enum { TASKS = 1024 };

struct leaf {
	struct account *by; /* all workers' */
	size_t index;
};

static int leaf_task(void *arg, filch_worker *w)
{
	const struct leaf *l = arg;

	busy(200);
	return account_body(l->by, l->index, l->index + 1, w);
}

/* Its owner takes the newest, thieves the oldest. */
static int fork_leaves(void *arg, filch_worker *w)
{
	struct leaf *leaves = arg;
	filch_task tasks[TASKS];
	int code = 0;

	for (size_t i = 0; i < TASKS; i++)
		filch_fork(w, &tasks[i], leaf_task, &leaves[i]);
	for (size_t i = TASKS; i-- > 0;)
		code |= filch_join(w, &tasks[i]);
	return code;
}

/* J1 */
Test(stress, of_five_million_stolen_tasks_loses_and_doubles_none)
{
	const uint64_t wanted = scaled(5000000, 2000);
	filch_pool *pools[] = {pool_that_never_sleeps(2), pool_that_never_sleeps(WORKERS)};
	struct account by[WORKERS];
	struct leaf leaves[TASKS];
	uint64_t tasks = 0, steals = 0;

	for (size_t i = 0; i < TASKS; i++)
		leaves[i] = (struct leaf){by, i};
	for (uint64_t round = 0; steals < wanted; round++) {
		struct filch_report r;

		memset(by, 0, sizeof by);
		cr_assert_eq(
			filch_run(pools[round % 32 == 0], fork_leaves, leaves, FILCH(.report = &r)),
			0);
		cr_assert(accounts_are_right(by, TASKS), "after %llu steals",
		          (unsigned long long)steals);
		tasks += TASKS;
		steals += r.steals;
	}
	tell_count(tasks, "tasks");
	tell_count(steals, "steals");
	pool_close(pools[0]);
	pool_close(pools[1]);
}

/* ---- a hundred thousand pools --------------------------------------------------------------- */

static int tally_and_nap(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	sleep_ns(10000);
	return tally_body(ctx, begin, end, w);
}

/* Some have their threads at once, for a hook; some when they are of use, some never. */
static void live_and_die(struct tally *t, size_t i)
{
	filch_pool *pool;

	cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = (unsigned)(2 + i % 2),
	                                                 .on_start = i % 4 ? NULL : just_start)),
	             0);
	tally_clear(t);
	if (i % 8 == 1)
		cr_assert_eq(filch_for(pool, 4, tally_and_nap, t, NULL), 0);
	else
		cr_assert_eq(filch_for(pool, 4, tally_body, t, FILCH(.chunk = 1)), 0);
	tally_expect_once(t);
	pool_close(pool);
}

Test(stress, of_a_hundred_thousand_pools_leaves_no_thread_and_no_memory)
{
	const unsigned threads = threads_count();
	const size_t lives = scaled(100000, 300);
	long blocks = 0;
	struct tally t;

	tally_init(&t, 4);
	for (size_t i = 0; i < lives; i++) {
		live_and_die(&t, i);
		if (i == lives / 2)
			blocks = memory_blocks();
	}
	cr_expect_leq(memory_blocks(), blocks + 100);
	cr_expect_leq(threads_count(), threads + 3, "one that was joined may take a moment to go");
	tally_finish(&t);
	expect_no_leak();
}

/* ---- random calls in random calls --------------------------------------------------------------- */

/* The pools and the outcome that all calls of a run share. */
struct run {
	filch_pool *pools[4];
	atomic_bool wrong;
	atomic_ullong calls, items;
};

/* One call: which items fail, cancel, sleep or call is decided by the seed and the index. */
struct call {
	struct run *run;
	uint64_t seed;
	unsigned depth;
	struct tally t;
	filch_cancel cancel;
	bool fails, cancels;
};

enum { FAILS, CANCELS, SLEEPS, CALLS, RUNS };

static int what_happens(const struct call *c, size_t i)
{
	uint64_t state = c->seed ^ mix(i);
	size_t dice = random_below(&state, 1000);

	if (c->fails && dice < 4)
		return FAILS;
	if (c->cancels && dice >= 4 && dice < 6)
		return CANCELS;
	if (dice >= 10 && dice < 20)
		return SLEEPS;
	return dice >= 20 && dice < 40 && c->depth > 0 ? CALLS : RUNS;
}

static void random_call(struct run *run, uint64_t *state, unsigned depth);

static int code_of(size_t i)
{
	return (int)(i % 1000) + 1;
}

static int random_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct call *c = ctx;

	for (size_t i = begin; i < end; i++) {
		uint64_t state = c->seed + i;

		tally_range(&c->t, i, i + 1);
		switch (what_happens(c, i)) {
		case FAILS:
			return filch_fail(w, i, code_of(i));
		case CANCELS:
			filch_cancel_now(&c->cancel);
			break;
		case SLEEPS:
			sleep_ns(random_below(&state, 100000));
			break;
		case CALLS:
			random_call(c->run, &state, c->depth - 1);
			break;
		default:
			break;
		}
	}
	return 0;
}

static size_t lowest_failure(const struct call *c)
{
	size_t i = 0;

	while (i < c->t.n && what_happens(c, i) != FAILS)
		i++;
	return i;
}

/* Whether the status is what happened, item by item. */
static bool status_is_right(const struct call *c, const int *status)
{
	for (size_t i = 0; i < c->t.n; i++) {
		int times = atomic_load(&c->t.times[i]);
		int code = what_happens(c, i) == FAILS ? code_of(i) : 0;

		if (times > 1 || status[i] != (times ? code : FILCH_ESKIPPED))
			return false;
	}
	return true;
}

/* Whether the call ended as its seed says; one that others may stop may have ended anywhere. */
static bool outcome_is_right(const struct call *c, int code, size_t first, bool keep_going,
                             bool on_its_own)
{
	const size_t lowest = lowest_failure(c);
	const size_t sure = keep_going || lowest == c->t.n ? c->t.n : lowest + 1;

	if (!on_its_own || (c->cancels && code == FILCH_ECANCELED))
		return code <= 0 || code == code_of(first);
	if (c->cancels && code != (lowest < c->t.n ? code_of(lowest) : 0))
		return code > 0 && code == code_of(first) && filch_is_cancelled(&c->cancel);
	if (c->cancels)
		return true;
	return code == (lowest < c->t.n ? code_of(lowest) : 0) && first == lowest &&
	       tally_first_not(&c->t, 0, sure, 1) == sure;
}

static void random_call(struct run *run, uint64_t *state, unsigned depth)
{
	const uint64_t dice = random_next(state);
	struct call c = {.run = run,
	                 .seed = random_next(state),
	                 .depth = depth,
	                 .fails = dice % 3 == 0,
	                 .cancels = dice / 3 % 5 == 0};
	const size_t n = random_below(state, depth ? 300 : 1500);
	int *status = malloc((n + 1) * sizeof *status);
	struct filch_options o = filch_options_init();
	size_t first = 0;
	int code;

	tally_init(&c.t, n);
	o.status = status;
	o.first_error = &first;
	o.cancel = &c.cancel;
	o.chunk = dice / 15 % 4 == 0 ? 1 + random_below(state, 20) : 0;
	o.max_workers = dice / 60 % 4 == 0 ? 1 + (unsigned)random_below(state, 4) : 0;
	o.keep_going = dice / 240 % 4 == 0;
	o.timeout_ns = dice / 960 % 16 == 0 ? 1 + random_below(state, 500000) : 0;
	code = filch_for(run->pools[dice / 15360 % 4], n, random_body, &c, &o);
	if (!status_is_right(&c, status) ||
	    !outcome_is_right(&c, code, first, o.keep_going, !o.timeout_ns && depth == 3))
		atomic_store(&run->wrong, true);
	atomic_fetch_add(&run->calls, 1);
	atomic_fetch_add(&run->items, n);
	tally_finish(&c.t);
	free(status);
}

struct random_thread {
	struct run *run;
	uint64_t seed;
	pthread_t id;
};

static void *random_calls(void *arg)
{
	struct random_thread *t = arg;

	for (size_t i = 0; i < scaled(1500, 20); i++)
		random_call(t->run, &t->seed, 3);
	return NULL;
}

Test(stress, of_random_calls_in_random_calls_ends_as_the_seed_says)
{
	struct run run = {.pools = {NULL, pool_of(2), pool_of(3), pool_of(8)}};
	struct random_thread threads[4];
	const uint64_t seed = test_seed();

	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		threads[i] = (struct random_thread){.run = &run, .seed = seed + i};
		cr_assert_eq(pthread_create(&threads[i].id, NULL, random_calls, &threads[i]), 0);
	}
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i].id, NULL);
	cr_expect_not(atomic_load(&run.wrong), "see FILCH_TEST_SEED above");
	fprintf(stderr, "%llu calls, %llu items\n", (unsigned long long)atomic_load(&run.calls),
	        (unsigned long long)atomic_load(&run.items));
	for (size_t i = 1; i < COUNT_OF(run.pools); i++)
		pool_close(run.pools[i]);
}
