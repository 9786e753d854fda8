/* SPDX-License-Identifier: MIT */
/*
 * Question: what does a sum take?  A thousand to a hundred million doubles, by filch_sum_f64(), and by
 * what each library has for it, beside the plain loop.
 * Expect less than one half of the plain loop where the numbers are in a cache: filch sums pairwise,
 * which needs no number to wait for the one before, and is more exact; the plain loop and
 * all whose reduction is one in each thread wait for each addition.  From memory the machine's bandwidth
 * decides.  The order of additions is the same at any width, which must cost nothing.
 */
#include "sheet.h"

static bool has_sum(const struct setting *s, const struct entrant *e)
{
	(void)s;
	return e->index == WIRE_CONTROL || e->host->hello.sums[e->index];
}

#define SUM(text, count, best)                                                                     \
	{                                                                                          \
		.name = text " doubles", .head = text, .fits = has_sum, .beside_best = best,       \
		.ask = {.ask = WIRE_ROUND, .body = BODY_SUM, .n = count},                          \
	}

static const struct kind kinds[] = {
	SUM("10^3", 1000, 0),       SUM("10^4", 10000, 0),       SUM("10^5", 100000, 0),
	SUM("10^6", 1000000, 1.05), SUM("10^7", 10000000, 1.05), SUM("10^8", 100000000, 1.05),
};

enum { KINDS = sizeof kinds / sizeof *kinds };

void reduce(struct setting *s)
{
	/* The last needs 800 MB, and a second for each round. */
	const struct sheet sheet =
		sheet_of(s, "reduce", "reduce: sums of so many doubles, time / serial", kinds,
	                 s->level == FULL ? KINDS : KINDS - 1);

	sheet_ask(s, &sheet);
}
