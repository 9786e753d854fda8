/* SPDX-License-Identifier: MIT */
/* filch_count() and filch_histogram() against the serial loops. */
#include "support.h"

#include <filch/pick.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(count, .timeout = 120);

enum { MOST = 300000 };

static const size_t sizes[] = {0,    1,    2,    3,    1000,  1023,   1024,
                               1025, 3071, 3072, 3073, 40000, 100000, MOST};

struct hunt {
	const bool *wanted;
	size_t fails_at; /* SIZE_MAX: nowhere */
	int code;
};

static bool wanted[MOST];

/* ---- count ---------------------------------------------------------------------------------- */

static int count(void *ctx, size_t begin, size_t end, size_t *k, filch_worker *w)
{
	const struct hunt *h = ctx;

	for (size_t i = begin; i < end; i++) {
		if (i == h->fails_at)
			return filch_fail(w, i, h->code);
		*k += h->wanted[i];
	}
	return 0;
}

Test(count, is_that_of_the_serial_loop)
{
	uint64_t seed = test_seed();

	for (size_t width = 0; width < COUNT_OF(all_widths); width++) {
		filch_pool *pool = pool_of(all_widths[width]);

		for (size_t round = 0; round < scaled(70, 14); round++) {
			const size_t n = sizes[round % COUNT_OF(sizes)];
			struct hunt h = {.wanted = wanted, .fails_at = SIZE_MAX, .code = 3};
			size_t serial = 0, k = 1;

			for (size_t i = 0; i < n; i++)
				serial += wanted[i] = random_next(&seed) % (1 + round) == 0;
			fail_memory(1, round % 5 == 4);
			cr_assert_eq(filch_count(pool, n, count, &h, &k, NULL), 0);
			fail_no_more();
			cr_assert_eq(k, serial);
			k = 1;
			cr_assert_eq(filch_count(pool, n, count, &h, &k, FILCH(.chunk = 77)), 0);
			cr_assert_eq(k, serial);
			if (!n)
				continue;
			h.fails_at = random_below(&seed, n);
			cr_assert_eq(filch_count(pool, n, count, &h, &k, NULL), 3);
			cr_assert_eq(k, 0);
		}
		pool_close(pool);
	}
}

/* ---- histogram ------------------------------------------------------------------------------- */

struct census {
	const uint32_t *of;
	size_t fails_at;
	struct tally *tally;
};

static int key(void *ctx, size_t begin, size_t end, uint32_t *out, filch_worker *w)
{
	const struct census *c = ctx;

	for (size_t i = begin; i < end; i++) {
		if (c->tally)
			tally_range(c->tally, i, i + 1);
		if (i == c->fails_at)
			return filch_fail(w, i, 5);
		out[i - begin] = c->of[i];
	}
	return 0;
}

enum { BINS = 3000000 };

static uint32_t keys[MOST];
static size_t counts[BINS], right[BINS];

static void expect_histogram(filch_pool *pool, size_t n, size_t bins,
                             const struct filch_options *options)
{
	struct tally tally;
	struct census c = {keys, SIZE_MAX, &tally};

	memset(right, 0, bins * sizeof *right);
	memset(counts, 1, bins * sizeof *counts);
	for (size_t i = 0; i < n; i++)
		if (keys[i] < bins)
			right[keys[i]]++;
	tally_init(&tally, n);
	cr_assert_eq(filch_histogram(pool, n, key, &c, bins, counts, options), 0);
	cr_assert(!memcmp(right, counts, bins * sizeof *right), "n %zu, bins %zu", n, bins);
	tally_expect_once(&tally);
	tally_finish(&tally);
}

Test(count, counts_by_key_as_the_serial_loop)
{
	static const size_t bins[] = {0, 1, 2, 255, 256, 257, 30000, 65536, 65537, 1000000, BINS};
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t round = 0; round < scaled(4, 1) * COUNT_OF(bins); round++) {
			const size_t n = sizes[random_below(&seed, COUNT_OF(sizes))];
			const size_t b = bins[round % COUNT_OF(bins)];
			/* Some keys are too high, but if all are the same. */
			const size_t limit = round % 3 ? b + b / 7 + 1 : 1;

			for (size_t i = 0; i < n; i++)
				keys[i] = (uint32_t)random_below(&seed, limit);
			if (n)
				keys[n - 1] = UINT32_MAX;
			expect_histogram(pool, n, b, NULL);
			expect_histogram(pool, n, b, FILCH(.chunk = 1000));
		}
		pool_close(pool);
	}
}

