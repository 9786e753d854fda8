/* SPDX-License-Identifier: MIT */
/*
 * Looking, sleeping, waking: whoever pushed before he notified is heard, whatever the
 * sleepers do at that moment; a lost wake-up would be a test that hangs.  The counts of those
 * who look and sleep come out even, and what is learned stays in bounds.
 */
#define _GNU_SOURCE
#include "idle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
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

	return atomic_load(&closing) || load_relaxed(&work) > 0 ||
	       (spurious && random_below(&l->seed, spurious) == 0);
}

static bool look_in_vain(void *arg)
{
	(void)arg;
	return false;
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
			filch__idle_sleep(&idle, l.number, look, &l);
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
	fetch_add_relaxed(&work, 1);
	return filch__idle_notify(&idle, limit);
}

/* ---- one thread -------------------------------------------------------------------- */

Test(idle, with_nobody_there_notifies_nobody)
{
	cr_expect_eq(filch__idle_notify(&idle, MOST), NOTIFIED_NOBODY);
	filch__idle_wake_all(&idle);
	expect_nobody();
}

Test(idle, finds_one_who_searches)
{
	filch__idle_search_begin(&idle);
	cr_expect_eq(filch__idle_notify(&idle, 0), NOTIFIED_SEARCHER);
	filch__idle_search_end(&idle);
	cr_expect_eq(filch__idle_notify(&idle, MOST), NOTIFIED_NOBODY);
}

Test(idle, tells_the_last_who_searched)
{
	for (int i = 0; i < 3; i++)
		filch__idle_search_begin(&idle);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(filch__idle_search_end(&idle), i == 2);
	filch__idle_search_begin(&idle);
	cr_expect(filch__idle_search_end(&idle));
}

Test(idle, lets_half_of_the_cpus_search)
{
	for (unsigned cpus = 0; cpus < 200; cpus++)
		for (unsigned n = 0; n < MOST; n += 7) {
			const unsigned most = cpus / 2 < n ? cpus / 2 : n;
			static const struct idle fresh;

			idle = fresh;
			filch__idle_init(&idle, sleepers, n, cpus, 0);
			for (unsigned i = 0; i < MOST; i++)
				cr_assert_eq(filch__idle_search_begin(&idle),
				             i < (most ? most : 1));
		}
}

Test(idle, lets_nobody_sleep_who_finds_something_in_his_last_look)
{
	filch__idle_search_begin(&idle);
	for (unsigned i = 0; i < MOST; i++) {
		filch__idle_sleep(&idle, i, find, NULL);
		cr_expect_eq(asleep(), 0);
		cr_expect_eq(idle_searching(&idle), 1);
		cr_expect_eq(load_relaxed(&sleeper[i].park), AWAKE);
	}
	filch__idle_search_end(&idle);
	expect_nobody();
}

Test(idle, releases_only_who_is_parked)
{
	cr_expect_not(filch__idle_release(&sleeper[0]));
	store_relaxed(&sleeper[0].end, PARKED);
	cr_expect(filch__idle_release(&sleeper[0]));
	cr_expect_not(filch__idle_release(&sleeper[0]));
}

Test(idle, parks_until_the_end_or_the_deadline)
{
	filch__idle_park(&sleeper[0], find, NULL, 0);
	filch__idle_park(&sleeper[0], look_in_vain, NULL, 1);
	for (int i = 0; i < 10; i++)
		filch__idle_park(&sleeper[0], look_in_vain, NULL, filch__now_ns() + 1000000);
	cr_expect_eq(load_relaxed(&sleeper[0].end), AWAKE);
}

/* ---- what is learned --------------------------------------------------------------------- */

static void set_costs(float wake, float latency)
{
	for (int i = 0; i < DEPTHS; i++) {
		store_relaxed(&idle.wake_ns[i], wake);
		store_relaxed(&idle.latency_ns[i], latency);
	}
}

