/* SPDX-License-Identifier: MIT */
/*
 * Question: what do loops in loops take?  Three items of 1 ms that are loops themselves; sixteen
 * loops of 10,000 items, where one of the two loops is for all workers, or both are; and four levels
 * of eight.
 * Expect one half for two workers.  Of three items, two of which run at once, one is left: without
 * help within it the loop takes two thirds.  OpenMP runs inner loops serially unless it is told
 * otherwise (its taskloop does not), and a pool of threads that wait for each other cannot nest.
 */
#include "sheet.h"

static bool nests(const struct setting *s, const struct entrant *e)
{
	(void)s;
	return e->host->hello.nests || e->index == WIRE_CONTROL;
}

#define NESTED(...)                                                                                \
	{                                                                                          \
		.ask = WIRE_ROUND, .body = BODY_NESTED, __VA_ARGS__                                \
	}

static const struct kind kinds[] = {
	{"3 x 1 ms, inner loops serial", "3x1ms i-",
         NESTED(.n = 3, .nest = {2, {3, 1000}, {false, true}, BODY_1US}), 0, NULL, 0},
	{"3 x 1 ms", "3x1ms", NESTED(.n = 3, .nest = {2, {3, 1000}, {false, false}, BODY_1US}),
         0.51, nests, 0},
	{"16 x 10^4, outer loop serial", "16 o-",
         NESTED(.n = 16, .nest = {2, {16, 10000}, {true, false}, BODY_10NS}), 0, NULL, 0},
	{"16 x 10^4, inner loops serial", "16 i-",
         NESTED(.n = 16, .nest = {2, {16, 10000}, {false, true}, BODY_10NS}), 0, NULL, 0},
	{"16 x 10^4", "16x10^4",
         NESTED(.n = 16, .nest = {2, {16, 10000}, {false, false}, BODY_10NS}), 0.53, nests, 0},
	{"four levels of 8", "8^4", NESTED(.n = 8, .nest = {4, {8, 8, 8, 8}, {false}, BODY_1US}),
         0.53, nests, 0},
	{"four levels of 8, short items", "8^4short",
         NESTED(.n = 8, .nest = {4, {8, 8, 8, 8}, {false}, BODY_10NS}), 0, nests, 0},
};

void nested(struct setting *s)
{
	const struct sheet sheet =
		sheet_of(s, "nested",
	                 "nested: loops in loops, time / serial; o-, i-: the outer loop, the inner "
	                 "loops are plain ones",
	                 kinds, sizeof kinds / sizeof *kinds);

	sheet_ask(s, &sheet);
}
