/* SPDX-License-Identifier: MIT */
/* Sleeping and waking: nobody is forgotten. */
#include "idle.h"
#include "scenario.h"

enum { SLEEPERS = 2 };

static struct idle idle;
static struct sleeper sleepers[SLEEPERS], *sleeper[SLEEPERS] = {&sleepers[0], &sleepers[1]};
static _Atomic unsigned work, closing, ended;
static unsigned done[8];
static _Atomic unsigned dones;

static void open_room(void)
{
	filch__idle_init(&idle, sleeper, SLEEPERS, 4, 1);
}

static bool take(void)
{
	unsigned left = load_seq_cst(&work);

	while (left)
		if (cas_seq_cst(&work, &left, left - 1)) {
			done[fetch_add_relaxed(&dones, 1)]++;
			return true;
		}
	return false;
}

static bool look(void *none)
{
	(void)none;
	return load_seq_cst(&work) || load_seq_cst(&closing);
}

/*
 * Each sleeper is counted once, if at all.  Who is claimed before he has counted himself is taken
 * away from those asleep first: their number may be below 0 for a moment, borrowed from the other.
 */
static void check_counts(void)
{
	const uint64_t state = load_seq_cst(&idle.state);
	const uint64_t asleep = (uint64_t)(int32_t)(uint32_t)state;

	filch_sim_check(((state - asleep) >> 32) + asleep <= SLEEPERS);
}

/* A worker's life: looks for work until it is told to go, and sleeps when there is none. */
static void works(void *number)
{
	const unsigned n = (unsigned)(uintptr_t)number;

	filch__idle_search_begin(&idle);
	while (!load_seq_cst(&closing)) {
		if (!take()) {
			filch__idle_sleep(&idle, n, true, look, NULL);
			continue;
		}
		if (filch__idle_search_end(&idle) && load_seq_cst(&work))
			filch__idle_notify(&idle, SLEEPERS, 1);
		check_counts();
		filch__idle_search_begin(&idle);
	}
	filch__idle_search_end(&idle);
}

/* One more piece; who is told of it does it, or it is done here. */
static void push(void)
{
	fetch_add_seq_cst(&work, 1);
	if (filch__idle_notify(&idle, SLEEPERS, 1) == NOTIFIED_NOBODY)
		take();
	check_counts();
}

static void close_room(void)
{
	store_seq_cst(&closing, 1);
	filch__idle_wake_all(&idle);
}

static void await(unsigned pieces)
{
	while (load_relaxed(&dones) < pieces) {
		check_counts();
		filch__sleep_until(filch__now_ns() + 1000000);
	}
}

static void one_pushes_for_one_who_sleeps(void *arg)
{
	unsigned t;

	(void)arg;
	open_room();
	t = filch_sim_thread(works, (void *)0);
	push();
	await(1);
	close_room();
	filch_sim_join(t);
}

static void two_push_for_two_who_sleep(void *arg)
{
	unsigned t[3];

	(void)arg;
	open_room();
	t[0] = filch_sim_thread(works, (void *)0);
	t[1] = filch_sim_thread(works, (void *)1);
	push();
	push();
	await(2);
	push();
	await(3);
	close_room();
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
}

/* Some of the wake-ups are for what somebody else has taken: who is woken sleeps again at once. */
static void pushes_twice(void *none)
{
	(void)none;
	push();
	push();
}

static void works_in_a_place(void *number)
{
	filch__place_init(&sleepers[(uintptr_t)number].place);
	works(number);
}

/* Who wakes somebody changes where he may run, and nobody else does then. */
static void sleepers_are_moved(void *arg)
{
	unsigned t[3];

	(void)arg;
	open_room();
	store_relaxed(&idle.packed, true);
	t[0] = filch_sim_thread(works_in_a_place, (void *)0);
	t[1] = filch_sim_thread(works_in_a_place, (void *)1);
	t[2] = filch_sim_thread(pushes_twice, NULL);
	push();
	push();
	await(4);
	close_room();
	for (unsigned i = 0; i < 3; i++)
		filch_sim_join(t[i]);
}

static void it_closes_before_they_sleep(void *arg)
{
	unsigned t[2];

	(void)arg;
	open_room();
	t[0] = filch_sim_thread(works, (void *)0);
	t[1] = filch_sim_thread(works, (void *)1);
	close_room();
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
}

