/* SPDX-License-Identifier: MIT */
/* Sums and scans of numbers, and loops over tiles, in the programs of any.c. */
#include "any.h"

#include <filch_algo.h>

#include <stdlib.h>

/* ---- numbers ------------------------------------------------------------------------------- */

/* Few, or enough for some of the pieces that MANY() leaves here. */
static unsigned any_length(void)
{
	return filch_sim_choose(filch_sim_choose(2) ? 2 * FEW : 255);
}

struct numbers {
	struct job j;
	int64_t *x, *y;
	double *f, *g;
};

/* Small ones: their sums are exact. */
static bool numbers_open(struct numbers *a, struct stop *s)
{
	a->j = any_job(s, any_length());
	a->x = malloc(2 * (a->j.n + 1) * sizeof *a->x);
	a->f = malloc(2 * (a->j.n + 1) * sizeof *a->f);
	if (!a->x || !a->f) {
		free(a->x);
		free(a->f);
		return false;
	}
	a->y = a->x + a->j.n + 1;
	a->g = a->f + a->j.n + 1;
	for (size_t i = 0; i < a->j.n; i++)
		a->f[i] = (double)(a->x[i] = number(&a->j, i) % 1000);
	return true;
}

static void numbers_close(struct numbers *a)
{
	free(a->x);
	free(a->f);
}

static bool same(double a, double b)
{
	return a >= b && a <= b;
}

static void sum(struct numbers *a, struct stop *s)
{
	struct filch_options o;
	int64_t all = 0, expected = 0;
	double real = 0;
	const int code[2] = {filch_sum_i64(any_pool(), a->x, a->j.n, &all, any_options(s, &o)),
	                     filch_sum_f64(any_pool(), a->f, a->j.n, &real, any_options(s, &o))};

	for (size_t i = 0; i < a->j.n; i++)
		expected += a->x[i];
	filch_sim_check(code[0] ? is_stopped(s, code[0]) : all == expected);
	filch_sim_check(code[1] ? is_stopped(s, code[1]) : same(real, (double)expected));
}

static void dot(struct numbers *a, struct stop *s)
{
	struct filch_options o;
	int64_t expected = 0;
	double real = 0;
	const int code = filch_dot_f64(any_pool(), a->f, a->f, a->j.n, &real, any_options(s, &o));

	for (size_t i = 0; i < a->j.n; i++)
		expected += a->x[i] * a->x[i];
	filch_sim_check(code ? is_stopped(s, code) : same(real, (double)expected));
}

static void least(struct numbers *a, struct stop *s)
{
	struct filch_options o;
	size_t low = 0, high = 0, index[2] = {0};
	int code[2];

	for (size_t i = 1; i < a->j.n; i++) {
		low = a->x[i] < a->x[low] ? i : low;
		high = a->x[i] > a->x[high] ? i : high;
	}
	code[0] = filch_min_i64(any_pool(), a->x, a->j.n, NULL, &index[0], any_options(s, &o));
	code[1] = filch_max_f64(any_pool(), a->f, a->j.n, NULL, &index[1], any_options(s, &o));
	filch_sim_check(code[0] ? is_stopped(s, code[0]) : index[0] == low);
	filch_sim_check(code[1] ? is_stopped(s, code[1]) : index[1] == high);
}

static void scan(struct numbers *a, struct stop *s)
{
	const bool exclusive = filch_sim_choose(2);
	struct filch_options o;
	int64_t sum = 0;
	int code[2];

	code[0] = filch_scan_i64(any_pool(), a->x, a->j.n, a->y, exclusive, few_options(s, &o));
	code[1] = filch_scan_f64(any_pool(), a->f, a->j.n, a->g, exclusive, few_options(s, &o));
	filch_sim_check(!code[0] || is_stopped(s, code[0]));
	filch_sim_check(!code[1] || is_stopped(s, code[1]));
	for (size_t i = 0; i < a->j.n; i++) {
		const int64_t expected = exclusive ? sum : sum + a->x[i];

		filch_sim_check(code[0] || a->y[i] == expected);
		filch_sim_check(code[1] || same(a->g[i], (double)expected));
		sum += a->x[i];
	}
}

static void add(struct stop *s)
{
	static void (*const calls[])(struct numbers *, struct stop *) = {sum, dot, least, scan};
	struct numbers a;

	if (!numbers_open(&a, s))
		return;
	calls[filch_sim_choose(4)](&a, s);
	numbers_close(&a);
}

/* ---- tiles ----------------------------------------------------------------------------------- */

enum { SIDE = 4 };

struct cells {
	struct job j;
	size_t rows, columns;
	unsigned char times[SIDE * SIDE * SIDE];
};

static int run_box(void *ctx, const struct filch_box *b, filch_worker *w)
{
	struct cells *c = ctx;

	(void)w;
	for (size_t i = b->begin[0]; i < b->end[0]; i++)
		for (size_t k = b->begin[1]; k < b->end[1]; k++)
			for (size_t l = b->begin[2]; l < b->end[2]; l++) {
				const size_t cell = (i * c->rows + k) * c->columns + l;

				touch(&c->j, cell);
				c->times[cell]++;
				if (cell == c->j.fails_at)
					return (int)cell + 1;
			}
	return 0;
}

static int run_tile(void *ctx, const struct filch_tile *t, filch_worker *w)
{
	return run_box(
		ctx, &(struct filch_box){{0, t->begin[0], t->begin[1]}, {1, t->end[0], t->end[1]}},
		w);
}

static void check_cells(const struct cells *c, const struct stop *s, int code)
{
	const bool fails = c->j.fails_at < c->j.n;

	filch_sim_check(is_stopped(s, code) || code == (fails ? (int)c->j.fails_at + 1 : 0));
	for (size_t i = 0; i < c->j.n; i++)
		filch_sim_check(c->times[i] == 1 || (code && !c->times[i]));
}

static void tile(struct stop *s)
{
	const size_t tile[3] = {filch_sim_choose(3), filch_sim_choose(3), filch_sim_choose(3)};
	const bool flat = filch_sim_choose(2);
	const size_t planes = flat ? 1 : filch_sim_choose(SIDE + 1);
	struct cells c = {.rows = filch_sim_choose(SIDE + 1),
	                  .columns = filch_sim_choose(SIDE + 1)};
	struct filch_options o;

	c.j = any_job(s, (unsigned)(planes * c.rows * c.columns));
	check_cells(&c, s,
	            flat ? filch_for2(any_pool(), c.rows, c.columns, tile, run_tile, &c,
	                              any_options(s, &o))
	                 : filch_for3(any_pool(), planes, c.rows, c.columns, tile, run_box, &c,
	                              any_options(s, &o)));
}

void add_any(struct stop *s)
{
	(filch_sim_choose(2) ? add : tile)(s);
}
