/* SPDX-License-Identifier: MIT */
/*
 * Question: what if the CPUs are not ours alone?  Another process computes all the time; and a pool
 * has 64, 128 or 256 workers on this machine.
 * Expect that the system gives the other process one of two CPUs, or half of both in turns: a loop
 * of 1 ms gains nothing and must lose nothing, one of 100 ms takes three quarters, since both of its
 * threads together get one and a half CPUs.  Who waits for a thread that is not running loses time
 * slices of milliseconds, so the mean counts, and the slowest twentieth.  Of many workers two run at
 * a time, and the rest must not be in their way.
 */
#include "budget.h"
#include "bunch.h"
#include "sheet.h"

#include <stdlib.h>

enum { ROUNDS_MAX = 64 };

/* ---- another process ------------------------------------------------------------------ */

struct busy_kind {
	const char *name, *head;
	uint64_t n; /* of 1 us */
	unsigned times;
	double target; /* of the mean */
};

static const struct busy_kind busy_kinds[] = {
	{"loop of 1 ms", "1 ms", 1000, 100, 1.02},
	{"loop of 10 ms", "10 ms", 10000, 20, 0.85},
	{"loop of 100 ms", "100 ms", 100000, 4, 0.75},
};

enum { BUSY_KINDS = sizeof busy_kinds / sizeof *busy_kinds };

static const unsigned busy_rounds[LEVELS] = {4, 8, 20};
static const unsigned busy_peer_rounds[LEVELS] = {2, 4, 20};

static unsigned busy_rounds_of(const struct setting *s, const struct entrant *e)
{
	return turns_is_own(e) ? busy_rounds[s->level] : busy_peer_rounds[s->level];
}

static void record_calls(const struct entrant *e, const struct busy_kind *kind, struct bunch *b)
{
	struct record r = {.question = "busy",
	                   .mode = "another process",
	                   .entrant = e,
	                   .body = kind->name,
	                   .n = kind->n,
	                   .also = {{"slow_ns", bunch_slow(b)}}};

	bunch_record(b, &r);
}

static void busy_row(struct setting *s, const struct entrant *e, struct bunch *bunches)
{
	printf("%-22s", e->name);
	for (size_t k = 0; k < BUSY_KINDS; k++) {
		const struct busy_kind *kind = &busy_kinds[k];
		struct bunch *b = &bunches[k];
		const double ratio =
			bunch_mean(b->time, b->count) / bunch_mean(b->serial, b->count);
		char text[80], slow[OUTPUT_TIME], mean[OUTPUT_TIME];

		printf("  %6.2f %8s %8s", ratio, output_time(mean, bunch_mean(b->time, b->count)),
		       output_time(slow, bunch_quantile(b->time, b->count, 0.95)));
		snprintf(text, sizeof text, "busy, %s: mean time / serial", kind->name);
		if (turns_is_filch(e))
			question_claim(s, text, ratio, kind->target, "");
		record_calls(e, kind, b);
	}
	printf("\n");
}

/* One call in twenty is no slower than with the peer with whom it is the fastest. */
static void claim_slow(struct setting *s, struct bunch *bunches, size_t k)
{
	double own = 0, best = 0;
	char text[80];

	for (size_t e = 0; e < s->entrant_count; e++) {
		const double slow = bunch_slow(&bunches[e * BUSY_KINDS + k]).median;

		if (turns_is_filch(&s->entrants[e]))
			own = slow;
		else if (turns_is_peer(&s->entrants[e]) && slow > 0 && (best == 0 || slow < best))
			best = slow;
	}
	snprintf(text, sizeof text, "busy, %s: 95 %% by the best peer", busy_kinds[k].name);
	if (own > 0 && best > 0)
		question_claim(s, text, own / best, 1.0, "");
}

static struct wire_request busy_request(const struct busy_kind *kind)
{
	return (struct wire_request){.ask = WIRE_SERIES,
	                             .body = BODY_1US,
	                             .n = kind->n,
	                             .calls = 1,
	                             .times = kind->times};
}

static void count(struct setting *s, const struct entrant *e)
{
	for (size_t k = 0; k < BUSY_KINDS; k++) {
		const struct wire_request q = busy_request(&busy_kinds[k]);

		question_count(s, e, &q);
	}
}

static void another_process(struct setting *s)
{
	struct bunch *bunches = calloc(s->entrant_count * BUSY_KINDS, sizeof *bunches);
	const pid_t burner = turns_burner_start();
	unsigned most = 0;

	if (!bunches || burner == 0) {
		fprintf(stderr, "bench: no memory, or no process\n");
		exit(1);
	}
	for (size_t e = 0; e < s->entrant_count; e++) {
		const unsigned rounds = busy_rounds_of(s, &s->entrants[e]);

		most = rounds > most ? rounds : most;
		output_expect(rounds);
	}
	turns_burner_run(burner, true);
	for (size_t e = 0; e < s->entrant_count; e++)
		if (budget_allows(&s->entrants[e], 0))
			count(s, &s->entrants[e]);
	for (unsigned round = 0; round < most; round++)
		for (size_t e = 0; e < s->entrant_count; e++) {
			if (round >= busy_rounds_of(s, &s->entrants[e]) ||
			    !budget_allows(&s->entrants[e], round))
				continue;
			for (size_t k = 0; k < BUSY_KINDS; k++) {
				const struct wire_request q = busy_request(&busy_kinds[k]);

				bunch_round(s, &s->entrants[e], &q, &bunches[e * BUSY_KINDS + k]);
			}
			output_step("busy");
		}
	turns_burner_end(burner);
	output_done();
	printf("\nbusy: another process computes meanwhile; mean time / mean serial time, the "
	       "mean, "
	       "and what\none call in twenty exceeds\n%-22s",
	       "");
	for (size_t k = 0; k < BUSY_KINDS; k++)
		printf("  %6s %8s %8s", busy_kinds[k].head, "mean", "95 %");
	printf("\n");
	for (size_t e = 0; e < s->entrant_count; e++)
		if (bunches[e * BUSY_KINDS].rounds > 0)
			busy_row(s, &s->entrants[e], &bunches[e * BUSY_KINDS]);
	for (size_t k = 0; k < BUSY_KINDS; k++)
		claim_slow(s, bunches, k);
	free(bunches);
}

