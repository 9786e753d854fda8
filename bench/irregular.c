/* SPDX-License-Identifier: MIT */
/*
 * Question: what if the items differ?  Loops of 10 ms whose items grow, shrink, follow a power law,
 * or hold one that is a third of all work; rows of a Mandelbrot picture; a sparse matrix times a
 * vector; and a body whose cost changes a hundredfold from call to call.
 * Expect the ideal, the serial time by the number of workers, within some percent.  One heavy item
 * must begin early, wherever it stands: who runs the last one last takes a third longer.  The
 * changes of a hundredfold have no target: the short loop of the two takes 0.1 ms.
 */
#include "question.h"

#include <string.h>

#define TARGET 1.03

enum { ROUNDS_MAX = 31 };

static const unsigned own_rounds[LEVELS] = {5, 11, ROUNDS_MAX};
static const unsigned peer_rounds[LEVELS] = {3, 5, ROUNDS_MAX};

struct kind {
	const char *name, *head;
	enum body_id body;
	enum shape shape;
	uint64_t n;
	bool at_once; /* it is the change from one to the next that matters */
};

static const struct kind kinds[] = {
	{"even", "even", BODY_WEIGHTED, SHAPE_EVEN, SHAPE_ITEMS, false},
	{"triangle up", "up", BODY_WEIGHTED, SHAPE_TRIANGLE_UP, SHAPE_ITEMS, false},
	{"triangle down", "down", BODY_WEIGHTED, SHAPE_TRIANGLE_DOWN, SHAPE_ITEMS, false},
	{"power law, clustered", "cluster", BODY_WEIGHTED, SHAPE_POWER_CLUSTERED, SHAPE_ITEMS,
         false},
	{"power law, shuffled", "shuffle", BODY_WEIGHTED, SHAPE_POWER_SHUFFLED, SHAPE_ITEMS, false},
	{"heavy first", "first", BODY_WEIGHTED, SHAPE_HEAVY_FIRST, SHAPE_ITEMS, false},
	{"heavy middle", "middle", BODY_WEIGHTED, SHAPE_HEAVY_MIDDLE, SHAPE_ITEMS, false},
	{"heavy last", "last", BODY_WEIGHTED, SHAPE_HEAVY_LAST, SHAPE_ITEMS, false},
	{"Mandelbrot rows", "mandel", BODY_MANDELBROT, SHAPE_NONE, MANDELBROT_ROWS, false},
	{"sparse matrix by vector", "spmv", BODY_SPMV, SHAPE_NONE, SPMV_ROWS, false},
	{"after a hundred times less", "x 100", BODY_WEIGHTED, SHAPE_EVEN, SHAPE_ITEMS, true},
	{"after a hundred times more", "x 0.01", BODY_WEIGHTED, SHAPE_SHORT, SHAPE_ITEMS, true},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static struct bench_pair ask(struct setting *s, const struct entrant *e, const struct kind *kind,
                             unsigned round, enum wire_ask what)
{
	struct wire_request q = {.ask = what,
	                         .contender = e->index,
	                         .body = kind->body,
	                         .mode = BENCH_WARM,
	                         .serial_first = round % 2,
	                         .at_once = kind->at_once,
	                         .n = kind->n,
	                         .shape = kind->shape};
	struct bench_pair p;

	memcpy(q.steps, s->steps, sizeof q.steps);
	if (what == WIRE_COUNT)
		q.body = BODY_1US; /* any that can be counted: the items are as many */
	turns_ask(e->host, &q, &p);
	s->wrong += p.wrong;
	return p;
}

struct sample {
	double serial[ROUNDS_MAX], time[ROUNDS_MAX], ratio[ROUNDS_MAX];
	uint64_t wrong;
};

static unsigned rounds_of(const struct setting *s, const struct entrant *e)
{
	return turns_is_own(e) ? own_rounds[s->level] : peer_rounds[s->level];
}

static void take(struct setting *s, struct sample *sample, size_t entrant, size_t k, unsigned round)
{
	const struct bench_pair p = ask(s, &s->entrants[entrant], &kinds[k], round, WIRE_ROUND);

	sample->serial[round] = p.serial_ns;
	sample->time[round] = p.time_ns;
	sample->ratio[round] = p.serial_ns > 0 ? p.time_ns / p.serial_ns * s->workers : 0;
	sample->wrong += p.wrong;
}

static void row(struct setting *s, const struct entrant *e, struct sample *samples)
{
	const unsigned rounds = rounds_of(s, e);
	const bool is_filch = turns_is_own(e) && e->index != WIRE_CONTROL;

	printf("%-18s", e->name);
	for (size_t k = 0; k < KINDS; k++) {
		struct record r = {"irregular",
		                   "warm",
		                   e,
		                   kinds[k].name,
		                   kinds[k].n,
		                   rounds,
		                   .wrong = samples[k].wrong};
		char text[80];

		r.serial_ns = bench_quartiles(samples[k].serial, rounds);
		r.time_ns = bench_quartiles(samples[k].time, rounds);
		r.ratio = bench_quartiles(samples[k].ratio, rounds);
		output_record(&r);
		printf(" %7.2f", r.ratio.median);
		snprintf(text, sizeof text, "irregular, %s: time / (serial / %u)", kinds[k].name,
		         s->workers);
		/* A third of all work in one item is more than a share of more than three. */
		if (is_filch && !kinds[k].at_once && s->workers <= 3)
			question_claim(s, text, r.ratio.median, TARGET, "");
	}
	printf("\n");
}

void irregular(struct setting *s)
{
	static struct sample samples[ENTRANTS_MAX][KINDS];
	unsigned most = 0;

	for (size_t e = 0; e < s->entrant_count; e++) {
		const unsigned rounds = rounds_of(s, &s->entrants[e]);

		memset(samples[e], 0, sizeof samples[e]);
		most = rounds > most ? rounds : most;
		output_expect(rounds);
	}
	for (size_t e = 0; e < s->entrant_count; e++)
		for (size_t k = 0; k < KINDS; k++)
			ask(s, &s->entrants[e], &kinds[k], 0, WIRE_COUNT);
	for (unsigned round = 0; round < most; round++)
		for (size_t e = 0; e < s->entrant_count; e++) {
			if (round >= rounds_of(s, &s->entrants[e]))
				continue;
			for (size_t k = 0; k < KINDS; k++)
				take(s, &samples[e][k], e, k, round);
			output_step("irregular");
		}
	output_quiet();
	printf("\nirregular: loops of 10 ms whose items differ, time / (serial / %u)\n%-18s",
	       s->workers, "");
	for (size_t k = 0; k < KINDS; k++)
		printf(" %7s", kinds[k].head);
	printf("\n");
	for (size_t e = 0; e < s->entrant_count; e++)
		row(s, &s->entrants[e], samples[e]);
}
