/* SPDX-License-Identifier: MIT */
/* The crew: its workers' lives, who has work, who may help, who is told.  docs/worker.md. */
#include "worker.h"

#include <math.h>

/* ---- a worker ---------------------------------------------------------------------------- */

void filch__worker_init(struct worker *w, struct crew *crew, unsigned id)
{
	filch__deque_init(&w->deque, COUNTS_FROM);
	w->crew = crew;
	w->id = id;
	store_relaxed(&w->tasks.answered, (uint32_t)COUNTS_FROM);
	w->victim = id; /* not all look at the same place first */
	/* The first fork is to say that there are forks, if there is anybody to hear it. */
	w->tasks.open.asked_ = crew->threads > 0;
}

void filch__worker_finish(struct worker *w)
{
	struct loop_block *b = w->loops.next;

	filch__deque_finish(&w->deque);
	filch__scratch_cache_finish(&w->scratch);
	while (b) {
		struct loop_block *next = b->next;

		filch__free(b);
		b = next;
	}
}

struct loop *filch__worker_open(struct worker *w)
{
	struct loop_block *b = &w->loops;
	struct loop *loop;

	for (unsigned i = w->calls / LOOPS_IN_BLOCK; i; i--) {
		if (!b->next)
			b->next = filch__alloc(sizeof *b);
		if (!b->next)
			return NULL;
		b = b->next;
	}
	loop = &b->loop[w->calls++ % LOOPS_IN_BLOCK];
	/* Who helped last time has these lines: all of them at once come sooner than in turn. */
	prefetch_relaxed(loop);
	prefetch_relaxed(&loop->depth);
	prefetch_relaxed(&loop->remaining);
	prefetch_relaxed(&w->deque.bottom);
	return loop;
}

void filch__worker_close(struct worker *w)
{
	w->calls--;
}

/* ---- crowds --------------------------------------------------------------------------------- */

/* The system lets threads that are too many take turns of some milliseconds. */
#define CROWDED_NS 4e6

/* Threads from outside that are in a call and not asleep in it; of a moment ago, perhaps. */
static unsigned callers(struct crew *crew, unsigned guests)
{
	unsigned count = 0;

	for (unsigned i = 0; i < guests; i++) {
		/* acquire: pairs with the release in guest_create(). */
		struct worker *g = load_acquire(&crew->guest[i]);

		count += g && load_relaxed(&g->taken) && !idle_is_parked(&g->sleeper);
	}
	return count;
}

bool filch__is_crowded(struct crew *crew, double left_ns, unsigned more)
{
	const unsigned guests = load_relaxed(&crew->guests_used);
	unsigned started, asleep;

	/* A pool of more workers than CPUs is for bodies that wait. */
	if (guests < 2 || !crew->idle.roomy || left_ns > CROWDED_NS)
		return false;
	started = load_relaxed(&crew->started);
	asleep = idle_asleep(&crew->idle);
	/* Who has just been started may sleep before he is counted. */
	return idle_is_crowd(callers(crew, guests),
	                     (started > asleep ? started - asleep : 0) + more, crew->idle.cpus);
}

/* As far as is known of the loop now; infinite if nothing is. */
static double chunk_ns(const struct chunk *c)
{
	const double ns = (double)range_size(c->range) * load_relaxed(&c->loop->grain_ns);

	return ns > 0 ? ns : INFINITY;
}

/* ---- finding ------------------------------------------------------------------------------ */

/* Whether `loop` is the one around, or a call made by its bodies, however deep. */
static bool is_below(struct loop *loop, struct loop *around)
{
	const unsigned depth = load_relaxed(&around->depth);

	/* Of a loop that has ended the way up may lead anywhere: only ever smaller depths are
	 * followed, so it has an end, and the claim that follows fails. */
	for (unsigned d = UINT32_MAX; loop; loop = load_relaxed(&loop->parent)) {
		const unsigned here = load_relaxed(&loop->depth);

		if (loop == around)
			return true;
		if (here >= d || here <= depth)
			return false;
		d = here;
	}
	return false;
}

