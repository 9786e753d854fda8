/* SPDX-License-Identifier: MIT */
/* Forks together with loops, runs, pools, and threads from outside. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include "fibonacci.h"

#include <criterion/criterion.h>

TestSuite(forkjoin_nesting, .timeout = 300);

/* ---- together with loops -------------------------------------------------------------------------- */

static int forking_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	for (size_t i = begin; i < end; i++) {
		long n = 12, m = 12;
		filch_task t;

		filch_fork(w, &t, plain_fib, &m);
		n = FILCH_ENTER(w, fib, (int)n);
		filch_join(w, &t);
		if (n != 144 || m != 144)
			return 1;
		tally_range(ctx, i, i + 1);
	}
	return 0;
}

struct nest {
	filch_pool *pool, *other;
	unsigned depth;
	struct tally *tally;
};

/* Forks, calls loops, and runs in either pool, while it has forked. */
static int nest_task(void *arg, filch_worker *w)
{
	const struct nest *n = arg;
	struct nest below = {n->other, n->pool, n->depth - 1, n->tally};
	long left = 10, right = 11;
	filch_task a, b;
	int code = 0;

	if (!n->depth)
		return 0;
	filch_fork(w, &a, plain_fib, &left);
	filch_fork(w, &b, plain_fib, &right);
	code |= filch_for(n->pool, n->tally->n, forking_body, n->tally, NULL);
	code |= filch_run(n->depth % 2 ? n->pool : n->other, nest_task, &below, NULL);
	code |= filch_join(w, &b);
	code |= filch_join(w, &a);
	return code || left != 55 || right != 89;
}

Test(forkjoin_nesting, loops_runs_and_forks_nest_across_pools)
{
	struct tally tally;

	tally_init(&tally, 100);
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct nest n = {pool_of(widths[k]), pool_of(2), 4, &tally};

		for (size_t round = 0; round < scaled(10, 2); round++) {
			tally_clear(&tally);
			cr_expect_eq(filch_run(n.pool, nest_task, &n, NULL), 0);
			cr_expect_eq(tally_first_not(&tally, 0, 100, 4), 100);
		}
		pool_close(n.pool);
		pool_close(n.other);
	}
	tally_finish(&tally);
}

Test(forkjoin_nesting, bodies_of_loops_fork)
{
	struct tally tally;

	tally_init(&tally, 2000);
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(10, 2); round++) {
			tally_clear(&tally);
			cr_expect_eq(filch_for(pool, tally.n, forking_body, &tally, NULL), 0);
			tally_expect_once(&tally);
		}
		pool_close(pool);
	}
	tally_finish(&tally);
}

/* ---- stopped, and from outside ---- */

static int wait_until_unwanted(void *arg, filch_worker *w)
{
	return wait_for_stop(w) ? 0 : *(int *)arg;
}

static int fork_and_wait(void *arg, filch_worker *w)
{
	filch_task t;
	int code;

	filch_fork(w, &t, wait_until_unwanted, arg);
	code = wait_until_unwanted(arg, w);
	return code | filch_join(w, &t);
}

Test(forkjoin_nesting, tasks_see_that_their_run_is_unwanted)
{
	filch_pool *pool = pool_of(2);
	int code = 1;

	for (size_t round = 0; round < scaled(10, 2); round++)
		cr_expect_eq(filch_run(pool, fork_and_wait, &code, FILCH(.timeout_ns = 2000000)),
		             0);
	pool_close(pool);
}

static int many_runs(filch_pool *pool)
{
	for (size_t round = 0; round < scaled(300, 20); round++) {
		long n = 15;

		if (filch_run(pool, plain_fib, &n, NULL) || n != 610)
			return 1;
	}
	return 0;
}

static void *run_from_outside(void *pool)
{
	cr_expect_eq(many_runs(pool), 0);
	return NULL;
}

Test(forkjoin_nesting, threads_from_outside_run_at_once)
{
	filch_pool *pool = pool_of(3);

	on_threads(6, run_from_outside, pool);
	pool_close(pool);
}

struct ids {
	atomic_uint inside[16]; /* leaves of this run, by worker id */
	atomic_bool twice;
};

struct grove {
	struct ids *ids;
	unsigned leaves;
};

static int grow(void *arg, filch_worker *w)
{
	const struct grove *g = arg;
	struct grove half = {g->ids, g->leaves / 2}, rest = {g->ids, g->leaves - half.leaves};
	atomic_uint *mine = &g->ids->inside[filch_worker_id(w)];

	if (g->leaves > 1)
		return filch_join2(w, grow, &half, grow, &rest);
	if (atomic_fetch_add(mine, 1) > 0)
		atomic_store(&g->ids->twice, true);
	sleep_ns(((uintptr_t)arg / 32 % 16 == 0) * 100000);
	atomic_fetch_sub(mine, 1);
	return 0;
}

static void *grow_from_outside(void *pool)
{
	for (size_t round = 0; round < scaled(300, 20); round++) {
		struct ids ids = {.twice = false};
		struct grove all = {&ids, 1 + (unsigned)round * 37 % 1000};

		cr_expect_eq(filch_run(pool, grow, &all, NULL), 0);
		cr_expect_not(atomic_load(&ids.twice), "two are the same worker at once");
	}
	return NULL;
}

/* Each caller is worker 0 of its own: none may help with another one's (J6, O6). */
Test(forkjoin_nesting, runs_of_many_threads_keep_to_themselves)
{
	filch_pool *pool = pool_of(16);

	on_threads(8, grow_from_outside, pool);
	pool_close(pool);
}

/* ---- with few helpers ----------------------------------------------------------------------- */

static atomic_uint helpers_seen; /* a bit for each id */

static int see_id(void *arg, filch_worker *w)
{
	unsigned *depth = arg, below[2] = {*depth - 1, *depth - 1};

	atomic_fetch_or(&helpers_seen, 1u << filch_worker_id(w));
	if (*depth == 0) {
		sleep_ns(1000);
		return 0;
	}
	return filch_join2(w, see_id, &below[0], see_id, &below[1]);
}

Test(forkjoin_nesting, no_more_workers_take_part_than_may)
{
	filch_pool *pool = pool_of(6);

	for (size_t round = 0; round < scaled(20, 3); round++)
		for (unsigned most = 1; most <= 6; most++) {
			unsigned depth = 6;

			atomic_store(&helpers_seen, 0);
			cr_expect_eq(filch_run(pool, see_id, &depth, FILCH(.max_workers = most)),
			             0);
			cr_expect_lt(atomic_load(&helpers_seen), 1u << most);
		}
	pool_close(pool);
}

Test(forkjoin_nesting, workers_come_again_after_a_run_without_them)
{
	filch_pool *pool = pool_of(2);

	for (size_t round = 0; round < scaled(30, 3); round++) {
		unsigned depth = 6;

		cr_expect_eq(filch_run(pool, see_id, &depth, FILCH(.max_workers = 1)), 0);
		/* Asleep by now, and it has asked in vain. */
		sleep_ns(1000000);
		atomic_store(&helpers_seen, 0);
		for (unsigned tries = 0; tries < 1000 && atomic_load(&helpers_seen) != 3; tries++) {
			depth = 9;
			cr_expect_eq(filch_run(pool, see_id, &depth, NULL), 0);
		}
		cr_expect_eq(atomic_load(&helpers_seen), 3);
	}
	pool_close(pool);
}
