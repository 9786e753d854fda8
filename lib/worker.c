/* SPDX-License-Identifier: MIT */
/* Find, run, help while waiting.  docs/worker.md has the life of a loop and the proofs. */
#include "worker.h"

/* When an owner leaves a piece to thieves it goes on with its own one push later, and a thief begins with
 * his one hand-over later.  The pieces are to differ by more than that, since what he did must come
 * back to the owner. */
#define LATE 1.5
/* Of this many calls is what a push takes the average. */
#define PUSHES 8

/* ---- visits ---------------------------------------------------------------------------- */

void filch__visit_begin(struct visit *v, struct worker *w, struct loop *loop)
{
	double handover_ns;

	*v = (struct visit){
		.handle = {.tasks = &filch__tasks_alone,
	                   .loop = loop,
	                   .id = w ? w->id : 0,
	                   .placed = true},
		.outer = w ? w->visit : NULL,
		.worker = w,
		.chunk_min = SIZE_MAX,
		.grain_ns = load_relaxed(&loop->grain_ns),
		.ticks = platform_ticks(),
	};
	if (!w)
		return;
	/* What is private belongs to the innermost call, and lies above all that is shared. */
	if (tasks_hidden(&w->tasks))
		filch__tasks_offer_all(w);
	v->newest = load_relaxed(tasks_newest(&w->tasks));
	v->handle_before = w->tasks.open.worker_;
	v->handle.tasks = &w->tasks.open;
	v->handle.cache = &w->scratch;
	w->tasks.open.worker_ = &v->handle;
	/* release: pairs with the acquire in tasks_call(): it is memory for a call. */
	store_release(&w->tasks.call, loop);
	w->visit = v;
	handover_ns = idle_handover_ns(&w->crew->idle);
	v->least_ns = chunk_least_ns(handover_ns);
	v->late_ns = handover_ns > w->push_ns ? LATE * (handover_ns - w->push_ns) : 0;
}

void filch__visit_end(struct visit *v)
{
	struct worker *w = v->worker;

	if (w) {
		if (load_relaxed(tasks_newest(&w->tasks)) != v->newest)
			filch_misused_("a body has returned without joining all that it forked");
		if (w->tasks.muted) {
			w->tasks.muted = false;
			tasks_ask(&w->tasks);
		}
		w->visit = v->outer;
		w->tasks.open.worker_ = v->handle_before;
		/* release: as in filch__visit_begin(), pairs with the acquire in tasks_call(). */
		store_release(&w->tasks.call, v->outer ? v->outer->handle.loop : NULL);
	}
	filch__loop_account(v);
}

/* ---- running -------------------------------------------------------------------------------- */

/* No chunk is to be shorter, and no piece to be left that is. */
static double least_ns(const struct visit *v)
{
	const struct loop *loop = v->handle.loop;
	const double all_ns = (double)loop->grains * v->grain_ns;

	return loop->even ? chunk_even_ns(v->least_ns, all_ns / (v->worker->crew->threads + 1))
	                  : v->least_ns;
}

/*
 * Cuts what is run next off what is near, and puts the rest where thieves can take it: the far
 * half, oldest and so first to go, and what is left of the near one.  Everybody goes from the
 * front: whoever holds the lowest items that are left goes on with just those, so that a loop of
 * 2^64 items that fails early ends early.  But the first chunk of a part that was left
 * for thieves is its last one: what is heavy at the end of a loop, or of a part, begins early.
 */
static struct range cut(struct visit *v, size_t left, bool *far_pushed, bool *near_pushed)
{
	struct loop *loop = v->handle.loop;
	struct worker *w = v->worker;
	const double least = least_ns(v);
	size_t size = chunk_size(left, v->grain_ns, least, w->crew->threads + 1, loop->most);
	struct chunk rest[2];
	unsigned count = 0;
	struct range chunk = {0, 0};
	size_t end;

	if (v->last_first)
		chunk = chunk_take(&v->near, size, true, false);
	end = v->near.end;
	left -= range_size(chunk);
	if (!v->far && (v->far = chunk_far(left, v->grain_ns, v->least_ns, v->late_ns))) {
		rest[count] = (struct chunk){loop, chunk_take(&v->near, v->far, true, true)};
		v->far = range_size(rest[count++].range);
	}
	*far_pushed = count;
	if (!v->last_first) {
		size = chunk_fit(size, range_size(v->near), v->grain_ns, least, loop->most);
		chunk = chunk_take(&v->near, size, false, false);
	}
	v->last_first = false;
	*near_pushed = range_size(v->near);
	if (*near_pushed)
		rest[count++] = (struct chunk){loop, v->near};
	if (*far_pushed) /* before the push: then thieves take the line */
		store_relaxed(&loop->pushed, v->ticks);
	if (count && !deque_push(&w->deque, rest, count)) {
		/* No memory for that: it stays here. */
		v->near.end = end;
		v->far = *far_pushed ? 0 : v->far;
		*far_pushed = *near_pushed = false;
	}
	return chunk;
}

