/* SPDX-License-Identifier: MIT */
/* Fork and join: what is private is stolen, what is stolen is joined, nothing is lost or hidden. */
#include "scenario.h"

static filch_pool *pool;

static void open_pool(unsigned workers)
{
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = workers)) == 0);
}

static void close_pool(void)
{
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

/* ---- recursion ----------------------------------------------------------------------------------- */

FILCH_TASK1(long, fib, int, n)
{
	FILCH_RECORD(fib) right;
	long a, b;

	if (n < 2)
		return n;
	FILCH_FORK(right, fib, n - 2);
	a = FILCH_CALL(fib, n - 1);
	b = FILCH_JOIN(right, fib);
	return a + b;
}

static int enter_fib(void *arg, filch_worker *w)
{
	*(long *)arg = FILCH_ENTER(w, fib, 5);
	return 0;
}

static void typed_tasks_add_up(void *arg)
{
	long f = 0;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, enter_fib, &f, NULL) == 0);
	filch_sim_check(f == 5);
	close_pool();
}

static int count_one(void *arg, filch_worker *w)
{
	(void)w;
	(*(long *)arg)++;
	return 0;
}

/* A plain task that outlives typed ones is not seen by them, and yet runs once. */
FILCH_TASK1(long, mixed, int, n)
{
	FILCH_RECORD(mixed) right;
	filch_task plain, late;
	long a, b, runs = 0, more = 0;

	if (n < 1)
		return 0;
	filch_fork(FILCH_WORKER, &plain, count_one, &runs);
	FILCH_FORK(right, mixed, n - 1);
	a = FILCH_CALL(mixed, n - 2);
	b = FILCH_JOIN(right, mixed);
	filch_fork(FILCH_WORKER, &late, count_one, &more);
	filch_join(FILCH_WORKER, &late);
	filch_join(FILCH_WORKER, &plain);
	filch_sim_check(runs == 1 && more == 1);
	return a + b + 1;
}

static int enter_mixed(void *arg, filch_worker *w)
{
	*(long *)arg = FILCH_ENTER(w, mixed, 3);
	return 0;
}

static void plain_tasks_in_typed_ones(void *arg)
{
	long calls = 0;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, enter_mixed, &calls, NULL) == 0);
	filch_sim_check(calls == 4);
	close_pool();
}

struct part {
	unsigned *items;
	unsigned count;
};

static int run_part(void *arg, filch_worker *w)
{
	struct part *p = arg, left, right;

	if (p->count == 1)
		return p->items[0]++, 0;
	left = (struct part){p->items, p->count / 2};
	right = (struct part){p->items + left.count, p->count - left.count};
	return filch_join2(w, run_part, &left, run_part, &right);
}

static void every_leaf_runs_once(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, run_part, &(struct part){r.times, 7}, NULL) == 0);
	ran_once(&r, 7);
	close_pool();
}

static void runs_follow_each_other(void *arg)
{
	(void)arg;
	open_pool(2);
	for (int i = 0; i < 4; i++) {
		struct ran r = {{0}};

		filch_sim_check(filch_run(pool, run_part, &(struct part){r.times, 4}, NULL) == 0);
		ran_once(&r, 4);
	}
	close_pool();
}

static void runs_part(void *none)
{
	struct ran r = {{0}};

	(void)none;
	filch_sim_check(filch_run(pool, run_part, &(struct part){r.times, 5}, NULL) == 0);
	ran_once(&r, 5);
}

static void two_run_at_once(void *arg)
{
	unsigned t;

	(void)arg;
	open_pool(3);
	t = filch_sim_thread(runs_part, NULL);
	runs_part(NULL);
	filch_sim_join(t);
	close_pool();
}

/* ---- in a row ---------------------------------------------------------------------------------------- */

static int run_leaf(void *arg, filch_worker *w)
{
	(void)w;
	(*(unsigned *)arg)++;
	return 0;
}

static int fork_in_a_row(void *arg, filch_worker *w)
{
	struct ran *r = arg;
	filch_task task[6];

	for (int i = 0; i < 6; i++)
		filch_fork(w, &task[i], run_leaf, &r->times[i]);
	for (int i = 6; i-- > 0;)
		filch_sim_check(filch_join(w, &task[i]) == 0);
	return 0;
}

static void leaves_in_a_row_run_once(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, fork_in_a_row, &r, NULL) == 0);
	ran_once(&r, 6);
	close_pool();
}

