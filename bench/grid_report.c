/* SPDX-License-Identifier: MIT */
/* Tables, sums and records of a measured grid, see grid_report.h. */
#include "grid_report.h"

#include <math.h>

static bool is_long(const struct grid_point *p, const struct grid_limit *limit)
{
	return p->serial.median >= limit->from_ns;
}

bool grid_is_near(const struct grid_point *p, const struct grid_limit *limit, double ratio,
                  double extra)
{
	return is_long(p, limit) ? p->ratio.median > ratio * limit->ratio
	                         : p->extra.median > extra * limit->extra_ns;
}

static bool is_miss(const struct grid_point *p, const struct grid_limit *limit)
{
	return grid_is_near(p, limit, 1, 1);
}

static void cell_text(char *text, size_t bytes, const struct grid_point *p,
                      const struct grid_limit *limit)
{
	const char *mark = is_miss(p, limit) ? "!" : " ";

	if (p->rounds == 0)
		snprintf(text, bytes, "-");
	else if (is_long(p, limit))
		snprintf(text, bytes, "%.2f%s", p->ratio.median, mark);
	else
		snprintf(text, bytes, "%+.0f ns%s", p->extra.median, mark);
}

/* "10 ns", or "no limit". */
static const char *extra_limit(char *text, size_t bytes, const struct grid_limit *limit)
{
	if (isinf(limit->extra_ns))
		snprintf(text, bytes, "no limit");
	else
		snprintf(text, bytes, "%.0f ns", limit->extra_ns);
	return text;
}

/* The place of a cell, cell_count if there is none. */
static size_t find(const struct grid *g, uint64_t n, int body)
{
	size_t cell = 0;

	while (cell < g->cell_count && (g->cells[cell].n != n || (int)g->cells[cell].body != body))
		cell++;
	return cell;
}

static void print_row(const struct grid *g, size_t entrant, enum grid_mode mode, uint64_t n,
                      const struct grid_limit *limit)
{
	printf("%9llu", (unsigned long long)n);
	for (int id = BODY_1NS; id < BODY_COSTS; id++) {
		char text[OUTPUT_TIME + 8] = "";
		const size_t cell = find(g, n, id);

		if (cell < g->cell_count) {
			const struct grid_point p = grid_point(g, entrant, mode, cell);

			cell_text(text, sizeof text, &p, limit);
		}
		printf("%10s", text);
	}
	putchar('\n');
}

void grid_print(const struct grid *g, size_t entrant, enum grid_mode mode,
                const struct grid_limit *limit)
{
	char from[OUTPUT_TIME], extra[OUTPUT_TIME];

	printf("\n%s, %s: time / serial; below %s of work the time in addition ('!': above %.2f; "
	       "%s)\n%9s",
	       g->entrants[entrant].name, g->mode_names[mode], output_time(from, limit->from_ns),
	       limit->ratio, extra_limit(extra, sizeof extra, limit), "items");
	for (int id = BODY_1NS; id < BODY_COSTS; id++)
		printf("%10s", bodies[id].name);
	putchar('\n');
	for (uint64_t n = 1; n <= BENCH_ITEMS_MAX; n *= 10)
		print_row(g, entrant, mode, n, limit);
}

static void place_text(char *text, size_t bytes, const struct grid_cell *c)
{
	snprintf(text, bytes, "(%llu x %s)", (unsigned long long)c->n, bodies[c->body].name);
}

static void print_miss(const struct grid *g, size_t entrant, enum grid_mode mode, size_t cell,
                       const struct grid_limit *limit)
{
	const struct grid_point point = grid_point(g, entrant, mode, cell), *p = &point;
	const struct bench_quartiles q = is_long(p, limit) ? p->ratio : p->extra;
	char where[40], serial[OUTPUT_TIME], time[OUTPUT_TIME];

	place_text(where, sizeof where, &g->cells[cell]);
	printf("%-16s %-20s %9s -> %-9s", g->mode_names[mode], where,
	       output_time(serial, p->serial.median), output_time(time, p->time.median));
	if (is_long(p, limit))
		printf(" %8.2f  (%.2f .. %.2f)", q.median, q.low, q.high);
	else
		printf(" %+8.0f ns  (%+.0f .. %+.0f)", q.median, q.low, q.high);
	printf(", %zu rounds\n", p->rounds);
}

void grid_print_misses(const struct grid *g, size_t entrant, const struct grid_limit *limits)
{
	printf("\n%s, cells above their limit, and the quartiles over the rounds:\n",
	       g->entrants[entrant].name);
	for (int mode = 0; mode < GRID_MODES; mode++)
		for (size_t cell = 0; cell < g->cell_count; cell++) {
			const enum grid_mode m = (enum grid_mode)mode;
			const struct grid_point p = grid_point(g, entrant, m, cell);

			if (p.rounds > 0 && is_miss(&p, &limits[mode]))
				print_miss(g, entrant, m, cell, &limits[mode]);
		}
}

struct grid_total grid_total(const struct grid *g, size_t entrant, enum grid_mode mode,
                             const struct grid_limit *limit)
{
	struct grid_total t = {.extra_ns = -INFINITY};
	double logs = 0;

	for (size_t cell = 0; cell < g->cell_count; cell++) {
		const struct grid_point p = grid_point(g, entrant, mode, cell);

		if (p.rounds == 0)
			continue;
		t.cells++;
		if (is_long(&p, limit) && p.ratio.median > t.ratio) {
			t.ratio = p.ratio.median;
			t.ratio_cell = cell;
		}
		if (!is_long(&p, limit) && p.extra.median > t.extra_ns) {
			t.extra_ns = p.extra.median;
			t.extra_cell = cell;
		}
		if (p.serial.median >= GRID_GAIN_FROM_NS && g->cells[cell].n >= 2) {
			logs += log(p.ratio.median);
			t.gaining++;
		}
	}
	t.gain = t.gaining > 0 ? exp(logs / (double)t.gaining) : NAN;
	return t;
}

