/* SPDX-License-Identifier: MIT */
/*
 * The bodies of all benches, see bodies.h.  The functions of the chains differ in the
 * constant only, which also keeps the compiler from making one function of them.
 */
#define _POSIX_C_SOURCE 200809L
#include "bodies.h"

#include <stdatomic.h>
#include <time.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int range_double(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;
	const int64_t *restrict in = items->in;
	int64_t *restrict out = items->out;

	(void)w;
	for (size_t i = begin; i < end; i++)
		out[i] = body_double(in[i]);
	return 0;
}

#define RANGE_CHAIN(name, id)                                                                      \
	static int name(void *ctx, size_t begin, size_t end, filch_worker *w)                      \
	{                                                                                          \
		const struct items *items = ctx;                                                   \
		const uint32_t steps = items->steps[id];                                           \
                                                                                                   \
		(void)w;                                                                           \
		for (size_t i = begin; i < end; i++)                                               \
			items->out[i] = body_chain(items->in[i], steps);                           \
		return 0;                                                                          \
	}

RANGE_CHAIN(range_10ns, BODY_10NS)
RANGE_CHAIN(range_100ns, BODY_100NS)
RANGE_CHAIN(range_1us, BODY_1US)
RANGE_CHAIN(range_10us, BODY_10US)
RANGE_CHAIN(range_100us, BODY_100US)
RANGE_CHAIN(range_1ms, BODY_1MS)
RANGE_CHAIN(range_any, BODY_ANY)

static int range_count(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;
	atomic_uchar *counts = items->counts;
	const struct body *counted = &bodies[items->counted];
	int code = 0;

	for (size_t i = begin; i < end && code == 0; i++) {
		/* relaxed: it only counts; whoever waited for the loop reads it. */
		atomic_fetch_add_explicit(&counts[i], 1, memory_order_relaxed);
		code = counted->range(ctx, i, i + 1, w);
	}
	return code;
}

static int range_sleep(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;
	const struct timespec pause = {(time_t)(items->sleep_ns / 1000000000),
	                               (long)(items->sleep_ns % 1000000000)};

	(void)w;
	for (size_t i = begin; i < end; i++) {
		nanosleep(&pause, NULL);
		items->out[i] = body_double(items->in[i]);
	}
	return 0;
}

static int range_weighted(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		items->out[i] = body_chain(items->in[i], items->weights[i]);
	return 0;
}

enum { PICTURE = 256, DEEPEST = 256 };

/* How often the point stays near, over all points of the row. */
static int64_t mandelbrot_row(size_t row)
{
	const double y0 = -1.25 + 2.5 * (double)row / PICTURE;
	int64_t sum = 0;

	for (int column = 0; column < PICTURE; column++) {
		const double x0 = -2 + 2.5 * column / PICTURE;
		double x = 0, y = 0;
		int depth = 0;

		for (; depth < DEEPEST && x * x + y * y < 4; depth++) {
			const double next = x * x - y * y + x0;

			y = 2 * x * y + y0;
			x = next;
		}
		sum += depth;
	}
	return sum;
}

static int range_mandelbrot(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		items->out[i] = mandelbrot_row(i);
	return 0;
}

static int range_spmv(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;
	const struct matrix *m = items->matrix;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		double sum = 0;

		for (size_t k = m->first[i]; k < m->first[i + 1]; k++)
			sum += m->value[k] * m->x[m->column[k]];
		items->out[i] = (int64_t)(sum * 1e6);
	}
	return 0;
}

static int range_triad(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;
	const int64_t *restrict in = items->in;
	const int64_t *restrict in2 = items->in2;
	int64_t *restrict out = items->out;

	(void)w;
	for (size_t i = begin; i < end; i++)
		out[i] = body_triad(in[i], in2[i]);
	return 0;
}

