/* SPDX-License-Identifier: MIT */
/* The options of a call: what each one promises, alone and together. */
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

TestSuite(options, .timeout = 120);

/* ---- chunk, min_chunk, max_chunk ------------------------------------------------------ */

struct sizes {
	struct tally t;
	size_t chunk, least, most; /* what every call must keep; 0 = anything */
	atomic_size_t wrong;
};

static int sizes_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct sizes *s = ctx;
	size_t size = end - begin;
	bool last = end == s->t.n;

	(void)w;
	tally_range(&s->t, begin, end);
	if (s->chunk && (begin % s->chunk != 0 || size > s->chunk || (size < s->chunk && !last)))
		atomic_fetch_add(&s->wrong, 1);
	if ((s->least && size < s->least && !last) || (s->most && size > s->most))
		atomic_fetch_add(&s->wrong, 1);
	return 0;
}

static void expect_sizes(filch_pool *pool, size_t n, struct sizes *s,
                         const struct filch_options *options)
{
	tally_init(&s->t, n);
	for (int round = 0; round < 3; round++) {
		tally_clear(&s->t);
		cr_expect_eq(filch_for(pool, n, sizes_body, s, options), 0);
		tally_expect_once(&s->t);
	}
	cr_expect_eq(atomic_load(&s->wrong), 0, "n %zu, chunk %zu, %zu .. %zu", n, s->chunk,
	             s->least, s->most);
	tally_finish(&s->t);
}

static const size_t lengths[] = {1, 2, 7, 64, 100, 1009, 10007};
static const size_t chunks[] = {1, 2, 3, 7, 16, 100, 1008, 1009, 1010, 20000, SIZE_MAX};

Test(options, chunk_is_what_every_call_gets_but_the_last)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(lengths); i++)
			for (size_t j = 0; j < COUNT_OF(chunks); j++) {
				struct sizes s = {.chunk = chunks[j]};

				expect_sizes(pool, lengths[i], &s, FILCH(.chunk = chunks[j]));
			}
		pool_close(pool);
	}
}

/* C2 */
Test(options, min_and_max_chunk_bound_every_call)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(lengths); i++)
			for (size_t j = 0; j < COUNT_OF(chunks); j++) {
				const size_t c = chunks[j];
				struct sizes least = {.least = c}, most = {.most = c};
				struct sizes both = {.least = c, .most = c};

				expect_sizes(pool, lengths[i], &least, FILCH(.min_chunk = c));
				expect_sizes(pool, lengths[i], &most, FILCH(.max_chunk = c));
				expect_sizes(pool, lengths[i], &both,
				             FILCH(.min_chunk = c, .max_chunk = c));
			}
		pool_close(pool);
	}
}

/* K1 */
Test(options, cost_ns_is_only_a_hint)
{
	const double costs[] = {1e-9, 0.001, 1, 1e3, 1e9, 1e15};

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(costs); i++) {
			struct sizes s = {0};

			expect_sizes(pool, 5000, &s, FILCH(.label = "hint", .cost_ns = costs[i]));
		}
		pool_close(pool);
	}
}

Test(options, label_may_be_of_any_length)
{
	static char label[20000];
	struct sizes s = {0}, empty = {0};

	memset(label, 'x', sizeof label - 1);
	expect_sizes(NULL, 100, &s, FILCH(.label = label));
	expect_sizes(NULL, 100, &empty, FILCH(.label = ""));
}

/* ---- max_workers --------------------------------------------------------------------- */

struct crowd {
	pthread_t caller;
	atomic_uint now, most, strangers;
};

static int crowd_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct crowd *c = ctx;
	unsigned now = atomic_fetch_add(&c->now, 1) + 1;

	(void)begin, (void)end, (void)w;
	for (unsigned most = atomic_load(&c->most);
	     most < now && !atomic_compare_exchange_weak(&c->most, &most, now);)
		;
	if (!pthread_equal(c->caller, pthread_self()))
		atomic_fetch_add(&c->strangers, 1);
	sleep_ns(100000);
	atomic_fetch_sub(&c->now, 1);
	return 0;
}

Test(options, max_workers_is_never_exceeded)
{
	filch_pool *pool = pool_of(16);

	for (unsigned max = 1; max <= 20; max++) {
		struct crowd c = {.caller = pthread_self()};
		struct filch_report report;

		cr_expect_eq(filch_for(pool, 200, crowd_body, &c,
		                       FILCH(.max_workers = max, .report = &report)),
		             0);
		cr_expect_leq(atomic_load(&c.most), max);
		cr_expect_leq(report.workers, max);
	}
	pool_close(pool);
}

