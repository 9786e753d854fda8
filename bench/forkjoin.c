/* SPDX-License-Identifier: MIT */
/*
 * Question: what does fork and join cost?  The classic programs, on 1, 2 and 64
 * workers, in proportion to the plain serial recursion; and a single fork and join of nothing, right
 * after the last one, after 200 us and after 20 ms, in which the caller computes or sleeps.
 * `loose` is the serial program where nothing keeps the compiler from unrolling it.
 * Expect that one worker takes no longer than the serial program (less, where the compiler
 * unrolls our recursion but was told not to unroll the serial one), two half of that, sixty-four on two
 * CPUs the same, and a single fork some tens of nanoseconds.
 *
 * A program of its own: peers cannot be handed these bodies.  ./dev bench forkjoin runs it.
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "commit.h"
#include "programs/programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTHS = 3, SPELLINGS = 2, ROUNDS_MOST = 64 };

static const unsigned widths[WIDTHS] = {1, 2, 64};
static const char *const spellings[SPELLINGS] = {"typed", "plain"};

static filch_pool *pools[WIDTHS];
static unsigned wrong;
static FILE *json;

static double now(void)
{
	return (double)bench_now();
}

/* ---- programs ----------------------------------------------------------------------- */

struct job {
	const struct program *p;
	double (*run)(filch_worker *w, int size);
	double result;
};

static int run_job(void *arg, filch_worker *w)
{
	struct job *job = arg;

	job->result = job->run(w, job->p->size);
	return 0;
}

static double timed_job(struct job *job, filch_pool *pool, double expected)
{
	double begin, ns;
	int code;

	program_reset(job->p);
	begin = now();
	code = filch_run(pool, run_job, job, NULL);
	ns = now() - begin;
	wrong += code || program_outcome(job->p, job->result) != expected;
	return ns;
}

static void record(const char *name, const char *how, unsigned workers, struct bench_quartiles q,
                   double target)
{
	printf("  %6.3f (%5.3f to %5.3f)", q.median, q.low, q.high);
	if (target > 0)
		printf("%s", q.median <= target ? "  " : " *");
	if (json)
		fprintf(json,
		        "{\"question\":\"forkjoin\",\"program\":\"%s\",\"how\":\"%s\","
		        "\"workers\":%u,\"ratio\":%.4f,\"low\":%.4f,\"high\":%.4f,"
		        "\"target\":%.2f,\"compiler\":\"%s\",\"commit\":\"%s\"}\n",
		        name, how, workers, q.median, q.low, q.high, target, __VERSION__,
		        BENCH_COMMIT);
}

/* How long the serial program takes where nothing keeps the compiler from unrolling it. */
static double timed_loose(const struct program *p, double expected)
{
	double begin, ns, returned;

	if (!p->loose)
		return 0;
	program_reset(p);
	begin = now();
	returned = p->loose(p->size);
	ns = now() - begin;
	wrong += program_outcome(p, returned) != expected;
	return ns;
}

static double timed_serial(const struct program *p, double *outcome)
{
	double begin, ns, returned;

	program_reset(p);
	begin = now();
	returned = p->serial(p->size);
	ns = now() - begin;
	*outcome = program_outcome(p, returned);
	wrong += *outcome == PROGRAM_WRONG || (p->result != 0 && *outcome != p->result);
	return ns;
}

static void ask_program(const struct program *p, int rounds)
{
	static double ratio[SPELLINGS][WIDTHS][ROUNDS_MOST], serial[ROUNDS_MOST];
	static double loose[ROUNDS_MOST];

	if (p->prepare && p->prepare(p->size)) {
		fprintf(stderr, "forkjoin: no memory for %s\n", p->name);
		exit(1);
	}
	for (int round = 0; round < rounds; round++) {
		double expected;

		serial[round] = timed_serial(p, &expected);
		loose[round] = timed_loose(p, expected) / serial[round];
		for (int i = 0; i < SPELLINGS * WIDTHS; i++) {
			/* In turns as to who is next to the serial program. */
			const int k = (i + round) % (SPELLINGS * WIDTHS);
			struct job job = {p, k / WIDTHS ? p->plain : p->typed, 0};

			if (job.run)
				ratio[k / WIDTHS][k % WIDTHS][round] =
					timed_job(&job, pools[k % WIDTHS], expected) /
					serial[round];
		}
	}
	printf("%-10s %7.1f ms %5.2f", p->name,
	       bench_quartiles(serial, (size_t)rounds).median / 1e6,
	       bench_quartiles(loose, (size_t)rounds).median);
	for (int s = 0; s < SPELLINGS; s++) {
		const bool aimed = s == 0 || !p->typed; /* the target is for the first of them */

		if (!(s ? p->plain : p->typed))
			continue;
		printf(aimed ? "%.0s %-6s" : "\n%-27s %-6s", "", spellings[s]);
		for (int k = 0; k < WIDTHS; k++)
			record(p->name, spellings[s], widths[k],
			       bench_quartiles(ratio[s][k], (size_t)rounds),
			       !aimed   ? 0
			       : k == 0 ? p->one
			       : k == 1 ? p->two
			                : 1.1 * p->two);
	}
	printf("\n");
}

