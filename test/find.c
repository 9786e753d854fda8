/* SPDX-License-Identifier: MIT */
/* filch_find() against the serial loop. */
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

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t round = 0; round < scaled(200, 30); round++) {
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

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t round = 0; round < scaled(70, 10); round++) {
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

/* ---- stopped ----------------------------------------------------------------------------- */

/* What stands on the stack when a call begins. */
static void litter(void)
{
	volatile char stack[16384];

	for (size_t i = 0; i < sizeof stack; i++)
		stack[i] = (char)(i & 1 ? 2 : 0);
}

static int cancel_and_find_nothing(void *ctx, size_t begin, size_t end, size_t *found,
                                   filch_worker *w)
{
	(void)begin, (void)end, (void)found, (void)w;
	filch_cancel_now(ctx);
	return 0;
}

struct inside {
	filch_pool *pool;
	filch_cancel token;
	size_t n, index;
	int code;
};

static int find_inside(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct inside *in = ctx;

	(void)begin, (void)end, (void)w;
	litter();
	in->code =
		filch_find(in->pool, in->n, cancel_and_find_nothing, &in->token, &in->index, NULL);
	return 0;
}

Test(find, inside_a_call_that_is_stopped_ends_and_says_so)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++)
		for (size_t s = 1; s < COUNT_OF(sizes); s++) {
			struct inside in = {.pool = pool_of(widths[k]), .n = sizes[s]};

			cr_expect_eq(
				filch_for(in.pool, 1, find_inside, &in, FILCH(.cancel = &in.token)),
				0);
			cr_expect_eq(in.code, FILCH_ECANCELED);
			cr_expect_eq(in.index, in.n);
			pool_close(in.pool);
		}
}

struct race {
	filch_cancel token;
	bool cancels;
	atomic_uint found;
};

/* All but the first are matches, and know it when the call is told to stop, which the first does. */
static int match_all_but_the_first(void *ctx, size_t begin, size_t end, size_t *found,
                                   filch_worker *w)
{
	struct race *r = ctx;

	(void)end;
	if (begin) {
		atomic_fetch_add(&r->found, 1);
		*found = begin;
		return wait_for_stop(w) ? 0 : 9;
	}
	if (r->cancels && !wait_for(&r->found, 1))
		return 9;
	if (r->cancels)
		filch_cancel_now(&r->token);
	return wait_for_stop(w) ? 0 : 9;
}

/* He who helps begins with the last one. */
Test(find, that_is_stopped_below_a_match_has_none)
{
	for (size_t round = 0; round < 10; round++) {
		filch_pool *pool = pool_of(2);
		struct race r = {.cancels = round % 2};
		size_t index = 99, lowest = 99;

		cr_expect_eq(filch_find(pool, 4, match_all_but_the_first, &r, &index,
		                        FILCH(.chunk = 1, .cost_ns = 1e6, .cancel = &r.token,
		                              .timeout_ns = r.cancels ? 0 : 50000000,
		                              .first_error = &lowest)),
		             r.cancels ? FILCH_ECANCELED : FILCH_ETIMEDOUT);
		cr_expect_eq(index, 4);
		cr_expect_eq(lowest, 4);
		pool_close(pool);
	}
}

static int match_and_cancel(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	(void)w;
	if (begin <= 7 && end > 7) {
		*found = 7;
		filch_cancel_now(ctx);
	}
	return 0;
}

Test(find, that_is_stopped_above_a_match_has_it)
{
	filch_cancel token = {0};
	size_t index = 0;

	cr_expect_eq(filch_find(NULL, 1000, match_and_cancel, &token, &index,
	                        FILCH(.cancel = &token, .chunk = 1, .max_workers = 1)),
	             0);
	cr_expect_eq(index, 7);
}

Test(find, says_where_it_failed_whatever_the_code_and_touches_nothing_if_refused)
{
	struct hunt h = {.wanted = wanted, .fails_at = 5, .code = FILCH_EINVAL};
	size_t index, lowest = 77;
	int status[9] = {0};

	cr_expect_eq(
		filch_find(NULL, 9, hunt, &h, &index, FILCH(.first_error = &lowest, .cost_ns = -1)),
		FILCH_EINVAL);
	cr_expect_eq(lowest, 77);
	cr_expect_eq(filch_find(NULL, 9, hunt, &h, &index, FILCH(.first_error = &lowest)),
	             FILCH_EINVAL);
	cr_expect_eq(lowest, 5);
	/* Matches that were found, and are not the first. */
	memset(wanted, true, 9);
	h.fails_at = SIZE_MAX;
	for (size_t round = 0; round < 100; round++) {
		cr_assert_eq(
			filch_find(NULL, 9, hunt, &h, &index, FILCH(.status = status, .chunk = 1)),
			0);
		for (size_t i = 0; i < 9; i++)
			cr_assert(status[i] == 0 || status[i] == FILCH_ESKIPPED);
	}
}
