/* SPDX-License-Identifier: MIT */
/*
 * Random programs of forks, joins, loops and runs, on several pools and from several threads:
 * each task runs once, and each join sees what its task did.
 */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <criterion/criterion.h>

TestSuite(forkjoin_random, .timeout = 600);

enum { POOLS = 3, FAN = 6 };

static filch_pool *pools[POOLS];

/* A node of a random tree: what it does follows from its seed alone. */
struct node {
	uint64_t seed;
	unsigned size; /* nodes below it, itself included, at most */
	uint64_t sum;  /* what the serial program makes of it */
	atomic_uint runs;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	return (a ^ b) * 0x9E3779B97F4A7C15u + (b >> 7);
}

/* How many children a node has, and their nodes. */
static unsigned children_of(const struct node *n, struct node *child)
{
	uint64_t seed = n->seed;
	unsigned left = n->size - 1, count = 0;

	for (unsigned fan = (unsigned)random_below(&seed, FAN + 1); left && count < fan; count++) {
		const unsigned size = 1 + (unsigned)random_below(&seed, left);

		child[count] = (struct node){.seed = random_next(&seed), .size = size};
		left -= size;
	}
	return count;
}

static uint64_t serial_sum(const struct node *n)
{
	struct node child[FAN];
	const unsigned count = children_of(n, child);
	uint64_t sum = n->seed;

	for (unsigned i = 0; i < count; i++)
		sum = mix(sum, serial_sum(&child[i]));
	return sum;
}

/* Mostly nothing; now and then long enough to be noticed, or asleep. */
static void dawdle(uint64_t seed)
{
	const unsigned what = seed >> 20 & 1023;

	if (what == 0)
		sleep_ns(seed >> 40 & 0x3ffff);
	else if (what < 8)
		for (uint64_t begin = now_ns(); now_ns() - begin < (seed >> 40 & 0xffff);)
			;
}

static int node_task(void *arg, filch_worker *w);

static int node_loop(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct node *child = ctx;

	for (size_t i = begin; i < end; i++)
		node_task(&child[i], w);
	return 0;
}

static void fork_children(struct node *child, unsigned count, filch_worker *w, bool known)
{
	filch_task task[FAN];

	for (unsigned i = 0; i < count; i++) {
		filch_fork(w, &task[i], node_task, &child[i]);
		dawdle(child[i].seed << 3);
	}
	for (unsigned i = count; i--;)
		if (known)
			filch_join_as(w, &task[i], node_task, &child[i]);
		else
			filch_join(w, &task[i]);
}

static int node_task(void *arg, filch_worker *w)
{
	struct node *n = arg, child[FAN];
	const unsigned count = children_of(n, child);
	filch_pool *pool = pools[n->seed >> 8 & 1];

	atomic_fetch_add(&n->runs, 1);
	dawdle(n->seed);
	switch (n->seed & 31) {
	case 0:
		filch_for(pool, count, node_loop, child, NULL);
		break;
	case 1:
		filch_for(pool, count, node_loop, child, FILCH(.chunk = 1));
		break;
	case 2:
		for (unsigned i = 0; i < count; i++)
			filch_run(pool, node_task, &child[i], NULL);
		break;
	default:
		fork_children(child, count, w, n->seed & 32);
	}
	n->sum = n->seed;
	for (unsigned i = 0; i < count; i++) {
		if (atomic_load(&child[i].runs) != 1)
			return 1; /* and the sum is wrong */
		n->sum = mix(n->sum, child[i].sum);
	}
	return 0;
}

static void *run_trees(void *arg)
{
	uint64_t seed = *(uint64_t *)arg ^ (uintptr_t)&seed;

	for (size_t round = 0; round < scaled(600, 5); round++) {
		struct node root = {.seed = random_next(&seed),
		                    .size = 1 + (unsigned)random_below(&seed, 3000)};

		cr_assert_eq(filch_run(pools[round % POOLS], node_task, &root, NULL), 0);
		cr_assert_eq(root.sum, serial_sum(&root));
	}
	return NULL;
}

static void run_random(unsigned a, unsigned b, unsigned threads)
{
	uint64_t seed = test_seed();

	pools[0] = pool_of(a);
	pools[1] = pool_of(b);
	pools[2] = NULL;
	on_threads(threads, run_trees, &seed);
	pool_close(pools[0]);
	pool_close(pools[1]);
}

/* J2, J3 */
Test(forkjoin_random, programs_on_narrow_pools_are_as_the_serial_ones)
{
	run_random(2, 3, 1);
	run_random(2, 1, 3);
}

/* J2, J3 */
Test(forkjoin_random, programs_on_wide_pools_are_as_the_serial_ones)
{
	run_random(8, 5, 2);
	run_random(33, 2, 4);
}

Test(forkjoin_random, programs_of_many_threads_are_as_the_serial_ones)
{
	run_random(4, 4, 12);
}
