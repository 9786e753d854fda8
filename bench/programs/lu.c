/* SPDX-License-Identifier: MIT */
/*
 * A matrix as the product of a lower triangle, whose diagonal is 1, and an upper one, both in its place:
 * Cilk's program lu.  The matrix is cut in quarters down to blocks of 16 by 16, which lie in
 * memory one by one.  No pivots are looked for: the diagonal is larger than all else in its row.
 */
#include "arrays.h"

enum { LU_BLOCK = 16 };

typedef double block[LU_BLOCK][LU_BLOCK];

static block *factors, *original;
static int blocks; /* in a row */

static inline block *at(block *m, int i, int k)
{
	return m + (ptrdiff_t)i * blocks + k;
}

/* ---- on blocks ------------------------------------------------------------------------------ */

/* y -= factor * x, from some column on. */
static inline void subtract(double *restrict y, double factor, const double *restrict x, int from)
{
	for (int k = from; k < LU_BLOCK; k++)
		y[k] -= factor * x[k];
}

NOINLINE static void factor_block(block m)
{
	for (int k = 0; k < LU_BLOCK; k++)
		for (int i = k + 1; i < LU_BLOCK; i++) {
			m[i][k] /= m[k][k];
			subtract(m[i], m[i][k], m[k], k + 1);
		}
}

/* The x for which l * x is m, in place of m. */
NOINLINE static void lower_block(block m, block l)
{
	for (int i = 1; i < LU_BLOCK; i++)
		for (int k = 0; k < i; k++)
			subtract(m[i], l[i][k], m[k], 0);
}

/* The x for which x * u is m, in place of m. */
NOINLINE static void upper_block(block m, block u)
{
	for (int i = 0; i < LU_BLOCK; i++)
		for (int k = 0; k < LU_BLOCK; k++) {
			m[i][k] /= u[k][k];
			subtract(m[i], m[i][k], u[k], k + 1);
		}
}

NOINLINE static void schur_block(block m, block a, block b)
{
	for (int i = 0; i < LU_BLOCK; i++)
		for (int k = 0; k < LU_BLOCK; k++)
			subtract(m[i], a[i][k], b[k], 0);
}

/* ---- the serial program --------------------------------------------------------------------- */

/* m -= a * b, n by n blocks each. */
NOINLINE static void schur_serial(block *m, block *a, block *b, int n)
{
	const int h = n / 2;

	if (n == 1) {
		schur_block(*m, *a, *b);
		return;
	}
	for (int k = 0; k < n; k += h)
		for (int q = 0; q < 4; q++) {
			const int i = q / 2 * h, j = q % 2 * h;

			schur_serial(at(m, i, j), at(a, i, k), at(b, k, j), h);
			CALL_ENDS();
		}
}

NOINLINE static void lower_serial(block *m, block *l, int rows, int columns)
{
	const int h = rows / 2, half = columns / 2;

	if (rows == 1 && columns == 1) {
		lower_block(*m, *l);
	} else if (columns == rows) {
		lower_serial(m, l, rows, half);
		CALL_ENDS();
		lower_serial(at(m, 0, half), l, rows, half);
		CALL_ENDS();
	} else {
		lower_serial(m, l, h, columns);
		CALL_ENDS();
		schur_serial(at(m, h, 0), at(l, h, 0), m, h);
		lower_serial(at(m, h, 0), at(l, h, h), h, columns);
		CALL_ENDS();
	}
}

NOINLINE static void upper_serial(block *m, block *u, int rows, int columns)
{
	const int h = columns / 2, half = rows / 2;

	if (rows == 1 && columns == 1) {
		upper_block(*m, *u);
	} else if (rows == columns) {
		upper_serial(m, u, half, columns);
		CALL_ENDS();
		upper_serial(at(m, half, 0), u, half, columns);
		CALL_ENDS();
	} else {
		upper_serial(m, u, rows, h);
		CALL_ENDS();
		schur_serial(at(m, 0, h), m, at(u, 0, h), h);
		upper_serial(at(m, 0, h), at(u, h, h), rows, h);
		CALL_ENDS();
	}
}

NOINLINE static void lu_serial(block *m, int n)
{
	const int h = n / 2;

	if (n == 1) {
		factor_block(*m);
		return;
	}
	lu_serial(m, h);
	CALL_ENDS();
	lower_serial(at(m, 0, h), m, h, h);
	upper_serial(at(m, h, 0), m, h, h);
	schur_serial(at(m, h, h), at(m, h, 0), at(m, 0, h), h);
	lu_serial(at(m, h, h), h);
	CALL_ENDS();
}

/* ---- the same with tasks -------------------------------------------------------------------- */

