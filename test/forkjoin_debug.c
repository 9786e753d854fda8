/* SPDX-License-Identifier: MIT */
/* With FILCH_DEBUG each join looks whether it is its turn. */
#define FILCH_DEBUG
#include "support.h"

#include "fibonacci.h"

#include <criterion/criterion.h>
#include <signal.h>

TestSuite(forkjoin_debug, .timeout = 60);

static int do_nothing(void *arg, filch_worker *w)
{
	(void)arg, (void)w;
	return 0;
}

static int joins_out_of_turn(void *arg, filch_worker *w)
{
	filch_task first, second;

	(void)arg;
	filch_fork(w, &first, do_nothing, NULL);
	filch_fork(w, &second, do_nothing, NULL);
	filch_join(w, &first);
	filch_join(w, &second);
	return 0;
}

static filch_task forgotten;

static int forgets_in_a_call(void *arg, filch_worker *w)
{
	filch_fork(w, &forgotten, do_nothing, arg);
	return 0;
}

static int calls_one_who_forgets(void *arg, filch_worker *w)
{
	filch_task t;

	filch_fork(w, &t, do_nothing, arg);
	forgets_in_a_call(arg, w);
	return filch_join(w, &t);
}

Test(forkjoin_debug, a_join_out_of_turn_ends_the_program, .signal = SIGABRT)
{
	filch_run(NULL, joins_out_of_turn, NULL, FILCH(.max_workers = 1));
}

Test(forkjoin_debug, the_next_join_finds_one_that_was_forgotten, .signal = SIGABRT)
{
	filch_run(NULL, calls_one_who_forgets, NULL, FILCH(.max_workers = 1));
}

Test(forkjoin_debug, joins_in_turn_are_fine)
{
	filch_pool *pool = pool_of(3);

	for (size_t round = 0; round < scaled(20, 2); round++) {
		long n = 18;

		cr_expect_eq(filch_run(pool, plain_fib, &n, NULL), 0);
		cr_expect_eq(n, 2584);
	}
	pool_close(pool);
}