/* Whether w may take part in the loop: any, or one below what it waits for. */
static bool may_help(struct worker *w, struct loop *loop, struct loop *below)
{
	return w->id < load_relaxed(&loop->helpers) && (!below || is_below(loop, below));
}

/* The i-th that may be stolen from: guests first, they bring the work. */
static struct worker *victim(struct crew *crew, unsigned guests, unsigned i)
{
	/* seq_cst: pairs with the store in guest_create(). */
	return i < guests ? load_seq_cst(&crew->guest[i]) : &crew->worker[i - guests];
}

/*
 * Has it share what it has forked, if w might take that.  Who is about to sleep asks for the calls that
 * come after this one, too, which he will not see begin; what is not for him is muted.
 */
static void ask(struct worker *w, struct worker *from, struct loop *below, bool sleepy)
{
	struct loop *call = sleepy && !below ? NULL : tasks_call(&from->tasks);

	/* Who is in no call is asked for when he will be. */
	if (call ? may_help(w, call, below) && !load_relaxed(&call->quiet) : !below)
		tasks_ask(&from->tasks);
}

struct loop *filch__waited_for(const struct wait *wait)
{
	/* acquire: pairs with the release in filch__task_run(): it is a call. */
	return wait->task ? load_acquire(task_call(wait->task)) : wait->loop;
}

/*
 * What he who took a task made a call of is memory for another call of his once the task is done, in
 * whatever tree.  What was seen below it before that was below the task.
 */
static bool still_waits(const struct wait *wait)
{
	/* Relaxed: who has peeked at what was pushed below the other call knows of the end of the one
	 * before, so that he sees it here; what the task did is for has_ended() to have seen. */
	return !wait || !wait->task || !load_relaxed(task_done(wait->task));
}

bool filch__find(struct worker *w, const struct wait *wait, struct chunk *c, bool take)
{
	struct loop *below = wait ? filch__waited_for(wait) : NULL;
	struct crew *crew = w->crew;
	/* seq_cst, both: pair with the stores in guest_create() and start_one(): a last look before
	 * sleeping misses nobody who has pushed. */
	const unsigned guests = load_seq_cst(&crew->guests_used);
	const unsigned all = guests + load_seq_cst(&crew->started);
	const bool forking = load_relaxed(&crew->forking);

	if (wait && !below)
		return false;
	for (unsigned k = 0, i = w->victim % (all ? all : 1); k < all; k++, i++) {
		struct worker *from;
		uint64_t ticket;

		i = i < all ? i : 0;
		from = victim(crew, guests, i);
		if (!from || from == w)
			continue;
		if (!deque_peek(&from->deque, c, &ticket)) {
			if (forking)
				ask(w, from, below, !take);
			continue;
		}
		if (take) /* for the claim: comes while we look at the loop */
			prefetch_relaxed(&from->deque.top);
		if (!may_help(w, c->loop, below))
			continue;
		/* Who only asks has announced that he sleeps, or asks for one who does. */
		if (!below && filch__is_crowded(crew, chunk_ns(c), !take))
			continue;
		if (!take)
			return true;
		if (!still_waits(wait))
			return false;
		if (!below)
			filch__idle_step_aside(&crew->idle, load_relaxed(&c->loop->cpu));
		if (deque_claim(&from->deque, ticket)) {
			w->victim = i;
			if (chunk_is_task(*c) && deque_is_empty(&from->deque))
				tasks_ask(&from->tasks); /* before somebody misses it */
			return true;
		}
	}
	return false;
}

bool filch__expose(struct worker *w, struct loop *below, bool surely)
{
	struct crew *crew = w->crew;
	const unsigned guests = load_relaxed(&crew->guests_used);
	const unsigned all = guests + load_relaxed(&crew->started);

	/* All have been asked by a look that came before: who forks from now on will answer.  What
	 * they forked before is visible after a barrier. */
	if (!load_relaxed(&crew->forking) || (surely && !filch__barrier()))
		return false;
	for (unsigned i = 0; i < all; i++) {
		struct worker *from = victim(crew, guests, i);
		struct loop *call = from ? tasks_call(&from->tasks) : NULL;

		if (call && from != w && may_help(w, call, below) &&
		    filch__tasks_expose(&from->tasks, &from->deque, from))
			return true;
	}
	return false;
}

