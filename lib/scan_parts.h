/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SCAN_PARTS_H
#define FILCH_SCAN_PARTS_H
/* What scans of anything and scans of numbers share. */
#include <filch/scan.h>

#include "atomic.h"
#include "many.h"

enum { SCAN_BLOCK = MANY(4096, 64) }; /* elements, if they are small */

struct scan;

/* *acc, of what comes before if there is any, becomes that of elements begin .. end - 1, too; their
 * own are written if `writes`. */
typedef void scan_fn(const struct scan *s, size_t begin, size_t end, char *acc, bool writes);

/* Both at once: *acc is what comes before, *own becomes the sum of the elements alone. */
typedef void scan_both_fn(const struct scan *s, size_t begin, size_t end, char *acc, char *own);

struct scan {
	const char *in;
	char *out;
	size_t n;
	const struct filch_scanner *by;
	void *ctx;
	scan_fn *block;      /* the first element begins the sum */
	scan_fn *block_from; /* it is added to what *acc is */
	scan_both_fn *both;
	size_t items; /* in a block */
	size_t first; /* block of this round */
	char *slots;  /* four elements for each block, and for the sum of all so far */
	size_t stride;
	char *all;             /* the sum of all blocks that were scanned */
	atomic_size_t scanned; /* how many of this round those are */
	size_t rest;           /* once all are summed: the first that was not scanned */
	bool begun;            /* there is something before the first element */
};

/* Whether there is something before this element. */
static inline bool scan_is_from(const struct scan *s, size_t begin)
{
	return s->begun || begin;
}

/* The call, of what s says; s->items and what stands behind it are found here. */
int filch__scan(filch_pool *pool, struct scan *s, const struct filch_options *options);

/* Whether the pool is one, as a loop of nothing would say. */
int filch__scan_pool_check(filch_pool *pool);

#endif