Test(count, counts_many_keys_in_many_bins)
{
	enum { MANY = 1500000 };
	uint32_t *many = malloc(MANY * sizeof *many);
	uint64_t seed = test_seed();

	cr_assert(many);
	for (size_t width = 2 + random_below(&seed, thinned()) % 3; width < 5; width += thinned()) {
		filch_pool *pool = pool_of((unsigned)width);
		struct census c = {many, SIZE_MAX, NULL};

		for (size_t bins = 262145; bins <= BINS; bins += (BINS - 262145) / 3) {
			memset(right, 0, bins * sizeof *right);
			for (size_t i = 0; i < MANY; i++) {
				many[i] = (uint32_t)random_below(&seed, bins + 1000);
				if (many[i] < bins)
					right[many[i]]++;
			}
			cr_assert_eq(filch_histogram(pool, MANY, key, &c, bins, counts, NULL), 0);
			cr_assert(!memcmp(right, counts, bins * sizeof *right));
		}
		pool_close(pool);
	}
	free(many);
}

Test(count, counts_by_key_without_memory)
{
	filch_pool *pool = pool_of(4);

	for (size_t i = 0; i < MOST; i++)
		keys[i] = (uint32_t)(i * 2654435761u) % 50000;
	for (unsigned k = 1; k < 6; k++)
		for (size_t bins = 300; bins < BINS; bins *= 100) {
			struct census c = {keys, SIZE_MAX, NULL};

			memset(right, 0, bins * sizeof *right);
			for (size_t i = 0; i < MOST; i++)
				if (keys[i] < bins)
					right[keys[i]]++;
			fail_memory(k, k % 2);
			cr_expect_eq(filch_histogram(pool, MOST, key, &c, bins, counts, NULL), 0);
			fail_no_more();
			cr_expect(!memcmp(right, counts, bins * sizeof *right));
		}
	pool_close(pool);
}

Test(count, leaves_no_counts_after_an_error)
{
	filch_pool *pool = pool_of(4);
	const size_t some[] = {10, 5000, BINS};

	for (size_t b = 0; b < COUNT_OF(some); b++)
		for (size_t s = 1; s < COUNT_OF(sizes); s++) {
			struct census c = {keys, sizes[s] / 2, NULL};

			memset(counts, 1, some[b] * sizeof *counts);
			cr_expect_eq(
				filch_histogram(pool, sizes[s], key, &c, some[b], counts, NULL), 5);
			for (size_t i = 0; i < some[b]; i++)
				cr_assert_eq(counts[i], 0);
		}
	cr_expect_eq(filch_histogram(pool, 5, NULL, NULL, 10, counts, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_histogram(pool, 5, key, NULL, 10, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_histogram(pool, 5, key, NULL, SIZE_MAX, counts, NULL), FILCH_EINVAL);
	pool_close(pool);
}

/* ---- costs ---------------------------------------------------------------------------------------- */

/* Twins of what is above: what one costs says nothing of the other. */
static int mark_all(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *w)
{
	(void)ctx;
	(void)w;
	memset(mark, 1, end - begin);
	return 0;
}

static int mark_none(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *w)
{
	(void)ctx;
	(void)w;
	memset(mark, 0, end - begin);
	return 0;
}

static int find_none(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	(void)ctx;
	(void)begin;
	(void)w;
	*found = end;
	return 0;
}

static int find_last(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	(void)ctx;
	(void)w;
	*found = end > begin ? end - 1 : end;
	return 0;
}

static int count_all(void *ctx, size_t begin, size_t end, size_t *k, filch_worker *w)
{
	(void)ctx;
	(void)w;
	*k += end - begin;
	return 0;
}

static int key_of_none(void *ctx, size_t begin, size_t end, uint32_t *out, filch_worker *w)
{
	(void)ctx;
	(void)w;
	memset(out, 0, (end - begin) * sizeof *out);
	return 0;
}

CHILD(picks_by_eight_functions)
{
	const struct hunt h = {.wanted = wanted, .fails_at = SIZE_MAX};
	const struct census c = {keys, SIZE_MAX, NULL};
	size_t k = 0;

	for (int twice = 0; twice < 2; twice++) {
		k += (size_t)filch_count(NULL, 100, count, (void *)&h, counts, NULL);
		k += (size_t)filch_count(NULL, 100, count_all, NULL, counts, NULL);
		k += (size_t)filch_find(NULL, 100, find_none, NULL, counts, NULL);
		k += (size_t)filch_find(NULL, 100, find_last, NULL, counts, NULL);
		k += (size_t)filch_histogram(NULL, 100, key, (void *)&c, 1, counts, NULL);
		k += (size_t)filch_histogram(NULL, 100, key_of_none, NULL, 1, counts, NULL);
		k += (size_t)filch_filter(NULL, keys, 100, keys, NULL, mark_all, NULL, NULL);
		k += (size_t)filch_partition(NULL, keys, 100, NULL, mark_none, NULL, NULL);
	}
	return k != 0;
}

Test(count, costs_of_two_functions_are_two)
{
	const char *const stats[] = {"FILCH_STATS=1", NULL};
	struct outcome o;

	run_child(&o, "picks_by_eight_functions", stats);
	cr_expect_eq(o.status, 0);
	cr_expect(strstr(o.err, "function 8"), "%s", o.err);
	cr_expect_not(strstr(o.err, "function 9"), "%s", o.err);
}