Test(idle, breaks_even_later_the_dearer_a_wake_up_is)
{
	for (float wake = 100; wake < 1e7f; wake *= 3)
		for (float latency = 100; latency < 1e7f; latency *= 3) {
			double least;

			set_costs(wake, latency);
			least = filch__idle_break_even_ns(&idle);
			cr_expect_gt(least, latency + 2 * wake);
			cr_expect(filch__idle_wake_pays(&idle, least * 1.01, platform_ticks()));
			cr_expect(filch__idle_wake_pays(&idle, INFINITY, platform_ticks()));
			set_costs(wake * 1.5f, latency);
			cr_expect_gt(filch__idle_break_even_ns(&idle), least);
			set_costs(wake, latency * 1.5f);
			cr_expect_gt(filch__idle_break_even_ns(&idle), least);
		}
}

Test(idle, breaks_even_later_the_deeper_the_sleep)
{
	const uint64_t now = platform_ticks();
	double before = 0;

	for (double ns = 0; ns < 1e8; ns = ns * 10 + 50000) {
		double least = 1;

		store_relaxed(&idle.last_sleep, now - (uint64_t)(ns / platform_ns(1)));
		while (!filch__idle_wake_pays(&idle, least, now))
			least *= 1.01;
		cr_expect_geq(least, before);
		before = least;
	}
	cr_expect_gt(before, 80e3);
}

Test(idle, wakes_again_however_long_one_wake_up_took)
{
	unsigned asked = 0;

	set_costs(10000, 1e9f);
	while (!filch__idle_wake_pays(&idle, 200000, platform_ticks()))
		cr_assert_lt(asked++, 10000);
	cr_expect_gt(asked, 0);
	set_costs(10000, 1e9f);
	for (asked = 0; asked < 10000; asked++)
		cr_assert_not(filch__idle_wake_pays(&idle, 1000, platform_ticks()),
		              "what never paid is no reason to try");
}

Test(idle, spins_within_bounds)
{
	uint64_t before = 0;

	for (float ns = 0; ns < 1e12f; ns = ns * 2 + 1) {
		uint64_t spin;

		set_costs(ns, ns);
		spin = filch__idle_spin_ns(&idle);
		cr_expect(spin >= 20000 && spin <= 200000 && spin >= before);
		before = spin;
	}
	cr_expect_eq(before, 200000);
	idle.spin_ns = 7;
	cr_expect_eq(filch__idle_spin_ns(&idle), 7);
}

Test(idle, learns_how_long_a_hand_over_takes)
{
	const double first = idle_handover_ns(&idle);

	filch__idle_learn_handover(&idle, 1e6); /* that thread was not running */
	filch__idle_learn_handover(&idle, 1e30);
	cr_expect_eq(idle_handover_ns(&idle), first);
	for (double real = 50; real < 2000; real *= 1.5) {
		for (int i = 0; i < 100; i++)
			filch__idle_learn_handover(&idle, real);
		cr_expect_float_eq(idle_handover_ns(&idle) / real, 1, 0.01);
	}
}

static void expect_in_bounds(const float *was, _Atomic float *now, float least)
{
	for (int i = 0; i < DEPTHS; i++) {
		cr_assert_geq(load_relaxed(&now[i]), was[i] * 0.874f);
		cr_assert_leq(load_relaxed(&now[i]), was[i] * 1.376f);
		cr_assert_geq(load_relaxed(&now[i]), least);
	}
}

static void note(float *was, _Atomic float *now)
{
	for (int i = 0; i < DEPTHS; i++)
		was[i] = load_relaxed(&now[i]);
}

Test(idle, learns_a_little_from_each_wake_up)
{
	float wake[DEPTHS], latency[DEPTHS], first_wake[DEPTHS], first_latency[DEPTHS];
	bool learned_wake = false, learned_latency = false;

	note(first_wake, idle.wake_ns);
	note(first_latency, idle.latency_ns);
	open_house(0, 1);
	for (unsigned i = 0; i < scaled(1000, 50); i++) {
		wait_asleep(1);
		note(wake, idle.wake_ns);
		note(latency, idle.latency_ns);
		push(1);
		cr_assert(wait_for(&done, i + 1));
		expect_in_bounds(wake, idle.wake_ns, 1);
		expect_in_bounds(latency, idle.latency_ns, 4999);
	}
	close_house(0, 1);
	for (int i = 0; i < DEPTHS; i++) {
		learned_wake |= first_wake[i] < load_relaxed(&idle.wake_ns[i]) ||
		                first_wake[i] > load_relaxed(&idle.wake_ns[i]);
		learned_latency |= first_latency[i] < load_relaxed(&idle.latency_ns[i]) ||
		                   first_latency[i] > load_relaxed(&idle.latency_ns[i]);
	}
	cr_expect(learned_wake && learned_latency);
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
			platform_pause();
		if (i % 2)
			wait_asleep(1);
	}
	cr_expect(times[NOTIFIED_WOKEN] > 0 && times[NOTIFIED_SEARCHER] > 0);
	close_house(0, 1);
}

