/* SPDX-License-Identifier: MIT */
/* filch_sort_i64() and the others: the one order that there is, to the bit. */
#include "support.h"

#include <filch/sort.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(sort_typed, .timeout = 300);

static const size_t counts[] = {0,    1,    2,    3,     23,    24,    25,    64,     100,   1000,
                                1024, 1025, 2049, 10007, 65535, 65536, 65537, 131073, 300000};

enum shape {
	RANDOM,
	NARROW,
	EQUAL,
	SORTED,
	REVERSED,
	PIPE,
	STEPS,
	POWERS,
	TWO_ENDS,
	MOSTLY,
	ZEROS,
	NAN_FIRST,
	SHAPES
};

static uint64_t bits_for(enum shape shape, size_t i, size_t n, uint64_t *seed)
{
	switch (shape) {
	case RANDOM:
		return random_next(seed);
	case NARROW:
		return 0x3ff0000000000000u + random_below(seed, 1000);
	case SORTED:
		return (uint64_t)i * 0x100000001u;
	case REVERSED:
		return (uint64_t)(n - i) * 0x100000001u;
	case PIPE:
		return (uint64_t)(i < n / 2 ? i : n - i) * 0x100000001u;
	case STEPS: /* four that rise, or fall */
		return (i * 4 / (n + 1) % 2 ? i % (n / 4 + 1) : n - i) * 0x100000001u;
	case ZEROS: /* in order but for their signs */
		return i % 1000 == 777 ? 0x8000000080000000u : 0;
	case NAN_FIRST: /* in order but for the one that belongs to the end */
		return i ? (uint64_t)i * 0x100000001u : 0xfff80000fff80000u;
	case POWERS:
		return (uint64_t)1 << random_below(seed, 64);
	case TWO_ENDS:
		return random_below(seed, 2) ? UINT64_MAX - random_below(seed, 3)
		                             : random_below(seed, 3);
	case MOSTLY:
		return (uint64_t)(random_below(seed, 100) ? i : random_below(seed, n)) << 20;
	default:
		return 42;
	}
}

/* ---- each type: what sorts it, and the order that it promises ------------------------------ */

struct type {
	const char *name;
	size_t size;
	int (*sort)(filch_pool *pool, void *x, size_t n, const struct filch_options *options);
	int (*compare)(const void *a, const void *b);
};

#define INTEGER(name, type)                                                                        \
	static int sort_##name(filch_pool *pool, void *x, size_t n,                                \
	                       const struct filch_options *options)                                \
	{                                                                                          \
		return filch_sort_##name(pool, x, n, options);                                     \
	}                                                                                          \
	static int by_##name(const void *a, const void *b)                                         \
	{                                                                                          \
		type x = *(const type *)a, y = *(const type *)b;                                   \
		return (x > y) - (x < y);                                                          \
	}

/* NaNs last, those with a sign at the very end and their bits falling; -0 before +0. */
#define FLOATING(name, type, bits)                                                                 \
	static int sort_##name(filch_pool *pool, void *x, size_t n,                                \
	                       const struct filch_options *options)                                \
	{                                                                                          \
		return filch_sort_##name(pool, x, n, options);                                     \
	}                                                                                          \
	static int by_##name(const void *a, const void *b)                                         \
	{                                                                                          \
		type x, y;                                                                         \
		bits i, j;                                                                         \
		memcpy(&x, a, sizeof x), memcpy(&y, b, sizeof y);                                  \
		memcpy(&i, a, sizeof i), memcpy(&j, b, sizeof j);                                  \
		if (x != x && y != y && (i ^ j) >> (8 * sizeof i - 1) == 0)                        \
			return i >> (8 * sizeof i - 1) ? (i < j) - (i > j) : (i > j) - (i < j);    \
		if (x != x && y != y)                                                              \
			return (i > j) - (i < j);                                                  \
		if (x != x || y != y)                                                              \
			return x != x ? 1 : -1;                                                    \
		if (x < y || x > y)                                                                \
			return x < y ? -1 : 1;                                                     \
		return (i < j) - (i > j);                                                          \
	}

INTEGER(i64, int64_t)
INTEGER(u64, uint64_t)
INTEGER(i32, int32_t)
INTEGER(u32, uint32_t)
FLOATING(f64, double, uint64_t)
FLOATING(f32, float, uint32_t)

static const struct type types[] = {
	{"i64", 8, sort_i64, by_i64}, {"u64", 8, sort_u64, by_u64}, {"i32", 4, sort_i32, by_i32},
	{"u32", 4, sort_u32, by_u32}, {"f64", 8, sort_f64, by_f64}, {"f32", 4, sort_f32, by_f32},
};

/* With some zeros, infinities and NaNs of either sign among them. */
static void *array_of(const struct type *t, size_t n, enum shape shape, uint64_t *seed)
{
	static const uint64_t odd[] = {0,
	                               0x7ff0u << 4,
	                               0x7ff8u << 4,
	                               0xfff8u << 4,
	                               0x8000u << 4,
	                               0xfff0u << 4,
	                               0x7f80u << 4,
	                               0xff80u << 4};
	char *x = malloc(n * t->size + t->size);

	cr_assert(x);
	for (size_t i = 0; i < n; i++) {
		uint64_t bits = bits_for(shape, i, n, seed);

		if (shape == RANDOM && random_below(seed, 10) == 0)
			bits = odd[random_below(seed, COUNT_OF(odd))] << 44;
		if (t->size == 4)
			bits >>= shape == RANDOM ? 32 : 0;
		memcpy(x + i * t->size, &bits, t->size);
	}
	memset(x + n * t->size, 0xa5, t->size);
	return x;
}

