/* SPDX-License-Identifier: MIT */
/* The measuring core, see bench.h. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WARM_SAMPLES = 5, COLD_SAMPLES = 3 };

#define BATCH_NS 200000u      /* a timed batch of warm calls */
#define BLOCK_NS 2000000u     /* warm samples of a block together, unless one is longer */
#define LONG_CALL_NS 20000000 /* from here on a call is timed once per block */

/* ---- clocks and numbers ------------------------------------------------- */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t bench_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_cpu_now(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value at a place between two neighbours, by their weighted mean. */
static double value_at(const double *sorted, size_t count, double share)
{
	const double place = share * (double)(count - 1);
	const size_t below = (size_t)place;
	const size_t above = below + 1 < count ? below + 1 : below;

	return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

struct bench_quartiles bench_quartiles(double *values, size_t count)
{
	struct bench_quartiles q = {0, 0, 0};

	if (count == 0)
		return q;
	qsort(values, count, sizeof *values, compare);
	q.low = value_at(values, count, 0.25);
	q.median = value_at(values, count, 0.5);
	q.high = value_at(values, count, 0.75);
	return q;
}

void bench_pause(enum bench_mode mode, uint64_t ns)
{
	const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
	const uint64_t end = bench_now() + ns;

	if (mode == BENCH_SLEEP) {
		nanosleep(&t, NULL);
		return;
	}
	while (bench_now() < end)
		continue;
}

/* ---- items and their check ------------------------------------------------ */

static void *memory(size_t bytes)
{
	void *p = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);

	if (!p) {
		fprintf(stderr, "bench: no memory for %zu bytes\n", bytes);
		exit(1);
	}
	return p;
}

void bench_items_init(struct items *items)
{
	items->in = memory(BENCH_ITEMS_MAX * sizeof *items->in);
	items->in2 = memory(BENCH_ITEMS_MAX * sizeof *items->in2);
	items->out = memory(BENCH_ITEMS_MAX * sizeof *items->out);
	items->counts = memory(BENCH_ITEMS_MAX);
	items->stamps = memory(BENCH_STAMPS_MAX * sizeof *items->stamps);
}

void bench_items_fill(struct items *items, size_t n)
{
	static size_t filled;
	int64_t *in = (int64_t *)items->in;
	int64_t *in2 = (int64_t *)items->in2;

	for (; filled < n; filled++) {
		in[filled] = (int64_t)(filled * 2654435761u % 1000000007u);
		in2[filled] = in[filled] ^ (int64_t)filled;
	}
}

void bench_numbers(struct items *items, size_t n)
{
	static size_t filled;

	if (filled == n)
		return;
	free(items->numbers);
	filled = n;
	items->numbers = n > 0 ? memory(n * sizeof *items->numbers) : NULL;
	for (size_t i = 0; i < n; i++) /* the sum of 10^8 of them is below 2^53 */
		items->numbers[i] = (double)(i * 2654435761u % 67108859u);
}

void bench_spoil(const struct bench_loop *loop)
{
	memset(loop->items->out, 0x5a, loop->outputs * sizeof *loop->items->out);
}

/* A number that changes with every value and with its place. */
uint64_t bench_digest(const struct bench_loop *loop)
{
	uint64_t sum = loop->outputs;

	for (size_t i = 0; i < loop->outputs; i++)
		sum += ((uint64_t)loop->items->out[i] + i) * (2 * i + 0x9e3779b97f4a7c15u);
	return sum;
}

/* ---- one block ------------------------------------------------------------- */

static uint64_t sum_again(const struct bench_loop *loop, uint64_t calls)
{
	uint64_t failed = 0;
	double sum = 0;

	for (uint64_t k = 0; k < calls; k++) {
		failed += loop->contender->sum(loop->n, loop->items->numbers, &sum) != 0;
		loop->items->out[0] = (int64_t)sum;
	}
	return failed;
}

uint64_t bench_batch(const struct bench_loop *loop, uint64_t calls, uint64_t *wrong)
{
	const bool is_plain = loop->body->id == BODY_NESTED && loop->items->nest.serial[0];
	const struct contender *c = is_plain ? NULL : loop->contender;
	uint64_t failed = 0;

	loop->items->run = loop->contender ? loop->contender->run : NULL;
	const uint64_t begin = bench_now();

	if (c && loop->body->id == BODY_SUM) {
		failed = sum_again(loop, calls);
	} else if (c) {
		for (uint64_t k = 0; k < calls; k++)
			failed += c->run(loop->n, loop->body, loop->items) != 0;
	} else {
		for (uint64_t k = 0; k < calls; k++)
			failed += loop->body->range(loop->items, 0, loop->n, NULL) != 0;
	}
	const uint64_t end = bench_now();

	*wrong += failed;
	return end - begin;
}

uint64_t bench_settle(const struct bench_loop *loop, double *call_ns, uint64_t *wrong)
{
	uint64_t calls = 1;
	uint64_t ns;

	for (;;) {
		ns = bench_batch(loop, calls, wrong);
		if (ns >= LONG_CALL_NS / 10)
			break;
		const uint64_t again = bench_batch(loop, calls, wrong);

		/* The shorter of the two: an interruption must not look like a long call. */
		ns = again < ns ? again : ns;
		if (ns >= BATCH_NS / 8)
			break;
		calls *= 4;
	}
	*call_ns = (double)ns / (double)calls;
	calls = (uint64_t)(BATCH_NS / *call_ns) + 1;
	if (calls > 1)
		bench_batch(loop, calls, wrong);
	return calls;
}

static double warm_block(const struct bench_loop *loop, uint64_t *wrong)
{
	double sample[WARM_SAMPLES];
	double call_ns;

	if (loop->at_once)
		return (double)bench_batch(loop, 1, wrong);

	const uint64_t calls = bench_settle(loop, &call_ns, wrong);
	const double fit = BLOCK_NS / (call_ns * (double)calls);
	const unsigned samples = fit > WARM_SAMPLES ? WARM_SAMPLES : fit < 1 ? 1 : (unsigned)fit;

	for (unsigned k = 0; k < samples; k++)
		sample[k] = (double)bench_batch(loop, calls, wrong) / (double)calls;
	return bench_quartiles(sample, samples).median;
}

/* The first call, which finds what the block before left behind, is not timed. */
static double cold_block(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                         uint64_t *wrong)
{
	double sample[COLD_SAMPLES];
	const bool is_long = loop->at_once || bench_batch(loop, 1, wrong) >= LONG_CALL_NS;
	const unsigned samples = is_long ? 1 : COLD_SAMPLES;

	for (unsigned k = 0; k < samples; k++) {
		bench_pause(mode, pause_ns);
		sample[k] = (double)bench_batch(loop, 1, wrong);
	}
	return bench_quartiles(sample, samples).median;
}

static double block(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                    struct bench_pair *out, uint64_t *sum)
{
	double ns;

	bench_spoil(loop);
	if (mode == BENCH_WARM)
		ns = warm_block(loop, &out->wrong);
	else
		ns = cold_block(loop, mode, pause_ns, &out->wrong);
	*sum = bench_digest(loop);
	return ns;
}

/* ---- what can be asked -------------------------------------------------------- */

struct bench_loop bench_serial(const struct bench_loop *loop)
{
	struct bench_loop serial = *loop;

	serial.contender = NULL;
	return serial;
}

void bench_round(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                 bool serial_first, struct bench_pair *out)
{
	const struct bench_loop serial = bench_serial(loop);
	uint64_t sum, serial_sum;

	if (serial_first)
		out->serial_ns = block(&serial, mode, pause_ns, out, &serial_sum);
	out->time_ns = block(loop, mode, pause_ns, out, &sum);
	if (!serial_first)
		out->serial_ns = block(&serial, mode, pause_ns, out, &serial_sum);
	out->wrong += sum != serial_sum;
}

/* No two numbers are the same, so a sum is right if each of them was added once. */
static uint64_t count_sum(const struct bench_loop *loop)
{
	const struct bench_loop serial = bench_serial(loop);
	uint64_t wrong = 0;

	bench_spoil(loop);
	bench_batch(loop, 1, &wrong);
	const uint64_t sum = bench_digest(loop);

	bench_spoil(loop);
	bench_batch(&serial, 1, &wrong);
	return wrong + (sum != bench_digest(loop));
}

uint64_t bench_count(const struct bench_loop *loop)
{
	const unsigned char *counts = loop->items->counts;
	const enum body_id leaf = loop->items->nest.leaf;
	struct bench_loop counting = *loop;
	uint64_t wrong = 0;

	if (loop->body->id == BODY_SUM)
		return count_sum(loop);
	loop->items->counted = loop->body->id;
	if (loop->body->id == BODY_NESTED) {
		loop->items->counted = leaf;
		loop->items->nest.leaf = BODY_COUNT;
	} else {
		counting.body = &bodies[BODY_COUNT];
	}
	memset(loop->items->counts, 0, loop->outputs);
	bench_spoil(loop);
	bench_batch(&counting, 1, &wrong);
	loop->items->nest.leaf = leaf;
	for (size_t i = 0; i < loop->outputs; i++)
		wrong += counts[i] != 1;
	const uint64_t sum = bench_digest(loop);

	counting = bench_serial(loop);
	if (loop->body->id == BODY_SLEEP) /* it doubles, too */
		counting.body = &bodies[BODY_1NS];
	bench_spoil(loop);
	bench_batch(&counting, 1, &wrong);
	return wrong + (sum != bench_digest(loop));
}

/* Of this process, by the system's word; 0 if it does not say. */
static double resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	double pages = 0;

	if (f && fscanf(f, "%*s %lf", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (double)sysconf(_SC_PAGESIZE);
}

void bench_single(const struct bench_loop *loop, struct bench_pair *out)
{
	struct bench_loop serial = bench_serial(loop);

	bench_spoil(loop);
	out->time_ns = (double)bench_batch(loop, 1, &out->wrong);
	out->also = resident_bytes();
	const uint64_t sum = bench_digest(loop);

	if (loop->body->id == BODY_SLEEP) /* it doubles, too */
		serial.body = &bodies[BODY_1NS];
	bench_spoil(loop);
	out->serial_ns = (double)bench_batch(&serial, 1, &out->wrong);
	out->wrong += sum != bench_digest(loop);
}
