/* SPDX-License-Identifier: MIT */
/* filch_sort(): stable, whatever the size, the width, the memory and the comparison. */
#include "support.h"

#include <filch/sort.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(sort, .timeout = 300);

enum { GUARD = 64 };

/* ---- arrays of elements {key, where it stood, the rest} ----------------------------------- */

enum shape { RANDOM, FEW, EQUAL, SORTED, REVERSED, PIPE, SAW, MOSTLY, SHAPES };

static const size_t counts[] = {0,    1,    2,    3,    4,    5,    7,    8,     9,    15,
                                16,   17,   31,   63,   64,   65,   100,  255,   511,  1000,
                                1023, 1024, 1025, 2047, 2048, 2049, 4097, 10007, 33333};
static const size_t sizes[] = {5, 6, 8, 12, 16, 24, 32, 33, 100};

static uint32_t key_for(enum shape shape, size_t i, size_t n, uint64_t *seed)
{
	switch (shape) {
	case RANDOM:
		return (uint32_t)random_next(seed) & 0xffffff;
	case FEW:
		return (uint32_t)random_below(seed, 5);
	case SORTED:
		return (uint32_t)(i / 3);
	case REVERSED:
		return (uint32_t)(n - i);
	case PIPE:
		return (uint32_t)(i < n / 2 ? i : n - i);
	case SAW:
		return (uint32_t)(i % 700);
	case MOSTLY:
		return (uint32_t)(random_below(seed, 50) ? i : random_below(seed, n));
	default:
		return 7;
	}
}

/* Three bytes each for the key and the place: what fits into the small sizes, too. */
static void put(unsigned char *e, size_t size, uint32_t key, size_t i)
{
	memset(e, (int)(key * 31 + i), size);
	memcpy(e, &key, 3);
	for (unsigned k = 3; k < size && k < 6; k++)
		e[k] = (unsigned char)(i >> 8 * (k - 3));
}

static uint32_t key_of(const void *e)
{
	uint32_t key = 0;

	memcpy(&key, e, 3);
	return key;
}

static int by_key(const void *a, const void *b, void *ctx)
{
	uint32_t x = key_of(a), y = key_of(b);

	if (ctx)
		atomic_fetch_add_explicit((atomic_size_t *)ctx, 1, memory_order_relaxed);
	return (x > y) - (x < y);
}

struct array {
	size_t n, size;
	unsigned char *block, *base, *expected;
};

static void array_init(struct array *a, size_t n, size_t size, enum shape shape, uint64_t *seed)
{
	a->n = n;
	a->size = size;
	a->block = malloc(n * size + (size_t)2 * GUARD);
	a->expected = malloc(n * size + 1);
	cr_assert(a->block && a->expected);
	memset(a->block, 0xa5, n * size + (size_t)2 * GUARD);
	a->base = a->block + GUARD;
	for (size_t i = 0; i < n; i++)
		put(a->base + i * size, size, key_for(shape, i, n, seed), i);
}

static void array_finish(struct array *a)
{
	free(a->block);
	free(a->expected);
}

/* The serial form: by counting, so that no second sort has to be believed. */
static void array_expect(struct array *a)
{
	size_t *at = calloc((1 << 24) + 1, sizeof *at);

	cr_assert(at);
	for (size_t i = 0; i < a->n; i++)
		at[key_of(a->base + i * a->size) + 1]++;
	for (size_t k = 0; k < 1 << 24; k++)
		at[k + 1] += at[k];
	for (size_t i = 0; i < a->n; i++) {
		const unsigned char *e = a->base + i * a->size;

		memcpy(a->expected + at[key_of(e)]++ * a->size, e, a->size);
	}
	free(at);
}

/* For arrays below 2^16 elements, cheaper: by insertion into a stable order of the keys. */
static int by_key_and_place(const void *a, const void *b)
{
	uint32_t x = 0, y = 0;
	int code = by_key(a, b, NULL);

	memcpy(&x, (const char *)a + 3, 2);
	memcpy(&y, (const char *)b + 3, 2);
	return code ? code : (x > y) - (x < y);
}

