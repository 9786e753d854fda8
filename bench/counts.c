/* SPDX-License-Identifier: MIT */
/*
 * What the engine does, in counts instead of times: on a machine of two CPUs times say nothing about
 * sixty-four, but how often workers look at each other's deques, claim in vain, wake somebody, or
 * write to a line that others write to, they say.  The pool is told that there is a CPU for each of
 * its workers (docs/scaling.md).
 *
 * The library's counts_here sources are compiled into this program, with counting versions of the few
 * functions and macros through which workers meet.
 */
#define _GNU_SOURCE
#include "atomic.h"

#include <stdint.h>

/* Of one thread; only that one writes. */
struct counts {
	_Atomic uint64_t pushes, looks, empty, claims, lost, wakes, writes;
};

enum { THREADS_MAX = 512 }; /* of all pools that are made here, one after the other */

static struct {
	_Alignas(CACHE_LINE) struct counts counts;
} of_thread[THREADS_MAX];

static _Atomic unsigned counting;
static _Thread_local struct counts *counts_here;

static struct counts *mine(void)
{
	if (!counts_here)
		counts_here = &of_thread[atomic_fetch_add(&counting, 1) % THREADS_MAX].counts;
	return counts_here;
}

#define COUNT(what, n)                                                                             \
	atomic_store_explicit(&mine()->what,                                                       \
	                      atomic_load_explicit(&mine()->what, memory_order_relaxed) + (n),     \
	                      memory_order_relaxed)

/* ---- read-modify-writes: of lines that others write to, too ---------------------------------- */

#undef fetch_add_relaxed
#undef fetch_add_seq_cst
#undef fetch_sub_seq_cst
#undef fetch_or_seq_cst
#undef fetch_and_acq_rel
#undef cas_seq_cst
#define COUNTED(x) (COUNT(writes, 1), (x))
#define fetch_add_relaxed(p, v) COUNTED(atomic_fetch_add_explicit((p), (v), memory_order_relaxed))
#define fetch_add_seq_cst(p, v) COUNTED(atomic_fetch_add_explicit((p), (v), memory_order_seq_cst))
#define fetch_sub_seq_cst(p, v) COUNTED(atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst))
#define fetch_or_seq_cst(p, v) COUNTED(atomic_fetch_or_explicit((p), (v), memory_order_seq_cst))
#define fetch_and_acq_rel(p, v) COUNTED(atomic_fetch_and_explicit((p), (v), memory_order_acq_rel))
#define cas_seq_cst(p, expected, v)                                                                \
	COUNTED(atomic_compare_exchange_strong_explicit(                                           \
		(p), (expected), (v), memory_order_seq_cst, memory_order_relaxed))

/* ---- deques -------------------------------------------------------------------------------- */

#include "deque.h"

static bool counted_push(struct deque *d, const struct chunk *c, unsigned count)
{
	COUNT(pushes, 1);
	return deque_push(d, c, count);
}

static bool counted_peek(struct deque *d, struct chunk *c, uint64_t *ticket)
{
	const bool found = deque_peek(d, c, ticket);

	COUNT(looks, 1);
	COUNT(empty, !found);
	return found;
}

static bool counted_claim(struct deque *d, uint64_t ticket)
{
	const bool won = deque_claim(d, ticket);

	COUNT(claims, 1);
	COUNT(lost, !won);
	return won;
}

#define deque_push counted_push
#define deque_peek counted_peek
#define deque_claim counted_claim

/* ---- the library ------------------------------------------------------------------------------ */

#include "platform.h"

static void counted_wake(_Atomic uint32_t *word)
{
	COUNT(wakes, 1);
	filch__wake(word);
}

#include "../lib/platform.c"
#include "../lib/platform_linux.c"
#include "../lib/cpus.c"

static unsigned cpus_told; /* to the pool that is made next */

static unsigned told_affinity_count(void)
{
	return cpus_told;
}

#define filch__affinity_count told_affinity_count
#define filch__wake counted_wake

#include "../lib/deque.c"
#include "../lib/cost.c"
#include "../lib/loop.c"
#include "../lib/stop.c"
#include "../lib/scratch.c"
#include "../lib/options.c"
#include "../lib/tasks.c"
#include "../lib/idle.c"
#include "../lib/crew.c"
#include "../lib/worker.c"
#include "../lib/wait.c"
#include "../lib/fork.c"
#include "../lib/pool.c"
#include "../lib/guest.c"
#include "../lib/report.c"
#include "../lib/inplace.c"
#include "../lib/progress.c"
#include "../lib/for.c"
#include "../lib/map.c"
#include "../lib/error.c"

