/* SPDX-License-Identifier: MIT */
/* Measuring a grid of loops, see grid.h. */
#include "grid.h"

#include "budget.h"

#include <stdlib.h>
#include <string.h>

const char *const grid_mode_names[GRID_MODES] = {"warm", "cold, busy", "cold, sleeping",
                                                 "warm, one body"};
const char *const grid_long_names[GRID_MODES] = {"", "cold, busy, 50 ms", "cold, sleeping, 50 ms",
                                                 ""};

/* From here on a loop is long enough for a few rounds to do. */
#define LONG_NS 5e7
#define HOPELESS_NS 1e6

enum { LONG_ROUNDS_SHARE = 5, LONG_ROUNDS_MIN = 3 };

static void *checked(void *p)
{
	if (!p) {
		fprintf(stderr, "bench: no memory\n");
		exit(1);
	}
	return p;
}

/* Where a series belongs.  They are stored in the order in which a round visits them. */
struct place {
	size_t cell, entrant;
	enum grid_mode mode;
};

static size_t places(const struct grid *g)
{
	return g->cell_count * g->entrant_count * GRID_MODES;
}

static struct place place_at(const struct grid *g, size_t k)
{
	return (struct place){.cell = k / GRID_MODES / g->entrant_count,
	                      .entrant = k / GRID_MODES % g->entrant_count,
	                      .mode = (enum grid_mode)(k % GRID_MODES)};
}

static struct grid_series *series_of(const struct grid *g, size_t entrant, enum grid_mode mode,
                                     size_t cell)
{
	return &g->series[(cell * g->entrant_count + entrant) * GRID_MODES + mode];
}

/* ---- the plan ------------------------------------------------------------------ */

static bool is_planned(const struct grid *g, const struct entrant *e, enum grid_mode mode,
                       const struct grid_cell *c)
{
	const struct grid_plan *p = g->plan;
	const bool cold = mode == GRID_BUSY || mode == GRID_SLEEP;

	/* Only filch remembers what a body costs, and doubling is not a chain. */
	if (mode == GRID_SHARED && (e->index == WIRE_CONTROL || c->body == BODY_1NS))
		return false;
	if (cold && c->nominal_ns > p->cold_max_ns)
		return false;
	if (turns_is_own(e))
		return p->own_modes[mode] && c->nominal_ns <= p->own_max_ns;
	return p->peer_modes[mode] && c->nominal_ns <= p->peer_max_ns;
}

/* Whether the plan has this place, and how often. */
static unsigned planned(const struct grid *g, struct place p)
{
	const struct entrant *e = &g->entrants[p.entrant];
	const unsigned rounds = turns_is_own(e) ? g->plan->rounds : g->plan->peer_rounds;
	const unsigned few = rounds / LONG_ROUNDS_SHARE;

	if (!is_planned(g, e, p.mode, &g->cells[p.cell]))
		return 0;
	if (g->cells[p.cell].nominal_ns < LONG_NS)
		return rounds;
	return few > LONG_ROUNDS_MIN ? few : LONG_ROUNDS_MIN;
}

void grid_init(struct grid *g)
{
	g->series = checked(calloc(places(g), sizeof *g->series));
	g->rounds = checked(calloc(places(g), sizeof *g->rounds));
	for (size_t k = 0; k < places(g); k++)
		g->rounds[k] = planned(g, place_at(g, k));
}

void grid_finish(struct grid *g)
{
	for (size_t k = 0; k < places(g); k++) {
		free(g->series[k].serial);
		free(g->series[k].time);
	}
	free(g->series);
	free(g->rounds);
}

/* ---- measuring ------------------------------------------------------------------ */

static struct wire_request request(const struct grid *g, struct place p)
{
	const struct grid_cell *c = &g->cells[p.cell];
	struct wire_request q = {.ask = WIRE_ROUND,
	                         .contender = g->entrants[p.entrant].index,
	                         .body = c->body,
	                         .n = c->n,
	                         .at_once = c->nominal_ns >= LONG_NS,
	                         .ns = g->pause_ns};

	q.mode = p.mode == GRID_BUSY ? BENCH_BUSY : p.mode == GRID_SLEEP ? BENCH_SLEEP : BENCH_WARM;
	memcpy(q.steps, g->steps, sizeof q.steps);
	if (p.mode == GRID_SHARED) {
		q.body = BODY_ANY;
		q.steps[BODY_ANY] = g->steps[c->body];
	}
	return q;
}

