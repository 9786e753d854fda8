/* SPDX-License-Identifier: MIT */
/* filch_sort() when comparisons lie, memory is short or it is stopped: no element is lost. */
#include "sort_arrays.h"

TestSuite(sort_faults, .timeout = 300);

/* Below and above the number from which elements go into buckets first. */
static const size_t counts[] = {0,   1,   2,    3,    4,    5,    7,    9,    16,    31,   65,
                                100, 511, 1000, 1024, 1025, 2047, 2049, 4097, 33333, 70001};

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

static void check_lies(size_t n, size_t size, enum lie lie, bool poor, uint64_t *seed)
{
	struct liar liar = {lie, random_next(seed)};
	filch_pool *pool = pool_of(1 + (unsigned)random_below(seed, 8));
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

Test(sort_faults, loses_no_element_to_a_comparison_that_lies)
{
	static const size_t sizes[] = {9, 12, 16, 24, 32, 33, 100};
	uint64_t seed = test_seed();

	for (enum lie lie = 0; lie < LIES; lie++)
		for (size_t i = 0; i < COUNT_OF(counts); i++) {
			const size_t size = sizes[random_below(&seed, COUNT_OF(sizes))];

			check_lies(counts[i], 8, lie, false, &seed);
			check_lies(counts[i], size, lie, false, &seed);
			check_lies(counts[i], size, lie, true, &seed);
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

Test(sort_faults, needs_no_memory)
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

/* ---- stopped ------------------------------------------------------------------------------------ */

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

static void check_cancelled(size_t n, size_t after, bool poor, uint64_t *seed)
{
	struct stopper s = {.left = after};
	filch_pool *pool = pool_of(3);
	struct array a;

	array_init(&a, n, 8, RANDOM, seed);
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

Test(sort_faults, loses_no_element_when_it_is_cancelled)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(100, 20); i > 0; i--) {
		size_t n = i % 2 ? 30000 : 100000;

		check_cancelled(n, 1 + random_below(&seed, 13 * n), i % 4 == 0, &seed);
	}
}

static int slow_once(const void *a, const void *b, void *ctx)
{
	if (!atomic_exchange((atomic_bool *)ctx, true))
		sleep_ns(20000000);
	return by_key(a, b, NULL);
}

Test(sort_faults, loses_no_element_when_time_is_up)
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
