/* SPDX-License-Identifier: MIT */
/* One who waits for an end, and those who bring it: he never sleeps through it. */
#include "idle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <sched.h>

enum { HELPERS = 4 };

static struct sleeper sleepers[2];
static struct platform_thread threads[HELPERS];

TestSuite(idle_park, .init = filch__ticks_init, .timeout = 120);

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

/* ---- one thread ---------------------------------------------------------------- */

/* E4 */
Test(idle_park, is_released_once_if_it_is_parked)
{
	cr_expect_not(filch__idle_release(&sleepers[0]));
	store_seq_cst(&sleepers[0].end, PARKED);
	cr_expect(idle_is_parked(&sleepers[0]));
	cr_expect(filch__idle_release(&sleepers[0]));
	cr_expect_not(idle_is_parked(&sleepers[0]));
	cr_expect_not(filch__idle_release(&sleepers[0]));
}

/* I3 */
Test(idle_park, does_not_sleep_after_the_end_or_the_deadline)
{
	filch__idle_park(&sleepers[0], always, NULL, 0);
	filch__idle_park(&sleepers[0], never, NULL, 1);
	for (int i = 0; i < 10; i++)
		filch__idle_park(&sleepers[0], never, NULL, filch__now_ns() + 1000000);
	cr_expect_not(idle_is_parked(&sleepers[0]));
}

/* ---- two threads ----------------------------------------------------------------- */

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
			filch__idle_park(&sleepers[me], is_turn, number, 0);
		store_seq_cst(&turn, load_relaxed(&turn) + 1);
		filch__idle_release(&sleepers[1 - me]);
	}
}

Test(idle_park, is_released_each_of_a_hundred_thousand_times)
{
	for (uintptr_t i = 0; i < 2; i++)
		cr_assert(filch__thread_start(&threads[i], 0, take_turns, (void *)i));
	for (uintptr_t i = 0; i < 2; i++)
		filch__thread_join(&threads[i]);
	cr_expect_eq(load_relaxed(&turn), 2 * scaled(100000, 1000));
}

struct race {
	unsigned rounds;
	alignas(CACHE_LINE) atomic_uint arrived;
	alignas(CACHE_LINE) _Atomic unsigned ended;
};

static void end_rounds(void *arg)
{
	struct race *r = arg;
	uint64_t seed = 1;

	for (unsigned i = 1; i <= r->rounds; i++) {
		meet_nearly(&r->arrived, 2 * i, &seed);
		store_seq_cst(&r->ended, i);
		filch__idle_release(&sleepers[0]);
	}
}

static bool has_ended(void *arg)
{
	struct race *r = arg;

	return load_seq_cst(&r->ended) == load_relaxed(&r->arrived) / 2;
}

/* The end comes just as he parks: one of the two must see the other (I3, E4). */
Test(idle_park, misses_none_of_half_a_million_ends)
{
	struct race r = {.rounds = (unsigned)scaled(500000, 1000)};
	uint64_t seed = 2;

	cr_assert(filch__thread_start(&threads[0], 0, end_rounds, &r));
	for (unsigned i = 1; i <= r.rounds; i++) {
		meet_nearly(&r.arrived, 2 * i, &seed);
		while (load_relaxed(&r.ended) < i)
			filch__idle_park(&sleepers[0], has_ended, &r, 0);
	}
	filch__thread_join(&threads[0]);
}

/* ---- stampede ----------------------------------------------------------------------- */

static _Atomic unsigned left, round_now;

static bool all_left(void *arg)
{
	(void)arg;
	return load_seq_cst(&left) == 0;
}

static void await_round(unsigned round)
{
	for (unsigned i = 1; load_acquire(&round_now) < round; i++)
		if (i % 1000 == 0)
			sched_yield();
}

/* All leave at once, and the last one tells him who waits. */
static void leave(void *rounds)
{
	for (unsigned i = 1; i <= *(unsigned *)rounds; i++) {
		await_round(i);
		if (fetch_sub_seq_cst(&left, 1) == 1)
			filch__idle_release(&sleepers[0]);
	}
}

/* I3, E1 */
Test(idle_park, is_released_by_the_last_of_many)
{
	unsigned rounds = (unsigned)scaled(20000, 500);

	for (unsigned k = 0; k < HELPERS; k++)
		cr_assert(filch__thread_start(&threads[k], 0, leave, &rounds));
	for (unsigned i = 1; i <= rounds; i++) {
		store_seq_cst(&left, HELPERS);
		store_release(&round_now, i);
		while (!all_left(NULL))
			filch__idle_park(&sleepers[0], all_left, NULL, 0);
	}
	for (unsigned k = 0; k < HELPERS; k++)
		filch__thread_join(&threads[k]);
	cr_expect_eq(load_relaxed(&left), 0);
}

static atomic_uint released;

static void release_at_once(void *rounds)
{
	for (unsigned i = 1; i <= *(unsigned *)rounds; i++) {
		await_round(i);
		if (filch__idle_release(&sleepers[0]))
			atomic_fetch_add(&released, 1);
		fetch_sub_seq_cst(&left, 1);
	}
}

/* E4 */
Test(idle_park, is_released_by_one_of_many)
{
	unsigned rounds = (unsigned)scaled(20000, 500);

	for (unsigned k = 0; k < HELPERS; k++)
		cr_assert(filch__thread_start(&threads[k], 0, release_at_once, &rounds));
	for (unsigned i = 1; i <= rounds; i++) {
		store_seq_cst(&left, HELPERS);
		store_seq_cst(&sleepers[0].end, PARKED);
		store_release(&round_now, i);
		while (!all_left(NULL))
			sched_yield();
		cr_assert_eq(atomic_load(&released), i);
	}
	for (unsigned k = 0; k < HELPERS; k++)
		filch__thread_join(&threads[k]);
}

/* ---- stress ------------------------------------------------------------------------------ */

static atomic_bool over;

/* Releases that come late, when he waits for something else already. */
static void release_often(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		filch__idle_release(&sleepers[0]);
		filch__idle_release(&sleepers[1]);
		sleep_ns(1);
	}
}

/* I4, E3 */
Test(idle_park, takes_no_harm_from_late_releases)
{
	cr_assert(filch__thread_start(&threads[2], 0, release_often, NULL));
	for (uintptr_t i = 0; i < 2; i++)
		cr_assert(filch__thread_start(&threads[i], 0, take_turns, (void *)i));
	for (uintptr_t i = 0; i < 2; i++)
		filch__thread_join(&threads[i]);
	atomic_store(&over, true);
	filch__thread_join(&threads[2]);
	cr_expect_eq(load_relaxed(&turn), 2 * scaled(100000, 1000));
}
