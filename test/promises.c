/* SPDX-License-Identifier: MIT */
/*
 * The promises of filch.h by number, P1 to P9, each as short as it can be shown; the others
 * are in promises_threads.c.  Longer versions: nesting.c of P3, errors.c of P7, faults.c of
 * P8, fork.c of P9, stress.c of P1.
 */
#define _GNU_SOURCE
#include "support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

TestSuite(promises, .timeout = 300);

static int nothing(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	return 0;
}

/* ---- P1 and P2: what runs ------------------------------------------------------------ */

struct random_end {
	struct tally t;
	size_t fails, cancels;
	filch_cancel cancel;
};

static int random_end_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct random_end *r = ctx;

	for (size_t i = begin; i < end; i++) {
		tally_range(&r->t, i, i + 1);
		if (i == r->cancels)
			filch_cancel_now(&r->cancel);
		if (i == r->fails)
			return filch_fail(w, i, 1);
	}
	return 0;
}

Test(promises, p1_every_item_runs_once_or_is_reported_skipped)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(200, 20); round++) {
			size_t n = 1 + random_below(&seed, 2000);
			struct random_end r = {.fails = random_below(&seed, 2 * n),
			                       .cancels = random_below(&seed, 2 * n)};
			int *status = malloc(n * sizeof *status);

			tally_init(&r.t, n);
			filch_for(pool, n, random_end_body, &r,
			          FILCH(.cancel = &r.cancel, .status = status));
			for (size_t i = 0; i < n; i++) {
				int times = atomic_load(&r.t.times[i]);

				cr_assert_eq(times, status[i] == FILCH_ESKIPPED ? 0 : 1);
				cr_assert(status[i] == FILCH_ESKIPPED ||
				          status[i] == (i == r.fails));
			}
			free(status);
			tally_finish(&r.t);
		}
		pool_close(pool);
	}
}

Test(promises, p2_a_call_that_is_refused_runs_nothing_later_either)
{
	filch_pool *pool = pool_of(4);
	struct tally t;

	tally_init(&t, 1000);
	for (int round = 0; round < 50; round++) {
		cr_expect_eq(
			filch_for(pool, 1000, tally_body, &t, FILCH(.chunk = 1, .min_chunk = 2)),
			FILCH_EINVAL);
		cr_expect_eq(filch_for(pool, 1000, nothing, NULL, FILCH(.chunk = 1)), 0);
	}
	pool_close(pool);
	cr_expect_eq(tally_first_not(&t, 0, 1000, 0), 1000);
	tally_finish(&t);
}

/* ---- P3: no call blocks for ever --------------------------------------------------------- */

struct tree {
	filch_pool *pool;
	unsigned depth;
	atomic_size_t *leaves;
};

static int tree_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct tree *t = ctx;
	struct tree below = {t->pool, t->depth - 1, t->leaves};

	(void)w;
	for (size_t i = begin; i < end; i++)
		if (t->depth == 0)
			atomic_fetch_add(t->leaves, 1);
		else if (filch_for(t->pool, 3, tree_body, &below, NULL))
			return 1;
	return 0;
}

static void *grow_trees(void *arg)
{
	struct tree t = *(struct tree *)arg;

	for (size_t i = 0; i < scaled(20, 2); i++)
		if (filch_for(t.pool, 3, tree_body, &t, NULL))
			abort();
	return NULL;
}

/* W5 */
Test(promises, p3_nested_calls_of_many_threads_end_at_every_width)
{
	for (unsigned width = 1; width <= 9; width++) {
		atomic_size_t leaves = 0;
		struct tree t = {pool_of(width), 4, &leaves};

		on_threads(5, grow_trees, &t);
		cr_expect_eq(atomic_load(&leaves), scaled(20, 2) * 5 * 243);
		pool_close(t.pool);
	}
}

/* ---- P4, P5, P6: memory ------------------------------------------------------------------- */

static int write_plainly(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	size_t *x = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		x[i] += i;
	return 0;
}

/* W4, E2 */
Test(promises, p4_what_the_bodies_wrote_is_visible_when_the_call_returns)
{
	static size_t x[3000];
	filch_pool *pool = pool_of(4);

	for (size_t round = 1; round <= scaled(500, 20); round++) {
		cr_assert_eq(filch_for(pool, COUNT_OF(x), write_plainly, x, FILCH(.chunk = 10)), 0);
		for (size_t i = 0; i < COUNT_OF(x); i++)
			cr_assert_eq(x[i], round * i);
	}
	pool_close(pool);
}

/* All that a call is given, in memory that goes away when it returns. */
struct arguments {
	struct filch_options options;
	struct filch_report report;
	filch_cancel cancel;
	size_t first;
	char label[32];
	int status[256];
	size_t x[256];
};

