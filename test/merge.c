/* SPDX-License-Identifier: MIT */
/* filch_merge(): the stable serial one, whatever the counts, the width and the comparison. */
#include "support.h"

#include <filch/sort.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(merge, .timeout = 300);

static const size_t counts[] = {0, 1, 2, 7, 33, 64, 1000, 2047, 4096, 4097, 20011, 100000};

/* An element begins with this; the rest of it is `from` again. */
struct head {
	uint32_t key;
	uint32_t from; /* where it stood, counted over both arrays */
};

static int by_key(const void *a, const void *b, void *ctx)
{
	uint32_t x = ((const struct head *)a)->key, y = ((const struct head *)b)->key;

	(void)ctx;
	return (x > y) - (x < y);
}

/* Sorted, with `step` between neighbours on average; one in four lies above all others. */
static char *sequence(size_t n, size_t size, uint32_t from, size_t step, uint64_t *seed)
{
	char *a = malloc(n * size + 1);
	uint32_t key = random_below(seed, 4) ? 0 : 1 << 30;

	cr_assert(a);
	for (size_t i = 0; i < n; i++) {
		struct head h = {key += (uint32_t)random_below(seed, 2 * step + 1),
		                 from + (uint32_t)i};

		memset(a + i * size, (int)h.from, size);
		memcpy(a + i * size, &h, sizeof h);
	}
	return a;
}

static void merge_serially(const char *a, size_t na, const char *b, size_t nb, char *out,
                           size_t size)
{
	while (na || nb) {
		bool right = nb && (!na || by_key(b, a, NULL) < 0);

		memcpy(out, right ? b : a, size);
		out += size;
		if (right)
			nb--, b += size;
		else
			na--, a += size;
	}
}

static void check(filch_pool *pool, size_t na, size_t nb, size_t size, uint64_t *seed)
{
	size_t n = na + nb;
	char *a = sequence(na, size, 0, random_below(seed, 4), seed);
	char *b = sequence(nb, size, (uint32_t)na, random_below(seed, 4), seed);
	char *out = calloc(n + 1, size), *expected = malloc(n * size + 1);

	cr_assert(out && expected);
	merge_serially(a, na, b, nb, expected, size);
	cr_assert_eq(filch_merge(pool, a, na, b, nb, out, size, by_key, NULL, NULL), 0);
	cr_assert(memcmp(out, expected, n * size) == 0, "%zu and %zu of %zu bytes", na, nb, size);
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(out[n * size + i], 0);
	free(a);
	free(b);
	free(out);
	free(expected);
}

Test(merge, is_the_stable_serial_one_at_all_counts_and_widths)
{
	static const size_t sizes[] = {8, 16, 12, 32, 40};
	uint64_t seed = test_seed();

	for (unsigned width = 1; width <= 8; width++) {
		filch_pool *pool = pool_of(width);

		for (size_t i = 0; i < COUNT_OF(counts); i++)
			for (size_t j = (width + i) % 2; j < COUNT_OF(counts); j += 2)
				check(pool, counts[i], counts[j], sizes[width % 5], &seed);
		pool_close(pool);
	}
}

Test(merge, is_the_stable_serial_one_at_random_counts)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(300, 30); i > 0; i--)
		check(NULL, random_below(&seed, 9000), random_below(&seed, 9000), 8, &seed);
}

/* ---- comparisons that lie, arrays that are not sorted --------------------------------------- */

static int by_chance(const void *a, const void *b, void *ctx)
{
	uint64_t state = atomic_fetch_add_explicit((atomic_ullong *)ctx, 1, memory_order_relaxed);

	(void)a, (void)b;
	return (int)(random_next(&state) % 3) - 1;
}

static void check_lie(filch_pool *pool, size_t na, size_t nb, size_t size, uint64_t *seed)
{
	size_t n = na + nb;
	char *a = sequence(na, size, 0, 3, seed), *b = sequence(nb, size, (uint32_t)na, 3, seed);
	char *out = calloc(n + 1, size);
	bool *found = calloc(n + 1, sizeof *found);
	atomic_ullong state = random_next(seed);

	cr_assert(out && found);
	cr_assert_eq(filch_merge(pool, a, na, b, nb, out, size, by_chance, &state, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		struct head head;

		memcpy(&head, out + i * size, sizeof head);
		cr_assert(head.from < n && !found[head.from]);
		found[head.from] = true;
	}
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(out[n * size + i], 0);
	free(a);
	free(b);
	free(out);
	free(found);
}

Test(merge, loses_no_element_to_a_comparison_that_lies)
{
	static const size_t sizes[] = {8, 12, 16, 36};
	uint64_t seed = test_seed();

	for (unsigned width = 1; width <= 8; width++) {
		filch_pool *pool = pool_of(width);

		for (size_t i = 0; i < COUNT_OF(counts); i++)
			for (size_t j = (width + i) % 4; j < COUNT_OF(counts); j += 4)
				check_lie(pool, counts[i], counts[j], sizes[(i + width) % 4],
				          &seed);
		pool_close(pool);
	}
}

/* ---- options, and what makes no sense ----------------------------------------------------------- */

static int cancelling(const void *a, const void *b, void *ctx)
{
	filch_cancel_now(ctx);
	return by_key(a, b, NULL);
}

Test(merge, can_be_cancelled)
{
	enum { N = 50000 };
	uint64_t seed = test_seed();
	char *a = sequence(N, 8, 0, 3, &seed), *out = calloc(2 * N, 8);
	filch_cancel token = {0};

	cr_assert(out);
	cr_expect_eq(
		filch_merge(NULL, a, N, a, N, out, 8, cancelling, &token, FILCH(.cancel = &token)),
		FILCH_ECANCELED);
	memset(out, 0, (size_t)2 * N * 8);
	cr_expect_eq(filch_merge(NULL, a, N, a, N, out, 8, by_key, NULL, FILCH(.cancel = &token)),
	             FILCH_ECANCELED);
	for (size_t i = 0; i < (size_t)2 * N * 8; i++)
		cr_assert_eq(out[i], 0);
	free(a);
	free(out);
}

Test(merge, says_what_makes_no_sense)
{
	int a[2] = {1, 3}, b[2] = {2, 4}, out[4] = {0};
	size_t huge = SIZE_MAX / 2;

	cr_expect_eq(filch_merge(NULL, a, 2, b, 2, out, 4, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_merge(NULL, NULL, 2, b, 2, out, 4, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_merge(NULL, a, 2, NULL, 2, out, 4, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_merge(NULL, a, 2, b, 2, NULL, 4, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_merge(NULL, a, huge, b, 2, out, 4, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_merge(NULL, a, huge, b, huge, out, 1, by_key, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(out[0], 0);
	cr_expect_eq(filch_merge(NULL, NULL, 0, NULL, 0, NULL, 4, by_key, NULL, NULL), 0);
	cr_expect_eq(filch_merge(NULL, a, 2, NULL, 0, out, 4, by_key, NULL, NULL), 0);
	cr_expect(out[0] == 1 && out[1] == 3);
}
