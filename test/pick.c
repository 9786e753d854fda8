/* SPDX-License-Identifier: MIT */
/* filch_filter() and filch_partition() against the serial loops. */
#include "support.h"

#include <filch/pick.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(pick, .timeout = 120);

enum { MOST = 100000, WIDEST = 40 };

static const size_t sizes[] = {0,    1,    2,    3,    7,    1000,  1023, 1024,
                               1025, 2047, 2048, 2049, 5000, 10007, MOST};
static const size_t item_sizes[] = {1, 2, 3, 4, 8, 12, 16, 24, WIDEST};

/* Which items are picked: a 256th part each of `share`, by chance; or one of the patterns. */
enum pattern { BY_CHANCE, ALTERNATING, FRONT_HALF, BACK_HALF, PATTERNS };

struct ask {
	enum pattern pattern;
	unsigned share;
	uint64_t salt;
	size_t n;
	struct tally *tally; /* NULL: nobody counts */
	size_t fails_at;     /* SIZE_MAX: nowhere */
	unsigned pause_ns;
};

static bool picks(const struct ask *a, size_t i)
{
	uint64_t x = (i + a->salt) * 0x9e3779b97f4a7c15u;

	switch (a->pattern) {
	case ALTERNATING:
		return i % 2;
	case FRONT_HALF:
		return i < a->n / 2;
	case BACK_HALF:
		return i >= a->n / 2;
	default:
		return (x >> 40) % 256 < a->share;
	}
}

static int mark(void *ctx, size_t begin, size_t end, bool *out, filch_worker *w)
{
	const struct ask *a = ctx;

	if (a->pause_ns)
		sleep_ns(a->pause_ns);
	for (size_t i = begin; i < end; i++) {
		if (a->tally)
			tally_range(a->tally, i, i + 1);
		if (i == a->fails_at)
			return filch_fail(w, i, 7);
		out[i - begin] = picks(a, i);
	}
	return 0;
}

static void fill(unsigned char *items, size_t n, size_t bytes)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < bytes; k++)
			items[i * bytes + k] = (unsigned char)((i >> 8 * (k % 3)) + k);
}

/* The serial loop, for the picked ones or the others. */
static size_t pick_serially(const struct ask *a, bool which, const unsigned char *items, size_t n,
                            size_t bytes, unsigned char *out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (picks(a, i) == which)
			memcpy(out + k++ * bytes, items + i * bytes, bytes);
	return k;
}

/* Arrays for all tests: what is asked about, what is to come out, what comes out. */
static unsigned char items[MOST * WIDEST], wanted[MOST * WIDEST], got[MOST * WIDEST];

static void expect_filter(filch_pool *pool, struct ask *a, size_t bytes,
                          const struct filch_options *options)
{
	const size_t n = a->n, picked = pick_serially(a, true, items, n, bytes, wanted);
	size_t kept = 1;

	memset(got, 0xaa, sizeof got < (n + 1) * bytes ? sizeof got : (n + 1) * bytes);
	cr_assert_eq(filch_filter_sized(pool, items, bytes, n, got, &kept, mark, a, options), 0);
	cr_assert_eq(kept, picked, "%zu of %zu, not %zu", kept, n, picked);
	cr_assert(!memcmp(got, wanted, kept * bytes), "n %zu, %zu bytes", n, bytes);
	if (n < MOST)
		cr_assert_eq(got[n * bytes], 0xaa, "nothing is written behind the array");

	memcpy(got, items, n * bytes);
	cr_assert_eq(filch_filter_sized(pool, got, bytes, n, got, &kept, mark, a, options), 0);
	cr_assert_eq(kept, picked);
	cr_assert(!memcmp(got, wanted, kept * bytes), "in place: n %zu, %zu bytes", n, bytes);
}

static void expect_partition(filch_pool *pool, struct ask *a, size_t bytes,
                             const struct filch_options *options)
{
	const size_t n = a->n, picked = pick_serially(a, true, items, n, bytes, wanted);
	size_t first = 1;

	pick_serially(a, false, items, n, bytes, wanted + picked * bytes);
	memcpy(got, items, n * bytes);
	cr_assert_eq(filch_partition_sized(pool, got, bytes, n, &first, mark, a, options), 0);
	cr_assert_eq(first, picked);
	cr_assert(!memcmp(got, wanted, n * bytes), "n %zu, %zu bytes", n, bytes);
}

static void expect_both(filch_pool *pool, struct ask *a, size_t bytes,
                        const struct filch_options *options)
{
	fill(items, a->n, bytes);
	expect_filter(pool, a, bytes, options);
	expect_partition(pool, a, bytes, options);
}

Test(pick, gives_what_the_serial_loop_gives)
{
	static const unsigned shares[] = {0, 1, 128, 250, 256};
	filch_pool *pool = pool_of(2);
	uint64_t seed = test_seed();

	for (size_t s = 0; s < COUNT_OF(sizes); s++)
		for (size_t b = 0; b < COUNT_OF(item_sizes); b++)
			for (size_t k = 0; k < COUNT_OF(shares); k++) {
				struct ask a = {
					.share = shares[k], .n = sizes[s], .fails_at = SIZE_MAX};

				if (random_below(&seed, thinned()) == 0)
					expect_both(pool, &a, item_sizes[b], NULL);
			}
	pool_close(pool);
}

