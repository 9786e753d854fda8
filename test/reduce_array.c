/* SPDX-License-Identifier: MIT */
/* Sums, dot products, and extremes of arrays, against loops. */
#include "support.h"

#include <criterion/criterion.h>
#include <filch/reduce.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 300000 };

static const size_t sizes[] = {0,    1,    2,     3,     7,     8,      9,       15,
                               16,   17,   31,    255,   256,   257,    511,     1024,
                               513,  1023, 1024,  1025,  1535,  5000,   8191,    8192,
                               8193, 8703, 16384, 16385, 20000, 100001, MOST - 1};

static double *f64;
static float *f32;
static int64_t *i64;
static filch_pool *pools[9];

static void setup(void)
{
	uint64_t seed = test_seed();

	f64 = malloc(MOST * sizeof *f64);
	f32 = malloc(MOST * sizeof *f32);
	i64 = malloc(MOST * sizeof *i64);
	for (size_t i = 0; i < MOST; i++) {
		f64[i] = ((double)(random_next(&seed) >> 11) / 9007199254740992.0 - 0.5) *
		         (double)(1 + random_below(&seed, 1000));
		f32[i] = (float)f64[i];
		i64[i] = (int64_t)random_next(&seed);
	}
	for (unsigned w = 1; w <= 8; w++)
		pools[w] = pool_of(w);
}

static void teardown(void)
{
	for (unsigned w = 1; w <= 8; w++)
		pool_close(pools[w]);
	free(f64);
	free(f32);
	free(i64);
}

TestSuite(reduce_array, .init = setup, .fini = teardown, .timeout = 120);

/* ---- sums -------------------------------------------------------------------------------- */

/* What the header says is added to what. */
static double block_in_pairs(const double *x, size_t n)
{
	double s[16] = {0}, even, odd;

	for (size_t i = 0; i < n; i++)
		s[i % 16] += x[i];
	even = ((s[0] + s[8]) + (s[4] + s[12])) + ((s[2] + s[10]) + (s[6] + s[14]));
	odd = ((s[1] + s[9]) + (s[5] + s[13])) + ((s[3] + s[11]) + (s[7] + s[15]));
	return even + odd;
}

static double pairwise(const double *x, size_t n)
{
	size_t half = 1024;

	if (n <= 1024)
		return block_in_pairs(x, n);
	while (half < n - half)
		half *= 2;
	return pairwise(x, half) + pairwise(x + half, n - half);
}

static bool same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* A sum of these summands by each of the pools, with and without options. */
static void expect_sums(size_t n, const double *summands, double one, filch_pool *pool)
{
	cr_assert(same_bits(one, pairwise(summands, n)), "of %zu, by %u", n,
	          pool ? filch_pool_width(pool) : 0);
}

Test(reduce_array, adds_as_the_header_says_at_every_width)
{
	double *x = malloc(MOST * sizeof *x);

	for (size_t k = 0; k < COUNT_OF(sizes); k++)
		for (unsigned w = 0; w <= 8; w++) {
			const size_t n = sizes[k];
			filch_pool *pool = w ? pools[w] : NULL;
			double out = 9;

			cr_assert_eq(filch_sum_f64(pool, f64 + 1, n, &out, NULL), 0);
			expect_sums(n, f64 + 1, out, pool);
			cr_assert_eq(filch_sum_f64(pool, f64, n, &out, FILCH(.chunk = 10000)), 0);
			expect_sums(n, f64, out, pool);
			for (size_t i = 0; i < n; i++)
				x[i] = f32[i];
			cr_assert_eq(filch_sum_f32(pool, f32, n, &out, NULL), 0);
			expect_sums(n, x, out, pool);
			for (size_t i = 0; i < n; i++)
				x[i] = f64[i] * f64[MOST - n + i];
			cr_assert_eq(filch_dot_f64(pool, f64, f64 + MOST - n, n, &out, NULL), 0);
			expect_sums(n, x, out, pool);
			for (size_t i = 0; i < n; i++)
				x[i] = (double)f32[i] * f32[MOST - n + i];
			cr_assert_eq(filch_dot_f32(pool, f32, f32 + MOST - n, n, &out, NULL), 0);
			expect_sums(n, x, out, pool);
		}
	free(x);
}

