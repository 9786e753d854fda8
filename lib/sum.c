/* SPDX-License-Identifier: MIT */
/*
 * Sums and dot products of arrays.  A block is added in 16 lanes, whose sums are added in pairs;
 * so are the blocks.  The lanes are spelt out as vectors of two, which is what every compiler of
 * ours makes good code of at -O2; how wide the machine's vectors are changes nothing.
 */
#include "reduce_array.h"

#include <string.h>

enum { SUM_LANES = 16, SUM_BLOCK = 1024 };

/* ---- a block of doubles ---------------------------------------------------------------- */

typedef double pair_f64 __attribute__((vector_size(16)));
typedef float pair_f32 __attribute__((vector_size(8)));
typedef uint64_t pair_u64 __attribute__((vector_size(16)));

#define SUM_INLINE static inline __attribute__((always_inline))

enum summands { SUM_F64, SUM_F32, DOT_F64, DOT_F32 };

SUM_INLINE pair_f64 pair_of_f64(const void *x, size_t i)
{
	pair_f64 v;

	memcpy(&v, (const double *)x + i, sizeof v);
	return v;
}

SUM_INLINE pair_f64 pair_of_f32(const void *x, size_t i)
{
	pair_f32 v;

	memcpy(&v, (const float *)x + i, sizeof v);
	return __builtin_convertvector(v, pair_f64);
}

/* Summands i and i + 1. */
SUM_INLINE pair_f64 summands(enum summands kind, const struct array *a, size_t i)
{
	switch (kind) {
	case SUM_F64:
		return pair_of_f64(a->x, i);
	case SUM_F32:
		return pair_of_f32(a->x, i);
	case DOT_F64:
		return pair_of_f64(a->x, i) * pair_of_f64(a->y, i);
	default:
		return pair_of_f32(a->x, i) * pair_of_f32(a->y, i);
	}
}

SUM_INLINE double summand(enum summands kind, const struct array *a, size_t i)
{
	switch (kind) {
	case SUM_F64:
		return ((const double *)a->x)[i];
	case SUM_F32:
		return ((const float *)a->x)[i];
	case DOT_F64:
		return ((const double *)a->x)[i] * ((const double *)a->y)[i];
	default:
		return (double)((const float *)a->x)[i] * ((const float *)a->y)[i];
	}
}

/* The same if there are two; else the one there is, and 0, which changes no lane: none is -0. */
SUM_INLINE pair_f64 summands_left(enum summands kind, const struct array *a, size_t i, size_t n)
{
	const pair_f64 one = {n == 1 ? summand(kind, a, i) : 0, 0};

	return n == 1 ? one : summands(kind, a, i);
}

/* Sixteen more, from i on. */
#define SUM_STEP(kind, a, i)                                                                       \
	do {                                                                                       \
		s0 += summands(kind, a, i), s1 += summands(kind, a, (i) + 2);                      \
		s2 += summands(kind, a, (i) + 4), s3 += summands(kind, a, (i) + 6);                \
		s4 += summands(kind, a, (i) + 8), s5 += summands(kind, a, (i) + 10);               \
		s6 += summands(kind, a, (i) + 12), s7 += summands(kind, a, (i) + 14);              \
	} while (0)

/* And for pair k of the last n < 16, if there is one. */
#define SUM_LEFT(s, kind, a, i, n, k)                                                              \
	do {                                                                                       \
		if ((n) > 2 * (k))                                                                 \
			s += summands_left(kind, a, (i) + 2 * (k), (n)-2 * (k));                   \
	} while (0)