/* Again and again on the same piece of stack: who is late must not touch it. */
static int fork_again(void *arg, filch_worker *w)
{
	struct ran *r = arg;

	for (int i = 0; i < 6; i++) {
		filch_task task;

		filch_fork(w, &task, run_leaf, &r->times[i]);
		filch_sim_yield();
		filch_sim_check(filch_join(w, &task) == 0);
	}
	return 0;
}

static void records_may_be_used_again(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, fork_again, &r, NULL) == 0);
	ran_once(&r, 6);
	close_pool();
}

static int fails_with(void *arg, filch_worker *w)
{
	(void)w;
	return *(int *)arg;
}

static int join_many(void *arg, filch_worker *w)
{
	filch_fn *const fn[4] = {fails_with, fails_with, fails_with, fails_with};
	int code[4] = {0, 0, 7, 9};
	void *const args[4] = {&code[0], &code[1], &code[2], &code[3]};

	(void)arg;
	return filch_join_many(w, 4, fn, args);
}

static void first_code_counts(void *arg)
{
	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, join_many, NULL, NULL) == 7);
	close_pool();
}

/* Who exposes what was forked in one run may come to what is forked in the next. */
static int fork_once(void *arg, filch_worker *w)
{
	filch_task task;

	filch_fork(w, &task, run_leaf, arg);
	return filch_join(w, &task);
}

static void short_runs_are_exposed(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(2);
	for (unsigned i = 0; i < 6; i++)
		filch_sim_check(filch_run(pool, fork_once, &r.times[i], FILCH(.max_workers = 3)) ==
		                0);
	ran_once(&r, 6);
	close_pool();
}

/* Leaves of one run, by the id of their worker: each caller is worker 0 of its own runs. */
struct grove {
	unsigned *inside;
	unsigned leaves;
};

static int grow(void *arg, filch_worker *w)
{
	const struct grove *g = arg;
	struct grove half = {g->inside, g->leaves / 2}, rest = {g->inside, g->leaves - half.leaves};
	unsigned *mine = &g->inside[filch_worker_id(w)];

	if (g->leaves > 1)
		return filch_join2(w, grow, &half, grow, &rest);
	filch_sim_check(++*mine == 1);
	filch_sim_yield();
	--*mine;
	return 0;
}

static void grow_some(void *none)
{
	(void)none;
	for (unsigned i = 0; i < 3; i++) {
		unsigned inside[2] = {0};
		struct grove all = {inside, 4};

		filch_sim_check(filch_run(pool, grow, &all, NULL) == 0);
	}
}

/* Who took a task of one run may go on with one of the other, in the same memory.  Who helps with it since
 * it looks the same does so in one order of 65,000: more than check tries, fewer than trust does. */
static void runs_keep_to_themselves(void *arg)
{
	unsigned t;

	open_pool(2);
	t = filch_sim_thread(grow_some, arg);
	grow_some(arg);
	filch_sim_join(t);
	close_pool();
}

#define NO_BARRIER .options = {.no_barrier = true}

SCENARIOS(fork_scenarios, SCENARIO("fork: typed tasks add up", typed_tasks_add_up, .fails = false),
          SCENARIO("fork: typed tasks, no barrier", typed_tasks_add_up, NO_BARRIER),
          SCENARIO("fork: plain tasks in typed ones", plain_tasks_in_typed_ones, .fails = false),
          SCENARIO("fork: plain ones in typed ones, no barrier", plain_tasks_in_typed_ones,
                   NO_BARRIER),
          SCENARIO("fork: every leaf runs once", every_leaf_runs_once, .fails = false),
          SCENARIO("fork: every leaf runs once, no barrier", every_leaf_runs_once, NO_BARRIER),
          SCENARIO("fork: runs follow each other", runs_follow_each_other, .fails = false),
          SCENARIO("fork: runs keep to themselves", runs_keep_to_themselves, .fails = false),
          SCENARIO("fork: two run at once", two_run_at_once, .fails = false),
          SCENARIO("fork: leaves in a row run once", leaves_in_a_row_run_once, .fails = false),
          SCENARIO("fork: records may be used again", records_may_be_used_again, .fails = false),
          SCENARIO("fork: records used again, no barrier", records_may_be_used_again, NO_BARRIER),
          SCENARIO("fork: short runs are exposed", short_runs_are_exposed, .fails = false),
          SCENARIO("fork: the first code counts", first_code_counts, .fails = false))
