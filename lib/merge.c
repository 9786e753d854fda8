/* SPDX-License-Identifier: MIT */
/*
 * Merges in parts: the result is cut in the middle, merge path says where that lies in the two
 * sequences, and both halves are merges of their own.
 */
#include "loop.h"
#include "sort_parts.h"

#include <string.h>

enum {
	PART = 4096,         /* elements of a merge that is not cut: some 20 us */
	PART_BYTES = 1 << 17 /* of what is only moved */
};

/* ---- parts ------------------------------------------------------------------------------- */

struct numbered {
	part_fn *fn;
	void *ctx;
	size_t begin, end;
};

static int numbered_task(void *arg, filch_worker *w)
{
	const struct numbered *p = arg;
	struct numbered low = *p, high = *p;

	if (p->end - p->begin == 1)
		return p->fn(p->ctx, p->begin, w);
	low.end = high.begin = p->begin + (p->end - p->begin) / 2;
	return filch_join2(w, numbered_task, &low, numbered_task, &high);
}

int filch__in_parts(filch_worker *w, size_t n, part_fn *fn, void *ctx)
{
	return numbered_task(&(struct numbered){fn, ctx, 0, n}, w);
}

void filch__places(size_t *at, size_t blocks, size_t buckets)
{
	size_t sum = 0;

	for (size_t k = 0; k < buckets; k++)
		for (size_t b = 0; b < blocks; b++) {
			size_t count = at[b * buckets + k];

			at[b * buckets + k] = sum;
			sum += count;
		}
}

/* ---- merging ----------------------------------------------------------------------------- */

static int merge_task(void *arg, filch_worker *w)
{
	filch__merge_parts(arg, w);
	return 0;
}

/* One after the other. */
static void put_together(const char *first, size_t n, const char *second, size_t m, char *out,
                         filch_worker *w)
{
	if (n)
		filch__move_parts(out, first, n, w);
	if (m)
		filch__move_parts(out + n, second, m, w);
}

/* Of sequences that do not meet one is wholly above the other. */
static bool lies_below(const struct merge *m, const char *l, size_t nl, const char *r, bool ties)
{
	const char *last = l + (nl - 1) * m->order->size;

	return ties ? !above(m->order, last, r) : above(m->order, r, last);
}

void filch__merge_parts(const struct merge *m, filch_worker *w)
{
	size_t size = m->order->size, half = m->nl / 2 + m->nr / 2, i;
	struct merge low = *m, high = *m;

	if (!m->nl || !m->nr || filch_stopping(w) || lies_below(m, m->l, m->nl, m->r, true)) {
		put_together(m->l, m->nl * size, m->r, m->nr * size, m->out, w);
		return;
	}
	if (lies_below(m, m->r, m->nr, m->l, false)) {
		put_together(m->r, m->nr * size, m->l, m->nl * size, m->out, w);
		return;
	}
	if (half < PART / 2) {
		filch__merge_serial(m->order, m->l, m->nl, m->r, m->nr, m->out);
		return;
	}
	i = filch__merge_path(m->order, m->l, m->nl, m->r, m->nr, half);
	low.nl = i;
	low.nr = half - i;
	high.l += low.nl * size;
	high.r += low.nr * size;
	high.nl -= low.nl;
	high.nr -= low.nr;
	high.out += half * size;
	filch_join2(w, merge_task, &low, merge_task, &high);
}

/* ---- moving ---------------------------------------------------------------------------- */

struct move {
	char *to;
	const char *from;
	size_t bytes;
};

static int move_task(void *arg, filch_worker *w)
{
	struct move *m = arg;

	filch__move_parts(m->to, m->from, m->bytes, w);
	return 0;
}

void filch__move_parts(char *to, const char *from, size_t bytes, filch_worker *w)
{
	size_t half = bytes / 2;

	if (bytes <= PART_BYTES)
		memcpy(to, from, bytes);
	else
		filch_join2(w, move_task, &(struct move){to, from, half}, move_task,
		            &(struct move){to + half, from + half, bytes - half});
}

/* The first n of something and its last n change places, and each is turned round. */
struct turn {
	char *first, *end;
	size_t n, size;
};

static void turn_few(const struct turn *t)
{
	char *first = t->first, *end = t->end;

	for (size_t i = 0; i < t->n; i++, first += t->size) {
		end -= t->size;
		filch__swap(first, end, t->size);
	}
}

static int turn_task(void *arg, filch_worker *w)
{
	struct turn *t = arg;
	size_t half = t->n / 2, bytes = half * t->size;
	struct turn outer = {t->first, t->end, half, t->size};
	struct turn inner = {t->first + bytes, t->end - bytes, t->n - half, t->size};

	if (t->n * t->size > PART_BYTES && half)
		return filch_join2(w, turn_task, &outer, turn_task, &inner);
	turn_few(t);
	return 0;
}

void filch__reverse_parts(char *a, size_t n, size_t size, filch_worker *w)
{
	if (n * size <= PART_BYTES)
		filch__reverse(a, n, size);
	else
		turn_task(&(struct turn){a, a + n * size, n / 2, size}, w);
}

/* ---- the call -------------------------------------------------------------------------------- */

static int do_nothing(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	return 0;
}

int filch__sort_pool_check(filch_pool *pool)
{
	return filch_for(pool, 0, do_nothing, NULL, NULL);
}

bool filch__sort_fits(const void *base, size_t n, size_t size)
{
	return !n || !size || (base && n <= PTRDIFF_MAX / size);
}

static int merge_run(void *arg, filch_worker *w)
{
	filch__merge_parts(arg, w);
	return filch__stop_code(w);
}

int filch_merge(filch_pool *pool, const void *a, size_t na, const void *b, size_t nb, void *out,
                size_t size, filch_compare *compare, void *ctx, const struct filch_options *options)
{
	struct order o = {compare, ctx, size};
	struct merge m = {&o, a, b, size ? na : 0, size ? nb : 0, out};
	int code;

	if (!compare || !filch__sort_fits(a, na, size) || !filch__sort_fits(b, nb, size))
		return FILCH_EINVAL;
	if (size && (nb > SIZE_MAX - na || !filch__sort_fits(out, na + nb, size)))
		return FILCH_EINVAL;
	if (!options && m.nl + m.nr < PART) {
		code = filch__sort_pool_check(pool);
		if (!code && m.nl + m.nr)
			filch__merge_serial(&o, a, m.nl, b, m.nr, out);
		return code;
	}
	return filch_run(pool, merge_run, &m, options);
}
