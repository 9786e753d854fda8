/* SPDX-License-Identifier: MIT */
/*
 * Sorting without memory: SymMerge (Kim and Kutzner 2004).  Blocks of a few are sorted by
 * insertion; two neighbours are merged by exchanging, in the middle, as many of the left one's
 * last elements as belong to the right with as many of the right one's first, and then both halves
 * alike.  The halves never meet, so both may run at the same time.
 */
#include "sort_parts.h"

enum {
	FEW = 16,    /* sorted by insertion */
	ALONE = 1024 /* elements that are not worth a fork */
};

/* The sequences begin .. middle - 1 and middle .. end - 1. */
struct stretch {
	const struct order *o;
	char *a;
	size_t begin, middle, end;
};

static char *at(const struct stretch *p, size_t i)
{
	return p->a + i * p->o->size;
}

/* What is left of `middle` changes places with what is right of it; both keep their order. */
static void rotate(const struct stretch *p, size_t begin, size_t middle, size_t end)
{
	size_t left = middle - begin, right = end - middle;

	while (left && right) {
		size_t n = left < right ? left : right;

		if (left > right) {
			filch__swap(at(p, middle - left), at(p, middle), n * p->o->size);
			left -= n;
		} else {
			filch__swap(at(p, middle - left), at(p, middle + right - n),
			            n * p->o->size);
			right -= n;
		}
	}
}

/*
 * What lies around the middle of the range, `begin` left and right of it mirrored: the first
 * element of the left sequence that belongs to the right half.
 */
static size_t border(const struct stretch *p, size_t half)
{
	size_t n = half + p->middle, mirror = n - 1;
	size_t low = p->middle > half ? n - p->end : p->begin;
	size_t high = p->middle > half ? half : p->middle;

	while (low < high) {
		size_t i = low + (high - low) / 2;

		if (p->o->compare(at(p, i), at(p, mirror - i), p->o->ctx) > 0)
			high = i;
		else
			low = i + 1;
	}
	return low;
}

static int merge_stretch(void *arg, filch_worker *w)
{
	struct stretch *p = arg, low, high;
	size_t half, start, end;

	if (p->begin == p->middle || p->middle == p->end || filch_stopping(w))
		return 0;
	if (p->o->compare(at(p, p->middle - 1), at(p, p->middle), p->o->ctx) <= 0)
		return 0;
	half = p->begin + (p->end - p->begin) / 2;
	start = border(p, half);
	end = half + p->middle - start;
	rotate(p, start, p->middle, end);
	low = (struct stretch){p->o, p->a, p->begin, start, half};
	high = (struct stretch){p->o, p->a, half, end, p->end};
	if (p->end - p->begin > ALONE)
		return filch_join2(w, merge_stretch, &low, merge_stretch, &high);
	merge_stretch(&low, w);
	return merge_stretch(&high, w);
}

static int sort_stretch(void *arg, filch_worker *w)
{
	struct stretch *p = arg;
	size_t n = p->end - p->begin, middle = p->begin + n / 2;
	struct stretch low = {p->o, p->a, p->begin, 0, middle};
	struct stretch high = {p->o, p->a, middle, 0, p->end};

	if (filch_stopping(w))
		return 0;
	if (n <= FEW) {
		filch__sort_few(p->o, at(p, p->begin), n);
		return 0;
	}
	if (n > ALONE) {
		filch_join2(w, sort_stretch, &low, sort_stretch, &high);
	} else {
		sort_stretch(&low, w);
		sort_stretch(&high, w);
	}
	p->middle = middle;
	return merge_stretch(p, w);
}

/* Whether it is one run, if need be after turning it round. */
static bool one_run(const struct order *o, char *a, size_t n, filch_worker *w)
{
	bool falls;

	if (filch__run_length(o, a, n, &falls) < n)
		return false;
	if (falls)
		filch__reverse_parts(a, n, o->size, w);
	return true;
}

void filch__sort_in_place(const struct order *o, char *a, size_t n, filch_worker *w)
{
	if (n && !one_run(o, a, n, w))
		sort_stretch(&(struct stretch){o, a, 0, 0, n}, w);
}
