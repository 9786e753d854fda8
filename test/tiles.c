/* SPDX-License-Identifier: MIT */
/* filch_for2() and filch_for3(): every cell once, and errors in the order of the tiles. */
#include "support.h"

#include <filch/tiles.h>

#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(tiles, .timeout = 120);

static const size_t sides[] = {0, 1, 2, 3, 7, 31, 64, 65, 100, 255, 257, 300};

struct grid {
	size_t size[3], tile[3]; /* tile: 0 = filch's */
	struct tally tally;
	size_t bad[2]; /* cells that fail, with codes 1 and 2 */
	atomic_size_t calls;
	unsigned pause_ns;
};

static void grid_init(struct grid *g, size_t planes, size_t rows, size_t columns)
{
	*g = (struct grid){.size = {planes, rows, columns}, .bad = {SIZE_MAX, SIZE_MAX}};
	tally_init(&g->tally, planes * rows * columns);
}

static size_t cell_of(const struct grid *g, size_t plane, size_t row, size_t column)
{
	return (plane * g->size[1] + row) * g->size[2] + column;
}

static int visit(struct grid *g, size_t cell)
{
	tally_range(&g->tally, cell, cell + 1);
	for (size_t i = 0; i < COUNT_OF(g->bad); i++)
		if (cell == g->bad[i])
			return (int)i + 1;
	return 0;
}

static int body3(void *ctx, const struct filch_box *b, filch_worker *w)
{
	struct grid *g = ctx;

	(void)w;
	if (g->pause_ns)
		sleep_ns(g->pause_ns);
	atomic_fetch_add(&g->calls, 1);
	for (int d = 0; d < 3; d++) {
		const size_t length = b->end[d] - b->begin[d], tile = g->tile[d];

		if (b->begin[d] >= b->end[d] || b->end[d] > g->size[d])
			return 100;
		/* A tile that was given is a whole one but at the edges. */
		if (tile && g->tile[0] && g->tile[1] && g->tile[2] &&
		    (b->begin[d] % tile || (length != tile && b->end[d] != g->size[d])))
			return 101;
	}
	for (size_t i = b->begin[0]; i < b->end[0]; i++)
		for (size_t k = b->begin[1]; k < b->end[1]; k++)
			for (size_t m = b->begin[2]; m < b->end[2]; m++) {
				const int code = visit(g, cell_of(g, i, k, m));

				if (code)
					return code;
			}
	return 0;
}

static int body2(void *ctx, const struct filch_tile *t, filch_worker *w)
{
	const struct filch_box box = {{0, t->begin[0], t->begin[1]}, {1, t->end[0], t->end[1]}};

	return body3(ctx, &box, w);
}

static int run2(filch_pool *pool, struct grid *g, const struct filch_options *options)
{
	return filch_for2(pool, g->size[1], g->size[2], g->tile[1] ? g->tile + 1 : NULL, body2, g,
	                  options);
}

static int run3(filch_pool *pool, struct grid *g, const struct filch_options *options)
{
	return filch_for3(pool, g->size[0], g->size[1], g->size[2], g->tile[0] ? g->tile : NULL,
	                  body3, g, options);
}

/* ---- each cell once -------------------------------------------------------------------- */

Test(tiles, run_every_cell_once)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t round = 0; round < scaled(200, 30); round++) {
			const bool flat = round % 2;
			struct grid g;

			grid_init(&g, flat ? 1 : random_below(&seed, 20),
			          sides[random_below(&seed, COUNT_OF(sides))],
			          sides[random_below(&seed, COUNT_OF(sides))]);
			if (round % 3)
				for (int d = 0; d < 3; d++)
					g.tile[d] = flat && !d ? 1 : 1 + random_below(&seed, 70);
			cr_assert_eq((flat ? run2 : run3)(pool, &g,
			                                  round % 5 ? NULL : FILCH(.chunk = 3)),
			             0);
			tally_expect_once(&g.tally);
			tally_finish(&g.tally);
		}
		pool_close(pool);
	}
}

