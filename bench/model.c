/* SPDX-License-Identifier: MIT */
/*
 * What would filch do on a machine with 1 to 256 cores?  A discrete-event model of one pool:
 * workers that cut, push, pop, look, claim, wake and sleep as lib/worker.c and lib/idle.c do,
 * by the library's own arithmetic (chunk.h, idle.h), at prices measured on a small machine.
 * docs/scaling.md says what it shows and what it cannot.
 *
 * It prints a table for each cost of an item of the grid, on one socket and on two.  `peak` is how
 * many were on their way at once after somebody had woken them: the storm.
 *
 * What to expect: back to back, loops of a millisecond should keep 64 cores busy; after a
 * pause the time until all have been woken decides.
 */
#include "chunk.h"
#include "idle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CORES_MAX = 256, PARTS_MAX = 64 };

/* Prices in nanoseconds, as measured (docs/scaling.md). */
static const double near_line = 50; /* a cache line from another core of the same socket */
static const double far_line = 250; /* from the other socket */
static const double chunk_price = 40, start_price = 80, pause_price = 25;
static const double wake_price = 3000;

struct core {
	enum { ASLEEP, WAKING, SEARCHING, RUNNING } state;
	double at;    /* when it does its next step */
	double since; /* searching, or asleep */
	struct range part[PARTS_MAX];
	unsigned top, bottom; /* of its deque: part[top .. bottom - 1] */
	double changed;       /* its deque, last */
	double seen[CORES_MAX];
	struct range near;
	size_t far, accounted;
	bool last_first, near_pushed;
	double busy; /* in this call */
	unsigned victim;
};

static struct {
	unsigned cores, sockets, searching, searchers_max, started;
	unsigned waking, most_waking; /* at once, in this call */
	double latency, item_ns, spin;
	double counter_free, idle_free; /* when the line can be had next */
	size_t left;                    /* grains not accounted for */
	double began, all_busy;
	unsigned long wakes, steals, missed, lines, chunks;
	struct core core[CORES_MAX];
} m;

static double line_price(unsigned a, unsigned b)
{
	m.lines++;
	return a * m.sockets / m.cores == b * m.sockets / m.cores ? near_line : far_line;
}

/* A line that all write: one after the other. */
static double take_turn(double *is_free, double now, unsigned core)
{
	const double begin = now > *is_free ? now : *is_free;

	*is_free = begin + line_price(core, 0);
	return *is_free;
}

/* ---- waking ------------------------------------------------------------------------------ */

/* Wakes somebody, if that is what the engine would do; the time after. */
static double offer(double now, unsigned core)
{
	const struct core *c = &m.core[core];
	const double left = (double)(range_size(c->near) + c->far) * m.item_ns;

	if (left <= idle_break_even(m.latency, wake_price) ||
	    m.searching >= idle_searchers_wanted(left, m.latency, m.cores / 2))
		return now;
	for (unsigned i = 1; i < m.cores; i++)
		if (m.core[i].state == ASLEEP) {
			m.core[i].state = WAKING;
			m.core[i].at = now + m.latency;
			m.searching++;
			m.wakes++;
			m.waking++;
			m.most_waking = m.waking > m.most_waking ? m.waking : m.most_waking;
			return now + wake_price;
		}
	return now;
}

/* ---- running ----------------------------------------------------------------------------- */

/* As cut() in worker.c; the chunk, whose grains run next. */
static size_t cut(struct core *c, double now)
{
	const size_t left = range_size(c->near) + c->far;
	const double late = 1.5 * 2 * near_line, least = chunk_least_ns(2 * near_line);
	size_t size = chunk_size(left, m.item_ns, least, m.cores, SIZE_MAX), ran = 0;

	if (c->last_first)
		ran = range_size(chunk_take(&c->near, size, true, false));
	if (!c->far && (c->far = chunk_far(left - ran, m.item_ns, least, late))) {
		c->part[c->bottom] = chunk_take(&c->near, c->far, true, true);
		c->far = range_size(c->part[c->bottom++]);
	}
	if (!c->last_first && range_size(c->near)) {
		size = chunk_fit(size, range_size(c->near), m.item_ns, least, SIZE_MAX);
		ran = range_size(chunk_take(&c->near, size, false, false));
	}
	c->last_first = false;
	c->near_pushed = range_size(c->near);
	if (c->near_pushed)
		c->part[c->bottom++] = c->near;
	c->changed = now;
	m.chunks++;
	return ran;
}

