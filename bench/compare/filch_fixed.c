/* SPDX-License-Identifier: MIT */
/*
 * filch with chunks that were fixed by its user instead of tuned: four for each worker, or of as
 * many items as it is told.  A family of its own, so that it is treated as a peer and holds no
 * target of filch.
 */
#include "contender.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNKS_PER_WORKER = 4 };

static filch_pool *pool;
static size_t chunks;

static void open_pool(unsigned workers)
{
	const int code = filch_pool_create(&pool, FILCH_POOL(.workers = workers));

	if (code) {
		fprintf(stderr, "filch_pool_create: %s\n", filch_strerror(code));
		exit(1);
	}
	chunks = (size_t)workers * CHUNKS_PER_WORKER;
}

static int run(size_t n, const struct body *body, struct items *items)
{
	const size_t chunk = items->chunk ? items->chunk : (n + chunks - 1) / chunks;

	return filch_for(pool, n, body->range, items, FILCH(.chunk = chunk));
}

static const struct contender contenders[] = {{"filch:fixed", run, NULL, NULL, NULL}};

const struct family contender_family = {"filch " FILCH_VERSION, open_pool, 1, contenders, true};
