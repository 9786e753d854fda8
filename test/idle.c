/* SPDX-License-Identifier: MIT */
/*
 * Looking, sleeping, waking: whoever pushed before he notified is heard, whatever the
 * sleepers do at that moment; a lost wake-up would be a test that hangs.  The counts of those
 * who look and sleep come out even.
 */
#define _GNU_SOURCE
#include "idle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>

enum { MOST = 64, CPUS = 128 };

/* Workers that take one piece of work at a time and otherwise look for it, or sleep. */
static struct idle idle;
static struct sleeper sleeper[MOST];
static struct sleeper *sleepers[MOST];
static struct platform_thread threads[MOST];
static atomic_uint work, done, living, strayed;
static atomic_bool closing, stays; /* the end; and: who got work does not come back */
static size_t spurious;            /* one in so many looks finds something that is not there */

static void begin(void)
{
	filch__ticks_init();
	for (unsigned i = 0; i < MOST; i++)
		sleepers[i] = &sleeper[i];
	filch__idle_init(&idle, sleepers, MOST, CPUS, 0);
}

TestSuite(idle, .init = begin, .timeout = 300);

static unsigned asleep(void)
{
	return (unsigned)load_relaxed(&idle.state);
}

static void expect_nobody(void)
{
	cr_expect_eq(asleep(), 0);
	cr_expect_eq(idle_searching(&idle), 0);
	for (int i = 0; i < SLEEPER_WORDS; i++)
		cr_expect_eq(load_relaxed(&idle.bits[i]), 0);
}

static bool take(void)
{
	unsigned there = load_relaxed(&work);

	while (there > 0)
		if (cas_acquire(&work, &there, there - 1))
			return true;
	return false;
}

struct looker {
	unsigned number;
	uint64_t seed;
};

static bool look(void *arg)
{
	struct looker *l = arg;

	return atomic_load(&closing) || atomic_load(&work) > 0 ||
	       (spurious && random_below(&l->seed, spurious) == 0);
}

static bool find(void *arg)
{
	(void)arg;
	return true;
}

static bool same_mask(const cpu_set_t *before)
{
	cpu_set_t now;

	sched_getaffinity(0, sizeof now, &now);
	return CPU_EQUAL(&now, before);
}

static void live(void *arg)
{
	struct looker l = {(unsigned)(uintptr_t)arg, (uintptr_t)arg};
	cpu_set_t mask;

	sched_getaffinity(0, sizeof mask, &mask);
	filch__place_init(&sleeper[l.number].place);
	filch__idle_search_begin(&idle);
	atomic_fetch_add(&living, 1);
	while (!atomic_load(&closing)) {
		if (!take()) {
			filch__idle_sleep(&idle, l.number, true, look, &l);
			continue;
		}
		filch__idle_search_end(&idle);
		atomic_fetch_add(&done, 1);
		while (atomic_load(&stays) && !atomic_load(&closing))
			sleep_ns(50000);
		filch__idle_search_begin(&idle);
	}
	filch__idle_search_end(&idle);
	atomic_fetch_add(&strayed, !same_mask(&mask));
}

static void open_house(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		cr_assert(filch__thread_start(&threads[i], 0, live, (void *)(uintptr_t)i));
	cr_assert(wait_for(&living, to - from));
}

static void close_house(unsigned from, unsigned to)
{
	atomic_store(&closing, true);
	filch__idle_wake_all(&idle);
	for (unsigned i = from; i < to; i++)
		filch__thread_join(&threads[i]);
	expect_nobody();
	cr_expect_eq(load_relaxed(&work), 0);
}

static void wait_asleep(unsigned n)
{
	for (uint64_t end = now_ns() + 60000000000u; asleep() != n || idle_searching(&idle);) {
		cr_assert_lt(now_ns(), end, "%u are asleep, not %u", asleep(), n);
		sleep_ns(20000);
	}
}

static enum notified push(unsigned limit)
{
	atomic_fetch_add(&work, 1);
	return filch__idle_notify(&idle, limit, 1);
}

/* ---- one thread -------------------------------------------------------------------- */

Test(idle, with_nobody_there_notifies_nobody)
{
	cr_expect_eq(filch__idle_notify(&idle, MOST, 1), NOTIFIED_NOBODY);
	filch__idle_wake_all(&idle);
	expect_nobody();
}

Test(idle, finds_one_who_searches)
{
	filch__idle_search_begin(&idle);
	cr_expect_eq(filch__idle_notify(&idle, 0, 1), NOTIFIED_SEARCHER);
	filch__idle_search_end(&idle);
	cr_expect_eq(filch__idle_notify(&idle, MOST, 1), NOTIFIED_NOBODY);
}

