/* SPDX-License-Identifier: MIT */
/*
 * filch_scan(), in rounds of some blocks: first all blocks are summed, in any order; then the sums
 * are, in order, by the caller; then each block is scanned from what comes before it.  But who begins
 * with a block when all before it have been scanned knows what comes before it, and scans it as
 * soon as it is summed: who is alone goes through the array once.  A round is as much as a cache
 * holds.
 */
#include "call.h"
#include "given.h"
#include "scan_parts.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum {
	SCAN_BLOCK_BYTES = 32768, /* if they are not */
	SCAN_ROUND = 128,         /* blocks */
	SCAN_SMALL = 256,         /* bytes: two elements that are no large ones */
	SCAN_ROOM = (SCAN_ROUND + 1) * 64
};

/* ---- blocks of anything ------------------------------------------------------------- */

static void scan_any_from(const struct scan *s, size_t begin, size_t end, char *acc, bool writes)
{
	const size_t size = s->by->size;
	char *element = acc + size; /* in may be out */

	for (size_t i = begin; i < end; i++) {
		memcpy(element, s->in + i * size, size);
		if (writes && s->by->exclusive)
			memcpy(s->out + i * size, acc, size);
		s->by->join(s->ctx, acc, element);
		if (writes && !s->by->exclusive)
			memcpy(s->out + i * size, acc, size);
	}
}

static void scan_any(const struct scan *s, size_t begin, size_t end, char *acc, bool writes)
{
	const size_t size = s->by->size;

	memcpy(acc, s->in + begin * size, size);
	if (writes && s->out != s->in)
		memcpy(s->out + begin * size, acc, size);
	scan_any_from(s, begin + 1, end, acc, writes);
}

static void scan_any_both(const struct scan *s, size_t begin, size_t end, char *acc, char *own)
{
	scan_any(s, begin, end, own, false); /* first: out may be in */
	(scan_is_from(s, begin) ? scan_any_from : scan_any)(s, begin, end, acc, true);
}

/* ---- a round --------------------------------------------------------------------------------- */

static char *scan_slot(const struct scan *s, size_t k)
{
	return s->slots + k * s->stride;
}

static size_t scan_end(const struct scan *s, size_t begin)
{
	return s->n - begin > s->items ? begin + s->items : s->n;
}

static void scan_block(const struct scan *s, size_t k, bool writes)
{
	const size_t begin = (s->first + k) * s->items;
	const bool from = writes && scan_is_from(s, begin);

	(from ? s->block_from : s->block)(s, begin, scan_end(s, begin), scan_slot(s, k), writes);
}

/* All before the block has been scanned: nobody else writes to *all, or scans here. */
static void scan_next(struct scan *s, size_t k)
{
	const size_t begin = (s->first + k) * s->items, end = scan_end(s, begin);
	char *before = scan_slot(s, k), *own = before + 2 * s->by->size;

	memcpy(before, s->all, s->by->size);
	s->both(s, begin, end, before, own);
	if (!scan_is_from(s, begin))
		memcpy(s->all, own, s->by->size);
	else if (end < s->n)
		s->by->join(s->ctx, s->all, own);
	/* release: pairs with the acquire in scan_first_body(). */
	store_release(&s->scanned, k + 1);
}

static int scan_first_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct scan *s = ctx;

	(void)w;
	for (size_t k = begin; k < end; k++)
		/* acquire: pairs with the release in scan_next(): the sum of all is there. */
		if (load_acquire(&s->scanned) == k)
			scan_next(s, k);
		else if (scan_end(s, (s->first + k) * s->items) < s->n) /* the last sum is no use */
			scan_block(s, k, false);
	return 0;
}

static int scan_second_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct scan *s = ctx;

	(void)w;
	for (size_t k = begin; k < end; k++)
		scan_block(s, s->rest + k, true);
	return 0;
}

/* The slot of each block that is left gets what comes before it. */
static void scan_sums(struct scan *s, size_t blocks)
{
	const size_t size = s->by->size;

	for (size_t k = s->rest; k < blocks; k++) {
		const size_t begin = (s->first + k) * s->items;
		char *before = scan_slot(s, k), *own = before + size;

		memcpy(own, before, size);
		memcpy(before, s->all, size);
		if (scan_end(s, begin) == s->n)
			return; /* it was not summed */
		if (scan_is_from(s, begin))
			s->by->join(s->ctx, s->all, own);
		else
			memcpy(s->all, own, size);
	}
}

/* ---- options ------------------------------------------------------------------------------------ */

static int scan_options(struct filch_options *o, const struct filch_options *user)
{
	if (!options_given(o, user))
		return FILCH_EINVAL;
	if (o->chunk || o->min_chunk || o->max_chunk || !(o->cost_ns >= 0 && o->cost_ns <= 0) ||
	    o->keep_going || o->pause_ns || o->status || o->first_error || o->progress)
		return FILCH_EINVAL;
	return 0;
}

/* Several loops as one. */
static void report_add(struct filch_report *all, const struct filch_report *r)
{
	const bool first = !all->chunks;
	const double ns = (double)(all->work_ns += r->work_ns);

	all->wall_ns += r->wall_ns;
	all->items += r->items;
	all->chunks += r->chunks;
	all->steals += r->steals;
	all->wakes += r->wakes;
	if (r->chunks && (first || r->chunk_min < all->chunk_min))
		all->chunk_min = r->chunk_min;
	if (r->chunk_max > all->chunk_max)
		all->chunk_max = r->chunk_max;
	if (r->workers > all->workers)
		all->workers = r->workers;
	all->cost_ns = all->items ? ns / (double)all->items : 0;
	memcpy(all->verdict, r->verdict, sizeof all->verdict);
}

