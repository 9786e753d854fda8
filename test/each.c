/* SPDX-License-Identifier: MIT */
/* filch_for_each(), whose items feed it while it runs. */
#include "support.h"

#include <filch/each.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(each, .timeout = 120);

/* ---- items that feed -------------------------------------------------------------------------- */

/* An item is a node of a tree, by its number: node i has children i * ways + 1 to i * ways + ways. */
struct tree {
	size_t nodes, ways;
	struct tally handled;
	size_t fails_at;
	filch_cancel *token; /* is set there instead, if there is one */
	unsigned pause_ns;
	atomic_size_t refused;
};

static int visit(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	struct tree *t = ctx;
	const size_t node = *(const size_t *)item;

	(void)w;
	tally_range(&t->handled, node, node + 1);
	if (t->pause_ns)
		sleep_ns(t->pause_ns);
	if (node == t->fails_at && !t->token)
		return 5;
	if (node == t->fails_at)
		filch_cancel_now(t->token);
	for (size_t k = 1; k <= t->ways && node * t->ways + k < t->nodes; k++) {
		const size_t child = node * t->ways + k;
		int code = filch_feed(feeder, &child);

		if (!code)
			continue;
		/* It is ours: it is all the same whether somebody else could have done it. */
		atomic_fetch_add(&t->refused, 1);
		code = visit(ctx, &child, feeder, w);
		if (code)
			return code;
	}
	return 0;
}

static void tree_init(struct tree *t, size_t nodes, size_t ways)
{
	*t = (struct tree){.nodes = nodes, .ways = ways, .fails_at = SIZE_MAX};
	tally_init(&t->handled, nodes);
}

Test(each, handles_every_item_once)
{
	static const size_t ways[] = {1, 2, 3, 10, 1000};
	const size_t root = 0;

	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t i = 0; i < COUNT_OF(ways); i++)
			for (size_t nodes = 1; nodes < scaled(k % 3 ? 150000 : 200000, 30000);
			     nodes = 7 * nodes + 3) {
				struct tree t;

				tree_init(&t, nodes, ways[i]);
				cr_assert_eq(filch_for_each(pool, &root, 1, visit, &t, NULL), 0);
				tally_expect_once(&t.handled);
				tally_finish(&t.handled);
			}
		pool_close(pool);
	}
}

Test(each, handles_the_items_given_once)
{
	static size_t items[100000];

	for (size_t i = 0; i < COUNT_OF(items); i++)
		items[i] = i;
	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t n = 0; n <= COUNT_OF(items); n = n ? 10 * n : 1) {
			struct tree t;

			tree_init(&t, n, 0);
			cr_expect_eq(filch_for_each(pool, items, n, visit, &t, NULL), 0);
			tally_expect_once(&t.handled);
			tally_finish(&t.handled);
		}
		pool_close(pool);
	}
}

/* A chain as long as this would not fit the stack. */
Test(each, handles_a_long_chain_on_a_short_stack)
{
	const size_t root = 0;
	filch_pool *pool = pool_of(2);
	struct tree t;

	tree_init(&t, scaled(3000000, 300000), 1);
	cr_expect_eq(filch_for_each(pool, &root, 1, visit, &t, NULL), 0);
	tally_expect_once(&t.handled);
	tally_finish(&t.handled);
	pool_close(pool);
}

struct meeting {
	atomic_uint count;
};

/* The first one feeds the second, and waits until it runs. */
static int meet_the_fed(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	struct meeting *m = ctx;
	const int second = 2;

	(void)w;
	if (*(const int *)item == 1 && filch_feed(feeder, &second))
		return 2;
	return meet(&m->count, 2) ? 0 : 1;
}

Test(each, lets_others_have_an_item_while_the_one_that_fed_it_runs)
{
	const int first = 1;
	filch_pool *pool = pool_of(2);
	struct meeting m = {0};

	cr_expect_eq(filch_for_each(pool, &first, 1, meet_the_fed, &m, NULL), 0);
	pool_close(pool);
}

struct wide {
	uint64_t number;
	char text[1000];
	long double x;
};

static int check_wide(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	const struct wide *s = item;
	struct wide next = *s;
	atomic_size_t *sum = ctx;

	(void)w;
	for (size_t i = 0; i < sizeof s->text; i++)
		if (s->text[i] != (char)s->number)
			return 1;
	if (s->x != (long double)s->number)
		return 2;
	atomic_fetch_add(sum, s->number);
	next.number++;
	next.x++;
	memset(next.text, (char)next.number, sizeof next.text);
	return next.number < 2000 ? filch_feed(feeder, &next) : 0;
}

Test(each, copies_what_it_is_fed)
{
	static struct wide first;
	atomic_size_t sum = 0;

	cr_expect_eq(filch_for_each(NULL, &first, 1, check_wide, &sum, NULL), 0);
	cr_expect_eq(atomic_load(&sum), 1999 * 2000 / 2);
}

/* ---- how it ends otherwise -------------------------------------------------------------------- */

Test(each, stops_when_an_item_fails)
{
	const size_t root = 0;
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < 20; round++) {
			filch_cancel token = {0};
			struct tree t;

			tree_init(&t, 20000, 1 + round % 4);
			t.fails_at = random_below(&seed, t.nodes);
			cr_assert_eq(filch_for_each(pool, &root, 1, visit, &t,
			                            round % 2 ? NULL : FILCH(.cancel = &token)),
			             5);
			for (size_t i = 0; i < t.nodes; i++)
				cr_assert_leq(atomic_load(&t.handled.times[i]), 1);
			tally_finish(&t.handled);
		}
		pool_close(pool);
	}
}

