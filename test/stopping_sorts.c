/* SPDX-License-Identifier: MIT */
/*
 * Sorts, and what calls nothing of the program's, are stopped at any time; see stopping.h.
 */
#include "stopping.h"

TestSuite(stopping_sorts, .timeout = 300);

enum { N = 12000, MANY = 70000 };

static uint32_t numbers[2 * MANY], mixed[2 * MANY], others[2 * MANY];

/* 0 .. n - 1, in no order. */
static void shuffle(uint32_t *x, size_t n)
{
	uint64_t seed = n;

	for (uint32_t i = 0; i < n; i++)
		x[i] = i;
	for (size_t i = n; i > 1; i--) {
		const size_t k = random_below(&seed, i);
		const uint32_t last = x[i - 1];

		x[i - 1] = x[k];
		x[k] = last;
	}
}

/* ---- by comparisons --------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b, void *ctx)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	step(ctx);
	return (x > y) - (x < y);
}

static int check_sorted(const uint32_t *x, size_t n, int code)
{
	if (!code)
		cr_assert(memcmp(x, numbers, n * sizeof *x) == 0);
	expect_all(x, n);
	return code;
}

static int sort_of(filch_pool *pool, struct stop *s, const struct filch_options *o, size_t n)
{
	shuffle(others, n);
	return check_sorted(others, n,
	                    filch_sort(pool, others, n, sizeof *others, by_number, s, o));
}

static int sort(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	return sort_of(pool, s, o, N);
}

static int sort_many(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	return sort_of(pool, s, o, MANY);
}

/* The even ones and the odd ones. */
static int merge(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	int code;

	for (uint32_t i = 0; i < 2 * MANY; i++)
		mixed[i] = i < MANY ? 2 * i : 2 * (i - MANY) + 1;
	code = filch_merge(pool, mixed, MANY, mixed + MANY, MANY, others, sizeof *others, by_number,
	                   s, o);
	if (!code)
		cr_assert(memcmp(others, numbers, sizeof others) == 0);
	return code;
}

static int sort_poor(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	int code;

	shuffle(others, N);
	fail_memory(1, true);
	code = filch_sort(pool, others, N, sizeof *others, by_number, s, o);
	fail_no_more();
	return check_sorted(others, N, code);
}

/* ---- by bits ------------------------------------------------------------------------------------ */

/* The numbers as those of another type, and back. */
#define SORT(name, type)                                                                           \
	static int sort_##name(filch_pool *pool, struct stop *s, const struct filch_options *o)    \
	{                                                                                          \
		static type x[MANY];                                                               \
		int code;                                                                          \
                                                                                                   \
		(void)s;                                                                           \
		for (size_t i = 0; i < MANY; i++)                                                  \
			x[i] = (type)mixed[i];                                                     \
		code = filch_sort_##name(pool, x, MANY, o);                                        \
		for (size_t i = 0; i < MANY; i++)                                                  \
			others[i] = (uint32_t)x[i];                                                \
		return check_sorted(others, MANY, code);                                           \
	}

SORT(i64, int64_t)
SORT(u64, uint64_t)
SORT(i32, int32_t)
SORT(u32, uint32_t)
SORT(f64, double)
SORT(f32, float)

static int strings(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	static const char *x[MANY];
	static char text[MANY][8];
	int code;

	(void)s;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof text[i], "%07u", (unsigned)mixed[i]);
		x[i] = text[i];
	}
	code = filch_sort_strings(pool, x, MANY, o);
	for (size_t i = 0; i < MANY; i++)
		others[i] = (uint32_t)strtoul(x[i], NULL, 10);
	return check_sorted(others, MANY, code);
}

/* ---- numbers that are added ----------------------------------------------------------------------- */

static int64_t wide[4 * MANY], sums[4 * MANY];
static double real[4 * MANY], real_sums[4 * MANY];

static int sum(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	int64_t all;
	const int code = filch_sum_i64(pool, wide, 4 * MANY, &all, o);

	(void)s;
	cr_assert(code || all == (int64_t)4 * MANY * (4 * MANY - 1) / 2);
	return code;
}

static int dot(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	double all;
	const int code = filch_dot_f64(pool, real, real, 4 * MANY, &all, o);

	(void)s;
	cr_assert(code || (all >= 4.0 * MANY && all <= 4.0 * MANY));
	return code;
}

static int greatest(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	int64_t value;
	size_t index;
	const int code = filch_max_i64(pool, wide, 4 * MANY, &value, &index, o);

	(void)s;
	cr_assert(code || (value == 4 * MANY - 1 && index == 4 * MANY - 1));
	return code;
}

static int scan_i64(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	const int code = filch_scan_i64(pool, wide, 4 * MANY, sums, false, o);
	bool good = true;

	(void)s;
	for (int64_t i = 0; i < 4 * MANY && !code; i++)
		good = good && sums[i] == i * (i + 1) / 2;
	cr_assert(good);
	return code;
}

static int scan_f64(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	const int code = filch_scan_f64(pool, real, 4 * MANY, real_sums, true, o);
	bool good = true;

	(void)s;
	for (size_t i = 0; i < 4 * MANY && !code; i++)
		good = good && (size_t)real_sums[i] == i;
	cr_assert(good);
	return code;
}

/* ---- all of them ------------------------------------------------------------------------------ */

static void fill(void)
{
	for (uint32_t i = 0; i < 2 * MANY; i++)
		numbers[i] = i;
	for (size_t i = 0; i < 4 * MANY; i++) {
		wide[i] = (int64_t)i;
		real[i] = 1;
	}
}

Test(stopping_sorts, by_comparisons_loses_nothing)
{
	static const struct algorithm algorithms[] = {
		{"sort", sort, 10 * N},
		{"sort of many", sort_many, 15 * MANY},
		{"sort without memory", sort_poor, 40 * N},
		{"merge", merge, 2 * MANY},
	};

	fill();
	stop_each(algorithms, COUNT_OF(algorithms));
}

Test(stopping_sorts, without_comparisons_loses_nothing)
{
	static const struct algorithm algorithms[] = {
		{"i64", sort_i64, 0},    {"u64", sort_u64, 0}, {"i32", sort_i32, 0},
		{"u32", sort_u32, 0},    {"f64", sort_f64, 0}, {"f32", sort_f32, 0},
		{"strings", strings, 0},
	};

	fill();
	shuffle(mixed, MANY);
	stop_each(algorithms, COUNT_OF(algorithms));
}

Test(stopping_sorts, of_sums_gives_no_half_of_one)
{
	static const struct algorithm algorithms[] = {
		{"sum", sum, 0},           {"dot", dot, 0},           {"greatest", greatest, 0},
		{"scan_i64", scan_i64, 0}, {"scan_f64", scan_f64, 0},
	};

	fill();
	stop_each(algorithms, COUNT_OF(algorithms));
}
