/* SPDX-License-Identifier: MIT */
/* See compare.h. */
#include "compare.h"
#include "print.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t way_median_ns(const struct way *way, unsigned rounds)
{
	return way->ns[rounds / 2];
}

/* OpenMP's threads spin for some milliseconds after a loop: they must not be on a CPU that the
 * next way could use. */
static void settle(void)
{
	const struct timespec pause = {.tv_nsec = 15000000};

	nanosleep(&pause, NULL);
}

/* Without any option unless one is needed, as most calls are written. */
static int run(const struct comparison *c, const struct way *way, struct filch_report *report)
{
	struct filch_options options = filch_options_init();

	if (!way->chunk && !report)
		return way->run(c->job, NULL);
	options.label = way->name;
	options.chunk = way->chunk;
	options.report = report;
	return way->run(c->job, &options);
}

/* One call, after those that warm up; its time, or 0 after a wrong result. */
static uint64_t take_turn(const struct comparison *c, const struct way *way,
                          struct filch_report *report)
{
	int code = 0;

	settle();
	for (unsigned i = 0; i < c->warmups && !code; i++)
		code = run(c, way, NULL);
	c->clear(c->job);

	const uint64_t begin = now_ns();

	if (!code)
		code = run(c, way, report);

	const uint64_t ns = now_ns() - begin;

	if (!code && c->check(c->job))
		return ns ? ns : 1;
	printf("   WRONG RESULT of \"%s\": %s\n", way->name, filch_strerror(code));
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a;
	const uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* All rounds, then a call more that is not timed and asks for filch's own view: to fill in a
 * report takes time that a loop of some microseconds would feel. */
static bool measure(struct comparison *c)
{
	for (unsigned round = 0; round < c->rounds; round++) {
		for (size_t turn = 0; turn < c->count; turn++) {
			struct way *way = &c->ways[(round + turn) % c->count];

			way->ns[round] = take_turn(c, way, NULL);
			if (!way->ns[round])
				return false;
		}
	}
	for (size_t i = 0; i < c->count; i++) {
		qsort(c->ways[i].ns, c->rounds, sizeof *c->ways[i].ns, by_size);
		if (c->ways[i].by_filch && !take_turn(c, &c->ways[i], &c->ways[i].report))
			return false;
	}
	return true;
}

/* How much of the bar a time fills: linear from 0, or logarithmic from half the shortest time. */
static double share(const struct comparison *c, uint64_t ns)
{
	uint64_t least = UINT64_MAX;
	uint64_t most = 0;

	for (size_t i = 0; i < c->count; i++) {
		const uint64_t median = way_median_ns(&c->ways[i], c->rounds);

		least = median < least ? median : least;
		most = median > most ? median : most;
	}
	if (!c->log_bars)
		return (double)ns / (double)most;
	return log(2 * (double)ns / (double)least) / log(2 * (double)most / (double)least);
}

static void print_way(const struct comparison *c, const struct way *way)
{
	const uint64_t ns = way_median_ns(way, c->rounds);
	const double ratio = (double)ns / (double)way_median_ns(&c->ways[0], c->rounds);
	char median[16];
	char best[16];

	format_time(median, sizeof median, ns);
	format_time(best, sizeof best, way->ns[0]);
	printf("   %-22s %9s %9s %8.2f %6u  ", way->name, median, best, ratio, c->rounds);
	print_bar(share(c, ns));
	if (way->by_filch)
		print_wrapped("      > ", way->report.verdict);
}

bool compare(struct comparison *c)
{
	if (!measure(c))
		return false;
	printf("   %-22s %9s %9s %8s %6s%s\n", "", "median", "best", "/ serial", "rounds",
	       c->log_bars ? "  (logarithmic)" : "");
	for (size_t i = 0; i < c->count; i++)
		print_way(c, &c->ways[i]);
	return true;
}
