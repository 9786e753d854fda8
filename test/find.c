/* SPDX-License-Identifier: MIT */
/* filch_find(), filch_count() and filch_histogram() against the serial loops. */
#include "support.h"

#include <filch/pick.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(find, .timeout = 120);

enum { MOST = 300000 };

static const size_t sizes[] = {0,    1,    2,    3,    1000,  1023,   1024,
                               1025, 3071, 3072, 3073, 40000, 100000, MOST};

/* ---- find ------------------------------------------------------------------------------- */

struct hunt {
	const bool *wanted;
	size_t fails_at; /* SIZE_MAX: nowhere */
	int code;
	struct tally *tally;
};

static int hunt(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	const struct hunt *h = ctx;

	for (size_t i = begin; i < end; i++) {
		if (h->tally)
			tally_range(h->tally, i, i + 1);
		if (i == h->fails_at)
			return filch_fail(w, i, h->code);
		if (h->wanted[i]) {
			*found = i;
			return 0;
		}
	}
	return 0;
}

static bool wanted[MOST];

static void expect_find(filch_pool *pool, size_t n, size_t first,
                        const struct filch_options *options)
{
	struct hunt h = {.wanted = wanted, .fails_at = SIZE_MAX};
	size_t index = 0;

	cr_assert_eq(filch_find(pool, n, hunt, &h, &index, options), 0);
	cr_assert_eq(index, first, "%zu of %zu, not %zu", index, n, first);
}

Test(find, finds_the_first_at_every_width)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(300, 30); round++) {
			const size_t n = sizes[round % COUNT_OF(sizes)];
			const size_t first = n ? random_below(&seed, n + 1) : 0;
			size_t others = first < n ? random_below(&seed, 20) : 0;

			memset(wanted, 0, sizeof wanted);
			if (first < n)
				wanted[first] = true;
			while (others--)
				wanted[first + random_below(&seed, n - first)] = true;
			expect_find(pool, n, first, NULL);
			expect_find(pool, n, first, FILCH(.label = "hunt"));
			expect_find(pool, n, first, FILCH(.chunk = 1 + random_below(&seed, 500)));
		}
		pool_close(pool);
	}
}

Test(find, looks_at_no_index_twice_and_at_all_below)
{
	filch_pool *pool = pool_of(4);

	for (size_t s = 1; s < COUNT_OF(sizes); s++) {
		const size_t n = sizes[s], at = n - 1 - n / 3;
		struct tally tally;
		struct hunt h = {.wanted = wanted, .fails_at = SIZE_MAX, .tally = &tally};
		size_t index;

		memset(wanted, 0, sizeof wanted);
		wanted[at] = true;
		tally_init(&tally, n);
		cr_expect_eq(filch_find(pool, n, hunt, &h, &index, NULL), 0);
		cr_expect_eq(index, at);
		cr_expect_eq(tally_first_not(&tally, 0, at + 1, 1), at + 1);
		for (size_t i = at; i < n; i++)
			cr_assert_leq(atomic_load(&tally.times[i]), 1);
		tally_finish(&tally);
	}
	pool_close(pool);
}

Test(find, stops_early)
{
	filch_pool *pool = pool_of(2);
	struct tally tally;
	struct hunt h = {.wanted = wanted, .fails_at = SIZE_MAX, .tally = &tally};
	size_t index;

	wanted[5000] = true;
	tally_init(&tally, MOST);
	cr_expect_eq(filch_find(pool, MOST, hunt, &h, &index, NULL), 0);
	cr_expect_eq(index, 5000);
	cr_expect_eq(tally_first_not(&tally, 16 * 1024, MOST, 0), MOST,
	             "the next window never began");
	tally_finish(&tally);
	pool_close(pool);
}

Test(find, fails_only_below_a_match)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(100, 10); round++) {
			const size_t n = 2 + random_below(&seed, round % 3 ? 1000 : MOST - 2);
			const size_t at = random_below(&seed, n), bad = random_below(&seed, n);
			struct hunt h = {
				.wanted = wanted, .fails_at = bad, .code = round % 2 ? 9 : -77};
			size_t index = 1, lowest = 1;
			int code;

			memset(wanted, 0, sizeof wanted);
			wanted[at] = true;
			code = filch_find(pool, n, hunt, &h, &index, NULL);
			cr_assert_eq(code, bad <= at ? h.code : 0);
			cr_assert_eq(index, bad <= at ? n : at);
			code = filch_find(pool, n, hunt, &h, &index, FILCH(.first_error = &lowest));
			cr_assert_eq(code, bad <= at ? h.code : 0);
			cr_assert_eq(index, bad <= at ? n : at);
			cr_assert_eq(lowest, bad <= at ? bad : n);
		}
		pool_close(pool);
	}
}

