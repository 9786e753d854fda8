/* SPDX-License-Identifier: MIT */
/*
 * What the system may say of its CPUs that it should not: no mask, an empty one, one that is larger
 * than any machine, one of CPUs that are not there, another one each time.  There is always a pool,
 * of a width that makes sense, and it runs each item once.
 */
#define _GNU_SOURCE
#include "platform.h"
#include "support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>

/* ---- what it says --------------------------------------------------------------------------- */

struct mask {
	const char *what;
	int error;         /* that the system gives back; 0 = none */
	size_t needs;      /* bytes: with less it is EINVAL */
	unsigned first, n; /* CPUs */
	unsigned other;    /* CPUs at every second call, if not 0 */
	unsigned count;    /* that are to be found */
};

static const struct mask *said;
static atomic_uint asked;

/* 0, or why there is no mask. */
static int say(size_t bytes, void *set)
{
	const unsigned turn = atomic_fetch_add(&asked, 1);
	const unsigned n = said->other && turn % 2 ? said->other : said->n;

	if (said->error || bytes < said->needs)
		return said->error ? said->error : EINVAL;
	memset(set, 0, bytes);
	for (size_t cpu = said->first; cpu < said->first + n && cpu < bytes * CHAR_BIT; cpu++)
		CPU_SET_S(cpu, bytes, (cpu_set_t *)set);
	return 0;
}

static void say_of(const struct mask *m)
{
	said = m;
	atomic_store(&asked, 0);
	cpus_are_said(say, 0);
}

/* ---- whatever it says ---------------------------------------------------------------------- */

static const struct mask masks[] = {
	{"no such call", .error = ENOSYS},
	{"not for you", .error = EPERM},
	{"no size is right", .error = EINVAL},
	{"no memory", .error = ENOMEM},
	{"no CPU", .needs = 8},
	{"the first", .n = 1, .count = 1},
	{"the last of a small mask", .first = 1023, .n = 1, .count = 1},
	{"more than any pool has", .n = 1024, .count = 1024},
	{"more than a cpu_set_t holds", .needs = 1024, .n = 5000, .count = 5000},
	{"behind the end of a cpu_set_t", .needs = 1024, .first = 4000, .n = 3, .count = 3},
	{"all that we would look at", .needs = 8192, .n = 65536, .count = 65536},
	{"larger than we would look at", .needs = 8193, .n = 9},
	{"now one, now all", .n = 1, .other = 1024, .count = 1},
	{"now some, now none", .n = 3, .first = 2, .other = 1, .count = 3},
};

static void run_on(filch_pool *pool)
{
	struct tally t;

	tally_init(&t, 5000);
	cr_expect_eq(filch_for(pool, t.n, tally_body, &t, FILCH(.chunk = 10)), 0);
	tally_expect_once(&t);
	tally_finish(&t);
}

/* `most`: as many as there could be by what the system says. */
static void expect_a_pool(const char *what, unsigned most)
{
	filch_pool *pool = pool_of(0);
	const unsigned width = filch_pool_width(pool);

	cr_expect(width >= 1 && width <= most && width <= 1024, "%s: %u workers", what, width);
	run_on(pool);
	pool_close(pool);
}

static void *expect_pools(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < COUNT_OF(masks); i++) {
		say_of(&masks[i]);
		expect_a_pool(said->what, masks[i].other   ? 1024
		                          : masks[i].count ? masks[i].count
		                                           : filch__cpus_online());
	}
	return NULL;
}

static void ask_the_system(void)
{
	if (filch__affinity_count() == 0)
		cr_skip_test("this port knows no CPUs");
}

TestSuite(affinity, .init = ask_the_system, .timeout = 120);
TestSuite(online, .timeout = 120); /* of every port */

Test(affinity, is_counted_whatever_it_is)
{
	for (size_t i = 0; i < COUNT_OF(masks); i++) {
		say_of(&masks[i]);
		cr_expect_eq(filch__affinity_count(), masks[i].count, "%s", masks[i].what);
	}
}

/* From the first thread, and from another one, which has two masks to look at. */
Test(affinity, of_any_kind_gives_a_pool)
{
	expect_pools(NULL);
	on_threads(1, expect_pools, NULL);
}

Test(online, counts_where_affinity_is_unknown)
{
	const long numbers[] = {-1, LONG_MIN, 1, 2, 1024, 65535, 65536, 1000000000, LONG_MAX};

	say_of(&masks[0]);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		const long n = numbers[i];

		cpus_are_said(say, n);
		cr_expect_eq(filch__cpus_online(), n > 0 && n < 65536 ? (unsigned)n : 1);
		expect_a_pool("by what is online", n > 0 && n < 65536 ? (unsigned)n : 1);
	}
}

/* ---- a mask that no thread can have --------------------------------------------------------- */

static int meet_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	return meet(ctx, 2) ? 0 : 1;
}

static void *needs_two(void *arrived)
{
	filch_pool *pool = pool_of(2);

	cr_expect_eq(filch_for(pool, 2, meet_body, arrived, FILCH(.chunk = 1)), 0);
	pool_close(pool);
	return NULL;
}

/* The system would refuse to start one there: CPUs may have gone since it was asked. */
Test(affinity, of_cpus_that_are_gone_is_no_end_of_threads)
{
	static const struct mask gone = {"CPUs that are not there", .first = 1000, .n = 8};
	atomic_uint arrived = 0;

	say_of(&gone);
	on_threads(1, needs_two, &arrived);
}