Test(tiles, of_one_side_given_leave_the_other_to_filch)
{
	for (size_t side = 1; side < 3; side++)
		for (size_t length = 1; length < 20000; length *= 3) {
			struct grid g;
			size_t tile[3] = {0, 0, 0};

			grid_init(&g, 1, 301, 303);
			tile[side] = length;
			cr_expect_eq(filch_for2(NULL, 301, 303, tile + 1, body2, &g, NULL), 0);
			tally_expect_once(&g.tally);
			tally_clear(&g.tally);
			cr_expect_eq(filch_for3(NULL, 1, 301, 303, tile, body3, &g, NULL), 0);
			tally_expect_once(&g.tally);
			tally_finish(&g.tally);
		}
}

Test(tiles, that_fit_a_cache_are_one_call_for_one_worker)
{
	filch_pool *pool = pool_of(1);
	struct grid g;

	grid_init(&g, 1, 30, 30);
	cr_expect_eq(run2(pool, &g, FILCH(.max_workers = 1)), 0);
	cr_expect_leq(atomic_load(&g.calls), 900);
	tally_expect_once(&g.tally);
	tally_finish(&g.tally);
	pool_close(pool);
}

/* Few cells that take long are for all workers. */
Test(tiles, that_are_few_are_cut)
{
	filch_pool *pool = pool_of(4);
	struct filch_report report;
	struct grid g;

	grid_init(&g, 1, 8, 8);
	g.pause_ns = 1000000;
	cr_expect_eq(run2(pool, &g, FILCH(.report = &report)), 0);
	tally_expect_once(&g.tally);
	cr_expect_gt(report.workers, 1);
	cr_expect_eq(report.items, 64);
	tally_finish(&g.tally);
	pool_close(pool);
}

/* ---- errors ------------------------------------------------------------------------------ */

/* A cell's place in the order: its tile's, then its own. */
static uint64_t place_of(const struct grid *g, const size_t *tile, size_t cell)
{
	size_t at[3];
	uint64_t place = 0;

	at[2] = cell % g->size[2];
	at[1] = cell / g->size[2] % g->size[1];
	at[0] = cell / g->size[2] / g->size[1];
	for (int d = 0; d < 3; d++)
		place = place << 10 | at[d] / tile[d];
	for (int d = 0; d < 3; d++)
		place = place << 10 | at[d] % tile[d];
	return place;
}

static void expect_error(filch_pool *pool, struct grid *g, bool flat, const size_t *tile,
                         const struct filch_options *options)
{
	const uint64_t one = place_of(g, tile, g->bad[0]), two = place_of(g, tile, g->bad[1]);
	const uint64_t first = one <= two ? one : two;

	cr_assert_eq((flat ? run2 : run3)(pool, g, options), one <= two ? 1 : 2);
	for (size_t i = 0; i < g->tally.n; i++) {
		const unsigned times = atomic_load(&g->tally.times[i]);

		cr_assert_leq(times, 1);
		if (place_of(g, tile, i) <= first)
			cr_assert_eq(times, 1, "cell %zu comes before the error", i);
	}
}

Test(tiles, fail_in_the_order_of_tiles_at_every_width)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(60, 20); round++) {
			const bool flat = round % 2;
			struct grid g;
			size_t tile[3];

			grid_init(&g, flat ? 1 : 1 + random_below(&seed, 12),
			          1 + random_below(&seed, 120), 1 + random_below(&seed, 600));
			for (int d = 0; d < 3; d++)
				tile[d] = g.tile[d] = flat && !d ? 1 : 1 + random_below(&seed, 70);
			for (size_t i = 0; i < 2; i++)
				g.bad[i] = random_below(&seed, g.tally.n);
			expect_error(pool, &g, flat, tile, NULL);
			tally_clear(&g.tally);
			expect_error(pool, &g, flat, tile, FILCH(.chunk = 1));
			tally_finish(&g.tally);
		}
		pool_close(pool);
	}
}

/* The tiles of filch's own choice, as the header tells them. */
Test(tiles, of_filchs_own_fail_in_their_order_whether_they_are_cut_or_not)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(60, 20); round++) {
			const size_t rows = 1 + random_below(&seed, 200);
			const size_t columns = 1 + random_below(&seed, 600);
			const size_t wide = columns < 64 ? columns : 64;
			const size_t high = 8192 / wide < rows ? 8192 / wide : rows;
			const size_t tile[3] = {1, high, wide};
			struct grid g;

			grid_init(&g, 1, rows, columns);
			for (size_t i = 0; i < 2; i++)
				g.bad[i] = random_below(&seed, g.tally.n);
			expect_error(pool, &g, true, tile, NULL);
			tally_clear(&g.tally);
			expect_error(pool, &g, true, tile, FILCH(.chunk = 1));
			tally_clear(&g.tally);
			expect_error(pool, &g, true, tile, FILCH(.max_workers = 1));
			tally_finish(&g.tally);
		}
		pool_close(pool);
	}
}

