/* SPDX-License-Identifier: MIT */
/*
 * Programs that are made up: two threads make calls of every kind, with bodies that make others, as
 * filch_sim_choose() has it.  What each call must return, and what must have run, is known
 * from what was chosen.  What fails is made shorter as an order is: a choice of 0 is the plainest.
 */
#include "scenario.h"

#include <filch_algo.h>

#include <string.h>

enum { MOST = 5, DEEP = 3 };

enum kind { PLAIN, YIELDS, FAILS, NESTS, FORKS, CANCELS, KINDS };

struct call {
	enum kind kind;
	unsigned n, fails_at, deep;
	filch_cancel token;
	struct ran ran;
};

static filch_pool *pool;

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
	default:
		return 0;
	}
}

static int run_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct call *c = ctx;

	filch_sim_check(begin < end && end <= c->n);
	filch_sim_check(filch_worker_id(w) < filch_pool_width(pool));
	for (size_t i = begin; i < end; i++) {
		int code;

		c->ran.times[i]++;
		code = run_item(c, (unsigned)i, w);
		if (code)
			return filch_fail(w, i, code);
	}
	return 0;
}

/* What a loop of this kind must come to. */
static void check(const struct call *c, int code, bool keeps_going)
{
	const bool fails = c->kind == FAILS && c->fails_at < c->n;
	const bool whole = code == 0 || keeps_going;

	filch_sim_check(code == (fails                     ? (int)c->fails_at + 1
	                         : code == FILCH_ECANCELED ? code
	                                                   : 0));
	filch_sim_check(code != FILCH_ECANCELED || c->kind == CANCELS);
	for (unsigned i = 0; i < c->n; i++) {
		const bool must = whole || (fails && i <= c->fails_at);

		filch_sim_check(c->ran.times[i] == 1 || (!must && !c->ran.times[i]));
	}
}

static void make_loop(struct call *c)
{
	const bool keeps_going = filch_sim_choose(2) != 0;
	const size_t chunk = filch_sim_choose(3);
	const unsigned workers = filch_sim_choose(3);
	filch_cancel *token = c->kind == CANCELS ? &c->token : NULL;
	int code;

	if (filch_sim_choose(2)) { /* the way that most calls are made */
		code = c->kind == CANCELS ? 0 : filch_for(pool, c->n, run_items, c, NULL);
		if (c->kind != CANCELS)
			check(c, code, false);
		return;
	}
	code = filch_for(pool, c->n, run_items, c,
	                 FILCH(.chunk = chunk, .max_workers = workers, .keep_going = keeps_going,
	                       .cancel = token));
	check(c, code, keeps_going && code != FILCH_ECANCELED);
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
	filch_sim_check(filch_run(pool, run_tasks, c, NULL) == (int)c->fails_at);
	for (unsigned i = 0; i < c->n; i++)
		filch_sim_check(c->ran.times[i] == 1);
}

static void make_any_call(unsigned deep)
{
	struct call c;

	memset(&c, 0, sizeof c);
	c.kind = (enum kind)filch_sim_choose(deep < DEEP ? KINDS : NESTS);
	c.n = filch_sim_choose(MOST + 1);
	c.fails_at = filch_sim_choose(MOST);
	c.deep = deep;
	if (filch_sim_choose(3) == 1)
		make_run(&c);
	else
		make_loop(&c);
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

static void any_calls_come_to_what_they_should(void *arg)
{
	unsigned t;

	(void)arg;
	if (filch_pool_create(&pool, FILCH_POOL(.workers = 1 + filch_sim_choose(4))))
		return;
	t = filch_sim_thread(make_calls, NULL);
	make_calls(NULL);
	filch_sim_join(t);
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

SCENARIOS(any_scenarios,
          SCENARIO("any: calls come to what they should", any_calls_come_to_what_they_should,
                   .fails = false),
          SCENARIO("any: also without memory and threads", any_calls_come_to_what_they_should,
                   .options = {.faults = true}),
          SCENARIO("any: also without a barrier", any_calls_come_to_what_they_should,
                   .options = {.no_barrier = true}))
