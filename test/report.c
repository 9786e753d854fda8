/* SPDX-License-Identifier: MIT */
/* It can say why: the report of a call, $FILCH_STATS, filch_explain() and $FILCH_WORKERS. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(report, .timeout = 120);

/* ---- what a report says -------------------------------------------------------------- */

/* What the bodies saw, to be compared with what the report says. */
struct seen {
	atomic_size_t items, calls, least, most, failures;
	atomic_uint workers;
	atomic_uint ran_on[64]; /* by worker id */
	size_t fail_every;
	uint64_t nap_ns;
};

static void note_least_and_most(struct seen *s, size_t size)
{
	for (size_t least = atomic_load(&s->least);
	     (!least || size < least) && !atomic_compare_exchange_weak(&s->least, &least, size);)
		;
	for (size_t most = atomic_load(&s->most);
	     size > most && !atomic_compare_exchange_weak(&s->most, &most, size);)
		;
}

static int seen_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct seen *s = ctx;

	atomic_fetch_add(&s->items, end - begin);
	atomic_fetch_add(&s->calls, 1);
	note_least_and_most(s, end - begin);
	if (atomic_fetch_add(&s->ran_on[filch_worker_id(w)], 1) == 0)
		atomic_fetch_add(&s->workers, 1);
	if (s->nap_ns)
		sleep_ns(s->nap_ns * (end - begin));
	if (s->fail_every && begin % s->fail_every == 0) {
		atomic_fetch_add(&s->failures, 1);
		return 1;
	}
	return 0;
}

static void expect_words(const struct filch_report *r)
{
	cr_expect(memchr(r->verdict, '\0', sizeof r->verdict), "it ends");
	cr_expect(r->verdict[0], "it says something");
}

static void expect_true(const struct filch_report *r, const struct seen *s, unsigned width)
{
	cr_expect_eq(r->items, atomic_load(&s->items));
	cr_expect_eq(r->chunks, atomic_load(&s->calls));
	cr_expect_eq(r->chunk_min, atomic_load(&s->least));
	cr_expect_eq(r->chunk_max, atomic_load(&s->most));
	cr_expect_eq(r->failures, atomic_load(&s->failures));
	cr_expect_leq(atomic_load(&s->workers), r->workers);
	cr_expect(r->workers >= 1 && r->workers <= width);
	cr_expect_geq(r->steals, r->workers - 1, "who did not call has stolen");
	cr_expect(width > 1 || (r->steals == 0 && r->wakes == 0));
	expect_words(r);
}

static void reports_truly(filch_pool *pool, size_t n, struct seen *s, struct filch_options o)
{
	const int code = s->fail_every ? 1 : 0;
	struct filch_report r;
	uint64_t begin = now_ns(), wall;

	memset(&r, 0x5a, sizeof r);
	o.report = &r;
	cr_expect_eq(filch_for(pool, n, seen_body, s, &o), code);
	wall = now_ns() - begin;
	expect_true(&r, s, filch_pool_width(pool));
	cr_expect_leq(r.wall_ns, wall + wall / 20 + 1000, "a clock may be a little fast");
}

Test(report, says_what_the_bodies_saw)
{
	const size_t lengths[] = {1, 2, 5, 100, 10007};

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < COUNT_OF(lengths); i++) {
			struct seen plain = {0}, fixed = {0}, naps = {.nap_ns = 1000};

			reports_truly(pool, lengths[i], &plain, *FILCH(0));
			reports_truly(pool, lengths[i], &fixed, *FILCH(.chunk = 3));
			reports_truly(pool, lengths[i] % 1000, &naps, *FILCH(.label = "naps"));
		}
		pool_close(pool);
	}
}

Test(report, counts_the_failures_of_a_loop_that_keeps_going)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct seen s = {.fail_every = 7};

		reports_truly(pool, 1000, &s, *FILCH(.chunk = 1, .keep_going = true));
		cr_expect_eq(atomic_load(&s.failures), 143);
		pool_close(pool);
	}
}

Test(report, of_a_loop_that_fails_counts_what_ran)
{
	filch_pool *pool = pool_of(1);
	struct seen s = {.fail_every = 1};

	reports_truly(pool, 1000, &s, *FILCH(.chunk = 1));
	cr_expect_eq(atomic_load(&s.items), 1);
	pool_close(pool);
}

