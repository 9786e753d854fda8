/* SPDX-License-Identifier: MIT */
#ifndef BENCH_GRID_H
#define BENCH_GRID_H
/*
 * A grid of loops, item count by cost of an item, measured for many contenders in many
 * rounds.  A round goes through all cells, and in each cell through all contenders, so
 * that a disturbance of a second or two hits one round of many cells and not all rounds
 * of one.
 */
#include "output.h"
#include "turns.h"

enum grid_mode {
	GRID_WARM,
	GRID_BUSY,
	GRID_SLEEP,
	GRID_SHARED, /* warm, and one body function does all costs in turns */
	GRID_MODES
};

/* By what they are called in tables and records, after a pause of 5 and of 50 ms. */
extern const char *const grid_mode_names[GRID_MODES];
extern const char *const grid_long_names[GRID_MODES];

struct grid_cell {
	enum body_id body;
	uint64_t n;
	double nominal_ns; /* n times the cost on the label */
};

/* How much is measured. */
struct grid_plan {
	const char *name;
	double own_max_ns;  /* cells whose serial loop takes longer are left out: for filch */
	double cold_max_ns; /* and where a pause comes first */
	double peer_max_ns; /* and for the peers */
	unsigned rounds;
	unsigned peer_rounds;
	bool own_modes[GRID_MODES];
	bool peer_modes[GRID_MODES];
};

/* The rounds of one contender in one cell. */
struct grid_series {
	double *serial, *time;
	size_t count, room;
	uint64_t wrong;
};

struct grid {
	const struct grid_plan *plan;
	const struct entrant *entrants;
	size_t entrant_count;
	const struct grid_cell *cells;
	size_t cell_count;
	const uint32_t *steps;
	uint64_t pause_ns;
	const char *const *mode_names;
	struct grid_series *series; /* of every cell, contender and mode */
	unsigned *rounds;           /* that the plan has for each of them */
};

/* What the rounds say; time over serial and time less serial are formed in each round. */
struct grid_point {
	struct bench_quartiles serial, time, ratio, extra;
	size_t rounds;
	uint64_t wrong;
};

/* Takes the fields up to mode_names as they are. */
void grid_init(struct grid *g);
void grid_finish(struct grid *g);

/* Counts the runs of each item, once per contender and cell; how many loops that are. */
size_t grid_count(struct grid *g);

/* All rounds of the plan. */
void grid_measure(struct grid *g);

/* So many times the rounds of the plan again, where pick says so; in how many places it did. */
typedef bool grid_pick(const struct grid *g, size_t entrant, enum grid_mode mode, size_t cell);

size_t grid_measure_again(struct grid *g, unsigned times, grid_pick *pick);

struct grid_point grid_point(const struct grid *g, size_t entrant, enum grid_mode mode,
                             size_t cell);

#endif
