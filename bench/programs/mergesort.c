/* SPDX-License-Identifier: MIT */
/*
 * Mergesort with room for a second array, after Cilk's program cilksort: both halves are sorted at
 * once and merged into the other array; a merge cuts its longer input in the middle and the other one
 * where that number would stand, and does both parts at once.  Pieces of 2048 are
 * sorted and merged serially, as there.
 */
#include "sorts.h"

#include <string.h>

enum { MERGESORT_LEAF = 2048 };

/* Two sorted pieces. */
struct pair {
	const int64_t *a, *b;
	ptrdiff_t na, nb;
};

/* How many of n sorted numbers are less than this one. */
static ptrdiff_t count_less(const int64_t *at, ptrdiff_t n, int64_t than)
{
	ptrdiff_t low = 0;

	while (low < n) {
		const ptrdiff_t middle = low + (n - low) / 2;

		if (at[middle] < than)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* Cuts a pair in two, of which all numbers of the first come before those of the second. */
static void halve_pair(const struct pair *p, struct pair *low, struct pair *high)
{
	const int swap = p->na < p->nb;
	const int64_t *longer = swap ? p->b : p->a, *other = swap ? p->a : p->b;
	const ptrdiff_t n = swap ? p->nb : p->na, m = swap ? p->na : p->nb;
	const ptrdiff_t k = count_less(other, m, longer[n / 2]);

	*low = (struct pair){longer, other, n / 2, k};
	*high = (struct pair){longer + n / 2, other + k, n - n / 2, m - k};
}

NOINLINE static void merge_leaf(const struct pair *p, int64_t *to)
{
	const int64_t *a = p->a, *b = p->b, *const a_end = a + p->na, *const b_end = b + p->nb;

	while (a < a_end && b < b_end)
		*to++ = *b < *a ? *b++ : *a++;
	memcpy(to, a, (size_t)(a_end - a) * sizeof *a);
	memcpy(to + (a_end - a), b, (size_t)(b_end - b) * sizeof *b);
}

/* Sorts a short piece where it is. */
NOINLINE static void sort_leaf(int64_t *at, ptrdiff_t n)
{
	ptrdiff_t left, right;

	for (; n > SORTS_SHORT; at += n - right, n = right) {
		sorts_part(at, n, &left, &right);
		sort_leaf(at, left);
	}
	sorts_insertion(at, n);
}

/* ---- the serial program ----------------------------------------------------------------- */

NOINLINE static void merge_serial(const struct pair *p, int64_t *to)
{
	struct pair low, high;

	if (p->na + p->nb <= MERGESORT_LEAF) {
		merge_leaf(p, to);
		return;
	}
	halve_pair(p, &low, &high);
	merge_serial(&low, to);
	CALL_ENDS();
	merge_serial(&high, to + low.na + low.nb);
	CALL_ENDS();
}

/* Sorts n numbers, and leaves them in `room` if there, else where they are. */
NOINLINE static void mergesort_serial(int64_t *at, int64_t *room, ptrdiff_t n, int there)
{
	const ptrdiff_t half = n / 2;

	if (n <= MERGESORT_LEAF) {
		sort_leaf(at, n);
		if (there)
			memcpy(room, at, (size_t)n * sizeof *at);
		return;
	}
	mergesort_serial(at, room, half, !there);
	CALL_ENDS();
	mergesort_serial(at + half, room + half, n - half, !there);
	CALL_ENDS();
	merge_serial(there ? &(struct pair){at, at + half, half, n - half}
	                   : &(struct pair){room, room + half, half, n - half},
	             there ? room : at);
}

/* ---- the same with tasks -------------------------------------------------------------------- */

FILCH_VOID_TASK2(merge, const struct pair *, p, int64_t *, to)
{
	FILCH_RECORD(merge) second;
	struct pair low, high;

	if (p->na + p->nb <= MERGESORT_LEAF) {
		merge_leaf(p, to);
		return;
	}
	halve_pair(p, &low, &high);
	FILCH_FORK(second, merge, &high, to + low.na + low.nb);
	FILCH_CALL(merge, &low, to);
	FILCH_JOIN(second, merge);
}

FILCH_VOID_TASK4(mergesort, int64_t *, at, int64_t *, room, ptrdiff_t, n, int, there)
{
	const ptrdiff_t half = n / 2;
	FILCH_RECORD(mergesort) second;

	if (n <= MERGESORT_LEAF) {
		sort_leaf(at, n);
		if (there)
			memcpy(room, at, (size_t)n * sizeof *at);
		return;
	}
	FILCH_FORK(second, mergesort, at + half, room + half, n - half, !there);
	FILCH_CALL(mergesort, at, room, half, !there);
	FILCH_JOIN(second, mergesort);
	FILCH_CALL(merge,
	           there ? &(struct pair){at, at + half, half, n - half}
	                 : &(struct pair){room, room + half, half, n - half},
	           there ? room : at);
}

static double mergesort_serial_run(int n)
{
	mergesort_serial(sorts_array.at, sorts_array.room, n, 0);
	return 0;
}

static double mergesort_typed_run(filch_worker *w, int n)
{
	FILCH_ENTER(w, mergesort, sorts_array.at, sorts_array.room, n, 0);
	return 0;
}

const struct program program_mergesort = {
	.name = "mergesort",
	.size = 4000000,
	.small = 30000,
	.result = 4000000,
	.small_result = 30000,
	.one = 1.05,
	.two = 0.54,
	.prepare = sorts_prepare,
	.reset = sorts_reset,
	.outcome = sorts_outcome,
	.serial = mergesort_serial_run,
	.typed = mergesort_typed_run,
};
