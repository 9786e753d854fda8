/* SPDX-License-Identifier: MIT */
/* pthreadpool: one call per item, and in tiles of the size that its users tend to choose. */
#include "contender.h"

#include <pthreadpool.h>
#include <stdio.h>
#include <stdlib.h>

enum { TILES_PER_THREAD = 4 };

struct loop {
	const struct body *body;
	struct items *items;
};

static pthreadpool_t pool;

static void open_pool(unsigned workers)
{
	pool = pthreadpool_create(workers);
	if (!pool) {
		fprintf(stderr, "pthreadpool_create failed\n");
		exit(1);
	}
}

static void item(void *context, size_t i)
{
	const struct loop *loop = context;

	loop->body->range(loop->items, i, i + 1, NULL);
}

static void tile(void *context, size_t begin, size_t count)
{
	const struct loop *loop = context;

	loop->body->range(loop->items, begin, begin + count, NULL);
}

static int run_items(size_t n, const struct body *body, struct items *items)
{
	struct loop loop = {body, items};

	pthreadpool_parallelize_1d(pool, item, &loop, n, 0);
	return 0;
}

static int run_tiles(size_t n, const struct body *body, struct items *items)
{
	struct loop loop = {body, items};
	const size_t tiles = pthreadpool_get_threads_count(pool) * TILES_PER_THREAD;

	pthreadpool_parallelize_1d_tile_1d(pool, tile, &loop, n, (n + tiles - 1) / tiles, 0);
	return 0;
}

static const struct contender contenders[] = {
	{"pthreadpool:1d", run_items, NULL, NULL, NULL},
	{"pthreadpool:tiles", run_tiles, NULL, NULL, NULL},
};

const struct family contender_family = {"pthreadpool", open_pool, 2, contenders, false};
