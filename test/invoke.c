/* SPDX-License-Identifier: MIT */
/* filch_invoke(): all functions of a list, and the code of the first that failed. */
#include "support.h"

#include <filch/each.h>

#include <criterion/criterion.h>

TestSuite(invoke, .timeout = 120);

struct call {
	int code;
	atomic_uint times;
};

static int count_call(void *arg, filch_worker *w)
{
	struct call *c = arg;

	(void)w;
	atomic_fetch_add(&c->times, 1);
	return c->code;
}

Test(invoke, runs_all_of_a_list_and_returns_the_first_code)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t n = 0; n < 300; n = 2 * n + 1) {
			struct call call[300] = {0};
			filch_fn *fn[300];
			void *arg[300];
			int first = 0;

			for (size_t i = 0; i < n; i++) {
				call[i].code = random_below(&seed, 50) ? 0 : 1 + (int)i;
				first = first ? first : call[i].code;
				fn[i] = count_call;
				arg[i] = &call[i];
			}
			cr_expect_eq(filch_invoke(pool, n, fn, arg, NULL), first);
			for (size_t i = 0; i < n; i++)
				cr_expect_eq(atomic_load(&call[i].times), 1);
		}
		pool_close(pool);
	}
}

static atomic_uint met;

static int meet_another(void *arg, filch_worker *w)
{
	(void)w;
	return arg || !meet(&met, 2);
}

Test(invoke, runs_two_at_once)
{
	filch_fn *fn[2] = {meet_another, meet_another};
	filch_pool *pool = pool_of(2);

	cr_expect_eq(filch_invoke(pool, 2, fn, NULL, NULL), 0);
	pool_close(pool);
}

Test(invoke, refuses_what_makes_no_sense)
{
	filch_fn *fn[2] = {meet_another, NULL};

	cr_expect_eq(filch_invoke(NULL, 2, fn, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_invoke(NULL, 2, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_invoke(NULL, 0, NULL, NULL, NULL), 0);
	cr_expect_eq(filch_invoke(NULL, 0, NULL, NULL, FILCH(.cost_ns = -1)), FILCH_EINVAL);
}
