/* SPDX-License-Identifier: MIT */
/*
 * Question: what does fork and join cost?  The classic programs, on 1, 2 and 64
 * workers, in proportion to the plain serial recursion; and a single fork and join of nothing, right
 * after the last one, after 200 us and after 20 ms, in which the caller computes or sleeps.
 * `loose` is the serial program where nothing keeps the compiler from unrolling it.
 * Expect that one worker takes no longer than the serial program (less, where the compiler
 * unrolls our recursion but was told not to unroll the serial one), two half of that, sixty-four on two
 * CPUs the same, and a single fork some tens of nanoseconds.  leaves.c and price.c ask two more.
 *
 * A program of its own: peers cannot be handed these bodies.  ./dev bench forkjoin runs it.
 */
#define _POSIX_C_SOURCE 200809L
#include "forkjoin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTHS = 3, SPELLINGS = 2, ROUNDS_MOST = FORKJOIN_ROUNDS_MOST };

#define CROWD_LIMIT 1.1 /* 64 workers beside two */

static const unsigned widths[WIDTHS] = {1, 2, 64};
static const char *const spellings[SPELLINGS] = {"typed", "plain"};

static filch_pool *pools[WIDTHS];
static unsigned met, missed;

unsigned forkjoin_wrong;

void forkjoin_record(const struct record *r, const char *how, unsigned workers)
{
	struct host host = {.workers = workers};
	const struct entrant entrant = {&host, 0, "filch"};
	struct record whole = *r;
	char mode[64];

	snprintf(mode, sizeof mode, "%s, %s", how, OUTPUT_BY);
	snprintf(host.hello.version, sizeof host.hello.version, "filch %s", FILCH_VERSION);
	snprintf(host.hello.compiler, sizeof host.hello.compiler, "%s", OUTPUT_COMPILER);
	whole.question = "forkjoin";
	whole.mode = mode;
	whole.entrant = &entrant;
	output_record(&whole);
}

const char *forkjoin_judged(bool is_met)
{
	met += is_met;
	missed += !is_met;
	return is_met ? "  " : " *";
}

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

double forkjoin_timed(const struct program *p, double (*run)(filch_worker *w, int size),
                      filch_pool *pool, double expected)
{
	struct job job = {p, run, 0};
	double begin, ns;
	int code;

	program_reset(p);
	begin = now();
	code = filch_run(pool, run_job, &job, NULL);
	ns = now() - begin;
	forkjoin_wrong += code || program_outcome(p, job.result) != expected;
	return ns;
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
	forkjoin_wrong += program_outcome(p, returned) != expected;
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
	forkjoin_wrong += *outcome == PROGRAM_WRONG || (p->result != 0 && *outcome != p->result);
	return ns;
}

/* The rounds of a program; in turns as to who is next to the serial one. */
static struct sample {
	double serial[ROUNDS_MOST], loose[ROUNDS_MOST];
	double time[SPELLINGS][WIDTHS][ROUNDS_MOST], ratio[SPELLINGS][WIDTHS][ROUNDS_MOST];
	double crowd[SPELLINGS][ROUNDS_MOST]; /* 64 workers by two */
	unsigned wrong[SPELLINGS][WIDTHS];
} sample;

static void one_round(const struct program *p, int round)
{
	double expected;

	sample.serial[round] = timed_serial(p, &expected);
	sample.loose[round] = timed_loose(p, expected) / sample.serial[round];
	for (int i = 0; i < SPELLINGS * WIDTHS; i++) {
		const int place = (i + round) % (SPELLINGS * WIDTHS);
		const int spelling = place / WIDTHS, width = place % WIDTHS;
		double (*const run)(filch_worker *, int) = spelling ? p->plain : p->typed;
		const unsigned before = forkjoin_wrong;

		if (!run)
			continue;
		const double ns = forkjoin_timed(p, run, pools[width], expected);

		sample.time[spelling][width][round] = ns;
		sample.ratio[spelling][width][round] = ns / sample.serial[round];
		sample.wrong[spelling][width] += forkjoin_wrong - before;
	}
	for (int s = 0; s < SPELLINGS; s++)
		sample.crowd[s][round] = sample.time[s][2][round] / sample.time[s][1][round];
}

/* Typed tasks and plain functions have targets of their own, where a program has both; 64 workers are
 * held against what two took in the same rounds.  0 = none. */
static double target_of(const struct program *p, int spelling, int width)
{
	const bool is_second = spelling == 1 && p->typed;

	if (width == 2)
		return CROWD_LIMIT;
	if (width == 1)
		return is_second ? p->plain_two : p->two;
	return is_second ? p->plain_one : p->one;
}

static void cell(const struct program *p, int spelling, int width, int rounds)
{
	const double target = target_of(p, spelling, width);
	struct record r = {.body = p->name,
	                   .n = (uint64_t)p->size,
	                   .rounds = (size_t)rounds,
	                   .wrong = sample.wrong[spelling][width]};
	double judged;

	r.serial_ns = bench_quartiles(sample.serial, r.rounds);
	r.time_ns = bench_quartiles(sample.time[spelling][width], r.rounds);
	r.ratio = bench_quartiles(sample.ratio[spelling][width], r.rounds);
	forkjoin_record(&r, spellings[spelling], widths[width]);
	judged = width == 2 ? bench_quartiles(sample.crowd[spelling], r.rounds).median
	                    : r.ratio.median;
	printf("  %6.3f (%5.3f to %5.3f)%s", r.ratio.median, r.ratio.low, r.ratio.high,
	       target > 0 ? forkjoin_judged(judged <= target) : "  ");
}