Test(idle, hears_each_of_a_hundred_thousand_pushes)
{
	expect_each_heard((unsigned)scaled(100000, 1000));
}

static _Atomic unsigned turn;

static bool is_turn(void *number)
{
	return load_seq_cst(&turn) % 2 == (uintptr_t)number;
}

/* Two that wait for each other: each ends what the other is parked for. */
static void take_turns(void *number)
{
	const unsigned me = (unsigned)(uintptr_t)number, all = (unsigned)scaled(100000, 1000);

	for (unsigned i = 0; i < all; i++) {
		while (!is_turn(number))
			filch__idle_park(&sleeper[me], is_turn, number, 0);
		store_seq_cst(&turn, load_relaxed(&turn) + 1);
		filch__idle_release(&sleeper[1 - me]);
	}
}

Test(idle, releases_the_parked_a_hundred_thousand_times)
{
	for (uintptr_t i = 0; i < 2; i++)
		cr_assert(filch__thread_start(&threads[i], 0, take_turns, (void *)i));
	for (uintptr_t i = 0; i < 2; i++)
		filch__thread_join(&threads[i]);
	cr_expect_eq(load_relaxed(&turn), 2 * scaled(100000, 1000));
}

Test(idle, wakes_the_first_below_the_limit)
{
	atomic_store(&stays, true);
	open_house(1, 4);
	wait_asleep(3);
	cr_expect_eq(filch__idle_notify(&idle, 0), NOTIFIED_NOBODY);
	cr_expect_eq(filch__idle_notify(&idle, 1), NOTIFIED_NOBODY);
	for (unsigned i = 1; i < 4; i++) {
		cr_expect_eq(asleep(), 4 - i);
		cr_expect_eq(push(i), NOTIFIED_NOBODY);
		cr_assert(take());
		cr_expect_eq(push(i + 1), NOTIFIED_WOKEN);
		cr_assert(wait_for(&done, i));
		wait_asleep(3 - i);
	}
	cr_expect_eq(filch__idle_notify(&idle, MOST), NOTIFIED_NOBODY, "all work");
	close_house(1, 4);
}

/* ---- stampedes ------------------------------------------------------------------------------------ */

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

static void *push_some(void *arg)
{
	for (size_t i = *(size_t *)arg; i > 0; i--) {
		push(MOST);
		if (i % 64 == 0)
			sleep_ns(i % 256 ? 1 : 100000); /* let some fall asleep */
	}
	return NULL;
}

/* However many push at once, and however few are left to hear it: all of it is done. */
static void expect_all_done(unsigned pushers, unsigned workers)
{
	size_t pushes = scaled(20000, 200);

	open_house(0, workers);
	on_threads(pushers, push_some, &pushes);
	cr_expect(wait_for(&done, pushers * (unsigned)pushes));
	wait_asleep(workers);
	close_house(0, workers);
}

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

static void *release_anybody(void *arg)
{
	for (unsigned i = 0; !atomic_load((atomic_bool *)arg); i++) {
		filch__idle_release(&sleeper[i % 4]);
		if (i % 16 == 0)
			sleep_ns(1000);
	}
	return NULL;
}

/* One who helped somebody may release him long after, when he sleeps for another reason. */
Test(idle, takes_no_harm_from_late_releases)
{
	atomic_bool over = false;
	pthread_t late;

	cr_assert_eq(pthread_create(&late, NULL, release_anybody, &over), 0);
	expect_all_done(2, 4);
	atomic_store(&over, true);
	pthread_join(late, NULL);
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

/* Wakers that forbid the sleepers their own CPU, as they do where that was of use. */
Test(idle, leaves_every_sleeper_the_cpus_it_had)
{
	if (!knows_places())
		cr_skip_test("this system has no places");
	store_relaxed(&idle.packed, true);
	expect_each_heard((unsigned)scaled(100000, 1000));
	cr_expect_eq(atomic_load(&strayed), 0);
}

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
