/* SPDX-License-Identifier: MIT */
/*
 * filch_sort(): a merge sort of halves that may run at the same time, and so may the parts of
 * every merge.  The sequences of one level stand in the array, those of the next in the scratch,
 * and the last one in the array; what is in order already stays where it is.
 */
#include "loop.h"
#include "sort_parts.h"

#include <stdlib.h>
#include <string.h>

struct sort {
	struct order order;
	char *a, *s; /* the array and its scratch, or NULL */
	size_t n;
};

/* A part of it; the second half says how it was left. */
struct piece {
	const struct sort *sort;
	size_t begin, n;
	bool to_s; /* where it is to be, if it has to be moved anyway */
	bool at_s;
	bool falls; /* strictly, from first to last; in the array */
};

static char *side(const struct piece *p, bool at_s)
{
	return (at_s ? p->sort->s : p->sort->a) + p->begin * p->sort->order.size;
}

static char *here(const struct piece *p)
{
	return side(p, p->at_s);
}

static char *last(const struct piece *p)
{
	return here(p) + (p->n - 1) * p->sort->order.size;
}

static void sort_alone(struct piece *p)
{
	const struct order *o = &p->sort->order;

	if (filch__run_length(o, side(p, false), p->n, &p->falls) == p->n)
		return;
	p->falls = false;
	p->at_s = p->to_s;
	filch__sort_small(o, side(p, false), side(p, true), p->n, p->to_s);
}

/* ---- two halves --------------------------------------------------------------------------- */

static void straighten(struct piece *p, filch_worker *w)
{
	if (p->falls)
		filch__reverse_parts(here(p), p->n, p->sort->order.size, w);
	p->falls = false;
}

/* To the other side. */
static void carry(struct piece *p, filch_worker *w)
{
	filch__move_parts(side(p, !p->at_s), here(p), p->n * p->sort->order.size, w);
	p->at_s = !p->at_s;
}

static bool is_above(const struct piece *l, const struct piece *r)
{
	const struct order *o = &l->sort->order;

	return o->compare(last(l), here(r), o->ctx) > 0;
}

/* Both stand on one side: makes p of them, there or on the other. */
static void merge_halves(struct piece *p, const struct piece *l, const struct piece *r,
                         filch_worker *w)
{
	struct merge m = {&p->sort->order, here(l), here(r), l->n, r->n, NULL};

	p->at_s = l->at_s;
	if (filch_stopping(w) || !is_above(l, r))
		return;
	p->at_s = !p->at_s;
	m.out = here(p);
	filch__merge_parts(&m, w);
}

static void combine(struct piece *p, struct piece *l, struct piece *r, filch_worker *w)
{
	p->falls = l->falls && r->falls && is_above(l, r);
	p->at_s = false;
	if (p->falls)
		return;
	straighten(l, w);
	straighten(r, w);
	if (l->at_s != r->at_s)
		carry(l->at_s == p->to_s ? l : r, w);
	merge_halves(p, l, r, w);
}

static int sort_piece(void *arg, filch_worker *w)
{
	struct piece *p = arg;
	size_t half = p->n / 2;
	struct piece l = {p->sort, p->begin, half, !p->to_s, false, false};
	struct piece r = {p->sort, p->begin + half, p->n - half, !p->to_s, false, false};

	if (filch_stopping(w))
		return 0;
	if (p->n <= FILCH_SORT_SMALL) {
		sort_alone(p);
		return 0;
	}
	filch_join2(w, sort_piece, &l, sort_piece, &r);
	combine(p, &l, &r, w);
	return 0;
}

/* ---- the call ---------------------------------------------------------------------------- */

/* To s or back to a. */
static void sort_to(const struct order *o, char *a, char *s, size_t n, bool to_s, filch_worker *w)
{
	struct sort sort = {*o, a, s, n};
	struct piece all = {&sort, 0, n, to_s, false, false};

	sort_piece(&all, w);
	straighten(&all, w);
	if (all.at_s != to_s)
		carry(&all, w);
}

void filch__sort_over(const struct order *o, char *a, char *b, size_t n, filch_worker *w)
{
	if (n)
		sort_to(o, a, b, n, true, w);
}

void filch__sort_all(const struct order *o, char *a, char *s, size_t n, filch_worker *w)
{
	if (!filch__sort_by_buckets(o, a, s, n, w))
		sort_to(o, a, s, n, false, w);
}

static int sort_run(void *arg, filch_worker *w)
{
	struct sort *s = arg;

	if (s->s)
		filch__sort_all(&s->order, s->a, s->s, s->n, w);
	else
		filch__sort_in_place(&s->order, s->a, s->n, w);
	return filch__stop_code(w);
}

/* So few that they are sorted before anybody else could be asked. */
static bool sort_few_alone(const struct order *o, char *a, size_t n)
{
	_Alignas(max_align_t) char s[8192];
	bool falls;

	if (n > sizeof s / o->size)
		return false;
	if (filch__run_length(o, a, n, &falls) < n)
		filch__sort_small(o, a, s, n, false);
	else if (falls)
		filch__reverse(a, n, o->size);
	return true;
}

int filch_sort(filch_pool *pool, void *base, size_t n, size_t size, filch_compare *compare,
               void *ctx, const struct filch_options *options)
{
	struct sort s = {{compare, ctx, size}, base, NULL, n};
	int code;

	if (!compare || !filch__sort_fits(base, n, size))
		return FILCH_EINVAL;
	if (!size || n < 2)
		s.n = 0;
	if (!options) {
		code = filch__sort_pool_check(pool);
		if (code || !s.n || sort_few_alone(&s.order, base, n))
			return code;
	}
	s.s = s.n ? malloc(n * size) : NULL;
	code = filch_run(pool, sort_run, &s, options);
	free(s.s);
	return code;
}
