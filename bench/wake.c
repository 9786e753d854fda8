/* SPDX-License-Identifier: MIT */
/*
 * Question: how long is it from a call until somebody helps, what does it cost the caller to wake
 * him, and what becomes of short loops meanwhile?  After pauses of 5 and 50 ms, in which the caller
 * computes or sleeps: loops of 2 ms that write down when each item ran; single loops of 100 us; and
 * bursts of 50 loops of 20 us.
 * Expect tens of microseconds, several times as many after long sleeps (the system's way out of
 * idleness, which no library can shorten), about 3 us of the caller's time, and bursts that gain
 * from the second or third loop on.
 */
#include "budget.h"
#include "bunch.h"

#include <stdlib.h>

enum { STAMPED = 2000, SINGLE = 100, SHORT = 20, BURST = 50 };

struct pause {
	const char *name;
	enum bench_mode mode;
	uint64_t ns;
};

static const struct pause pauses[] = {
	{"5 ms, busy", BENCH_BUSY, 5000000},
	{"5 ms, sleeping", BENCH_SLEEP, 5000000},
	{"50 ms, busy", BENCH_BUSY, 50000000},
	{"50 ms, sleeping", BENCH_SLEEP, 50000000},
};

enum { PAUSES = sizeof pauses / sizeof *pauses };

enum asked { HELP, ONE, ROW, ASKED };

static const unsigned rounds[LEVELS] = {4, 10, 30};
static const unsigned peer_rounds[LEVELS] = {2, 5, 30};

static unsigned rounds_of(const struct setting *s, const struct entrant *e)
{
	return turns_is_own(e) ? rounds[s->level] : peer_rounds[s->level];
}

static struct wire_request request(enum asked what, const struct pause *pause)
{
	struct wire_request q = {.ask = WIRE_SERIES,
	                         .body = BODY_1US,
	                         .mode = pause->mode,
	                         .ns = pause->ns,
	                         .calls = 1,
	                         .times = 8};

	if (what == HELP) {
		q.ask = WIRE_WAKE;
		q.body = BODY_STAMP;
	}
	q.n = what == HELP ? STAMPED : what == ONE ? SINGLE : SHORT;
	if (what == ROW)
		q.calls = BURST;
	return q;
}

/* Each item runs once, also in a loop that writes down when. */
static void count(struct setting *s, const struct entrant *e)
{
	for (int what = 0; what < ASKED; what++) {
		const struct wire_request q = request((enum asked)what, &pauses[0]);

		question_count(s, e, &q);
	}
}

typedef struct bunch answers[ASKED][PAUSES];

static void measure(struct setting *s, answers *all)
{
	unsigned most = 0;

	for (size_t e = 0; e < s->entrant_count; e++) {
		const unsigned mine = rounds_of(s, &s->entrants[e]);

		most = mine > most ? mine : most;
		output_expect(mine);
		if (budget_allows(&s->entrants[e], 0))
			count(s, &s->entrants[e]);
	}
	for (unsigned round = 0; round < most; round++)
		for (size_t e = 0; e < s->entrant_count; e++) {
			if (round >= rounds_of(s, &s->entrants[e]) ||
			    !budget_allows(&s->entrants[e], round))
				continue;
			for (int what = 0; what < ASKED; what++)
				for (int k = 0; k < PAUSES; k++) {
					const struct wire_request q =
						request((enum asked)what, &pauses[k]);

					bunch_round(s, &s->entrants[e], &q, &all[e][what][k]);
				}
			output_step("wake");
		}
	output_done();
}

static void help_row(const struct entrant *e, struct bunch *help)
{
	char text[4][OUTPUT_TIME];

	printf("%-22s", e->name);
	for (int k = 0; k < PAUSES; k++) {
		struct bunch *b = &help[k];

		printf(" %8s %8s %8s", output_time(text[0], bunch_quantile(b->time, b->count, 0.5)),
		       output_time(text[1], bunch_quantile(b->time, b->count, 0.95)),
		       output_time(text[2], bunch_quantile(b->serial, b->count, 0.5)));
		struct record r = {.question = "wake",
		                   .mode = pauses[k].name,
		                   .entrant = e,
		                   .body = "until help",
		                   .n = STAMPED,
		                   .also = {{"lost_ns", bench_quartiles(b->serial, b->count)}}};

		/* What the caller lost is not the time of a serial loop. */
		for (size_t i = 0; i < b->count; i++)
			b->serial[i] = 0;
		bunch_record(b, &r);
	}
	printf("\n");
}

static void loop_row(struct setting *s, const struct entrant *e, struct bunch *b, bool burst)
{
	char slow[OUTPUT_TIME], text[80];

	printf("%-22s", e->name);
	for (int k = 0; k < PAUSES; k++) {
		const double ratio = bunch_quantile(b[k].time, b[k].count, 0.5) /
		                     bunch_quantile(b[k].serial, b[k].count, 0.5);

		printf("     %6.2f %12s  ", ratio,
		       output_time(slow, bunch_quantile(b[k].time, b[k].count, 0.95)));
		if (turns_is_filch(e)) {
			snprintf(text, sizeof text, "wake, %s, %s: median time / serial",
			         burst ? "50 x 20 us" : "loop of 100 us", pauses[k].name);
			question_claim(s, text, ratio, 1.05, "");
		}
		struct record r = {.question = "wake",
		                   .mode = pauses[k].name,
		                   .entrant = e,
		                   .body = burst ? "burst of 20 us" : "loop of 100 us",
		                   .n = burst ? SHORT : SINGLE};

		bunch_record(&b[k], &r);
	}
	printf("\n");
}

static void head(const char *title, const char *columns)
{
	printf("\n%s\n%-22s", title, "");
	for (int k = 0; k < PAUSES; k++)
		printf(" %-26s", pauses[k].name);
	printf("\n%-22s", "");
	for (int k = 0; k < PAUSES; k++)
		printf(" %26s", columns);
	printf("\n");
}

void wake(struct setting *s)
{
	answers *all = calloc(s->entrant_count, sizeof *all);

	if (!all) {
		fprintf(stderr, "bench: no memory\n");
		exit(1);
	}
	measure(s, all);
	head("wake: loops of 2 ms after a pause: until somebody helps (median, 95 %), and what the "
	     "caller\nlost until then (median)",
	     "until      95 %     lost");
	for (size_t e = 0; e < s->entrant_count; e++)
		if (s->entrants[e].index != WIRE_CONTROL && all[e][HELP]->rounds > 0)
			help_row(&s->entrants[e], all[e][HELP]);
	head("wake: a loop of 100 us after a pause: median time / median serial time, and what one "
	     "call in\ntwenty exceeds",
	     "ratio         95 %");
	for (size_t e = 0; e < s->entrant_count; e++)
		if (all[e][ONE]->rounds > 0)
			loop_row(s, &s->entrants[e], all[e][ONE], false);
	head("wake: bursts of 50 loops of 20 us after a pause, the same per loop",
	     "ratio         95 %");
	for (size_t e = 0; e < s->entrant_count; e++)
		if (all[e][ROW]->rounds > 0)
			loop_row(s, &s->entrants[e], all[e][ROW], true);
	free(all);
}
