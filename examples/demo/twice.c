/* SPDX-License-Identifier: MIT */
/* 10,000 items of x * 2: what a chunk's size does to a loop of a few microseconds. */
#include "chart.h"
#include "compare.h"
#include "demo.h"
#include "queue.h"

#include <stdio.h>
#include <string.h>

enum { ITEMS = 10000 };

struct doubling {
	size_t n;
	struct queue *queue;
	int64_t in[ITEMS];
	int64_t out[ITEMS];
};

/* The loop of all ways but the queue's, so that they differ in nothing else. */
static inline void twice(const int64_t *restrict in, int64_t *restrict out, size_t begin,
                         size_t end)
{
	for (size_t i = begin; i < end; i++)
		out[i] = in[i] * 2;
}

static int run_serial(void *job, const struct filch_options *options)
{
	struct doubling *d = job;

	(void)options;
	twice(d->in, d->out, 0, d->n);
	return 0;
}

static int twice_range(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct doubling *d = ctx;

	(void)w;
	twice(d->in, d->out, begin, end);
	return 0;
}

static int run_filch(void *job, const struct filch_options *options)
{
	const struct doubling *d = job;

	return filch_for(NULL, d->n, twice_range, job, options);
}

#ifdef _OPENMP
static int run_openmp(void *job, const struct filch_options *options)
{
	struct doubling *d = job;
	const size_t n = d->n;

	(void)options;
#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < n; i++)
		d->out[i] = d->in[i] * 2;
	return 0;
}
#endif

static void twice_item(void *ctx, size_t i)
{
	struct doubling *d = ctx;

	d->out[i] = d->in[i] * 2;
}

static int run_queue(void *job, const struct filch_options *options)
{
	struct doubling *d = job;

	(void)options;
	queue_run(d->queue, d->n, twice_item, d);
	return 0;
}

static void clear(void *job)
{
	struct doubling *d = job;

	memset(d->out, 0xff, sizeof d->out);
}

static bool check(void *job)
{
	const struct doubling *d = job;
	bool right = true;

	for (size_t i = 0; i < d->n; i++)
		right = right && d->out[i] == 2 * (int64_t)i;
	return right;
}

static bool measure(struct doubling *d, const struct settings *settings)
{
	struct way ways[] = {
		{.name = "serial loop", .run = run_serial},
		{.name = "filch", .run = run_filch, .by_filch = true},
		{.name = "filch, chunk 4096", .run = run_filch, .by_filch = true, .chunk = 4096},
		{.name = "filch, chunk 256", .run = run_filch, .by_filch = true, .chunk = 256},
		{.name = "filch, chunk 16", .run = run_filch, .by_filch = true, .chunk = 16},
		{.name = "filch, chunk 1", .run = run_filch, .by_filch = true, .chunk = 1},
#ifdef _OPENMP
		{.name = "OpenMP, static", .run = run_openmp},
#endif
		{.name = "queue, a task per item", .run = run_queue},
	};
	struct comparison c = {
		.ways = ways,
		.count = sizeof ways / sizeof *ways,
		.rounds = settings->quick ? 5 : ROUNDS_MAX,
		.warmups = 3,
		.log_bars = true,
		.job = d,
		.clear = clear,
		.check = check,
	};

	if (!compare(&c))
		return false;
	return !settings->svg || chart_write(settings->svg, &c);
}

bool demo_twice(const struct settings *settings)
{
	static struct doubling d = {.n = ITEMS};
	bool right = false;

	for (size_t i = 0; i < ITEMS; i++)
		d.in[i] = (int64_t)i;
	d.queue = queue_create(filch_pool_width(NULL));
	if (d.queue)
		right = measure(&d, settings);
	else
		printf("no threads for the queue\n");
	queue_destroy(d.queue);
	return right;
}
