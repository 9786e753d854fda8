/* SPDX-License-Identifier: MIT */
/* Whatever becomes of filch_partition(), the array holds what it held; and how filch_filter() ends. */
#include "support.h"

#include <filch/pick.h>

#include <criterion/criterion.h>
#include <string.h>

TestSuite(partition, .timeout = 120);

enum { MOST = 100000 };

struct ask {
	size_t fails_at;
	unsigned pause_ns;
};

static int mark(void *ctx, size_t begin, size_t end, bool *out, filch_worker *w)
{
	const struct ask *a = ctx;

	if (a->pause_ns)
		sleep_ns(a->pause_ns);
	for (size_t i = begin; i < end; i++) {
		if (i == a->fails_at)
			return filch_fail(w, i, 7);
		out[i - begin] = (i * 0x9e3779b97f4a7c15u) >> 62 == 1;
	}
	return 0;
}

static void expect_permutation(const uint32_t *x, size_t n)
{
	static bool seen[MOST];

	memset(seen, 0, sizeof seen);
	for (size_t i = 0; i < n; i++) {
		cr_assert_lt(x[i], n);
		cr_assert(!seen[x[i]], "%u is there twice", x[i]);
		seen[x[i]] = true;
	}
}

static int mark_by_chance(void *ctx, size_t begin, size_t end, bool *out, filch_worker *w)
{
	static _Thread_local uint64_t state;

	(void)ctx, (void)w;
	/* Not even a bool. */
	for (size_t i = begin; i < end; i++)
		((unsigned char *)out)[i - begin] = (unsigned char)random_next(&state);
	return 0;
}

Test(partition, loses_nothing_if_the_answers_are_nonsense)
{
	static uint32_t x[MOST], y[MOST];
	filch_pool *pool = pool_of(4);

	for (size_t round = scaled(20, 4); round > 0; round--) {
		size_t first = 0, kept = 0;

		for (uint32_t i = 0; i < MOST; i++)
			x[i] = i;
		cr_assert_eq(filch_filter(pool, x, MOST, y, &kept, mark_by_chance, NULL, NULL), 0);
		for (size_t i = 1; i < kept; i++)
			cr_assert_lt(y[i - 1], y[i]);
		cr_assert_eq(filch_partition(pool, x, MOST, &first, mark_by_chance, NULL, NULL), 0);
		expect_permutation(x, MOST);
		for (size_t i = 1; i < MOST; i++)
			cr_assert(i == first || x[i - 1] < x[i]);
	}
	pool_close(pool);
}

Test(partition, fails_as_the_serial_loop_and_loses_nothing)
{
	static uint32_t x[MOST], y[MOST];
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t round = 0; round < scaled(40, 4); round++) {
			const size_t n = 1 + random_below(&seed, round % 2 ? 2000 : MOST);
			const size_t at = random_below(&seed, n);
			struct ask a = {.fails_at = at};
			size_t kept = 1, lowest = 0;

			for (uint32_t i = 0; i < n; i++)
				x[i] = i;
			cr_assert_eq(filch_filter(pool, x, n, y, &kept, mark, &a,
			                          FILCH(.first_error = &lowest)),
			             7);
			cr_assert_eq(lowest, at);
			cr_assert_eq(kept, 0);
			kept = 1;
			cr_assert_eq(filch_partition(pool, x, n, &kept, mark, &a, NULL), 7);
			cr_assert_eq(kept, 0);
			expect_permutation(x, n);
		}
		pool_close(pool);
	}
}

static int mark_and_cancel(void *ctx, size_t begin, size_t end, bool *out, filch_worker *w)
{
	(void)w;
	memset(out, begin % 3 == 0, end - begin);
	if (begin > MOST / 3)
		filch_cancel_now(ctx);
	return 0;
}

Test(partition, that_is_cancelled_loses_nothing)
{
	static uint32_t x[MOST], y[MOST];

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		filch_cancel token = {0};
		size_t kept = 1;

		for (uint32_t i = 0; i < MOST; i++)
			x[i] = i;
		cr_expect_eq(filch_filter(pool, x, MOST, y, &kept, mark_and_cancel, &token,
		                          FILCH(.cancel = &token, .chunk = 100)),
		             FILCH_ECANCELED);
		cr_expect_eq(kept, 0);
		token = (filch_cancel){0};
		cr_expect_eq(filch_partition(pool, x, MOST, &kept, mark_and_cancel, &token,
		                             FILCH(.cancel = &token, .chunk = 100)),
		             FILCH_ECANCELED);
		expect_permutation(x, MOST);
		pool_close(pool);
	}
}

/* ---- without memory ------------------------------------------------------------------------ */

Test(partition, fails_without_memory_as_with_it)
{
	static uint32_t x[MOST];
	filch_pool *pool = pool_of(4);

	for (unsigned k = 1; k < 12; k++)
		for (size_t at = 0; at < MOST; at += MOST / 7) {
			struct ask a = {.fails_at = at, .pause_ns = 1000};
			size_t first = 1;

			for (uint32_t i = 0; i < MOST; i++)
				x[i] = i;
			fail_memory(k, true);
			cr_assert_eq(filch_partition(pool, x, MOST, &first, mark, &a,
			                             FILCH(.chunk = 1000)),
			             7);
			fail_no_more();
			cr_assert_eq(first, 0);
			expect_permutation(x, MOST);
		}
	pool_close(pool);
}

