/* SPDX-License-Identifier: MIT */
/* Fork and join where somebody asks for work or has taken some; docs/fork.md. */
#include "cost.h"
#include "worker.h"

/* Tasks that wait for so long are worth a wake-up, whatever they are: a shorter fork and join, or a
 * burst of them, is over before anybody comes. */
#define PATIENCE_NS 5000.0

static struct worker *worker_of(struct filch_tasks *open)
{
	return (struct worker *)((char *)open - offsetof(struct worker, tasks.open));
}

static uint64_t key_of(const filch_task *t)
{
	return cost_key((uintptr_t)t->fn_);
}

/* ---- telling ---------------------------------------------------------------------------- */

/* Whether somebody is to be woken for what is shared: for `t`, and for what is older. */
static bool is_worth_a_wake(struct worker *w, const filch_task *t)
{
	const uint64_t waits_since = load_relaxed(&w->tasks.waits_since);
	const struct cost cost = cost_recall(key_of(t));

	return !cost.seen || platform_ns(platform_ticks() - waits_since) > PATIENCE_NS ||
	       cost.ns > filch__idle_break_even_ns(&w->crew->idle);
}

/* Some has been shared, or still is.  Who asked may be asleep by now. */
static void offer_tasks(struct worker *w)
{
	struct crew *crew = w->crew;
	const filch_task *newest = load_relaxed(&w->tasks.border);

	if (crew_is_orphaned(crew))
		return;
	if (filch__idle_somebody_looks(&crew->idle)) /* he asks again before he sleeps */
		return;
	if (newest && !deque_is_empty(&w->deque) && is_worth_a_wake(w, newest))
		filch__summon(crew, load_relaxed(&w->tasks.call), 1);
	else if (idle_asleep(&crew->idle) || load_relaxed(&crew->started) < crew->threads)
		tasks_ask(&w->tasks); /* he who sleeps did, and we are to think of it again */
}

/* Known to be done sooner than handed over: not shared as long as nothing comes after it. */
static bool is_brief(struct worker *w, const filch_task *t)
{
	const struct cost cost = cost_recall(key_of(t));

	return cost.seen && cost.ns < 2 * SHARING_HANDOVERS * idle_handover_ns(&w->crew->idle);
}

/* A call that nobody may help with, or is to, is not asked again, but the next one is. */
static bool mute(struct worker *w)
{
	struct loop *call = load_relaxed(&w->tasks.call);

	w->tasks.muted = load_relaxed(&call->helpers) <= 1 || load_relaxed(&call->quiet);
	return w->tasks.muted;
}

void filch_fork_asked_(struct filch_tasks *open)
{
	struct worker *w = worker_of(open);

	if (mute(w)) {
		filch__tasks_answer(&w->tasks, &w->deque, w, SHARE_NOTHING);
		return;
	}
	if (!load_relaxed(&w->crew->forking))
		store_relaxed(&w->crew->forking, true);
	filch__tasks_answer(&w->tasks, &w->deque, w,
	                    filch__barrier_missing()     ? SHARE_ALL
	                    : is_brief(w, open->newest_) ? SHARE_HALF_BUT_NEWEST
	                                                 : SHARE_HALF);
	offer_tasks(w);
}

void filch__tasks_offer_all(struct worker *w)
{
	filch__tasks_answer(&w->tasks, &w->deque, w, SHARE_ALL);
	offer_tasks(w);
}

/* ---- taking back ------------------------------------------------------------------------ */

static void run_function(struct worker *w, filch_task *t, filch_worker *handle)
{
	w->tasks.open.taken_ = t; /* what a typed one has instead of an argument */
	t->code_ = t->fn_(t->arg_, handle);
}

/* Nobody has taken it.  What it costs tells if it is worth a wake-up next time. */
static void run_here(struct worker *w, filch_task *t)
{
	const uint64_t begin = platform_ticks();

	run_function(w, t, w->tasks.open.worker_);
	filch__cost_learn(key_of(t), 1, platform_ns(platform_ticks() - begin));
}