static void ask_program(const struct program *p, int rounds)
{
	if (p->prepare && p->prepare(p->size)) {
		fprintf(stderr, "forkjoin: no memory for %s\n", p->name);
		exit(1);
	}
	memset(&sample, 0, sizeof sample);
	for (int round = 0; round < rounds; round++)
		one_round(p, round);
	printf("%-10s %7.1f ms %5.2f", p->name,
	       bench_quartiles(sample.serial, (size_t)rounds).median / 1e6,
	       bench_quartiles(sample.loose, (size_t)rounds).median);
	for (int s = 0; s < SPELLINGS; s++)
		if (s ? p->plain : p->typed) {
			printf(s == 0 || !p->typed ? "%.0s %-6s" : "\n%-27s %-6s", "",
			       spellings[s]);
			for (int k = 0; k < WIDTHS; k++)
				cell(p, s, k, rounds);
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
	forkjoin_wrong += count != 2 * s->samples;
	return 0;
}

static void ask_single(void)
{
	static const double pauses[] = {0, 200e3, 20e6}, targets[] = {100, 100, 2500};
	static struct single s;

	printf("\na fork and join of nothing, after a pause; ns, one reading of the clock "
	       "included; at most 100, after 20 ms 2500\n");
	for (int k = 0; k < 6; k++) {
		char body[48];
		struct record r = {.body = body, .n = 1, .wrong = forkjoin_wrong};

		s.pause_ns = pauses[k / 2];
		s.sleeps = k % 2;
		s.samples = s.pause_ns > 1e6 ? 60 : SAMPLES_MOST;
		if (filch_run(pools[1], fork_singly, &s, NULL))
			forkjoin_wrong++;
		snprintf(body, sizeof body, "after %.0f us, %s", s.pause_ns / 1e3,
		         s.sleeps ? "sleeping" : "computing");
		r.rounds = (size_t)s.samples;
		r.time_ns = bench_quartiles(s.ns, r.rounds);
		r.wrong = forkjoin_wrong - r.wrong;
		forkjoin_record(&r, "a fork and join of nothing", widths[1]);
		printf("%6.0f us, %-9s %8.0f (%.0f to %.0f)%s\n", s.pause_ns / 1e3,
		       s.sleeps ? "sleeping" : "computing", r.time_ns.median, r.time_ns.low,
		       r.time_ns.high, forkjoin_judged(r.time_ns.median <= targets[k / 2]));
	}
}

static void open_pools(void)
{
	for (int k = 0; k < WIDTHS; k++) {
		if (filch_pool_create(&pools[k], FILCH_POOL(.workers = widths[k]))) {
			fprintf(stderr, "forkjoin: no pool of %u workers\n", widths[k]);
			exit(1);
		}
	}
}

/* With `full` those sizes that take a second. */
static struct program sized(const struct program *p, bool full)
{
	struct program sized = *p;

	if (full && p->full) {
		sized.size = p->full;
		sized.result = p->full_result;
	}
	return sized;
}

static bool is_wanted(const char *only, const char *name)
{
	return !only || strcmp(only, name) == 0;
}

static int usage(void)
{
	fprintf(stderr,
	        "usage: filch-forkjoin [--quick | --full] [--only PROGRAM | single | leaves | "
	        "price] [--json FILE]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	bool full = false;
	int rounds = 9;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--quick") == 0)
			rounds = 5;
		else if (strcmp(argv[i], "--full") == 0)
			full = true, rounds = 25;
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			only = argv[++i];
		else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
			if (!output_append(argv[++i])) {
				perror(argv[i]);
				return 2;
			}
		} else
			return usage();
	open_pools();
	printf("forkjoin: time / the plain serial recursion; median and quartiles of %d rounds; "
	       "* above the target\n%s\n\n%-10s %10s %5s %6s",
	       rounds, __VERSION__, "", "serial", "loose", "");
	for (int k = 0; k < WIDTHS; k++)
		printf("  %10u worker%s    ", widths[k], widths[k] > 1 ? "s" : " ");
	printf("\n");
	for (unsigned i = 0; i < programs_count; i++)
		if (is_wanted(only, programs[i]->name)) {
			const struct program p = sized(programs[i], full);

			ask_program(&p, rounds);
		}
	if (is_wanted(only, "single"))
		ask_single();
	if (is_wanted(only, "leaves"))
		forkjoin_ask_leaves(rounds);
	if (is_wanted(only, "price"))
		forkjoin_ask_price(pools[0], rounds);
	for (int k = 0; k < WIDTHS; k++)
		filch_pool_destroy(pools[k]);
	printf("\ntargets: %u met, %u missed; %u wrong results\n", met, missed, forkjoin_wrong);
	output_close();
	return forkjoin_wrong > 0;
}
