/* SPDX-License-Identifier: MIT */
/* Calls that are looked at one by one, see bench.h. */
#include "bench.h"

#include <stdlib.h>

/* ---- the loop and the serial loop --------------------------------------------------- */

static double block(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                    unsigned calls, unsigned times, uint64_t *wrong, double *sample)
{
	double sum = 0;

	bench_batch(loop, 1, wrong); /* finds what the block before left behind */
	for (unsigned k = 0; k < times; k++) {
		if (pause_ns > 0)
			bench_pause(mode, pause_ns);
		sample[k] = (double)bench_batch(loop, calls, wrong) / calls;
		sum += sample[k];
	}
	return times > 0 ? sum / times : 0;
}

void bench_series(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                  unsigned calls, unsigned times, bool serial_first, struct bench_pair *out,
                  struct bench_sample *samples)
{
	const struct bench_loop serial = bench_serial(loop);
	double time[BENCH_SAMPLES_MAX], serial_time[BENCH_SAMPLES_MAX];
	uint64_t sum = 0, serial_sum = 0;

	for (int turn = 0; turn < 2; turn++) {
		bench_spoil(loop);
		if ((turn == 0) == serial_first) {
			out->serial_ns = block(&serial, mode, pause_ns, calls, times, &out->wrong,
			                       serial_time);
			serial_sum = bench_digest(loop);
		} else {
			out->time_ns = block(loop, mode, pause_ns, calls, times, &out->wrong, time);
			sum = bench_digest(loop);
		}
	}
	out->wrong += sum != serial_sum;
	for (unsigned k = 0; k < times; k++)
		samples[k] = (struct bench_sample){serial_time[k], time[k]};
}

/* ---- until somebody helps -------------------------------------------------------------- */

static int by_begin(const void *a, const void *b)
{
	const struct stamp *x = a;
	const struct stamp *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

/* When the first item began that another thread ran; `never` if there is none. */
static uint64_t help_began(const struct stamp *stamps, size_t n, uint64_t never)
{
	uint64_t first = never;

	for (size_t i = 0; i < n; i++)
		if (stamps[i].thread != bodies_thread() && stamps[i].begin < first)
			first = stamps[i].begin;
	return first;
}

/*
 * For how long the caller, who began the call at `begin`, ran no item before help came, less what
 * it always needs from one item to the next.
 */
static double caller_lost(struct stamp *stamps, size_t n, uint64_t begin, uint64_t help)
{
	double gaps[BENCH_STAMPS_MAX];
	uint64_t last = begin;
	double lost = 0;
	size_t count = 0;

	qsort(stamps, n, sizeof *stamps, by_begin);
	for (size_t i = 0; i < n && stamps[i].begin < help; i++) {
		if (stamps[i].thread != bodies_thread())
			continue;
		gaps[count] = (double)(stamps[i].begin - last);
		lost += gaps[count++];
		last = stamps[i].end;
	}
	return lost - (double)count * bench_quartiles(gaps, count).median;
}

void bench_wake(const struct bench_loop *loop, enum bench_mode mode, uint64_t pause_ns,
                unsigned times, struct bench_pair *out, struct bench_sample *samples)
{
	const struct bench_loop serial = bench_serial(loop);

	bench_batch(loop, 1, &out->wrong);
	for (unsigned k = 0; k < times; k++) {
		bench_spoil(loop);
		bench_pause(mode, pause_ns);
		const uint64_t begin = bench_now();
		const uint64_t took = bench_batch(loop, 1, &out->wrong);
		const uint64_t help = help_began(loop->items->stamps, loop->n, begin + took);

		samples[k].time_ns = (double)(help - begin);
		samples[k].serial_ns = caller_lost(loop->items->stamps, loop->n, begin, help);
		out->time_ns += samples[k].time_ns / times;
		out->also += samples[k].serial_ns / times;
	}
	const uint64_t sum = bench_digest(loop);

	bench_spoil(loop);
	out->serial_ns = (double)bench_batch(&serial, 1, &out->wrong);
	out->wrong += sum != bench_digest(loop);
}
