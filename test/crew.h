/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_CREW_H
#define FILCH_TEST_CREW_H
/*
 * A crew of the tests' own making, and calls by its guests: what the pool and filch_for() are
 * around the engine otherwise.
 */
#include "support.h"
#include "worker.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MOST = 8 };

static struct crew *crew;
static struct worker *guests[MOST]; /* workers without a thread, who bring loops */
static const struct filch_options plain = {.struct_size = sizeof plain};
static const struct filch_options one_by_one = {.struct_size = sizeof one_by_one, .chunk = 1};

static inline bool nobody_more(struct crew *c, unsigned limit)
{
	(void)c, (void)limit;
	return false;
}

static inline void begin(void)
{
	filch__ticks_init();
	crew = filch__alloc(sizeof *crew);
	crew->worker = filch__alloc(MOST * sizeof *crew->worker);
	crew->sleepers = calloc(MOST, sizeof(struct sleeper *));
	crew->start_another = nobody_more;
	crew->forks = load_relaxed(&filch__forks);
	for (unsigned i = 0; i < MOST; i++) {
		filch__worker_init(&crew->worker[i], crew, i + 1);
		crew->sleepers[i] = &crew->worker[i].sleeper;
		guests[i] = filch__alloc(sizeof *guests[i]);
		filch__worker_init(guests[i], crew, 0);
		store_release(&crew->guest[i], guests[i]);
	}
	store_relaxed(&crew->guests_used, MOST);
	filch__idle_init(&crew->idle, crew->sleepers, MOST, MOST, 0);
}

static inline void end(void)
{
	for (unsigned i = 0; i < MOST; i++) {
		filch__worker_finish(&crew->worker[i]);
		filch__worker_finish(guests[i]);
		filch__free(guests[i]);
	}
	filch__free(crew->worker);
	free(crew->sleepers);
	filch__free(crew);
}

static inline void expect_at_rest(struct worker *w)
{
	cr_expect_eq(load_relaxed(&w->deque.top), load_relaxed(&w->deque.bottom));
	cr_expect_eq(w->calls, 0);
	cr_expect_null(w->visit);
	cr_expect_null(load_relaxed(&w->waiting));
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Makes the loop a call of w's: inside of what it runs, for helpers with ids below `helpers`. */
static inline void loop_begin(struct loop *loop, struct worker *w, struct tally *t,
                              filch_body *body, const struct filch_options *o, unsigned helpers)
{
	struct visit *v = w->visit;

	loop->owner = w;
	loop->around = v ? v->handle.loop : NULL;
	loop->around_begin = v ? v->handle.begin : 0;
	store_relaxed(&loop->parent, loop->around);
	store_relaxed(&loop->depth, v ? load_relaxed(&v->handle.loop->depth) + 1 : 0);
	store_relaxed(&loop->helpers, helpers);
	store_relaxed(&loop->cpu, filch__cpu_here());
	store_relaxed(&loop->grain_ns, 0);
	filch__loop_init(loop, t->n, body, t, o, true);
}

/* Runs all but the first `done` items; false if there was no memory for the call. */
static inline bool run_once(struct worker *w, struct tally *t, filch_body *body,
                            const struct filch_options *o, size_t done)
{
	struct loop *loop = filch__worker_open(w);

	if (!loop)
		return false;
	loop_begin(loop, w, t, body, o, crew->threads + 1);
	if (!filch__worker_run(w, loop, done, true) || filch__loop_result(loop) ||
	    load_relaxed(&loop->ran) != t->n - done)
		abort();
	filch__worker_close(w);
	return true;
}

static inline void expect_runs_once(struct worker *w, size_t n, filch_body *body, size_t chunk)
{
	const struct filch_options o = {.struct_size = sizeof o, .chunk = chunk};
	struct tally t;

	tally_init(&t, n);
	cr_assert(run_once(w, &t, body, &o, 0));
	tally_expect_once(&t);
	tally_finish(&t);
}

static const size_t lengths[] = {1, 2, 3, 7, 8, 9, 100, 1000, 54321};

#endif
