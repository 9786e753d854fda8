/* SPDX-License-Identifier: MIT */
/*
 * A call: decides by what is remembered of the body whether it is run in place, alone, or
 * offered to the others (docs/loop.md has the picture).
 * The times below are measured break-even points; they decide speed, never results.
 */
#include "call.h"

#include "cost.h"
#include "report.h"

#include <string.h>

/* A call known to be shorter is run in place and without reading a clock, 15 times of 16. */
#define UNCLOCKED_NS 1000.0
/* A call known to be shorter, and not worth a wake-up, is run in place, watching the clock. */
#define IN_PLACE_NS 50000.0
/* A call at least this long gains when a searching worker takes half of it: two hand-overs
 * go by, there and back, and what is shared must be more than what that costs. */
#define SHARED_NS 700.0
#define SHARED_HANDOVERS 4

static double shared_ns(struct idle *idle)
{
	const double ns = SHARED_HANDOVERS * idle_handover_ns(idle);

	return ns > SHARED_NS ? ns : SHARED_NS;
}

/* How densely this thread calls. */
static PLATFORM_THREAD_LOCAL struct burst burst;
static PLATFORM_THREAD_LOCAL uint32_t samples;

/* ---- in place -------------------------------------------------------------------------------- */

/* A call as filch_for() got it, and what was found out about it. */
struct call {
	struct filch_pool *pool; /* NULL: there is none to be had */
	size_t n;
	filch_body *body;
	void *ctx;
	uintptr_t function;                  /* whose cost it is: the body, or what it maps */
	const struct filch_options *options; /* never NULL */
	uint64_t key;
	struct cost cost;
	size_t done;         /* items that have run already */
	struct entry *outer; /* where the calling thread was before this call */
	bool eager;
	bool counted;
};

static bool trusted(const struct call *c)
{
	return c->cost.seen >= COST_SURE && !c->cost.wild;
}

/* The innermost visit of the calling thread from a stay outwards. */
static struct visit *visit_in(const struct entry *e)
{
	while (e && !(e->worker && e->worker->visit))
		e = e->outer;
	return e ? e->worker->visit : NULL;
}

/* As what a body runs that is called right here: as the worker that the thread is already. */
static struct filch_worker handle_here(const struct call *c)
{
	const struct filch_pool *pool = c->pool ? c->pool : filch__pool_default_if_any();
	struct filch_worker h = {.failed = SIZE_MAX};
	struct visit *around = visit_in(c->outer);

	if (around) {
		h.loop = around->handle.loop;
		h.begin = around->handle.begin;
	}
	for (const struct entry *e = filch__entry; e; e = e->outer)
		if (e->pool == pool && e->worker) {
			h.id = e->worker->id;
			break;
		}
	return h;
}

static int run_unclocked(const struct call *c)
{
	struct filch_worker h = handle_here(c);
	uint64_t begin;
	int code;

	samples = samples * 1664525 + 1013904223; /* by chance: calls may come in a rhythm */
	if (samples >> 28 || c->n == 1)
		return c->body(c->ctx, 0, c->n, &h);
	begin = platform_ticks();
	code = c->body(c->ctx, 0, c->n, &h);
	if (!code)
		filch__cost_learn(c->key, c->n, platform_ns(platform_ticks() - begin));
	return code;
}

/*
 * Runs an eighth, and if that took about as long as expected the rest.  True if that was
 * all, with the call's code in *code; else the rest is for others to help with.
 */
static bool run_watched(struct call *c, uint64_t begin, int *code)
{
	const size_t probe = c->n / 8 ? c->n / 8 : 1;
	const double expected = (double)c->cost.ns * (double)probe;
	struct filch_worker h = handle_here(c);
	uint64_t now;

	*code = c->body(c->ctx, 0, probe, &h);
	if (*code || probe == c->n)
		return true;
	now = platform_ticks();
	c->done = probe;
	if (platform_ns(now - begin) > 4 * expected + UNCLOCKED_NS) {
		c->cost.ns = (float)(platform_ns(now - begin) / (double)probe);
		return false;
	}
	*code = c->body(c->ctx, probe, c->n, &h);
	now = platform_ticks();
	burst.ended = now;
	if (!*code)
		filch__cost_learn(c->key, c->n, platform_ns(now - begin));
	return true;
}

/* ---- with the others --------------------------------------------------------------------------- */

/* Whether the call is for the calling thread alone, and why. */
static enum why why_alone(const struct call *c, const struct loop *loop, struct worker *w)
{
	const double ns = (double)c->cost.ns * (double)c->n;

