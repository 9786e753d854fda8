/* SPDX-License-Identifier: MIT */
/*
 * Question: what does the size of a chunk do, and does filch choose well?  Loops of filch whose user
 * fixed the chunk at 1, 4, 16 and so on up to all items, beside the size that filch tunes itself.
 * Expect a curve with a flat bottom over one or two powers of ten: below it the cutting shows, above
 * it one worker waits for the other.  Where items differ the bottom is narrow, and tuned
 * chunks, which shrink towards the end, are below it.
 */
#include "sheet.h"

#include <string.h>

enum { SIZES_MAX = 12, ROUNDS_MAX = 64 };

struct curve {
	const char *name;
	enum body_id body;
	enum shape shape;
	uint64_t n;
};

static const struct curve curves[] = {
	{"10^6 x 1 ns", BODY_1NS, SHAPE_NONE, 1000000},
	{"10^5 x 10 ns", BODY_10NS, SHAPE_NONE, 100000},
	{"10^4 x 100 ns", BODY_100NS, SHAPE_NONE, 10000},
	{"1000 x 1 us", BODY_1US, SHAPE_NONE, 1000},
	{"triangle up", BODY_WEIGHTED, SHAPE_TRIANGLE_UP, SHAPE_ITEMS},
	{"power law, clustered", BODY_WEIGHTED, SHAPE_POWER_CLUSTERED, SHAPE_ITEMS},
	{"heavy last", BODY_WEIGHTED, SHAPE_HEAVY_LAST, SHAPE_ITEMS},
};

enum { CURVES = sizeof curves / sizeof *curves };

/* The ratios of the curve at hand, by kind. */
static double ratios[SIZES_MAX + 1][ROUNDS_MAX];
static size_t ratio_count[SIZES_MAX + 1];

static void look(struct setting *s, const struct entrant *e, size_t kind,
                 const struct bench_pair *p)
{
	(void)s;
	(void)e;
	if (ratio_count[kind] < ROUNDS_MAX && p->serial_ns > 0)
		ratios[kind][ratio_count[kind]++] = p->time_ns / p->serial_ns;
}

static bool is_tuned(const struct setting *s, const struct entrant *e)
{
	(void)s;
	return turns_is_filch(e);
}

static bool is_fixed(const struct setting *s, const struct entrant *e)
{
	(void)s;
	return strcmp(e->host->family, "filch-fixed") == 0;
}

/* The tuned size first, then all fixed ones; how many. */
static size_t make_kinds(const struct curve *c, struct kind *kinds, char names[][48],
                         char heads[][12])
{
	size_t count = 0;
	uint64_t chunk = 0;

	do {
		struct kind *k = &kinds[count];

		snprintf(heads[count], sizeof heads[count], "%llu", (unsigned long long)chunk);
		snprintf(names[count], sizeof names[count], "%s, chunk %s", c->name,
		         chunk ? heads[count] : "tuned");
		*k = (struct kind){.name = names[count],
		                   .head = chunk ? heads[count] : "tuned",
		                   .fits = chunk ? is_fixed : is_tuned,
		                   .ask = {.ask = WIRE_ROUND,
		                           .body = c->body,
		                           .shape = c->shape,
		                           .n = c->n,
		                           .chunk = chunk}};
		ratio_count[count++] = 0;
		chunk = chunk == 0 ? 1 : chunk == c->n ? 0 : 4 * chunk < c->n ? 4 * chunk : c->n;
	} while (chunk > 0 && count <= SIZES_MAX);
	return count;
}

static void ask_curve(struct setting *s, const struct curve *c)
{
	struct kind kinds[SIZES_MAX + 1];
	char names[SIZES_MAX + 1][48], heads[SIZES_MAX + 1][12], title[80], text[80];
	struct sheet sheet;
	size_t count;
	double best = 0, tuned;

	snprintf(title, sizeof title, "chunks of %s: time / serial by the size of a chunk",
	         c->name);
	count = make_kinds(c, kinds, names, heads);
	sheet = sheet_of(s, "chunks", title, kinds, count);
	sheet.look = look;
	sheet_ask(s, &sheet);
	tuned = bench_quartiles(ratios[0], ratio_count[0]).median;
	for (size_t k = 1; k < count; k++) {
		const double fixed = bench_quartiles(ratios[k], ratio_count[k]).median;

		best = ratio_count[k] > 0 && (best == 0 || fixed < best) ? fixed : best;
	}
	snprintf(text, sizeof text, "chunks, %s: tuned / best fixed size", c->name);
	if (best > 0 && tuned > 0)
		question_claim(s, text, tuned / best, 1.05, "");
}

void chunks(struct setting *s)
{
	for (size_t k = 0; k < CURVES; k++)
		ask_curve(s, &curves[k]);
}
