/* SPDX-License-Identifier: MIT */
/*
 * Algorithms in the programs of any.c: on few items, or on just enough to be cut, compared with what a
 * plain loop makes of the same items.
 */
#include "any.h"

#include <filch_algo.h>

#include <stdlib.h>
#include <string.h>

/* An item that is large: a few dozen are enough for several pieces. */
struct large {
	uint32_t a, b;
	char rest[1016];
};

/* ---- map, reduce, scan ------------------------------------------------------------------------ */

static int square(void *ctx, const void *in, void *out, filch_worker *w)
{
	const uint32_t i = *(const uint32_t *)in;
	const struct job *j = ctx;

	(void)w;
	touch(j, i);
	*(uint32_t *)out = i * i;
	return i >= j->fails_at ? (int)i + 1 : 0;
}

static void map(struct stop *s)
{
	struct job j = any_job(s, filch_sim_choose(FEW + 1));
	uint32_t items[FEW], squares[FEW] = {0};
	struct filch_options o;
	int code;

	for (uint32_t i = 0; i < FEW; i++)
		items[i] = i;
	code = filch_map(any_pool(), items, j.n, squares, square, &j, any_options(s, &o));
	filch_sim_check(is_code(&j, code));
	for (uint32_t i = 0; i < j.n && i <= j.fails_at; i++)
		filch_sim_check(squares[i] == i * i || (s->means && code && !squares[i]));
}

/* The maps x -> a x + b, which are associative, but not commutative. */
static void join_maps(void *ctx, void *left, const void *right)
{
	struct large *l = left;
	const struct large *r = right;

	if (ctx)
		touch(ctx, r->b);
	l->b = r->a * l->b + r->b;
	l->a *= r->a;
}

static void no_map(void *ctx, void *acc)
{
	(void)ctx;
	*(struct large *)acc = (struct large){.a = 1};
}

static struct large map_of(const struct job *j, size_t i)
{
	return (struct large){.a = number(j, i) | 1, .b = (uint32_t)i};
}

/* Fails at the first of a leaf, if any of it does. */
static int add_maps(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	const struct job *j = ctx;

	for (size_t i = begin; i < end; i++) {
		const struct large m = map_of(j, i);

		if (w && is_left(j, i, w))
			return 0;
		join_maps(NULL, acc, &m);
	}
	return failure(j, begin, end) < end ? (int)begin + 1 : 0;
}

static void reduce(struct stop *s)
{
	const struct filch_reducer maps = {.size = sizeof(struct large),
	                                   .init = no_map,
	                                   .body = add_maps,
	                                   .join = join_maps,
	                                   .leaf = 1 + filch_sim_choose(3)};
	struct job j = any_job(s, filch_sim_choose(FEW + 1));
	struct large serial = {.a = 1}, sum;
	struct filch_options o;
	int code, expected = 0;

	if (j.fails_at < j.n) /* the code of its leaf */
		expected = (int)(j.fails_at / maps.leaf * maps.leaf) + 1;
	add_maps(&j, 0, j.n, &serial, NULL);
	code = filch_reduce(any_pool(), j.n, &maps, &j, &sum, any_options(s, &o));
	filch_sim_check(code == expected || code == FILCH_ENOMEM || is_stopped(s, code) ||
	                (s->means && code >= expected && expected));
	filch_sim_check(code || (sum.a == serial.a && sum.b == serial.b));
}

/* Of large items, so that a few blocks are several; in place or not. */
static void scan(struct stop *s)
{
	const struct filch_scanner maps = {.size = sizeof(struct large),
	                                   .join = join_maps,
	                                   .init = no_map,
	                                   .exclusive = filch_sim_choose(2)};
	struct job j = any_job(s, filch_sim_choose(2) ? 100 : filch_sim_choose(FEW));
	struct large *in = malloc((j.n + 1) * sizeof *in), sum = {.a = 1};
	struct filch_options o;
	int code;

	if (!in)
		return;
	for (size_t i = 0; i < j.n; i++)
		in[i] = map_of(&j, i);
	code = filch_scan(any_pool(), in, j.n, in, &maps, &j, few_options(s, &o));
	filch_sim_check(code == 0 || code == FILCH_ENOMEM || is_stopped(s, code));
	for (size_t i = 0; i < j.n && !code; i++) {
		const struct large m = map_of(&j, i);

		if (maps.exclusive)
			filch_sim_check(in[i].a == sum.a && in[i].b == sum.b);
		join_maps(NULL, &sum, &m);
		if (!maps.exclusive)
			filch_sim_check(in[i].a == sum.a && in[i].b == sum.b);
	}
	free(in);
}

