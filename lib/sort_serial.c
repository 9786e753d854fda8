/* SPDX-License-Identifier: MIT */
/*
 * Merging and sorting by one thread, without branches that depend on what is compared: which
 * element comes next is arithmetic.  The wait from one comparison to the next is then longer than
 * the work, so two places are merged in turn, which the processor does at the same time.
 */
#include "sort_serial.h"

#include <string.h>

enum {
	RUN_OF_PAIR = 64, /* merging in two places pays from here on */
	FEW_AMONG = 16,   /* times as many: looking for places pays from here on */
	STRIDE = 16       /* elements that are passed at a time then */
};

/* right is 0 or 1 */
OF_SIZE const char *one_of(const char *l, const char *r, size_t right)
{
	return (const char *)((uintptr_t)l ^ (((uintptr_t)l ^ (uintptr_t)r) & (0 - right)));
}

/* ---- merging --------------------------------------------------------------------------- */

/* What is left of two sequences that are merged. */
struct merging {
	const char *l, *r;
	size_t nl, nr;
	char *out;
};

static inline size_t fewer(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The next element of the result; the counts are the caller's. */
OF_SIZE void step_of(const struct order *o, size_t size, struct merging *m)
{
	size_t right = above(o, m->l, m->r);

	memcpy(m->out, one_of(m->l, m->r, right), size);
	m->out += size;
	m->r += size & (0 - right);
	m->l += size & (right - 1);
}

/* How far it got, from the end of l. */
OF_SIZE void count_of(size_t size, struct merging *m, const char *l, size_t steps)
{
	size_t left = (size_t)(m->l - l) / size;

	m->nl -= left;
	m->nr -= steps - left;
}

OF_SIZE void steps_of(const struct order *o, size_t size, struct merging *m)
{
	for (size_t k; (k = fewer(m->nl, m->nr));) {
		struct merging at = *m;

		for (size_t i = 0; i < k; i++)
			step_of(o, size, &at);
		count_of(size, &at, m->l, k);
		*m = at;
	}
}

OF_SIZE void pairs_of(const struct order *o, size_t size, struct merging *m, struct merging *h)
{
	for (size_t k; (k = fewer(fewer(m->nl, m->nr), fewer(h->nl, h->nr)));) {
		struct merging a = *m, b = *h;

		for (size_t i = 0; i < k; i++) {
			step_of(o, size, &a);
			step_of(o, size, &b);
		}
		count_of(size, &a, m->l, k);
		count_of(size, &b, h->l, k);
		*m = a;
		*h = b;
	}
}

OF_SIZE void rest_of(size_t size, const struct merging *m)
{
	if (m->nl) /* an empty sequence may be NULL */
		memcpy(m->out, m->l, m->nl * size);
	if (m->nr)
		memcpy(m->out + m->nl * size, m->r, m->nr * size);
}

OF_SIZE bool is_before(const struct order *o, const char *a, const char *x, bool ties)
{
	return ties ? !above(o, a, x) : above(o, x, a);
}

/* How many of the n at a come before x; those that are alike do, too, if ties. */
OF_SIZE size_t how_many_before(const struct order *o, size_t size, const char *a, size_t n,
                               const char *x, bool ties)
{
	size_t i = 0;

	while (n - i >= STRIDE && is_before(o, a + (i + STRIDE - 1) * size, x, ties))
		i += STRIDE;
	while (i < n && is_before(o, a + i * size, x, ties))
		i++;
	return i;
}

/* Where each of the few belongs among the many is searched for. */
OF_SIZE void merge_few_of(const struct order *o, size_t size, struct merging m)
{
	bool right = m.nr < m.nl; /* they are the few */
	const char *few = right ? m.r : m.l, *many = right ? m.l : m.r;
	size_t n = right ? m.nl : m.nr;

	for (size_t left = right ? m.nr : m.nl; left > 0; left--, few += size) {
		size_t k = how_many_before(o, size, many, n, few, right);

		memcpy(m.out, many, k * size);
		memcpy(m.out + k * size, few, size);
		m.out += (k + 1) * size;
		many += k * size;
		n -= k;
	}
	memcpy(m.out, many, n * size);
}

OF_SIZE void merge_of(const struct order *o, size_t size, struct merging m)
{
	if (m.nl / FEW_AMONG > m.nr || m.nr / FEW_AMONG > m.nl) {
		merge_few_of(o, size, m);
		return;
	}
	if (m.nl + m.nr >= RUN_OF_PAIR) {
		size_t half = (m.nl + m.nr) / 2;
		size_t i = filch__merge_path(o, m.l, m.nl, m.r, m.nr, half), j = half - i;
		struct merging h = {m.l + i * size, m.r + j * size, m.nl - i, m.nr - j,
		                    m.out + half * size};

		m.nl = i;
		m.nr = j;
		pairs_of(o, size, &m, &h);
		steps_of(o, size, &h);
		rest_of(size, &h);
	}
	steps_of(o, size, &m);
	rest_of(size, &m);
}

size_t filch__merge_path(const struct order *o, const char *l, size_t nl, const char *r, size_t nr,
                         size_t k)
{
	size_t low = k > nr ? k - nr : 0, high = fewer(k, nl);

	while (low < high) {
		size_t i = low + (high - low) / 2;

		if (above(o, l + i * o->size, r + (k - 1 - i) * o->size))
			high = i;
		else
			low = i + 1;
	}
	return low;
}

/*
 * Two sequences of n each, from both ends: n steps from either never pass the ends of a sequence.
 * Whether they met is what a comparison that contradicts itself can change; then
 * it is done again, one step after the other.
 */
OF_SIZE void merge_twins_of(const struct order *o, size_t size, const char *a, size_t n, char *out)
{
	struct merging up = {a, a + n * size, n, n, out};
	const char *l = a + (n - 1) * size, *r = l + n * size;
	char *end = out + (2 * n - 1) * size;

	for (size_t i = 0; i < n; i++, end -= size) {
		size_t left = above(o, l, r);

		step_of(o, size, &up);
		memcpy(end, one_of(r, l, left), size);
		l -= size & (0 - left);
		r -= size & (left - 1);
	}
	if (up.l != l + size)
		merge_of(o, size, (struct merging){a, a + n * size, n, n, out});
}

/* ---- a few ------------------------------------------------------------------------------ */

/* Four of a to out, in five comparisons. */
OF_SIZE void sort_four_of(const struct order *o, size_t size, const char *a, char *out)
{
	const char *x = a + 2 * size;
	size_t first = above(o, a, a + size), second = above(o, x, x + size);
	const char *low = a + size * first, *high = a + size * !first;
	const char *low2 = x + size * second, *high2 = x + size * !second;
	size_t l = above(o, low, low2), h = above(o, high, high2);
	const char *left = one_of(one_of(high, low2, h), low, l);
	const char *right = one_of(one_of(low2, high, l), high2, h);
	size_t crossed = above(o, left, right);

	memcpy(out, one_of(low, low2, l), size);
	memcpy(out + size, one_of(left, right, crossed), size);
	memcpy(out + 2 * size, one_of(right, left, crossed), size);
	memcpy(out + 3 * size, one_of(high2, high, h), size);
}

/* n of a to out, which is not a. */
OF_SIZE void insert_of(const struct order *o, size_t size, const char *a, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		const char *x = a + i * size;
		size_t at = i;

		for (; at > 0 && above(o, out + (at - 1) * size, x); at--)
			memcpy(out + at * size, out + (at - 1) * size, size);
		memcpy(out + at * size, x, size);
	}
}

