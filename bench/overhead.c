/* SPDX-License-Identifier: MIT */
/*
 * Question: is a loop ever slower with filch than without, and does it gain what can be
 * gained?  Over loops of 1 to ten million items of 1 ns to 1 ms, back to back, and after
 * pauses in which the workers fall asleep.
 * Expect time / serial of 1.0 at the top left, where all is too short to share, and of 0.5
 * for two workers at the bottom right; warm, the border runs at a few microseconds of
 * work, cold, near 100.  `loops` has pauses of 5 ms, `long` of 50.  The loop of `doubling` is too short
 * for almost everybody.
 */
#include "grid_report.h"
#include "question.h"

#include <math.h>

enum { MORE_ROUNDS = 3, DOUBLING_ITEMS = 10000 };

#define PAUSE_NS 5000000u
#define LONG_PAUSE_NS 50000000u

#define ALL_MODES                                                                                  \
	{                                                                                          \
		true, true, true, true                                                             \
	}
#define COLD_MODES                                                                                 \
	{                                                                                          \
		false, true, true, false                                                           \
	}

/* What is cold and takes less than a microsecond has no limit. */
static const struct grid_limit limits[GRID_MODES] = {
	[GRID_WARM] = {200, 1.05, 10},
	[GRID_BUSY] = {1000, 1.05, INFINITY},
	[GRID_SLEEP] = {1000, 1.05, INFINITY},
	[GRID_SHARED] = {200, 1.05, 10},
};

#define FRUGAL_CORES 0.1 /* burned in addition to the work of short loops, see idle.c */

static const struct grid_plan plans[LEVELS] = {
	{"quick", 2e7, 2e7, 2e7, 7, 3, ALL_MODES, {true, true, false, false}},
	{"normal", 1e9, 1e8, 2e7, 15, 5, ALL_MODES, {true, true, true, false}},
	{"full", 1e9, 1e9, 1e9, 31, 15, ALL_MODES, {true, true, true, false}},
};

static const struct grid_plan doubling_plans[LEVELS] = {
	{"quick", 1e9, 0, 1e9, 31, 9, ALL_MODES, {true, false, false, false}},
	{"normal", 1e9, 0, 1e9, 61, 15, ALL_MODES, {true, false, false, false}},
	{"full", 1e9, 0, 1e9, 121, 31, ALL_MODES, {true, false, false, false}},
};

static const struct grid_plan long_plans[LEVELS] = {
	{"quick, pauses of 50 ms", 2e7, 2e7, 0, 3, 0, COLD_MODES, {false}},
	{"normal, pauses of 50 ms", 1e8, 1e8, 2e7, 7, 3, COLD_MODES, COLD_MODES},
	{"full, pauses of 50 ms", 1e9, 1e9, 1e8, 15, 7, COLD_MODES, COLD_MODES},
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

	return grid_is_near(&p, &limits[mode], 0.97, 0.7);
}

/* ---- the grid -------------------------------------------------------------------- */

static struct grid grid_of(struct setting *s, const struct grid_plan *plan,
                           const struct grid_cell *cells, size_t cell_count, bool is_long)
{
	struct grid g = {.plan = plan,
	                 .mode_names = is_long ? grid_long_names : grid_mode_names,
	                 .entrants = s->entrants,
	                 .entrant_count = s->entrant_count,
	                 .cells = cells,
	                 .cell_count = cell_count,
	                 .steps = s->steps,
	                 .pause_ns = is_long ? LONG_PAUSE_NS : PAUSE_NS};

	grid_init(&g);
	return g;
}

static void claim_totals(struct setting *s, const struct grid *g, size_t filch)
{
	for (int mode = 0; mode < GRID_MODES; mode++) {
		const struct grid_limit *limit = &limits[mode];
		const struct grid_total t = grid_total(g, filch, (enum grid_mode)mode, limit);
		char text[80], from[OUTPUT_TIME];

		if (t.cells == 0)
			continue;
		output_time(from, limit->from_ns);
		snprintf(text, sizeof text, "%s: worst time / serial from %s", g->mode_names[mode],
		         from);
		question_claim(s, text, t.ratio, limit->ratio, "");
		snprintf(text, sizeof text, "%s: most time in addition below %s",
		         g->mode_names[mode], from);
		if (!isinf(limit->extra_ns))
			question_claim(s, text, t.extra_ns, limit->extra_ns, "ns");
	}
}

/* What two workers should gain, by the work of a call. */
static const struct {
	double work_ns, ratio;
} warm_gains[] = {{1e3, 0.80}, {1e4, 0.56}, {1e5, 0.51}, {1e6, 0.51}, {1e7, 0.51}},
  cold_gains[] = {{1e5, 0.80}, {1e6, 0.54}, {1e7, 0.505}};

static void claim_gain(struct setting *s, const struct grid *g, size_t filch, enum grid_mode mode,
                       double work_ns, double target)
{
	const double ratio = grid_at(g, filch, mode, work_ns);
	char text[80], work[OUTPUT_TIME];

	snprintf(text, sizeof text, "%s: mean time / serial at %s", g->mode_names[mode],
	         output_time(work, work_ns));
	if (!isnan(ratio))
		question_claim(s, text, ratio, target, "");
}

static void claim_gains(struct setting *s, const struct grid *g, size_t filch)
{
	for (size_t k = 0; k < sizeof warm_gains / sizeof *warm_gains; k++)
		claim_gain(s, g, filch, GRID_WARM, warm_gains[k].work_ns, warm_gains[k].ratio);
	for (int mode = GRID_BUSY; mode <= GRID_SLEEP; mode++)
		for (size_t k = 0; k < sizeof cold_gains / sizeof *cold_gains; k++)
			claim_gain(s, g, filch, (enum grid_mode)mode, cold_gains[k].work_ns,
			           cold_gains[k].ratio);
}

