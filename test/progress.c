/* SPDX-License-Identifier: MIT */
/* How far a call is: the callback, and the bar that comes with the library. */
#define _GNU_SOURCE
#include "nobody.h"
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>

TestSuite(progress, .timeout = 120);

enum { N = 1000, REPORTS = 1000 };

static const uint64_t period_ns = 100000000;

/* All reports of a call, in order. */
struct log {
	pthread_t caller;
	bool elsewhere;
	size_t count;
	struct filch_progress p[REPORTS];
};

static void log_progress(void *arg, const struct filch_progress *p)
{
	struct log *l = arg;

	l->elsewhere |= !pthread_equal(pthread_self(), l->caller);
	if (l->count < REPORTS)
		l->p[l->count] = *p;
	l->count++;
}

/* What holds for the reports of any call. */
static void expect_orderly(const struct log *l, size_t total, const char *label)
{
	const struct filch_progress *last = &l->p[l->count - 1];

	cr_expect_not(l->elsewhere, "reports come on the calling thread");
	cr_assert(l->count >= 1 && l->count <= REPORTS);
	for (size_t i = 0; i < l->count; i++) {
		cr_expect_eq(l->p[i].finished, i == l->count - 1);
		cr_expect_eq(l->p[i].total, total);
		cr_expect_leq(l->p[i].done, total);
		cr_expect_eq(l->p[i].label, label);
		if (i > 0) {
			cr_expect_geq(l->p[i].done, l->p[i - 1].done);
			cr_expect_geq(l->p[i].elapsed_ns, l->p[i - 1].elapsed_ns);
		}
	}
	cr_expect_leq((l->count - 1) * period_ns, last->elapsed_ns, "more often than promised");
}

static int nap_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	if (ctx)
		for (size_t i = begin; i < end; i++)
			sleep_ns(*(uint64_t *)ctx);
	return 0;
}

Test(progress, of_a_call_ends_with_all_items_done)
{
	const size_t lengths[] = {0, 1, 2, 63, 64, 65, N, 100000};
	const char *label = "reported";

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(lengths); i++) {
			struct log l = {.caller = pthread_self()};

			cr_expect_eq(filch_for(pool, lengths[i], nap_body, NULL,
			                       FILCH(.label = label, .progress = log_progress,
			                             .progress_arg = &l)),
			             0);
			expect_orderly(&l, lengths[i], label);
			cr_expect_eq(l.p[l.count - 1].done, lengths[i]);
		}
		pool_close(pool);
	}
}

/* Half a second and more, all on the calling thread: there is time for several reports. */
Test(progress, of_a_long_call_is_told_before_its_end)
{
	filch_pool *pool = pool_of(1);
	struct log l = {.caller = pthread_self()};
	uint64_t nap = 10000000;

	cr_expect_eq(filch_for(pool, 60, nap_body, &nap,
	                       FILCH(.progress = log_progress, .progress_arg = &l)),
	             0);
	expect_orderly(&l, 60, NULL);
	cr_expect_geq(l.count, 3);
	cr_expect_gt(l.p[0].done, 0);
	pool_close(pool);
}

Test(progress, of_a_long_call_is_told_at_every_width)
{
	for (size_t k = 1; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct log l = {.caller = pthread_self()};
		uint64_t nap = 5000000;

		cr_expect_eq(filch_for(pool, 60 * widths[k], nap_body, &nap,
		                       FILCH(.progress = log_progress, .progress_arg = &l)),
		             0);
		expect_orderly(&l, 60 * widths[k], NULL);
		cr_expect_geq(l.count, 2);
		pool_close(pool);
	}
}

static int fail_at_hundred(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx;
	return begin <= 100 && 100 < end ? filch_fail(w, 100, 1) : 0;
}

Test(progress, of_a_call_that_fails_ends_with_what_was_done)
{
	filch_pool *pool = pool_of(1);
	struct log l = {.caller = pthread_self()};
	filch_cancel cancel = {0};

	cr_expect_eq(filch_for(pool, N, fail_at_hundred, NULL,
	                       FILCH(.progress = log_progress, .progress_arg = &l)),
	             1);
	expect_orderly(&l, N, NULL);
	cr_expect_eq(l.p[l.count - 1].done, 101, "items that have run, or failed");

	l.count = 0;
	filch_cancel_now(&cancel);
	cr_expect_eq(
		filch_for(pool, N, fail_at_hundred, NULL,
	                  FILCH(.cancel = &cancel, .progress = log_progress, .progress_arg = &l)),
		FILCH_ECANCELED);
	expect_orderly(&l, N, NULL);
	cr_expect_eq(l.p[l.count - 1].done, 0);
	pool_close(pool);
}

static int square(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx, (void)w;
	*(size_t *)out = *(const size_t *)in * *(const size_t *)in;
	return 0;
}