Test(reduce_array, has_the_same_bits_when_leaves_are_larger)
{
	enum { N = 9000001 }; /* above 1024 leaves of 8192 */
	double *x = malloc(N * sizeof *x), out;

	for (size_t i = 0; i < N; i++)
		x[i] = f64[i % MOST] + (double)i;
	for (unsigned w = 1; w <= 8; w += 3) {
		cr_assert_eq(filch_sum_f64(pools[w], x, N, &out, NULL), 0);
		cr_assert(same_bits(out, pairwise(x, N)));
	}
	free(x);
}

Test(reduce_array, sums_are_more_exact_than_a_loop)
{
	double *x = malloc(MOST * sizeof *x), naive = 0, out;

	for (size_t i = 0; i < MOST; i++)
		naive += x[i] = 0.1;
	cr_assert_eq(filch_sum_f64(NULL, x, MOST, &out, NULL), 0);
	cr_expect_lt(out > 30000 ? out - 30000 : 30000 - out, 1e-10);
	cr_expect_gt(naive > 30000 ? naive - 30000 : 30000 - naive, 1e-10);
	free(x);
}

Test(reduce_array, of_integers_is_exact_and_wraps)
{
	for (size_t k = 0; k < COUNT_OF(sizes); k++)
		for (unsigned w = 0; w <= 8; w++) {
			const size_t n = sizes[k];
			const int64_t *y = i64 + (MOST - n);
			uint64_t sum = 0, dot = 0;
			int64_t out = 1;

			for (size_t i = 0; i < n; i++) {
				sum += (uint64_t)i64[i];
				dot += (uint64_t)i64[i] * (uint64_t)y[i];
			}
			cr_assert_eq(filch_sum_i64(w ? pools[w] : NULL, i64, n, &out, NULL), 0);
			cr_assert_eq((uint64_t)out, sum);
			cr_assert_eq(filch_dot_i64(w ? pools[w] : NULL, i64, y, n, &out, NULL), 0);
			cr_assert_eq((uint64_t)out, dot);
		}
}

/* ---- extremes ------------------------------------------------------------------------------ */

#define NAN_OF(T) ((T)(__builtin_inf() - __builtin_inf()))
#define INF_OF(T) ((T)__builtin_inf())

