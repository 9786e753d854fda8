/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_SCENARIO_H
#define FILCH_TEST_SCENARIO_H
/*
 * Short programs for the simulator, each about one thing that an order could break.  One file for
 * each room; main.c runs them.
 */
#include "platform.h"

#include <filch/sim.h>

#include <stddef.h>

struct scenario {
	const char *name;
	void (*program)(void *arg);
	struct filch_sim_options options;
	bool fails;          /* the simulator must find something */
	const char *says[4]; /* what must be in the message then */
	bool whole;          /* small enough for all orders with two preemptions */
};

struct scenarios {
	const struct scenario *scenario;
	size_t count;
};

/* All but name and program may be left out. */
#define SCENARIO(NAME, PROGRAM, ...)                                                               \
	{                                                                                          \
		.name = (NAME), .program = (PROGRAM), __VA_ARGS__                                  \
	}
#define SCENARIOS(NAME, ...)                                                                       \
	static const struct scenario NAME##_list[] = {__VA_ARGS__};                                \
	const struct scenarios NAME = {NAME##_list, sizeof NAME##_list / sizeof NAME##_list[0]};

extern const struct scenarios deque_scenarios, published_scenarios, idle_scenarios, loop_scenarios,
	nest_scenarios, steal_scenarios, life_scenarios, fork_scenarios, expose_scenarios,
	algo_scenarios, any_scenarios, input_scenarios, planted_scenarios, process_scenarios;

/* The memory model itself: how many litmus tests do not come out as C11 has it; prints them. */
unsigned litmus_run(unsigned *count);

/* The simulator's promises about itself, by the scenarios: the same. */
unsigned engine_run(const struct scenarios *const *rooms, size_t count, unsigned *tests);

/* How often each of a few items ran. */
enum { ITEMS = 24 };
struct ran {
	unsigned times[ITEMS];
};

/* Until those who look for work have just gone to sleep, or are about to. */
static inline void wait_a_little(void)
{
	filch__sleep_until(filch__now_ns() + 1000 * filch_sim_choose(64));
}

static inline void ran_once(const struct ran *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		filch_sim_check(r->times[i] == 1);
}

#endif
