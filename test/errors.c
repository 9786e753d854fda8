/* SPDX-License-Identifier: MIT */
/* Errors are those of the serial loop; bad arguments touch nothing; every code has words. */
#include "support.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

TestSuite(errors, .timeout = 300);

enum { N = 1000 };

/* A loop that fails at some items, each with a code of its own. */
struct plan {
	struct tally t;
	int codes[N];
	bool tells; /* which of its items failed */
};

static int plan_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct plan *p = ctx;

	for (size_t i = begin; i < end; i++) {
		tally_range(&p->t, i, i + 1);
		if (p->codes[i])
			return p->tells ? filch_fail(w, i, p->codes[i]) : p->codes[i];
	}
	return 0;
}

static struct plan *plan_make(bool tells)
{
	struct plan *p = calloc(1, sizeof *p);

	cr_assert(p);
	p->tells = tells;
	tally_init(&p->t, N);
	return p;
}

static void plan_free(struct plan *p)
{
	tally_finish(&p->t);
	free(p);
}

/* ---- which code ----------------------------------------------------------------------- */

/* One run of a plan whose lowest failing item is known. */
static void expect_serial_result(filch_pool *pool, struct plan *p, size_t lowest,
                                 const struct filch_options *options)
{
	tally_clear(&p->t);
	cr_assert_eq(filch_for(pool, N, plan_body, p, options), p->codes[lowest]);
	cr_assert_eq(*options->first_error, lowest);
	cr_assert_eq(tally_first_not(&p->t, 0, lowest + 1, 1), lowest + 1, "all below has run");
	for (size_t i = lowest + 1; i < N; i++)
		cr_assert_leq(atomic_load(&p->t.times[i]), 1);
}

/* L2 */
Test(errors, of_the_lowest_failing_item_are_returned_on_a_thousand_runs_at_every_width)
{
	struct plan *p = plan_make(true);
	uint64_t seed = test_seed();
	size_t first;

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(1000, 30); round++) {
			size_t lowest = random_below(&seed, N);

			memset(p->codes, 0, sizeof p->codes);
			for (size_t i = lowest; i < N; i += 1 + random_below(&seed, 300))
				p->codes[i] = (int)i + 1;
			expect_serial_result(pool, p, lowest,
			                     round % 2 ? FILCH(.first_error = &first)
			                               : FILCH(.first_error = &first, .chunk = 1));
		}
		pool_close(pool);
	}
	plan_free(p);
}

Test(errors, of_all_items_give_the_code_of_item_zero)
{
	struct plan *p = plan_make(true);
	size_t first;

	for (int i = 0; i < N; i++)
		p->codes[i] = 1000 + i;
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (int round = 0; round < 50; round++)
			expect_serial_result(pool, p, 0, FILCH(.first_error = &first, .chunk = 1));
		pool_close(pool);
	}
	plan_free(p);
}

Test(errors, at_the_last_item_come_after_all_the_others)
{
	struct plan *p = plan_make(true);
	size_t first;

	p->codes[N - 1] = INT_MAX;
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		expect_serial_result(pool, p, N - 1, FILCH(.first_error = &first));
		pool_close(pool);
	}
	plan_free(p);
}

Test(errors, that_are_negative_are_passed_on)
{
	const int codes[] = {-42, FILCH_EINVAL, FILCH_ECANCELED, INT_MIN, INT_MAX, 1};
	struct plan *p = plan_make(true);
	size_t first;

	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		p->codes[10] = codes[i];
		expect_serial_result(NULL, p, 10, FILCH(.first_error = &first));
	}
	plan_free(p);
}

static int call_badly(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	return filch_for(NULL, 10, NULL, NULL, NULL);
}

Test(errors, of_a_nested_call_are_passed_on)
{
	cr_expect_eq(filch_for(NULL, 10, call_badly, NULL, NULL), FILCH_EINVAL);
}

Test(errors, leave_first_error_at_n_if_there_are_none)
{
	struct plan *p = plan_make(true);
	size_t first = 3;

	cr_expect_eq(filch_for(NULL, N, plan_body, p, FILCH(.first_error = &first)), 0);
	cr_expect_eq(first, N);
	plan_free(p);
}

static int returns_fail(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	int *got = ctx;

	*got = filch_fail(w, begin, 77);
	return begin < end ? *got : 0;
}

Test(errors, of_filch_fail_are_what_it_returns)
{
	int got = 0;

	cr_expect_eq(filch_for(NULL, 1, returns_fail, &got, NULL), 77);
	cr_expect_eq(got, 77);
}

/* ---- nothing above starts -------------------------------------------------------------- */

struct late {
	size_t fails;
	atomic_uint too_late; /* items above that found the failure known when they began */
};

static int late_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct late *l = ctx;

	(void)end;
	if (begin > l->fails && filch_stopping(w))
		atomic_fetch_add(&l->too_late, 1);
	if (begin < l->fails && filch_stopping(w))
		return 2; /* what is below is wanted */
	return begin == l->fails ? 1 : 0;
}

/* A worker that looked before the failure may begin one item just after it, but not two (L2). */
Test(errors, once_known_start_nothing_above)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(300, 10); round++) {
			struct late l = {.fails = round * 7 % 5000};

			cr_assert_eq(filch_for(pool, 5000, late_body, &l, FILCH(.chunk = 1)), 1);
			cr_assert_lt(atomic_load(&l.too_late), widths[k]);
		}
		pool_close(pool);
	}
}

/* ---- status ------------------------------------------------------------------------------ */

