/* SPDX-License-Identifier: MIT */
/*
 * filch_partition(): a filter that keeps the others in scratch memory, and puts them behind.
 * Without memory halves are parted, and what is between them is rotated.
 */
#include "call.h"
#include "pack.h"

#include <stdlib.h>
#include <string.h>

/* Items begin .. end - 1, parted in place: the first `kept` are the picked ones. */
struct part {
	size_t begin, end, kept;
};

/* Parts that follow each other, each at least twice as long as the next one. */
struct parts {
	const struct pick *p;
	size_t count;
	struct part part[64];
	char block[4096]; /* what fits in here is parted in one go */
};

/* ---- with no memory -------------------------------------------------------------------- */

static void bytes_reverse(char *x, size_t n)
{
	for (size_t i = 0, k = n; i + 1 < k; i++) {
		const char c = x[i];

		x[i] = x[--k];
		x[k] = c;
	}
}

/* The first `left` bytes change places with the `right` ones behind them. */
static void bytes_rotate(char *x, size_t left, size_t right)
{
	if (!left || !right)
		return;
	bytes_reverse(x, left);
	bytes_reverse(x + left, right);
	bytes_reverse(x, left + right);
}

/* a, and b behind it, become one part, which is in a's place. */
static void part_join(const struct parts *p, struct part *a, const struct part *b)
{
	const size_t others = a->end - a->begin - a->kept;

	bytes_rotate(p->p->p.out + (a->begin + a->kept) * p->p->p.bytes, others * p->p->p.bytes,
	             b->kept * p->p->p.bytes);
	a->kept += b->kept;
	a->end = b->end;
}

/* By halves, down to what fits. */
static struct part part_of(struct parts *p, size_t begin, size_t end, const bool *marks)
{
	const struct pack *pack = &p->p->p;
	const size_t n = end - begin, middle = begin + n / 2;
	char *x = p->p->p.out + begin * p->p->p.bytes;
	struct part a = {begin, end, 0}, b;

	if (n == 1) {
		a.kept = *(const unsigned char *)marks != 0;
	} else if (n * p->p->p.bytes <= sizeof p->block) {
		a.kept = filch__pack_block(pack, begin, n, x, p->block, marks);
		memcpy(x + a.kept * p->p->p.bytes, p->block, (n - a.kept) * p->p->p.bytes);
	} else {
		a = part_of(p, begin, middle, marks);
		b = part_of(p, middle, end, marks + (middle - begin));
		part_join(p, &a, &b);
	}
	return a;
}

static void parts_join_last(struct parts *p)
{
	p->count--;
	part_join(p, &p->part[p->count - 1], &p->part[p->count]);
}

static size_t part_length(const struct part *part)
{
	return part->end - part->begin;
}

static void parts_add(struct parts *p, size_t n, const bool *marks)
{
	const size_t begin = p->count ? p->part[p->count - 1].end : 0;

	p->part[p->count++] = part_of(p, begin, begin + n, marks);
	while (p->count > 1 &&
	       part_length(&p->part[p->count - 2]) / 2 < part_length(&p->part[p->count - 1]))
		parts_join_last(p);
}

static size_t parts_join(struct parts *p)
{
	while (p->count > 1)
		parts_join_last(p);
	return p->count ? p->part[0].kept : 0;
}

static int part_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct parts *parts = ctx;
	const struct pick *p = parts->p;
	bool mark[PICK_ITEMS];

	for (size_t i = begin, n; i < end; i += n) {
		int code;

		n = end - i < PICK_ITEMS ? end - i : PICK_ITEMS;
		filch_fail(w, i, 0); /* where it failed, unless it says so itself */
		code = p->mark(p->ctx, i, i + n, mark, w);
		if (code)
			return code;
		parts_add(parts, n, mark);
	}
	return 0;
}

/* A loop of one worker goes from front to back. */
static int part_alone(const struct pick *p, filch_pool *pool, size_t n, size_t *first,
                      const struct filch_options *options)
{
	struct filch_options alone = options ? *options : filch_options_init();
	struct parts parts;
	int code;

	parts.p = p;
	parts.count = 0;
	alone.max_workers = 1;
	code = call_whole(pool, n, part_body, &parts, &alone, (uintptr_t)part_body);
	if (!code)
		*first = parts_join(&parts);
	return code;
}

/* ---- the call -------------------------------------------------------------------------- */

static int part_call(struct pick *p, filch_pool *pool, size_t n, size_t *first,
                     const struct filch_options *options)
{
	char few[8 * PICK_ITEMS]; /* for most of the arrays that are not worth a malloc() */
	const size_t bytes = n * p->p.bytes;
	char *memory = NULL;
	int code;

	p->p.rest = few;
	if (bytes > sizeof few)
		p->p.rest = memory = malloc(bytes);
	code = p->p.rest ? filch__pick(p, pool, n, first, options)
	                 : part_alone(p, pool, n, first, options);
	free(memory);
	return code;
}

int filch_partition_sized(filch_pool *pool, void *items, size_t item_bytes, size_t n, size_t *first,
                          filch_mark_fn *mark, void *ctx, const struct filch_options *options)
{
	struct pick p = {
		.p = {.items = items, .out = items, .bytes = item_bytes}, .mark = mark, .ctx = ctx};
	struct filch_options o;
	size_t count = 0;
	int code = FILCH_EINVAL;

	if (mark && filch__pick_fits(items, item_bytes, n))
		code = options ? filch__pick_options(&o, options) : 0;
	if (!code)
		code = part_call(&p, pool, n, &count, options ? &o : NULL);
	if (first)
		*first = count;
	return code;
}
