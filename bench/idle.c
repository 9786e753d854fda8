/* SPDX-License-Identifier: MIT */
/*
 * Question: what does a pool burn that has nothing to do, or little?
 * Expect nothing at all with nothing to do, and about the CPU time of the serial loop
 * with a short loop now and then.  Libraries whose workers spin between loops burn up to
 * a CPU per worker.
 */
#include "question.h"

enum { ROUNDS_MAX = 7, TICKS = 100 };

#define IDLE_NS 2000000000u
#define PERIOD_NS 5000000u
#define LOOP_ITEMS 100 /* of 1 us */

static const unsigned idle_rounds[LEVELS] = {1, 3, 5};
static const unsigned periodic_rounds[LEVELS] = {3, 5, 7};
static const unsigned peer_rounds[LEVELS] = {1, 1, 3};

static void ask(struct setting *s, const struct entrant *e, enum wire_ask what,
                struct bench_pair *out)
{
	struct wire_request q = {.ask = what,
	                         .contender = e->index,
	                         .body = BODY_1US,
	                         .n = LOOP_ITEMS,
	                         .times = TICKS,
	                         .ns = what == WIRE_IDLE ? IDLE_NS : PERIOD_NS};

	for (int k = 0; k < BODIES; k++)
		q.steps[k] = s->steps[k];
	turns_ask(e->host, &q, out);
	s->wrong += out->wrong;
}

static unsigned rounds_of(const struct setting *s, const struct entrant *e, const unsigned *own)
{
	return turns_is_own(e) ? own[s->level] : peer_rounds[s->level];
}

static struct bench_quartiles nothing_to_do(struct setting *s, const struct entrant *e)
{
	const unsigned rounds = rounds_of(s, e, idle_rounds);
	struct record r = {"idle", "nothing", e, "1 us", LOOP_ITEMS, rounds, .wrong = 0};
	double cpu[ROUNDS_MAX];

	for (unsigned k = 0; k < rounds; k++) {
		struct bench_pair p;

		ask(s, e, WIRE_IDLE, &p);
		cpu[k] = p.cpu_ns;
		r.wrong += p.wrong;
		output_step("idle");
	}
	r.cpu_ns = bench_quartiles(cpu, rounds);
	output_record(&r);
	return r.cpu_ns;
}

/* A short loop now and then. */
static struct record now_and_then(struct setting *s, const struct entrant *e)
{
	const unsigned rounds = rounds_of(s, e, periodic_rounds);
	struct record r = {"idle", "periodic", e, "1 us", LOOP_ITEMS, rounds, .wrong = 0};
	double cpu[ROUNDS_MAX], serial_cpu[ROUNDS_MAX], time[ROUNDS_MAX], serial[ROUNDS_MAX];
	double ratio[ROUNDS_MAX];

	for (unsigned k = 0; k < rounds; k++) {
		struct bench_pair p;

		ask(s, e, WIRE_PERIODIC, &p);
		cpu[k] = p.cpu_ns;
		serial_cpu[k] = p.serial_cpu_ns;
		time[k] = p.time_ns;
		serial[k] = p.serial_ns;
		ratio[k] = p.serial_cpu_ns > 0 ? p.cpu_ns / p.serial_cpu_ns : 0;
		r.wrong += p.wrong;
		output_step("periodic");
	}
	r.cpu_ns = bench_quartiles(cpu, rounds);
	r.serial_cpu_ns = bench_quartiles(serial_cpu, rounds);
	r.time_ns = bench_quartiles(time, rounds);
	r.serial_ns = bench_quartiles(serial, rounds);
	r.ratio = bench_quartiles(ratio, rounds);
	output_record(&r);
	return r;
}

static void row(struct setting *s, const struct entrant *e)
{
	const struct bench_quartiles nothing = nothing_to_do(s, e);
	const struct record r = now_and_then(s, e);

	output_quiet();
	printf("%-18s %12.4f s %14.3f %12.3f %8.2f %12.0f us %8.0f us\n", e->name,
	       nothing.median / 1e9, r.cpu_ns.median / (PERIOD_NS * (double)(TICKS + 1)),
	       r.serial_cpu_ns.median / (PERIOD_NS * (double)(TICKS + 1)), r.ratio.median,
	       r.time_ns.median / 1e3, r.serial_ns.median / 1e3);
	if (e->index != WIRE_CONTROL && turns_is_own(e)) {
		question_claim(s, "idle pool, CPU time over 2 s", nothing.median / 1e9, 0.002, "s");
		question_claim(s, "100 us loop every 5 ms, CPU time / serial", r.ratio.median, 1.5,
		               "");
	}
}

/* What a family burns does not depend on how it cuts loops: one contender stands for all. */
static bool is_asked(const struct setting *s, const struct entrant *e)
{
	return s->level == FULL || e->index <= 0;
}

void idle(struct setting *s)
{
	for (size_t k = 0; k < s->entrant_count; k++)
		if (is_asked(s, &s->entrants[k]))
			output_expect(rounds_of(s, &s->entrants[k], idle_rounds) +
			              rounds_of(s, &s->entrants[k], periodic_rounds));
	printf("\nidle: CPU time over 2 s with nothing to do; a loop of 100 us every 5 ms: CPUs in "
	       "use, and\ntheir ratio to those of the serial loop (median of ratios by round)\n");
	printf("%-18s %14s %14s %12s %8s %15s %11s\n", "", "idle for 2 s", "periodic CPUs",
	       "serial", "ratio", "time per loop", "serial");
	for (size_t k = 0; k < s->entrant_count; k++)
		if (is_asked(s, &s->entrants[k]))
			row(s, &s->entrants[k]);
}