static void append(struct grid_series *s, const struct bench_pair *pair)
{
	if (s->count == s->room) {
		s->room = 2 * s->room + 16;
		s->serial = checked(realloc(s->serial, s->room * sizeof *s->serial));
		s->time = checked(realloc(s->time, s->room * sizeof *s->time));
	}
	s->serial[s->count] = pair->serial_ns;
	s->time[s->count] = pair->time_ns;
	s->count++;
}

/* Ten times as slow as the serial loop and so slow that it holds up everybody: once will do. */
static bool is_hopeless(const struct grid_series *s)
{
	return s->count > 0 && s->time[0] > 10 * s->serial[0] && s->time[0] > HOPELESS_NS;
}

static bool has_time(const struct grid *g, size_t k, unsigned round)
{
	return budget_allows(&g->entrants[place_at(g, k).entrant], round);
}

static void one_round(struct grid *g, size_t k)
{
	const struct place p = place_at(g, k);
	const struct entrant *e = &g->entrants[p.entrant];
	struct grid_series *s = &g->series[k];
	struct wire_request q = request(g, p);
	struct bench_pair pair;

	output_step(e->name);
	if (!turns_is_own(e) && is_hopeless(s))
		return;
	q.serial_first = s->count % 2 == 0;
	turns_ask(e->host, &q, &pair);
	s->wrong += pair.wrong;
	append(s, &pair);
}

/* So many rounds of each place, as far as there is time. */
static void measure(struct grid *g, const unsigned *rounds)
{
	unsigned most = 0;

	for (size_t k = 0; k < places(g); k++) {
		output_expect(rounds[k]);
		most = rounds[k] > most ? rounds[k] : most;
	}
	for (unsigned round = 0; round < most; round++)
		for (size_t k = 0; k < places(g); k++)
			if (round < rounds[k] && has_time(g, k, round))
				one_round(g, k);
	output_done();
}

void grid_measure(struct grid *g)
{
	measure(g, g->rounds);
}

size_t grid_measure_again(struct grid *g, unsigned times, grid_pick *pick)
{
	unsigned *rounds = checked(calloc(places(g), sizeof *rounds));
	size_t picked = 0;

	for (size_t k = 0; k < places(g); k++) {
		const struct place p = place_at(g, k);

		if (g->rounds[k] > 0 && pick(g, p.entrant, p.mode, p.cell)) {
			rounds[k] = g->rounds[k] * times;
			picked++;
		}
	}
	measure(g, rounds);
	free(rounds);
	return picked;
}

static void count_one(struct grid *g, size_t k)
{
	const struct place p = place_at(g, k);
	struct wire_request q = request(g, p);
	struct bench_pair pair;

	q.ask = WIRE_COUNT;
	turns_ask(g->entrants[p.entrant].host, &q, &pair);
	g->series[k].wrong += pair.wrong;
	output_step("counting");
}

size_t grid_count(struct grid *g)
{
	const unsigned *rounds = g->rounds;
	size_t counted = 0;

	for (size_t k = 0; k < places(g); k++)
		if (place_at(g, k).mode == GRID_WARM && rounds[k] > 0)
			output_expect(1);
	for (size_t k = 0; k < places(g); k++)
		if (place_at(g, k).mode == GRID_WARM && rounds[k] > 0 && has_time(g, k, 0)) {
			count_one(g, k);
			counted++;
		}
	return counted;
}

/* ---- what the rounds say ----------------------------------------------------------- */

static struct bench_quartiles over(const struct grid_series *s, double (*f)(double, double))
{
	double *values = checked(malloc((s->count + 1) * sizeof *values));

	for (size_t k = 0; k < s->count; k++)
		values[k] = f(s->serial[k], s->time[k]);
	const struct bench_quartiles q = bench_quartiles(values, s->count);

	free(values);
	return q;
}

static double serial_of(double serial, double time)
{
	(void)time;
	return serial;
}

static double time_of(double serial, double time)
{
	(void)serial;
	return time;
}

static double ratio_of(double serial, double time)
{
	return serial > 0 ? time / serial : 0;
}

static double extra_of(double serial, double time)
{
	return time - serial;
}

struct grid_point grid_point(const struct grid *g, size_t entrant, enum grid_mode mode, size_t cell)
{
	const struct grid_series *s = series_of(g, entrant, mode, cell);
	const struct grid_point p = {.serial = over(s, serial_of),
	                             .time = over(s, time_of),
	                             .ratio = over(s, ratio_of),
	                             .extra = over(s, extra_of),
	                             .rounds = s->count,
	                             .wrong = s->wrong};
	return p;
}