struct last {
	size_t n;
	atomic_size_t asked;
};

/* Fails when it is asked for the last ones of all. */
static int fail_at_last(void *ctx, size_t begin, size_t end, bool *out, filch_worker *w)
{
	struct last *l = ctx;

	sleep_ns(20000);
	if (atomic_fetch_add(&l->asked, end - begin) + (end - begin) == l->n)
		return filch_fail(w, begin, 7);
	for (size_t i = begin; i < end; i++)
		out[i - begin] = i % 3 == 0;
	return 0;
}

/* One has failed, and at most those that were asked about with it have not been. */
static void expect_failure(const int *status, size_t lowest, const struct filch_report *report)
{
	size_t skipped = 0;

	cr_assert_eq(status[lowest], 7);
	for (size_t i = 0; i < MOST; i++) {
		cr_assert(i == lowest || status[i] == 0 || status[i] == FILCH_ESKIPPED);
		skipped += status[i] == FILCH_ESKIPPED;
	}
	cr_assert_lt(skipped, 1024);
	cr_assert_eq(report->items, MOST - skipped);
	cr_assert_eq(report->failures, 1);
}

/* What could not be noted for want of memory is asked for last, between what was. */
Test(partition, loses_nothing_if_what_is_asked_for_last_fails)
{
	static uint32_t x[MOST];
	static int status[MOST];

	for (size_t width = 2; width <= 4; width++) {
		filch_pool *pool = pool_of((unsigned)width);

		for (unsigned round = 0; round < scaled(40, 8); round++) {
			struct last last = {MOST, 0};
			struct filch_report report;
			size_t first = 1, lowest = 0;

			for (uint32_t i = 0; i < MOST; i++)
				x[i] = i;
			fail_memory(3 + round % 4, false);
			cr_assert_eq(
				filch_partition(pool, x, MOST, &first, fail_at_last, &last,
			                        FILCH(.chunk = 1000, .status = status,
			                              .first_error = &lowest, .report = &report)),
				7);
			fail_no_more();
			cr_assert_eq(first, 0);
			expect_permutation(x, MOST);
			expect_failure(status, lowest, &report);
		}
		pool_close(pool);
	}
}

struct patience {
	filch_cancel token;
	bool waits;
	atomic_size_t asked;
};

/* Is told to stop by what is asked last, or before, and leaves. */
static int leave_at_last(void *ctx, size_t begin, size_t end, bool *out, filch_worker *w)
{
	struct patience *p = ctx;

	sleep_ns(20000);
	if (atomic_fetch_add(&p->asked, end - begin) + (end - begin) > MOST - 3000) {
		if (p->waits)
			return wait_for_stop(w) ? 0 : 1;
		filch_cancel_now(&p->token);
	}
	for (size_t i = begin; i < end && !filch_stopping(w); i++)
		out[i - begin] = i % 3 == 0;
	return 0;
}

Test(partition, that_is_stopped_in_what_is_asked_for_last_says_so)
{
	static uint32_t x[MOST];
	filch_pool *pool = pool_of(3);

	for (unsigned round = 0; round < 16; round++) {
		struct patience p = {.waits = round % 2};
		size_t first = 1;

		for (uint32_t i = 0; i < MOST; i++)
			x[i] = i;
		fail_memory(3 + round / 2 % 4, false);
		cr_assert_eq(filch_partition(pool, x, MOST, &first, leave_at_last, &p,
		                             FILCH(.chunk = 3000, .cancel = &p.token,
		                                   .timeout_ns = p.waits ? 200000000 : 0)),
		             p.waits ? FILCH_ETIMEDOUT : FILCH_ECANCELED);
		fail_no_more();
		cr_assert_eq(first, 0);
		expect_permutation(x, MOST);
	}
	pool_close(pool);
}

struct two {
	size_t low, high;
};

/* Another code at each. */
static int fail_at_both(void *ctx, size_t begin, size_t end, bool *out, filch_worker *w)
{
	const struct two *t = ctx;

	for (size_t i = begin; i < end; i++) {
		if (i == t->low || i == t->high)
			return filch_fail(w, i, i == t->low ? 5 : 7);
		out[i - begin] = i % 3 == 0;
	}
	return 0;
}

/* Also if the lower one is in a range that could not be noted. */
Test(partition, fails_at_the_lowest_whatever_memory_there_is)
{
	static uint32_t x[MOST];
	static int status[MOST];

	for (unsigned round = 0; round < 24; round++) {
		filch_pool *pool = pool_of(1 + round % 3);
		struct two two = {10, round % 2 ? 1500 : 500};
		size_t first = 1, lowest = 0;

		for (uint32_t i = 0; i < MOST; i++)
			x[i] = i;
		fail_memory(1 + round / 3, false);
		cr_assert_eq(filch_partition(
				     pool, x, MOST, &first, fail_at_both, &two,
				     FILCH(.chunk = 100, .first_error = &lowest, .status = status)),
		             5);
		fail_no_more();
		cr_assert(first == 0 && lowest == 10);
		cr_assert(status[9] == 0 && status[10] == 5 && status[11] == FILCH_ESKIPPED);
		expect_permutation(x, MOST);
		pool_close(pool);
	}
}
