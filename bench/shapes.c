/* SPDX-License-Identifier: MIT */
/* See shapes.h. */
#include "shapes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WORK_US 10000.0 /* of a whole loop */

static void *memory(size_t bytes)
{
	void *p = malloc(bytes);

	if (!p) {
		fprintf(stderr, "no memory for %zu bytes\n", bytes);
		exit(1);
	}
	return p;
}

/* From 0 to 1, both left out. */
static double chance(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return ((double)(*seed >> 33) + 0.5) / 2147483648.0;
}

/* How much work item i is, in any unit. */
static double share(enum shape shape, size_t i, uint64_t *seed)
{
	const double place = ((double)i + 1) / SHAPE_ITEMS;

	switch (shape) {
	case SHAPE_TRIANGLE_UP:
		return place;
	case SHAPE_TRIANGLE_DOWN:
		return 1 + 1.0 / SHAPE_ITEMS - place;
	case SHAPE_POWER_CLUSTERED:
		return pow(place, -0.9);
	case SHAPE_POWER_SHUFFLED:
		return pow(chance(seed), -0.9);
	case SHAPE_HEAVY_FIRST:
		return i == 0 ? SHAPE_ITEMS / 2.0 : 1;
	case SHAPE_HEAVY_MIDDLE:
		return i == SHAPE_ITEMS / 2 ? SHAPE_ITEMS / 2.0 : 1;
	case SHAPE_HEAVY_LAST:
		return i == SHAPE_ITEMS - 1 ? SHAPE_ITEMS / 2.0 : 1;
	default:
		return 1;
	}
}

static void prepare_weights(struct items *items, enum shape shape)
{
	static double part[SHAPE_ITEMS];
	const double work = shape == SHAPE_SHORT ? WORK_US / 100 : WORK_US;
	double all = 0;
	uint64_t seed = 1;

	if (!items->weights)
		items->weights = memory(SHAPE_ITEMS * sizeof *items->weights);
	for (size_t i = 0; i < SHAPE_ITEMS; i++)
		all += part[i] = share(shape, i, &seed);
	for (size_t i = 0; i < SHAPE_ITEMS; i++)
		items->weights[i] = (uint32_t)(part[i] / all * work * items->steps[BODY_1US]) + 1;
}

/* Rows of 1 to some thousand numbers, few of them long, one after the other in memory. */
static void prepare_matrix(struct items *items)
{
	static struct matrix m;
	uint64_t seed = 1;
	size_t all = 0;

	if (items->matrix)
		return;
	m.first = memory((SPMV_ROWS + 1) * sizeof *m.first);
	m.x = memory(SPMV_ROWS * sizeof *m.x);
	for (size_t row = 0; row < SPMV_ROWS; row++) {
		m.first[row] = all;
		m.x[row] = chance(&seed);
		all += (size_t)fmin(8 * pow(chance(&seed), -0.8), 10000);
	}
	m.first[SPMV_ROWS] = all;
	m.value = memory(all * sizeof *m.value);
	m.column = memory(all * sizeof *m.column);
	for (size_t k = 0; k < all; k++) {
		m.value[k] = chance(&seed);
		m.column[k] = (uint32_t)(chance(&seed) * SPMV_ROWS);
	}
	items->matrix = &m;
}

void shapes_prepare(struct items *items, enum body_id body, enum shape shape)
{
	if (body == BODY_WEIGHTED)
		prepare_weights(items, shape);
	if (body == BODY_SPMV)
		prepare_matrix(items);
}