/* ---- what is run ---------------------------------------------------------------------------------- */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct work {
	size_t n;
	unsigned char *ran; /* how often each item did */
	bool triangle;
};

static int run_work(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct work *work = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		const size_t links = work->triangle ? 180 * i / work->n : 90; /* about 100 ns */
		uint64_t v = i | 1;

		for (size_t k = 0; k < links; k++) {
			v ^= v << 13;
			v ^= v >> 7;
			v ^= v << 17;
		}
		work->ran[i] = (unsigned char)(work->ran[i] + 1 + (v == 0));
	}
	return 0;
}

struct kind {
	const char *name;
	size_t n, calls;
	bool triangle;
	uint64_t pause_ns;
};

static const struct kind kinds[] = {
	{"1 ms, back to back", 10000, 200, false, 0},
	{"10 ms, back to back", 100000, 40, false, 0},
	{"10 ms, items that grow", 100000, 40, true, 0},
	{"10 ms, after 5 ms of sleep", 100000, 40, false, 5000000},
};

/* All counting together, so far. */
static struct counts sum(void)
{
	struct counts all = {0};

	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct counts *c = &of_thread[i].counts;

		all.pushes += load_relaxed(&c->pushes);
		all.looks += load_relaxed(&c->looks);
		all.empty += load_relaxed(&c->empty);
		all.claims += load_relaxed(&c->claims);
		all.lost += load_relaxed(&c->lost);
		all.wakes += load_relaxed(&c->wakes);
		all.writes += load_relaxed(&c->writes);
	}
	return all;
}

static void check(int code, const char *what)
{
	if (!code)
		return;
	fprintf(stderr, "%s: %s\n", what, filch_strerror(code));
	exit(1);
}

static void run_kind(filch_pool *pool, unsigned workers, const struct kind *kind)
{
	struct work work = {kind->n, calloc(kind->n, 1), kind->triangle};
	const struct timespec pause = {0, (long)kind->pause_ns};
	double chunks = 0, steals = 0, took_part = 0;
	struct counts before, after;

	if (!work.ran)
		check(FILCH_ENOMEM, "items");
	for (int k = 0; k < 5; k++) /* counting are started, costs learned */
		check(filch_for(pool, kind->n, run_work, &work, NULL), "filch_for");
	memset(work.ran, 0, kind->n);
	before = sum();
	for (size_t k = 0; k < kind->calls; k++) {
		struct filch_report r;

		if (kind->pause_ns)
			nanosleep(&pause, NULL);
		check(filch_for(pool, kind->n, run_work, &work, FILCH(.report = &r)), "filch_for");
		chunks += (double)r.chunks;
		steals += (double)r.steals;
		took_part += r.workers;
	}
	after = sum();
	for (size_t i = 0; i < kind->n; i++)
		if (work.ran[i] != kind->calls)
			check(FILCH_EINVAL, "items that did not run once per call");
	const double calls = (double)kind->calls;
	const double claims = (double)(after.claims - before.claims);

	printf("%8u %9.1f %9.1f %9.2f %9.2f %9.1f %9.1f %9.2f %9.2f %9.2f %9.2f\n", workers,
	       took_part / calls, chunks / calls, steals / calls,
	       (double)(after.pushes - before.pushes) / chunks,
	       (double)(after.looks - before.looks) / (chunks > 0 ? chunks : 1),
	       (double)(after.empty - before.empty) / (chunks > 0 ? chunks : 1),
	       (double)(after.lost - before.lost) / calls,
	       claims > 0 ? 100 * (double)(after.lost - before.lost) / claims : 0,
	       (double)(after.wakes - before.wakes) / calls,
	       (double)(after.writes - before.writes) / chunks);
	free(work.ran);
}

int main(void)
{
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		printf("%s%s\n%8s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n", k ? "\n" : "",
		       kinds[k].name, "workers", "took part", "chunks", "steals", "pushes", "looks",
		       "empty", "failed", "failed", "wakes", "writes");
		printf("%8s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n", "", "a loop", "a loop",
		       "a loop", "a chunk", "a chunk", "a chunk", "a loop", "% steals", "a loop",
		       "a chunk");
		for (unsigned workers = 1; workers <= 64; workers *= 2) {
			filch_pool *pool;

			cpus_told = workers;
			check(filch_pool_create(&pool, FILCH_POOL(.workers = workers)), "pool");
			run_kind(pool, workers, &kinds[k]);
			check(filch_pool_destroy(pool), "pool");
		}
	}
	return 0;
}
