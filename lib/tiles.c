/* SPDX-License-Identifier: MIT */
/*
 * filch_for2() and filch_for3(): a loop whose items are parts of tiles.
 *
 * Two dimensions are three with one plane.  Where there are few tiles each is cut into as many
 * parts as make enough to share, by its planes first, then rows, then columns: each part
 * is a range of the tile's cells in row-major order, so the order of cells is the same whether a
 * tile is run whole, as it is when a chunk has all its parts, or not.
 */
#include <filch/tiles.h>

#include "given.h"

enum {
	TILE_CELLS = 8192, /* of eight bytes: 64 KiB, which is half an L2 with a second array */
	TILE_PARTS = 64    /* enough to share */
};

struct tiling {
	size_t size[3], tile[3];
	size_t tiles[3]; /* how many there are along each side */
	size_t cuts[3];  /* into how many each is cut, along each side */
	size_t parts;    /* of a tile */
	filch_body2 *body2;
	filch_body3 *body3;
	void *ctx;
};

/* ---- boxes ---------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A short call should not divide, or at least not numbers of 64 bits. */
static size_t quotient(size_t n, size_t by)
{
	return n <= UINT32_MAX && by <= UINT32_MAX ? (uint32_t)n / (uint32_t)by : n / by;
}

static size_t rounded_up(size_t n, size_t by)
{
	return n <= by ? n != 0 : by == 1 ? n : quotient(n - 1, by) + 1;
}

/* Of a box, along one side. */
struct side {
	size_t begin, end;
};

/* Of the tile with *index, of which the rest is for the sides before. */
static struct side side_of(const struct tiling *t, int d, size_t *index)
{
	const size_t at = *index ? *index % t->tiles[d] * t->tile[d] : 0;

	*index = *index ? *index / t->tiles[d] : 0;
	return (struct side){at, at + least(t->tile[d], t->size[d] - at)};
}

/* The same of a part.  False if there is nothing of it, at an edge. */
static bool side_cut(const struct tiling *t, int d, struct side *s, size_t *part)
{
	const size_t length = s->end - s->begin;
	const size_t step = rounded_up(t->tile[d], t->cuts[d]);
	const size_t from = *part % t->cuts[d] * step;

	*part /= t->cuts[d];
	if (from >= length)
		return false;
	s->begin += from;
	s->end = s->begin + least(step, length - from);
	return true;
}

static int box_run(const struct tiling *t, struct side planes, struct side rows,
                   struct side columns, filch_worker *w)
{
	const struct filch_tile tile = {{rows.begin, columns.begin}, {rows.end, columns.end}};
	const struct filch_box box = {{planes.begin, rows.begin, columns.begin},
	                              {planes.end, rows.end, columns.end}};

	return t->body2 ? t->body2(t->ctx, &tile, w) : t->body3(t->ctx, &box, w);
}

static int tile_run(const struct tiling *t, size_t index, filch_worker *w)
{
	/* One by one: what is still on its way to memory cannot be read as a vector. */
	const struct side columns = side_of(t, 2, &index);
	const struct side rows = side_of(t, 1, &index);
	const struct side planes = side_of(t, 0, &index);

	return box_run(t, planes, rows, columns, w);
}

static int part_run(const struct tiling *t, size_t index, size_t part, filch_worker *w)
{
	struct side s[3];

	for (int d = 2; d >= 0; d--) {
		s[d] = side_of(t, d, &index);
		if (!side_cut(t, d, &s[d], &part))
			return 0;
	}
	return box_run(t, s[0], s[1], s[2], w);
}

static int tiles_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct tiling *t = ctx;
	size_t next;

	for (size_t i = begin; i < end; i = next) {
		const size_t tile = i ? i / t->parts : 0, part = i - tile * t->parts;
		const bool whole = !part && end - i >= t->parts;
		const int code = whole ? tile_run(t, tile, w) : part_run(t, tile, part, w);

		next = whole ? i + t->parts : i + 1;
		if (code)
			return filch_fail(w, i, code);
	}
	return 0;
}

/* ---- shapes --------------------------------------------------------------------------- */

/* What filch takes along a side, if it is not given: at most so many, and what fills a tile, which
 * has room for *cells; SIZE_MAX: for all. */
