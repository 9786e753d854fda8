/* SPDX-License-Identifier: MIT */
/* Calls inside calls, and locks held over them. */
#include "scenario.h"

#include <string.h>

static filch_pool *pool;

static void open_pool(unsigned workers)
{
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = workers)) == 0);
}

static void close_pool(void)
{
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

static int run_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	(void)w;
	filch_sim_check(begin < end);
	for (size_t i = begin; i < end; i++)
		r->times[i]++;
	return 0;
}

/* ---- nesting ----------------------------------------------------------------------------------- */

static int run_row(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *rows = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		filch_sim_check(filch_for(pool, 3, run_items, &rows[i], FILCH(.chunk = 1)) == 0);
	return 0;
}

static void loops_nest(void *arg)
{
	struct ran rows[3];

	(void)arg;
	memset(rows, 0, sizeof rows);
	open_pool(3);
	filch_sim_check(filch_for(pool, 3, run_row, rows, FILCH(.chunk = 1)) == 0);
	for (int i = 0; i < 3; i++)
		ran_once(&rows[i], 3);
	close_pool();
}

static struct lock lock;

static int run_row_locked(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	lock_take(&lock);
	run_row(ctx, begin, end, w);
	lock_release(&lock);
	return 0;
}

/* Who waits with the lock held must not begin another body that takes it. */
static void lock_may_be_held(void *arg)
{
	struct ran rows[5];

	(void)arg;
	memset(rows, 0, sizeof rows);
	open_pool(2);
	filch_sim_check(filch_for(pool, 5, run_row_locked, rows, FILCH(.chunk = 1)) == 0);
	for (int i = 0; i < 5; i++)
		ran_once(&rows[i], 3);
	close_pool();
}

static int nest_deeper(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *rows = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		filch_sim_check(filch_for(pool, 2, run_row, &rows[2 * i], FILCH(.chunk = 1)) == 0);
	return 0;
}

/* More promises than a deque holds without more memory. */
static void loops_nest_without_memory(void *arg)
{
	struct ran rows[6];

	(void)arg;
	memset(rows, 0, sizeof rows);
	if (filch_pool_create(&pool, FILCH_POOL(.workers = 2)))
		return;
	filch_sim_check(filch_for(pool, 3, nest_deeper, rows, FILCH(.chunk = 1)) == 0);
	for (int i = 0; i < 6; i++)
		ran_once(&rows[i], 3);
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

/* ---- tasks and loops -------------------------------------------------------------------------------------------- */

static int loop_in_task(void *arg, filch_worker *w)
{
	(void)w;
	return filch_for(pool, 3, run_items, arg, FILCH(.chunk = 1));
}

static int fork_two_loops(void *arg, filch_worker *w)
{
	struct ran *r = arg;

	return filch_join2(w, loop_in_task, &r[0], loop_in_task, &r[1]);
}

static void loops_run_in_tasks(void *arg)
{
	struct ran r[2] = {{{0}}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, fork_two_loops, r, NULL) == 0);
	ran_once(&r[0], 3);
	ran_once(&r[1], 3);
	close_pool();
}

static int fork_in_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	for (size_t i = begin; i < end; i++)
		filch_sim_check(run_part(&(struct part){r[i].times, 3}, w) == 0);
	return 0;
}

static void tasks_run_in_loops(void *arg)
{
	struct ran r[3] = {{{0}}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for(pool, 3, fork_in_items, r, FILCH(.chunk = 1)) == 0);
	for (int i = 0; i < 3; i++)
		ran_once(&r[i], 3);
	close_pool();
}

static int takes_the_lock(void *arg, filch_worker *w)
{
	int code;

	lock_take(&lock);
	code = run_part(&(struct part){arg, 3}, w);
	lock_release(&lock);
	return code;
}

static int fork_two_locked(void *arg, filch_worker *w)
{
	struct ran *r = arg;

	return filch_join2(w, takes_the_lock, r[0].times, takes_the_lock, r[1].times);
}

static void lock_may_be_held_over_a_join(void *arg)
{
	struct ran r[2] = {{{0}}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_run(pool, fork_two_locked, r, NULL) == 0);
	ran_once(&r[0], 3);
	ran_once(&r[1], 3);
	close_pool();
}

static int scratches(void *arg, filch_worker *w)
{
	unsigned *mine = filch_scratch(w, sizeof *mine);

	filch_sim_check(mine != NULL);
	*mine = 5;
	filch_sim_yield();
	filch_sim_check(*mine == 5);
	*(unsigned *)arg += 1;
	return 0;
}

static int fork_scratches(void *arg, filch_worker *w)
{
	struct ran *r = arg;
	unsigned *mine = filch_scratch(w, sizeof *mine);
	int code;

	*mine = 3;
	code = filch_join2(w, scratches, &r->times[0], scratches, &r->times[1]);
	filch_sim_check(*mine == 3);
	return code;
}

static void scratch_is_ones_own(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_run(pool, fork_scratches, &r, NULL) == 0);
	ran_once(&r, 2);
	close_pool();
}

SCENARIOS(nest_scenarios, SCENARIO("loop: loops nest", loops_nest, .fails = false),
          SCENARIO("loop: a lock may be held", lock_may_be_held, .fails = false),
          SCENARIO("loop: loops nest without memory", loops_nest_without_memory,
                   .options = {.faults = true}),
          SCENARIO("fork: loops run in tasks", loops_run_in_tasks, .fails = false),
          SCENARIO("fork: tasks run in loops", tasks_run_in_loops, .fails = false),
          SCENARIO("fork: a lock may be held over a join", lock_may_be_held_over_a_join,
                   .fails = false),
          SCENARIO("fork: scratch is one's own", scratch_is_ones_own, .fails = false))
