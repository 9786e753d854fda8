/* SPDX-License-Identifier: MIT */
/* The table of bad arguments (test/bad_input_table.h), a part of it in each run, on a pool that works meanwhile. */
#include "scenario.h"

#define BAD_CHECK(condition) filch_sim_check(condition)
#include "../bad_input.h"

#define ENTRY(FUNCTION, SENTENCE, ...) __VA_ARGS__,
#include "../bad_input_cells.h"

static const struct cell table[] = {
#include "../bad_input_table.h"
};

enum { CELLS = sizeof table / sizeof table[0], AT_ONCE = 8 };

static filch_pool *pool;

static void work(void *none)
{
	(void)none;
	use_well(pool);
}

static unsigned any_cell(void)
{
	return filch_sim_choose((CELLS + AT_ONCE - 1) / AT_ONCE) * AT_ONCE;
}

static void open_pool(void)
{
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = 2)) == 0);
}

static void close_pool(void)
{
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

static void bad_calls_on_a_pool_in_use(void *arg)
{
	const unsigned first = any_cell();
	unsigned other;

	(void)arg;
	open_pool();
	other = filch_sim_thread(work, NULL);
	for (unsigned i = first; i < first + AT_ONCE && i < CELLS; i++)
		if (!cell_spoils(&table[i]))
			run_cell(&table[i], pool);
	filch_sim_join(other);
	close_pool();
}

static void good_calls_on_a_bad_pool(void *arg)
{
	const unsigned first = any_cell();

	(void)arg;
	for (unsigned i = first; i < first + AT_ONCE && i < CELLS; i++) {
		open_pool();
		if (cell_spoils(&table[i]))
			run_cell(&table[i], pool);
		close_pool();
	}
}

SCENARIOS(input_scenarios,
          SCENARIO("input: bad calls on a pool in use", bad_calls_on_a_pool_in_use, .fails = false),
          SCENARIO("input: good calls on a bad pool", good_calls_on_a_bad_pool, .fails = false))
