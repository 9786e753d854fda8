/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SORT_PARTS_H
#define FILCH_SORT_PARTS_H
/* What filch_sort() and filch_merge() do with a worker: parts that may run at the same time. */
#include "many.h"
#include "sort_serial.h"

/* Elements from which a sort is cut into parts from its first step on, for many workers. */
enum { FILCH_SORT_MANY = MANY(1 << 16, 2500) };

/* fn(ctx, 0, w) ... fn(ctx, n - 1, w), maybe at once; n > 0.  0, or what one of them returned. */
typedef int part_fn(void *ctx, size_t i, filch_worker *w);
int filch__in_parts(filch_worker *w, size_t n, part_fn *fn, void *ctx);

/* The first of n elements in part i of so many. */
static inline size_t part_begin(size_t n, size_t i, size_t of)
{
	return n / of * i + (i < n % of ? i : n % of);
}

/* From how many to where: bucket by bucket, and in each block by block. */
void filch__places(size_t *at, size_t blocks, size_t buckets);

/* l and r to out, which is neither; stable. */
struct merge {
	const struct order *order;
	const char *l, *r;
	size_t nl, nr;
	char *out;
};

/* Does a merge, in parts; of a call that is to stop it only moves the elements. */
void filch__merge_parts(const struct merge *m, filch_worker *w);

/* memcpy(), in parts. */
void filch__move_parts(char *to, const char *from, size_t bytes, filch_worker *w);

/* filch__reverse(), in parts. */
void filch__reverse_parts(char *a, size_t n, size_t size, filch_worker *w);

/* Stable, with room for n elements at s; of a call that is to stop, all elements in some order. */
void filch__sort_all(const struct order *o, char *a, char *s, size_t n, filch_worker *w);

/* The same, but from a to b, which also is the room. */
void filch__sort_over(const struct order *o, char *a, char *b, size_t n, filch_worker *w);

/* The same as filch__sort_all(), if there are enough without order; else false and nothing. */
bool filch__sort_by_buckets(const struct order *o, char *a, char *s, size_t n, filch_worker *w);

/* Stable, without memory; stops early if it is to. */
void filch__sort_in_place(const struct order *o, char *a, size_t n, filch_worker *w);

/* As filch_for() of nothing would answer: is this a pool? */
int filch__sort_pool_check(filch_pool *pool);

/* n elements of size fit into memory, and have a place there. */
bool filch__sort_fits(const void *base, size_t n, size_t size);

#endif
