/* SPDX-License-Identifier: MIT */
/*
 * Programs that are made up (any.h): two threads make calls of every kind, with bodies that make others, as
 * filch_sim_choose() has it.  What each call must return, and what must have run, is known
 * from what was chosen.  What fails is made shorter as an order is: a choice of 0 is the plainest.
 */
#include "any.h"

#include <filch_algo.h>

#include <string.h>

enum { MOST = 5, DEEP = 3, CALLS = 24 };

enum kind { PLAIN, YIELDS, FAILS, NESTS, FORKS, CANCELS, CLOSES, KINDS };

struct call {
	filch_pool *pool;
	enum kind kind;
	unsigned n, fails_at, deep;
	filch_cancel token;
	struct ran ran;
};

static filch_pool *pools[2];
static _Atomic unsigned calls; /* of a program that has no end nothing can be said */

filch_pool *any_pool(void)
{
	filch_pool *second = pools[1];

	return second && filch_sim_choose(2) ? second : pools[0];
}

static void make_any_call(unsigned deep);

static int run_task(void *arg, filch_worker *w)
{
	struct ran *r = arg;

	(void)w;
	filch_sim_yield();
	r->times[0]++;
	return 0;
}

static int fork_two(filch_worker *w)
{
	struct ran r[2] = {{{0}}};
	const int code = filch_join2(w, run_task, &r[0], run_task, &r[1]);

	filch_sim_check(r[0].times[0] == 1 && r[1].times[0] == 1);
	return code;
}

/* One item of a call, after it was counted. */
static int run_item(struct call *c, unsigned i, filch_worker *w)
{
	switch (c->kind) {
	case YIELDS:
		filch_sim_yield();
		return 0;
	case FAILS:
		return i >= c->fails_at ? (int)i + 1 : 0;
	case NESTS:
		make_any_call(c->deep + 1);
		return 0;
	case FORKS:
		return fork_two(w);
	case CANCELS:
		if (i == c->fails_at)
			filch_cancel_now(&c->token);
		return 0;
	case CLOSES:
		filch_sim_check(filch_pool_destroy(c->pool) == FILCH_EDEADLK);
		return 0;
	default:
		return 0;
	}
}

static int run_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct call *c = ctx;

	filch_sim_check(begin < end && end <= c->n);
	filch_sim_check(filch_worker_id(w) < filch_pool_width(c->pool));
	for (size_t i = begin; i < end; i++) {
		int code;

		c->ran.times[i]++;
		code = run_item(c, (unsigned)i, w);
		if (code)
			return filch_fail(w, i, code);
	}
	return 0;
}

/* What a loop of this kind must come to; late: time may be up before it is done. */
static void check(const struct call *c, int code, bool keeps_going, bool late)
{
	const bool fails = c->kind == FAILS && c->fails_at < c->n;
	const bool stopped = code == FILCH_ECANCELED || (late && code == FILCH_ETIMEDOUT);
	const bool whole = !stopped && (code == 0 || (keeps_going && !late));

	filch_sim_check(code != FILCH_ECANCELED || c->kind == CANCELS);
	if (!stopped && !(late && fails))
		filch_sim_check(code == (fails ? (int)c->fails_at + 1 : 0));
	for (unsigned i = 0; i < c->n; i++) {
		const bool must = whole || (fails && i <= c->fails_at && !late);

		filch_sim_check(c->ran.times[i] == 1 || (!must && !c->ran.times[i]));
	}
}

/* What was said of each item, and of the lowest that failed. */
static void check_books(const struct call *c, const int *status, size_t first)
{
	size_t lowest = c->n;

	for (unsigned i = c->n; i-- > 0;) {
		const int code = c->kind == FAILS && i >= c->fails_at ? (int)i + 1 : 0;

		filch_sim_check(status[i] == (c->ran.times[i] ? code : FILCH_ESKIPPED));
		if (c->ran.times[i] && code)
			lowest = i;
	}
	filch_sim_check(first == lowest);
}

static void make_loop_with_options(struct call *c)
{
	const bool keeps_going = filch_sim_choose(2) != 0;
	const size_t chunk = filch_sim_choose(3);
	const unsigned workers = filch_sim_choose(3);
	/* Calls inside one that is stopped may be, too; what those come to is not known. */
	const bool late = filch_sim_choose(8) == 7 && c->kind != NESTS;
	int status[MOST];
	size_t first;
	const int code =
		filch_for(c->pool, c->n, run_items, c,
	                  FILCH(.chunk = chunk, .max_workers = workers, .keep_going = keeps_going,
	                        .cancel = c->kind == CANCELS ? &c->token : NULL, .status = status,
	                        .first_error = &first, .timeout_ns = late ? 20000 : 0));

	check(c, code, keeps_going, late);
	check_books(c, status, first);
}

static void make_loop(struct call *c)
{
	if (c->kind == CANCELS || !filch_sim_choose(2))
		make_loop_with_options(c);
	else /* the way that most calls are made */
		check(c, filch_for(c->pool, c->n, run_items, c, NULL), false, false);
}

