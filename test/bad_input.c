/* SPDX-License-Identifier: MIT */
/* The table of bad arguments, a test for each cell. */
#include "support.h"

#include <criterion/criterion.h>

#define BAD_CHECK(condition) cr_expect(condition, "%s", #condition)
#include "bad_input.h"

TestSuite(bad_input, .timeout = 60);

static void refuse_on_pool_of(const struct cell *c, unsigned workers)
{
	filch_pool *pool = pool_of(workers);

	run_cell(c, pool);
	pool_close(pool);
}

/* Many times over: a path that loses a block loses many. */
static void expect_refused(const struct cell *c)
{
	const long noise = 24; /* of threads that are made when they are first of use */
	long before = 0;

	for (int round = 0; round < 32; round++) {
		if (round == 2)
			before = memory_blocks();
		if (!cell_spoils(c))
			run_cell(c, NULL);
		refuse_on_pool_of(c, 1);
		refuse_on_pool_of(c, 3);
	}
	cr_expect_leq(memory_blocks(), before + noise);
	expect_no_leak();
}

#define ENTRY(FUNCTION, SENTENCE, ...)                                                             \
	Test(bad_input, FUNCTION##_##SENTENCE)                                                     \
	{                                                                                          \
		static const struct cell cell = __VA_ARGS__;                                       \
                                                                                                   \
		expect_refused(&cell);                                                             \
	}

#include "bad_input_cells.h"
#include "bad_input_table.h"
