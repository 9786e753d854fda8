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

/* The lowest item of the range that fails, or its end. */
static size_t failure(const struct job *j, size_t begin, size_t end)
{
	return j->fails_at >= end ? end : j->fails_at > begin ? j->fails_at : begin;
}

static int fail_from(const struct job *j, size_t begin, size_t end, filch_worker *w)
{
	const size_t i = failure(j, begin, end);

	return i < end ? filch_fail(w, i, (int)i + 1) : 0;
}

/* Whether that is what a loop over the items returns. */
static bool is_code(const struct job *j, int code)
{
	return code == (j->fails_at < j->n ? (int)j->fails_at + 1 : 0);
}

static const struct filch_options *any_options(struct filch_options *o)
{
	*o = filch_options_init();
	o->chunk = filch_sim_choose(3);
	o->max_workers = filch_sim_choose(4);
	return filch_sim_choose(2) ? o : NULL;
}

/* ---- map, reduce, scan ------------------------------------------------------------------------ */

static int square(void *ctx, const void *in, void *out, filch_worker *w)
{
	const uint32_t i = *(const uint32_t *)in;
	const struct job *j = ctx;

	(void)w;
	*(uint32_t *)out = i * i;
	return i >= j->fails_at ? (int)i + 1 : 0;
}

static void map(void)
{
	struct job j = any_job(filch_sim_choose(FEW + 1));
	uint32_t items[FEW], squares[FEW] = {0};
	struct filch_options o;

	for (uint32_t i = 0; i < FEW; i++)
		items[i] = i;
	filch_sim_check(is_code(
		&j, filch_map(any_pool(), items, j.n, squares, square, &j, any_options(&o))));
	for (uint32_t i = 0; i < j.n && i <= j.fails_at; i++)
		filch_sim_check(squares[i] == i * i);
}

/* The maps x -> a x + b, which are associative, but not commutative. */
static void join_maps(void *ctx, void *left, const void *right)
{
	struct large *l = left;
	const struct large *r = right;

	(void)ctx;
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

	(void)w;
	for (size_t i = begin; i < end; i++) {
		const struct large m = map_of(j, i);

		join_maps(NULL, acc, &m);
	}
	return failure(j, begin, end) < end ? (int)begin + 1 : 0;
}

static void reduce(void)
{
	const struct filch_reducer maps = {.size = sizeof(struct large),
	                                   .init = no_map,
	                                   .body = add_maps,
	                                   .join = join_maps,
	                                   .leaf = 1 + filch_sim_choose(3)};
	struct job j = any_job(filch_sim_choose(FEW + 1));
	struct large serial = {.a = 1}, sum;
	struct filch_options o;
	int code, expected = 0;

	if (j.fails_at < j.n) /* the code of its leaf */
		expected = (int)(j.fails_at / maps.leaf * maps.leaf) + 1;
	add_maps(&j, 0, j.n, &serial, NULL);
	code = filch_reduce(any_pool(), j.n, &maps, &j, &sum, any_options(&o));
	filch_sim_check(code == expected || code == FILCH_ENOMEM);
	filch_sim_check(code || (sum.a == serial.a && sum.b == serial.b));
}

