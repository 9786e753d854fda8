/* SPDX-License-Identifier: MIT */
/* Calls from inside bodies: to any depth, across pools, with locks held, stopped from above. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

TestSuite(nesting, .timeout = 300);

/* ---- deep ---------------------------------------------------------------------------- */

enum { FAN = 4, LEVELS = 5 };

/* One level of a tree of calls; the pools take turns. */
struct level {
	filch_pool *pools[2];
	unsigned depth;
	size_t fan;
	atomic_size_t *leaves;
	atomic_uint *deepest; /* bodies on top of each other on one thread, at most */
};

static _Thread_local unsigned bodies_on_this_thread;

static int level_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct level *l = ctx;
	struct level below = *l;
	unsigned here = ++bodies_on_this_thread;
	int code = 0;

	(void)w;
	for (unsigned deepest = atomic_load(l->deepest);
	     here > deepest && !atomic_compare_exchange_weak(l->deepest, &deepest, here);)
		;
	below.depth--;
	below.pools[0] = l->pools[1];
	below.pools[1] = l->pools[0];
	for (size_t i = begin; i < end && !code; i++)
		if (l->depth == 0)
			atomic_fetch_add(l->leaves, 1);
		else
			code = filch_for(below.pools[0], l->fan, level_body, &below, NULL);
	bodies_on_this_thread--;
	return code;
}

static void expect_tree(filch_pool *a, filch_pool *b, unsigned levels, size_t fan)
{
	atomic_size_t leaves = 0;
	atomic_uint deepest = 0;
	struct level top = {{a, b}, levels - 1, fan, &leaves, &deepest};
	size_t expected = 1;

	for (unsigned i = 0; i < levels; i++)
		expected *= fan;
	cr_expect_eq(filch_for(a, fan, level_body, &top, NULL), 0);
	cr_expect_eq(atomic_load(&leaves), expected);
	cr_expect_leq(atomic_load(&deepest), levels, "a thread ran what it did not wait for");
}

/* W3, W5 */
Test(nesting, five_levels_deep_runs_every_leaf_once_at_every_width)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(20, 3); round++)
			expect_tree(pool, pool, LEVELS, FAN);
		pool_close(pool);
	}
}

Test(nesting, fourteen_levels_deep_runs_every_leaf_once)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		expect_tree(pool, pool, 14, 2);
		pool_close(pool);
	}
}

Test(nesting, a_thousand_levels_deep_ends)
{
	filch_pool *pool = pool_of(4);

	expect_tree(pool, pool, 1000, 1);
	pool_close(pool);
}

Test(nesting, across_two_pools_runs_every_leaf_once)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *a = pool_of(widths[k]), *b = pool_of(widths[COUNT_OF(widths) - 1 - k]);

		expect_tree(a, b, LEVELS, FAN);
		expect_tree(a, NULL, LEVELS, FAN);
		expect_tree(NULL, b, LEVELS, FAN);
		pool_close(a);
		pool_close(b);
	}
}

static void *nest_both_ways(void *arg)
{
	struct level *l = arg;
	struct level mine = *l;

	for (size_t round = 0; round < scaled(40, 4); round++) {
		mine.pools[round % 2] = l->pools[0];
		mine.pools[1 - round % 2] = l->pools[1];
		if (filch_for(mine.pools[1], l->fan, level_body, &mine, NULL))
			abort();
	}
	return NULL;
}

/* Some threads hold workers of a and want b's, others the other way round (W5). */
Test(nesting, across_two_pools_in_both_directions_at_once_ends)
{
	filch_pool *a = pool_of(4), *b = pool_of(3);
	atomic_size_t leaves = 0;
	atomic_uint deepest = 0;
	struct level l = {{a, b}, 3, FAN, &leaves, &deepest};

	on_threads(6, nest_both_ways, &l);
	cr_expect_eq(atomic_load(&leaves), 6 * scaled(40, 4) * FAN * FAN * FAN * FAN);
	pool_close(a);
	pool_close(b);
}

/* ---- alike, unequal, recursive ------------------------------------------------------------ */

struct fibonacci {
	filch_pool *pool;
	unsigned n;
	uint64_t value[2]; /* of n - 1 and n - 2 */
};

static uint64_t fibonacci(filch_pool *pool, unsigned n);

static int fibonacci_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct fibonacci *f = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		f->value[i] = fibonacci(f->pool, f->n - 1 - (unsigned)i);
	return 0;
}

static uint64_t fibonacci(filch_pool *pool, unsigned n)
{
	struct fibonacci f = {pool, n, {0, 0}};

	if (n < 2)
		return n;
	if (filch_for(pool, 2, fibonacci_body, &f, NULL))
		abort();
	return f.value[0] + f.value[1];
}

Test(nesting, as_recursion_gives_fibonacci_numbers)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		cr_expect_eq(fibonacci(pool, 18), 2584);
		pool_close(pool);
	}
}

struct triangle {
	filch_pool *pool;
	atomic_size_t sum;
};

static int row_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	atomic_fetch_add((atomic_size_t *)ctx, end - begin);
	return 0;
}

static int triangle_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct triangle *t = ctx;
	int code = 0;

	(void)w;
	for (size_t i = begin; i < end && !code; i++)
		code = filch_for(t->pool, i, row_body, &t->sum, NULL);
	return code;
}

Test(nesting, of_rows_of_all_lengths_runs_each_item_once)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct triangle t = {pool_of(widths[k]), 0};

		cr_expect_eq(filch_for(t.pool, 1000, triangle_body, &t, NULL), 0);
		cr_expect_eq(atomic_load(&t.sum), 999 * 1000 / 2);
		pool_close(t.pool);
	}
}

