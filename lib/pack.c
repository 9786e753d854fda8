/* SPDX-License-Identifier: MIT */
/* Packing items, and bringing together what was packed apart. */
#include "pack.h"

#include <string.h>

/* What is shorter is moved by the caller, whom it costs a few microseconds. */
#define PACK_ALONE_BYTES 65536
/* What one item of a copying loop copies. */
#define PACK_PIECE_BYTES 16384

/* ---- blocks ------------------------------------------------------------------------------- */

/*
 * Without a branch, which would be guessed wrong as often as items are picked by chance: each is
 * written to both places, and one of them is where the next one goes, too.
 * The marks are read as bytes: whatever a function left there is 0 or is not.
 */
#define PACK_ITEM(bytes, i, both)                                                                  \
	do {                                                                                       \
		char item[bytes];                                                                  \
                                                                                                   \
		memcpy(item, in + (i) * (bytes), bytes);                                           \
		memcpy(out + k * (bytes), item, bytes);                                            \
		if (both)                                                                          \
			memcpy(rest + ((i)-k) * (bytes), item, bytes);                             \
		k += mark[i] != 0;                                                                 \
	} while (0)

#define PACK_ITEMS(bytes, both)                                                                    \
	do {                                                                                       \
		for (; i + 4 <= n; i += 4) {                                                       \
			PACK_ITEM(bytes, i, both);                                                 \
			PACK_ITEM(bytes, i + 1, both);                                             \
			PACK_ITEM(bytes, i + 2, both);                                             \
			PACK_ITEM(bytes, i + 3, both);                                             \
		}                                                                                  \
		for (; i < n; i++)                                                                 \
			PACK_ITEM(bytes, i, both);                                                 \
	} while (0)

#define PACK_BLOCK(bytes)                                                                          \
	static size_t pack_block_##bytes(const char *in, char *out, char *rest,                    \
	                                 const unsigned char *mark, size_t n)                      \
	{                                                                                          \
		size_t k = 0, i = 0;                                                               \
                                                                                                   \
		if (rest)                                                                          \
			PACK_ITEMS(bytes, true);                                                   \
		else                                                                               \
			PACK_ITEMS(bytes, false);                                                  \
		return k;                                                                          \
	}

PACK_BLOCK(1)
PACK_BLOCK(2)
PACK_BLOCK(4)
PACK_BLOCK(8)
PACK_BLOCK(16)

static size_t pack_block_any(const struct pack *p, const char *in, char *out, char *rest,
                             const unsigned char *mark, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const char *item = in + i * p->bytes;

		if (mark[i])
			memmove(out + k++ * p->bytes, item, p->bytes);
		else if (rest)
			memcpy(rest + (i - k) * p->bytes, item, p->bytes);
	}
	return k;
}

size_t filch__pack_block(const struct pack *p, size_t first, size_t n, char *out, char *rest,
                         const bool *marks)
{
	const char *in = p->items + first * p->bytes;
	const unsigned char *mark = (const unsigned char *)marks;

	switch (p->bytes) {
	case 1:
		return pack_block_1(in, out, rest, mark, n);
	case 2:
		return pack_block_2(in, out, rest, mark, n);
	case 4:
		return pack_block_4(in, out, rest, mark, n);
	case 8:
		return pack_block_8(in, out, rest, mark, n);
	case 16:
		return pack_block_16(in, out, rest, mark, n);
	default:
		return pack_block_any(p, in, out, rest, mark, n);
	}
}

/* ---- closing up ------------------------------------------------------------------------------ */

/* A copy of places first .. last - 1 of to, of what the runs have in from. */
struct copying {
	const struct packed *runs;
	size_t count;
	const char *from;
	char *to;
	size_t bytes, piece; /* of an item; items in a piece */
	size_t first, last;
};

/* The run that has what belongs to a place. */
static const struct packed *run_of(const struct packed *runs, size_t count, size_t place)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;

		if (runs[middle].to <= place)
			low = middle;
		else
			high = middle;
	}
	return &runs[low];
}

static void copy_places(const struct copying *c, size_t first, size_t last)
{
	const struct packed *r = run_of(c->runs, c->count, first);

	for (; first < last; r++) {
		const size_t end = r->to + r->kept < last ? r->to + r->kept : last;
		const size_t from = r->begin + (first - r->to);

		if (end == first)
			continue;
		memcpy(c->to + first * c->bytes, c->from + from * c->bytes,
		       (end - first) * c->bytes);
		first = end;
	}
}

static int copy_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct copying *c = ctx;
	const size_t first = c->first + begin * c->piece;
	const size_t all = c->last - c->first;

	(void)w;
	copy_places(c, first, end * c->piece < all ? c->first + end * c->piece : c->last);
	return 0;
}

/* None of these places is one that something comes from. */
static void copy_apart(struct copying *c, filch_pool *pool, size_t first, size_t last,
                       const struct filch_options *options)
{
	const size_t n = last - first;

	c->first = first;
	c->last = last;
	c->piece = c->bytes < PACK_PIECE_BYTES ? PACK_PIECE_BYTES / c->bytes : 1;
	/* A pool that is no more to be had leaves it to us. */
	if (n * c->bytes <= PACK_ALONE_BYTES ||
	    filch_for(pool, (n + c->piece - 1) / c->piece, copy_body, c, options))
		copy_places(c, first, last);
}

/*
 * Within one array, downwards.  What goes to a place below the lowest that is still to be moved can
 * be moved at once; that frees places for as much again, and so on.
 */
static void close_down(struct copying *c, filch_pool *pool, size_t total,
                       const struct filch_options *options)
{
	size_t done = 0;

	while (done < total) {
		const struct packed *r = run_of(c->runs, c->count, done);
		const size_t from = r->begin + (done - r->to), end = r->to + r->kept;

		if ((from - done) * c->bytes < PACK_ALONE_BYTES) {
			if (from != done)
				memmove(c->to + done * c->bytes, c->from + from * c->bytes,
				        (end - done) * c->bytes);
			done = end;
		} else {
			const size_t last = from < total ? from : total;

			copy_apart(c, pool, done, last, options);
			done = last;
		}
	}
}

/* Where what the runs kept belongs; returns how much that is. */
static size_t runs_place(struct packed *runs, size_t count)
{
	size_t to = 0;

	for (size_t i = 0; i < count; i++) {
		runs[i].to = to;
		to += runs[i].kept;
	}
	return to;
}

size_t filch__pack_close(const struct pack *p, filch_pool *pool, struct packed *runs, size_t count,
                         unsigned max_workers)
{
	struct filch_options options = filch_options_init();
	const size_t kept = runs_place(runs, count);
	struct copying c = {
		.runs = runs, .count = count, .from = p->out, .to = p->out, .bytes = p->bytes};

	options.max_workers = max_workers;
	close_down(&c, pool, kept, &options);
	if (!p->rest)
		return kept;
	for (size_t i = 0; i < count; i++)
		runs[i].kept = runs[i].end - runs[i].begin - runs[i].kept;
	c.from = p->rest;
	c.to = p->out + kept * p->bytes;
	copy_apart(&c, pool, 0, runs_place(runs, count), &options);
	return kept;
}
