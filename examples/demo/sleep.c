/* SPDX-License-Identifier: MIT */
/* Ten items that wait instead of compute, on eight workers. */
#include "compare.h"
#include "demo.h"
#include "queue.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ITEMS = 10, WORKERS = 8 };

struct sleeps {
	struct timespec nap;
	filch_pool *pool;
	struct queue *queue;
	unsigned char ran[ITEMS]; /* how often item i did; each is written by whoever runs it */
};

static void sleep_once(struct sleeps *s, size_t i)
{
	struct timespec left = s->nap;

	while (nanosleep(&left, &left) != 0)
		;
	s->ran[i]++;
}

static int run_serial(void *job, const struct filch_options *options)
{
	(void)options;
	for (size_t i = 0; i < ITEMS; i++)
		sleep_once(job, i);
	return 0;
}

static int sleep_range(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t i = begin; i < end; i++)
		sleep_once(ctx, i);
	return 0;
}

static int run_filch(void *job, const struct filch_options *options)
{
	const struct sleeps *s = job;

	return filch_for(s->pool, ITEMS, sleep_range, job, options);
}

#ifdef _OPENMP
static int run_openmp(void *job, const struct filch_options *options)
{
	(void)options;
#pragma omp parallel for num_threads(WORKERS)
	for (size_t i = 0; i < ITEMS; i++)
		sleep_once(job, i);
	return 0;
}
#endif

static void sleep_item(void *ctx, size_t i)
{
	sleep_once(ctx, i);
}

static int run_queue(void *job, const struct filch_options *options)
{
	const struct sleeps *s = job;

	(void)options;
	queue_run(s->queue, ITEMS, sleep_item, job);
	return 0;
}

static void clear(void *job)
{
	struct sleeps *s = job;

	memset(s->ran, 0, sizeof s->ran);
}

static bool check(void *job)
{
	const struct sleeps *s = job;
	bool once = true;

	for (size_t i = 0; i < ITEMS; i++)
		once = once && s->ran[i] == 1;
	return once;
}

static bool measure(struct sleeps *s)
{
	struct way ways[] = {
		{.name = "serial loop", .run = run_serial},
		{.name = "filch", .run = run_filch, .by_filch = true},
#ifdef _OPENMP
		{.name = "OpenMP", .run = run_openmp},
#endif
		{.name = "queue, a task per item", .run = run_queue},
	};
	struct comparison c = {
		.ways = ways,
		.count = sizeof ways / sizeof *ways,
		.rounds = 3,
		.job = s,
		.clear = clear,
		.check = check,
	};

	return compare(&c);
}

bool demo_sleep(const struct settings *settings)
{
	struct sleeps s = {.nap = {.tv_nsec = settings->quick ? 10000000 : 100000000}};
	const int code =
		filch_pool_create(&s.pool, FILCH_POOL(.workers = WORKERS, .name = "sleep"));
	bool right = false;

	s.queue = queue_create(WORKERS);
	if (code || !s.queue)
		printf("no pool to sleep in: %s\n", filch_strerror(code));
	else
		right = measure(&s);
	queue_destroy(s.queue);
	filch_pool_destroy(s.pool);
	return right;
}
