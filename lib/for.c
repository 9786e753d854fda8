/* SPDX-License-Identifier: MIT */
/*
 * A call: decides by what is remembered of the body whether it is run in place, alone, or
 * offered to the others (docs/loop.md has the picture).
 * The times below are measured break-even points; they decide speed, never results.
 */
#include "call.h"
#include "inplace.h"
#include "report.h"

#include <string.h>

/* A call known to be shorter, and not worth a wake-up, is run in place, watching the clock. */
#define IN_PLACE_NS 50000.0
/* A call at least this long gains when a searching worker takes half of it: two hand-overs
 * go by, there and back, and what is shared must be more than what that costs. */
#define SHARED_NS 700.0

/* What items of one call cost differs by less, where it may be taken to be the same. */
#define EVEN 1.25

/* A run known to be shorter is over before anybody could help: nobody is to ask. */
#define QUIET_NS 5000.0f

static bool is_shareable(struct idle *idle, double ns)
{
	return ns >= SHARED_NS && idle_sharing_pays(idle, ns);
}

/* What this thread forwent in its last calls. */
static PLATFORM_THREAD_LOCAL struct burst burst;

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
	if (cost_is_sure(c->cost) && !is_shareable(&c->pool->crew.idle, ns))
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
	struct visit *around = filch__visit_in(c->outer);

	loop->owner = w;
	loop->around = around ? around->handle.loop : NULL;
	loop->around_begin = around ? around->handle.begin : 0;
	store_relaxed(&loop->parent, parent ? parent->handle.loop : NULL);
	store_relaxed(&loop->depth, parent ? load_relaxed(&parent->handle.loop->depth) + 1 : 0);
	store_relaxed(&loop->cpu, filch__cpu_here());
	store_relaxed(&loop->quiet, c->inside && cost_is_sure(c->cost) && c->cost.ns < QUIET_NS);
	store_relaxed(&loop->helpers, w && c->pool ? helpers_of(c, w) : 0);
}

static void remember(const struct call *c, struct loop *loop, bool alone, uint64_t begin)
{
	const double ns = platform_ns(load_relaxed(&loop->work_ticks));
	const size_t items = c->n - c->done;
	/* A call that somebody was woken for says nothing of what sharing costs. */
	const bool telling = !c->eager && !c->done;

	if (stats_wanted()) /* where calls are counted, none is to be done uncounted */
		return;
	if (!items || load_relaxed(&loop->skipped) || loop->code || c->options->pause_ns)
		return;
	if (alone) {
		filch__cost_learn(c->key, items, ns);
	} else {
		filch__cost_learn_shared(c->key, items, ns,
		                         telling ? platform_ns(platform_ticks() - begin) : 0,
		                         !load_relaxed(&loop->remaining));
		if (loop->balance > 0)
			filch__cost_learn_even(c->key,
			                       loop->balance < EVEN && loop->balance > 1 / EVEN);
	}
}

/* Its text does not stand on the stack of those who asked for none. */
PLATFORM_NOINLINE static void report(const struct call *c, struct loop *loop, enum why why,
                                     uint64_t begin_ns)
{
	struct filch_report r;

	filch__report_fill(&r, loop, c->pool ? &c->pool->crew.idle : NULL, why,
	                   filch__now_ns() - begin_ns);
	if (c->options->report)
		memcpy(c->options->report, &r, c->options->report_size);
	if (stats_wanted())
		filch__stats_add(c->options->label, c->function, &r);
}