FILCH_VOID_TASK4(schur, block *, m, block *, a, block *, b, int, n)
{
	const int h = n / 2;
	FILCH_RECORD(schur) next[3];

	if (n == 1) {
		schur_block(*m, *a, *b);
		return;
	}
	for (int k = 0; k < n; k += h) {
		FILCH_FORK(next[0], schur, at(m, h, h), at(a, h, k), at(b, k, h), h);
		FILCH_FORK(next[1], schur, at(m, h, 0), at(a, h, k), at(b, k, 0), h);
		FILCH_FORK(next[2], schur, at(m, 0, h), at(a, 0, k), at(b, k, h), h);
		FILCH_CALL(schur, m, at(a, 0, k), at(b, k, 0), h);
		for (int q = 3; q--;)
			FILCH_JOIN(next[q], schur);
	}
}

FILCH_VOID_TASK4(lower, block *, m, block *, l, int, rows, int, columns)
{
	const int h = rows / 2, half = columns / 2;
	FILCH_RECORD(lower) right;

	if (rows == 1 && columns == 1) {
		lower_block(*m, *l);
	} else if (columns == rows) {
		FILCH_FORK(right, lower, at(m, 0, half), l, rows, half);
		FILCH_CALL(lower, m, l, rows, half);
		FILCH_JOIN(right, lower);
	} else {
		FILCH_CALL(lower, m, l, h, columns);
		FILCH_CALL(schur, at(m, h, 0), at(l, h, 0), m, h);
		FILCH_CALL(lower, at(m, h, 0), at(l, h, h), h, columns);
	}
}

FILCH_VOID_TASK4(upper, block *, m, block *, u, int, rows, int, columns)
{
	const int h = columns / 2, half = rows / 2;
	FILCH_RECORD(upper) below;

	if (rows == 1 && columns == 1) {
		upper_block(*m, *u);
	} else if (rows == columns) {
		FILCH_FORK(below, upper, at(m, half, 0), u, half, columns);
		FILCH_CALL(upper, m, u, half, columns);
		FILCH_JOIN(below, upper);
	} else {
		FILCH_CALL(upper, m, u, rows, h);
		FILCH_CALL(schur, at(m, 0, h), m, at(u, 0, h), h);
		FILCH_CALL(upper, at(m, 0, h), at(u, h, h), rows, h);
	}
}

FILCH_VOID_TASK2(lu, block *, m, int, n)
{
	const int h = n / 2;
	FILCH_RECORD(upper) below;

	if (n == 1) {
		factor_block(*m);
		return;
	}
	FILCH_CALL(lu, m, h);
	FILCH_FORK(below, upper, at(m, h, 0), m, h, h);
	FILCH_CALL(lower, at(m, 0, h), m, h, h);
	FILCH_JOIN(below, upper);
	FILCH_CALL(schur, at(m, h, h), at(m, h, 0), at(m, 0, h), h);
	FILCH_CALL(lu, at(m, h, h), h);
}

/* ---- the matrix before and after ------------------------------------------------------------ */

static inline size_t lu_numbers(void)
{
	return (size_t)blocks * (size_t)blocks * LU_BLOCK * LU_BLOCK;
}

static inline double *element(block *m, int i, int k)
{
	return &(*at(m, i / LU_BLOCK, k / LU_BLOCK))[i % LU_BLOCK][k % LU_BLOCK];
}

static int lu_prepare(int size)
{
	uint64_t state = 1;

	if (blocks == size / LU_BLOCK)
		return 0;
	blocks = size / LU_BLOCK;
	factors = arrays_renew(factors, lu_numbers());
	original = arrays_renew(original, lu_numbers());
	if (!factors || !original) {
		blocks = 0;
		return -1;
	}
	for (int i = 0; i < size; i++)
		for (int k = 0; k < size; k++)
			*element(original, i, k) =
				(double)(arrays_random(&state) % 1000) / 1000 + (i == k ? size : 0);
	return 0;
}

static void lu_reset(void)
{
	memcpy(factors, original, lu_numbers() * sizeof(double));
}

/* One number of l * u, minus that of the original. */
static double lu_error(int i, int k)
{
	double sum = i <= k ? *element(factors, i, k) : 0;

	for (int j = 0; j < i && j <= k; j++)
		sum += *element(factors, i, j) * *element(factors, j, k);
	return sum - *element(original, i, k);
}

/* Some numbers of each row are looked at; an error in one block goes on into all that follow. */
static double lu_outcome(void)
{
	const int n = blocks * LU_BLOCK;

	for (int i = 0; i < n; i++)
		for (int k = i % 37; k < n; k += 37)
			if (__builtin_fabs(lu_error(i, k)) > 1e-9 * n)
				return PROGRAM_WRONG;
	return arrays_digest(factors, lu_numbers());
}

static double lu_serial_run(int size)
{
	lu_serial(factors, size / LU_BLOCK);
	return 0;
}

static double lu_typed_run(filch_worker *w, int size)
{
	FILCH_ENTER(w, lu, factors, size / LU_BLOCK);
	return 0;
}

const struct program program_lu = {
	.name = "lu",
	.size = 1024,
	.small = 64,
	.one = 1.05,
	.two = 0.54,
	.prepare = lu_prepare,
	.reset = lu_reset,
	.outcome = lu_outcome,
	.serial = lu_serial_run,
	.typed = lu_typed_run,
};
