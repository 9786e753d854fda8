/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H
/*
 * The measuring core: how a loop is timed, checked and counted.  It runs inside the
 * program of a contender, on the thread that calls the loops.  README.md has the method
 * and the reasons.
 *
 * series.c, periods.c and callers.c have measurements of other kinds, on top of bench.c.
 *
 * A *round* times the serial loop and the contender, one after the other, in turns as to
 * who is first.  Each has a *block*: an untimed start, then some timed samples, of which
 * the median counts.  What is compared is always from the same round.
 */
#include "contender.h"

#include <stdbool.h>

/* The most items a loop has. */
#define BENCH_ITEMS_MAX ((size_t)10000000)

/* And a loop of BODY_STAMP. */
#define BENCH_STAMPS_MAX ((size_t)10000)

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
	size_t outputs; /* numbers that it writes, from items->out[0] on; n unless it is nested */
	bool at_once;   /* so long that it needs no untimed start, and one sample does */
};

/* Outcome of a measurement of the serial loop and a contender. */
struct bench_pair {
	double serial_ns; /* per call */
	double time_ns;
	double serial_cpu_ns; /* of all threads; only where CPU time was asked for */
	double cpu_ns;
	double also;    /* what else was asked for, see there */
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

/* Memory for BENCH_ITEMS_MAX items, not touched yet; exits if there is none. */
void bench_items_init(struct items *items);

/* The input of the first n of them in place. */
void bench_items_fill(struct items *items, size_t n);

/* So many numbers for BODY_SUM; 0 = none any more. */
void bench_numbers(struct items *items, size_t n);

/* One round.  serial_first says who goes first. */
void bench_round(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                 bool serial_first, struct bench_pair *out);

/* Runs the loop with a body of the same cost that counts: how many items did not run once? */
uint64_t bench_count(const struct bench_loop *loop);

/* ---- calls one by one, series.c ------------------------------------------------ */

enum { BENCH_SAMPLES_MAX = 256 };

struct bench_sample {
	double serial_ns, time_ns; /* or what else was measured */
};

/*
 * So many times: a pause, then the serial loop so many calls in a row, and the same for the
 * contender, each in a block of its own.  The pair has the means.
 */
void bench_series(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                  unsigned calls, unsigned times, bool serial_first, struct bench_pair *out,
                  struct bench_sample *samples);

/*
 * So many times: a pause, then a loop of BODY_STAMP.  In a sample, time_ns is how long it took until
 * an item began on another thread (all of the call if none did), and serial_ns for how much of
 * that the caller ran no item, less the gaps that it has between items anyway.
 */
void bench_wake(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                unsigned times, struct bench_pair *out, struct bench_sample *samples);

/* ---- what is used between calls, periods.c ------------------------------------------ */

/* The loop once every period, so many times, at most
 * BENCH_SAMPLES_MAX: time per call, and the CPU time of all; also, how often
 * threads were woken, but for the measuring's own sleeps. */
void bench_periodic(const struct bench_loop *loop, uint64_t period_ns, unsigned times,
                    struct bench_pair *out);

/* A burst of the loop, then nothing for so long: the CPU time that nothing takes, as cpu_ns;
 * also, the wake-ups. */
void bench_idle(const struct bench_loop *loop, uint64_t idle_ns, struct bench_pair *out);

/* ---- several threads that call at once, callers.c --------------------------------- */

/*
 * For so long, so many threads call the loop again and again, each with its own items: time_ns
 * is the time by the number of calls of all.  serial_ns is the same of `width` threads that run
 * the serial loop; also, how many times as many calls the median caller got through as the one
 * with the fewest.  With second, every other thread calls the second pool.
 */
void bench_callers(const struct bench_loop *loop, unsigned width, unsigned callers, bool second,
                   uint64_t ns, struct bench_pair *out);

/* ---- and ------------------------------------------------------------------------------ */

/* A single call, which may be the first one of the process: time_ns; also, the bytes of memory that
 * the process has then. */
void bench_single(const struct bench_loop *loop, struct bench_pair *out);

/* Longer than any peer's workers go on looking for work. */
#define BENCH_DRAIN_NS 300000000u

/* ---- for series.c, periods.c and callers.c ------------------------------------------------------- */

void bench_pause(enum bench_mode mode, uint64_t ns);
/* Spoils what the loop writes; and a number that changes with each of these values. */
void bench_spoil(const struct bench_loop *loop);
uint64_t bench_digest(const struct bench_loop *loop);
/* How long so many calls take.  Failed ones are added to wrong. */
uint64_t bench_batch(const struct bench_loop *loop, uint64_t calls, uint64_t *wrong);
/*
 * Calls until it is clear how many fill a batch, and then such a batch, so that workers
 * are awake and caches full: how many.  call_ns becomes about what a call takes.
 */
uint64_t bench_settle(const struct bench_loop *loop, double *call_ns, uint64_t *wrong);
/* The same loop without a contender. */
struct bench_loop bench_serial(const struct bench_loop *loop);

#endif
