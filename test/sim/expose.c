/* SPDX-License-Identifier: MIT */
/* Tasks that are private, and whose owner does not hear that it is asked: exposed, and stolen. */
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

static int run_leaf(void *arg, filch_worker *w)
{
	(void)w;
	(*(unsigned *)arg)++;
	return 0;
}

/* Has those who search know that there is somebody who forks. */
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

/* ---- nothing is hidden --------------------------------------------------------------------------- */

static _Atomic uint32_t other_began;

static int other_begins(void *arg, filch_worker *w)
{
	(void)w;
	(*(unsigned *)arg)++;
	store_seq_cst(&other_began, 1);
	filch__wake(&other_began);
	return 0;
}

/* Forked, and private; then a leaf that lasts until somebody else has begun it. */
static int waits_in_a_leaf(void *arg, filch_worker *w)
{
	struct ran *r = arg;
	filch_task task;

	filch_fork(w, &task, other_begins, &r->times[1]);
	r->times[0]++;
	while (!load_seq_cst(&other_began))
		filch__wait(&other_began, 0, 0);
	return filch_join(w, &task);
}

static void what_is_private_can_be_stolen(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_run(pool, waits_in_a_leaf, &r, NULL) == 0);
	ran_once(&r, 2);
	close_pool();
}

static void what_is_private_can_be_stolen_later(void *arg)
{
	struct ran r = {{0}}, before = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_run(pool, fork_again, &before, NULL) == 0);
	filch__sleep_until(filch__now_ns() + 100000000);
	filch_sim_check(filch_run(pool, waits_in_a_leaf, &r, NULL) == 0);
	ran_once(&r, 2);
	close_pool();
}

static void what_is_private_can_be_stolen_by_one_who_tires(void *arg)
{
	struct ran r = {{0}}, before = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_run(pool, fork_again, &before, NULL) == 0);
	wait_a_little();
	filch_sim_check(filch_run(pool, waits_in_a_leaf, &r, NULL) == 0);
	ran_once(&r, 2);
	close_pool();
}

/* Who tires of a run that he may not help with asks for what comes after it. */
static int forks_for_long(void *arg, filch_worker *w)
{
	fork_again(arg, w);
	filch__sleep_until(filch__now_ns() + 100000000);
	return 0;
}

static void it_can_be_stolen_after_a_run_for_one(void *arg)
{
	struct ran r = {{0}}, before = {{0}}, alone = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_run(pool, fork_again, &before, NULL) == 0);
	filch_sim_check(filch_run(pool, forks_for_long, &alone, FILCH(.max_workers = 1)) == 0);
	filch_sim_check(filch_run(pool, waits_in_a_leaf, &r, NULL) == 0);
	ran_once(&r, 2);
	close_pool();
}

/* In the same run: what is asked for while nothing is private. */
static int forks_and_waits_in_a_leaf(void *arg, filch_worker *w)
{
	struct ran *r = arg, before = {{0}};

	fork_again(&before, w);
	wait_a_little();
	return waits_in_a_leaf(r, w);
}

static void what_is_forked_late_can_be_stolen(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_run(pool, forks_and_waits_in_a_leaf, &r, NULL) == 0);
	ran_once(&r, 2);
	close_pool();
}

/* ---- what the owner does next -------------------------------------------------------------------- */

static int count_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	unsigned *times = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		times[i]++;
	return 0;
}

/* Its tasks may have been exposed while it waited, and then stand on its deque, below the loop's chunks. */
static int loops_with_tasks_open(void *arg, filch_worker *w)
{
	struct ran *r = arg, before = {{0}};
	filch_task first, second;
	int code;

	fork_again(&before, w);
	filch_fork(w, &first, run_leaf, &r->times[0]);
	filch_fork(w, &second, run_leaf, &r->times[1]);
	wait_a_little();
	code = filch_for(pool, 6, count_items, &r->times[2], FILCH(.chunk = 1));
	filch_sim_check(filch_join(w, &second) == 0 && filch_join(w, &first) == 0);
	return code;
}

static void a_loop_after_tasks_were_exposed(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, loops_with_tasks_open, &r, NULL) == 0);
	ran_once(&r, 8);
	close_pool();
}

/* So deep that the calls take memory of their own, while others know that there is somebody who forks. */
enum { DEEP = 9 };

struct deep {
	unsigned left;
	struct ran before, ran;
};

static int run_deep(void *arg, filch_worker *w)
{
	struct deep *d = arg;

	if (d->left == DEEP)
		fork_again(&d->before, w);
	if (!d->left--)
		return fork_again(&d->ran, w);
	return filch_run(pool, run_deep, d, NULL);
}

static void calls_may_be_deep(void *arg)
{
	struct deep d = {.left = DEEP};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, run_deep, &d, NULL) == 0);
	ran_once(&d.ran, 6);
	close_pool();
}

#define NO_BARRIER .options = {.no_barrier = true}

SCENARIOS(expose_scenarios,
          SCENARIO("expose: what is private can be stolen", what_is_private_can_be_stolen,
                   .fails = false),
          SCENARIO("expose: it can be stolen later", what_is_private_can_be_stolen_later,
                   .fails = false),
          SCENARIO("expose: it can be stolen by one who tires",
                   what_is_private_can_be_stolen_by_one_who_tires, .fails = false),
          SCENARIO("expose: it can be stolen after a run for one",
                   it_can_be_stolen_after_a_run_for_one, .fails = false),
          SCENARIO("expose: what is forked late can be stolen", what_is_forked_late_can_be_stolen,
                   .fails = false),
          SCENARIO("expose: it can be stolen, no barrier", what_is_private_can_be_stolen_later,
                   NO_BARRIER),
          SCENARIO("expose: a loop after tasks were exposed", a_loop_after_tasks_were_exposed,
                   .fails = false),
          SCENARIO("expose: calls may be deep", calls_may_be_deep, .fails = false))
