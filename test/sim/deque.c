/* SPDX-License-Identifier: MIT */
/* The deque: an owner and one or two thieves, each chunk is taken once, and whole. */
#include "deque.h"
#include "scenario.h"

#include <stdint.h>

static struct deque d;
static struct ran taken;

/* Chunk i says so in all of its words. */
static struct chunk chunk_of(size_t i)
{
	return (struct chunk){(struct loop *)(i + 1), {i + 100, i + 200}};
}

static void took(struct chunk c)
{
	const size_t i = c.range.begin - 100;

	filch_sim_check(i < ITEMS && c.loop == (struct loop *)(i + 1) && c.range.end == i + 200);
	taken.times[i]++;
}

static void push(size_t i, unsigned count)
{
	struct chunk c[2] = {chunk_of(i), chunk_of(i + 1)};

	filch_sim_check(deque_push(&d, c, count));
}

static bool pop(void)
{
	struct chunk c;
	uint64_t older;

	if (!deque_pop(&d, load_relaxed(&d.top), &c, &older))
		return false;
	took(c);
	return true;
}

static bool steal(void)
{
	struct chunk c;
	uint64_t ticket;

	if (!deque_peek(&d, &c, &ticket))
		return false;
	/* A rumour, but of chunks that there were. */
	filch_sim_check((uintptr_t)c.loop - 1 < ITEMS && c.range.begin - 100 < ITEMS &&
	                c.range.end - 200 < ITEMS);
	if (!deque_claim(&d, ticket))
		return false;
	took(c);
	return true;
}

static void thief(void *tries)
{
	for (uintptr_t i = 0; i < (uintptr_t)tries; i++)
		steal();
}

/* What is left when all have gone is the owner's. */
static void finish(unsigned chunks)
{
	while (steal())
		;
	filch_sim_check(deque_is_empty(&d));
	ran_once(&taken, chunks);
	filch__deque_finish(&d);
}

static void one_is_wanted_by_two(void *arg)
{
	unsigned t;

	(void)arg;
	filch__deque_init(&d, 0);
	push(0, 1);
	t = filch_sim_thread(thief, (void *)1);
	pop();
	filch_sim_join(t);
	finish(1);
}

static void one_is_wanted_by_three(void *arg)
{
	unsigned t[2];

	(void)arg;
	filch__deque_init(&d, 0);
	t[0] = filch_sim_thread(thief, (void *)1);
	t[1] = filch_sim_thread(thief, (void *)1);
	push(0, 1);
	pop();
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
	finish(1);
}

static void two_are_wanted_by_three(void *arg)
{
	unsigned t[2];

	(void)arg;
	filch__deque_init(&d, 0);
	push(0, 2);
	t[0] = filch_sim_thread(thief, (void *)2);
	t[1] = filch_sim_thread(thief, (void *)1);
	pop();
	pop();
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
	finish(2);
}

static void slots_are_used_again(void *arg)
{
	unsigned t;

	(void)arg;
	filch__deque_init(&d, 0);
	t = filch_sim_thread(thief, (void *)3);
	for (size_t i = 0; i < 8; i += 2) {
		push(i, 2);
		pop();
	}
	filch_sim_join(t);
	finish(8);
}

static void it_grows_under_a_thief(void *arg)
{
	unsigned t;

	(void)arg;
	filch__deque_init(&d, 0);
	t = filch_sim_thread(thief, (void *)3);
	for (size_t i = 0; i < 8; i += 2)
		push(i, 2);
	pop();
	filch_sim_join(t);
	finish(8);
}

/* Twice: the first buffer that it outgrew may still be read. */
static void it_grows_twice_under_two(void *arg)
{
	unsigned t[2];

	(void)arg;
	filch__deque_init(&d, 0);
	push(0, 2);
	t[0] = filch_sim_thread(thief, (void *)2);
	t[1] = filch_sim_thread(thief, (void *)2);
	for (size_t i = 2; i < 20; i += 2)
		push(i, 2);
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
	finish(20);
}

static void indices_wrap(void *arg)
{
	unsigned t;

	(void)arg;
	filch__deque_init(&d, UINT64_MAX - 2);
	t = filch_sim_thread(thief, (void *)3);
	for (size_t i = 0; i < 6; i += 2)
		push(i, 2);
	pop();
	filch_sim_join(t);
	finish(6);
}

static void two_thieves_keep_to_the_order(void *arg)
{
	unsigned t[2];

	(void)arg;
	filch__deque_init(&d, 0);
	for (size_t i = 0; i < 4; i += 2)
		push(i, 2);
	t[0] = filch_sim_thread(thief, (void *)2);
	t[1] = filch_sim_thread(thief, (void *)2);
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
	finish(4);
}

SCENARIOS(deque_scenarios,
          SCENARIO("deque: one is wanted by two", one_is_wanted_by_two, .whole = true),
          SCENARIO("deque: one is wanted by three", one_is_wanted_by_three, .whole = true),
          SCENARIO("deque: two are wanted by three", two_are_wanted_by_three, .whole = true),
          SCENARIO("deque: slots are used again", slots_are_used_again, .fails = false),
          SCENARIO("deque: it grows under a thief", it_grows_under_a_thief, .fails = false),
          SCENARIO("deque: it grows twice under two", it_grows_twice_under_two, .fails = false),
          SCENARIO("deque: indices wrap", indices_wrap, .fails = false),
          SCENARIO("deque: two thieves keep to the order", two_thieves_keep_to_the_order,
                   .whole = true))
