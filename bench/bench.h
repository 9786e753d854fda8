/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H
/*
 * The measuring core: how a loop is timed, checked and counted.  It runs inside the
 * program of a contender, on the thread that calls the loops.  README.md has the method
 * and the reasons.
 *
 * A *round* times the serial loop and the contender, one after the other, in turns as to
 * who is first.  Each has a *block*: an untimed start, then some timed samples, of which
 * the median counts.  What is compared is always from the same round.
 */
#include "contender.h"

#include <stdbool.h>

/* The most items a loop has. */
#define BENCH_ITEMS_MAX ((size_t)10000000)

enum bench_mode {
	BENCH_WARM,  /* calls back to back, timed in batches of about 200 us */
	BENCH_BUSY,  /* every call timed alone, after a pause in which the caller computes */
	BENCH_SLEEP, /* every call timed alone, after a pause in which the caller sleeps */
	BENCH_MODES
};

struct bench_loop {
	const struct contender *contender; /* NULL = the serial loop */
	const struct body *body;
	struct items *items;
	size_t n;
	bool at_once; /* so long that it needs no untimed start, and one sample does */
};

/* Outcome of a measurement of the serial loop and a contender. */
struct bench_pair {
	double serial_ns; /* per call */
	double time_ns;
	double serial_cpu_ns; /* of all threads; only where CPU time was asked for */
	double cpu_ns;
	uint64_t wrong; /* results that were not the serial loop's, failed calls, items that did
	                 * not run exactly once */
};

struct bench_quartiles {
	double low, median, high;
};

uint64_t bench_now(void);
uint64_t bench_cpu_now(void); /* of the whole process */

/* Sorts the values.  All zero if there are none. */
struct bench_quartiles bench_quartiles(double *values, size_t count);

/* Memory for BENCH_ITEMS_MAX items, their input in place; exits if there is none. */
void bench_items_init(struct items *items);

/* One round.  serial_first says who goes first. */
void bench_round(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                 bool serial_first, struct bench_pair *out);

/* Runs the loop with a body of the same cost that counts: how many items did not run once? */
uint64_t bench_count(const struct bench_loop *loop);

/* A single call, which may be the first one of the process; only time_ns and wrong. */
void bench_single(const struct bench_loop *loop, struct bench_pair *out);

/* The loop once every period, so many times: time per call, and the CPU time of all. */
void bench_periodic(const struct bench_loop *loop, uint64_t period_ns, unsigned times,
                    struct bench_pair *out);

/* A burst of the loop, then nothing for so long: the CPU time that nothing takes, as cpu_ns. */
void bench_idle(const struct bench_loop *loop, uint64_t idle_ns, struct bench_pair *out);

#endif
