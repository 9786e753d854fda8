/* SPDX-License-Identifier: MIT */
/*
 * Question: is a loop ever slower with filch than without, and does it gain what can be
 * gained?  Over loops of 1 to ten million items of 1 ns to 1 ms, back to back, and after
 * pauses in which the workers fall asleep.
 * Expect time / serial of 1.0 at the top left, where all is too short to share, and of 0.5
 * for two workers at the bottom right; warm, the border runs at a few microseconds of
 * work, cold, near 100.
 */
#include "grid_report.h"
#include "question.h"

enum { MORE_ROUNDS = 3, DOUBLING_ITEMS = 10000 };

#define PAUSE_NS 5000000u

static const struct grid_limits limits = {
	.ratio = {1.05, 1.10, 1.10, 1.05},
	.extra_ns = 20,
	.gain = 0.53,
};

static const struct grid_plan plans[LEVELS] = {
	{"quick", 2e7, 2e7, 2e7, 7, 3, {true, true, false, false}},
	{"normal", 1e9, 1e8, 2e7, 15, 5, {true, true, true, false}},
	{"full", 1e9, 1e9, 1e9, 31, 15, {true, true, true, false}},
};

static const struct grid_plan doubling_plans[LEVELS] = {
	{"quick", 1e9, 0, 1e9, 31, 9, {true, false, false, false}},
	{"normal", 1e9, 0, 1e9, 61, 15, {true, false, false, false}},
	{"full", 1e9, 0, 1e9, 121, 31, {true, false, false, false}},
};

enum { CELLS_MAX = 64 };

static size_t make_cells(struct grid_cell *cells, const struct grid_plan *plan)
{
	size_t count = 0;

	for (uint64_t n = 1; n <= BENCH_ITEMS_MAX; n *= 10)
		for (int id = BODY_1NS; id < BODY_COSTS; id++) {
			const double ns = (double)n * bodies[id].cost_ns;

			if (ns <= plan->own_max_ns)
				cells[count++] = (struct grid_cell){(enum body_id)id, n, ns};
		}
	return count;
}

/*
 * The worst of many cells is worse than any of them, by noise alone.  So a cell of ours
 * that comes near its limit, on either side, is measured so many times again, once, and
 * all of its rounds count together.
 */
static bool is_near_limit(const struct grid *g, size_t entrant, enum grid_mode mode, size_t cell)
{
	if (!turns_is_own(&g->entrants[entrant]))
		return false;
	const struct grid_point p = grid_point(g, entrant, mode, cell);

	if (p.serial.median >= GRID_RATIO_FROM_NS)
		return p.ratio.median > 0.97 * limits.ratio[mode];
	return p.extra.median > 0.7 * limits.extra_ns;
}

/* ---- the grid -------------------------------------------------------------------- */

static struct grid grid_of(struct setting *s, const struct grid_plan *plan,
                           const struct grid_cell *cells, size_t cell_count)
{
	struct grid g = {.plan = plan,
	                 .entrants = s->entrants,
	                 .entrant_count = s->entrant_count,
	                 .cells = cells,
	                 .cell_count = cell_count,
	                 .steps = s->steps,
	                 .pause_ns = PAUSE_NS};

	grid_init(&g);
	return g;
}

static void claim_totals(struct setting *s, const struct grid *g, size_t filch)
{
	for (int mode = 0; mode < GRID_MODES; mode++) {
		const struct grid_total t = grid_total(g, filch, (enum grid_mode)mode);
		char text[80];

		if (t.cells == 0)
			continue;
		snprintf(text, sizeof text, "%s: worst time / serial from 1 us",
		         grid_mode_names[mode]);
		question_claim(s, text, t.ratio, limits.ratio[mode], "");
		snprintf(text, sizeof text, "%s: most time in addition below 1 us",
		         grid_mode_names[mode]);
		question_claim(s, text, t.extra_ns, limits.extra_ns, "ns");
		if (mode == GRID_WARM)
			question_claim(s, "warm: mean time / serial from 100 us", t.gain,
			               limits.gain, "");
	}
}

static void whole_grid(struct setting *s, size_t filch)
{
	const struct grid_plan *plan = &plans[s->level];
	struct grid_cell cells[CELLS_MAX];
	struct grid g = grid_of(s, plan, cells, make_cells(cells, plan));

	grid_count(&g);
	grid_measure(&g);
	const size_t again = grid_measure_again(&g, MORE_ROUNDS, is_near_limit);

	output_quiet();
	printf("\ngrid, %s: %zu cells, %u rounds (peers %u); ratios and differences are formed in "
	       "each round,\nand the median over the rounds is shown; %zu cells of filch and the "
	       "control came near a limit\nand had %d times as many rounds in addition\n",
	       plan->name, g.cell_count, plan->rounds, plan->peer_rounds, again, MORE_ROUNDS);
	for (int mode = 0; mode < GRID_MODES; mode++)
		grid_print(&g, filch, (enum grid_mode)mode, &limits);
	grid_print_misses(&g, filch, &limits);
	for (int mode = 0; mode < GRID_MODES; mode++)
		grid_print_totals(&g, (enum grid_mode)mode, &limits);
	claim_totals(s, &g, filch);
	grid_record(&g, "grid");
	s->wrong += grid_wrong(&g);
	grid_finish(&g);
}

/* ---- the loop that is too short for almost everybody ------------------------------- */

static void doubling(struct setting *s, size_t filch)
{
	const struct grid_cell cell = {BODY_1NS, DOUBLING_ITEMS, DOUBLING_ITEMS};
	struct grid g = grid_of(s, &doubling_plans[s->level], &cell, 1);

	grid_measure(&g);
	output_quiet();
	printf("\n10,000 x int64 doubling, warm: time / serial, and its quartiles over the "
	       "rounds\n");
	for (size_t k = 0; k < s->entrant_count; k++) {
		const struct grid_point p = grid_point(&g, k, GRID_WARM, 0);

		printf("%-18s %8.2f  (%.2f .. %.2f)  %8.0f ns of %.0f ns, %zu rounds\n",
		       s->entrants[k].name, p.ratio.median, p.ratio.low, p.ratio.high,
		       p.time.median, p.serial.median, p.rounds);
	}
	question_claim(s, "10,000 x int64 doubling, time / serial",
	               grid_point(&g, filch, GRID_WARM, 0).ratio.median, limits.ratio[GRID_WARM],
	               "");
	grid_record(&g, "doubling");
	s->wrong += grid_wrong(&g);
	grid_finish(&g);
}

void overhead(struct setting *s)
{
	size_t filch = 0;

	while (filch + 1 < s->entrant_count && s->entrants[filch].index == WIRE_CONTROL)
		filch++;
	whole_grid(s, filch);
	doubling(s, filch);
	idle(s);
	sleepers(s);
}
