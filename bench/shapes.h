/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SHAPES_H
#define BENCH_SHAPES_H
/*
 * Loops whose items differ: how long a chain each item of BODY_WEIGHTED has, and the matrix of
 * BODY_SPMV.  The same in all programs, by generators of numbers with a fixed seed.
 */
#include "bodies.h"

enum shape {
	SHAPE_NONE,
	SHAPE_EVEN,
	SHAPE_SHORT, /* the same, a hundredth of the work */
	SHAPE_TRIANGLE_UP,
	SHAPE_TRIANGLE_DOWN,
	SHAPE_POWER_CLUSTERED, /* heavy items first */
	SHAPE_POWER_SHUFFLED,
	SHAPE_HEAVY_FIRST, /* one item is a third of all work */
	SHAPE_HEAVY_MIDDLE,
	SHAPE_HEAVY_LAST,
	SHAPES
};

enum { SHAPE_ITEMS = 2000, SPMV_ROWS = 20000, MANDELBROT_ROWS = 256 };

/* Prepares the weights, or the matrix, for the body and the shape; exits if there is no memory. */
void shapes_prepare(struct items *items, enum body_id body, enum shape shape);

#endif