struct slow_hunt {
	size_t at, bad;
	atomic_size_t looked;
};

static int hunt_slowly(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	struct slow_hunt *h = ctx;

	for (size_t i = begin; i < end; i++) {
		atomic_fetch_add(&h->looked, 1);
		sleep_ns(100000);
		if (i == h->bad)
			return filch_fail(w, i, 8);
		if (i == h->at) {
			*found = i;
			return 0;
		}
	}
	return 0;
}

Test(find, finds_the_first_of_few_that_take_long)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < 20; round++) {
			const size_t n = 1 + random_below(&seed, 200);
			struct slow_hunt h = {random_below(&seed, n + 1),
			                      random_below(&seed, 2 * n), 0};
			size_t index;
			const int code = filch_find(pool, n, hunt_slowly, &h, &index, NULL);
			const bool fails = h.bad < n && h.bad <= h.at;

			cr_assert_eq(code, fails ? 8 : 0);
			cr_assert_eq(index, fails ? n : h.at);
			cr_assert_leq(atomic_load(&h.looked), n);
		}
		pool_close(pool);
	}
}

static int lie(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	(void)w;
	*found = *(bool *)ctx ? begin - 1 : end + 1;
	return 0;
}

Test(find, does_not_believe_in_what_is_outside_of_the_range)
{
	bool below = true;
	size_t index = 0;

	cr_expect_eq(filch_find(NULL, MOST, lie, &below, &index, NULL), 0);
	cr_expect_eq(index, MOST);
	below = false;
	cr_expect_eq(filch_find(NULL, MOST, lie, &below, &index, NULL), 0);
	cr_expect_eq(index, MOST);
}

Test(find, keeps_a_status_for_each_item)
{
	static int status[MOST];
	struct hunt h = {.wanted = wanted, .fails_at = SIZE_MAX};
	size_t index;

	wanted[100] = true;
	cr_expect_eq(filch_find(NULL, MOST, hunt, &h, &index, FILCH(.status = status, .chunk = 10)),
	             0);
	for (size_t i = 0; i <= 100; i++)
		cr_assert_eq(status[i], 0);
	cr_expect_eq(status[101], FILCH_ESKIPPED);
}

Test(find, refuses_what_makes_no_sense)
{
	struct hunt h = {.wanted = wanted, .fails_at = SIZE_MAX};
	size_t index = 7;

	cr_expect_eq(filch_find(NULL, 5, NULL, &h, &index, NULL), FILCH_EINVAL);
	cr_expect_eq(index, 5);
	cr_expect_eq(filch_find(NULL, 5, hunt, &h, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_find(NULL, 5, hunt, &h, &index, FILCH(.keep_going = true)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_find(NULL, 5, hunt, &h, &index, FILCH(.cost_ns = -1)), FILCH_EINVAL);
}

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

Test(find, counts_as_the_serial_loop)
{
	uint64_t seed = test_seed();

	for (size_t width = 0; width < COUNT_OF(widths); width++) {
		filch_pool *pool = pool_of(widths[width]);

		for (size_t round = 0; round < scaled(100, 20); round++) {
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

Test(find, counts_by_key_as_the_serial_loop)
{
	static const size_t bins[] = {0, 1, 2, 255, 256, 257, 30000, 65536, 65537, 1000000, BINS};
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(5, 1) * COUNT_OF(bins); round++) {
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

Test(find, counts_many_keys_in_many_bins)
{
	enum { MANY = 1500000 };
	uint32_t *many = malloc(MANY * sizeof *many);
	uint64_t seed = test_seed();

	cr_assert(many);
	for (unsigned width = 2; width < 5; width++) {
		filch_pool *pool = pool_of(width);
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

Test(find, counts_by_key_without_memory)
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

Test(find, leaves_no_counts_after_an_error)
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