static void claim_rivalry(struct setting *s, const struct grid *g, size_t filch)
{
	bool is_rival[ENTRANTS_MAX];
	char text[80];

	for (size_t e = 0; e < s->entrant_count; e++)
		is_rival[e] = turns_is_peer(&s->entrants[e]);
	const struct grid_rivalry r = grid_rivalry(g, filch, GRID_WARM, is_rival);
	const struct grid_cell *cell = &g->cells[r.worst_cell];

	if (r.cells == 0)
		return;
	snprintf(text, sizeof text, "warm: worst ratio to the best peer (%llu x %s)",
	         (unsigned long long)cell->n, bodies[cell->body].name);
	question_claim(s, text, r.worst, 1.05, "");
	question_claim(s, "warm: mean ratio to the best peer below 100 us", r.mean_short, 0.95, "");
}

/* Cold, beside the peers that do not wait for the next loop at full speed. */
static void claim_frugality(struct setting *s, const struct grid *g, size_t filch)
{
	bool is_rival[ENTRANTS_MAX];
	char text[80];

	printf("\nfrugal, since they burn less than %.1f cores beside short loops:", FRUGAL_CORES);
	for (size_t e = 0; e < s->entrant_count; e++) {
		is_rival[e] = turns_is_peer(&s->entrants[e]) &&
		              idle_burned(s, &s->entrants[e]) < FRUGAL_CORES;
		printf("%s%s", is_rival[e] ? " " : "", is_rival[e] ? s->entrants[e].name : "");
	}
	printf("\n");
	for (int mode = GRID_BUSY; mode <= GRID_SLEEP; mode++) {
		const struct grid_rivalry r =
			grid_rivalry(g, filch, (enum grid_mode)mode, is_rival);
		const struct grid_cell *cell = &g->cells[r.worst_cell];

		snprintf(text, sizeof text, "%s: by the best frugal peer (%llu x %s)",
		         g->mode_names[mode], (unsigned long long)cell->n, bodies[cell->body].name);
		if (r.cells > 0)
			question_claim(s, text, r.worst, 1.0, "");
	}
}

static size_t find_filch(const struct setting *s)
{
	size_t filch = 0;

	while (filch + 1 < s->entrant_count && s->entrants[filch].index == WIRE_CONTROL)
		filch++;
	return filch;
}

static void whole_grid(struct setting *s, bool is_long)
{
	const size_t filch = find_filch(s);
	const struct grid_plan *plan = is_long ? &long_plans[s->level] : &plans[s->level];
	struct grid_cell cells[CELLS_MAX];
	struct grid g = grid_of(s, plan, cells, make_cells(cells, plan), is_long);

	if (!is_long) /* the loops are the same */
		s->counted += grid_count(&g);
	grid_measure(&g);
	const size_t again = grid_measure_again(&g, MORE_ROUNDS, is_near_limit);

	output_quiet();
	printf("\ngrid, %s: %zu cells, %u rounds (peers %u); ratios and differences are formed in "
	       "each round,\nand the median over the rounds is shown; %zu cells of filch and the "
	       "control came near a limit\nand had %d times as many rounds in addition\n",
	       plan->name, g.cell_count, plan->rounds, plan->peer_rounds, again, MORE_ROUNDS);
	for (int mode = 0; mode < GRID_MODES; mode++)
		if (plan->own_modes[mode])
			grid_print(&g, filch, (enum grid_mode)mode, &limits[mode]);
	grid_print_misses(&g, filch, limits);
	for (int mode = 0; mode < GRID_MODES; mode++)
		if (plan->own_modes[mode])
			grid_print_totals(&g, (enum grid_mode)mode, &limits[mode]);
	claim_totals(s, &g, filch);
	if (s->workers == 2)
		claim_gains(s, &g, filch);
	claim_rivalry(s, &g, filch);
	claim_frugality(s, &g, filch);
	grid_record(&g, "grid");
	s->wrong += grid_wrong(&g);
	grid_finish(&g);
}

void loops(struct setting *s)
{
	whole_grid(s, false);
}

void long_pauses(struct setting *s)
{
	whole_grid(s, true);
}

/* ---- the loop that is too short for almost everybody ------------------------------- */

void doubling(struct setting *s)
{
	const size_t filch = find_filch(s);
	const struct grid_cell cell = {BODY_1NS, DOUBLING_ITEMS, DOUBLING_ITEMS};
	struct grid g = grid_of(s, &doubling_plans[s->level], &cell, 1, false);

	s->counted += grid_count(&g);
	grid_measure(&g);
	output_quiet();
	printf("\n10,000 x int64 doubling, warm: time / serial, and its quartiles over the "
	       "rounds\n");
	for (size_t k = 0; k < s->entrant_count; k++) {
		const struct grid_point p = grid_point(&g, k, GRID_WARM, 0);

		if (p.rounds == 0)
			continue;
		printf("%-18s %8.2f  (%.2f .. %.2f)  %8.0f ns of %.0f ns, %zu rounds\n",
		       s->entrants[k].name, p.ratio.median, p.ratio.low, p.ratio.high,
		       p.time.median, p.serial.median, p.rounds);
	}
	question_claim(s, "10,000 x int64 doubling, time / serial",
	               grid_point(&g, filch, GRID_WARM, 0).ratio.median, limits[GRID_WARM].ratio,
	               "");
	grid_record(&g, "doubling");
	s->wrong += grid_wrong(&g);
	grid_finish(&g);
}