Test(tiles, tell_a_status_for_each_that_was_given)
{
	int status[12];
	size_t first = 0;
	struct grid g;

	grid_init(&g, 1, 30, 40);
	g.tile[0] = 1, g.tile[1] = 10, g.tile[2] = 10;
	g.bad[0] = cell_of(&g, 0, 15, 25); /* in tile 4 + 2 */
	cr_expect_eq(run2(NULL, &g,
	                  FILCH(.status = status, .first_error = &first, .keep_going = true,
	                        .chunk = 5)),
	             1);
	cr_expect_eq(first, 6);
	for (size_t i = 0; i < COUNT_OF(status); i++)
		cr_expect_eq(status[i], i == 6);
	tally_finish(&g.tally);

	grid_init(&g, 1, 30, 40);
	g.bad[0] = 600;
	cr_expect_eq(run2(NULL, &g, FILCH(.keep_going = true, .chunk = 1000)), 1);
	for (size_t i = 0; i < g.tally.n; i++)
		cr_assert_leq(atomic_load(&g.tally.times[i]), 1);
	tally_finish(&g.tally);
}

static int stop_all(void *ctx, const struct filch_tile *t, filch_worker *w)
{
	(void)t, (void)w;
	filch_cancel_now(ctx);
	return 0;
}

Test(tiles, are_cancelled_as_a_loop_is)
{
	filch_cancel token = {0};

	cr_expect_eq(
		filch_for2(NULL, 10000, 10000, NULL, stop_all, &token, FILCH(.cancel = &token)),
		FILCH_ECANCELED);
}

Test(tiles, refuse_what_makes_no_sense)
{
	static int status[1000];
	size_t first;
	struct grid g;
	const size_t rows_alone[] = {10, 0};

	grid_init(&g, 1, 10, 10);
	cr_expect_eq(filch_for2(NULL, 10, 10, NULL, NULL, &g, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for3(NULL, 10, 10, 10, NULL, NULL, &g, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for2(NULL, SIZE_MAX / 2, 3, NULL, body2, &g, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for3(NULL, SIZE_MAX / 8, 3, 3, NULL, body3, &g, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for2(NULL, 10, 10, NULL, body2, &g, FILCH(.status = status)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_for2(NULL, 10, 10, rows_alone, body2, &g, FILCH(.first_error = &first)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_for2(NULL, 0, SIZE_MAX, NULL, body2, &g, NULL), 0);
	cr_expect_eq(filch_for3(NULL, SIZE_MAX, 3, 0, NULL, body3, &g, NULL), 0);
	cr_expect_eq(tally_first_not(&g.tally, 0, 100, 0), 100);
	tally_finish(&g.tally);
}

static int plus_one(void *ctx, const struct filch_tile *t, filch_worker *w)
{
	(void)t, (void)w;
	atomic_fetch_add((atomic_int *)ctx, 1);
	return 0;
}

static int plus_two(void *ctx, const struct filch_tile *t, filch_worker *w)
{
	(void)t, (void)w;
	atomic_fetch_add((atomic_int *)ctx, 2);
	return 0;
}

CHILD(runs_tiles_of_three_kinds)
{
	const size_t one[] = {1, 1};
	atomic_int n = 0;

	for (int twice = 0; twice < 2; twice++)
		if (filch_for2(NULL, 100, 1, one, plus_one, &n, NULL) ||
		    filch_for2(NULL, 100, 1, one, plus_two, &n, NULL) ||
		    filch_for2(NULL, 100, 100, NULL, plus_one, &n, FILCH(.max_workers = 1)))
			return 1;
	return atomic_load(&n) < 8;
}

/* Two functions, and parts of one size and of quite another. */
Test(tiles, have_costs_of_their_own)
{
	const char *const stats[] = {"FILCH_STATS=1", NULL};
	struct outcome o;

	run_child(&o, "runs_tiles_of_three_kinds", stats);
	cr_expect_eq(o.status, 0);
	cr_expect(strstr(o.err, "function 3"), "%s", o.err);
	cr_expect_not(strstr(o.err, "function 4"), "%s", o.err);
}
