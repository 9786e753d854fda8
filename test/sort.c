/* SPDX-License-Identifier: MIT */
/* filch_sort(): stable, whatever the size, the width, the memory and the comparison. */
#include "sort_arrays.h"

TestSuite(sort, .timeout = 300);

static const size_t counts[] = {0,    1,    2,    3,    4,    5,    7,    8,     9,    15,
                                16,   17,   31,   63,   64,   65,   100,  255,   511,  1000,
                                1023, 1024, 1025, 2047, 2048, 2049, 4097, 10007, 33333};
static const size_t sizes[] = {5, 6, 8, 12, 16, 24, 32, 33, 100};

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

/* Of the shapes one of so many. */
static void check_all_counts(unsigned width, size_t size, unsigned of, uint64_t *seed)
{
	filch_pool *pool = pool_of(width);

	for (size_t i = 0; i < COUNT_OF(counts); i++)
		for (enum shape shape = 0; shape < SHAPES; shape++)
			if ((shape + i + width) % of == 0)
				check(pool, counts[i], size, shape, seed);
	pool_close(pool);
}

Test(sort, is_the_stable_serial_one_at_all_counts_and_sizes)
{
	uint64_t seed = test_seed();

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		check_all_counts(i % 2 ? 3 : 2, sizes[i], thinned(), &seed);
}

Test(sort, is_the_stable_serial_one_at_all_widths)
{
	uint64_t seed = test_seed();

	for (size_t i = 0; i < COUNT_OF(all_widths); i++)
		check_all_counts(all_widths[i], i % 2 ? 16 : 8, 2 * thinned(), &seed);
}

Test(sort, is_the_stable_serial_one_at_random_counts)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(300, 30); i > 0; i--)
		check(NULL, random_below(&seed, 20000), sizes[random_below(&seed, 9)],
		      (enum shape)random_below(&seed, SHAPES), &seed);
}

static void check_many(filch_pool *pool, size_t n, size_t size, enum shape shape, bool poor,
                       uint64_t *seed)
{
	struct array a;

	array_init(&a, n, size, shape, seed);
	array_expect(&a);
	if (poor)
		fail_memory(2, true); /* after the one for the elements */
	cr_assert_eq(filch_sort(pool, a.base, n, size, by_key, NULL, NULL), 0);
	fail_no_more();
	cr_assert(memcmp(a.base, a.expected, n * size) == 0, "%zu bytes, shape %d", size,
	          (int)shape);
	cr_assert(guarded(&a));
	array_finish(&a);
}

Test(sort, is_the_stable_serial_one_of_many)
{
	static const size_t some[] = {8, 33, 16, 32, 4};
	size_t n = scaled(300000, 100000);
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(some); k++) {
		filch_pool *pool = pool_of(widths[1 + k % 3]);

		for (enum shape shape = 0; shape < SHAPES; shape++)
			if (random_below(&seed, thinned()) == 0)
				check_many(pool, n, some[k], shape, false, &seed);
		if (random_below(&seed, thinned()) == 0)
			check_many(pool, n, some[k], RANDOM, true, &seed);
		if (random_below(&seed, thinned()) == 0)
			check_many(pool, 5 * n, 8, HALF, false, &seed);
		pool_close(pool);
	}
}

/* ctx counts those that stand where a type of this size cannot. */
static int by_key_aligned(const void *a, const void *b, void *ctx)
{
	if (((uintptr_t)a | (uintptr_t)b) % 16)
		atomic_fetch_add((atomic_size_t *)ctx, 1);
	return by_key(a, b, NULL);
}

Test(sort, compares_elements_that_stand_where_they_may)
{
	static const size_t some[] = {3, 100, 5000, 100000};
	uint64_t seed = test_seed();
	atomic_size_t times = 0;

	for (size_t i = 0; i < COUNT_OF(some); i++) {
		struct array a;

		array_init(&a, some[i], 16, RANDOM, &seed);
		cr_assert_eq(filch_sort(NULL, a.base, a.n, 16, by_key_aligned, &times, NULL), 0);
		cr_expect_eq(atomic_load(&times), 0);
		array_finish(&a);
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
	cr_expect_leq(comparisons(FEW, N), 5 * N);
	cr_expect_leq(comparisons(HALF, N), 14 * N);
}

/* ---- options ----------------------------------------------------------------------------------- */

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

static void note(void *arg, const struct filch_progress *p)
{
	*(struct filch_progress *)arg = *p;
}

Test(sort, is_one_item_to_those_who_are_told)
{
	uint64_t seed = test_seed();
	struct filch_progress progress = {.done = 7};
	struct filch_report r;
	struct array a;

	array_init(&a, 30000, 8, RANDOM, &seed);
	cr_expect_eq(filch_sort(NULL, a.base, a.n, a.size, by_key, NULL,
	                        FILCH(.report = &r, .progress = note, .progress_arg = &progress)),
	             0);
	cr_expect(r.items == 1 && r.chunk_min == 1 && r.chunk_max == 1 && r.chunks >= 1);
	cr_expect(progress.finished && progress.done == 1 && progress.total == 1);
	array_finish(&a);
}

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