static int result(const struct call *c, struct loop *loop)
{
	if (c->stopped)
		*c->stopped = filch__loop_cut(loop);
	return filch__loop_result(loop);
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
	loop->even = cost_is_even(c->cost);
	why = why_alone(c, loop, w);
	if (why == WHY_PARALLEL && !c->eager && !idle_searching(&c->pool->crew.idle))
		c->eager = filch__idle_burst_pays(&c->pool->crew.idle, &burst,
		                                  (double)c->cost.ns * (double)c->n);
	if (why == WHY_PARALLEL)
		whole = filch__worker_run(w, loop, c->done, c->eager);
	else
		filch__worker_run_alone(w, loop, c->done);
	if (!whole)
		return FILCH_EFORK;
	remember(c, loop, why != WHY_PARALLEL, begin);
	filch__loop_progress(loop, true);
	if (c->counted)
		report(c, loop, why, begin_ns);
	return result(c, loop);
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

/* Whether a call of ns would be shorter if half of it was handed to somebody who searches. */
static bool would_gain(struct idle *idle, struct cost cost, double ns)
{
	return is_shareable(idle, ns) && ns >= cost_least_ns(cost);
}

/* Whether there is somebody to whom it can be handed, or he is to be woken now, for this call and
 * those to come: *eager. */
static bool wants_help(struct crew *crew, struct cost cost, double ns, bool *eager)
{
	struct idle *idle = &crew->idle;
	bool searching;

	if (!would_gain(idle, cost, ns))
		return false;
	searching = idle_searching(idle);
	if (filch__is_crowded(crew, ns, !searching))
		return false;
	if (searching)
		return true;
	*eager = filch__idle_burst_pays(idle, &burst, ns);
	return *eager;
}

/* Without options, and with a body that is known: most calls of a program's life. */
static bool run_known(struct call *c, int *code)
{
	const double ns = (double)c->cost.ns * (double)c->n;
	const bool sure = cost_is_sure(c->cost);
	struct idle *idle = &c->pool->crew.idle;
	uint64_t now;

	if (ns >= IN_PLACE_NS || (sure && wants_help(&c->pool->crew, c->cost, ns, &c->eager)))
		return false;
	now = platform_ticks();
	/* Who is not sure first finds out what it costs alone. */
	c->eager = sure && filch__idle_wake_pays(idle, ns, now) && would_gain(idle, c->cost, ns);
	return !c->eager && filch__run_watched(c, now, code);
}

static int run_plain(struct call *c, struct worker *w)
{
	int code;

	if (!c->n)
		return FILCH_OK;
	if (w && c->cost.seen && !c->decided && run_known(c, &code))
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
	if (!w) {
		/* Not waited for by filch_pool_destroy(), so not to be touched any more; but this
		 * thread is inside of it all the same, and cannot destroy it. */
		e = (struct entry){.pool = c->pool, .outer = filch__entry};
		filch__entry = &e;
		c->pool = NULL;
	}
	c->counted = stats_wanted();
	code = user || c->counted ? run_with_options(c, user, w) : run_plain(c, w);
	if (w)
		filch__pool_leave(&e);
	else
		filch__entry = e.outer;
	return code;
}

/* Runs what is tiny on a pool that was named: that is not entered, and not touched later. */
static int run_unentered(struct filch_pool *pool, size_t n, filch_body *body, void *ctx,
                         uint64_t key)
{
	struct entry e = {.pool = pool, .outer = filch__entry};
	int code;

	filch__entry = &e;
	code = filch__run_unclocked(pool, e.outer, n, body, ctx, key);
	filch__entry = e.outer;
	return code;
}

/* The default pool, whose memory is never given back: it is entered only for help. */
static bool run_at_home(struct call *c, int *code)
{
	c->pool = pool_default_if_any();
	if (!c->pool || !c->cost.seen || !c->n || c->eager)
		return false;
	c->decided = true;
	return run_known(c, code);
}

/* How a call is to be run, and what else its caller is to know. */
struct manner {
	bool eager, inside;
	int *stopped;
};

PLATFORM_NOINLINE static int call_any(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                                      const struct filch_options *user, uintptr_t function,
                                      struct manner manner)
{
	struct call c = {.n = n,
	                 .body = body,
	                 .ctx = ctx,
	                 .function = function,
	                 .options = &defaults,
	                 .outer = filch__entry,
	                 .key = cost_key(function),
	                 .eager = manner.eager,
	                 .decided = manner.eager || manner.inside,
	                 .inside = manner.inside,
	                 .stopped = manner.stopped};
	int error, code;

	c.cost = cost_recall(c.key);
	if (!pool && !user && !manner.inside && run_at_home(&c, &code))
		return code;
	c.pool = filch__pool_of(pool);
	error = c.pool ? pool_error(c.pool) : FILCH_OK;
	if (error &&
	    (pool || error != FILCH_ECLOSED)) /* at exit the default pool is closed: go on */
		return error;
	return run_inside(&c, user, pool != NULL);
}

/* Whether nobody is to help with a call that is neither tiny nor worth a clock; *eager if not, since
 * it is time to wake somebody for it and those to come. */
PLATFORM_NOINLINE static bool is_left_alone(struct filch_pool *pool, struct cost cost, double ns,
                                            bool *eager)
{
	pool = pool ? pool : pool_default_if_any();
	return pool && !pool_error(pool) && !wants_help(&pool->crew, cost, ns, eager);
}

/* Whether the call, without options, is one for the caller alone, and not even worth a clock. */
static inline bool is_trifle(filch_pool *pool, size_t n, uint64_t key, bool *eager)
{
	struct cost cost;
	double ns;

	if (n <= 1)
		return n && !stats_wanted();
	cost = cost_recall(key);
	ns = (double)cost.ns * (double)n;
	/* Where calls are counted, nothing is ever trusted (remember()). */
	return cost_is_sure(cost) &&
	       (ns < SHARED_NS || (ns < UNCLOCKED_NS && is_left_alone(pool, cost, ns, eager)));
}

/* Most calls of a program's life are short: for them little is looked at, and the default pool
 * not even made. */
static inline int call(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                       const struct filch_options *user, uintptr_t function)
{
	const uint64_t key = cost_key(function);
	bool eager = false;

	if (!user && is_trifle(pool, n, key, &eager)) {
		if (!pool)
			return filch__run_unclocked(NULL, filch__entry, n, body, ctx, key);
		if (!pool_error(pool))
			return run_unentered(pool, n, body, ctx, key);
	}
	return call_any(pool, n, body, ctx, user, function, (struct manner){.eager = eager});
}

int filch__call_inside(filch_pool *pool, filch_body *body, void *ctx,
                       const struct filch_options *user, uintptr_t function)
{
	return call_any(pool, 1, body, ctx, user, function, (struct manner){.inside = true});
}

PLATFORM_HOT int filch_for(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                           const struct filch_options *options)
{
	return body ? call(pool, n, body, ctx, options, (uintptr_t)body) : FILCH_EINVAL;
}

PLATFORM_HOT int filch_for_as(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                              const struct filch_options *options, uintptr_t as)
{
	return body ? call(pool, n, body, ctx, options, as) : FILCH_EINVAL;
}

struct told filch__for_told(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                            const struct filch_options *options, uintptr_t as)
{
	const struct visit *around = filch__visit_in(filch__entry);
	struct told t = {FILCH_OK, FILCH_OK};

	if (options) {
		t.code = call_any(pool, n, body, ctx, options, as,
		                  (struct manner){.stopped = &t.stopped});
		return t;
	}
	t.code = call(pool, n, body, ctx, NULL, as);
	/* There was nothing else that could stop it. */
	if (around && filch_stopping(&around->handle))
		t.stopped = FILCH_ECANCELED;
	return t;
}