Test(idle, counts_on_nobody_who_is_busy)
{
	filch__idle_init(&idle, sleepers, NARROW_MOST, CPUS, 0);
	filch__idle_search_begin(&idle);
	store_relaxed(&sleeper[5].helping, true);
	cr_expect_eq(filch__idle_notify(&idle, MOST, 1), NOTIFIED_NOBODY);
	filch__idle_search_begin(&idle);
	cr_expect_eq(filch__idle_notify(&idle, MOST, 1), NOTIFIED_SEARCHER);
	store_relaxed(&sleeper[NARROW_MOST - 1].helping, true);
	cr_expect_eq(filch__idle_notify(&idle, MOST, 1), NOTIFIED_NOBODY);
}

static bool sees_nothing(void *none)
{
	(void)none;
	return false;
}

/* Both came when there were enough without them.  Who goes first sleeps; the other one here. */
Test(idle, keeps_one_of_two_who_make_way_for_each_other)
{
	filch__idle_init(&idle, sleepers, 2, 2, 0);
	filch__idle_search_begin(&idle);
	filch__idle_sleep(&idle, 0, false, sees_nothing, NULL);
	cr_expect_eq(idle_searching(&idle), 1);
	cr_expect_eq(asleep(), 0);
}

/* I1 */
Test(idle, tells_the_last_who_searched)
{
	for (int i = 0; i < 3; i++)
		filch__idle_search_begin(&idle);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(filch__idle_search_end(&idle), i == 2);
	filch__idle_search_begin(&idle);
	cr_expect(filch__idle_search_end(&idle));
}

/* I1 */
Test(idle, lets_nobody_sleep_who_finds_something_in_his_last_look)
{
	filch__idle_search_begin(&idle);
	for (unsigned i = 0; i < MOST; i++) {
		filch__idle_sleep(&idle, i, true, find, NULL);
		cr_expect_eq(asleep(), 0);
		cr_expect_eq(idle_searching(&idle), 1);
		cr_expect_eq(load_relaxed(&sleeper[i].park), AWAKE);
	}
	filch__idle_search_end(&idle);
	expect_nobody();
}

/* ---- two threads ------------------------------------------------------------------------------ */

/* One push at a time, each done before the next, half of them to one who is fast asleep. */
static void expect_each_heard(unsigned pushes)
{
	unsigned times[3] = {0, 0, 0};

	open_house(0, 1);
	for (unsigned i = 0; i < pushes; i++) {
		times[push(1)]++;
		while (atomic_load(&done) <= i)
			sched_yield();
		if (i % 2)
			wait_asleep(1);
	}
	cr_expect_gt(times[NOTIFIED_WOKEN], 0);
	close_house(0, 1);
}

/* I1 */
Test(idle, hears_each_of_a_hundred_thousand_pushes)
{
	expect_each_heard((unsigned)scaled(100000, 1000));
}

Test(idle, wakes_until_as_many_as_wanted_look)
{
	atomic_store(&stays, true);
	open_house(0, 3);
	wait_asleep(3);
	filch__idle_search_begin(&idle); /* one looks: enough for one, and not for two */
	cr_expect_eq(filch__idle_notify(&idle, MOST, 1), NOTIFIED_SEARCHER);
	cr_expect_eq(asleep(), 3);
	atomic_fetch_add(&work, 1);
	cr_expect_eq(filch__idle_notify(&idle, MOST, 2), NOTIFIED_WOKEN);
	cr_assert(wait_for(&done, 1));
	atomic_fetch_add(&work, 1);
	cr_expect_eq(filch__idle_notify(&idle, MOST, 2), NOTIFIED_WOKEN);
	cr_assert(wait_for(&done, 2));
	atomic_fetch_add(&work, 1);
	cr_expect_eq(filch__idle_notify(&idle, MOST, 2), NOTIFIED_WOKEN);
	cr_assert(wait_for(&done, 3));
	cr_expect_eq(filch__idle_notify(&idle, MOST, 2), NOTIFIED_SEARCHER, "nobody sleeps");
	filch__idle_search_end(&idle);
	close_house(0, 3);
}

