/* SPDX-License-Identifier: MIT */
#ifndef FILCH_INPLACE_H
#define FILCH_INPLACE_H
/*
 * Calls too short for help: the caller runs the body right here, with no deque and no place in
 * a pool, and at most now and then with a clock (docs/loop.md).
 */
#include "cost.h"
#include "pool.h"

/* A call known to be shorter is run without reading a clock, 15 times of 16. */
#define UNCLOCKED_NS 2000.0

/* A call as filch_for() got it, and what was found out about it. */
struct call {
	struct filch_pool *pool; /* NULL: there is none to be had */
	size_t n;
	filch_body *body;
	void *ctx;
	uintptr_t function;                  /* whose cost it is: the body, or what it maps */
	const struct filch_options *options; /* never NULL */
	uint64_t key;
	struct cost cost;
	size_t done;         /* items that have run already */
	struct entry *outer; /* where the calling thread was before this call */
	bool eager;
	bool counted;
	bool decided; /* that it is not to be run in place */
	bool inside;  /* as a worker of the pool: its body forks */
	int *stopped; /* is told filch__loop_cut(); NULL: nobody asks */
};

/* The innermost visit of the calling thread from a stay outwards. */
struct visit *filch__visit_in(const struct entry *e);

/* Runs the call of `n` > 0 items, made in `outer`, and returns its code. */
int filch__run_unclocked(const struct filch_pool *pool, const struct entry *outer, size_t n,
                         filch_body *body, void *ctx, uint64_t key);

/*
 * Runs an eighth, and if that took about as long as expected the rest.  True if that was
 * all, with the call's code in *code; else the rest is for others to help with.
 */
bool filch__run_watched(struct call *c, uint64_t begin, int *code);

#endif
