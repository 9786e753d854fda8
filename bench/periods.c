/* SPDX-License-Identifier: MIT */
/* What is used between calls, see bench.h. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <sys/resource.h>
#include <time.h>

/* How often threads of this process have waited for something, and were woken. */
static long wakeups_now(void)
{
	struct rusage usage = {.ru_nvcsw = 0};

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

/* Since then, but for what the measuring itself slept. */
static double wakeups_since(long then, unsigned own)
{
	const long all = wakeups_now() - then;

	return all > (long)own ? (double)(all - (long)own) : 0;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		continue;
}

/* Median time per call; the CPU time and wake-ups of everything from the first sleep to the last. */
static double ticks(const struct bench_loop *loop, uint64_t period_ns, unsigned times,
                    double *cpu_ns, double *wakeups, uint64_t *wrong)
{
	double sample[BENCH_SAMPLES_MAX];

	bench_pause(BENCH_SLEEP, BENCH_DRAIN_NS);
	bench_batch(loop, 1, wrong);
	const long woken = wakeups_now();
	const uint64_t cpu = bench_cpu_now();
	const uint64_t begin = bench_now();

	for (unsigned k = 0; k < times; k++) {
		sleep_until(begin + (k + 1) * period_ns);
		sample[k] = (double)bench_batch(loop, 1, wrong);
	}
	sleep_until(begin + (times + 1) * period_ns);
	*cpu_ns = (double)(bench_cpu_now() - cpu);
	*wakeups = wakeups_since(woken, times + 1);
	return bench_quartiles(sample, times).median;
}

void bench_periodic(const struct bench_loop *loop, uint64_t period_ns, unsigned times,
                    struct bench_pair *out)
{
	const struct bench_loop serial = bench_serial(loop);
	double of_serial;

	bench_spoil(loop);
	out->serial_ns =
		ticks(&serial, period_ns, times, &out->serial_cpu_ns, &of_serial, &out->wrong);
	const uint64_t sum = bench_digest(loop);

	bench_spoil(loop);
	out->time_ns = ticks(loop, period_ns, times, &out->cpu_ns, &out->also, &out->wrong);
	out->wrong += sum != bench_digest(loop);
}

void bench_idle(const struct bench_loop *loop, uint64_t idle_ns, struct bench_pair *out)
{
	double call_ns;

	bench_settle(loop, &call_ns, &out->wrong);
	const long woken = wakeups_now();
	const uint64_t cpu = bench_cpu_now();

	bench_pause(BENCH_SLEEP, idle_ns);
	out->cpu_ns = (double)(bench_cpu_now() - cpu);
	out->also = wakeups_since(woken, 1);
	out->time_ns = call_ns;
}