static void tile_choose(struct tiling *t, int side, size_t given, size_t most, size_t *cells)
{
	const size_t fits = *cells ? *cells : 1;

	t->tile[side] = given ? given : least(least(most, fits), t->size[side]);
	if (*cells < SIZE_MAX)
		*cells = quotient(*cells, least(t->tile[side], t->size[side]));
}

static void tiles_cut(struct tiling *t, bool whole)
{
	const size_t tiles = t->tiles[0] * t->tiles[1] * t->tiles[2];
	size_t wanted = tiles < TILE_PARTS && !whole ? rounded_up(TILE_PARTS, tiles) : 1;

	t->parts = 1;
	for (int d = 0; d < 3; d++) {
		t->cuts[d] = least(wanted, t->tile[d]);
		t->parts *= t->cuts[d];
		wanted = rounded_up(wanted, t->cuts[d]);
	}
}

/* How many cells there are; 0 if there can not be so many. */
static size_t cells_of(const size_t *size)
{
	const unsigned half = sizeof(size_t) * 4 - 1; /* numbers so short need no division */
	size_t cells = size[0];

	for (int d = 1; d < 3; d++) {
		if ((cells | size[d]) >> half && cells > SIZE_MAX / size[d])
			return 0;
		cells *= size[d];
	}
	return cells;
}

static unsigned log2_cells(size_t cells)
{
	return 63 - (unsigned)__builtin_clzll(cells);
}

/* What options say of tiles. */
static int tiles_options(const struct filch_options *options, bool all_given, bool *keep_going)
{
	struct filch_options o;

	if (!options_given(&o, options))
		return FILCH_EINVAL;
	*keep_going = o.keep_going;
	return !all_given && (o.status || o.first_error) ? FILCH_EINVAL : 0;
}

/* What the cost of a part is remembered as: another function's is another one, and so is that of a
 * part of quite another size. */
static uintptr_t tiles_cost(const struct tiling *t)
{
	const uintptr_t name = t->body2 ? (uintptr_t)t->body2 : (uintptr_t)t->body3;
	size_t cells = 1;

	for (int d = 0; d < 3; d++)
		cells *= least(t->tile[d], t->size[d]);
	return name + (log2_cells(cells) + 6 - log2_cells(t->parts)) / 3 % 8;
}

static int tiles_run(struct tiling *t, filch_pool *pool, const size_t *tile,
                     const struct filch_options *options)
{
	static const size_t any[3];
	const size_t *given = tile ? tile : any;
	const bool all_given = (given[0] || t->body2) && given[1] && given[2];
	const bool flat = t->body2 != NULL;
	size_t cells, n = 1;
	bool keep_going = false;

	if (options && tiles_options(options, all_given, &keep_going))
		return FILCH_EINVAL;
	if (!t->size[0] || !t->size[1] || !t->size[2])
		return filch_for(pool, 0, tiles_body, t, options);
	cells = cells_of(t->size);
	if (!cells)
		return FILCH_EINVAL;
	cells = cells <= TILE_CELLS ? SIZE_MAX : TILE_CELLS;
	tile_choose(t, 2, given[2], 64, &cells);
	tile_choose(t, 1, given[1], flat || t->size[2] < 64 ? SIZE_MAX : 16, &cells);
	tile_choose(t, 0, given[0], SIZE_MAX, &cells);
	for (int d = 0; d < 3; d++) {
		t->tiles[d] = rounded_up(t->size[d], t->tile[d]);
		n *= t->tiles[d];
	}
	/* A tile that goes on after a failure must not run some of its parts again. */
	tiles_cut(t, all_given || keep_going);
	return filch_for_as(pool, n * t->parts, tiles_body, t, options, tiles_cost(t));
}

int filch_for2(filch_pool *pool, size_t rows, size_t columns, const size_t *tile, filch_body2 *body,
               void *ctx, const struct filch_options *options)
{
	const size_t given[3] = {1, tile ? tile[0] : 0, tile ? tile[1] : 0};
	struct tiling t = {.size = {1, rows, columns}, .body2 = body, .ctx = ctx};

	return body ? tiles_run(&t, pool, given, options) : FILCH_EINVAL;
}

int filch_for3(filch_pool *pool, size_t planes, size_t rows, size_t columns, const size_t *tile,
               filch_body3 *body, void *ctx, const struct filch_options *options)
{
	struct tiling t = {.size = {planes, rows, columns}, .body3 = body, .ctx = ctx};

	return body ? tiles_run(&t, pool, tile, options) : FILCH_EINVAL;
}