/* A call that makes no sense, of which nothing may run. */
static void make_nonsense(struct call *c)
{
	c->n = 0; /* so that each item is one too many */
	switch (filch_sim_choose(4)) {
	case 0:
		filch_sim_check(filch_for(c->pool, MOST, NULL, c, NULL) == FILCH_EINVAL);
		return;
	case 1:
		filch_sim_check(filch_for(c->pool, MOST, run_items, c,
		                          FILCH(.chunk = 1, .min_chunk = 1)) == FILCH_EINVAL);
		return;
	case 2:
		filch_sim_check(filch_for(c->pool, MOST, run_items, c,
		                          FILCH(.pause_ns = 1, .chunk = 2)) == FILCH_EINVAL);
		return;
	default:
		filch_sim_check(filch_run(c->pool, NULL, c, NULL) == FILCH_EINVAL);
		return;
	}
}

static int run_leaf(void *arg, filch_worker *w)
{
	(void)w;
	filch_sim_yield();
	(*(unsigned *)arg)++;
	return 0;
}

/* Every item is a task. */
static int run_tasks(void *arg, filch_worker *w)
{
	struct call *c = arg;
	filch_task task[MOST];
	unsigned i;

	for (i = 0; i < c->n; i++)
		filch_fork(w, &task[i], run_leaf, &c->ran.times[i]);
	while (i-- > 0)
		filch_sim_check(filch_join(w, &task[i]) == 0);
	return (int)c->fails_at;
}

static void make_run(struct call *c)
{
	filch_sim_check(filch_run(c->pool, run_tasks, c, NULL) == (int)c->fails_at);
	for (unsigned i = 0; i < c->n; i++)
		filch_sim_check(c->ran.times[i] == 1);
}

/* On a pool of its own, that lives no longer. */
static void make_life(struct call *c)
{
	if (filch_pool_create(&c->pool, FILCH_POOL(.workers = 1 + filch_sim_choose(3))))
		return;
	make_loop(c);
	filch_sim_check(filch_pool_destroy(c->pool) == 0);
}

static void make_any_call(unsigned deep)
{
	struct call c;

	if (fetch_add_relaxed(&calls, 1) >= CALLS)
		return;
	memset(&c, 0, sizeof c);
	c.kind = (enum kind)filch_sim_choose(KINDS);
	if (c.kind == NESTS && deep >= DEEP)
		c.kind = PLAIN;
	c.pool = any_pool();
	c.n = filch_sim_choose(MOST + 1);
	c.fails_at = filch_sim_choose(MOST);
	c.deep = deep;
	switch (filch_sim_choose(12)) {
	case 0:
		make_nonsense(&c);
		break;
	case 1:
		make_life(&c);
		break;
	case 2:
	case 3:
		make_any_algorithm();
		break;
	case 4:
	case 5:
	case 6:
		make_run(&c);
		break;
	default:
		make_loop(&c);
		break;
	}
}

static void make_calls(void *none)
{
	(void)none;
	for (unsigned k = 1 + filch_sim_choose(3); k; k--) {
		make_any_call(0);
		if (filch_sim_choose(2))
			wait_a_little();
	}
}

static void make_algorithms(void *none)
{
	(void)none;
	for (unsigned k = 1 + filch_sim_choose(3); k; k--)
		make_any_algorithm();
}

/* Two threads, and one pool or two. */
static void run_both(void (*calls_of_one)(void *none))
{
	unsigned t;

	if (filch_pool_create(&pools[0], FILCH_POOL(.workers = 1 + filch_sim_choose(4))))
		return;
	if (filch_sim_choose(4) == 3 &&
	    filch_pool_create(&pools[1], FILCH_POOL(.workers = 1 + filch_sim_choose(3))))
		filch_sim_check(!pools[1]);
	t = filch_sim_thread(calls_of_one, NULL);
	calls_of_one(NULL);
	filch_sim_join(t);
	filch_sim_check(filch_pool_destroy(pools[1]) == 0);
	filch_sim_check(filch_pool_destroy(pools[0]) == 0);
}

void any_calls_come_to_what_they_should(void *arg)
{
	(void)arg;
	run_both(make_calls);
}

static void any_algorithms_come_to_what_they_should(void *arg)
{
	(void)arg;
	run_both(make_algorithms);
}

SCENARIOS(any_scenarios,
          SCENARIO("any: calls come to what they should", any_calls_come_to_what_they_should,
                   .fails = false),
          SCENARIO("any: also without memory and threads", any_calls_come_to_what_they_should,
                   .options = {.faults = true}),
          SCENARIO("any: also without a barrier", any_calls_come_to_what_they_should,
                   .options = {.no_barrier = true}),
          SCENARIO("any: algorithms do what loops do, or stop",
                   any_algorithms_come_to_what_they_should, .fails = false),
          SCENARIO("any: algorithms do so without memory", any_algorithms_come_to_what_they_should,
                   .options = {.faults = true}))