static void run(unsigned core)
{
	struct core *c = &m.core[core];
	double now = c->at;
	size_t ran;

	ran = cut(c, now);
	if (c->far || c->near_pushed)
		now = offer(now, core);
	c->accounted += ran;
	c->busy += (double)ran * m.item_ns;
	c->at = now + chunk_price + (double)ran * m.item_ns;
}

/* A chunk has ended: what is next, or the end of the visit. */
static void go_on(unsigned core)
{
	struct core *c = &m.core[core];

	if (c->bottom > c->top) {
		c->near = c->part[--c->bottom];
		c->changed = c->at;
		if (!c->near_pushed || c->bottom == c->top)
			c->far = 0;
		c->last_first = !c->near_pushed;
		run(core);
		return;
	}
	c->top = c->bottom = 0;
	c->near = (struct range){0, 0};
	c->far = 0;
	c->at = take_turn(&m.counter_free, c->at, core);
	m.left -= c->accounted;
	c->accounted = 0;
	if (core)
		c->at = take_turn(&m.idle_free, c->at, core);
	c->state = SEARCHING;
	c->since = c->at;
	m.searching += core > 0;
}

/* ---- searching ---------------------------------------------------------------------------- */

static bool claim(unsigned core, unsigned from)
{
	struct core *c = &m.core[core], *v = &m.core[from];

	c->at += line_price(core, from);
	if (v->top == v->bottom) {
		m.missed++;
		return false;
	}
	c->near = v->part[v->top++];
	v->changed = c->at;
	c->at += line_price(core, 0); /* the loop */
	c->last_first = true;
	c->state = RUNNING;
	c->victim = from;
	m.steals++;
	if (core) {
		m.searching--;
		c->at = take_turn(&m.idle_free, c->at, core);
	}
	return true;
}

static void search(unsigned core)
{
	struct core *c = &m.core[core];

	if (c->state == WAKING) {
		c->since = c->at;
		m.waking--;
	}
	c->state = SEARCHING;
	for (unsigned k = 0; k < m.cores; k++) {
		const unsigned from = (c->victim + k) % m.cores;
		struct core *v = &m.core[from];

		if (from == core)
			continue;
		c->at += 2;
		if (v->changed > c->seen[from]) {
			c->at += line_price(core, from);
			c->seen[from] = v->changed;
		}
		if (v->top < v->bottom && claim(core, from)) {
			run(core);
			return;
		}
	}
	c->at += pause_price;
	if (!core || (c->at - c->since < m.spin && m.searching <= m.searchers_max))
		return;
	c->state = ASLEEP;
	m.searching--;
}

/* ---- a call ------------------------------------------------------------------------------- */

static unsigned next_core(void)
{
	unsigned next = 0;

	for (unsigned i = 1; i < m.cores; i++)
		if (m.core[i].state != ASLEEP && m.core[i].at < m.core[next].at)
			next = i;
	return next;
}

static unsigned running(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m.cores; i++)
		count += m.core[i].state == RUNNING;
	return count;
}

/* The model itself must lose nothing and do nothing twice. */
static void expect_all_ran(size_t n)
{
	double busy = 0;

	for (unsigned i = 0; i < m.cores; i++)
		busy += m.core[i].busy;
	if (fabs(busy / m.item_ns - (double)n) > 0.5) {
		fprintf(stderr, "of %zu items %.0f ran\n", n, busy / m.item_ns);
		exit(1);
	}
}

