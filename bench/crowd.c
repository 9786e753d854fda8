/* SPDX-License-Identifier: MIT */
/*
 * Question: what if several threads call at once, none of them a worker?  One, two and eight
 * threads call loops of 100 us and of 1 ms again and again; and half of them call a second pool.
 * Expect that all of them together get through as many loops as one serial loop on each CPU, and
 * that none of the callers starves.  Libraries that make a team of threads for each caller, or let
 * one caller in at a time, do not.
 */
#include "sheet.h"

#include <string.h>

enum { ROUNDS_MAX = 64 };

/* Fewer than elsewhere: each takes a second for each kind. */
static const unsigned rounds[LEVELS] = {7, 15, 31};
static const unsigned peer_rounds[LEVELS] = {3, 5, 15};

#define SPAN_NS 150000000u
#define TARGET (1 / 0.98)
#define UNFAIR 3.0

/* These threads are outside; who is inside is not asked. */
static bool is_outside(const struct setting *s, const struct entrant *e)
{
	(void)s;
	return e->index == WIRE_CONTROL || !e->host->hello.enters[e->index];
}

static bool has_second(const struct setting *s, const struct entrant *e)
{
	(void)s;
	return e->index != WIRE_CONTROL && e->host->hello.has_second[e->index];
}

#define CALLERS(text, short_text, how_many, items, twice, who)                                     \
	{                                                                                          \
		.name = text, .head = short_text, .target = (how_many) > 1 ? TARGET : 0,           \
		.fits = who,                                                                       \
		.ask = {.ask = WIRE_CALLERS,                                                       \
		        .body = BODY_1US,                                                          \
		        .n = items,                                                                \
		        .callers = how_many,                                                       \
		        .second = twice,                                                           \
		        .ns = SPAN_NS},                                                            \
	}

static const struct kind kinds[] = {
	CALLERS("1 caller, 100 us", "1, .1ms", 1, 100, false, is_outside),
	CALLERS("2 callers, 100 us", "2, .1ms", 2, 100, false, is_outside),
	CALLERS("8 callers, 100 us", "8, .1ms", 8, 100, false, is_outside),
	CALLERS("1 caller, 1 ms", "1, 1ms", 1, 1000, false, is_outside),
	CALLERS("2 callers, 1 ms", "2, 1ms", 2, 1000, false, is_outside),
	CALLERS("8 callers, 1 ms", "8, 1ms", 8, 1000, false, is_outside),
	CALLERS("2 callers, 2 pools, 1 ms", "2p, 1ms", 2, 1000, true, has_second),
	CALLERS("8 callers, 2 pools, 1 ms", "8p, 1ms", 8, 1000, true, has_second),
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static double unfair[KINDS][ROUNDS_MAX];
static size_t unfair_count[KINDS];

static void look(struct setting *s, const struct entrant *e, size_t kind,
                 const struct bench_pair *p)
{
	(void)s;
	if (turns_is_filch(e) && unfair_count[kind] < ROUNDS_MAX)
		unfair[kind][unfair_count[kind]++] = p->also;
}

void crowd(struct setting *s)
{
	struct kind asked[KINDS];
	struct sheet sheet;

	for (size_t k = 0; k < KINDS; k++) {
		asked[k] = kinds[k];
		asked[k].ask.width = s->workers;
		unfair_count[k] = 0;
	}
	sheet = sheet_of(s, "crowd",
	                 "crowd: so many threads call at once; time per loop, by that of a serial "
	                 "loop on each CPU",
	                 asked, KINDS);
	memcpy(sheet.rounds, rounds, sizeof rounds);
	memcpy(sheet.peer_rounds, peer_rounds, sizeof peer_rounds);
	sheet.claim = "time / that of serial loops";
	sheet.look = look;
	sheet.also = "unfair";
	sheet_ask(s, &sheet);
	for (size_t k = 0; k < KINDS; k++) {
		char text[80];

		snprintf(text, sizeof text, "crowd, %s: calls of the median / of the last",
		         kinds[k].name);
		if (unfair_count[k] > 0 && kinds[k].ask.callers > 1)
			question_claim(s, text, bench_quartiles(unfair[k], unfair_count[k]).median,
			               UNFAIR, "");
	}
}
