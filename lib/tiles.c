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

#include <string.h>

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

static size_t rounded_up(size_t n, size_t by)
{
	return n <= by ? n != 0 : n / by + (n % by != 0); /* a short call should not divide */
}

static struct filch_box tile_box(const struct tiling *t, size_t index)
{
	struct filch_box box;

	for (int d = 2; d >= 0; d--) {
		box.begin[d] = index ? index % t->tiles[d] * t->tile[d] : 0;
		box.end[d] = box.begin[d] + least(t->tile[d], t->size[d] - box.begin[d]);
		index = index ? index / t->tiles[d] : 0;
	}
	return box;
}

/* False if there is nothing of it, at an edge. */
static bool part_box(const struct tiling *t, struct filch_box *box, size_t part)
{
	for (int d = 2; d >= 0; d--) {
		const size_t length = box->end[d] - box->begin[d];
		const size_t step = rounded_up(t->tile[d], t->cuts[d]);
		const size_t from = part % t->cuts[d] * step;

		part /= t->cuts[d];
		if (from >= length)
			return false;
		box->begin[d] += from;
		box->end[d] = box->begin[d] + least(step, length - from);
	}
	return true;
}

static int box_run(const struct tiling *t, const struct filch_box *box, filch_worker *w)
{
	if (t->body2) {
		const struct filch_tile tile = {{box->begin[1], box->begin[2]},
		                                {box->end[1], box->end[2]}};

		return t->body2(t->ctx, &tile, w);
	}
	return t->body3(t->ctx, box, w);
}

static int tiles_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct tiling *t = ctx;
	size_t next;

	for (size_t i = begin; i < end; i = next) {
		const size_t tile = i ? i / t->parts : 0, part = i - tile * t->parts;
		struct filch_box box = tile_box(t, tile);
		const bool whole = !part && end - i >= t->parts;
		int code;

		next = whole ? i + t->parts : i + 1;
		if (!whole && !part_box(t, &box, part))
			continue;
		code = box_run(t, &box, w);
		if (code)
			return filch_fail(w, i, code);
	}
	return 0;
}

/* ---- shapes --------------------------------------------------------------------------- */

/* What filch takes along a side, if it is not given: at most so many, and what fills a tile. */
static void tile_choose(struct tiling *t, int side, size_t given, size_t most, size_t *cells)
{
	const size_t fits = *cells ? *cells : 1;

	t->tile[side] = given ? given : least(least(most, fits), t->size[side]);
	*cells /= least(t->tile[side], t->size[side]);
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

/* Whether there can be so many cells. */
static bool size_fits(const size_t *size)
{
	const unsigned half = sizeof(size_t) * 4 - 1; /* numbers so short need no division */
	size_t cells = size[0];

	for (int d = 1; d < 3; d++) {
		if ((cells | size[d]) >> half && cells > SIZE_MAX / size[d])
			return false;
		cells *= size[d];
	}
	return true;
}

/* A struct filch_options may be shorter than ours; what it has not is 0. */
static int tiles_options(struct filch_options *o, const struct filch_options *options)
{
	*o = filch_options_init();
	if (!options)
		return 0;
	if (options->struct_size > sizeof *o)
		return FILCH_EINVAL;
	memcpy(o, options, options->struct_size);
	return 0;
}

static int tiles_run(struct tiling *t, filch_pool *pool, const size_t *tile,
                     const struct filch_options *options)
{
	static const size_t any[3];
	const size_t *given = tile ? tile : any;
	const bool all_given = (given[0] || t->body2) && given[1] && given[2];
	const bool flat = t->body2 != NULL;
	size_t cells = TILE_CELLS, n = 1;
	struct filch_options o;
	int code = tiles_options(&o, options);

	if (code || (!all_given && (o.status || o.first_error)))
		return FILCH_EINVAL;
	if (!t->size[0] || !t->size[1] || !t->size[2])
		return filch_for(pool, 0, tiles_body, t, options);
	if (!size_fits(t->size))
		return FILCH_EINVAL;
	tile_choose(t, 2, given[2], 64, &cells);
	tile_choose(t, 1, given[1], flat || t->size[2] < 64 ? SIZE_MAX : 16, &cells);
	tile_choose(t, 0, given[0], SIZE_MAX, &cells);
	for (int d = 0; d < 3; d++) {
		t->tiles[d] = rounded_up(t->size[d], t->tile[d]);
		n *= t->tiles[d];
	}
	/* A tile that goes on after a failure must not run some of its parts again. */
	tiles_cut(t, all_given || o.keep_going);
	return filch_for(pool, n * t->parts, tiles_body, t, options);
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