/* Lower bounds only: a sleep is never shorter than asked. */
Test(report, has_the_times_of_a_loop_that_sleeps)
{
	const uint64_t nap = 2000000;

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct seen s = {.nap_ns = nap};
		struct filch_report r;

		cr_expect_eq(filch_for(pool, 20, seen_body, &s, FILCH(.report = &r)), 0);
		cr_expect_geq(r.work_ns, 20 * nap / 10 * 9);
		cr_expect_geq(r.wall_ns, 20 * nap / widths[k] / 10 * 9);
		cr_expect_geq(r.cost_ns, (double)nap * 0.9);
		pool_close(pool);
	}
}

Test(report, of_a_call_that_ran_nothing_is_filled_in_too)
{
	struct filch_report none, cancelled;
	filch_cancel cancel = {0};
	struct seen s = {0};

	memset(&none, 0x5a, sizeof none);
	memset(&cancelled, 0x5a, sizeof cancelled);
	filch_cancel_now(&cancel);
	cr_expect_eq(filch_for(NULL, 0, seen_body, &s, FILCH(.report = &none)), 0);
	cr_expect_eq(
		filch_for(NULL, 9, seen_body, &s, FILCH(.cancel = &cancel, .report = &cancelled)),
		FILCH_ECANCELED);
	cr_expect(none.items == 0 && none.chunks == 0 && none.failures == 0 && none.steals == 0);
	cr_expect(cancelled.items == 0 && cancelled.chunks == 0 && cancelled.failures == 0);
	expect_words(&none);
	expect_words(&cancelled);
}

/* ---- FILCH_STATS ------------------------------------------------------------------------ */

CHILD(runs_labelled_loops)
{
	struct seen s = {0};
	char label[16] = "passing";

	for (int i = 0; i < 3; i++)
		filch_for(NULL, 1000, seen_body, &s, FILCH(.label = "first one"));
	filch_for(NULL, 50, seen_body, &s, FILCH(.label = "second one"));
	filch_for(NULL, 50, seen_body, &s, NULL);
	filch_for(NULL, 50, seen_body, &s, FILCH(.label = label));
	memset(label, 'x', sizeof label - 1); /* the call is over: it is ours again */
	return 0;
}

/* The line of the text that has these words, cut off at its end; NULL if there is none. */
static char *line_with(char *text, const char *words)
{
	char *found = strstr(text, words);

	if (found)
		found[strcspn(found, "\n")] = '\0';
	return found;
}

Test(report, of_all_calls_is_printed_at_exit_if_filch_stats_says_so)
{
	const char *const stats[] = {"FILCH_STATS=1", "FILCH_WORKERS=2", NULL};
	struct outcome o;
	char *line;

	run_child(&o, "runs_labelled_loops", stats);
	cr_expect_eq(o.status, 0);
	cr_expect_str_empty(o.out);
	cr_expect(strstr(o.err, "second one"));
	cr_expect(strstr(o.err, "passing"), "the label is kept, not the pointer");
	cr_expect_not(strstr(o.err, "xxx"));
	line = line_with(o.err, "first one");
	cr_assert(line);
	cr_expect(strstr(line, " 3"), "three calls: %s", line);
}

Test(report, of_all_calls_is_not_printed_unless_asked_for)
{
	const char *const off[] = {"FILCH_STATS=0", NULL}, *const empty[] = {"FILCH_STATS=", NULL};
	const char *const *all[] = {NULL, off, empty};
	struct outcome o;

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		run_child(&o, "runs_labelled_loops", all[i]);
		cr_expect_eq(o.status, 0);
		cr_expect_str_empty(o.out);
		cr_expect_str_empty(o.err);
	}
}

CHILD(runs_a_body_for_many)
{
	struct seen s = {0};

	for (uintptr_t as = 1; as <= 4; as++)
		if (filch_for_as(NULL, 100, seen_body, &s, NULL, as / 2))
			return 1;
	return filch_for(NULL, 100, seen_body, &s, NULL);
}

/* 0, twice 1, 2, and the body itself. */
Test(report, of_all_calls_has_a_line_for_each_that_a_body_stands_for)
{
	const char *const stats[] = {"FILCH_STATS=1", NULL};
	struct outcome o;

	run_child(&o, "runs_a_body_for_many", stats);
	cr_expect_eq(o.status, 0);
	cr_expect(strstr(o.err, "function 4"), "%s", o.err);
	cr_expect_not(strstr(o.err, "function 5"), "%s", o.err);
}

