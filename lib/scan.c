/* SPDX-License-Identifier: MIT */
/*
 * filch_scan(), in rounds of some blocks: first all blocks are summed, in any order; then the sums
 * are, in order, by the caller; then each block is scanned from what comes before it.  A round is
 * as much as a cache holds.
 */
#include <filch/scan.h>

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum {
	SCAN_BLOCK = 4096,        /* elements, if they are small */
	SCAN_BLOCK_BYTES = 32768, /* if they are not */
	SCAN_ROUND = 128,         /* blocks */
	SCAN_ROOM = (SCAN_ROUND + 1) * 32
};

struct scan;

/* *acc, of what comes before if there is any, becomes that of elements begin .. end - 1, too; their
 * own are written if s->writes. */
typedef void scan_fn(const struct scan *s, size_t begin, size_t end, char *acc, bool writes);

struct scan {
	const char *in;
	char *out;
	size_t n;
	const struct filch_scanner *by;
	void *ctx;
	scan_fn *block;      /* the first element begins the sum */
	scan_fn *block_from; /* it is added to what *acc is */
	size_t items;        /* in a block */
	size_t first;        /* block of this round */
	char *slots;         /* two elements for each block, and for the sum of all so far */
	size_t stride;
	bool begun; /* there is such a sum */
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

/* ---- blocks of numbers ---------------------------------------------------------------- */

/* What is only summed is so in eight lanes, which do not wait for each other. */
#define SCAN_NUMBERS(NAME, T)                                                                      \
	static T NAME##_sum(const T *x, size_t n)                                                  \
	{                                                                                          \
		T a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;                          \
                                                                                                   \
		for (; n >= 8; n -= 8, x += 8) {                                                   \
			a += x[0], b += x[1], c += x[2], d += x[3];                                \
			e += x[4], f += x[5], g += x[6], h += x[7];                                \
		}                                                                                  \
		a = ((a + e) + (c + g)) + ((b + f) + (d + h));                                     \
		for (size_t i = 0; i < n; i++)                                                     \
			a += x[i];                                                                 \
		return a;                                                                          \
	}                                                                                          \
                                                                                                   \
	static T NAME##_inclusive(const T *x, T *y, size_t n, T acc)                               \
	{                                                                                          \
		for (size_t i = 0; i < n; i++)                                                     \
			y[i] = acc += x[i];                                                        \
		return acc;                                                                        \
	}                                                                                          \
                                                                                                   \
	static T NAME##_exclusive(const T *x, T *y, size_t n, T acc)                               \
	{                                                                                          \
		for (size_t i = 0; i < n; i++) {                                                   \
			const T x_i = x[i];                                                        \
                                                                                                   \
			y[i] = acc;                                                                \
			acc += x_i;                                                                \
		}                                                                                  \
		return acc;                                                                        \
	}                                                                                          \
                                                                                                   \
	static void NAME##_from(const struct scan *s, size_t begin, size_t end, char *acc,         \
	                        bool writes)                                                       \
	{                                                                                          \
		const T *x = (const T *)(const void *)s->in + begin;                               \
		T *y = (T *)(void *)s->out + begin, *sum = (T *)(void *)acc;                       \
                                                                                                   \
		*sum = !writes            ? NAME##_sum(x, end - begin)                             \
		       : s->by->exclusive ? NAME##_exclusive(x, y, end - begin, *sum)              \
		                          : NAME##_inclusive(x, y, end - begin, *sum);             \
	}                                                                                          \
                                                                                                   \
	static void NAME(const struct scan *s, size_t begin, size_t end, char *acc, bool writes)   \
	{                                                                                          \
		*(T *)(void *)acc = 0;                                                             \
		NAME##_from(s, begin, end, acc, writes);                                           \
	}                                                                                          \
                                                                                                   \
	static void NAME##_join(void *ctx, void *left, const void *right)                          \
	{                                                                                          \
		(void)ctx;                                                                         \
		*(T *)left += *(const T *)right;                                                   \
	}                                                                                          \
                                                                                                   \
	static const struct filch_scanner NAME##_by[2] = {                                         \
		{.size = sizeof(T), .join = NAME##_join},                                          \
		{.size = sizeof(T), .join = NAME##_join, .exclusive = true}};

SCAN_NUMBERS(scan_doubles, double)
SCAN_NUMBERS(scan_integers, uint64_t)

/* ---- a round --------------------------------------------------------------------------------- */

static char *scan_slot(const struct scan *s, size_t k)
{
	return s->slots + k * s->stride;
}

static void scan_block(const struct scan *s, size_t k, bool writes)
{
	const size_t begin = (s->first + k) * s->items;
	const size_t end = s->n - begin > s->items ? begin + s->items : s->n;
	const bool from = writes && (s->begun || s->first + k);

	(from ? s->block_from : s->block)(s, begin, end, scan_slot(s, k), writes);
}

static int sum_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t k = begin; k < end; k++)
		scan_block(ctx, k, false);
	return 0;
}

static int scan_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t k = begin; k < end; k++)
		scan_block(ctx, k, true);
	return 0;
}

