/* SPDX-License-Identifier: MIT */
/*
 * The default pool before main(), at the end of the process and after it has been closed
 * there: a call runs all its items at any time, by its caller alone if need be, and the process
 * ends with the status that it was given.  test/close.c has exit() itself.
 */
#define _GNU_SOURCE
#include "nobody.h"
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(exit, .timeout = 300);

enum { FINE = 0, NOT_ONCE = 50, NO_WIDTH, THREADS_LEFT, NOT_BEFORE_MAIN, OWN_POOL_FAILED };

/* Calls on the pool with and without options; FINE, or what was wrong. */
static int calls_work(filch_pool *pool)
{
	static const size_t lengths[] = {1, 2, 1000, 100000};
	struct tally t;

	for (size_t i = 0; i < COUNT_OF(lengths); i++)
		for (size_t chunk = 0; chunk < 2; chunk++) {
			tally_init(&t, lengths[i]);
			if (filch_for(pool, t.n, tally_body, &t,
			              chunk ? FILCH(.chunk = 10) : NULL) ||
			    tally_first_not(&t, 0, t.n, 1) != t.n)
				return NOT_ONCE;
			tally_finish(&t);
		}
	return filch_pool_width(pool) > 0 ? FINE : NO_WIDTH;
}

static void must_work(void)
{
	int code = calls_work(NULL);

	if (code)
		_exit(code);
}

/* Whether this process is the child of that name. */
static bool is_child(const char *name)
{
	const char *child = getenv("FILCH_TEST_CHILD");

	return child && strcmp(child, name) == 0;
}

/* A thread may stand in the kernel's list for a moment after it was joined. */
static bool workers_stay(void)
{
	int tries = 0;

	while (threads_named("filch/", NULL, 0) > 0 && ++tries < 10000)
		sleep_ns(1000000);
	return tries == 10000;
}

/* The name of the child whose late calls are wanted; they come after the library's own end. */
static const char *late;
static filch_pool *own;

/* Destructors without a number, of which the library's is one, run before those with one. */
__attribute__((destructor(200))) static void at_the_very_end(void)
{
	int code;

	if (!late)
		return;
	code = calls_work(NULL);
	if (!code && strcmp(late, "with threads") != 0 && workers_stay())
		code = THREADS_LEFT;
	if (!code && own)
		code = calls_work(own) || filch_pool_destroy(own) ? OWN_POOL_FAILED : FINE;
	if (code)
		_exit(code);
}

static void expect_child(const char *name)
{
	const char *const wide[] = {"FILCH_WORKERS=4", NULL};
	const char *const narrow[] = {"FILCH_WORKERS=1", NULL};
	const char *const told[] = {"FILCH_WORKERS=3", "FILCH_STATS=1", NULL};
	const char *const *const all[] = {wide, narrow, told};
	struct outcome o;

	for (size_t i = 0; i < scaled(12, 3); i++) {
		run_child(&o, name, all[i % 3]);
		cr_assert_eq(o.status, 0, "%s ended with %d: %s", name, o.status, o.err);
		cr_assert(i % 3 == 2 || !o.err[0], "%s said %s", name, o.err);
	}
}

/* ---- before main() --------------------------------------------------------------------- */

static bool worked_before_main;

__attribute__((constructor(200))) static void before_main(void)
{
	if (!is_child("calls_before_main"))
		return;
	must_work();
	worked_before_main = true;
}

CHILD(calls_before_main)
{
	return worked_before_main ? calls_work(NULL) : NOT_BEFORE_MAIN;
}

Test(exit, of_a_process_that_called_before_main_is_clean)
{
	expect_child("calls_before_main");
}

/* ---- after the library's end -------------------------------------------------------------- */

CHILD(calls_first_when_all_is_over)
{
	late = "first";
	return FINE;
}

CHILD(calls_again_when_all_is_over)
{
	late = "again";
	return calls_work(NULL);
}

CHILD(calls_again_when_workers_sleep_and_all_is_over)
{
	int code = calls_work(NULL);

	late = "again";
	sleep_ns(30000000);
	return code;
}

Test(exit, is_no_end_of_calls)
{
	expect_child("calls_first_when_all_is_over");
	expect_child("calls_again_when_all_is_over");
	expect_child("calls_again_when_workers_sleep_and_all_is_over");
}

CHILD(leaves_a_pool_for_the_very_end)
{
	late = "own";
	if (filch_pool_create(&own, FILCH_POOL(.workers = 3, .name = "own")))
		return OWN_POOL_FAILED;
	return calls_work(own) ? OWN_POOL_FAILED : calls_work(NULL);
}