static void array_expect_few(struct array *a)
{
	memcpy(a->expected, a->base, a->n * a->size);
	qsort(a->expected, a->n, a->size, by_key_and_place);
}

static bool guarded(const struct array *a)
{
	for (size_t i = 0; i < GUARD; i++)
		if (a->block[i] != 0xa5 || a->base[a->n * a->size + i] != 0xa5)
			return false;
	return true;
}

static void check(filch_pool *pool, size_t n, size_t size, enum shape shape, uint64_t *seed)
{
	struct array a;

	array_init(&a, n, size, shape, seed);
	array_expect_few(&a);
	cr_assert_eq(filch_sort(pool, a.base, n, size, by_key, NULL, NULL), 0);
	cr_assert(memcmp(a.base, a.expected, n * size) == 0, "%zu of %zu bytes, shape %d", n, size,
	          (int)shape);
	cr_assert(guarded(&a));
	array_finish(&a);
}

static void check_all_counts(unsigned width, size_t size, uint64_t *seed)
{
	filch_pool *pool = pool_of(width);

	for (size_t i = 0; i < COUNT_OF(counts); i++)
		for (enum shape shape = 0; shape < SHAPES; shape++)
			check(pool, counts[i], size, shape, seed);
	pool_close(pool);
}

Test(sort, is_the_stable_serial_one_at_all_counts_and_sizes)
{
	uint64_t seed = test_seed();

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		check_all_counts(i % 2 ? 3 : 2, sizes[i], &seed);
}

Test(sort, is_the_stable_serial_one_at_all_widths)
{
	uint64_t seed = test_seed();

	for (size_t i = 0; i < COUNT_OF(widths); i++)
		check_all_counts(widths[i], i % 2 ? 16 : 8, &seed);
}

Test(sort, is_the_stable_serial_one_at_random_counts)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(300, 30); i > 0; i--)
		check(NULL, random_below(&seed, 20000), sizes[random_below(&seed, 9)],
		      (enum shape)random_below(&seed, SHAPES), &seed);
}

Test(sort, is_the_stable_serial_one_of_many)
{
	uint64_t seed = test_seed();
	size_t n = scaled(300000, 100000);

	for (size_t k = 0; k < 3; k++) {
		filch_pool *pool = pool_of(widths[k + 1]);

		for (enum shape shape = 0; shape < SHAPES; shape++) {
			struct array a;

			array_init(&a, n, 16, shape, &seed);
			array_expect(&a);
			cr_assert_eq(filch_sort(pool, a.base, n, 16, by_key, NULL, NULL), 0);
			cr_assert(memcmp(a.base, a.expected, n * 16) == 0, "shape %d", (int)shape);
			array_finish(&a);
		}
		pool_close(pool);
	}
}

/* ---- order that is there ----------------------------------------------------------------- */

static size_t comparisons(enum shape shape, size_t n)
{
	uint64_t seed = 1;
	atomic_size_t times = 0;
	struct array a;

	array_init(&a, n, 8, shape, &seed);
	cr_assert_eq(filch_sort(NULL, a.base, n, 8, by_key, &times, NULL), 0);
	array_finish(&a);
	return atomic_load(&times);
}

Test(sort, takes_few_comparisons_where_there_is_order)
{
	enum { N = 100000, LOG2_N = 17 };

	cr_expect_leq(comparisons(SORTED, N), N + N / 100);
	cr_expect_leq(comparisons(EQUAL, N), N + N / 100);
	cr_expect_leq(comparisons(REVERSED, N), N + N / 100);
	cr_expect_leq(comparisons(PIPE, N), 2 * N + N / 50);
	cr_expect_leq(comparisons(RANDOM, N), N * LOG2_N);
}

/* ---- comparisons that lie -------------------------------------------------------------------- */

enum lie { ABOVE, BELOW, BY_CHANCE, IN_CIRCLES, HASHED, LIES };

struct liar {
	enum lie lie;
	atomic_ullong state;
};