SUM_INLINE double sum_block(enum summands kind, const struct array *a, size_t begin, size_t n)
{
	pair_f64 s0 = {0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
	const size_t left = n % SUM_LANES, whole = begin + n - left;

	for (size_t i = begin; i < whole; i += SUM_LANES)
		SUM_STEP(kind, a, i);
	if (left) {
		SUM_LEFT(s0, kind, a, whole, left, 0);
		SUM_LEFT(s1, kind, a, whole, left, 1);
		SUM_LEFT(s2, kind, a, whole, left, 2);
		SUM_LEFT(s3, kind, a, whole, left, 3);
		SUM_LEFT(s4, kind, a, whole, left, 4);
		SUM_LEFT(s5, kind, a, whole, left, 5);
		SUM_LEFT(s6, kind, a, whole, left, 6);
		SUM_LEFT(s7, kind, a, whole, left, 7);
	}
	s0 = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
	return s0[0] + s0[1];
}

/* ---- an array of doubles ------------------------------------------------------------------ */

typedef double sum_block_fn(const struct array *a, size_t begin, size_t n);

static double sum_pairwise(sum_block_fn *block, const struct array *a, size_t begin, size_t n)
{
	size_t half = SUM_BLOCK;

	if (n <= SUM_BLOCK)
		return block(a, begin, n);
	while (half < n - half)
		half *= 2;
	return sum_pairwise(block, a, begin, half) + sum_pairwise(block, a, begin + half, n - half);
}

static void sum_join(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(double *)left += *(const double *)right;
}

/* Each is a function of its own, and what it costs is remembered apart. */
#define SUM_KIND(name, kind)                                                                       \
	static double name##_block(const struct array *a, size_t begin, size_t n)                  \
	{                                                                                          \
		return sum_block(kind, a, begin, n);                                               \
	}                                                                                          \
	static int name##_body(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)    \
	{                                                                                          \
		(void)w;                                                                           \
		*(double *)acc = sum_pairwise(name##_block, ctx, begin, end - begin);              \
		return 0;                                                                          \
	}                                                                                          \
	static const struct filch_reducer name = {                                                 \
		.size = sizeof(double), .body = name##_body, .join = sum_join};

SUM_KIND(sum_of_f64, SUM_F64)
SUM_KIND(sum_of_f32, SUM_F32)
SUM_KIND(dot_of_f64, DOT_F64)
SUM_KIND(dot_of_f32, DOT_F32)

/* ---- an array of integers ------------------------------------------------------------------- */

static uint64_t sum_left_i64(const int64_t *x, size_t n)
{
	uint64_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += (uint64_t)x[i];
	return s;
}

SUM_INLINE pair_u64 pair_of_i64(const int64_t *x)
{
	pair_u64 v;

	memcpy(&v, x, sizeof v);
	return v;
}

static int sum_i64_body(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	const int64_t *x = (const int64_t *)((const struct array *)ctx)->x + begin;
	pair_u64 s0 = {0}, s1 = s0, s2 = s0, s3 = s0;
	size_t n = end - begin;

	(void)w;
	for (; n >= 8; n -= 8, x += 8) {
		s0 += pair_of_i64(x), s1 += pair_of_i64(x + 2);
		s2 += pair_of_i64(x + 4), s3 += pair_of_i64(x + 6);
	}
	s0 += s1 + s2 + s3;
	*(uint64_t *)acc = s0[0] + s0[1] + sum_left_i64(x, n);
	return 0;
}

static int dot_i64_body(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	const uint64_t *x = (const uint64_t *)((const struct array *)ctx)->x;
	const uint64_t *y = (const uint64_t *)((const struct array *)ctx)->y;
	uint64_t s0 = 0, s1 = 0;

	(void)w;
	for (; begin + 2 <= end; begin += 2) {
		s0 += x[begin] * y[begin];
		s1 += x[begin + 1] * y[begin + 1];
	}
	*(uint64_t *)acc = s0 + s1 + (begin < end ? x[begin] * y[begin] : 0);
	return 0;
}

static void sum_i64_join(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(uint64_t *)left += *(const uint64_t *)right;
}

static const struct filch_reducer sum_of_i64 = {
	.size = sizeof(int64_t), .body = sum_i64_body, .join = sum_i64_join};
static const struct filch_reducer dot_of_i64 = {
	.size = sizeof(int64_t), .body = dot_i64_body, .join = sum_i64_join};

/* ---- the calls ---------------------------------------------------------------------------------- */

static int sum(filch_pool *pool, const struct filch_reducer *kind, const void *x, const void *y,
               size_t bytes, size_t n, void *out, const struct filch_options *options)
{
	struct array a = {x, y};

	if (!out || !array_fits(x, n, bytes) || !array_fits(y, n, bytes))
		return FILCH_EINVAL;
	return array_reduce(pool, kind, &a, n, out, options);
}

int filch_sum_f64(filch_pool *pool, const double *x, size_t n, double *out,
                  const struct filch_options *options)
{
	return sum(pool, &sum_of_f64, x, x, sizeof *x, n, out, options);
}

int filch_sum_f32(filch_pool *pool, const float *x, size_t n, double *out,
                  const struct filch_options *options)
{
	return sum(pool, &sum_of_f32, x, x, sizeof *x, n, out, options);
}

int filch_sum_i64(filch_pool *pool, const int64_t *x, size_t n, int64_t *out,
                  const struct filch_options *options)
{
	return sum(pool, &sum_of_i64, x, x, sizeof *x, n, out, options);
}

int filch_dot_f64(filch_pool *pool, const double *x, const double *y, size_t n, double *out,
                  const struct filch_options *options)
{
	return sum(pool, &dot_of_f64, x, y, sizeof *x, n, out, options);
}

int filch_dot_f32(filch_pool *pool, const float *x, const float *y, size_t n, double *out,
                  const struct filch_options *options)
{
	return sum(pool, &dot_of_f32, x, y, sizeof *x, n, out, options);
}

int filch_dot_i64(filch_pool *pool, const int64_t *x, const int64_t *y, size_t n, int64_t *out,
                  const struct filch_options *options)
{
	return sum(pool, &dot_of_i64, x, y, sizeof *x, n, out, options);
}