Test(exit, is_no_end_of_pools_that_the_program_made)
{
	expect_child("leaves_a_pool_for_the_very_end");
}

static void quick(void)
{
	must_work();
}

CHILD(leaves_quickly)
{
	at_quick_exit(quick);
	must_work();
	quick_exit(FINE);
}

Test(exit, may_be_quick)
{
	expect_child("leaves_quickly");
}

/* ---- while others still call ------------------------------------------------------------------ */

static atomic_uint calling;

static void *call_for_ever(void *arg)
{
	for (;;) {
		must_work();
		atomic_fetch_add(&calling, 1);
	}
	return arg;
}

/* They go on while the process ends around them. */
CHILD(exits_while_others_call)
{
	pthread_t ids[3];

	for (size_t i = 0; i < COUNT_OF(ids); i++)
		if (pthread_create(&ids[i], NULL, call_for_ever, NULL))
			return 1;
	return wait_for(&calling, 5) ? FINE : 2;
}

static int sleep_long(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	atomic_fetch_add((atomic_uint *)ctx, 1);
	sleep_ns(3600000000000u);
	return 0;
}

static void *call_long(void *arg)
{
	filch_for(NULL, 1000, sleep_long, &calling, FILCH(.chunk = 1));
	return arg;
}

/* Nobody waits for bodies that take for ever. */
CHILD(exits_while_bodies_sleep)
{
	pthread_t id;

	late = "with threads";
	if (pthread_create(&id, NULL, call_long, NULL))
		return 1;
	return wait_for(&calling, filch_pool_width(NULL)) ? FINE : 2;
}

Test(exit, does_not_wait_for_the_calls_of_others)
{
	expect_child("exits_while_bodies_sleep");
	expect_child("exits_while_others_call");
}

/* ---- the end of threads ------------------------------------------------------------------------ */

static pthread_key_t key;

static void at_thread_end(void *value)
{
	(void)value;
	must_work();
}

static void *call_with_key(void *arg)
{
	must_work();
	pthread_setspecific(key, &key);
	return arg;
}

CHILD(calls_at_the_end_of_threads)
{
	if (pthread_key_create(&key, at_thread_end))
		return 1;
	for (size_t i = scaled(20, 5); i > 0; i--)
		on_threads(4, call_with_key, NULL);
	return calls_work(NULL);
}

static atomic_uint main_has_ended;

static void at_end_of_main_thread(void *value)
{
	(void)value;
	atomic_store(&main_has_ended, 1);
}

static void *outlive_main(void *arg)
{
	(void)arg;
	if (!wait_for(&main_has_ended, 1))
		_exit(2);
	for (int i = 0; i < 10; i++)
		must_work();
	late = "outlived";
	exit(FINE);
}

CHILD(outlives_its_main_thread)
{
	pthread_t other;

	must_work();
	if (pthread_key_create(&key, at_end_of_main_thread) || pthread_setspecific(key, &key) ||
	    pthread_create(&other, NULL, outlive_main, NULL))
		return 1;
	pthread_exit(NULL);
}

Test(exit, of_threads_is_no_end_of_the_pool)
{
	/* What only the main thread knew of looks lost when it is gone. */
	const char *const env[] = {"FILCH_WORKERS=4", "ASAN_OPTIONS=detect_leaks=0", NULL};
	struct outcome o;

	expect_child("calls_at_the_end_of_threads");
	run_child(&o, "outlives_its_main_thread", env);
	cr_expect_eq(o.status, 0, "ended with %d: %s", o.status, o.err);
	cr_expect_str_empty(o.err);
}

/* ---- what is written at the end, and nobody reads ------------------------------------------------ */

enum { STATUS = 7 };

CHILD(says_it_to_nobody)
{
	const char *how = getenv("FILCH_TEST_HOW");

	if (!how || !nobody_reads(how))
		return NOT_ONCE;
	return calls_work(NULL) ? NOT_ONCE : STATUS;
}

Test(exit, of_a_process_whose_table_cannot_be_written_has_its_status)
{
	static const char *const how[] = {"FILCH_TEST_HOW=pipe", "FILCH_TEST_HOW=full",
	                                  "FILCH_TEST_HOW=stuck", "FILCH_TEST_HOW=closed"};
	struct outcome o;

	for (size_t i = 0; i < COUNT_OF(how); i++) {
		const char *const env[] = {"FILCH_STATS=1", how[i], NULL};

		run_child(&o, "says_it_to_nobody", env);
		cr_expect_eq(o.status, STATUS, "%s: ended with %d", how[i], o.status);
	}
}
