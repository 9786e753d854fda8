/* SPDX-License-Identifier: MIT */
/*
 * Question: is a leaf that waits found by those who sleep?  One function forks 16 leaves in a row, each
 * of which sleeps for 10 ms, and joins them, on a pool of 8 workers of which 7 are asleep.  Two each
 * are 20 ms; the target is 30 and the wake-ups.  What is remembered decides who is woken: the leaves, or
 * all of the run, are of functions that nobody knows, that took as long the last time, or that were
 * over at once until now.
 * Expect 20; where the leaves were short until now up to a leaf more, since nobody is woken at the first
 * forks; and all 160 where the run was, which wakes nobody at all this once (docs/fork.md, section 4).
 */
#define _POSIX_C_SOURCE 200809L
#include "forkjoin.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LEAVES = 16, WORKERS = 8, SHORT_RUNS = 200 };

#define LEAF_NS 10000000L
#define PAUSE_NS 60000000L
#define TARGET_NS 31e6 /* of which 1e6 are for the wake-ups */

static void sleep_for(long ns)
{
	nanosleep(&(struct timespec){0, ns}, NULL);
}

static int sleep_leaf(void *arg)
{
	if (*(const long *)arg > 0)
		sleep_for(*(const long *)arg);
	return 0;
}

/* What functions take is remembered by their addresses: alike or not, each has its own. */
#define LEAF(name)                                                                                 \
	NOINLINE static int name(void *arg, filch_worker *w)                                       \
	{                                                                                          \
		(void)w;                                                                           \
		return sleep_leaf(arg);                                                            \
	}
LEAF(other_leaf)
LEAF(known_leaf)
LEAF(short_leaf)
LEAF(late_leaf)

struct row {
	filch_fn *leaf;
	long leaf_ns;
	double ns;
};

static int fork_leaves(struct row *row, filch_worker *w)
{
	const double begin = (double)bench_now();
	filch_task t[LEAVES];

	for (int i = 0; i < LEAVES; i++)
		filch_fork(w, &t[i], row->leaf, &row->leaf_ns);
	for (int i = LEAVES; i-- > 0;)
		filch_join(w, &t[i]);
	row->ns = (double)bench_now() - begin;
	return 0;
}

/* The same goes for runs. */
#define RUN(name)                                                                                  \
	NOINLINE static int name(void *arg, filch_worker *w)                                       \
	{                                                                                          \
		return fork_leaves(arg, w);                                                        \
	}
RUN(other_run)
RUN(long_run)
RUN(late_run)

/* In ns, of leaves as long as that. */
static double time_row(filch_pool *pool, filch_fn *run, filch_fn *leaf, long leaf_ns)
{
	struct row row = {leaf, leaf_ns, 0};

	forkjoin_wrong += filch_run(pool, run, &row, NULL) != 0;
	return row.ns;
}

/* All but the caller are asleep when it begins. */
static double time_asleep(filch_pool *pool, filch_fn *run, filch_fn *leaf)
{
	sleep_for(PAUSE_NS);
	return time_row(pool, run, leaf, LEAF_NS);
}

/* They are known to be over at once. */
static void teach(filch_pool *pool, filch_fn *run, filch_fn *leaf)
{
	for (int i = 0; i < SHORT_RUNS; i++)
		time_row(pool, run, leaf, 0);
}

/* What the rounds of a row took, and how many of them failed. */
struct rounds {
	double ns[FORKJOIN_ROUNDS_MOST];
	int count;
	unsigned wrong;
};

static void add_round(struct rounds *r, filch_pool *pool, filch_fn *run, filch_fn *leaf)
{
	const unsigned before = forkjoin_wrong;

	r->ns[r->count++] = time_asleep(pool, run, leaf);
	r->wrong += forkjoin_wrong - before;
}

static void print_row(const char *what, struct rounds *rounds)
{
	struct record r = {
		.body = what, .n = LEAVES, .rounds = (size_t)rounds->count, .wrong = rounds->wrong};

	r.time_ns = bench_quartiles(rounds->ns, r.rounds);
	forkjoin_record(&r, "leaves of 10 ms", WORKERS);
	printf("%-24s %6.2f (%.2f to %.2f)%s\n", what, r.time_ns.median / 1e6, r.time_ns.low / 1e6,
	       r.time_ns.high / 1e6, forkjoin_judged(r.time_ns.median <= TARGET_NS));
}

void forkjoin_ask_leaves(int rounds)
{
	struct rounds first = {{0}, 0, 0}, known = first, brief = first, late = first;
	filch_pool *pool;

	if (filch_pool_create(&pool, FILCH_POOL(.workers = WORKERS)))
		exit(1);
	time_row(pool, other_run, other_leaf, LEAF_NS); /* its threads are there */
	add_round(&first, pool, long_run, known_leaf);
	for (int round = 0; round < rounds; round++) {
		add_round(&known, pool, long_run, known_leaf);
		teach(pool, other_run, short_leaf);
		add_round(&brief, pool, long_run, short_leaf);
		teach(pool, late_run, late_leaf);
		add_round(&late, pool, late_run, late_leaf);
	}
	printf("\n16 leaves that sleep for 10 ms, on 8 workers that are asleep; ms, at most 30 and "
	       "1 for "
	       "wake-ups\n");
	print_row("known to nobody", &first);
	print_row("known", &known);
	print_row("leaves short until now", &brief);
	print_row("all short until now", &late);
	filch_pool_destroy(pool);
}