static int lying(const void *a, const void *b, void *ctx)
{
	struct liar *l = ctx;
	uint64_t state = 0;

	switch (l->lie) {
	case ABOVE:
		return 1;
	case BELOW:
		return -1;
	case IN_CIRCLES:
		return (int)((key_of(a) - key_of(b)) % 3) - 1;
	case HASHED:
		state = key_of(a) * 0x10001u ^ key_of(b);
		break;
	default:
		state = atomic_fetch_add_explicit(&l->state, 1, memory_order_relaxed);
	}
	return (int)(random_next(&state) % 3) - 1;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

/* The elements are those that `expected` holds, in some order. */
static void expect_same_elements(struct array *a)
{
	cr_assert(guarded(a));
	qsort(a->base, a->n, a->size, by_bytes);
	qsort(a->expected, a->n, a->size, by_bytes);
	cr_assert(memcmp(a->base, a->expected, a->n * a->size) == 0, "an element was lost");
}

static void check_lies(size_t n, size_t size, enum lie lie, bool poor, uint64_t *seed)
{
	struct liar liar = {lie, random_next(seed)};
	filch_pool *pool = pool_of(2);
	struct array a;

	array_init(&a, n, size, RANDOM, seed);
	memcpy(a.expected, a.base, n * size);
	if (poor)
		fail_memory(1, true);
	cr_assert_eq(filch_sort(pool, a.base, n, size, lying, &liar, NULL), 0);
	fail_no_more();
	expect_same_elements(&a);
	array_finish(&a);
	pool_close(pool);
}

Test(sort, loses_no_element_to_a_comparison_that_lies)
{
	uint64_t seed = test_seed();

	for (enum lie lie = 0; lie < LIES; lie++)
		for (size_t i = 0; i < COUNT_OF(counts); i++) {
			check_lies(counts[i], 8, lie, false, &seed);
			check_lies(counts[i], 24, lie, false, &seed);
			if (counts[i] < 5000)
				check_lies(counts[i], 8, lie, true, &seed);
		}
}

/* ---- without memory ---------------------------------------------------------------------------- */

static void check_poor(filch_pool *pool, size_t n, size_t size, enum shape shape, uint64_t *seed)
{
	unsigned failed;
	struct array a;

	array_init(&a, n, size, shape, seed);
	array_expect_few(&a);
	fail_memory(1, true);
	cr_expect_eq(filch_sort(pool, a.base, n, size, by_key, NULL, NULL), 0);
	failed = fail_no_more(); /* a pool that is new may want some for itself */
	cr_expect(failed > 0 || n * size <= 8192);
	cr_assert(memcmp(a.base, a.expected, n * size) == 0, "%zu of %zu bytes, shape %d", n, size,
	          (int)shape);
	cr_assert(guarded(&a));
	array_finish(&a);
}

Test(sort, needs_no_memory)
{
	static const size_t some[] = {0, 1, 2, 17, 2048, 3000, 4097, 33333};
	uint64_t seed = test_seed();

	for (size_t k = 0; k < 4; k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(some); i++)
			for (enum shape shape = 0; shape < SHAPES; shape++)
				check_poor(pool, some[i], k % 2 ? 8 : 33, shape, &seed);
		pool_close(pool);
	}
}

/* ---- options ----------------------------------------------------------------------------------- */

struct stopper {
	filch_cancel token;
	atomic_size_t left; /* comparisons until it is cancelled */
};

static int cancelling(const void *a, const void *b, void *ctx)
{
	struct stopper *s = ctx;

	if (atomic_fetch_sub(&s->left, 1) == 1)
		filch_cancel_now(&s->token);
	return by_key(a, b, NULL);
}

static void check_cancelled(size_t after, bool poor, uint64_t *seed)
{
	struct stopper s = {.left = after};
	filch_pool *pool = pool_of(3);
	struct array a;

	array_init(&a, 30000, 8, RANDOM, seed);
	memcpy(a.expected, a.base, a.n * a.size);
	if (poor)
		fail_memory(1, true);
	cr_assert_eq(
		filch_sort(pool, a.base, a.n, a.size, cancelling, &s, FILCH(.cancel = &s.token)),
		FILCH_ECANCELED);
	fail_no_more();
	expect_same_elements(&a);
	array_finish(&a);
	pool_close(pool);
}