	if (!w)
		return WHY_NO_PLACE;
	if (!c->pool->crew.threads)
		return WHY_WIDTH_1;
	if (c->options->max_workers == 1)
		return WHY_MAX_WORKERS;
	if (loop->grains == 1)
		return WHY_ONE_ITEM;
	if (trusted(c) && ns < shared_ns(&c->pool->crew.idle))
		return WHY_TINY;
	return WHY_PARALLEL;
}

/* Ids below this may take part, so that with the caller they are max_workers at most. */
static unsigned helpers_of(const struct call *c, const struct worker *w)
{
	const unsigned most = c->options->max_workers;

	if (!most || most > c->pool->crew.threads)
		return c->pool->crew.threads + 1;
	return w->id < most ? most : most - 1;
}

/* Where the call stands: what is around it in this pool, and on this thread in any. */
static void place(struct loop *loop, const struct call *c, struct worker *w)
{
	struct visit *parent = w ? w->visit : NULL;
	struct visit *around = visit_in(c->outer);

	loop->owner = w;
	loop->around = around ? around->handle.loop : NULL;
	loop->around_begin = around ? around->handle.begin : 0;
	store_relaxed(&loop->parent, parent ? parent->handle.loop : NULL);
	store_relaxed(&loop->depth, parent ? load_relaxed(&parent->handle.loop->depth) + 1 : 0);
	store_relaxed(&loop->cpu, filch__cpu_here());
	store_relaxed(&loop->helpers, w && c->pool ? helpers_of(c, w) : 0);
}

static void remember(const struct call *c, struct loop *loop, bool alone, uint64_t begin)
{
	const double ns = platform_ns(load_relaxed(&loop->work_ticks));
	const size_t items = c->n - c->done;

	if (filch__stats_wanted()) /* where calls are counted, none is to be done uncounted */
		return;
	if (!items || load_relaxed(&loop->skipped) || loop->code || c->options->pause_ns)
		return;
	burst.ended = platform_ticks();
	if (alone)
		filch__cost_learn(c->key, items, ns);
	else
		filch__cost_learn_shared(c->key, items, ns,
		                         c->eager || c->done ? 0
		                                             : platform_ns(burst.ended - begin));
}

static void report(const struct call *c, struct loop *loop, enum why why, uint64_t begin_ns)
{
	struct filch_report r;

	if (!c->counted)
		return;
	filch__report_fill(&r, loop, c->pool ? &c->pool->crew.idle : NULL, why,
	                   filch__now_ns() - begin_ns);
	if (c->options->report)
		memcpy(c->options->report, &r, c->options->report_size);
	if (filch__stats_wanted())
		filch__stats_add(c->options->label, c->function, &r);
}

static int run_loop(struct call *c, struct worker *w, struct loop *loop)
{
	const uint64_t begin_ns = c->counted ? filch__now_ns() : 0;
	const uint64_t begin = platform_ticks();
	enum why why;
	bool whole = true;

	place(loop, c, w);
	filch__loop_init(loop, c->n, c->body, c->ctx, c->options, c->counted);
	store_relaxed(&loop->grain_ns, c->cost.ns * (float)loop->grain);
	why = why_alone(c, loop, w);
	if (why == WHY_PARALLEL && !c->eager && !idle_searching(&c->pool->crew.idle))
		c->eager = filch__idle_burst_pays(&c->pool->crew.idle, &burst,
		                                  (double)c->cost.ns * (double)c->n, begin);
	if (why == WHY_PARALLEL)
		whole = filch__worker_run(w, loop, c->done, c->eager);
	else
		filch__worker_run_alone(w, loop, c->done);
	if (!whole)
		return FILCH_EFORK;
	remember(c, loop, why != WHY_PARALLEL, begin);
	filch__loop_progress(loop, true);
	report(c, loop, why, begin_ns);
	return filch__loop_result(loop);
}

static int run_placed(struct call *c, struct worker *w)
{
	struct loop *loop = w ? filch__worker_open(w) : NULL;
	struct loop own;
	int code;

	if (!loop)
		return run_loop(c, NULL, &own);
	code = run_loop(c, w, loop);
	filch__worker_close(w);
	return code;
}

/* ---- the calls ------------------------------------------------------------------------------------- */

static const struct filch_options defaults;

/* Whether somebody searches to whom half of this could be handed. */
static bool can_share(const struct call *c, double ns)
{
	struct idle *idle = &c->pool->crew.idle;

	return idle_searching(idle) && ns >= shared_ns(idle) && ns >= cost_least_ns(c->cost);
}