/* Sorts by fours, each where it stands: at s if to_s. */
OF_SIZE void sort_fours_of(const struct order *o, size_t size, char *a, char *s, size_t n,
                           bool to_s)
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		sort_four_of(o, size, a + i * size, s + i * size);
		if (!to_s)
			memcpy(a + i * size, s + i * size, 4 * size);
	}
	insert_of(o, size, a + i * size, n - i, s + i * size);
	if (!to_s)
		memcpy(a + i * size, s + i * size, (n - i) * size);
}

/* One level: sequences of `width` at a, the last one shorter, to half as many at out. */
OF_SIZE void merge_level_of(const struct order *o, size_t size, const char *a, size_t n,
                            size_t width, char *out)
{
	size_t i = 0;

	for (; i + 2 * width <= n; i += 2 * width)
		merge_twins_of(o, size, a + i * size, width, out + i * size);
	if (i < n) {
		size_t nl = fewer(width, n - i);
		const char *l = a + i * size;

		merge_of(o, size,
		         (struct merging){l, l + nl * size, nl, n - i - nl, out + i * size});
	}
}

OF_SIZE void sort_small_of(const struct order *o, size_t size, char *a, char *s, size_t n,
                           bool to_s)
{
	bool at_s = to_s;

	for (size_t width = 4; width < n; width *= 2)
		at_s = !at_s;
	sort_fours_of(o, size, a, s, n, at_s);
	for (size_t width = 4; width < n; width *= 2, at_s = !at_s)
		merge_level_of(o, size, at_s ? s : a, n, width, at_s ? a : s);
}

