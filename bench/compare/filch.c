/* SPDX-License-Identifier: MIT */
/* filch, as its users meet it: a pool of its own, and not one option set. */
#include "contender.h"

#include <stdlib.h>

static filch_pool *pool;

static void open_pool(unsigned workers)
{
	const int code = filch_pool_create(&pool, FILCH_POOL(.workers = workers));

	if (code) {
		fprintf(stderr, "filch_pool_create: %s\n", filch_strerror(code));
		exit(1);
	}
}

static int run(size_t n, const struct body *body, struct items *items)
{
	return filch_for(pool, n, body->range, items, NULL);
}

static const struct contender contenders[] = {{"filch", run}};

const struct family contender_family = {"filch " FILCH_VERSION, open_pool, 1, contenders};