/* Without options, and with a body that is known: most calls of a program's life. */
static bool run_known(struct call *c, int *code)
{
	const double ns = (double)c->cost.ns * (double)c->n;
	struct idle *idle = &c->pool->crew.idle;
	const bool shared = can_share(c, ns);
	const uint64_t now = platform_ticks();

	if (ns < IN_PLACE_NS && !trusted(c))
		return run_watched(c, now, code); /* what does it cost alone? */
	if (ns < UNCLOCKED_NS && !shared) {
		*code = run_unclocked(c);
		return true;
	}
	if (ns < IN_PLACE_NS && !shared) {
		c->eager = filch__idle_wake_pays(idle, ns, now) ||
		           filch__idle_burst_pays(idle, &burst, ns, now);
		if (!c->eager)
			return run_watched(c, now, code);
	}
	return false;
}

/*
 * A single item, or known to be so short that nobody could help: then not even the default
 * pool is looked at.
 */
static bool is_tiny(struct call *c)
{
	c->key = cost_key(c->function);
	c->cost = cost_recall(c->key);
	if (c->n == 1)
		return !filch__stats_wanted();
	return c->n && trusted(c) && (double)c->cost.ns * (double)c->n < SHARED_NS;
}

static int run_plain(struct call *c, struct worker *w)
{
	int code;

	if (!c->n)
		return FILCH_OK;
	if (w && c->cost.seen && run_known(c, &code))
		return code;
	return run_placed(c, w);
}

static int run_with_options(struct call *c, const struct filch_options *user, struct worker *w)
{
	struct filch_options o;
	int code = filch__options_read(&o, user, c->n);

	if (code)
		return code;
	c->options = &o;
	c->counted = c->counted || o.report;
	c->key = filch__cost_key_labelled(c->function, o.label);
	c->cost = cost_recall(c->key);
	if (!c->cost.seen)
		c->cost.ns = (float)o.cost_ns;
	return run_placed(c, w);
}

/*
 * As a worker of the pool, so that it is not destroyed under the call.  With no place in it,
 * or no pool to be had, the call is run all the same, by this thread alone.
 */
static int run_inside(struct call *c, const struct filch_options *user, bool named)
{
	struct entry e;
	struct worker *w = c->pool ? filch__pool_enter(c->pool, &e) : NULL;
	int code;

	if (!w && named && filch__pool_closes(c->pool))
		return FILCH_ECLOSED;
	if (!w) /* not waited for by filch_pool_destroy(), so not to be touched any more */
		c->pool = NULL;
	c->counted = filch__stats_wanted();
	code = user || c->counted ? run_with_options(c, user, w) : run_plain(c, w);
	if (w)
		filch__pool_leave(&e);
	return code;
}

/* Runs what is tiny on a pool that was named: that is not entered, and not touched later. */
static int run_unentered(struct call *c)
{
	struct entry e = {.pool = c->pool, .outer = filch__entry};
	int code;

	filch__entry = &e;
	code = run_unclocked(c);
	filch__entry = e.outer;
	return code;
}

/* Whether to run the call in place at once, since nobody needs to know how long it takes. */
static bool is_trifle(struct call *c)
{
	double ns;

	if (is_tiny(c))
		return true;
	ns = (double)c->cost.ns * (double)c->n;
	return c->n && c->pool && trusted(c) && ns < UNCLOCKED_NS && !can_share(c, ns);
}

int filch__call(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                const struct filch_options *user, uintptr_t function)
{
	struct call c = {.n = n,
	                 .body = body,
	                 .ctx = ctx,
	                 .function = function,
	                 .options = &defaults,
	                 .outer = filch__entry};
	int error;

	/* Where calls are counted, nothing is ever trusted (remember()). */
	if (!pool && !user) {
		c.pool = filch__pool_default_if_any();
		if (is_trifle(&c))
			return run_unclocked(&c);
	}
	c.pool = filch__pool_of(pool);
	error = c.pool ? filch__pool_error(c.pool) : FILCH_OK;
	if (error &&
	    (pool || error != FILCH_ECLOSED)) /* at exit the default pool is closed: go on */
		return error;
	if (pool && !user && is_trifle(&c))
		return run_unentered(&c);
	return run_inside(&c, user, pool != NULL);
}

int filch_for(filch_pool *pool, size_t n, filch_body *body, void *ctx,
              const struct filch_options *options)
{
	return body ? filch__call(pool, n, body, ctx, options, (uintptr_t)body) : FILCH_EINVAL;
}
