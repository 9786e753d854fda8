/* SPDX-License-Identifier: MIT */
/*
 * Heat on a plate, after Cilk's program heat: in each step the new value of a point is formed of the old
 * ones of itself and its four neighbours (Jacobi); the rows are halved down to ten of them, all
 * at once, and a hundred steps follow one another.  The bench has 4096 by 512 points, as there.
 */
#include "arrays.h"

enum { HEAT_LEAF = 10, HEAT_COLUMNS = 512, HEAT_STEPS = 100 };

static double *plate, *next_plate; /* rows of HEAT_COLUMNS points */
static int rows;
static double cooled; /* a digest of what comes out, by plain loops */

static inline size_t heat_points(void)
{
	return (size_t)rows * HEAT_COLUMNS;
}

/* New values of the rows from .. to - 1; the edge of the plate stays as it is. */
NOINLINE static void heat_rows(double *restrict new, const double *restrict old, int from, int to)
{
	for (int i = from < 1 ? 1 : from; i < to && i < rows - 1; i++) {
		const double *here = old + (ptrdiff_t)i * HEAT_COLUMNS;
		const double *above = here - HEAT_COLUMNS, *below = here + HEAT_COLUMNS;
		double *row = new + (ptrdiff_t)i *HEAT_COLUMNS;

		for (int k = 1; k < HEAT_COLUMNS - 1; k++)
			row[k] = here[k] + 0.125 * (here[k + 1] - 2 * here[k] + here[k - 1]) +
			         0.125 * (below[k] - 2 * here[k] + above[k]);
	}
}

/* ---- the plate before and after ------------------------------------------------------------ */

/* Hot at half of one edge, anything elsewhere. */
static void heat_reset(void)
{
	uint64_t state = 1;

	for (size_t i = 0; i < heat_points(); i++)
		plate[i] = i < HEAT_COLUMNS / 2 ? 1000 : (double)(arrays_random(&state) % 100);
	memcpy(next_plate, plate, heat_points() * sizeof *plate);
}

static int heat_prepare(int size)
{
	if (rows == size)
		return 0;
	rows = size;
	plate = arrays_renew(plate, heat_points());
	next_plate = arrays_renew(next_plate, heat_points());
	if (!plate || !next_plate) {
		rows = 0;
		return -1;
	}
	heat_reset();
	for (int step = 0; step < HEAT_STEPS; step += 2) {
		heat_rows(next_plate, plate, 0, rows);
		heat_rows(plate, next_plate, 0, rows);
	}
	cooled = arrays_digest(plate, heat_points());
	return 0;
}

static double heat_outcome(void)
{
	const double digest = arrays_digest(plate, heat_points());

	return digest == cooled ? digest : PROGRAM_WRONG;
}

/* ---- the steps ---------------------------------------------------------------------------- */

NOINLINE static void heat_serial(double *new, const double *old, int from, int to)
{
	const int middle = from + (to - from) / 2;

	if (to - from <= HEAT_LEAF) {
		heat_rows(new, old, from, to);
		return;
	}
	heat_serial(new, old, from, middle);
	CALL_ENDS();
	heat_serial(new, old, middle, to);
	CALL_ENDS();
}

FILCH_VOID_TASK4(heat, double *, new, const double *, old, int, from, int, to)
{
	const int middle = from + (to - from) / 2;
	FILCH_RECORD(heat) second;

	if (to - from <= HEAT_LEAF) {
		heat_rows(new, old, from, to);
		return;
	}
	FILCH_FORK(second, heat, new, old, middle, to);
	FILCH_CALL(heat, new, old, from, middle);
	FILCH_JOIN(second, heat);
}

static double heat_serial_run(int size)
{
	for (int step = 0; step < HEAT_STEPS; step += 2) {
		heat_serial(next_plate, plate, 0, size);
		heat_serial(plate, next_plate, 0, size);
	}
	return 0;
}

static double heat_typed_run(filch_worker *w, int size)
{
	for (int step = 0; step < HEAT_STEPS; step += 2) {
		FILCH_ENTER(w, heat, next_plate, plate, 0, size);
		FILCH_ENTER(w, heat, plate, next_plate, 0, size);
	}
	return 0;
}

const struct program program_heat = {
	.name = "heat",
	.size = 4096,
	.small = 48,
	.one = 1.05,
	.two = 0.54,
	.prepare = heat_prepare,
	.reset = heat_reset,
	.outcome = heat_outcome,
	.serial = heat_serial_run,
	.typed = heat_typed_run,
};