/*
 * A worker that helps with something short stays counted as searching: to leave and to come
 * back would each take the idle room's line away from a caller about to look there.
 */
static bool is_short(const struct visit *v, size_t left)
{
	return v->worker->crew->idle.narrow && v->grain_ns > 0 &&
	       (double)left * v->grain_ns < SHORT_NS;
}

/* What was left for thieves is there for them; the lines for that may have come from one of them, which
 * is not the body's work. */
static void learn_push(struct visit *v)
{
	const uint64_t now = platform_ticks();
	float *push_ns = &v->worker->push_ns;

	*push_ns += ((float)platform_ns(now - v->ticks) - *push_ns) / PUSHES;
	v->ticks = now;
}

static struct range next_chunk(struct visit *v, bool *near_pushed)
{
	struct loop *loop = v->handle.loop;
	const size_t left = range_size(v->near) + v->far; /* at most all grains */
	bool far_pushed;
	struct range chunk;

	if (v->alone) {
		const size_t size = chunk_size(left, v->grain_ns, CHUNK_NS_MIN, 1, loop->most);

		return chunk_take(&v->near, loop->cut ? size : left, false, false);
	}
	chunk = cut(v, left, &far_pushed, near_pushed);
	if (v->available && !is_short(v, left))
		filch__stop_searching(v);
	if (v->far || *near_pushed)
		filch__offer(v, far_pushed || !v->far);
	if (far_pushed)
		learn_push(v);
	return chunk;
}

/* Learns from the chunk that just ended, and tells those who come. */
static void learn_cost(struct visit *v, size_t grains)
{
	const uint64_t now = platform_ticks();
	struct loop *loop = v->handle.loop;
	const double told = load_relaxed(&loop->grain_ns);

	const uint64_t ticks = now - v->ticks - v->waited;

	v->work_ticks += ticks;
	v->grain_ns = chunk_estimate(v->grain_ns, platform_ns(ticks), grains);
	v->ticks = now;
	v->waited = 0;
	if (v->grain_ns > 2 * told || v->grain_ns < told / 2)
		store_relaxed(&loop->grain_ns, (float)v->grain_ns);
}

/* Takes back what is next after a chunk ran; false if thieves have it all. */
static bool retake(struct visit *v, uint64_t floor, bool near_pushed)
{
	struct chunk c;
	uint64_t older;

	if (range_size(v->near) && !near_pushed)
		return true;
	if (!deque_pop(&v->worker->deque, floor, &c, &older)) {
		v->near = (struct range){0, 0};
		v->far = 0;
		return false;
	}
	v->near = c.range;
	if (!near_pushed || !older)
		v->far = 0;
	v->last_first = !near_pushed; /* that was the far part */
	return true;
}

static void run_visit(struct visit *v)
{
	struct loop *loop = v->handle.loop;
	const uint64_t floor = v->alone ? 0 : deque_bottom(&v->worker->deque);
	bool near_pushed;

	do {
		struct range chunk;

		near_pushed = false;
		filch__loop_trim(v);
		if (!range_size(v->near))
			continue;
		chunk = next_chunk(v, &near_pushed);
		filch__loop_run(v, chunk);
		learn_cost(v, range_size(chunk));
		if (!v->worker || v->worker == loop->owner)
			filch__loop_progress(loop, false);
		if (!v->alone && loop_is_orphaned(loop))
			return;
	} while (v->alone ? range_size(v->near) > 0 : retake(v, floor, near_pushed));
}

void filch__worker_run_alone(struct worker *w, struct loop *loop, size_t done)
{
	struct visit v;

	filch__visit_begin(&v, w, loop);
	v.near = (struct range){done, loop->grains};
	v.alone = true;
	run_visit(&v);
	filch__visit_end(&v);
}

/* ---- helping -------------------------------------------------------------------------------- */

/*
 * Runs a stolen chunk and whatever of the loop is left to us of it; how many grains that was.
 * *available: whether the worker is counted as searching, before and after.
 */
static size_t run_stolen(struct worker *w, struct chunk c, bool *available)
{
	struct visit v;

	if (c.loop->counted)
		fetch_add_relaxed(&c.loop->steals, 1);
	if (chunk_is_task(c)) {
		filch__task_run(w, c, available);
		return 0;
	}
	filch__visit_begin(&v, w, c.loop);
	v.available = *available;
	if (v.available)
		store_relaxed(&w->sleeper.helping, true);
	v.near = c.range;
	v.last_first = true;
	run_visit(&v);
	filch__visit_end(&v);
	*available = v.available;
	if (v.available)
		store_relaxed(&w->sleeper.helping, false);
	return v.accounted;
}

