/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TASK_H
#define FILCH_TASK_H
/*
 * The coin everything pays with: a chunk is a range of a loop that somebody will
 * run, a small value that is copied and never allocated.
 *
 * Ranges count *grains*, not items: a grain is the smallest piece that a loop may be
 * cut into, one item unless the user asked for more.  So a fixed chunk is a loop
 * whose chunks are of one grain, and nothing is ever added to an index unchecked.
 */
#include <stdbool.h>
#include <stddef.h>

struct loop;

struct range {
	size_t begin, end; /* begin <= end */
};

struct chunk {
	struct loop *loop;
	struct range range;
};

static inline size_t range_size(struct range r)
{
	return r.end - r.begin;
}

/* Cuts `size` grains off the front of *r, or off its back; size <= range_size(*r). */
static inline struct range range_take(struct range *r, size_t size, bool from_back)
{
	struct range taken = *r;

	if (from_back)
		r->end = taken.begin = r->end - size;
	else
		r->begin = taken.end = r->begin + size;
	return taken;
}

#endif