Test(sort, loses_no_element_when_it_is_cancelled)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(100, 20); i > 0; i--)
		check_cancelled(1 + random_below(&seed, 390000), i % 4 == 0, &seed);
}

Test(sort, touches_nothing_when_it_was_cancelled_before)
{
	filch_cancel token = {0};
	int x[3] = {3, 2, 1};
	atomic_size_t times = 0;

	filch_cancel_now(&token);
	cr_expect_eq(filch_sort(NULL, x, 3, sizeof *x, by_key, &times, FILCH(.cancel = &token)),
	             FILCH_ECANCELED);
	cr_expect_eq(atomic_load(&times), 0);
	cr_expect(x[0] == 3 && x[1] == 2 && x[2] == 1);
}

static int slow_once(const void *a, const void *b, void *ctx)
{
	if (!atomic_exchange((atomic_bool *)ctx, true))
		sleep_ns(20000000);
	return by_key(a, b, NULL);
}

Test(sort, loses_no_element_when_time_is_up)
{
	uint64_t seed = test_seed();
	atomic_bool slept = false;
	struct array a;

	array_init(&a, 30000, 8, RANDOM, &seed);
	memcpy(a.expected, a.base, a.n * a.size);
	cr_expect_eq(filch_sort(NULL, a.base, a.n, a.size, slow_once, &slept,
	                        FILCH(.timeout_ns = 10000000)),
	             FILCH_ETIMEDOUT);
	expect_same_elements(&a);
	array_finish(&a);
}

Test(sort, reports_the_whole_call)
{
	struct filch_report report = {0};
	uint64_t seed = 3;
	struct array a;

	array_init(&a, 10000, 8, RANDOM, &seed);
	array_expect_few(&a);
	cr_expect_eq(filch_sort(NULL, a.base, a.n, a.size, by_key, NULL,
	                        FILCH(.report = &report, .label = "sort", .max_workers = 1)),
	             0);
	cr_expect(memcmp(a.base, a.expected, a.n * a.size) == 0);
	cr_expect_eq(report.items, 1);
	cr_expect_eq(report.workers, 1);
	cr_expect_gt(report.work_ns, 0);
	array_finish(&a);
}

static int sort_a_part(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct array *a = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		int code = filch_sort(NULL, a->base + i * 5000 * a->size, 5000, a->size, by_key,
		                      NULL, NULL);

		if (code)
			return code;
	}
	return 0;
}

Test(sort, works_inside_a_body)
{
	uint64_t seed = test_seed();
	struct array a;

	array_init(&a, 60000, 8, RANDOM, &seed);
	cr_assert_eq(filch_for(NULL, 12, sort_a_part, &a, NULL), 0);
	for (size_t i = 1; i < a.n; i++)
		cr_assert(i % 5000 == 0 ||
		          key_of(a.base + (i - 1) * a.size) <= key_of(a.base + i * a.size));
	array_finish(&a);
}

/* ---- what makes no sense -------------------------------------------------------------------------- */

Test(sort, says_what_makes_no_sense)
{
	struct filch_options old = {.struct_size = 1};
	int x[2] = {2, 1};

	cr_expect_eq(filch_sort(NULL, x, 2, sizeof *x, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort(NULL, NULL, 2, sizeof *x, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort(NULL, x, SIZE_MAX, 2, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort(NULL, x, SIZE_MAX / 2 + 1, 2, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort(NULL, x, 2, sizeof *x, by_key, NULL, &old), FILCH_EINVAL);
	cr_expect(x[0] == 2 && x[1] == 1);
	cr_expect_eq(filch_sort(NULL, NULL, 0, sizeof *x, by_key, NULL, NULL), 0);
	cr_expect_eq(filch_sort(NULL, NULL, SIZE_MAX, 0, by_key, NULL, NULL), 0);
	cr_expect_eq(filch_sort(NULL, x, 1, sizeof *x, by_key, NULL, NULL), 0);
}