/* ---- with a lock held ------------------------------------------------------------------------ */

struct guarded {
	filch_pool *pool;
	pthread_mutex_t mutex; /* tells its holder if it takes it again */
	size_t sum;            /* under the mutex */
	atomic_bool again;
};

static int under_lock(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct guarded *g = ctx;
	atomic_size_t items = 0;
	int code;

	(void)begin, (void)end, (void)w;
	if (pthread_mutex_lock(&g->mutex) != 0) {
		atomic_store(&g->again, true);
		return 1;
	}
	code = filch_for(g->pool, 50, row_body, &items, FILCH(.chunk = 1));
	g->sum += atomic_load(&items);
	pthread_mutex_unlock(&g->mutex);
	return code;
}

/* W2 */
Test(nesting, with_a_lock_held_over_the_inner_call_never_takes_it_twice)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct guarded g = {.pool = pool_of(widths[k])};
		pthread_mutexattr_t strict;

		pthread_mutexattr_init(&strict);
		pthread_mutexattr_settype(&strict, PTHREAD_MUTEX_ERRORCHECK);
		pthread_mutex_init(&g.mutex, &strict);
		for (size_t round = 0; round < scaled(20, 2); round++)
			cr_expect_eq(filch_for(g.pool, 100, under_lock, &g, FILCH(.chunk = 1)), 0);
		cr_expect_not(atomic_load(&g.again));
		cr_expect_eq(g.sum, scaled(20, 2) * 100 * 50);
		pthread_mutex_destroy(&g.mutex);
		pthread_mutexattr_destroy(&strict);
		pool_close(g.pool);
	}
}

/* ---- stopped from above ------------------------------------------------------------------------ */

struct stopped {
	filch_pool *inner;
	unsigned depth; /* calls between the outermost body and the one that looks */
	atomic_uint *begun;
	atomic_bool *hung;
};

static int until_stopped(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct stopped *s = ctx;
	struct stopped below = *s;

	(void)begin, (void)end;
	if (s->depth > 0) {
		below.depth--;
		filch_for(s->inner, 3, until_stopped, &below, FILCH(.chunk = 1));
		return 0;
	}
	atomic_fetch_add(s->begun, 1);
	if (!wait_for_stop(w))
		atomic_store(s->hung, true);
	return 0;
}

struct canceller {
	atomic_uint *begun;
	filch_cancel cancel;
};

static void *cancel_when_begun(void *arg)
{
	struct canceller *c = arg;

	wait_for(c->begun, 1);
	filch_cancel_now(&c->cancel);
	return NULL;
}

static void expect_cancel_seen(filch_pool *outer, filch_pool *inner, unsigned depth)
{
	atomic_uint begun = 0;
	atomic_bool hung = false;
	struct stopped s = {inner, depth, &begun, &hung};
	struct canceller c = {.begun = &begun};
	pthread_t other;

	cr_assert_eq(pthread_create(&other, NULL, cancel_when_begun, &c), 0);
	cr_expect_eq(
		filch_for(outer, 1000, until_stopped, &s, FILCH(.chunk = 1, .cancel = &c.cancel)),
		FILCH_ECANCELED);
	pthread_join(other, NULL);
	cr_expect_not(atomic_load(&hung));
}

/* L3 */
Test(nesting, bodies_see_that_a_call_around_them_was_cancelled)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]), *other = pool_of(2);

		for (unsigned depth = 0; depth < 4; depth++) {
			expect_cancel_seen(pool, pool, depth);
			expect_cancel_seen(pool, other, depth);
		}
		pool_close(other);
		pool_close(pool);
	}
}

Test(nesting, bodies_see_that_a_call_around_them_ran_out_of_time)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		atomic_uint begun = 0;
		atomic_bool hung = false;
		struct stopped s = {pool, 2, &begun, &hung};

		cr_expect_eq(filch_for(pool, 1000, until_stopped, &s,
		                       FILCH(.chunk = 1, .timeout_ns = 1000000)),
		             FILCH_ETIMEDOUT);
		cr_expect_not(atomic_load(&hung));
		pool_close(pool);
	}
}

/* Item 0 fails when item 1 is deep in calls of its own. */
static int fail_or_nest(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct stopped *s = ctx;

	if (begin > 0)
		return until_stopped(ctx, begin, end, w);
	if (!wait_for(s->begun, 1))
		atomic_store(s->hung, true);
	return 6;
}

Test(nesting, bodies_see_that_an_item_below_a_call_around_them_failed)
{
	filch_pool *pool = pool_of(4);
	atomic_uint begun = 0;
	atomic_bool hung = false;
	struct stopped s = {pool, 2, &begun, &hung};

	cr_expect_eq(filch_for(pool, 2, fail_or_nest, &s, FILCH(.chunk = 1)), 6);
	cr_expect_not(atomic_load(&hung));
	pool_close(pool);
}

static int fail_at_once(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	return 3;
}

static int shrug(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	filch_cancel cancel = {0};
	atomic_size_t items = 0;

	(void)begin, (void)end;
	filch_cancel_now(&cancel);
	if (filch_for(ctx, 10, fail_at_once, NULL, NULL) != 3)
		return 1;
	if (filch_for(ctx, 10, row_body, &items, FILCH(.cancel = &cancel)) != FILCH_ECANCELED)
		return 2;
	return filch_stopping(w) || atomic_load(&items) ? 4 : 0;
}

/* L3 */
Test(nesting, a_failed_or_cancelled_inner_call_stops_nothing_around_it)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		cr_expect_eq(filch_for(pool, 200, shrug, pool, NULL), 0);
		pool_close(pool);
	}
}