/* One loop of n items, begun at `now`; when it ends. */
static double call(size_t n, double now)
{
	m.left = n;
	m.began = now;
	m.all_busy = INFINITY;
	m.wakes = m.steals = m.missed = m.lines = m.chunks = 0;
	m.most_waking = m.waking;
	for (unsigned i = 0; i < m.cores; i++)
		m.core[i].busy = 0;
	m.core[0].state = RUNNING;
	m.core[0].near = (struct range){0, n};
	m.core[0].at = now + start_price;
	run(0);
	if (running() == m.cores)
		m.all_busy = now;
	while (m.left) {
		const unsigned i = next_core();

		if (m.core[i].state == RUNNING)
			go_on(i);
		else
			search(i);
		if (m.all_busy == INFINITY && running() == m.cores)
			m.all_busy = m.core[i].at;
	}
	expect_all_ran(n);
	return m.core[0].at > m.counter_free ? m.core[0].at : m.counter_free + near_line;
}

static void begin(unsigned cores, unsigned sockets, double item_ns)
{
	memset(&m, 0, sizeof m);
	m.cores = cores;
	m.sockets = sockets;
	m.item_ns = item_ns;
	m.searchers_max = idle_most_searchers(cores - 1, cores);
	for (unsigned i = 0; i < cores; i++)
		m.core[i].victim = 0;
}

/* Of calls with a pause between them the third; its time. */
static double third_call(size_t n, double pause)
{
	double now = 0, end = 0;

	m.latency = pause > 1e6 ? 45000 : 15000;
	m.spin = 50000;
	for (int k = 0; k < 3; k++) {
		now = end + pause;
		for (unsigned i = 1; i < m.cores; i++)
			if (m.core[i].state == SEARCHING && now - m.core[i].at > m.spin) {
				m.core[i].state = ASLEEP;
				m.searching--;
			} else if (m.core[i].at < now) {
				m.core[i].at = now;
			}
		end = call(n, now);
	}
	return end - now;
}

static const double totals[] = {1e4, 1e5, 1e6, 1e7, 1e8};

enum { TOTALS = sizeof totals / sizeof *totals, COUNTED = 3 /* of which counts are shown */ };

/* A loop of so much work: its speed-up, and the ramp. */
static void cell(unsigned cores, unsigned sockets, double pause, double item_ns, double total)
{
	if (total < item_ns) {
		printf("  %14s", "");
		return;
	}
	begin(cores, sockets, item_ns);
	const double ns = third_call((size_t)(total / item_ns), pause);

	printf("  %6.1f", total / ns);
	if (m.all_busy < INFINITY)
		printf(" %4.0f us", (m.all_busy - m.began) / 1e3);
	else
		printf("     -  ");
}

static void row(unsigned cores, unsigned sockets, double pause, double item_ns)
{
	printf("%8u", cores);
	for (size_t k = 0; k < TOTALS; k++)
		cell(cores, sockets, pause, item_ns, totals[k]);
	begin(cores, sockets, item_ns);
	third_call((size_t)(totals[COUNTED] / item_ns), pause);
	printf("   %18s %5lu %5u %6lu %6lu %11.2f\n", "", m.wakes, m.most_waking, m.steals,
	       m.missed, (double)m.lines / (double)m.chunks);
}

static void table(unsigned sockets, double pause, double item_ns)
{
	printf("\n%u socket%s, %s, items of %g ns: speed-up, and the time until all cores work\n",
	       sockets, sockets > 1 ? "s" : "", pause > 0 ? "after 5 ms asleep" : "back to back",
	       item_ns);
	printf("%8s", "cores");
	for (size_t k = 0; k < TOTALS; k++)
		printf("  %11g us", totals[k] / 1e3);
	printf("   of the 10 ms loop: wakes  peak steals missed lines/chunk\n");
	for (unsigned cores = sockets; cores <= CORES_MAX; cores *= 2)
		row(cores, sockets, pause, item_ns);
}

int main(void)
{
	/* The costs of the grid. */
	for (double item_ns = 1; item_ns <= 1e6; item_ns *= 10)
		for (unsigned sockets = 1; sockets <= 2; sockets++) {
			table(sockets, 0, item_ns);
			table(sockets, 5e6, item_ns);
		}
	return 0;
}