/* Chunks of a fixed size are stolen one by one, as many runs as there can be. */
Test(pick, gives_the_same_at_every_width_and_tuning)
{
	static const size_t chunks[] = {0, 1, 100, 1024, 3000};
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t round = 0; round < scaled(27, 8); round++) {
			struct ask a = {.pattern = (enum pattern)random_below(&seed, PATTERNS),
			                .share = (unsigned)random_below(&seed, 257),
			                .salt = random_next(&seed),
			                .n = random_below(&seed, 20000),
			                .fails_at = SIZE_MAX,
			                .pause_ns = round % 4 ? 0 : 1000};
			const size_t chunk = chunks[random_below(&seed, COUNT_OF(chunks))];

			if (a.pause_ns && chunk == 1)
				a.n /= 64;
			expect_both(pool, &a, item_sizes[round % COUNT_OF(item_sizes)],
			            FILCH(.chunk = chunk));
		}
		pool_close(pool);
	}
}

Test(pick, moves_what_is_too_much_for_the_caller_alone)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (unsigned p = 0; p < PATTERNS; p++)
			for (unsigned share = 16; share < 256; share += 110) {
				struct ask a = {.pattern = (enum pattern)p,
				                .share = share,
				                .n = MOST,
				                .fails_at = SIZE_MAX};

				if (random_below(&seed, thinned()) == 0)
					expect_both(pool, &a, WIDEST, FILCH(.chunk = 2000));
			}
		pool_close(pool);
	}
}

/* ---- each once ------------------------------------------------------------------------ */

Test(pick, asks_about_each_item_once)
{
	filch_pool *pool = pool_of(4);
	struct tally tally;

	for (size_t s = 0; s < COUNT_OF(sizes); s++) {
		struct ask a = {.share = 100, .n = sizes[s], .tally = &tally, .fails_at = SIZE_MAX};
		size_t kept;

		tally_init(&tally, a.n);
		cr_expect_eq(filch_filter_sized(pool, items, 4, a.n, got, &kept, mark, &a, NULL),
		             0);
		tally_expect_once(&tally);
		tally_clear(&tally);
		cr_expect_eq(filch_partition_sized(pool, items, 4, a.n, &kept, mark, &a, NULL), 0);
		tally_expect_once(&tally);
		tally_finish(&tally);
	}
	pool_close(pool);
}

Test(pick, reports_all_of_its_items)
{
	filch_pool *pool = pool_of(2);
	struct ask a = {.share = 77, .n = 5000, .fails_at = SIZE_MAX};
	struct filch_report report;
	static int status[5000];

	memset(status, 1, sizeof status);
	expect_filter(pool, &a, 4, FILCH(.report = &report, .label = "some", .status = status));
	cr_expect_eq(report.items, 5000);
	for (size_t i = 0; i < 5000; i++)
		cr_assert_eq(status[i], 0);
	pool_close(pool);
}

/* ---- without memory ------------------------------------------------------------------------ */

Test(pick, needs_no_memory)
{
	for (unsigned k = 1; k < 12; k++)
		for (size_t b = k % thinned(); b < COUNT_OF(item_sizes); b += thinned()) {
			filch_pool *pool = pool_of(2);
			struct ask a = {
				.share = 128, .n = 30000, .fails_at = SIZE_MAX, .pause_ns = 2000};

			fill(items, a.n, item_sizes[b]);
			fail_memory(k, k % 3 != 0);
			expect_filter(pool, &a, item_sizes[b], FILCH(.chunk = 1000));
			fail_no_more();
			fail_memory(k, k % 3 != 0);
			expect_partition(pool, &a, item_sizes[b], FILCH(.chunk = 1000));
			fail_no_more();
			pool_close(pool);
		}
}

/* ---- what makes no sense --------------------------------------------------------------------- */

Test(pick, refuses_what_makes_no_sense)
{
	int x[4] = {1, 2, 3, 4}, *none = NULL;
	struct ask a = {.n = 4, .fails_at = SIZE_MAX};
	size_t kept = 9;

	cr_expect_eq(filch_filter(NULL, none, 4, x, &kept, mark, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(kept, 0);
	cr_expect_eq(filch_filter(NULL, x, 4, none, NULL, mark, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_filter(NULL, x, 4, x, &kept, NULL, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_filter(NULL, x, SIZE_MAX / 2, x, &kept, mark, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_filter_sized(NULL, x, 0, 4, x, &kept, mark, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_filter(NULL, x, 4, x, &kept, mark, &a, FILCH(.keep_going = true)),
	             FILCH_EINVAL);
	cr_expect_eq(
		filch_filter(NULL, x, 4, x, &kept, mark, &a, FILCH(.chunk = 1, .max_chunk = 2)),
		FILCH_EINVAL);
	cr_expect_eq(filch_filter(NULL, none, 0, none, NULL, mark, &a, NULL), 0);

	cr_expect_eq(filch_partition(NULL, none, 4, &kept, mark, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_partition(NULL, x, 4, &kept, NULL, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_partition(NULL, x, SIZE_MAX / 2, &kept, mark, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_partition_sized(NULL, x, 0, 4, &kept, mark, &a, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_partition(NULL, x, 4, NULL, mark, &a, FILCH(.keep_going = true)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_partition(NULL, none, 0, NULL, mark, &a, NULL), 0);
}