static void expect_sorted(const struct type *t, const char *x, const char *expected, size_t n,
                          enum shape shape)
{
	cr_assert(memcmp(x, expected, n * t->size) == 0, "%zu of %s, shape %d", n, t->name,
	          (int)shape);
	for (size_t i = 0; i < t->size; i++)
		cr_assert_eq((unsigned char)x[n * t->size + i], 0xa5);
}

static void check(filch_pool *pool, const struct type *t, size_t n, enum shape shape, bool poor,
                  uint64_t *seed)
{
	char *x = array_of(t, n, shape, seed), *expected = malloc(n * t->size + 1);

	cr_assert(expected);
	memcpy(expected, x, n * t->size);
	qsort(expected, n, t->size, t->compare);
	if (poor)
		fail_memory(1 + (unsigned)random_below(seed, 2), true);
	cr_assert_eq(t->sort(pool, x, n, NULL), 0);
	fail_no_more();
	expect_sorted(t, x, expected, n, shape);
	free(x);
	free(expected);
}

/* Of the counts and shapes one of so many. */
static void check_all(unsigned width, bool poor, unsigned of)
{
	uint64_t seed = test_seed();
	filch_pool *pool = pool_of(width);

	for (size_t k = 0; k < COUNT_OF(types); k++)
		for (size_t i = 0; i < COUNT_OF(counts); i++)
			for (enum shape shape = 0; shape < SHAPES; shape++)
				if ((shape + i + k) % (counts[i] < 60000 ? of : 4 * of) == 0)
					check(pool, &types[k], counts[i], shape, poor, &seed);
	pool_close(pool);
}

Test(sort_typed, is_the_serial_one_at_width_1)
{
	check_all(1, false, thinned());
}

Test(sort_typed, is_the_serial_one_at_width_2)
{
	check_all(2, false, thinned());
}

Test(sort_typed, is_the_serial_one_at_width_8)
{
	check_all(8, false, thinned());
}

Test(sort_typed, is_the_serial_one_at_the_widths_between)
{
	for (unsigned width = 3; width < 8; width++)
		check_all(width, false, 5 * thinned());
}

Test(sort_typed, needs_no_memory)
{
	check_all(2, true, thinned());
}

static void check_swapped(double *x, size_t n, size_t k)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (double)i;
	x[k - 1] = (double)k;
	x[k] = (double)(k - 1);
	cr_assert_eq(filch_sort_f64(NULL, x, n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		cr_assert(x[i] == (double)i, "%zu of %zu, swapped at %zu", i, n, k);
}

/* Also between the parts in which order is looked for, and between the stretches of a part. */
Test(sort_typed, sees_a_single_place_out_of_order)
{
	enum { FEW = 4500, MANY = 150000 };
	static double x[MANY];

	for (size_t k = 1; k < FEW; k += k < 100 ? 1 : 3 * thinned())
		check_swapped(x, FEW, k);
	for (size_t k = 2000; k < 2100; k += thinned())
		check_swapped(x, MANY, k);
}

Test(sort_typed, orders_zeros_infinities_and_nans)
{
	double x[7], y[7];
	static const uint64_t wanted[7] = {
		0xfff0000000000000u, 0xbff0000000000000u, 0x8000000000000000u, 0,
		0x7ff0000000000000u, 0x7ff8000000000001u, 0xfff8000000000000u};

	for (size_t i = 0; i < 7; i++)
		memcpy(&x[i], &wanted[i], sizeof *x);
	for (size_t turn = 0; turn < 7; turn++) {
		for (size_t i = 0; i < 7; i++)
			y[i] = x[(i * 3 + turn) % 7];
		cr_assert_eq(filch_sort_f64(NULL, y, 7, NULL), 0);
		cr_expect(memcmp(x, y, sizeof x) == 0);
	}
}

/* ---- options, and what makes no sense --------------------------------------------------------- */

Test(sort_typed, loses_no_element_when_it_is_cancelled_or_late)
{
	uint64_t seed = test_seed();
	const struct type *t = &types[0];

	for (uint64_t limit = 1000; limit < 30000000; limit *= 2) {
		size_t n = scaled(400000, 100000);
		char *x = array_of(t, n, RANDOM, &seed), *expected = malloc(n * t->size);
		int code;

		cr_assert(expected);
		memcpy(expected, x, n * t->size);
		code = t->sort(NULL, x, n, FILCH(.timeout_ns = limit));
		cr_expect(code == 0 || code == FILCH_ETIMEDOUT);
		if (code)
			qsort(x, n, t->size, t->compare);
		qsort(expected, n, t->size, t->compare);
		expect_sorted(t, x, expected, n, RANDOM);
		free(x);
		free(expected);
	}
}

Test(sort_typed, says_what_makes_no_sense)
{
	int64_t x[2] = {2, 1};
	filch_cancel token = {0};

	cr_expect_eq(filch_sort_i64(NULL, NULL, 2, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort_i64(NULL, x, SIZE_MAX / 4, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort_i64(NULL, x, 2, FILCH(.chunk = 1, .min_chunk = 1)), FILCH_EINVAL);
	filch_cancel_now(&token);
	cr_expect_eq(filch_sort_i64(NULL, x, 2, FILCH(.cancel = &token)), FILCH_ECANCELED);
	cr_expect(x[0] == 2 && x[1] == 1);
	cr_expect_eq(filch_sort_i64(NULL, NULL, 0, NULL), 0);
	cr_expect_eq(filch_sort_i64(NULL, x, 2, FILCH(.label = "sort")), 0);
	cr_expect(x[0] == 1 && x[1] == 2);
}