/* ---- telling ------------------------------------------------------------------------------ */

/* Wakes the callers that wait for a call around this one: they may help here. */
static bool wake_waiter_above(struct loop *loop)
{
	for (struct loop *up = load_relaxed(&loop->parent); up; up = load_relaxed(&up->parent)) {
		struct worker *owner = up->owner;
		struct loop *waiting =
			idle_is_parked(&owner->sleeper) ? load_relaxed(&owner->waiting) : NULL;

		if (waiting && is_below(loop, waiting) && filch__idle_release(&owner->sleeper))
			return true;
	}
	return false;
}

/* Sees to it that a thread with an id below `limit` looks for work, if there is one to be had. */
static enum notified rouse(struct crew *crew, unsigned limit, unsigned wanted)
{
	const enum notified who = filch__idle_notify(&crew->idle, limit ? limit - 1 : 0, wanted);

	if (who == NOTIFIED_NOBODY && load_relaxed(&crew->started) < crew->threads &&
	    crew->start_another(crew, limit))
		return NOTIFIED_WOKEN;
	return who;
}

bool filch__summon(struct crew *crew, struct loop *loop, unsigned wanted)
{
	const enum notified who = rouse(crew, load_relaxed(&loop->helpers), wanted);

	return who == NOTIFIED_WOKEN || (who == NOTIFIED_NOBODY && wake_waiter_above(loop));
}

static void note_wake(struct visit *v)
{
	if (v->handle.loop->counted)
		fetch_add_relaxed(&v->handle.loop->wakes, 1);
	v->ticks = platform_ticks(); /* waking is not the body's work */
}

void filch__offer(struct visit *v, bool fresh)
{
	struct crew *crew = v->worker->crew;
	struct loop *loop = v->handle.loop;
	const size_t left = range_size(v->near) + v->far;
	const double left_ns = v->grain_ns > 0 ? (double)left * v->grain_ns : INFINITY;
	unsigned wanted;

	/* Those who search may be busy: for what lasts, filch__idle_notify() looks closer. */
	if (!fresh && left_ns < SHORT_NS && idle_searching(&crew->idle))
		return;
	if (!v->eager && !filch__idle_wake_pays(&crew->idle, left_ns, v->ticks))
		return;
	if (filch__is_crowded(crew, left_ns, 1))
		return;
	v->eager = false;
	wanted = filch__idle_wanted(&crew->idle, left_ns, v->ticks);
	if (filch__summon(crew, loop, wanted < left ? wanted : (unsigned)left))
		note_wake(v);
}

/* The call that somebody has forked for and shared nothing of; NULL if there is none. */
static struct loop *hidden_call(struct worker *w)
{
	struct crew *crew = w->crew;
	const unsigned guests = load_relaxed(&crew->guests_used);
	const unsigned all =
		load_relaxed(&crew->forking) ? guests + load_relaxed(&crew->started) : 0;

	for (unsigned i = 0; i < all; i++) {
		struct worker *from = victim(crew, guests, i);
		struct loop *call = from ? tasks_call(&from->tasks) : NULL;

		if (call && from != w && tasks_hidden(&from->tasks))
			return call;
	}
	return NULL;
}

void filch__stop_searching(struct visit *v)
{
	struct worker *w = v->worker;
	struct loop *loop = NULL;
	struct chunk more;

	v->available = false;
	store_relaxed(&w->sleeper.helping, false);
	if (!filch__idle_search_end(&w->crew->idle))
		return;
	/* Only a rumour of a chunk: enough for waking somebody in vain. */
	if (filch__find(w, NULL, &more, false)) {
		if (filch__idle_wake_pays(&w->crew->idle, chunk_ns(&more), v->ticks))
			loop = more.loop;
	} else {
		loop = hidden_call(w);
	}
	if (loop && rouse(w->crew, load_relaxed(&loop->helpers), 1) == NOTIFIED_WOKEN)
		note_wake(v);
}