Test(options, max_workers_of_one_is_serial)
{
	filch_pool *pool = pool_of(8);
	struct crowd c = {.caller = pthread_self()};

	for (int round = 0; round < 10; round++)
		cr_expect_eq(filch_for(pool, 20, crowd_body, &c, FILCH(.max_workers = 1)), 0);
	cr_expect_eq(atomic_load(&c.strangers), 0);
	cr_expect_eq(atomic_load(&c.most), 1);
	pool_close(pool);
}

/* ---- cancel -------------------------------------------------------------------------------- */

struct stopped {
	struct tally t;
	filch_cancel cancel;
	size_t at; /* the item that cancels */
	atomic_uint begun;
	atomic_bool hung;
};

static int cancel_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct stopped *s = ctx;

	tally_range(&s->t, begin, end);
	if (begin <= s->at && s->at < end)
		filch_cancel_now(&s->cancel);
	return begin <= s->at && s->at < end && !filch_stopping(w) ? 1 : 0;
}

/* The status of a call that no body of failed. */
static void expect_status_of(const struct tally *t, const int *status)
{
	for (size_t i = 0; i < t->n; i++)
		cr_assert_eq(status[i], atomic_load(&t->times[i]) == 1 ? 0 : FILCH_ESKIPPED);
}

Test(options, cancel_stops_all_that_has_not_started)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t at = 0; at < 300; at += 13) {
			struct stopped s = {.at = at};
			int status[1000], code;

			tally_init(&s.t, 1000);
			code = filch_for(pool, 1000, cancel_body, &s,
			                 FILCH(.cancel = &s.cancel, .chunk = 1, .status = status));
			/* The one that cancels may have been held up until all had started. */
			cr_expect(code == FILCH_ECANCELED ||
			          (code == 0 && tally_first_not(&s.t, 0, 1000, 1) == 1000));
			expect_status_of(&s.t, status);
			if (widths[k] == 1)
				cr_expect(code && tally_first_not(&s.t, at + 1, 1000, 0) == 1000);
			tally_finish(&s.t);
		}
		pool_close(pool);
	}
}

Test(options, cancel_before_the_call_runs_nothing_and_serves_until_it_is_zeroed)
{
	struct stopped s = {.at = SIZE_MAX};
	int status[100];

	tally_init(&s.t, 100);
	cr_expect_not(filch_is_cancelled(&s.cancel));
	filch_cancel_now(&s.cancel);
	cr_expect(filch_is_cancelled(&s.cancel));
	for (int round = 0; round < 10; round++) {
		memset(status, 0x5a, sizeof status);
		cr_expect_eq(filch_for(NULL, 100, cancel_body, &s,
		                       FILCH(.cancel = &s.cancel, .status = status)),
		             FILCH_ECANCELED);
		expect_status_of(&s.t, status);
	}
	cr_expect_eq(tally_first_not(&s.t, 0, 100, 0), 100);
	s.cancel = (filch_cancel){0};
	cr_expect_eq(filch_for(NULL, 100, cancel_body, &s, FILCH(.cancel = &s.cancel)), 0);
	tally_expect_once(&s.t);
	tally_finish(&s.t);
}

Test(options, cancel_after_the_last_item_has_started_is_too_late)
{
	filch_pool *pool = pool_of(1);
	struct stopped s = {.at = 99};

	tally_init(&s.t, 100);
	cr_expect_eq(filch_for(pool, 100, cancel_body, &s, FILCH(.cancel = &s.cancel, .chunk = 1)),
	             0);
	tally_expect_once(&s.t);
	tally_finish(&s.t);
	pool_close(pool);
}

static int until_stopped(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct stopped *s = ctx;

	tally_range(&s->t, begin, end);
	atomic_fetch_add(&s->begun, 1);
	if (!wait_for_stop(w))
		atomic_store(&s->hung, true);
	return 0;
}

static void *cancel_when_begun(void *arg)
{
	struct stopped *s = arg;

	wait_for(&s->begun, 1);
	filch_cancel_now(&s->cancel);
	return NULL;
}