static void wait_for(struct worker *w, filch_task *t)
{
	const uint64_t begin = platform_ticks();

	if (!filch__worker_wait(w, &(struct wait){.task = t}))
		t->code_ = FILCH_EFORK;
	w->visit->waited += platform_ticks() - begin;
}

int filch_join_asked_(struct filch_tasks *open, filch_task *t)
{
	struct worker *w = worker_of(open);
	struct chunk c;
	uint64_t older;

	if (filch__tasks_take(&w->tasks, &w->deque, w, t)) {
		if (!mute(w))
			offer_tasks(w);
		return 1;
	}
	/* All that is newer has been joined: if nobody took it, it is what we pushed last.  If it
	 * was taken, so was all that is older, and there is nothing to pop. */
	if (deque_pop(&w->deque, deque_bottom(&w->deque) - 1, &c, &older)) {
		if (older && load_relaxed(tasks_asked(&w->tasks)))
			offer_tasks(w);
		run_here(w, t);
	} else {
		wait_for(w, t);
	}
	return 0;
}

/* ---- for others ------------------------------------------------------------------------- */

static const struct filch_options no_options;

/* The call that a stolen task is; NULL if there is no memory. */
static struct loop *open_call(struct worker *w, struct loop *around, filch_task *t)
{
	struct loop *call = filch__worker_open(w);

	if (!call)
		return NULL;
	call->owner = t->worker_;
	call->around = around;
	call->around_begin = 0; /* nobody knows: only what stops all of it stops this */
	store_relaxed(&call->parent, around);
	store_relaxed(&call->depth, load_relaxed(&around->depth) + 1);
	store_relaxed(&call->helpers, load_relaxed(&around->helpers));
	store_relaxed(&call->cpu, filch__cpu_here());
	store_relaxed(&call->quiet, false);
	store_relaxed(&call->grain_ns, 0);
	filch__loop_init(call, 1, NULL, NULL, &no_options, around->counted);
	return call;
}

void filch__task_run(struct worker *w, struct chunk c, bool *available)
{
	filch_task *t = chunk_task(c);
	struct loop *call = open_call(w, c.loop, t);
	struct visit v;

	if (call) /* release: pairs with the acquire in filch__waited_for(). */
		store_release(task_call(t), call);
	filch__visit_begin(&v, w, call ? call : c.loop);
	if (*available)
		filch__stop_searching(&v);
	*available = false;
	v.ticks = platform_ticks();
	run_function(w, t, &v.handle);
	v.work_ticks = platform_ticks() - v.ticks - v.waited;
	filch__cost_learn(key_of(t), 1, platform_ns(v.work_ticks));
	filch__scratch_end(&v.handle.scratch, v.handle.cache);
	filch__visit_end(&v);
	filch__loop_merge(c.loop, call, w->id);
	if (call)
		filch__worker_close(w);
}

void filch__task_end(filch_task *t)
{
	struct worker *owner = t->worker_;

	/* seq_cst: pairs with the load in has_ended(), as in leave(). */
	store_seq_cst(task_done(t), 1);
	filch__idle_release(&owner->sleeper);
}

/* ---- n ways --------------------------------------------------------------------------------- */

struct many {
	filch_fn *const *fn;
	void *const *arg;
	size_t n;
};

/* By halves: there may be more of them than the stack is deep. */
static int run_many(void *arg, filch_worker *w)
{
	const struct many *m = arg;

	if (m->n == 1)
		return m->fn[0](m->arg ? m->arg[0] : NULL, w);

	struct many left = {m->fn, m->arg, m->n / 2};
	struct many right = {m->fn + left.n, m->arg ? m->arg + left.n : NULL, m->n - left.n};

	return filch_join2(w, run_many, &left, run_many, &right);
}

int filch_join_many(filch_worker *w, size_t n, filch_fn *const *fn, void *const *arg)
{
	struct many all = {fn, arg, n};

	return n ? run_many(&all, w) : FILCH_OK;
}
