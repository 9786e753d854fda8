/* SPDX-License-Identifier: MIT */
/* What calls did, in numbers and words. */
#include "report.h"

#include <stdio.h>
#include <string.h>

/* ---- one call ---------------------------------------------------------------------------- */

/* 1234567 ns as "1.23 ms"; the buffer is the caller's. */
static const char *duration(char text[static 24], double ns)
{
	static const struct {
		double ns;
		const char *unit;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (ns >= 0.9995 * units[i].ns) { /* 999.6 us are 1 ms to three digits */
			snprintf(text, 24, "%.3g %s", ns / units[i].ns, units[i].unit);
			return text;
		}
	snprintf(text, 24, "%.3g ns", ns);
	return text;
}

static void verdict_serial(struct filch_report *r, struct idle *idle, enum why why)
{
	char work[24], wake[24];

	duration(work, (double)r->work_ns);
	switch (why) {
	case WHY_ONE_ITEM:
		snprintf(r->verdict, sizeof r->verdict, "serial: a single chunk");
		break;
	case WHY_WIDTH_1:
		snprintf(r->verdict, sizeof r->verdict, "serial: the pool is one worker wide");
		break;
	case WHY_MAX_WORKERS:
		snprintf(r->verdict, sizeof r->verdict, "serial: max_workers is 1");
		break;
	case WHY_NO_PLACE:
		snprintf(r->verdict, sizeof r->verdict,
		         "serial: no memory or no place left for this caller");
		break;
	case WHY_TINY:
		snprintf(r->verdict, sizeof r->verdict,
		         "serial: %s of work, less than sharing it costs", work);
		break;
	default:
		duration(wake, idle ? filch__idle_break_even_ns(idle) : 0);
		snprintf(r->verdict, sizeof r->verdict,
		         r->wakes ? "serial: %s of work, done before a worker came (that takes %s)"
		                  : "serial: %s of work, waking a worker pays from %s on",
		         work, wake);
	}
}

static void verdict_parallel(struct filch_report *r)
{
	char work[24], wall[24], to[32] = "";
	double gain = r->wall_ns ? (double)r->work_ns / (double)r->wall_ns : 0;

	if (r->chunk_max > r->chunk_min)
		snprintf(to, sizeof to, " to %zu", r->chunk_max);
	snprintf(r->verdict, sizeof r->verdict,
	         "parallel: %u workers did %s of work in %s (%.2fx), chunks of %zu%s", r->workers,
	         duration(work, (double)r->work_ns), duration(wall, (double)r->wall_ns), gain,
	         r->chunk_min, to);
}

void filch__report_fill(struct filch_report *r, struct loop *loop, struct idle *idle, enum why why,
                        uint64_t wall_ns)
{
	*r = (struct filch_report){
		.wall_ns = wall_ns,
		.work_ns = (uint64_t)platform_ns(load_relaxed(&loop->work_ticks)),
		.items = load_relaxed(&loop->ran),
		.failures = load_relaxed(&loop->failures),
		.chunks = load_relaxed(&loop->chunks),
		.chunk_min = load_relaxed(&loop->chunk_min),
		.chunk_max = load_relaxed(&loop->chunk_max),
		.steals = load_relaxed(&loop->steals),
		.wakes = load_relaxed(&loop->wakes),
		.workers = filch__loop_workers(loop),
	};
	if (!r->chunks)
		r->chunk_min = 0;
	if (r->items)
		r->cost_ns = (double)r->work_ns / (double)r->items;
	if (!r->chunks)
		snprintf(r->verdict, sizeof r->verdict, "nothing ran: %s",
		         filch_strerror(load_relaxed(&loop->reason)));
	else if (r->workers > 1)
		verdict_parallel(r);
	else
		verdict_serial(r, idle, why);
}

/* ---- all calls -------------------------------------------------------------------------------- */

enum { LINES_MAX = 256, LABEL_BYTES = 32 };

/* What is known of all calls with one label, or of one function without. */
struct line {
	char label[LABEL_BYTES];
	uintptr_t function;
	uint64_t calls, parallel, items, wall_ns, work_ns, steals, wakes;
};

/* Under filch__stats_lock. */
static struct {
	unsigned lines;
	uint64_t lost; /* calls that found no line */
	struct line line[LINES_MAX];
} table;

_Atomic int filch__stats;

static void print_table(void)
{
	struct platform_pipes pipes;
	char work[24], wall[24];

	filch__pipes_quiet(&pipes);
	lock_take(&filch__stats_lock);
	fprintf(stderr, "filch: %-24s %10s %9s %14s %10s %10s %6s %9s %9s\n", "label", "calls",
	        "parallel", "items", "wall", "work", "gain", "steals", "wakes");
	for (unsigned i = 0; i < table.lines; i++) {
		const struct line *l = &table.line[i];

		fprintf(stderr, "filch: %-24s %10llu %9llu %14llu %10s %10s %5.2fx %9llu %9llu\n",
		        l->label, (unsigned long long)l->calls, (unsigned long long)l->parallel,
		        (unsigned long long)l->items, duration(wall, (double)l->wall_ns),
		        duration(work, (double)l->work_ns),
		        l->wall_ns ? (double)l->work_ns / (double)l->wall_ns : 0,
		        (unsigned long long)l->steals, (unsigned long long)l->wakes);
	}
	if (table.lost)
		fprintf(stderr,
		        "filch: and %llu calls under more labels than the table has lines\n",
		        (unsigned long long)table.lost);
	lock_release(&filch__stats_lock);
	filch__pipes_back(&pipes);
}

bool filch__stats_read(void)
{
	const char *env = filch__env("FILCH_STATS");
	int now = env && strcmp(env, "1") == 0 ? 2 : 1, unknown = 0;

	if (!cas_relaxed(&filch__stats, &unknown, now))
		return unknown == 2; /* another thread was faster */
	if (now == 2 && !filch__on_exit(print_table))
		store_relaxed(&filch__stats, now = 1);
	return now == 2;
}

static struct line *line_of(const char *label, uintptr_t function)
{
	struct line *l;

	for (unsigned i = 0; i < table.lines; i++) {
		l = &table.line[i];
		if (label ? !l->function && strncmp(l->label, label, LABEL_BYTES - 1) == 0
		          : l->function == function)
			return l;
	}
	if (table.lines == LINES_MAX)
		return NULL;
	l = &table.line[table.lines++];
	l->function = label ? 0 : function;
	if (label)
		snprintf(l->label, sizeof l->label, "%s", label);
	else
		snprintf(l->label, sizeof l->label, "function %u", table.lines);
	return l;
}

void filch__stats_add(const char *label, uintptr_t function, const struct filch_report *r)
{
	struct line *l;

	lock_take(&filch__stats_lock);
	l = line_of(label, function);
	if (l) {
		l->calls++;
		l->parallel += r->workers > 1;
		l->items += r->items;
		l->wall_ns += r->wall_ns;
		l->work_ns += r->work_ns;
		l->steals += r->steals;
		l->wakes += r->wakes;
	} else {
		table.lost++;
	}
	lock_release(&filch__stats_lock);
}

/* ---- all settings --------------------------------------------------------------------------------- */

static void explain_pool(FILE *out, struct filch_pool *pool)
{
	static const char *const depths[DEPTHS] = {"up to 0.1 ms", "up to 1 ms", "up to 10 ms",
	                                           "longer"};
	struct idle *idle = &pool->crew.idle;

	fprintf(out, "  width             %u: the caller and up to %u threads, %u started so far\n",
	        filch_pool_width(pool), pool->crew.threads, load_relaxed(&pool->crew.started));
	for (int i = 0; i < DEPTHS; i++)
		fprintf(out, "  waking a worker   that slept %s costs %.3g us and takes %.3g us\n",
		        depths[i], (double)load_relaxed(&idle->wake_ns[i]) / 1e3,
		        (double)load_relaxed(&idle->latency_ns[i]) / 1e3);
	fprintf(out, "                    so it now pays for loops above %.3g us\n",
	        filch__idle_break_even_ns(idle) / 1e3);
	fprintf(out, "  handing over      a chunk to a searching worker takes %.3g us\n",
	        idle_handover_ns(idle) / 1e3);
	fprintf(out, "  searching         for %.3g us before a worker sleeps, %u workers at once\n",
	        (double)filch__idle_spin_ns(idle) / 1e3, idle->searchers_max);
}

static void explain(FILE *out, struct filch_pool *pool)
{
	struct width width;

	filch__width_read(&width);
	fprintf(out, "filch %s\n", filch_version());
	fprintf(out, "  CPUs              %s\n", width.cpus);
	fprintf(out, "  $FILCH_WORKERS    %s\n", width.env);
	fprintf(out, "  $FILCH_STATS      %s\n",
	        stats_wanted() ? "1: a table of all calls on stderr at exit"
	                       : "off (1 asks for a table of all calls at exit)");
	fprintf(out, "  clock             %s, %.4g ns a tick\n",
	        load_relaxed(&filch__ticks_from_tsc) ? "the CPU's time stamp counter"
	                                             : "the system's monotonic clock",
	        load_relaxed(&filch__ns_per_tick));
	if (pool)
		explain_pool(out, pool);
	else
		fprintf(out,
		        "  no default pool   (no memory, or the process ends): all is serial\n");
}

void filch_explain(FILE *out)
{
	struct platform_pipes pipes;

	if (!out)
		return;
	filch__pipes_quiet(&pipes);
	explain(out, filch__pool_of(NULL));
	filch__pipes_back(&pipes);
}