Test(options, cancel_from_another_thread_is_seen_by_the_bodies)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct stopped s = {.at = SIZE_MAX};
		int status[1000];
		pthread_t other;

		tally_init(&s.t, 1000);
		cr_assert_eq(pthread_create(&other, NULL, cancel_when_begun, &s), 0);
		cr_expect_eq(filch_for(pool, 1000, until_stopped, &s,
		                       FILCH(.cancel = &s.cancel, .chunk = 1, .status = status)),
		             FILCH_ECANCELED);
		pthread_join(other, NULL);
		expect_status_of(&s.t, status);
		cr_expect_not(atomic_load(&s.hung));
		cr_expect_leq(atomic_load(&s.begun), widths[k], "one body per worker had begun");
		tally_finish(&s.t);
		pool_close(pool);
	}
}

/* Item 0 fails when the others have begun, and they wait until they are told. */
static int fail_under_others(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct stopped *s = ctx;

	tally_range(&s->t, begin, end);
	if (filch_stopping(w) || !meet(&s->begun, 4) || (begin > 0 && !wait_for_stop(w)))
		atomic_store(&s->hung, true);
	return begin == 0 ? 5 : begin == 3 ? 9 : 0;
}

Test(options, stopping_is_also_what_a_lower_failure_says)
{
	filch_pool *pool = pool_of(4);
	struct stopped s = {.at = SIZE_MAX};

	tally_init(&s.t, 4);
	cr_expect_eq(filch_for(pool, 4, fail_under_others, &s, FILCH(.chunk = 1)), 5);
	cr_expect_not(atomic_load(&s.hung));
	tally_expect_once(&s.t);
	tally_finish(&s.t);
	pool_close(pool);
}

/* ---- timeout_ns ----------------------------------------------------------------------------- */

Test(options, timeout_stops_all_that_has_not_started)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct stopped s = {.at = SIZE_MAX};
		int status[1000];

		tally_init(&s.t, 1000);
		cr_expect_eq(filch_for(pool, 1000, until_stopped, &s,
		                       FILCH(.timeout_ns = 1000000, .chunk = 1, .status = status)),
		             FILCH_ETIMEDOUT);
		expect_status_of(&s.t, status);
		cr_expect_not(atomic_load(&s.hung));
		tally_finish(&s.t);
		pool_close(pool);
	}
}

Test(options, timeout_of_for_ever_is_none)
{
	const uint64_t long_ones[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, INT64_MAX,
	                              3600000000000u};

	for (size_t i = 0; i < COUNT_OF(long_ones); i++) {
		struct sizes s = {0};

		expect_sizes(NULL, 1000, &s, FILCH(.timeout_ns = long_ones[i]));
		expect_sizes(NULL, 20, &s, FILCH(.timeout_ns = long_ones[i], .pause_ns = 1));
	}
}

/* ---- pause_ns ------------------------------------------------------------------------------- */

static const uint64_t pause_ns = 2000000;
static const uint64_t an_age_ns = 1000000000000u; /* more than the suite may take */

Test(options, pause_stands_between_the_starts_of_items)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct sizes s = {.chunk = 1};
		uint64_t begin;

		tally_init(&s.t, 10);
		begin = now_ns();
		cr_expect_eq(filch_for(pool, 10, sizes_body, &s, FILCH(.pause_ns = pause_ns)), 0);
		cr_expect_geq(now_ns() - begin, 9 * pause_ns);
		tally_expect_once(&s.t);
		cr_expect_eq(atomic_load(&s.wrong), 0, "a pause means chunks of one");
		tally_finish(&s.t);
		pool_close(pool);
	}
}

static int cancel_always(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	filch_cancel_now(ctx);
	return 0;
}

/* A call that has nothing more to start does not sit out its pause. */
Test(options, pause_ends_with_the_call)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		filch_cancel cancel = {0};
		filch_cancel other = {0};

		cr_expect_eq(filch_for(pool, 3, cancel_always, &cancel,
		                       FILCH(.pause_ns = an_age_ns, .cancel = &cancel)),
		             FILCH_ECANCELED);
		cr_expect_eq(filch_for(pool, 3, cancel_always, &other,
		                       FILCH(.pause_ns = an_age_ns, .timeout_ns = pause_ns)),
		             FILCH_ETIMEDOUT);
		cr_expect_eq(
			filch_for(pool, 1, cancel_always, &other, FILCH(.pause_ns = UINT64_MAX)),
			0);
		pool_close(pool);
	}
}