static void print_total(const struct grid *g, size_t entrant, enum grid_mode mode,
                        const struct grid_limit *limit)
{
	const struct grid_total t = grid_total(g, entrant, mode, limit);
	char where[40], extra_where[40], extra[OUTPUT_TIME];

	if (t.cells == 0)
		return;
	place_text(where, sizeof where, &g->cells[t.ratio_cell]);
	place_text(extra_where, sizeof extra_where, &g->cells[t.extra_cell]);
	printf("%-18s %9.2f %-19s %9s %-19s %8.3f %6zu\n", g->entrants[entrant].name, t.ratio,
	       where, output_time(extra, t.extra_ns), extra_where, t.gain, t.cells);
}

void grid_print_totals(const struct grid *g, enum grid_mode mode, const struct grid_limit *limit)
{
	char from[OUTPUT_TIME], extra[OUTPUT_TIME];

	printf("\n%s: the worst cells of at least %s and of less, and the geometric mean from "
	       "100 us\n",
	       g->mode_names[mode], output_time(from, limit->from_ns));
	printf("%-18s %9s %-19s %9s %-19s %8s %6s\n", "", "ratio", "in cell", "extra", "in cell",
	       "mean", "cells");
	printf("%-18s %9.2f %-19s %9s\n", "(target)", limit->ratio, "",
	       extra_limit(extra, sizeof extra, limit));
	for (size_t entrant = 0; entrant < g->entrant_count; entrant++)
		print_total(g, entrant, mode, limit);
}

/* ---- by how much work a call is, and beside the best ------------------------------------- */

double grid_at(const struct grid *g, size_t entrant, enum grid_mode mode, double work_ns)
{
	double logs = 0;
	unsigned cells = 0;

	for (size_t cell = 0; cell < g->cell_count; cell++) {
		const struct grid_cell *c = &g->cells[cell];
		const struct grid_point p = grid_point(g, entrant, mode, cell);

		/* Doubling takes less than its label, and one item cannot be shared. */
		if (p.rounds == 0 || c->body == BODY_1NS || c->n < 2 ||
		    fabs(c->nominal_ns / work_ns - 1) > 0.01)
			continue;
		logs += log(p.ratio.median);
		cells++;
	}
	return cells > 0 ? exp(logs / cells) : NAN;
}

/* The smallest ratio that a rival has in this cell. */
static double best_rival(const struct grid *g, enum grid_mode mode, size_t cell,
                         const bool *is_rival)
{
	double best = INFINITY;

	for (size_t e = 0; e < g->entrant_count; e++) {
		const struct grid_point p = grid_point(g, e, mode, cell);

		if (is_rival[e] && p.rounds > 0 && p.ratio.median < best)
			best = p.ratio.median;
	}
	return best;
}

struct grid_rivalry grid_rivalry(const struct grid *g, size_t entrant, enum grid_mode mode,
                                 const bool *is_rival)
{
	struct grid_rivalry r = {.mean_short = NAN};
	double logs = 0;
	unsigned cells = 0;

	for (size_t cell = 0; cell < g->cell_count; cell++) {
		const struct grid_point p = grid_point(g, entrant, mode, cell);
		const double best = best_rival(g, mode, cell, is_rival);

		if (p.rounds == 0 || p.serial.median < GRID_RIVAL_FROM_NS || isinf(best))
			continue;
		r.cells++;
		if (p.ratio.median / best > r.worst) {
			r.worst = p.ratio.median / best;
			r.worst_cell = cell;
		}
		if (p.serial.median < GRID_GAIN_FROM_NS) {
			logs += log(p.ratio.median / best);
			cells++;
		}
	}
	if (cells > 0)
		r.mean_short = exp(logs / cells);
	return r;
}

/* ---- records ----------------------------------------------------------------------- */

static void record_cell(const struct grid *g, const char *question, size_t entrant,
                        enum grid_mode mode, size_t cell)
{
	const struct grid_point p = grid_point(g, entrant, mode, cell);
	const struct record r = {.question = question,
	                         .mode = g->mode_names[mode],
	                         .entrant = &g->entrants[entrant],
	                         .body = bodies[g->cells[cell].body].name,
	                         .n = g->cells[cell].n,
	                         .rounds = p.rounds,
	                         .serial_ns = p.serial,
	                         .time_ns = p.time,
	                         .ratio = p.ratio,
	                         .extra_ns = p.extra,
	                         .wrong = p.wrong};

	if (p.rounds > 0)
		output_record(&r);
}

void grid_record(const struct grid *g, const char *question)
{
	for (size_t entrant = 0; entrant < g->entrant_count; entrant++)
		for (int mode = 0; mode < GRID_MODES; mode++)
			for (size_t cell = 0; cell < g->cell_count; cell++)
				record_cell(g, question, entrant, (enum grid_mode)mode, cell);
}

uint64_t grid_wrong(const struct grid *g)
{
	uint64_t wrong = 0;

	for (size_t k = 0; k < g->cell_count * g->entrant_count * GRID_MODES; k++)
		wrong += g->series[k].wrong;
	return wrong;
}