/* Of large items, so that a few blocks are several; in place or not. */
static void scan(void)
{
	const struct filch_scanner maps = {.size = sizeof(struct large),
	                                   .join = join_maps,
	                                   .init = no_map,
	                                   .exclusive = filch_sim_choose(2)};
	struct job j = any_job(filch_sim_choose(2) ? 100 : filch_sim_choose(FEW));
	struct large *in = malloc((j.n + 1) * sizeof *in), sum = {.a = 1};
	int code;

	if (!in)
		return;
	for (size_t i = 0; i < j.n; i++)
		in[i] = map_of(&j, i);
	code = filch_scan(any_pool(), in, j.n, in, &maps, NULL, NULL);
	filch_sim_check(code == 0 || code == FILCH_ENOMEM);
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

/* ---- picking ----------------------------------------------------------------------------------------- */

static bool is_picked(const struct job *j, size_t i)
{
	return number(j, i) % 3 == 1;
}

static int mark(void *ctx, size_t begin, size_t end, bool *marked, filch_worker *w)
{
	struct job *j = ctx;

	for (size_t i = begin; i < end; i++)
		marked[i - begin] = is_picked(j, i);
	return fail_from(j, begin, end, w);
}

/* The picked ones from the front, in order; then the others, if they are there. */
static void check_parted(const struct job *j, const struct large *l, size_t picked, bool others)
{
	size_t at[2] = {0, picked};

	for (uint32_t i = 0; i < j->n; i++) {
		const bool other = !is_picked(j, i);

		if (!other || others)
			filch_sim_check(at[other] < j->n && l[at[other]].a == i);
		at[other]++;
	}
	filch_sim_check(at[0] == picked);
}

static void pick(bool others)
{
	struct job j = any_job(filch_sim_choose(2) ? 100 : filch_sim_choose(FEW));
	struct large *l = malloc((j.n + 1) * sizeof *l);
	size_t picked = 77;
	int code;

	if (!l)
		return;
	for (uint32_t i = 0; i < j.n; i++)
		l[i].a = i;
	code = others ? filch_partition(any_pool(), l, j.n, &picked, mark, &j, NULL)
	              : filch_filter(any_pool(), l, j.n, l, &picked, mark, &j, NULL);
	filch_sim_check(is_code(&j, code));
	if (code)
		filch_sim_check(picked == 0);
	else
		check_parted(&j, l, picked, others);
	free(l);
}

static int look(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	const struct job *j = ctx;

	for (size_t i = begin; i < failure(j, begin, end); i++)
		if (is_picked(j, i)) {
			*found = i;
			return 0;
		}
	return fail_from(j, begin, end, w);
}

static void find(void)
{
	struct job j = any_job(filch_sim_choose(2) ? 3000 : filch_sim_choose(FEW));
	struct filch_options o;
	size_t index, first = 0;
	const int code = filch_find(any_pool(), j.n, look, &j, &index, any_options(&o));

	while (first < j.n && !is_picked(&j, first))
		first++;
	if (first < j.fails_at || j.fails_at == j.n)
		filch_sim_check(code == 0 && index == first);
	else
		filch_sim_check(is_code(&j, code) && index == j.n);
}

static int count_picked(void *ctx, size_t begin, size_t end, size_t *count, filch_worker *w)
{
	const struct job *j = ctx;

	for (size_t i = begin; i < end; i++)
		*count += is_picked(j, i);
	return fail_from(j, begin, end, w);
}

static void count(void)
{
	struct job j = any_job(filch_sim_choose(FEW));
	struct filch_options o;
	size_t counted, serial = 0;
	const int code = filch_count(any_pool(), j.n, count_picked, &j, &counted, any_options(&o));

	for (size_t i = 0; i < j.n; i++)
		serial += is_picked(&j, i);
	filch_sim_check(is_code(&j, code) && counted == (code ? 0 : serial));
}

/* ---- lists, and what grows --------------------------------------------------------------------------- */

struct list {
	unsigned n, fails;
	struct ran ran;
};

static int run_number(void *arg, filch_worker *w)
{
	(void)w;
	filch_sim_yield();
	return ++*(unsigned *)arg == 101 ? 1 : 0;
}

/* Each runs whatever others return: those that begin with 100 fail. */
static void invoke(void)
{
	struct list l = {.n = filch_sim_choose(FEW), .fails = filch_sim_choose(3)};
	filch_fn *fn[FEW];
	void *arg[FEW];

	for (unsigned i = 0; i < FEW; i++) {
		fn[i] = run_number;
		arg[i] = &l.ran.times[i];
		l.ran.times[i] = l.fails == 1 && i % 3 == 2 ? 100 : 0;
	}
	filch_sim_check(filch_invoke(any_pool(), l.n, fn, arg, NULL) ==
	                (l.fails == 1 && l.n > 2 ? 1 : 0));
	for (unsigned i = 0; i < l.n; i++)
		filch_sim_check(l.ran.times[i] % 100 == 1);
}

static int visit(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	struct list *l = ctx;
	const unsigned i = *(const unsigned *)item;

	(void)w;
	l->ran.times[i]++;
	for (unsigned child = 2 * i + 1; child <= 2 * i + 2 && child < l->n; child++)
		if (filch_feed(feeder, &child))
			return 1;
	return l->fails && i + 1 == l->n ? 2 : 0;
}

static void each(void)
{
	const unsigned root = 0;
	struct list l = {.n = 1 + filch_sim_choose(FEW), .fails = !filch_sim_choose(4)};
	const int code = filch_for_each(any_pool(), &root, 1, visit, &l, NULL);

	filch_sim_check(code == (l.fails ? 2 : 0));
	for (unsigned i = 0; i < l.n; i++)
		filch_sim_check(l.ran.times[i] == 1 || (code && !l.ran.times[i]));
}

/* ---- any of them ---------------------------------------------------------------------------------------- */

void make_any_algorithm(void)
{
	static void (*const plain[])(void) = {map,  reduce, scan,   sort_any,
	                                      find, count,  invoke, each};
	enum { PLAIN = sizeof plain / sizeof plain[0] };
	const unsigned which = filch_sim_choose(PLAIN + 2);

	if (which < PLAIN)
		plain[which]();
	else
		pick(which == PLAIN);
}