/* ---- more workers than CPUs -------------------------------------------------------------- */

#define LOOP(text, count)                                                                          \
	{                                                                                          \
		.name = "loop of " text, .head = text,                                             \
		.ask = {.ask = WIRE_ROUND, .body = BODY_1US, .n = count},                          \
	}

static const struct kind wide_kinds[] = {
	LOOP("10 us", 10),
	LOOP("100 us", 100),
	LOOP("1 ms", 1000),
	LOOP("10 ms", 10000),
};

enum { WIDE_KINDS = sizeof wide_kinds / sizeof *wide_kinds };

/* Of the widths beyond that of the question, of which peers have only the first: what part of the
 * throughput is to be there. */
static const struct {
	unsigned workers;
	double share;
} wide[] = {{64, 0.95}, {128, 0.9}, {256, 0.9}};

enum { WIDTHS = sizeof wide / sizeof *wide, WIDE_HOSTS = HOSTS_MAX + WIDTHS };

/* The ratios of filch: of as many workers as asked for, and of more. */
static double ratios[1 + WIDTHS][WIDE_KINDS][ROUNDS_MAX];
static size_t ratio_count[1 + WIDTHS][WIDE_KINDS];

static size_t row_of(const struct setting *s, unsigned workers)
{
	size_t row = 0;

	if (workers != s->workers)
		while (row < WIDTHS && wide[row++].workers != workers)
			;
	return row;
}

static void look(struct setting *s, const struct entrant *e, size_t kind,
                 const struct bench_pair *p)
{
	const size_t row = row_of(s, e->host->workers);
	size_t *count = &ratio_count[row][kind];

	if (turns_is_filch(e) && *count < ROUNDS_MAX && p->serial_ns > 0)
		ratios[row][kind][(*count)++] = p->time_ns / p->serial_ns;
}

static double ratio_of(size_t row, size_t kind)
{
	return bench_quartiles(ratios[row][kind], ratio_count[row][kind]).median;
}

static void claim_wide(struct setting *s)
{
	for (size_t row = 1; row <= WIDTHS; row++)
		for (size_t k = 0; k < WIDE_KINDS; k++) {
			const double narrow = ratio_of(0, k);
			char text[80];

			snprintf(text, sizeof text, "busy, %s: time with %u workers / with %u",
			         wide_kinds[k].name, wide[row - 1].workers, s->workers);
			if (narrow > 0 && ratio_count[row][k] > 0)
				question_claim(s, text, ratio_of(row, k) / narrow,
				               1 / wide[row - 1].share, "");
		}
}

/* Whoever is asked about more workers, with a name for that. */
struct crowd {
	struct host hosts[WIDE_HOSTS];
	struct entrant entrants[2 * WIDE_HOSTS];
	char names[WIDE_HOSTS][WIRE_NAME];
	size_t started, entrant_count;
};

static void add_wide(struct setting *s, struct crowd *c, const struct entrant *e, unsigned workers)
{
	struct host *host = &c->hosts[c->started];
	char *name = c->names[c->started];

	if (!turns_start(host, e->host->family, workers)) {
		s->wrong++;
		return;
	}
	c->started++;
	snprintf(name, sizeof c->names[0], "%.20s, %u", e->name, workers);
	c->entrants[c->entrant_count++] = (struct entrant){host, e->index, name};
}

static void more_workers(struct setting *s)
{
	static struct crowd c;
	struct sheet sheet = sheet_of(s, "busy",
	                              "busy: as many workers as asked for, and more; loops of "
	                              "items of 1 us, time / serial",
	                              wide_kinds, WIDE_KINDS);
	const char *last = NULL;

	for (size_t k = 0; k < s->entrant_count; k++) {
		const struct entrant *e = &s->entrants[k];

		/* One contender of each family, in whatever order they have. */
		if (e->index == WIRE_CONTROL || e->host->family == last)
			continue;
		last = e->host->family;
		c.entrants[c.entrant_count++] = *e;
		for (size_t i = 0; i < (turns_is_filch(e) ? WIDTHS : 1); i++)
			add_wide(s, &c, e, wide[i].workers);
	}
	sheet.mode = "wide";
	sheet.entrants = c.entrants;
	sheet.entrant_count = c.entrant_count;
	sheet.look = look;
	sheet_ask(s, &sheet);
	claim_wide(s);
	for (size_t k = 0; k < c.started; k++)
		turns_end(&c.hosts[k]);
}

void busy(struct setting *s)
{
	another_process(s);
	more_workers(s);
}
