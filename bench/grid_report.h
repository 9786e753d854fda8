/* SPDX-License-Identifier: MIT */
#ifndef BENCH_GRID_REPORT_H
#define BENCH_GRID_REPORT_H
/* What a measured grid comes to: tables, sums over its cells, records. */
#include "grid.h"

#define GRID_RIVAL_FROM_NS 1000.0  /* a shorter loop is not held against those of others */
#define GRID_GAIN_FROM_NS 100000.0 /* a longer one of two items or more must gain */

/* Of a mode. */
struct grid_limit {
	double from_ns; /* a shorter loop is judged by the time that it takes in addition */
	double ratio;
	double extra_ns; /* INFINITY = none */
};

/* Whether a cell is above this share of its limit, be that a ratio or a time in addition. */
bool grid_is_near(const struct grid_point *p, const struct grid_limit *limit, double ratio,
                  double extra);

/* A contender's cells in one mode; all by the medians over the rounds. */
struct grid_total {
	size_t cells; /* that were measured */
	double ratio; /* the largest, of loops from limit->from_ns on */
	size_t ratio_cell;
	double extra_ns; /* the largest, of shorter loops */
	size_t extra_cell;
	double gain; /* geometric mean of the ratios of loops from 100 us on */
	size_t gaining;
};

struct grid_total grid_total(const struct grid *g, size_t entrant, enum grid_mode mode,
                             const struct grid_limit *limit);

/* The geometric mean of the ratios of the loops of so much work, NAN if there is none. */
double grid_at(const struct grid *g, size_t entrant, enum grid_mode mode, double work_ns);

/* Each cell from 1 us on beside that rival which is the fastest there. */
struct grid_rivalry {
	size_t cells;
	double worst; /* ratio of ratios */
	size_t worst_cell;
	double mean_short; /* of the cells below 100 us */
};

struct grid_rivalry grid_rivalry(const struct grid *g, size_t entrant, enum grid_mode mode,
                                 const bool *is_rival);

/* All cells of a contender in one mode. */
void grid_print(const struct grid *g, size_t entrant, enum grid_mode mode,
                const struct grid_limit *limit);
/* The cells of all modes above their limits, with their quartiles; a limit for each mode. */
void grid_print_misses(const struct grid *g, size_t entrant, const struct grid_limit *limits);

/* One mode of all contenders. */
void grid_print_totals(const struct grid *g, enum grid_mode mode, const struct grid_limit *limit);

/* A JSON record per contender, mode and cell. */
void grid_record(const struct grid *g, const char *question);

uint64_t grid_wrong(const struct grid *g);

#endif