static int fail_or_wait(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	atomic_uint *waits = ctx;
	const int other = 2;

	if (*(const int *)item == 1) {
		filch_feed(feeder, &other);
		return wait_for(waits, 1) ? 9 : 1;
	}
	atomic_fetch_add(waits, 1);
	return wait_for_stop(w) ? 0 : 1;
}

Test(each, tells_items_that_one_has_failed)
{
	const int first = 1;
	filch_pool *pool = pool_of(2);
	atomic_uint waits = 0;

	cr_expect_eq(filch_for_each(pool, &first, 1, fail_or_wait, &waits, NULL), 9);
	pool_close(pool);
}

Test(each, goes_on_if_told_to)
{
	const size_t root = 0;
	struct tree t;

	tree_init(&t, 5000, 2);
	t.fails_at = 4000; /* a leaf */
	cr_expect_eq(filch_for_each(NULL, &root, 1, visit, &t, FILCH(.keep_going = true)), 5);
	tally_expect_once(&t.handled);
	tally_finish(&t.handled);
}

Test(each, is_cancelled_and_runs_out_of_time)
{
	const size_t root = 0;

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		filch_cancel token = {0};
		struct tree t;

		tree_init(&t, 100000, 2);
		t.fails_at = 700;
		t.token = &token;
		cr_expect_eq(filch_for_each(pool, &root, 1, visit, &t, FILCH(.cancel = &token)),
		             FILCH_ECANCELED);
		tally_clear(&t.handled);
		t.fails_at = SIZE_MAX;
		t.pause_ns = 1000000;
		cr_expect_eq(
			filch_for_each(pool, &root, 1, visit, &t, FILCH(.timeout_ns = 20000000)),
			FILCH_ETIMEDOUT);
		for (size_t i = 0; i < t.nodes; i++)
			cr_assert_leq(atomic_load(&t.handled.times[i]), 1);
		tally_finish(&t.handled);
		pool_close(pool);
	}
}

/* Stops the call around. */
static int stop_around(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	(void)item, (void)feeder, (void)w;
	filch_cancel_now(ctx);
	return 0;
}

static int have_time(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	static const int items[50];

	(void)begin, (void)end, (void)w;
	return filch_for_each(NULL, items, COUNT_OF(items), stop_around, ctx,
	                      FILCH(.timeout_ns = 60000000000));
}

Test(each, inside_a_call_that_is_stopped_is_cancelled_and_has_not_run_out_of_time)
{
	filch_cancel token = {0};

	cr_expect_eq(filch_for(NULL, 1, have_time, &token, FILCH(.cancel = &token)),
	             FILCH_ECANCELED);
}

Test(each, needs_no_memory)
{
	const size_t root = 0;

	for (unsigned k = 1; k < 40; k += 3)
		for (size_t ways = 1; ways < 100; ways *= 3) {
			filch_pool *pool = pool_of(2);
			struct tree t;
			unsigned failed;

			tree_init(&t, 20000, ways);
			fail_memory(k, k % 2);
			cr_assert_eq(filch_for_each(pool, &root, 1, visit, &t, NULL), 0);
			failed = fail_no_more(); /* none if valgrind has the memory */
			tally_expect_once(&t.handled);
			if (k == 1 && ways == 1 && failed)
				cr_expect_gt(atomic_load(&t.refused), 0);
			tally_finish(&t.handled);
			pool_close(pool);
		}
}

Test(each, handles_a_list_without_memory)
{
	static size_t items[1000];
	filch_pool *pool = pool_of(2);

	for (size_t i = 0; i < COUNT_OF(items); i++)
		items[i] = i;
	for (unsigned k = 1; k < 4; k++) {
		struct tree t;

		tree_init(&t, COUNT_OF(items), 0);
		fail_memory(k, true);
		cr_expect_eq(filch_for_each(pool, items, COUNT_OF(items), visit, &t, NULL), 0);
		fail_no_more();
		tally_expect_once(&t.handled);
		tally_finish(&t.handled);
	}
	pool_close(pool);
}

static int visit_inside(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const size_t root = 0;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		struct tree *t = (struct tree *)ctx + i;
		const int code = filch_for_each(NULL, &root, 1, visit, t, NULL);

		if (code)
			return filch_fail(w, i, code);
	}
	return 0;
}

Test(each, works_inside_of_loops)
{
	struct tree trees[20];

	for (size_t i = 0; i < COUNT_OF(trees); i++)
		tree_init(&trees[i], 3000, 1 + i % 3);
	cr_expect_eq(filch_for(NULL, COUNT_OF(trees), visit_inside, trees, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(trees); i++) {
		tally_expect_once(&trees[i].handled);
		tally_finish(&trees[i].handled);
	}
}

Test(each, refuses_what_makes_no_sense)
{
	size_t root = 0, first;
	const size_t *none = NULL;
	int status[1];
	struct tree t;

	tree_init(&t, 1, 1);
	cr_expect_eq(filch_for_each(NULL, &root, 1, NULL, &t, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for_each(NULL, none, 1, visit, &t, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for_each(NULL, &root, SIZE_MAX, visit, &t, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for_each_sized(NULL, &root, 0, 1, visit, &t, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_for_each_sized(NULL, &root, SIZE_MAX / 2, 1, visit, &t, NULL),
	             FILCH_EINVAL);
	cr_expect_eq(filch_for_each(NULL, &root, 1, visit, &t, FILCH(.status = status)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_for_each(NULL, &root, 1, visit, &t, FILCH(.first_error = &first)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_for_each(NULL, none, 0, visit, &t, NULL), 0);
	cr_expect_eq(tally_first_not(&t.handled, 0, 1, 0), 1);
	tally_finish(&t.handled);
}