double bodies_sum(const double *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

static int range_sum(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;

	(void)w;
	items->out[0] = (int64_t)bodies_sum(items->numbers + begin, end - begin);
	return 0;
}

/* The leaves of one item of this level lie one after the other. */
static int range_nested(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;
	const struct nest *nest = &items->nest;
	const unsigned level = items->level + 1;
	const struct body *body = &bodies[level + 1 < nest->levels ? BODY_NESTED : nest->leaf];
	size_t leaves = 1;
	int code = 0;

	for (unsigned k = level; k < nest->levels; k++)
		leaves *= nest->width[k];
	for (size_t i = begin; i < end && code == 0; i++) {
		struct items inner = *items;

		inner.level = level;
		inner.in += i * leaves;
		inner.out += i * leaves;
		inner.counts = (unsigned char *)inner.counts + i * leaves;
		if (inner.run && !nest->serial[level])
			code = inner.run(nest->width[level], body, &inner);
		else
			code = body->range(&inner, 0, nest->width[level], w);
	}
	return code;
}

const void *bodies_thread(void)
{
	static _Thread_local char here;

	return &here;
}

static int range_stamp(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct items *items = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		struct stamp *stamp = &items->stamps[i];

		stamp->begin = now();
		items->out[i] = body_chain(items->in[i], items->steps[BODY_1US]);
		stamp->thread = bodies_thread();
		stamp->end = now();
	}
	return 0;
}

const struct body bodies[BODIES] = {
	[BODY_1NS] = {"1 ns", range_double, BODY_1NS, 1},
	[BODY_10NS] = {"10 ns", range_10ns, BODY_10NS, 1e1},
	[BODY_100NS] = {"100 ns", range_100ns, BODY_100NS, 1e2},
	[BODY_1US] = {"1 us", range_1us, BODY_1US, 1e3},
	[BODY_10US] = {"10 us", range_10us, BODY_10US, 1e4},
	[BODY_100US] = {"100 us", range_100us, BODY_100US, 1e5},
	[BODY_1MS] = {"1 ms", range_1ms, BODY_1MS, 1e6},
	[BODY_ANY] = {"any", range_any, BODY_ANY, 0},
	[BODY_COUNT] = {"count", range_count, BODY_COUNT, 0},
	[BODY_SLEEP] = {"sleep", range_sleep, BODY_SLEEP, 0},
	[BODY_WEIGHTED] = {"weighted", range_weighted, BODY_WEIGHTED, 0},
	[BODY_MANDELBROT] = {"mandelbrot", range_mandelbrot, BODY_MANDELBROT, 0},
	[BODY_SPMV] = {"spmv", range_spmv, BODY_SPMV, 0},
	[BODY_TRIAD] = {"triad", range_triad, BODY_TRIAD, 0},
	[BODY_NESTED] = {"nested", range_nested, BODY_NESTED, 0},
	[BODY_SUM] = {"sum", range_sum, BODY_SUM, 0},
	[BODY_STAMP] = {"stamp", range_stamp, BODY_STAMP, 0},
};

enum { TRIAL_ITEMS = 64, TRIALS = 9 };

/* The least of some trials, per item: what it costs when nothing disturbs. */
static double trial_ns(struct items *items, uint32_t steps, size_t n)
{
	double best = 1e18;

	items->steps[BODY_ANY] = steps;
	for (int k = 0; k < TRIALS; k++) {
		const uint64_t begin = now();

		range_any(items, 0, n, NULL);
		const double ns = (double)(now() - begin);

		if (ns / (double)n < best)
			best = ns / (double)n;
	}
	return best;
}

void bodies_calibrate(struct items *items)
{
	int64_t in[TRIAL_ITEMS] = {0};
	int64_t out[TRIAL_ITEMS];

	items->in = in;
	items->out = out;
	trial_ns(items, 1000000, 1); /* lets the clock rate of the CPU settle */

	const double one = trial_ns(items, 1, TRIAL_ITEMS);
	const double link = (trial_ns(items, 10001, 4) - one) / 10000;

	for (int id = BODY_10NS; id < BODY_COSTS; id++) {
		const double links = (bodies[id].cost_ns - one) / link + 1;

		items->steps[id] = links > 1 ? (uint32_t)(links + 0.5) : 1;
	}
	items->steps[BODY_ANY] = 0;
	items->in = NULL;
	items->out = NULL;
}