static void run_status_plan(struct plan *p, int *status, bool keep_going)
{
	filch_pool *pool = pool_of(1);

	p->codes[25] = 7;
	memset(status, 0x5a, N * sizeof *status);
	cr_expect_eq(filch_for(pool, N, plan_body, p,
	                       FILCH(.chunk = 10, .status = status, .keep_going = keep_going)),
	             7);
	pool_close(pool);
}

Test(errors, of_a_range_that_tells_stand_at_their_item)
{
	struct plan *p = plan_make(true);
	int status[N];

	run_status_plan(p, status, false);
	for (size_t i = 0; i < N; i++)
		cr_expect_eq(status[i], i < 25 ? 0 : i == 25 ? 7 : FILCH_ESKIPPED);
	plan_free(p);
}

Test(errors, of_a_range_that_does_not_tell_stand_at_its_beginning)
{
	struct plan *p = plan_make(false);
	int status[N];

	run_status_plan(p, status, false);
	cr_expect_eq(tally_first_not(&p->t, 26, N, 0), N);
	for (size_t i = 0; i < 20; i++)
		cr_expect_eq(status[i], 0);
	cr_expect_eq(status[20], 7);
	for (size_t i = 21; i < 30; i++)
		cr_expect_neq(status[i], FILCH_ESKIPPED, "tried, as far as anybody knows");
	for (size_t i = 30; i < N; i++)
		cr_expect_eq(status[i], FILCH_ESKIPPED);
	plan_free(p);
}

Test(errors, do_not_stop_a_loop_that_keeps_going)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct plan *p = plan_make(true);
		filch_pool *pool = pool_of(widths[k]);
		int status[N];
		size_t first;

		for (size_t i = 3; i < N; i += 7)
			p->codes[i] = (int)i;
		cr_expect_eq(filch_for(pool, N, plan_body, p,
		                       FILCH(.keep_going = true, .status = status,
		                             .first_error = &first)),
		             3);
		cr_expect_eq(first, 3);
		tally_expect_once(&p->t);
		cr_expect_arr_eq(status, p->codes, sizeof status);
		pool_close(pool);
		plan_free(p);
	}
}

/* ---- bad arguments touch nothing ------------------------------------------------------------ */

static int must_not_run(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	abort();
}

static int must_not_map(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx, (void)in, (void)out, (void)w;
	abort();
}

/* Where the results would go, full of a pattern. */
struct outputs {
	int status[8];
	size_t first;
	struct filch_report report;
	filch_cancel cancel;
};

static void must_not_report(void *arg, const struct filch_progress *p)
{
	(void)arg, (void)p;
	abort();
}

/* Calls both verbs on both kinds of pool with options that make no sense. */
static void expect_refused(struct filch_options o)
{
	filch_pool *pools[] = {NULL, pool_of(3), pool_of(1)};
	struct outputs out, before;
	char x[8] = {0};

	memset(&out, 0x5a, sizeof out);
	before = out;
	o.status = out.status;
	o.first_error = &out.first;
	o.report = &out.report;
	o.progress = must_not_report;
	for (size_t i = 0; i < COUNT_OF(pools); i++) {
		for (size_t n = 0; n <= 8; n += 4) {
			cr_expect_eq(filch_for(pools[i], n, must_not_run, NULL, &o), FILCH_EINVAL);
			cr_expect_eq(filch_map(pools[i], x, n, x, must_not_map, NULL, &o),
			             FILCH_EINVAL);
		}
		cr_expect_eq(filch_pool_destroy(pools[i]), 0);
	}
	cr_expect_eq(memcmp(&out, &before, sizeof out), 0, "an output was touched");
}

Test(errors, of_options_of_unknown_size_touch_nothing)
{
	const size_t sizes[] = {0,
	                        1,
	                        sizeof(size_t),
	                        sizeof(struct filch_options) + 1,
	                        2 * sizeof(struct filch_options),
	                        SIZE_MAX};

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct filch_options o = filch_options_init();

		o.struct_size = sizes[i];
		expect_refused(o);
	}
}

Test(errors, of_contradicting_options_touch_nothing)
{
	expect_refused(*FILCH(.chunk = 4, .min_chunk = 2));
	expect_refused(*FILCH(.chunk = 4, .max_chunk = 8));
	expect_refused(*FILCH(.chunk = 4, .min_chunk = 2, .max_chunk = 8));
	expect_refused(*FILCH(.min_chunk = 9, .max_chunk = 8));
}

Test(errors, of_a_missing_body_touch_nothing)
{
	struct outputs out, before;

	memset(&out, 0x5a, sizeof out);
	before = out;
	for (size_t n = 0; n <= 8; n += 4)
		cr_expect_eq(filch_for(NULL, n, NULL, NULL,
		                       FILCH(.status = out.status, .first_error = &out.first,
		                             .report = &out.report)),
		             FILCH_EINVAL);
	cr_expect_eq(memcmp(&out, &before, sizeof out), 0);
}

/* ---- words ------------------------------------------------------------------------------------ */

Test(errors, have_words_of_their_own)
{
	for (int code = FILCH_ESKIPPED; code <= 0; code++) {
		const char *words = filch_strerror(code);

		cr_assert(words && strlen(words) > 3, "code %d", code);
		cr_expect_eq(filch_strerror(code), words, "for ever valid");
		for (int other = FILCH_ESKIPPED; other < code; other++)
			cr_expect_str_neq(words, filch_strerror(other));
	}
}

Test(errors, of_a_body_are_stopped_by_the_body)
{
	const int own[] = {1, 2, 1000, INT_MAX};

	for (size_t i = 0; i < COUNT_OF(own); i++)
		cr_expect_str_eq(filch_strerror(own[i]), "stopped by the body");
	cr_expect(filch_strerror(FILCH_ESKIPPED - 1));
	cr_expect(filch_strerror(INT_MIN));
}