/* ---- by size ------------------------------------------------------------------------------- */

void filch__merge_serial(const struct order *o, const char *l, size_t nl, const char *r, size_t nr,
                         char *out)
{
	struct merging m = {l, r, nl, nr, out};

#define CALL(size) merge_of(o, size, m)
	BY_SIZE(o->size, CALL);
#undef CALL
}

void filch__sort_small(const struct order *o, char *a, char *s, size_t n, bool to_s)
{
#define CALL(size) sort_small_of(o, size, a, s, n, to_s)
	BY_SIZE(o->size, CALL);
#undef CALL
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* Whether the next four do not fall; all are asked before any answer is looked at. */
static bool four_rise(const struct order *o, const char *a)
{
	size_t size = o->size;

	return !(above(o, a, a + size) | above(o, a + size, a + 2 * size) |
	         above(o, a + 2 * size, a + 3 * size) | above(o, a + 3 * size, a + 4 * size));
}

size_t filch__run_length(const struct order *o, const char *a, size_t n, bool *falls)
{
	size_t i = 1;

	*falls = n > 1 && above(o, a, a + o->size);
	if (*falls) {
		for (i = 2, a += o->size; i < n && above(o, a, a + o->size); i++)
			a += o->size;
		return i;
	}
	for (; i + 4 <= n && four_rise(o, a); i += 4)
		a += 4 * o->size;
	for (; i < n && !above(o, a, a + o->size); i++)
		a += o->size;
	return fewer(i, n);
}

void filch__swap(char *a, char *b, size_t n)
{
	uint64_t kept[8]; /* no characters: a guard (meson.build) would take as long as an item */

	for (size_t k; n > 0; a += k, b += k, n -= k) {
		k = fewer(n, sizeof kept);
		memcpy(kept, a, k);
		memcpy(a, b, k);
		memcpy(b, kept, k);
	}
}

OF_SIZE void reverse_of(char *a, size_t n, size_t size)
{
	for (char *end = a + n * size; n > 1; n -= 2, a += size) {
		end -= size;
		filch__swap(a, end, size);
	}
}

void filch__reverse(char *a, size_t n, size_t size)
{
#define CALL(size) reverse_of(a, n, size)
	BY_SIZE(size, CALL);
#undef CALL
}

void filch__sort_few(const struct order *o, char *a, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (char *at = a + i * o->size; at > a && above(o, at - o->size, at);
		     at -= o->size)
			filch__swap(at - o->size, at, o->size);
}
