/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SCRATCH_H
#define FILCH_SCRATCH_H
/*
 * Memory for the length of a body: blocks from which pieces are cut one after the other, and
 * which come back all at once when the body ends.  A worker keeps them for its next one.
 * Nothing here is atomic: a block is one thread's, all the time.
 */
#include <stddef.h>

struct scratch_block;

/* What the bodies of one visit have taken: the newest block first, the others full. */
struct scratch {
	struct scratch_block *top;
};

/* Blocks that a worker has and nobody uses. */
struct scratch_cache {
	struct scratch_block *first;
};

/* Gives back all that was taken: to the cache, or to the system if there is none. */
void filch__scratch_end(struct scratch *s, struct scratch_cache *cache);

void filch__scratch_cache_finish(struct scratch_cache *cache);

#endif