/* ---- the call --------------------------------------------------------------------------------------- */

struct scan_call {
	filch_pool *pool;
	const struct filch_options *user;
	struct filch_options o;
	struct filch_report report;
	uint64_t time_left_ns;
};

static int scan_loop(struct scan_call *c, struct scan *s, size_t blocks, bool second)
{
	const uintptr_t name = (uintptr_t)s->by->join + 2 * (unsigned)second;
	filch_body *body = second ? scan_second_body : scan_first_body;
	struct filch_report r;
	int code;

	if (!c->user)
		return call_whole(c->pool, blocks, body, s, NULL, name);
	memset(&r, 0, sizeof r);
	c->o.report = &r;
	c->o.report_size = sizeof r;
	if (c->o.timeout_ns && !c->time_left_ns)
		return FILCH_ETIMEDOUT;
	c->o.timeout_ns = c->time_left_ns;
	code = call_whole(c->pool, blocks, body, s, &c->o, name);
	report_add(&c->report, &r);
	if (c->o.timeout_ns)
		c->time_left_ns -= r.wall_ns < c->time_left_ns ? r.wall_ns : c->time_left_ns;
	return code;
}

static int scan_round(struct scan_call *c, struct scan *s, size_t blocks)
{
	int code;

	store_relaxed(&s->scanned, 0); /* nobody runs */
	code = scan_loop(c, s, blocks, false);
	s->rest = load_relaxed(&s->scanned);
	if (code || s->rest == blocks)
		return code;
	scan_sums(s, blocks);
	return scan_loop(c, s, blocks - s->rest, true);
}

static int scan_rounds(struct scan_call *c, struct scan *s, size_t round)
{
	const size_t blocks = s->n / s->items + (s->n % s->items != 0);
	int code = 0;

	s->all = scan_slot(s, round);
	memset(s->slots, 0, (round + 1) * s->stride);
	if (s->begun && s->by->init)
		s->by->init(s->ctx, s->all);
	if (!blocks)
		return scan_loop(c, s, 0, true);
	for (; s->first < blocks && !code; s->first += round)
		code = scan_round(c, s, blocks - s->first < round ? blocks - s->first : round);
	return code;
}

static int scan_with(struct scan_call *c, struct scan *s)
{
	alignas(16) char few[SCAN_ROOM];
	size_t round = SCAN_ROUND;
	int code;

	s->stride = (4 * s->by->size + 15) & ~(size_t)15;
	s->slots = few;
	if ((round + 1) * s->stride > sizeof few)
		s->slots = malloc((round + 1) * s->stride);
	if (!s->slots) {
		s->slots = few;
		round = sizeof few / s->stride;
		round -= round > 0;
	}
	code = round ? scan_rounds(c, s, round) : FILCH_ENOMEM;
	if (s->slots != few)
		free(s->slots);
	s->slots = NULL;
	return code;
}

int filch__scan_pool_check(filch_pool *pool)
{
	return pool ? filch_for(pool, 0, scan_first_body, NULL, NULL) : FILCH_OK;
}

/* One block is the serial loop. */
static int scan_small(filch_pool *pool, struct scan *s)
{
	const int code = filch__scan_pool_check(pool);
	alignas(16) char acc[SCAN_SMALL] = {0};

	if (code)
		return code;
	if (s->begun && s->by->init)
		s->by->init(s->ctx, acc);
	(s->begun ? s->block_from : s->block)(s, 0, s->n, acc, true);
	return 0;
}

int filch__scan(filch_pool *pool, struct scan *s, const struct filch_options *user)
{
	struct scan_call c = {.pool = pool, .user = user};
	const size_t size = s->by->size;
	struct filch_report *report; /* what is beyond struct_size is not in *user */
	int code;

	if ((s->n && (!s->in || !s->out)) || s->n > SIZE_MAX / size || size > SIZE_MAX / 4096)
		return FILCH_EINVAL;
	s->begun = s->by->exclusive;
	s->items = size * SCAN_BLOCK <= SCAN_BLOCK_BYTES ? SCAN_BLOCK
	           : size < SCAN_BLOCK_BYTES             ? SCAN_BLOCK_BYTES / size
	                                                 : 1;
	if (!user && s->n && s->n <= s->items && 2 * size <= SCAN_SMALL)
		return scan_small(pool, s);
	if (!user)
		return scan_with(&c, s);
	code = scan_options(&c.o, user);
	if (code)
		return code;
	c.time_left_ns = c.o.timeout_ns;
	report = c.o.report;
	code = scan_with(&c, s);
	if (report && c.report.verdict[0]) /* else it was refused */
		memcpy(report, &c.report, user->report_size);
	return code;
}

int filch_scan(filch_pool *pool, const void *in, size_t n, void *out,
               const struct filch_scanner *scanner, void *ctx, const struct filch_options *options)
{
	struct scan s = {.in = in, .out = out, .n = n, .by = scanner, .ctx = ctx};

	if (!scanner || !scanner->size || !scanner->join)
		return FILCH_EINVAL;
	s.block = scan_any;
	s.block_from = scan_any_from;
	s.both = scan_any_both;
	return filch__scan(pool, &s, options);
}
