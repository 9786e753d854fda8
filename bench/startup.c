/* SPDX-License-Identifier: MIT */
/*
 * Question: what does the first call of a process take, and what does a pool take of memory?  Each
 * round is a process of its own that opens the library and runs a loop of 10 us, which is too short
 * to share; and two that run a loop of sleeps on 2 and on 18 workers.
 * Expect some microseconds more than the serial loop, pool included, since threads are started when
 * there is work for them; and some pages per worker, most of them its stack and what the system
 * needs for a thread.
 */
#include "question.h"

#include <string.h>

enum { ITEMS = 10, SLEEPERS = 72, NARROW = 2, WIDE = 18, ROUNDS_MAX = 64 };

#define SLEEP_NS 2000000u

static const unsigned rounds[LEVELS] = {11, 21, 61};
static const unsigned peer_rounds[LEVELS] = {5, 11, 31};

struct sample {
	double process[ROUNDS_MAX], call[ROUNDS_MAX], bytes[ROUNDS_MAX];
	uint64_t wrong;
};

static unsigned rounds_of(const struct setting *s, const struct entrant *e)
{
	return turns_is_own(e) ? rounds[s->level] : peer_rounds[s->level];
}

/* One call in a process of its own; how long after the start of the process it is done. */
static double fresh(struct setting *s, const struct entrant *e, unsigned workers, enum body_id body,
                    struct bench_pair *p)
{
	struct wire_request q = {.ask = WIRE_SINGLE,
	                         .contender = e->index,
	                         .body = body,
	                         .n = body == BODY_SLEEP ? SLEEPERS : ITEMS,
	                         .with_open = true,
	                         .sleep_ns = SLEEP_NS};
	const uint64_t begin = bench_now();
	struct host host;

	memcpy(q.steps, s->steps, sizeof q.steps);
	if (!turns_start(&host, e->host->family, workers))
		s->wrong++;
	turns_ask(&host, &q, p);
	const uint64_t end = bench_now();
	const struct entrant same = {&host, e->index, e->name};

	if (body != BODY_SLEEP)
		question_count(s, &same, &q);

	turns_end(&host);
	s->wrong += p->wrong;
	return (double)(end - begin);
}

static void one_round(struct setting *s, const struct entrant *e, struct sample *sample,
                      unsigned round)
{
	struct bench_pair p, narrow, wide;

	sample->process[round] = fresh(s, e, s->workers, BODY_1US, &p);
	sample->call[round] = p.time_ns;
	fresh(s, e, NARROW, BODY_SLEEP, &narrow);
	fresh(s, e, WIDE, BODY_SLEEP, &wide);
	sample->bytes[round] = (wide.also - narrow.also) / (WIDE - NARROW);
	sample->wrong += p.wrong + narrow.wrong + wide.wrong;
}

static void row(struct setting *s, const struct entrant *e, struct sample *sample, double *control)
{
	const unsigned count = rounds_of(s, e);
	struct record r = {"startup", "process to result",   e, "1 us", ITEMS,
	                   count,     .wrong = sample->wrong};
	const double libraries = e->index == WIRE_CONTROL ? 0 : e->host->hello.library_bytes;
	const struct bench_quartiles bytes = bench_quartiles(sample->bytes, count);
	char text[3][OUTPUT_TIME];

	r.time_ns = bench_quartiles(sample->process, count);
	output_record(&r);
	const double process = r.time_ns.median;

	r.mode = "open and first call";
	r.time_ns = bench_quartiles(sample->call, count);
	r.also[0] = (struct also){"worker_bytes", bytes};
	r.also[1] = (struct also){"library_bytes", {libraries, libraries, libraries}};
	output_record(&r);
	if (e->index == WIRE_CONTROL)
		*control = r.time_ns.median;
	printf("%-22s %12s %12s %12s %10.0f KiB %10.0f KiB\n", e->name,
	       output_time(text[0], process), output_time(text[1], r.time_ns.median),
	       output_time(text[2], r.time_ns.median - *control), bytes.median / 1024,
	       libraries / 1024);
	if (turns_is_filch(e))
		question_claim(s, "startup, pool and first call less the serial loop",
		               (r.time_ns.median - *control) / 1e3, 60, "us");
}

void startup(struct setting *s)
{
	static struct sample samples[ENTRANTS_MAX];
	unsigned most = 0;
	double control = 0;

	for (size_t e = 0; e < s->entrant_count; e++) {
		const unsigned mine = rounds_of(s, &s->entrants[e]);

		memset(&samples[e], 0, sizeof samples[e]);
		most = mine > most ? mine : most;
		output_expect(mine);
	}
	for (unsigned round = 0; round < most; round++)
		for (size_t e = 0; e < s->entrant_count; e++)
			if (round < rounds_of(s, &s->entrants[e])) {
				one_round(s, &s->entrants[e], &samples[e], round);
				output_step("startup");
			}
	output_quiet();
	printf("\nstartup: each time in a process of its own; a loop of 10 us; memory by a loop on "
	       "%d and on %d\nworkers; libraries with all that they need but libc\n%-22s %12s %12s "
	       "%12s %14s %14s\n",
	       NARROW, WIDE, "", "from exec", "open + call", "less serial", "per worker",
	       "libraries");
	for (size_t e = 0; e < s->entrant_count; e++)
		row(s, &s->entrants[e], &samples[e], &control);
}
