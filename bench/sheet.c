/* SPDX-License-Identifier: MIT */
/* See sheet.h. */
#include "sheet.h"

#include "budget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 64 };

/* The rounds of one contender and kind. */
struct sample {
	double serial[ROUNDS_MAX], time[ROUNDS_MAX], ratio[ROUNDS_MAX], also[ROUNDS_MAX];
	uint64_t wrong;
	unsigned rounds;
};

static struct sample *sample_of(const struct sheet *sheet, struct sample *samples, size_t entrant,
                                size_t kind)
{
	return &samples[entrant * sheet->kind_count + kind];
}

static bool is_asked(const struct setting *s, const struct sheet *sheet, size_t entrant,
                     size_t kind)
{
	const struct kind *k = &sheet->kinds[kind];

	return !k->fits || k->fits(s, &sheet->entrants[entrant]);
}

static bool is_asked_any(const struct setting *s, const struct sheet *sheet, size_t entrant)
{
	for (size_t k = 0; k < sheet->kind_count; k++)
		if (is_asked(s, sheet, entrant, k))
			return true;
	return false;
}

static unsigned rounds_of(const struct setting *s, const struct sheet *sheet, size_t entrant)
{
	return turns_is_own(&sheet->entrants[entrant]) ? sheet->rounds[s->level]
	                                               : sheet->peer_rounds[s->level];
}

static struct bench_pair ask(struct setting *s, const struct sheet *sheet, size_t entrant,
                             size_t kind, unsigned round)
{
	struct wire_request q = sheet->kinds[kind].ask;
	struct bench_pair p;

	q.contender = sheet->entrants[entrant].index;
	q.serial_first = round % 2;
	memcpy(q.steps, s->steps, sizeof q.steps);
	turns_ask(sheet->entrants[entrant].host, &q, &p);
	s->wrong += p.wrong;
	return p;
}

static void one_round(struct setting *s, const struct sheet *sheet, struct sample *samples,
                      size_t entrant, unsigned round)
{
	for (size_t k = 0; k < sheet->kind_count; k++) {
		struct sample *sample = sample_of(sheet, samples, entrant, k);

		if (!is_asked(s, sheet, entrant, k))
			continue;
		const struct bench_pair p = ask(s, sheet, entrant, k, round);

		sample->serial[round] = p.serial_ns;
		sample->time[round] = p.time_ns;
		sample->ratio[round] = p.serial_ns > 0 ? p.time_ns / p.serial_ns : 0;
		sample->also[round] = p.also;
		sample->wrong += p.wrong;
		sample->rounds = round + 1;
		if (sheet->look)
			sheet->look(s, &sheet->entrants[entrant], k, &p);
	}
	output_step(sheet->question);
}

static void count_all(struct setting *s, const struct sheet *sheet)
{
	for (size_t e = 0; e < sheet->entrant_count; e++)
		for (size_t k = 0; k < sheet->kind_count; k++)
			if (is_asked(s, sheet, e, k) && budget_allows(&sheet->entrants[e], 0))
				question_count(s, &sheet->entrants[e], &sheet->kinds[k].ask);
}

static void measure(struct setting *s, const struct sheet *sheet, struct sample *samples)
{
	unsigned most = 0;

	for (size_t e = 0; e < sheet->entrant_count; e++) {
		const unsigned rounds = is_asked_any(s, sheet, e) ? rounds_of(s, sheet, e) : 0;

		most = rounds > most ? rounds : most;
		output_expect(rounds);
	}
	count_all(s, sheet);
	for (unsigned round = 0; round < most; round++)
		for (size_t e = 0; e < sheet->entrant_count; e++)
			if (round < rounds_of(s, sheet, e) && is_asked_any(s, sheet, e) &&
			    budget_allows(&sheet->entrants[e], round))
				one_round(s, sheet, samples, e, round);
	output_done();
}

static void cell(struct setting *s, const struct sheet *sheet, size_t entrant, size_t k,
                 struct sample *sample)
{
	const struct entrant *e = &sheet->entrants[entrant];
	const struct kind *kind = &sheet->kinds[k];
	struct record r = {.question = sheet->question,
	                   .mode = sheet->mode,
	                   .entrant = e,
	                   .body = kind->name,
	                   .n = kind->ask.n,
	                   .rounds = sample->rounds,
	                   .wrong = sample->wrong};
	char text[80];

	if (sample->rounds == 0) {
		printf(" %8s", "-");
		return;
	}
	r.serial_ns = bench_quartiles(sample->serial, sample->rounds);
	r.time_ns = bench_quartiles(sample->time, sample->rounds);
	r.ratio = bench_quartiles(sample->ratio, sample->rounds);
	if (sheet->also)
		r.also[0] =
			(struct also){sheet->also, bench_quartiles(sample->also, sample->rounds)};
	output_record(&r);
	printf(" %8.2f", r.ratio.median * sheet->scale);
	snprintf(text, sizeof text, "%s, %s: %s", sheet->question, kind->name, sheet->claim);
	if (turns_is_filch(e) && kind->target > 0)
		question_claim(s, text, r.ratio.median * sheet->scale, kind->target, "");
}

static double median_of(struct sample *sample)
{
	return sample->rounds > 0 ? bench_quartiles(sample->ratio, sample->rounds).median
	                          : INFINITY;
}

static void claim_best(struct setting *s, const struct sheet *sheet, struct sample *samples,
                       size_t k)
{
	double own = INFINITY, best = INFINITY;
	char text[80];

	for (size_t e = 0; e < sheet->entrant_count; e++) {
		const double ratio = median_of(sample_of(sheet, samples, e, k));

		if (turns_is_filch(&sheet->entrants[e]))
			own = ratio;
		else if (turns_is_peer(&sheet->entrants[e]))
			best = fmin(best, ratio);
	}
	snprintf(text, sizeof text, "%s, %s: by the best peer", sheet->question,
	         sheet->kinds[k].name);
	if (!isinf(own) && !isinf(best))
		question_claim(s, text, own / best, sheet->kinds[k].beside_best, "");
}

struct sheet sheet_of(const struct setting *s, const char *question, const char *title,
                      const struct kind *kinds, size_t kind_count)
{
	return (struct sheet){
		.question = question,
		.mode = "warm",
		.title = title,
		.kinds = kinds,
		.kind_count = kind_count,
		.entrants = s->entrants,
		.entrant_count = s->entrant_count,
		.rounds = {9, 21, 61},
		.peer_rounds = {5, 9, 61},
		.scale = 1,
		.claim = "time / serial",
	};
}

void sheet_ask(struct setting *s, const struct sheet *sheet)
{
	struct sample *samples = calloc(sheet->entrant_count * sheet->kind_count, sizeof *samples);

	if (!samples) {
		fprintf(stderr, "bench: no memory\n");
		exit(1);
	}
	measure(s, sheet, samples);
	printf("\n%s\n%-22s", sheet->title, "");
	for (size_t k = 0; k < sheet->kind_count; k++)
		printf(" %8s", sheet->kinds[k].head);
	printf("\n");
	for (size_t e = 0; e < sheet->entrant_count; e++) {
		if (!is_asked_any(s, sheet, e))
			continue;
		printf("%-22s", sheet->entrants[e].name);
		for (size_t k = 0; k < sheet->kind_count; k++)
			cell(s, sheet, e, k, sample_of(sheet, samples, e, k));
		printf("\n");
	}
	for (size_t k = 0; k < sheet->kind_count; k++)
		if (sheet->kinds[k].beside_best > 0)
			claim_best(s, sheet, samples, k);
	free(samples);
}