/*
 * The last touch of what was stolen: its owner may return at that instant, and its memory be
 * another's (docs/latch.md).
 */
static void leave(struct worker *w, struct chunk c, size_t accounted)
{
	struct worker *owner;

	if (chunk_is_task(c)) {
		filch__task_end(chunk_task(c));
		return;
	}
	owner = c.loop->owner;
	/* seq_cst: its release part pairs with the acquire part in has_ended(): the owner sees all
	 * that we did.  With the load of park in filch__idle_release() it pairs with the owner's
	 * parking: he sees the end, or we see him parked. */
	if (fetch_sub_seq_cst(&c.loop->remaining, accounted) == accounted && w != owner)
		filch__idle_release(&owner->sleeper);
}

void filch__worker_help(struct worker *w, struct chunk c)
{
	bool available = false;

	leave(w, c, run_stolen(w, c, &available));
}

/* ---- the owner ------------------------------------------------------------------------------- */

/* Of the loop, now that all thieves have left; what was done before the visit is none of its work. */
static double balance(struct loop *loop, const struct visit *own, size_t done)
{
	const double ticks = (double)own->work_ticks / (double)(own->accounted - done);
	const uint64_t others = load_relaxed(&loop->work_ticks) - own->work_ticks;

	return others ? ticks * (double)(loop->grains - own->accounted) / (double)others : 0;
}

bool filch__worker_run(struct worker *w, struct loop *loop, size_t done, bool eager)
{
	struct visit v;

	filch__visit_begin(&v, w, loop);
	v.near = (struct range){done, loop->grains};
	v.accounted = done;
	v.eager = eager;
	run_visit(&v);
	filch__visit_end(&v);
	if (loop_is_orphaned(loop))
		return false;
	if (v.accounted == loop->grains)
		return true;
	/* seq_cst: like a thief's in leave(), pairs with the load in has_ended(); but that nobody
	 * else waits. */
	fetch_sub_seq_cst(&loop->remaining, v.accounted);
	if (!filch__worker_wait(w, &(struct wait){.loop = loop}))
		return false;
	loop->balance = balance(loop, &v, done);
	return true;
}

/* ---- a thread's life ------------------------------------------------------------------------------ */

static bool is_closing(struct crew *crew)
{
	/* In a fork's child this is the last thread there is, come back from a body that forked:
	 * it ends.  seq_cst: pairs with the store in end_threads(), for the last look before
	 * sleeping. */
	return load_seq_cst(&crew->closing) || crew_is_orphaned(crew);
}

static bool look(void *worker)
{
	struct worker *w = worker;
	struct chunk c;

	return is_closing(w->crew) || filch__find(w, NULL, &c, false) ||
	       filch__expose(w, NULL, true);
}

/*
 * Searches, sleeps, searches, until there is a chunk to run; false if the crew closes.
 * The worker is counted as searching all the while, and still is when it leaves.
 */
static bool search(struct worker *w, struct chunk *c, bool may_spin)
{
	struct idle *idle = &w->crew->idle;
	uint64_t since = platform_ticks();
	bool looked = false; /* and saw nothing, a moment ago */
	double expose_at = EXPOSE_NS;
	bool found;

	if (!idle->roomy)
		filch__yield();
	while (!(found = filch__find(w, NULL, c, true)) && !is_closing(w->crew)) {
		/* Who makes way for a crowd has not looked in vain. */
		const bool crowded = filch__is_crowded(w->crew, 0, 0);
		const double ns = platform_ns(platform_ticks() - since);

		looked = may_spin && !crowded && ns < idle_search_ns(idle);
		if (looked) {
			idle_pause(idle);
			if (ns > expose_at) {
				expose_at = ns + EXPOSE_NS;
				filch__expose(w, NULL, false);
			}
			continue;
		}
		if (may_spin && !crowded)
			filch__idle_searched(idle, false);
		filch__idle_sleep(idle, w->id - 1, may_spin, look, w);
		since = platform_ticks();
		expose_at = EXPOSE_NS;
		may_spin = idle_may_search(idle); /* perhaps nobody else looks by now */
	}
	if (found && looked)
		filch__idle_searched(idle, true);
	if (found && looked && !chunk_is_task(*c))
		filch__idle_learn_handover(
			idle, platform_ns(platform_ticks() - load_relaxed(&c->loop->pushed)));
	return found;
}

void filch__worker_main(struct worker *w)
{
	bool may_spin = true;
	struct chunk c;

	while (search(w, &c, may_spin)) {
		bool available = true;
		const size_t accounted = run_stolen(w, c, &available);

		if (crew_is_orphaned(w->crew)) /* the body forked, and we are all of the child */
			return;
		/* Before the owner can call again: he shall know that somebody is there. */
		if (!available)
			may_spin = filch__idle_search_begin(&w->crew->idle);
		leave(w, c, accounted);
	}
	filch__idle_search_end(&w->crew->idle);
}
