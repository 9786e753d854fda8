/* SPDX-License-Identifier: MIT */
/*
 * Question: what does a pool burn that has nothing to do, or little?
 * Expect nothing at all with nothing to do, not even that somebody wakes up to look, and about the
 * CPU time of the serial loop with a short loop now and then.  Libraries whose workers spin between loops burn up to
 * a CPU per worker.
 */
#include "budget.h"
#include "question.h"

enum { ROUNDS_MAX = 7, TICKS = 100 };

#define IDLE_NS 2000000000u
#define PERIOD_NS 5000000u
#define LOOP_ITEMS 100 /* of 1 us */

static const unsigned idle_rounds[LEVELS] = {1, 3, 5};
static const unsigned periodic_rounds[LEVELS] = {3, 5, 7};
static const unsigned peer_rounds[LEVELS] = {1, 1, 3};

/* The CPUs that a family uses in addition to the work of the short loops; of its contenders the most. */
static struct burned {
	const char *family;
	double cores;
} burned[HOSTS_MAX];

static struct burned *burned_by(const char *family)
{
	struct burned *b = burned;

	while (b < &burned[HOSTS_MAX - 1] && b->family && b->family != family)
		b++;
	return b;
}

/* The CPUs in use, on average, in all periods of a round. */
static double cores(double cpu_ns)
{
	return cpu_ns / (PERIOD_NS * (double)(TICKS + 1));
}

static struct wire_request request(enum wire_ask what)
{
	return (struct wire_request){.ask = what,
	                             .body = BODY_1US,
	                             .n = LOOP_ITEMS,
	                             .times = TICKS,
	                             .ns = what == WIRE_IDLE ? IDLE_NS : PERIOD_NS};
}

static void ask(struct setting *s, const struct entrant *e, enum wire_ask what,
                struct bench_pair *out)
{
	struct wire_request q = request(what);

	q.contender = e->index;

	for (int k = 0; k < BODIES; k++)
		q.steps[k] = s->steps[k];
	turns_ask(e->host, &q, out);
	s->wrong += out->wrong;
}

double idle_burned(struct setting *s, const struct entrant *e)
{
	struct burned *b = burned_by(e->host->family);
	struct bench_pair p;

	if (!b->family) {
		ask(s, e, WIRE_PERIODIC, &p);
		*b = (struct burned){e->host->family, cores(p.cpu_ns - p.serial_cpu_ns)};
	}
	return b->cores;
}

static unsigned rounds_of(const struct setting *s, const struct entrant *e, const unsigned *own)
{
	return turns_is_own(e) ? own[s->level] : peer_rounds[s->level];
}

static struct record nothing_to_do(struct setting *s, const struct entrant *e)
{
	const unsigned rounds = rounds_of(s, e, idle_rounds);
	struct record r = {"idle", "nothing", e, "1 us", LOOP_ITEMS, .wrong = 0};
	double cpu[ROUNDS_MAX], wakeups[ROUNDS_MAX];

	for (; r.rounds < rounds && budget_allows(e, (unsigned)r.rounds); r.rounds++) {
		struct bench_pair p;

		ask(s, e, WIRE_IDLE, &p);
		cpu[r.rounds] = p.cpu_ns;
		wakeups[r.rounds] = p.also;
		r.wrong += p.wrong;
		output_step("idle");
	}
	r.cpu_ns = bench_quartiles(cpu, r.rounds);
	r.also[0] = (struct also){"wakeups", bench_quartiles(wakeups, r.rounds)};
	output_record(&r);
	return r;
}

/* A short loop now and then. */
static struct record now_and_then(struct setting *s, const struct entrant *e)
{
	const unsigned rounds = rounds_of(s, e, periodic_rounds);
	struct record r = {"idle", "periodic", e, "1 us", LOOP_ITEMS, .wrong = 0};
	double cpu[ROUNDS_MAX], serial_cpu[ROUNDS_MAX], time[ROUNDS_MAX], serial[ROUNDS_MAX];
	double ratio[ROUNDS_MAX], wakeups[ROUNDS_MAX], above[ROUNDS_MAX];

	for (; r.rounds < rounds && budget_allows(e, (unsigned)r.rounds); r.rounds++) {
		const size_t k = r.rounds;
		struct bench_pair p;

		ask(s, e, WIRE_PERIODIC, &p);
		cpu[k] = p.cpu_ns;
		serial_cpu[k] = p.serial_cpu_ns;
		time[k] = p.time_ns;
		serial[k] = p.serial_ns;
		ratio[k] = p.serial_cpu_ns > 0 ? p.cpu_ns / p.serial_cpu_ns : 0;
		wakeups[k] = p.also / TICKS;
		above[k] = cores(p.cpu_ns - p.serial_cpu_ns);
		r.wrong += p.wrong;
		output_step("periodic");
	}
	r.cpu_ns = bench_quartiles(cpu, r.rounds);
	r.serial_cpu_ns = bench_quartiles(serial_cpu, r.rounds);
	r.time_ns = bench_quartiles(time, r.rounds);
	r.serial_ns = bench_quartiles(serial, r.rounds);
	r.ratio = bench_quartiles(ratio, r.rounds);
	r.also[0] = (struct also){"wakeups", bench_quartiles(wakeups, r.rounds)};
	r.also[1] = (struct also){"cores_above_work", bench_quartiles(above, r.rounds)};
	output_record(&r);
	return r;
}

static void remember(const struct entrant *e, double above)
{
	struct burned *b = burned_by(e->host->family);

	if (e->index != WIRE_CONTROL && (!b->family || above > b->cores))
		*b = (struct burned){e->host->family, above};
}

static void row(struct setting *s, const struct entrant *e)
{
	const struct wire_request q = request(WIRE_PERIODIC);
	const struct record nothing = nothing_to_do(s, e);
	const struct record r = now_and_then(s, e);
	const double above = r.also[1].value.median;

	question_count(s, e, &q);
	output_quiet();
	printf("%-18s %9.4f s %8.0f %12.3f %8.3f %8.4f %8.2f %10.0f us %6.0f us\n", e->name,
	       nothing.cpu_ns.median / 1e9, nothing.also[0].value.median, cores(r.cpu_ns.median),
	       cores(r.serial_cpu_ns.median), above, r.also[0].value.median, r.time_ns.median / 1e3,
	       r.serial_ns.median / 1e3);
	remember(e, above);
	if (turns_is_filch(e)) {
		question_claim(s, "idle pool, CPU time over 2 s", nothing.cpu_ns.median / 1e9,
		               0.0005, "s");
		question_claim(s, "100 us loop every 5 ms, CPU-s/s above the work", above, 0.005,
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
	printf("\nidle: CPU time and wake-ups in 2 s with nothing to do; a loop of 100 us every 5 "
	       "ms: CPUs in\nuse, those of the serial loop, by how much they differ, and wake-ups "
	       "per loop\n");
	printf("%-18s %11s %8s %12s %8s %8s %8s %13s %9s\n", "", "nothing", "woken", "periodic",
	       "serial", "above", "woken", "time per loop", "serial");
	for (size_t k = 0; k < s->entrant_count; k++)
		if (is_asked(s, &s->entrants[k]) && budget_allows(&s->entrants[k], 0))
			row(s, &s->entrants[k]);
	output_done();
}