/* ---- a single fork and join ------------------------------------------------------------ */

enum { SAMPLES_MOST = 1000 };

struct single {
	double pause_ns, ns[SAMPLES_MOST];
	bool sleeps;
	int samples;
};

static int nothing(void *arg, filch_worker *w)
{
	(void)w;
	*(volatile int *)arg += 1;
	return 0;
}

static void pause_for(double ns, bool sleeps)
{
	const double begin = now();

	if (sleeps)
		nanosleep(&(struct timespec){0, (long)ns}, NULL);
	while (now() - begin < ns)
		;
}

static int fork_singly(void *arg, filch_worker *w)
{
	struct single *s = arg;
	int count = 0;

	for (int i = 0; i < s->samples; i++) {
		filch_task t;
		double begin;

		pause_for(s->pause_ns, s->sleeps);
		begin = now();
		filch_fork(w, &t, nothing, &count);
		nothing(&count, w);
		filch_join(w, &t);
		s->ns[i] = now() - begin;
	}
	wrong += count != 2 * s->samples;
	return 0;
}

static void ask_single(void)
{
	static const double pauses[] = {0, 200e3, 20e6};
	static struct single s;

	printf("\na fork and join of nothing, after a pause; ns, one reading of the clock "
	       "included\n");
	for (int k = 0; k < 6; k++) {
		struct bench_quartiles q;

		s.pause_ns = pauses[k / 2];
		s.sleeps = k % 2;
		s.samples = s.pause_ns > 1e6 ? 60 : SAMPLES_MOST;
		if (filch_run(pools[1], fork_singly, &s, NULL))
			wrong++;
		q = bench_quartiles(s.ns, (size_t)s.samples);
		printf("%6.0f us, %-9s %8.0f (%.0f to %.0f)\n", s.pause_ns / 1e3,
		       s.sleeps ? "sleeping" : "computing", q.median, q.low, q.high);
		if (json)
			fprintf(json,
			        "{\"question\":\"forkjoin\",\"program\":\"single\",\"pause_ns\":%."
			        "0f,"
			        "\"sleeps\":%d,\"ns\":%.0f,\"low\":%.0f,\"high\":%.0f,"
			        "\"compiler\":\"%s\",\"commit\":\"%s\"}\n",
			        s.pause_ns, s.sleeps, q.median, q.low, q.high, __VERSION__,
			        BENCH_COMMIT);
	}
}

static int usage(void)
{
	fprintf(stderr,
	        "usage: filch-forkjoin [--quick | --full] [--only PROGRAM] [--json FILE]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	int rounds = 9;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--quick") == 0)
			rounds = 5;
		else if (strcmp(argv[i], "--full") == 0)
			rounds = 25;
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			only = argv[++i];
		else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
			json = fopen(argv[++i], "a");
			if (!json) {
				perror(argv[i]);
				return 2;
			}
		} else
			return usage();
	for (int k = 0; k < WIDTHS; k++)
		if (filch_pool_create(&pools[k], FILCH_POOL(.workers = widths[k])))
			return 1;
	printf("forkjoin: time / the plain serial recursion; median and quartiles of %d rounds; "
	       "* above the target\n%s\n\n%-10s %10s %5s %6s",
	       rounds, __VERSION__, "", "serial", "loose", "");
	for (int k = 0; k < WIDTHS; k++)
		printf("  %10u worker%s    ", widths[k], widths[k] > 1 ? "s" : " ");
	printf("\n");
	for (unsigned i = 0; i < programs_count; i++)
		if (!only || strcmp(only, programs[i]->name) == 0)
			ask_program(programs[i], rounds);
	if (!only)
		ask_single();
	for (int k = 0; k < WIDTHS; k++)
		filch_pool_destroy(pools[k]);
	printf("\n%u wrong results\n", wrong);
	return wrong || (json && fclose(json));
}
