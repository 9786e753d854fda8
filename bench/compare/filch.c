/* SPDX-License-Identifier: MIT */
/* filch, as its users meet it: a pool of its own, and not one option set. */
#include "contender.h"

#include <filch/reduce.h>

#include <pthread.h>
#include <stdlib.h>

static filch_pool *pool, *second;
static unsigned width;

static void create(filch_pool **p)
{
	const int code = filch_pool_create(p, FILCH_POOL(.workers = width));

	if (code) {
		fprintf(stderr, "filch_pool_create: %s\n", filch_strerror(code));
		exit(1);
	}
}

static void open_pool(unsigned workers)
{
	width = workers;
	create(&pool);
}

static void open_second(void)
{
	create(&second);
}

static int run(size_t n, const struct body *body, struct items *items)
{
	return filch_for(pool, n, body->range, items, NULL);
}

static int run_second(size_t n, const struct body *body, struct items *items)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_second);
	return filch_for(second, n, body->range, items, NULL);
}

static int sum(size_t n, const double *x, double *sum)
{
	return filch_sum_f64(pool, x, n, sum, NULL);
}

static const struct contender contenders[] = {{"filch", run, run_second, NULL, sum}};

const struct family contender_family = {"filch " FILCH_VERSION, open_pool, 1, contenders, true};