/* The loop of the header. */
#define EXPECT_EXTREME(NAME, T, BEFORE, pool, x, n)                                                \
	do {                                                                                       \
		size_t index = (n), found = 7;                                                     \
		T value = 5;                                                                       \
                                                                                                   \
		for (size_t i = 0; i < (n); i++)                                                   \
			if ((x)[i] == (x)[i] && (index == (n) || (x)[i] BEFORE(x)[index]))         \
				index = i;                                                         \
		cr_assert_eq(NAME(pool, x, n, &value, &found, NULL), 0);                           \
		cr_assert_eq(found, index, #NAME " of %zu", (size_t)(n));                          \
		if (index < (n))                                                                   \
			cr_assert_arr_eq(&value, &(x)[index], sizeof value);                       \
		else                                                                               \
			cr_assert_eq(value, 5);                                                    \
	} while (0)

#define EXPECT_EXTREMES(T, suffix, pool, x, n)                                                     \
	do {                                                                                       \
		EXPECT_EXTREME(filch_min_##suffix, T, <, pool, x, n);                              \
		EXPECT_EXTREME(filch_max_##suffix, T, >, pool, x, n);                              \
	} while (0)

static void expect_extremes(filch_pool *pool, size_t n)
{
	EXPECT_EXTREMES(double, f64, pool, f64, n);
	EXPECT_EXTREMES(float, f32, pool, f32, n);
	EXPECT_EXTREMES(int64_t, i64, pool, i64, n);
}

Test(reduce_array, finds_the_first_of_the_extremes_at_every_width)
{
	for (size_t k = 0; k < COUNT_OF(sizes); k++)
		for (unsigned w = 0; w <= 8; w++)
			expect_extremes(w ? pools[w] : NULL, sizes[k]);
}

/* Few different values: all that matters are ties, zeros, infinities and NaNs. */
static void fill_hostile(uint64_t *seed, size_t n, size_t kinds)
{
	const double some[] = {NAN_OF(double), INF_OF(double), -INF_OF(double), 0.0, -0.0, 1, -1};
	const int64_t ints[] = {INT64_MAX, INT64_MIN, 0, 1, -1, INT64_MAX, INT64_MIN};
	const size_t from = random_below(seed, 8 - kinds);

	for (size_t i = 0; i < n; i++) {
		const size_t k = from + random_below(seed, kinds);

		f64[i] = some[k];
		f32[i] = (float)some[k];
		i64[i] = ints[k];
	}
}

Test(reduce_array, passes_over_nans_and_takes_the_first_of_equals)
{
	uint64_t seed = test_seed();

	for (size_t round = 0; round < scaled(300, 30); round++) {
		const size_t n = round % 2 ? random_below(&seed, 600) : random_below(&seed, 30000);

		fill_hostile(&seed, n, 1 + round % 7);
		expect_extremes(pools[1 + round % 8], n);
		expect_extremes(NULL, n);
	}
}

Test(reduce_array, finds_extremes_in_what_is_sorted)
{
	for (int down = 0; down < 2; down++) {
		for (size_t i = 0; i < MOST; i++) {
			i64[i] = down ? -(int64_t)(i / 3) : (int64_t)(i / 3);
			f64[i] = (double)i64[i];
			f32[i] = (float)i64[i];
		}
		for (size_t k = 0; k < COUNT_OF(sizes); k++)
			expect_extremes(pools[1 + k % 8], sizes[k]);
	}
}

Test(reduce_array, may_be_asked_for_value_or_place_alone)
{
	double value = 0;
	size_t index = 0;

	f64[700] = -1e9;
	cr_expect_eq(filch_min_f64(NULL, f64, 1000, &value, NULL, NULL), 0);
	cr_expect_eq(value, -1e9);
	cr_expect_eq(filch_min_f64(NULL, f64, 1000, NULL, &index, NULL), 0);
	cr_expect_eq(index, 700);
	cr_expect_eq(filch_min_f64(NULL, f64, 1000, NULL, NULL, NULL), 0);
}

/* ---- what all share -------------------------------------------------------------------------- */

Test(reduce_array, without_arrays_or_with_more_than_memory_is_refused)
{
	double out = 4;
	int64_t whole;
	size_t index;

	cr_expect_eq(filch_sum_f64(NULL, NULL, 1, &out, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sum_f64(NULL, f64, 1, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sum_f64(NULL, f64, SIZE_MAX / 8 + 1, &out, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sum_f32(NULL, f32, SIZE_MAX / 4 + 1, &out, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sum_i64(NULL, i64, SIZE_MAX, &whole, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_dot_f64(NULL, f64, NULL, 1, &out, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_min_f64(NULL, NULL, 1, &out, &index, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_max_f32(NULL, f32, SIZE_MAX, NULL, &index, NULL), FILCH_EINVAL);
	cr_expect_eq(out, 4);
	cr_expect_eq(filch_sum_f64(NULL, NULL, 0, &out, NULL), 0);
	cr_expect_eq(out, 0);
	cr_expect_eq(filch_min_f64(NULL, NULL, 0, &out, &index, NULL), 0);
	cr_expect_eq(index, 0);
}

Test(reduce_array, can_be_cancelled_and_reported)
{
	filch_cancel cancelled = {0};
	struct filch_report report;
	double out;

	cr_expect_eq(filch_sum_f64(NULL, f64, 100001, &out, FILCH(.report = &report)), 0);
	cr_expect_eq(report.items, 100001);
	cr_expect_geq(report.chunk_min, 100001 % 8192);
	cr_expect_leq(report.chunk_max, 100001);
	filch_cancel_now(&cancelled);
	cr_expect_eq(filch_sum_f64(NULL, f64, 100001, &out, FILCH(.cancel = &cancelled)),
	             FILCH_ECANCELED);
	cr_expect_eq(filch_min_f64(NULL, f64, 10, &out, NULL, FILCH(.cancel = &cancelled)),
	             FILCH_ECANCELED);
}
