/* SPDX-License-Identifier: MIT */
/*
 * fork() and exit() at every moment: in the child old pools say what they are, nothing is waited for that
 * is gone, and the parent goes on; at the end of the process the default pool closes under whoever
 * calls it.
 */
#include "scenario.h"

static filch_pool *pool;
static _Atomic bool in_child; /* each process has its own */

static void open_pool(filch_pool **p, unsigned workers)
{
	filch_sim_check(filch_pool_create(p, FILCH_POOL(.workers = workers)) == 0);
}

static int run_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		r->times[i]++;
	return 0;
}

static int nothing(void *arg, filch_worker *w)
{
	(void)arg, (void)w;
	return 0;
}

/* Until the others are anywhere. */
static void let_others_go_on(void)
{
	for (unsigned n = 8 * filch_sim_choose(32); n; n--)
		filch_sim_yield();
}

/* ---- what the child finds ---------------------------------------------------------------- */

static void old_pool_says_so(void)
{
	struct ran r = {{0}};

	filch_sim_check(filch_for(pool, 3, run_items, &r, NULL) == FILCH_EFORK);
	filch_sim_check(filch_run(pool, nothing, NULL, NULL) == FILCH_EFORK);
	filch_sim_check(filch_pool_width(pool) == 0);
	filch_sim_check(filch_pool_destroy(pool) == FILCH_EFORK);
	filch_sim_check(!r.times[0] && !r.times[1] && !r.times[2]);
}

static void new_pool_works(void)
{
	filch_pool *own;
	struct ran r = {{0}};

	open_pool(&own, 2);
	filch_sim_check(filch_for(own, 3, run_items, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 3);
	filch_sim_check(filch_pool_destroy(own) == 0);
}

/* ---- from a thread that is in no call --------------------------------------------------------- */

static void calls_in(filch_pool *p)
{
	struct ran r = {{0}};

	filch_sim_check(filch_for(p, 4, run_items, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 4);
}

static void calls(void *none)
{
	(void)none;
	calls_in(pool);
}

static void one_forks_while_another_calls(void *arg)
{
	unsigned t;

	open_pool(&pool, 3);
	t = filch_sim_thread(calls, arg);
	let_others_go_on();
	if (filch_sim_fork()) {
		old_pool_says_so();
		new_pool_works();
		old_pool_says_so();
		return;
	}
	calls(arg);
	filch_sim_join(t);
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

/* A fork's child forks, too. */
static void a_child_forks(void *arg)
{
	open_pool(&pool, 2);
	calls(arg);
	if (filch_sim_fork()) {
		old_pool_says_so();
		if (filch_sim_fork())
			old_pool_says_so();
		new_pool_works();
		return;
	}
	calls(arg);
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

/* ---- from a body --------------------------------------------------------------------------------- */

static int forks_and_runs(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	if (begin == 1 && filch_sim_fork())
		store_relaxed(&in_child, true);
	return run_items(ctx, begin, end, w);
}

/* What ran on threads that are gone cannot be told: that is what the code says. */
static void ends_in_both(struct ran *r, int code)
{
	filch_sim_check(code == 0 || (load_relaxed(&in_child) && code == FILCH_EFORK));
	if (!code)
		ran_once(r, 4);
	if (load_relaxed(&in_child))
		old_pool_says_so();
	else
		filch_sim_check(filch_pool_destroy(pool) == 0);
}

static void a_body_forks(void *arg)
{
	struct ran r = {{0}};
	int code;

	(void)arg;
	open_pool(&pool, 3);
	code = filch_for(pool, 4, forks_and_runs, &r, FILCH(.chunk = 1));
	ends_in_both(&r, code);
}

struct part {
	struct ran *ran;
	unsigned first, count;
};

static int run_part(void *arg, filch_worker *w)
{
	const struct part *p = arg;
	struct part left = {p->ran, p->first, p->count / 2};
	struct part right = {p->ran, p->first + left.count, p->count - left.count};

	if (p->count > 1)
		return filch_join2(w, run_part, &left, run_part, &right);
	/* So that somebody exposes what was forked before, and holds its lock. */
	if (p->first == 0)
		wait_a_little();
	if (p->first == 0 && filch_sim_fork())
		store_relaxed(&in_child, true);
	p->ran->times[p->first]++;
	return 0;
}

static void a_task_forks(void *arg)
{
	struct ran r = {{0}};
	struct part all = {&r, 0, 4};
	int code;

	(void)arg;
	open_pool(&pool, 3);
	code = filch_run(pool, run_part, &all, NULL);
	ends_in_both(&r, code);
}

/* ---- the default pool ------------------------------------------------------------------------------- */

static void calls_default(void *none)
{
	(void)none;
	calls_in(NULL);
}

/* Its locks may be held by who is gone; the child has one of its own. */
static void one_forks_while_the_default_pool_is_made(void *arg)
{
	const unsigned t = filch_sim_thread(calls_default, arg);

	let_others_go_on();
	if (filch_sim_fork()) {
		calls_default(arg);
		return;
	}
	calls_default(arg);
	filch_sim_join(t);
}

static void calls_often(void *none)
{
	for (int i = 0; i < 2; i++)
		calls_default(none);
}

/* Who comes too late does all of it himself. */
static void it_ends_while_another_calls(void *arg)
{
	const unsigned t = filch_sim_thread(calls_often, arg);

	if (filch_sim_choose(2))
		calls_default(arg);
	let_others_go_on();
	filch_sim_exit();
	calls_default(arg);
	filch_sim_join(t);
}

static int ends_it(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	if (begin == 1)
		filch_sim_exit();
	return run_items(ctx, begin, end, w);
}

static void it_ends_in_a_body(void *arg)
{
	struct ran r = {{0}};

	filch_sim_check(filch_for(NULL, 4, ends_it, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 4);
	calls_default(arg);
}

#define DEFAULT .options = {.leaks = true, .workers = "3"}

SCENARIOS(process_scenarios,
          SCENARIO("process: one forks while another calls", one_forks_while_another_calls,
                   .fails = false),
          SCENARIO("process: a fork's child forks", a_child_forks, .fails = false),
          SCENARIO("process: a body forks", a_body_forks, .fails = false),
          SCENARIO("process: a task forks", a_task_forks, .fails = false),
          SCENARIO("process: a task forks, no barrier", a_task_forks,
                   .options = {.no_barrier = true}),
          SCENARIO("process: one forks, another makes the pool",
                   one_forks_while_the_default_pool_is_made, DEFAULT),
          SCENARIO("process: it ends while another calls", it_ends_while_another_calls, DEFAULT),
          SCENARIO("process: it ends in a body", it_ends_in_a_body, DEFAULT))
