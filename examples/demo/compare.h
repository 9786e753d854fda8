/* SPDX-License-Identifier: MIT */
#ifndef COMPARE_H
#define COMPARE_H
/*
 * Several ways to run the same loop, measured next to each other.
 *
 * Every round runs each way once, in an order that turns from round to round, and
 * what counts is the median of the rounds: a disturbance hits one round or all ways.
 * The result of every run is checked.  The first way is the serial loop.
 */
#include <filch.h>

enum { ROUNDS_MAX = 51 };

struct way {
	const char *name; /* what stands in the table, and the label of filch's calls */
	/* The loop.  A way that calls filch does so with these options (NULL: none) and returns its code;
	 * the others have no use for them and return 0. */
	int (*run)(void *job, const struct filch_options *options);
	bool by_filch;
	size_t chunk; /* for filch: a fixed size, or 0 = tuned */

	/* Filled in by compare(). */
	uint64_t ns[ROUNDS_MAX];
	struct filch_report report;
};

struct comparison {
	struct way *ways;
	size_t count;
	unsigned rounds;
	unsigned warmups; /* calls before the timed one that do not count */
	bool log_bars;
	void *job;
	void (*clear)(void *job); /* wipes the result before the timed call */
	bool (*check)(void *job); /* looks at the result after it */
};

/* Measures all ways and prints them; false, after a message, if any result was wrong. */
bool compare(struct comparison *c);

/* The median of the rounds; compare() leaves them sorted. */
uint64_t way_median_ns(const struct way *way, unsigned rounds);

/* On the monotonic clock. */
uint64_t now_ns(void);

#endif
