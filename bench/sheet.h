/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SHEET_H
#define BENCH_SHEET_H
/*
 * A sheet of loops: each of its kinds measured for each contender in many rounds, as a table with
 * a row per contender and a column per kind.  A round goes through all contenders, so that a
 * disturbance of a second or two hits one round of all and not all rounds of one.
 */
#include "question.h"

struct kind {
	const char *name, *head; /* in records and claims; above its column */
	struct wire_request ask; /* all but the contender, the chains and who is first */
	double target;           /* 0 = none */
	bool (*fits)(const struct setting *s, const struct entrant *e); /* NULL = everybody */
	double beside_best; /* a target, too: of the ratio by that of the best peer; 0 = none */
};

struct sheet {
	const char *question, *mode, *title;
	const struct kind *kinds;
	size_t kind_count;
	const struct entrant *entrants;
	size_t entrant_count;
	unsigned rounds[LEVELS], peer_rounds[LEVELS];
	double scale;      /* what is shown and held against targets is time / serial times this */
	const char *claim; /* the words for that in a claim */

	const char *also; /* what a round's `also` is, in records; NULL = nothing */

	/* What one round of a kind came to, if time / serial is not all; NULL = that is all. */
	void (*look)(struct setting *s, const struct entrant *e, size_t kind,
	             const struct bench_pair *p);
};

/* Warm, of all contenders, with some rounds, in time / serial; the rest is to be filled in. */
struct sheet sheet_of(const struct setting *s, const char *question, const char *title,
                      const struct kind *kinds, size_t kind_count);

/* All rounds; prints the table, writes the records, adds the claims. */
void sheet_ask(struct setting *s, const struct sheet *sheet);

#endif
