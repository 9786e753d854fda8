/* SPDX-License-Identifier: MIT */
/*
 * The monotonic clock jumps ahead, as it does for a process that was stopped, or a machine that was
 * held up: what was to be over by then is, nothing else is, and nothing is lost.  promises_threads.c
 * has wall clocks, which do not matter.
 */
#include "support.h"

#include <criterion/criterion.h>

TestSuite(clock, .timeout = 120);

enum { N = 200 };

static const uint64_t an_hour_ns = 3600000000000u;

struct jumps {
	struct tally t;
	uint32_t seconds;
	size_t every;
};

static int jump_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct jumps *j = ctx;

	for (size_t i = begin; i < end; i++)
		if (i % j->every == j->every - 1)
			monotonic_clock_jumps(j->seconds);
	return tally_body(&j->t, begin, end, w);
}

/* F5 */
Test(clock, that_jumps_beyond_a_deadline_ends_the_call)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct jumps j = {.seconds = 7200, .every = 10};
		int status[100 * N];
		size_t skipped = 0;

		tally_init(&j.t, COUNT_OF(status));
		cr_expect_eq(
			filch_for(pool, j.t.n, jump_body, &j,
		                  FILCH(.chunk = 1, .timeout_ns = an_hour_ns, .status = status)),
			FILCH_ETIMEDOUT);
		for (size_t i = 0; i < j.t.n; i++) {
			bool ran = atomic_load(&j.t.times[i]) == 1;

			cr_assert_eq(status[i], ran ? FILCH_OK : FILCH_ESKIPPED);
			skipped += !ran;
		}
		cr_expect_eq(status[0], FILCH_OK);
		cr_expect_gt(skipped, 0);
		tally_finish(&j.t);
		pool_close(pool);
	}
}

Test(clock, that_does_not_jump_as_far_as_the_deadline_ends_no_call)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct jumps j = {.seconds = 10, .every = 1};

		tally_init(&j.t, N);
		cr_expect_eq(filch_for(pool, N, jump_body, &j,
		                       FILCH(.chunk = 1, .timeout_ns = an_hour_ns)),
		             0);
		tally_expect_once(&j.t);
		tally_finish(&j.t);
		pool_close(pool);
	}
}

Test(clock, that_jumps_ends_pauses)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct jumps j = {.seconds = 3601, .every = 1};

		tally_init(&j.t, 10);
		cr_expect_eq(filch_for(pool, j.t.n, jump_body, &j, FILCH(.pause_ns = an_hour_ns)),
		             0);
		tally_expect_once(&j.t);
		tally_finish(&j.t);
		pool_close(pool);
	}
}

/* What was measured meanwhile is wrong (K1), and reports add up all the same. */
Test(clock, that_jumps_within_bodies_spoils_no_later_call)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct jumps j = {.seconds = 100000, .every = 3};

		for (size_t n = 1; n < 10000; n = 3 * n + 1) {
			struct filch_report r;

			tally_init(&j.t, n);
			cr_expect_eq(filch_for(pool, n, jump_body, &j, NULL), 0);
			tally_expect_once(&j.t);
			tally_clear(&j.t);
			cr_expect_eq(filch_for(pool, n, jump_body, &j, FILCH(.report = &r)), 0);
			tally_expect_once(&j.t);
			cr_expect_eq(r.items, n);
			tally_finish(&j.t);
		}
		pool_close(pool);
	}
}

static int meet_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	return meet(ctx, 4) ? 0 : 1;
}

/* It is not by the clock that they are woken. */
Test(clock, that_jumps_while_workers_sleep_keeps_nobody_asleep)
{
	filch_pool *pool = pool_of(4);

	for (size_t i = 0; i < scaled(50, 5); i++) {
		atomic_uint met = 0;

		sleep_ns(i % 3 * 2000000);
		monotonic_clock_jumps(UINT32_MAX / 1000);
		cr_assert_eq(filch_for(pool, 4, meet_body, &met, FILCH(.chunk = 1)), 0);
	}
	pool_close(pool);
}
