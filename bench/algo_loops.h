/* SPDX-License-Identifier: MIT */
#ifndef FILCH_BENCH_ALGO_LOOPS_H
#define FILCH_BENCH_ALGO_LOOPS_H
/*
 * What filch-algo holds the algorithms against: loops by hand, compiled as C at -O3 and never
 * inlined, and the same as OpenMP's users write them.  `lanes` are loops with eight accumulators, which
 * the compiler may then vectorise.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reductions ------------------------------------------------------------------------ */

/* Name, type of an element, type of a sum. */
#define ALGO_TYPES(_)                                                                              \
	_(f64, double, double)                                                                     \
	_(f32, float, double)                                                                      \
	_(i64, int64_t, int64_t)

/* The sum of all; the place of the first of the least, or of the greatest. */
#define ALGO_DECLARE_(name, T, A)                                                                  \
	A loop_sum_##name(const T *x, size_t n);                                                   \
	A lanes_sum_##name(const T *x, size_t n);                                                  \
	A openmp_sum_##name(const T *x, size_t n);                                                 \
	A loop_dot_##name(const T *x, const T *y, size_t n);                                       \
	A lanes_dot_##name(const T *x, const T *y, size_t n);                                      \
	A openmp_dot_##name(const T *x, const T *y, size_t n);                                     \
	size_t loop_min_##name(const T *x, size_t n);                                              \
	size_t lanes_min_##name(const T *x, size_t n);                                             \
	size_t openmp_min_##name(const T *x, size_t n);                                            \
	size_t loop_max_##name(const T *x, size_t n);                                              \
	size_t lanes_max_##name(const T *x, size_t n);                                             \
	size_t openmp_max_##name(const T *x, size_t n);
ALGO_TYPES(ALGO_DECLARE_)
#undef ALGO_DECLARE_

/* ---- scans ------------------------------------------------------------------------------- */

void loop_scan_f64(const double *x, size_t n, double *out);
void loop_scan_i64(const int64_t *x, size_t n, int64_t *out);

/* x becomes a x + b: what can be put one after the other, but not the other way round. */
struct affine {
	uint64_t a, b;
};

/* First f, then g. */
static inline struct affine affine_after(struct affine f, struct affine g)
{
	const struct affine both = {f.a * g.a, f.b * g.a + g.b};

	return both;
}

/* Exclusive; by a function that the compiler sees, and by one that it does not. */
void loop_scan_affine(const struct affine *x, size_t n, struct affine *out);
void loop_scan_by(void (*join)(void *ctx, void *left, const void *right), void *ctx,
                  const struct affine *x, size_t n, struct affine *out);

/* ---- picking ------------------------------------------------------------------------------- */

enum { ALGO_BINS = 256, ALGO_HALF = 1 << 20, ALGO_NOWHERE = -1 };

static inline bool is_low(int64_t x)
{
	return x < ALGO_HALF;
}

size_t loop_filter(const int64_t *x, size_t n, int64_t *out);
size_t loop_find(const int64_t *x, size_t n, int64_t value);
size_t loop_count(const int64_t *x, size_t n);
size_t openmp_count(const int64_t *x, size_t n);
void loop_histogram(const uint32_t *keys, size_t n, size_t *counts);
void openmp_histogram(const uint32_t *keys, size_t n, size_t *counts);

/* ---- and ------------------------------------------------------------------------------------- */

void loop_merge(int (*compare)(const void *a, const void *b, void *ctx), void *ctx,
                const int64_t *a, size_t na, const int64_t *b, size_t nb, int64_t *out);

/* Cells from begin[] to end[] - 1 doubled, row after row, of an array with so many rows and columns. */
void loop_cells2(const int64_t *x, size_t columns, const size_t *begin, const size_t *end,
                 int64_t *out);
void loop_cells3(const int64_t *x, size_t rows, size_t columns, const size_t *begin,
                 const size_t *end, int64_t *out);

#ifdef __cplusplus
}
#endif

#endif