static void call_and_vanish(filch_pool *pool, struct arguments *a, size_t n)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t bytes = (sizeof *a + page - 1) / page * page;
	int code;

	cr_assert_eq(mprotect(a, bytes, PROT_READ | PROT_WRITE), 0);
	memset(a, 0, sizeof *a);
	strcpy(a->label, "vanishing");
	a->options = *FILCH(.label = a->label, .chunk = 1 + n % 3, .cancel = &a->cancel,
	                    .status = a->status, .first_error = &a->first, .report = &a->report,
	                    .timeout_ns = UINT64_MAX);
	code = filch_for(pool, n, write_plainly, a->x, &a->options);
	cr_assert_eq(mprotect(a, bytes, PROT_NONE), 0);
	cr_assert_eq(code, 0);
}

/* L5, W4, E3 */
Test(promises, p5_arguments_are_never_touched_after_the_call)
{
	const size_t bytes = 16 * (size_t)sysconf(_SC_PAGESIZE);

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		void *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert_neq(memory, MAP_FAILED);
		for (size_t round = 0; round < scaled(2000, 100); round++)
			call_and_vanish(pool, memory, 1 + round % 256);
		pool_close(pool);
		munmap(memory, bytes);
	}
}

static int touch_start(void *arg, unsigned id)
{
	((volatile unsigned char *)arg)[id] = 1;
	return 0;
}

static void touch_stop(void *arg, unsigned id)
{
	sleep_ns(id * 100000);
	((volatile unsigned char *)arg)[id] = 2;
}

/* O2 */
Test(promises, p6_destroy_returns_when_no_worker_can_touch_anything)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t round = 0; round < scaled(100, 10); round++) {
		unsigned char *memory = mmap(NULL, page, PROT_READ | PROT_WRITE,
		                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		filch_pool *pool;

		cr_assert_neq(memory, MAP_FAILED);
		cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = 5, .hook_arg = memory,
		                                                 .on_start = touch_start,
		                                                 .on_stop = touch_stop)),
		             0);
		if (round % 2)
			cr_expect_eq(filch_for(pool, 100, nothing, NULL, FILCH(.chunk = 1)), 0);
		pool_close(pool);
		for (unsigned id = 1; id < 5; id++)
			cr_expect_eq(memory[id], 2, "its stop hook has run");
		munmap(memory, page);
	}
}

/* ---- P7, P8, P9: what goes wrong ------------------------------------------------------------- */

Test(promises, p7_the_code_is_that_of_the_serial_loop_on_every_run)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(1000, 50); round++) {
			struct random_end r = {.fails = round % 500, .cancels = SIZE_MAX};
			size_t first = 0;

			tally_init(&r.t, 500);
			cr_assert_eq(filch_for(pool, 500, random_end_body, &r,
			                       FILCH(.first_error = &first)),
			             1);
			cr_assert_eq(first, r.fails);
			cr_assert_eq(tally_first_not(&r.t, 0, first + 1, 1), first + 1);
			tally_finish(&r.t);
		}
		pool_close(pool);
	}
}

static int runs_once(filch_pool *pool, struct tally *t)
{
	tally_clear(t);
	return filch_for(pool, t->n, tally_body, t, FILCH(.chunk = 3)) ||
	       tally_first_not(t, 0, t->n, 1) != t->n;
}

CHILD(want)
{
	filch_pool *pool = NULL;
	struct tally t;
	int code;

	tally_init(&t, 5000);
	fail_memory(1, true);
	fail_threads(1, true, EAGAIN);
	code = runs_once(NULL, &t);
	if (filch_pool_create(&pool, NULL) != FILCH_ENOMEM || pool)
		code |= runs_once(pool, &t) || filch_pool_destroy(pool);
	fail_no_more();
	tally_finish(&t);
	return code;
}

Test(promises, p8_for_want_of_memory_and_threads_nothing_aborts_or_prints)
{
	struct outcome o;

	run_child(&o, "want", NULL);
	cr_expect_eq(o.status, 0);
	cr_expect_str_empty(o.err);
	cr_expect_str_empty(o.out);
}

static int forked(void *pool)
{
	struct tally t;
	int code;

	tally_init(&t, 5000);
	code = filch_for(pool, 10, nothing, NULL, NULL) != FILCH_EFORK;
	code |= !SANITIZED && runs_once(NULL, &t);
	tally_finish(&t);
	return code;
}

Test(promises, p9_after_fork_the_parent_goes_on_and_the_child_is_told)
{
	filch_pool *pool = pool_of(4);
	struct tally t;

	tally_init(&t, 5000);
	for (int round = 0; round < 5; round++) {
		cr_expect_eq(runs_once(pool, &t), 0);
		cr_expect_eq(in_fork(forked, pool), 0);
	}
	tally_finish(&t);
	pool_close(pool);
}