/* ---- lists, and what grows --------------------------------------------------------------------------- */

struct list {
	unsigned n, fails, stops_at;
	struct stop *stop;
	struct ran ran;
};

/* What stops it does so when it is handled; nothing fails but what is said to. */
static struct list any_list(struct stop *s, unsigned n)
{
	return (struct list){.n = n, .stops_at = filch_sim_choose(FEW), .stop = s};
}

/* One of a list. */
struct numbered {
	struct list *list;
	unsigned i;
};

static int run_number(void *arg, filch_worker *w)
{
	const struct numbered *a = arg;
	struct list *l = a->list;

	(void)w;
	filch_sim_yield();
	if (a->i == l->stops_at && l->stop->means != TIME)
		filch_cancel_now(&l->stop->token);
	l->ran.times[a->i]++;
	return l->fails == 1 && a->i % 3 == 2 ? 1 : 0;
}

/* Each runs whatever others return, unless it was stopped before it began. */
static void invoke(struct stop *s)
{
	struct list l = any_list(s, filch_sim_choose(FEW));
	struct numbered numbered[FEW];
	struct filch_options o;
	filch_fn *fn[FEW];
	void *arg[FEW];
	int code;

	l.fails = filch_sim_choose(3);
	for (unsigned i = 0; i < FEW; i++) {
		fn[i] = run_number;
		numbered[i] = (struct numbered){&l, i};
		arg[i] = &numbered[i];
	}
	code = filch_invoke(any_pool(), l.n, fn, arg, few_options(s, &o));
	filch_sim_check(code == (l.fails == 1 && l.n > 2 ? 1 : 0) || is_stopped(s, code));
	for (unsigned i = 0; i < l.n; i++)
		filch_sim_check(l.ran.times[i] == !is_stopped(s, code));
}

static int visit(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	struct list *l = ctx;
	const unsigned i = *(const unsigned *)item;

	(void)w;
	l->ran.times[i]++;
	if (i == l->stops_at && l->stop->means != TIME)
		filch_cancel_now(&l->stop->token);
	for (unsigned child = 2 * i + 1; child <= 2 * i + 2 && child < l->n; child++)
		if (filch_feed(feeder, &child))
			return 1;
	return l->fails && i + 1 == l->n ? 2 : 0;
}

static void each(struct stop *s)
{
	const unsigned root = 0;
	struct list l = any_list(s, 1 + filch_sim_choose(FEW));
	struct filch_options o;
	int code;

	l.fails = !filch_sim_choose(4);
	code = filch_for_each(any_pool(), &root, 1, visit, &l, few_options(s, &o));
	filch_sim_check(code == (l.fails ? 2 : 0) || is_stopped(s, code));
	for (unsigned i = 0; i < l.n; i++)
		filch_sim_check(l.ran.times[i] == 1 || (code && !l.ran.times[i]));
}

/* ---- any of them ---------------------------------------------------------------------------------------- */

static void make_one(struct stop *s)
{
	static void (*const calls[])(struct stop *) = {
		map, reduce, scan, sort_any, pick_any, pick_any, add_any, add_any, invoke, each};

	calls[filch_sim_choose(sizeof calls / sizeof calls[0])](s);
}

static int make_inside(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	make_one(ctx);
	return 0;
}

void make_any_algorithm(void)
{
	struct stop s = {.means = NOTHING};

	if (filch_sim_choose(3) == 2) {
		s.means = (enum means)(1 + filch_sim_choose(3));
		s.leaves = filch_sim_choose(2);
	}
	if (s.means == AROUND)
		filch_for(any_pool(), 1, make_inside, &s, FILCH(.cancel = &s.token));
	else
		make_one(&s);
}
