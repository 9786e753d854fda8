/* SPDX-License-Identifier: MIT */
/* What waking, waiting and handing over cost: what is learned of it, and what follows. */
#include "idle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>

static struct idle idle;
static struct sleeper sleeper;
static struct sleeper *sleepers[] = {&sleeper};

static void begin(void)
{
	filch__ticks_init();
	filch__idle_init(&idle, sleepers, 1, 2, 0);
}

TestSuite(idle_costs, .init = begin, .timeout = 120);

static void set_costs(float wake, float latency)
{
	for (int i = 0; i < DEPTHS; i++) {
		store_relaxed(&idle.wake_ns[i], wake);
		store_relaxed(&idle.latency_ns[i], latency);
	}
}

/* I7 */
Test(idle_costs, let_it_break_even_later_the_dearer_a_wake_up_is)
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

Test(idle_costs, let_it_break_even_later_the_deeper_the_sleep)
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

Test(idle_costs, are_worn_down_however_long_one_wake_up_took)
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

/* I5 */
Test(idle_costs, bound_how_long_to_spin)
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

Test(idle_costs, include_how_long_a_hand_over_takes)
{
	const double first = idle_handover_ns(&idle);

	filch__idle_learn_handover(&idle, 1e6); /* that thread was not running */
	filch__idle_learn_handover(&idle, 1e30);
	cr_expect_eq(idle_handover_ns(&idle), first);
	for (double real = 50; real < 2000; real *= 1.5) {
		for (int i = 0; i < 100; i++)
			filch__idle_learn_handover(&idle, real);
		cr_expect_float_eq(idle_handover_ns(&idle) / real, 1, 0.2);
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

static atomic_bool closing;
static atomic_uint woken;

static bool look_for_the_end(void *arg)
{
	(void)arg;
	return atomic_load(&closing);
}

static void sleep_often(void *arg)
{
	(void)arg;
	filch__place_init(&sleeper.place);
	filch__idle_search_begin(&idle);
	while (!atomic_load(&closing)) {
		filch__idle_sleep(&idle, 0, true, look_for_the_end, NULL);
		atomic_fetch_add(&woken, 1);
	}
	filch__idle_search_end(&idle);
}

static bool differ(const float *was, _Atomic float *now)
{
	for (int i = 0; i < DEPTHS; i++)
		if (was[i] < load_relaxed(&now[i]) || was[i] > load_relaxed(&now[i]))
			return true;
	return false;
}

Test(idle_costs, are_learned_a_little_from_each_wake_up)
{
	float wake[DEPTHS], latency[DEPTHS], first_wake[DEPTHS], first_latency[DEPTHS];
	struct platform_thread thread;

	note(first_wake, idle.wake_ns);
	note(first_latency, idle.latency_ns);
	cr_assert(filch__thread_start(&thread, 0, sleep_often, NULL));
	for (unsigned i = 0; i < scaled(1000, 50); i++) {
		note(wake, idle.wake_ns);
		note(latency, idle.latency_ns);
		while (filch__idle_notify(&idle, 1, 1) != NOTIFIED_WOKEN)
			sleep_ns(10000);
		cr_assert(wait_for(&woken, i + 1));
		expect_in_bounds(wake, idle.wake_ns, 1);
		expect_in_bounds(latency, idle.latency_ns, 4999);
	}
	atomic_store(&closing, true);
	filch__idle_wake_all(&idle);
	filch__thread_join(&thread);
	cr_expect(differ(first_wake, idle.wake_ns) && differ(first_latency, idle.latency_ns));
}

/* ---- how many look ------------------------------------------------------------------ */

enum { MOST = 64 };

/* How many of MOST are told to search. */
static unsigned allowed(unsigned workers, unsigned cpus)
{
	static const struct idle fresh;
	unsigned count = 0;

	idle = fresh;
	filch__idle_init(&idle, sleepers, workers, cpus, 0);
	for (unsigned i = 0; i < MOST; i++)
		count += filch__idle_search_begin(&idle);
	return count;
}

/* I5 */
Test(idle_costs, let_one_search_and_never_more_than_half_of_the_cpus)
{
	for (unsigned cpus = 0; cpus < 200; cpus++)
		for (unsigned n = 0; n < MOST; n += 7) {
			const unsigned most = cpus / 2 < n ? cpus / 2 : n;

			cr_assert(allowed(n, cpus) >= 1 && allowed(n, cpus) <= (most ? most : 1));
		}
}

Test(idle_costs, want_as_many_as_have_work_for_the_time_of_a_wake_up)
{
	cr_expect_eq(idle_searchers_wanted(0, 1000, 8), 1);
	cr_expect_eq(idle_searchers_wanted(2999, 1000, 8), 2);
	cr_expect_eq(idle_searchers_wanted(8000, 1000, 8), 8);
	cr_expect_eq(idle_searchers_wanted(1e300, 1000, 8), 8);
	cr_expect_eq(idle_searchers_wanted(INFINITY, 1000, 8), 8);
	cr_expect_eq(idle_searchers_wanted(1e9, 1000, 1), 1);
}

/* ---- hand-overs and bursts ------------------------------------------------------------- */

Test(idle_costs, of_a_hand_over_are_believed_at_once_when_they_fall)
{
	for (int i = 0; i < 100; i++)
		filch__idle_learn_handover(&idle, 600);
	cr_expect(idle_handover_ns(&idle) > 479 && idle_handover_ns(&idle) < 667);
	for (int i = 0; i < 5; i++)
		filch__idle_learn_handover(&idle, 60);
	cr_expect_lt(idle_handover_ns(&idle), 100);
	filch__idle_learn_handover(&idle, 1e6);
	cr_expect_lt(idle_handover_ns(&idle), 100, "that was no hand-over");
}

/* All callers read it: it shall not be written by each thief. */
Test(idle_costs, of_a_hand_over_stay_as_they_are_while_they_are_about_right)
{
	const double first = idle_handover_ns(&idle);

	for (double ns = 0.91 * first; ns < 1.24 * first; ns += 0.01 * first)
		filch__idle_learn_handover(&idle, ns);
	cr_expect_eq(idle_handover_ns(&idle), first);
}

/* What is too dear now is tried again some day, and soon forgotten never. */
Test(idle_costs, of_a_hand_over_fade_while_they_stand_in_the_way)
{
	size_t asked = 0;

	store_relaxed(&idle.handover_ns, 600.0f);
	for (; !idle_sharing_pays(&idle, 2000); asked++)
		cr_assert_lt(asked, 100000);
	cr_expect_gt(asked, 500);
	store_relaxed(&idle.handover_ns, 100.0f);
	for (int i = 0; i < 1000; i++)
		cr_assert(idle_sharing_pays(&idle, 2000));
	cr_expect_eq((float)idle_handover_ns(&idle), 100.0f, "it does not stand in the way");
}

/* How many calls of ns, one after the other, until a wake-up is paid for them; 0: never. */
static size_t calls_until_paid(double ns)
{
	struct burst burst = {0};

	for (size_t calls = 1; calls <= 10000; calls++)
		if (filch__idle_burst_pays(&idle, &burst, ns))
			return calls;
	return 0;
}

/* With a second to search in, so that no machine is too slow to call densely (I7). */
Test(idle_costs, of_waking_are_paid_once_short_calls_have_forgone_as_much)
{
	filch__idle_init(&idle, sleepers, 1, 2, 1000000000u);
	store_relaxed(&idle.handover_ns, 100.0f);
	cr_expect_eq(calls_until_paid(2e8 + 600), 10);
	cr_expect_eq(calls_until_paid(1e9 + 600), 2);
	cr_expect_eq(calls_until_paid(600), 0, "nothing is forgone");
}

Test(idle_costs, of_waking_are_not_paid_for_calls_that_come_now_and_then)
{
	struct burst burst = {0};

	set_costs(5000, 25000);
	store_relaxed(&idle.handover_ns, 100.0f);
	for (int i = 0; i < 20; i++) {
		cr_expect_not(filch__idle_burst_pays(&idle, &burst, 20600));
		filch__sleep_until(filch__now_ns() + 1000000);
	}
}

/* However long they are: what counts is the time between them. */
Test(idle_costs, of_waking_are_paid_for_calls_that_follow_each_other_at_once)
{
	struct burst burst = {0};
	double ns = 30e6;
	size_t calls = 1;

	filch__idle_init(&idle, sleepers, 1, 2, 20000000u);
	while (!filch__idle_burst_pays(&idle, &burst, ns) && calls < 10) {
		const uint64_t begin = filch__now_ns();

		filch__sleep_until(begin + 30000000);
		ns = (double)(filch__now_ns() - begin);
		calls++;
	}
	cr_expect_eq(calls, 2);
}