Test(idle, wakes_the_first_below_the_limit)
{
	atomic_store(&stays, true);
	open_house(1, 4);
	wait_asleep(3);
	cr_expect_eq(filch__idle_notify(&idle, 0, 1), NOTIFIED_NOBODY);
	cr_expect_eq(filch__idle_notify(&idle, 1, 1), NOTIFIED_NOBODY);
	for (unsigned i = 1; i < 4; i++) {
		cr_expect_eq(asleep(), 4 - i);
		cr_expect_eq(push(i), NOTIFIED_NOBODY);
		cr_assert(take());
		cr_expect_eq(push(i + 1), NOTIFIED_WOKEN);
		cr_assert(wait_for(&done, i));
		wait_asleep(3 - i);
	}
	cr_expect_eq(filch__idle_notify(&idle, MOST, 1), NOTIFIED_NOBODY, "all work");
	close_house(1, 4);
}

/* ---- stampedes ------------------------------------------------------------------------------------ */

/* I2 */
Test(idle, wakes_all_there_are)
{
	for (unsigned round = 0; round < scaled(100, 5); round++) {
		atomic_store(&closing, false);
		atomic_store(&living, 0);
		open_house(0, MOST);
		if (round % 2)
			wait_asleep(MOST);
		close_house(0, MOST);
	}
}

static atomic_uint pushed;

/* Many pushes are waited for, so that no later one makes up for one that was not heard. */
static void *push_some(void *arg)
{
	uint64_t seed = *(uint64_t *)arg + (uintptr_t)&seed;

	for (size_t i = scaled(50000, 200); i > 0; i--) {
		const unsigned all = atomic_fetch_add(&pushed, 1) + 1;

		push(MOST);
		if (random_below(&seed, 3) == 0)
			while (atomic_load(&done) < all)
				sched_yield();
		if (random_below(&seed, 200) == 0)
			sleep_ns(random_below(&seed, 200000)); /* let some fall asleep */
	}
	return NULL;
}

/* However many push at once, and however few are left to hear it: all of it is done. */
static void expect_all_done(unsigned pushers, unsigned workers)
{
	uint64_t seed = test_seed();

	open_house(0, workers);
	on_threads(pushers, push_some, &seed);
	cr_expect(wait_for(&done, atomic_load(&pushed)));
	wait_asleep(workers);
	close_house(0, workers);
}

/* I1, I2 */
Test(idle, hears_many_who_push_at_once)
{
	expect_all_done(4, 1);
}

Test(idle, hears_one_with_many_asleep)
{
	expect_all_done(1, 8);
}

Test(idle, hears_many_with_many_asleep)
{
	expect_all_done(3, 3);
}

Test(idle, hears_all_when_looks_find_what_is_not_there)
{
	spurious = 3;
	expect_all_done(3, 3);
}

/* ---- no starvation ----------------------------------------------------------------------- */

/* One who has work does not come back for more: each push must reach another. */
Test(idle, puts_all_to_work)
{
	atomic_store(&stays, true);
	open_house(0, MOST);
	for (unsigned i = 0; i < MOST; i++) {
		wait_asleep(MOST - i);
		cr_assert_eq(push(MOST), NOTIFIED_WOKEN);
		cr_assert(wait_for(&done, i + 1));
	}
	cr_expect_eq(push(MOST), NOTIFIED_NOBODY);
	cr_assert(take());
	close_house(0, MOST);
}

/* ---- places -------------------------------------------------------------------------------- */

static bool knows_places(void)
{
	return filch__cpu_here() != PLATFORM_NO_CPU;
}

/* Wakers that forbid the sleepers their own CPU, as they do where that was of use (I2, I6). */
Test(idle, leaves_every_sleeper_the_cpus_it_had)
{
	if (!knows_places())
		cr_skip_test("this system has no places");
	store_relaxed(&idle.packed, true);
	expect_each_heard((unsigned)scaled(100000, 1000));
	cr_expect_eq(atomic_load(&strayed), 0);
}

/* I6 */
Test(idle, steps_aside_without_losing_a_cpu)
{
	cpu_set_t before, one;

	sched_getaffinity(0, sizeof before, &before);
	for (int i = 0; i < 1000; i++) {
		filch__idle_step_aside(&idle, filch__cpu_here());
		filch__idle_step_aside(&idle, (unsigned)i);
		filch__idle_step_aside(&idle, PLATFORM_NO_CPU);
		cr_assert(same_mask(&before));
	}
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
	for (int i = 0; i < 1000; i++) {
		filch__idle_step_aside(&idle, filch__cpu_here());
		cr_assert(same_mask(&one));
	}
}

Test(idle, hears_all_on_one_cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
	store_relaxed(&idle.packed, true);
	expect_all_done(2, 3);
	cr_expect_eq(atomic_load(&strayed), 0);
}