CHILD(runs_many_labels)
{
	struct seen s = {0};
	char label[32];

	for (int i = 0; i < 5000; i++) {
		snprintf(label, sizeof label, "label %d", i);
		if (filch_for(NULL, 10, seen_body, &s, FILCH(.label = label)))
			return 1;
	}
	return atomic_load(&s.items) == 50000 ? 0 : 2;
}

Test(report, of_all_calls_stands_thousands_of_labels)
{
	const char *const stats[] = {"FILCH_STATS=1", NULL};
	struct outcome o;

	run_child(&o, "runs_many_labels", stats);
	cr_expect_eq(o.status, 0);
	cr_expect(strstr(o.err, "label 0"));
}

/* ---- filch_explain() ------------------------------------------------------------------------ */

CHILD(explains)
{
	filch_explain(stdout);
	return 0;
}

Test(report, of_the_settings_names_each_and_where_it_came_from)
{
	const char *const env[] = {"FILCH_WORKERS=7", "FILCH_STATS=0", NULL};
	struct outcome o;

	run_child(&o, "explains", env);
	cr_expect_eq(o.status, 0);
	cr_expect_str_empty(o.err);
	cr_expect(strstr(o.out, "CPU") || strstr(o.out, "cpu"));
	cr_expect(strstr(o.out, "FILCH_WORKERS") && strstr(o.out, "7"));
	cr_expect(strstr(o.out, "FILCH_STATS"));
	cr_expect(strstr(o.out, "wake") || strstr(o.out, "waking"));
}

Test(report, of_the_settings_has_no_way_to_command_a_terminal)
{
	const char *const env[] = {"FILCH_WORKERS=\033[2J\a\233\177", NULL};
	struct outcome o;

	run_child(&o, "explains", env);
	cr_expect_eq(o.status, 0);
	cr_expect(strstr(o.out, "\"?[2J???\", ignored"), "%s", o.out);
	for (const char *at = o.out; *at; at++)
		cr_assert(*at == '\n' || (*at >= ' ' && *at <= '~'), "%d", *at);
}

Test(report, of_the_settings_goes_to_the_file_given)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	cr_assert(f);
	filch_explain(f);
	fclose(f);
	cr_expect_gt(length, 50);
	free(text);
}

/* ---- FILCH_WORKERS ------------------------------------------------------------------------- */

CHILD(tells_its_width)
{
	struct seen s = {0};
	filch_pool *pool;

	if (filch_pool_create(&pool, NULL) || filch_pool_width(pool) != filch_pool_width(NULL))
		return 1;
	if (filch_for(NULL, 100, seen_body, &s, FILCH(.max_workers = 8)))
		return 2;
	printf("%u", filch_pool_width(NULL));
	return filch_pool_destroy(pool);
}

static unsigned width_with(const char *workers)
{
	char setting[128] = "FILCH_WORKERS=";
	const char *env[] = {NULL, NULL};
	struct outcome o;

	if (workers) {
		strncat(setting, workers, sizeof setting - strlen(setting) - 1);
		env[0] = setting;
	}
	run_child(&o, "tells_its_width", env);
	cr_expect_eq(o.status, 0);
	cr_expect_str_empty(o.err, "nonsense is ignored without a word");
	return (unsigned)strtoul(o.out, NULL, 10);
}

Test(report, width_is_what_filch_workers_says)
{
	cr_expect_eq(width_with("1"), 1);
	cr_expect_eq(width_with("3"), 3);
	cr_expect_eq(width_with("64"), 64);
	cr_expect_eq(width_with("1024"), 1024);
}

Test(report, width_is_not_what_filch_workers_says_if_that_is_nonsense)
{
	const char *const nonsense[] = {"",           "0",
	                                "-1",         "+3",
	                                " 3",         "3 ",
	                                "3x",         "0x3",
	                                "3.0",        "1e1",
	                                "three",      "1025",
	                                "4294967299", "18446744073709551619",
	                                "3\n",        "99999999999999999999999999999999999999"};
	const unsigned without = width_with(NULL);

	cr_expect_geq(without, 1);
	for (size_t i = 0; i < COUNT_OF(nonsense); i++)
		cr_expect_eq(width_with(nonsense[i]), without, "FILCH_WORKERS='%s'", nonsense[i]);
}

Test(report, of_the_settings_tells_of_nonsense)
{
	const char *const env[] = {"FILCH_WORKERS=3x", NULL};
	struct outcome o;

	run_child(&o, "explains", env);
	cr_expect_eq(o.status, 0);
	cr_expect(strstr(o.out, "3x"), "it says what it has ignored");
}