static void enough_look(void *arg)
{
	(void)arg;
	open_room();
	for (unsigned i = 0; i < idle.searchers_max; i++)
		filch_sim_check(filch__idle_search_begin(&idle) && idle_may_search(&idle));
	filch_sim_check(!filch__idle_search_begin(&idle) && !idle_may_search(&idle));
}

/* ---- the end of something ------------------------------------------------------------------ */

static bool has_ended(void *none)
{
	(void)none;
	return load_seq_cst(&ended) != 0;
}

static void ends(void *s)
{
	done[0] = 7;
	store_seq_cst(&ended, 1);
	filch__idle_release(s);
}

static void end_is_waited_for(void *arg)
{
	unsigned t;

	(void)arg;
	t = filch_sim_thread(ends, &sleepers[0]);
	while (!has_ended(NULL))
		filch__idle_park(&sleepers[0], has_ended, NULL, 0);
	filch_sim_check(done[0] == 7);
	filch_sim_join(t);
}

/* One who waits, and two who may wake him for two things, the later one late. */
static void late_release_is_harmless(void *arg)
{
	unsigned t[2];

	(void)arg;
	t[0] = filch_sim_thread(ends, &sleepers[0]);
	while (!has_ended(NULL))
		filch__idle_park(&sleepers[0], has_ended, NULL, 0);
	store_seq_cst(&ended, 0);
	t[1] = filch_sim_thread(ends, &sleepers[0]);
	while (!has_ended(NULL))
		filch__idle_park(&sleepers[0], has_ended, NULL, 0);
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
}

static void park_ends_at_its_deadline(void *arg)
{
	const uint64_t deadline = filch__now_ns() + 1000;

	(void)arg;
	while (filch__now_ns() < deadline)
		filch__idle_park(&sleepers[0], has_ended, NULL, deadline);
}

/* The time may be up while it is released; whoever comes first, the next wait is a whole one. */
static void park_times_out_while_released(void *arg)
{
	const unsigned t = filch_sim_thread(ends, &sleepers[0]);
	const uint64_t steps = 1 + filch_sim_choose(12);

	(void)arg;
	filch__idle_park(&sleepers[0], has_ended, NULL, filch__now_ns() + steps);
	while (!has_ended(NULL))
		filch__idle_park(&sleepers[0], has_ended, NULL, 0);
	filch_sim_check(done[0] == 7);
	filch_sim_check(load_relaxed(&sleepers[0].end) == AWAKE);
	filch_sim_join(t);
}

/* ---- the lock -------------------------------------------------------------------------------- */

static struct lock lock;
static unsigned inside;

static void goes_in(void *none)
{
	(void)none;
	lock_take(&lock);
	inside++;
	lock_release(&lock);
}

static void lock_holds_out_two(void *arg)
{
	unsigned t[2];

	(void)arg;
	t[0] = filch_sim_thread(goes_in, NULL);
	t[1] = filch_sim_thread(goes_in, NULL);
	goes_in(NULL);
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
	filch_sim_check(inside == 3);
}

SCENARIOS(idle_scenarios,
          SCENARIO("idle: one pushes for one who sleeps", one_pushes_for_one_who_sleeps,
                   .whole = true),
          SCENARIO("idle: two push for two who sleep", two_push_for_two_who_sleep, .fails = false),
          SCENARIO("idle: two push, and some wake for nothing", two_push_for_two_who_sleep,
                   .options = {.faults = true}),
          SCENARIO("idle: sleepers are moved", sleepers_are_moved, .fails = false),
          SCENARIO("idle: it closes before they sleep", it_closes_before_they_sleep, .whole = true),
          SCENARIO("idle: enough look", enough_look, .whole = true),
          SCENARIO("idle: an end is waited for", end_is_waited_for, .whole = true),
          SCENARIO("idle: a late release is harmless", late_release_is_harmless, .whole = true),
          SCENARIO("idle: a park ends at its deadline", park_ends_at_its_deadline, .whole = true),
          SCENARIO("idle: a park times out while released", park_times_out_while_released,
                   .whole = true),
          SCENARIO("idle: a lock holds out two", lock_holds_out_two, .whole = true))