/* Each block's slot gets what comes before it; the last one, behind them, the sum of all. */
static void scan_sums(struct scan *s, size_t blocks, char *all, bool last)
{
	const size_t size = s->by->size;
	bool any = s->begun || s->first;

	for (size_t k = 0; k < blocks; k++) {
		char *before = scan_slot(s, k), *own = before + size;

		memcpy(own, before, size);
		memcpy(before, all, size);
		if (last && k == blocks - 1)
			return; /* it was not summed */
		if (any)
			s->by->join(s->ctx, all, own);
		else
			memcpy(all, own, size);
		any = true;
	}
}

/* ---- options ------------------------------------------------------------------------------------ */

static int scan_options(struct filch_options *o, const struct filch_options *user)
{
	*o = filch_options_init();
	if (user->struct_size < offsetof(struct filch_options, label) ||
	    user->struct_size > sizeof *o || user->report_size > sizeof(struct filch_report))
		return FILCH_EINVAL;
	memcpy(o, user, user->struct_size);
	if (o->chunk || o->min_chunk || o->max_chunk || o->cost_ns < 0 || o->cost_ns > 0 ||
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

static int scan_loop(struct scan_call *c, struct scan *s, size_t blocks, bool writes)
{
	const uintptr_t name = (uintptr_t)s->by->join + 2 * (unsigned)writes;
	filch_body *body = writes ? scan_body : sum_body;
	struct filch_report r;
	int code;

	if (!c->user)
		return filch_for_as(c->pool, blocks, body, s, NULL, name);
	memset(&r, 0, sizeof r);
	c->o.report = &r;
	c->o.report_size = sizeof r;
	if (c->o.timeout_ns && !c->time_left_ns)
		return FILCH_ETIMEDOUT;
	c->o.timeout_ns = c->time_left_ns;
	code = filch_for_as(c->pool, blocks, body, s, &c->o, name);
	report_add(&c->report, &r);
	if (c->o.timeout_ns)
		c->time_left_ns -= r.wall_ns < c->time_left_ns ? r.wall_ns : c->time_left_ns;
	return code;
}

static int scan_round(struct scan_call *c, struct scan *s, size_t blocks, char *all)
{
	const bool last = s->n - s->first * s->items <= blocks * s->items;
	int code = 0;

	/* What the very last one adds up to is of no interest. */
	if (blocks > last)
		code = scan_loop(c, s, blocks - last, false);
	if (!code) {
		scan_sums(s, blocks, all, last);
		code = scan_loop(c, s, blocks, true);
	}
	return code;
}

static int scan_rounds(struct scan_call *c, struct scan *s, size_t round)
{
	const size_t blocks = s->n / s->items + (s->n % s->items != 0);
	char *all = scan_slot(s, round);
	int code = 0;

	memset(s->slots, 0, (round + 1) * s->stride);
	if (s->begun && s->by->init)
		s->by->init(s->ctx, all);
	if (!blocks)
		return scan_loop(c, s, 0, true);
	for (; s->first < blocks && !code; s->first += round)
		code = scan_round(c, s, blocks - s->first < round ? blocks - s->first : round, all);
	return code;
}

static int scan_with(struct scan_call *c, struct scan *s)
{
	alignas(16) char few[SCAN_ROOM];
	size_t round = SCAN_ROUND;
	int code;

	s->stride = (2 * s->by->size + 15) & ~(size_t)15;
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

static int scan(filch_pool *pool, struct scan *s, const struct filch_options *user)
{
	struct scan_call c = {.pool = pool, .user = user};
	const size_t size = s->by->size;
	int code;

	if ((s->n && (!s->in || !s->out)) || s->n > SIZE_MAX / size || size > SIZE_MAX / 4096)
		return FILCH_EINVAL;
	s->begun = s->by->exclusive;
	s->items = size * SCAN_BLOCK <= SCAN_BLOCK_BYTES ? SCAN_BLOCK
	           : size < SCAN_BLOCK_BYTES             ? SCAN_BLOCK_BYTES / size
	                                                 : 1;
	if (!user)
		return scan_with(&c, s);
	code = scan_options(&c.o, user);
	if (code)
		return code;
	c.time_left_ns = c.o.timeout_ns;
	code = scan_with(&c, s);
	if (user->report)
		memcpy(user->report, &c.report, user->report_size);
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
	return scan(pool, &s, options);
}

int filch_scan_f64(filch_pool *pool, const double *in, size_t n, double *out, bool exclusive,
                   const struct filch_options *options)
{
	struct scan s = {.in = (const char *)in, .out = (char *)out, .n = n};

	s.by = &scan_doubles_by[exclusive];
	s.block = scan_doubles;
	s.block_from = scan_doubles_from;
	if (!pool && !options && n && n <= SCAN_BLOCK && in && out) {
		double acc = 0;

		s.block_from(&s, 0, n, (char *)&acc, true);
		return 0;
	}
	return scan(pool, &s, options);
}

int filch_scan_i64(filch_pool *pool, const int64_t *in, size_t n, int64_t *out, bool exclusive,
                   const struct filch_options *options)
{
	struct scan s = {.in = (const char *)in, .out = (char *)out, .n = n};

	s.by = &scan_integers_by[exclusive];
	s.block = scan_integers;
	s.block_from = scan_integers_from;
	return scan(pool, &s, options);
}
