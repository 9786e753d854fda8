/* SPDX-License-Identifier: MIT */
/*
 * OpenMP in its three schedules and as tasks, with whatever runtime the compiler brings: libgomp with
 * gcc, libomp with clang.  The loops are written as users write them, one item at a time
 * and inlined.  Its settings are the defaults but for the number of threads.
 */
#include "contender.h"

#include <omp.h>

#ifdef __clang__
#define RUNTIME "libomp"
#else
#define RUNTIME "libgomp"
#endif

#define PRAGMA(text) _Pragma(#text)

#define LOOP_static PRAGMA(omp parallel for schedule(static))
#define LOOP_dynamic PRAGMA(omp parallel for schedule(dynamic))
#define LOOP_guided PRAGMA(omp parallel for schedule(guided))
#define LOOP_taskloop PRAGMA(omp taskloop)

/*
 * One loop per kind of item, since a call through a pointer per item would cost an item
 * of a nanosecond ten times its own time.
 */
#define SCHEDULE(kind)                                                                             \
	static void double_##kind(int64_t n, const int64_t *restrict in, int64_t *restrict out)    \
	{                                                                                          \
		LOOP_##kind for (int64_t i = 0; i < n; i++) out[i] = body_double(in[i]);           \
	}                                                                                          \
                                                                                                   \
	static void chain_##kind(int64_t n, const int64_t *restrict in, int64_t *restrict out,     \
	                         uint32_t steps)                                                   \
	{                                                                                          \
		LOOP_##kind for (int64_t i = 0; i < n; i++) out[i] = body_chain(in[i], steps);     \
	}                                                                                          \
                                                                                                   \
	static void triad_##kind(int64_t n, const int64_t *restrict in,                            \
	                         const int64_t *restrict in2, int64_t *restrict out)               \
	{                                                                                          \
		LOOP_##kind for (int64_t i = 0; i < n; i++) out[i] = body_triad(in[i], in2[i]);    \
	}                                                                                          \
                                                                                                   \
	static void other_##kind(int64_t n, const struct body *body, struct items *items)          \
	{                                                                                          \
		LOOP_##kind for (int64_t i = 0; i < n; i++)                                        \
			body->range(items, (size_t)i, (size_t)i + 1, NULL);                        \
	}                                                                                          \
                                                                                                   \
	static int run_##kind(size_t n, const struct body *body, struct items *items)              \
	{                                                                                          \
		if (body->id == BODY_1NS)                                                          \
			double_##kind((int64_t)n, items->in, items->out);                          \
		else if (body->id <= BODY_ANY)                                                     \
			chain_##kind((int64_t)n, items->in, items->out, items->steps[body->id]);   \
		else if (body->id == BODY_TRIAD)                                                   \
			triad_##kind((int64_t)n, items->in, items->in2, items->out);               \
		else                                                                               \
			other_##kind((int64_t)n, body, items);                                     \
		return 0;                                                                          \
	}

SCHEDULE(static)
SCHEDULE(dynamic)
SCHEDULE(guided)
SCHEDULE(taskloop)

/* The tasks of a loop within a loop are for the threads that are there already. */
static int run_tasks(size_t n, const struct body *body, struct items *items)
{
	int code = 0;

	if (omp_in_parallel())
		return run_taskloop(n, body, items);
	PRAGMA(omp parallel)
	PRAGMA(omp single)
	code = run_taskloop(n, body, items);
	return code;
}

/* In the schedule that it has by default; an item at a time is not for items of a nanosecond. */
static int sum_static(size_t n, const double *x, double *sum)
{
	double all = 0;

	PRAGMA(omp parallel for reduction(+ : all))
	for (size_t i = 0; i < n; i++)
		all += x[i];
	*sum = all;
	return 0;
}

static void open_threads(unsigned workers)
{
	omp_set_dynamic(0);
	omp_set_num_threads((int)workers);
}

static const struct contender contenders[] = {
	{RUNTIME ":static", run_static, NULL, NULL, sum_static},
	{RUNTIME ":dynamic", run_dynamic, NULL, NULL, NULL},
	{RUNTIME ":guided", run_guided, NULL, NULL, NULL},
	{RUNTIME ":taskloop", run_tasks, NULL, NULL, NULL},
};

const struct family contender_family = {"", open_threads, 4, contenders, true};
