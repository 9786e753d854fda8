/* SPDX-License-Identifier: MIT */
/* See bunch.h. */
#include "bunch.h"

#include <string.h>

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
	for (unsigned k = 0; k < q.times && b->count < BUNCH_MAX; k++, b->count++) {
		b->serial[b->count] = samples[k].serial_ns;
		b->time[b->count] = samples[k].time_ns;
	}
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

void bunch_record(struct bunch *b, const char *question, const char *mode, const char *name,
                  const struct entrant *e, uint64_t n)
{
	const double mean = bunch_mean(b->time, b->count);
	const double serial_mean = bunch_mean(b->serial, b->count);
	struct record r = {.question = question,
	                   .mode = mode,
	                   .entrant = e,
	                   .body = name,
	                   .n = n,
	                   .rounds = b->rounds,
	                   .wrong = b->wrong,
	                   .samples = b->time,
	                   .sample_count = b->count};

	r.serial_ns = bench_quartiles(b->serial, b->count);
	r.time_ns = bench_quartiles(b->time, b->count);
	if (serial_mean > 0) /* of the means: what is lost now and then counts, too */
		r.ratio.low = r.ratio.median = r.ratio.high = mean / serial_mean;
	output_record(&r);
}
