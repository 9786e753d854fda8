/* SPDX-License-Identifier: MIT */
/*
 * Question: what if the items differ?  Loops of 10 ms whose items grow, shrink, follow a power law,
 * or hold one that is a third of all work; rows of a Mandelbrot picture; a sparse matrix times a
 * vector; and a body whose cost changes a hundredfold from call to call.
 * Expect the ideal, the serial time by the number of workers, within some percent.  One heavy item
 * must begin early, wherever it stands: who runs the last one last takes a third longer.  The
 * changes of a hundredfold have no target: the short loop of the two takes 0.1 ms.
 */
#include "sheet.h"

#include <string.h>

#define TARGET 1.03

#define WEIGHTED(text, short_text, how)                                                            \
	{                                                                                          \
		.name = text, .head = short_text, .target = TARGET,                                \
		.ask = {.ask = WIRE_ROUND, .body = BODY_WEIGHTED, .shape = how, .n = SHAPE_ITEMS}, \
	}

/* It is the change from one to the next that matters. */
#define CHANGED(text, short_text, how)                                                             \
	{                                                                                          \
		.name = text, .head = short_text,                                                  \
		.ask = {.ask = WIRE_ROUND,                                                         \
		        .body = BODY_WEIGHTED,                                                     \
		        .shape = how,                                                              \
		        .n = SHAPE_ITEMS,                                                          \
		        .at_once = true},                                                          \
	}

static const struct kind kinds[] = {
	WEIGHTED("even", "even", SHAPE_EVEN),
	WEIGHTED("triangle up", "up", SHAPE_TRIANGLE_UP),
	WEIGHTED("triangle down", "down", SHAPE_TRIANGLE_DOWN),
	WEIGHTED("power law, clustered", "cluster", SHAPE_POWER_CLUSTERED),
	WEIGHTED("power law, shuffled", "shuffle", SHAPE_POWER_SHUFFLED),
	WEIGHTED("heavy first", "first", SHAPE_HEAVY_FIRST),
	WEIGHTED("heavy middle", "middle", SHAPE_HEAVY_MIDDLE),
	WEIGHTED("heavy last", "last", SHAPE_HEAVY_LAST),
	{"Mandelbrot rows",
         "mandel",
         {.ask = WIRE_ROUND, .body = BODY_MANDELBROT, .n = MANDELBROT_ROWS},
         TARGET,
         NULL,
         0},
	{"sparse matrix by vector",
         "spmv",
         {.ask = WIRE_ROUND, .body = BODY_SPMV, .n = SPMV_ROWS},
         TARGET,
         NULL,
         0},
	CHANGED("after a hundred times less", "x 100", SHAPE_EVEN),
	CHANGED("after a hundred times more", "x 0.01", SHAPE_SHORT),
};

enum { KINDS = sizeof kinds / sizeof *kinds };

void irregular(struct setting *s)
{
	struct kind asked[KINDS];
	char title[96], claim[40];
	struct sheet sheet;

	memcpy(asked, kinds, sizeof asked);
	/* A third of all work in one item is more than a share of more than three. */
	for (size_t k = 0; k < KINDS && s->workers > 3; k++)
		asked[k].target = 0;
	snprintf(title, sizeof title,
	         "irregular: loops of 10 ms whose items differ, time / (serial / %u)", s->workers);
	snprintf(claim, sizeof claim, "time / (serial / %u)", s->workers);
	sheet = sheet_of(s, "irregular", title, asked, KINDS);
	sheet.scale = s->workers;
	sheet.claim = claim;
	sheet_ask(s, &sheet);
}
