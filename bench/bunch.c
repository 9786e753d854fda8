/* SPDX-License-Identifier: MIT */
/* See bunch.h. */
#include "bunch.h"

#include <string.h>

/* What the last so many calls came to, as a round of their own. */
static void end_round(struct bunch *b, size_t calls)
{
	double serial[BENCH_SAMPLES_MAX], time[BENCH_SAMPLES_MAX];
	struct bunch_rounds *by = &b->by_round;
	const size_t round = b->rounds - 1, first = b->count - calls;

	if (calls == 0 || round >= BUNCH_ROUNDS_MAX)
		return;
	memcpy(serial, &b->serial[first], calls * sizeof *serial);
	memcpy(time, &b->time[first], calls * sizeof *time);
	const double serial_mean = bunch_mean(serial, calls);

	by->ratio[round] = serial_mean > 0 ? bunch_mean(time, calls) / serial_mean : 0;
	by->serial[round] = bunch_quantile(serial, calls, 0.5);
	by->time[round] = bunch_quantile(time, calls, 0.5);
	by->slow[round] = bunch_quantile(time, calls, 0.95);
}

void bunch_round(struct setting *s, const struct entrant *e, const struct wire_request *request,
                 struct bunch *b)
{
	struct bench_sample samples[BENCH_SAMPLES_MAX];
	struct wire_request q = *request;
	struct bench_pair p;

	q.contender = e->index;
	q.serial_first = b->rounds++ % 2;
	memcpy(q.steps, s->steps, sizeof q.steps);
	turns_ask_series(e->host, &q, &p, samples);
	b->wrong += p.wrong;
	s->wrong += p.wrong;
	size_t calls = 0;

	for (; calls < q.times && b->count < BUNCH_MAX; calls++, b->count++) {
		b->serial[b->count] = samples[calls].serial_ns;
		b->time[b->count] = samples[calls].time_ns;
	}
	end_round(b, calls);
}

double bunch_mean(const double *values, size_t count)
{
	double sum = 0;

	for (size_t k = 0; k < count; k++)
		sum += values[k];
	return count > 0 ? sum / (double)count : 0;
}

double bunch_quantile(double *values, size_t count, double share)
{
	bench_quartiles(values, count);
	return count > 0 ? values[(size_t)(share * (double)(count - 1) + 0.5)] : 0;
}

/* What all rounds together came to, between the quartiles of what each of them did. */
static struct bench_quartiles between(double all, const double *by_round, size_t rounds)
{
	double values[BUNCH_ROUNDS_MAX];
	const size_t count = rounds < BUNCH_ROUNDS_MAX ? rounds : BUNCH_ROUNDS_MAX;

	memcpy(values, by_round, count * sizeof *values);
	struct bench_quartiles q = bench_quartiles(values, count);

	q.median = all;
	q.low = all < q.low ? all : q.low;
	q.high = all > q.high ? all : q.high;
	return q;
}

struct bench_quartiles bunch_slow(struct bunch *b)
{
	return between(bunch_quantile(b->time, b->count, 0.95), b->by_round.slow, b->rounds);
}

void bunch_record(struct bunch *b, struct record *r)
{
	const double mean = bunch_mean(b->time, b->count);
	const double serial_mean = bunch_mean(b->serial, b->count);

	r->rounds = b->rounds;
	r->wrong = b->wrong;
	r->time_ns = between(bunch_quantile(b->time, b->count, 0.5), b->by_round.time, b->rounds);
	r->samples = b->time;
	r->sample_count = b->count;
	if (serial_mean > 0) {
		r->serial_ns = between(bunch_quantile(b->serial, b->count, 0.5), b->by_round.serial,
		                       b->rounds);
		r->ratio = between(mean / serial_mean, b->by_round.ratio, b->rounds);
	}
	output_record(r);
}
