/* SPDX-License-Identifier: MIT */
/*
 * The first step of a sort of many elements without order: into buckets, so that each of them is
 * sorted in a cache near by.  A sorted sample gives the splitters between the buckets; which bucket
 * an element belongs to is seven to ten comparisons without a branch, and those of one element need
 * not wait for those of another (Sanders and Winkel 2004).  Elements that are like a splitter have
 * a bucket of their own, in which there is nothing to sort, if the sample has such.
 *
 * As everywhere here no comparison is believed: it says which bucket, and how many there are in
 * each is counted from what it said.
 */
#include "sort_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	LEAST = MANY(127, 31), /* splitters; 2^k - 1 */
	MOST = 1023,
	NEAR = 1 << 13,       /* elements in a bucket, on average, that are not too many */
	SAMPLED = 8,          /* elements for each splitter */
	AT_ONCE = 4,          /* elements whose buckets are looked for in turn */
	BLOCKS = MANY(64, 8), /* parts */
	LOOKS = 16            /* places where order is looked for, and elements there */
};

struct split {
	const struct order *order;
	char *a, *s; /* from, to */
	size_t n;
	char *splitters;
	size_t most, last; /* how many there may be, and how many there are: 2^k - 1 */
	bool alike;        /* there are elements like them */
	size_t *at;        /* of each block, for each bucket */
	uint16_t *bucket;
};

static size_t buckets(const struct split *p)
{
	return 2 * p->last + 1;
}

/* ---- splitters ----------------------------------------------------------------------------- */

static const char *at_chance(const struct split *p, size_t i, size_t of)
{
	size_t begin = part_begin(p->n, i, of), room = part_begin(p->n, i + 1, of) - begin;

	return p->a + (begin + (i * 40503 & 0xffff) % room) * p->order->size;
}

/* Where there is order a merge makes use of it. */
static bool has_order(const struct split *p)
{
	unsigned runs = 0;
	bool falls;

	for (size_t i = 0; i < LOOKS; i++)
		runs += filch__run_length(p->order, at_chance(p, i, LOOKS + 1), LOOKS, &falls) ==
		        LOOKS;
	return runs > LOOKS / 4;
}

/* Different ones, as far as the comparison can be believed, and the last one again. */
static void choose_splitters(struct split *p)
{
	const struct order *o = p->order;
	const size_t size = o->size, sample = SAMPLED * (p->most + 1);
	size_t n = 0;

	for (size_t i = 0; i < sample; i++)
		memcpy(p->s + i * size, at_chance(p, i, sample), size);
	filch__sort_small(o, p->s, p->s + sample * size, sample, false);
	for (size_t i = 1; i <= p->most; i++) {
		const char *x = p->s + i * SAMPLED * size;

		if (n && o->compare(x, p->splitters + (n - 1) * size, o->ctx) <= 0)
			p->alike = true;
		else
			memcpy(p->splitters + n++ * size, x, size);
	}
	while (p->last < n)
		p->last = 2 * p->last + 1;
	for (; n < p->last; n++)
		memcpy(p->splitters + n * size, p->splitters + (n - 1) * size, size);
}

/* ---- buckets ------------------------------------------------------------------------------- */

/* Some elements from x on, in turn: while one comparison is waited for others are made. */
OF_SIZE void buckets_of(const struct split *p, size_t size, const char *x, size_t n, uint16_t *out)
{
	size_t j[AT_ONCE] = {0};

	for (size_t step = (p->last + 1) / 2; step; step /= 2)
		for (size_t k = 0; k < n; k++)
			j[k] += step & (0 - above(p->order, x + k * size,
			                          p->splitters + (j[k] + step - 1) * size));
	for (size_t k = 0; k < n; k++) {
		bool like = p->alike && j[k] < p->last &&
		            !above(p->order, p->splitters + j[k] * size, x + k * size);

		out[k] = (uint16_t)(2 * j[k] + like);
	}
}

OF_SIZE void classify_of(const struct split *p, size_t size, size_t begin, size_t end, size_t *at)
{
	size_t i = begin;

	for (; i + AT_ONCE <= end; i += AT_ONCE)
		buckets_of(p, size, p->a + i * size, AT_ONCE, p->bucket + i);
	for (; i < end; i++)
		buckets_of(p, size, p->a + i * size, 1, p->bucket + i);
	for (i = begin; i < end; i++)
		at[p->bucket[i]]++;
}

OF_SIZE void scatter_of(const struct split *p, size_t size, size_t begin, size_t end, size_t *at)
{
	for (size_t i = begin; i < end; i++)
		memcpy(p->s + at[p->bucket[i]]++ * size, p->a + i * size, size);
}

static int classify(void *ctx, size_t block, filch_worker *w)
{
	const struct split *p = ctx;
	size_t begin = part_begin(p->n, block, BLOCKS), end = part_begin(p->n, block + 1, BLOCKS);
	size_t *at = p->at + block * buckets(p);

	if (filch_stopping(w))
		return FILCH_ECANCELED;
#define CALL(size) classify_of(p, size, begin, end, at)
	BY_SIZE(p->order->size, CALL);
#undef CALL
	return 0;
}

static int scatter(void *ctx, size_t block, filch_worker *w)
{
	const struct split *p = ctx;
	size_t begin = part_begin(p->n, block, BLOCKS), end = part_begin(p->n, block + 1, BLOCKS);
	size_t *at = p->at + block * buckets(p);

	(void)w;
#define CALL(size) scatter_of(p, size, begin, end, at)
	BY_SIZE(p->order->size, CALL);
#undef CALL
	return 0;
}

/* Back to where all came from; after the last block was scattered its places are the ends. */
static int finish_bucket(void *ctx, size_t k, filch_worker *w)
{
	const struct split *p = ctx;
	const size_t *ends = p->at + (BLOCKS - 1) * buckets(p), size = p->order->size;
	size_t begin = k ? ends[k - 1] : 0, n = ends[k] - begin;
	char *from = p->s + begin * size, *to = p->a + begin * size;

	if (k % 2)
		filch__move_parts(to, from, n * size, w);
	else
		filch__sort_over(p->order, from, to, n, w);
	return 0;
}

static void split_and_sort(struct split *p, filch_worker *w)
{
	choose_splitters(p);
	if (filch__in_parts(w, BLOCKS, classify, p) != 0)
		return;
	filch__places(p->at, BLOCKS, buckets(p));
	filch__in_parts(w, BLOCKS, scatter, p);
	filch__in_parts(w, buckets(p), finish_bucket, p);
}

/* So that each has a few elements. */
static size_t most_splitters(size_t n)
{
	size_t most = LEAST;

	while (most < MOST && n / (most + 1) > NEAR)
		most = 2 * most + 1;
	return most;
}

bool filch__sort_by_buckets(const struct order *o, char *a, char *s, size_t n, filch_worker *w)
{
	struct split p = {.order = o, .a = a, .s = s, .n = n, .most = most_splitters(n)};
	size_t counts = sizeof *p.at * BLOCKS * (2 * p.most + 1);
	size_t splitters = (p.most + 1) * o->size; /* one more: an even number */

	if (n < FILCH_SORT_MANY || filch_stopping(w) || has_order(&p))
		return false;
	p.at = calloc(1, counts + splitters + n * sizeof *p.bucket);
	if (!p.at)
		return false;
	p.splitters = (char *)p.at + counts;
	p.bucket = (uint16_t *)(void *)(p.splitters + splitters);
	split_and_sort(&p, w);
	free(p.at);
	return true;
}