Test(progress, of_a_map_is_told_too)
{
	static size_t x[N];
	struct log l = {.caller = pthread_self()};

	cr_expect_eq(filch_map(NULL, x, N, x, square, NULL,
	                       FILCH(.progress = log_progress, .progress_arg = &l)),
	             0);
	expect_orderly(&l, N, NULL);
	cr_expect_eq(l.p[l.count - 1].done, N);
}

/* ---- the bar -------------------------------------------------------------------------- */

CHILD(shows_a_bar)
{
	uint64_t nap = 10000000;

	return filch_for(NULL, 60, nap_body, &nap,
	                 FILCH(.label = "naps", .chunk = 1, .max_workers = 1,
	                       .progress = filch_progress_bar));
}

Test(progress, bar_says_nothing_if_stderr_is_no_terminal)
{
	struct outcome o;

	run_child(&o, "shows_a_bar", NULL);
	cr_expect_eq(o.status, 0);
	cr_expect_str_empty(o.err);
	cr_expect_str_empty(o.out);
}

Test(progress, bar_on_a_terminal_names_the_call_and_ends_its_line)
{
	struct outcome o;

	run_child_on_terminal(&o, "shows_a_bar", NULL);
	cr_expect_eq(o.status, 0);
	cr_expect(strstr(o.err, "naps"));
	cr_expect(strchr(o.err, '\r'), "it is drawn over itself");
	cr_assert(o.err[0]);
	cr_expect_eq(o.err[strlen(o.err) - 1], '\n');
	cr_expect_str_empty(o.out);
}

CHILD(shows_odd_bars)
{
	const struct filch_progress odd[] = {
		{NULL, 0, 0, 0, false},
		{NULL, 0, 0, 0, true},
		{"", 0, SIZE_MAX, 1, false},
		{"100%s%n", SIZE_MAX, SIZE_MAX, UINT64_MAX, false},
		{"a label that is much longer than any terminal that it could be shown on is wide, "
	         "and goes on, and on, and on, until nobody remembers how it began, or where it "
	         "was",
	         1, 3, 5, true},
	};

	for (size_t i = 0; i < COUNT_OF(odd); i++)
		filch_progress_bar(NULL, &odd[i]);
	return 0;
}

Test(progress, bar_stands_odd_numbers_and_labels)
{
	struct outcome o;

	run_child_on_terminal(&o, "shows_odd_bars", NULL);
	cr_expect_eq(o.status, 0);
	run_child(&o, "shows_odd_bars", NULL);
	cr_expect_eq(o.status, 0);
	cr_expect_str_empty(o.err);
}

/* ---- what nobody reads ------------------------------------------------------------------ */

enum { STATUS = 7, NO_SUCH_THING, WRONG };

static int nap_and_count(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	sleep_ns(10000000);
	return tally_body(ctx, begin, end, w);
}

/* A call of half a second, and all that there is to explain. */
CHILD(tells_nobody)
{
	const char *how = getenv("FILCH_TEST_HOW");
	struct tally t;

	if (!how || !nobody_reads(how))
		return NO_SUCH_THING;
	tally_init(&t, 100);
	for (int round = 0; round < 2; round++) {
		tally_clear(&t);
		if (filch_for(NULL, t.n, nap_and_count, &t,
		              FILCH(.label = "unseen", .chunk = 1, .max_workers = 2,
		                    .progress = filch_progress_bar)) ||
		    tally_first_not(&t, 0, t.n, 1) != t.n)
			return WRONG;
		filch_explain(stderr);
	}
	tally_finish(&t);
	return STATUS;
}

static int tell_nobody(const char *how)
{
	const char *const env[] = {"FILCH_STATS=1", "FILCH_WORKERS=2", how, NULL};
	struct outcome o;

	run_child(&o, "tells_nobody", env);
	return o.status;
}

Test(progress, and_explanations_that_nobody_reads_harm_no_call)
{
	static const char *const how[] = {"FILCH_TEST_HOW=closed", "FILCH_TEST_HOW=full",
	                                  "FILCH_TEST_HOW=pipe", "FILCH_TEST_HOW=stuck"};

	for (size_t i = 0; i < COUNT_OF(how); i++)
		cr_expect_eq(tell_nobody(how[i]), STATUS, "%s", how[i]);
}

Test(progress, and_explanations_to_a_terminal_that_is_gone_or_stopped_harm_no_call)
{
	static const char *const how[] = {"FILCH_TEST_HOW=gone", "FILCH_TEST_HOW=stopped"};

	for (size_t i = 0; i < COUNT_OF(how); i++) {
		const int status = tell_nobody(how[i]);

		if (status == NO_SUCH_THING)
			cr_skip_test("this machine has no pseudo terminals to give");
		cr_expect_eq(status, STATUS, "%s", how[i]);
	}
}
