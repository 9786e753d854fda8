/* SPDX-License-Identifier: MIT */
/*
 * What the library's rooms promise of their own state, looked at from outside between any two steps, and
 * a little more when everybody waits; each check is the invariant that the room's header has in
 * words.  The library knows nothing of it: a pool is found by its memory, which comes from
 * platform.c.  Nothing here is instrumented, so all is read as it is at that moment.
 */
#include "rooms.h"

/* ---- which pools there are ---------------------------------------------------------------- */

void filch__rooms_opened(const void *memory, size_t bytes)
{
	struct sim *s = filch__sim;

	if (bytes == sizeof(struct filch_pool) && s->pools < SIM_POOLS)
		s->pool[s->pools++] = memory;
}

void filch__rooms_closed(const void *memory)
{
	struct sim *s = filch__sim;

	for (unsigned i = 0; i < s->pools; i++)
		if (s->pool[i] == memory)
			s->pool[i] = s->pool[--s->pools];
}

/* Made, and not about to be freed; nor its parent's, in the child of a fork. */
bool filch__rooms_stand(const struct filch_pool *pool)
{
	const struct crew *crew = &pool->crew;

	return load_relaxed(&crew->alive) == CREW_ALIVE && !crew_is_orphaned(crew) &&
	       (!crew->threads || filch__sim_lives(crew->worker));
}

struct worker *filch__rooms_worker(const struct filch_pool *pool, unsigned i)
{
	const struct crew *crew = &pool->crew;
	struct worker *w;

	if (i < crew->threads)
		return &crew->worker[i];
	w = load_relaxed(&crew->guest[i - crew->threads]);
	return w && filch__sim_lives(w) ? w : NULL;
}

unsigned filch__rooms_workers(const struct filch_pool *pool)
{
	const unsigned used = load_relaxed(&pool->crew.guests_used) + 1; /* one is on its way */

	return pool->crew.threads + (used < GUESTS_MAX ? used : GUESTS_MAX);
}

/* ---- the deque ------------------------------------------------------------------------------- */

static const char *check_slots(struct deque *d, uint64_t top, uint64_t bottom)
{
	const uintptr_t buffer = load_relaxed(&d->buffer);

	for (uint64_t i = top; (int64_t)(bottom - i) > 0; i++) {
		struct chunk c;

		if (!filch__sim_lives(deque_slot(buffer, i)))
			return NULL; /* it is being finished */
		c = deque_slot_read(buffer, i);
		if (!c.loop || c.range.begin > c.range.end)
			return "deque: a slot between top and bottom holds no chunk";
		if (!chunk_is_task(c) && c.range.end > c.loop->grains)
			return "deque: a chunk is no part of its loop";
	}
	return NULL;
}

const char *filch__deque_check(struct deque *d, bool quiet)
{
	const uint64_t top = load_relaxed(&d->top), bottom = load_relaxed(&d->bottom);
	const int64_t left = (int64_t)(bottom - top);

	if (left < (quiet ? 0 : -1))
		return "deque: bottom is below top";
	if (left > (int64_t)deque_slots(load_relaxed(&d->buffer)))
		return "deque: it holds more than it has slots";
	if ((int64_t)(top - d->top_seen) < 0)
		return "deque: top has fallen";
	return check_slots(d, top, bottom);
}

/* ---- the idle room --------------------------------------------------------------------------- */

static const char *check_sleepers(const struct crew *crew, unsigned *asleep)
{
	*asleep = 0;
	for (unsigned i = 0; i < SLEEPERS_MAX; i++) {
		if (!(load_relaxed(&crew->idle.bits[i / 64]) >> i % 64 & 1))
			continue;
		if (i >= crew->threads)
			return "idle: somebody sleeps who is not there";
		if (load_relaxed(&crew->worker[i].sleeper.park) != PARKED)
			return "idle: one who is awake may be woken";
		++*asleep;
		if (i + 1 >= crew->threads)
			i |= 63; /* the rest of the last word in use */
	}
	return NULL;
}

/* Who is claimed before he has counted himself is taken off those asleep first: they may be fewer than
 * none for a moment.  One who is about to be started is counted already. */
const char *filch__idle_check(const struct crew *crew, bool quiet)
{
	const uint64_t state = load_relaxed(&crew->idle.state);
	const int64_t asleep = (int32_t)(uint32_t)state;
	const int64_t searching = (int32_t)((state - (uint64_t)asleep) >> 32);
	const int64_t most = (int64_t)load_relaxed(&crew->started) + !quiet;
	unsigned marked;
	const char *broken = check_sleepers(crew, &marked);

	if (broken)
		return broken;
	if (searching < 0 || searching + asleep < 0 || searching + asleep > most)
		return "idle: more or fewer are counted than there are";
	if (quiet && asleep != (int64_t)marked)
		return "idle: who sleeps is not counted as asleep";
	return NULL;
}

/* ---- tasks -------------------------------------------------------------------------------------- */

static bool is_marked(filch_task *t)
{
	return older_is_mark(load_relaxed(task_older(t)));
}

static filch_task *older_than(filch_task *t)
{
	return older_unmarked(load_relaxed(task_older(t)));
}

/* Older ones than a shared one are shared; so are all from the border on, which need not be on the list: a
 * typed task does not know of a plain one that was forked before it. */
const char *filch__tasks_check(struct worker *w, bool quiet)
{
	filch_task *newest = older_unmarked(load_relaxed(tasks_newest(&w->tasks)));
	filch_task *border = load_relaxed(&w->tasks.border);
	bool shared = false;

	for (filch_task *t = newest; t; t = older_than(t)) {
		if (shared && !is_marked(t))
			return "tasks: one that is older than a shared one is private";
		shared = is_marked(t);
	}
	for (filch_task *t = border; t; t = older_than(t))
		if (!is_marked(t))
			return "tasks: one that is older than the border is private";
	if (!w->visit && (newest || border))
		return "tasks: one is left after the call";
	if (quiet && load_relaxed(&w->tasks.lock.state))
		return "tasks: the lock is held by one who waits";
	return NULL;
}

/* ---- loops ---------------------------------------------------------------------------------------- */

static const char *check_loop(struct loop *loop)
{
	struct loop *parent = load_relaxed(&loop->parent);
	const unsigned depth = parent ? load_relaxed(&parent->depth) + 1 : 0;

	if (load_relaxed(&loop->remaining) > loop->grains)
		return "loop: more is left than there was";
	if (load_relaxed(&loop->depth) != depth)
		return "loop: its depth is not one more than that of the call around it";
	if (load_relaxed(&loop->skipped) > loop->items)
		return "loop: more is skipped than there was";
	return NULL;
}

static bool is_below(struct loop *loop, struct loop *around)
{
	while (loop && loop != around)
		loop = load_relaxed(&loop->parent);
	return loop;
}

/* The call that w has made in a body of `around` and waits for; NULL if there is none. */
static struct loop *call_in(struct worker *w, struct loop *around)
{
	struct loop_block *b = &w->loops;

	for (unsigned i = 0; i < w->calls; i++) {
		struct loop *loop = &b->loop[i % LOOPS_IN_BLOCK];

		if (loop->owner == w && load_relaxed(&loop->parent) == around)
			return loop;
		if (i % LOOPS_IN_BLOCK + 1 == LOOPS_IN_BLOCK)
			b = b->next;
	}
	return NULL;
}

/*
 * What a worker does while it waits for a call is a part of that call: so its stack is as deep as the
 * program's own calls are (docs/promises.md, P14), and no deeper.
 */
static const char *check_depth(struct worker *w, struct visit *v)
{
	struct loop *around = v->outer->handle.loop, *loop = v->handle.loop;
	struct loop *call = call_in(w, around);

	if (loop == around || !is_below(loop, around) || (call && !is_below(loop, call)))
		return "helps too deep: with what is not below the call that it waits for";
	return NULL;
}

const char *filch__loop_check(struct worker *w)
{
	struct loop *waiting = load_relaxed(&w->waiting) ? w->wait->loop : NULL;
	const char *broken = waiting ? check_loop(waiting) : NULL;

	for (struct visit *v = w->visit; v && !broken; v = v->outer) {
		struct loop *loop = v->handle.loop;

		broken = check_loop(loop);
		if (!broken && (v->near.end > loop->grains || v->accounted > loop->grains))
			broken = "loop: a visit has more than there is";
		if (!broken && v->outer)
			broken = check_depth(w, v);
	}
	return broken;
}

/* ---- the crew ---------------------------------------------------------------------------------------- */

const char *filch__crew_check(const struct filch_pool *pool, bool quiet)
{
	const struct crew *crew = &pool->crew;

	if (load_relaxed(&crew->started) > crew->threads)
		return "crew: more threads were started than there are";
	if (load_relaxed(&crew->guests_used) > GUESTS_MAX)
		return "crew: more guests are in it than there are places";
	if (quiet && load_relaxed(&pool->starting.state))
		return "pool: its lock is held by one who waits";
	return filch__idle_check(crew, quiet);
}

/* ---- all of them ------------------------------------------------------------------------------------ */

static void check_worker(const struct filch_pool *pool, unsigned i, bool quiet)
{
	struct worker *w = filch__rooms_worker(pool, i);
	const char *broken;
	char name[SIM_NAME];

	if (!w)
		return;
	broken = filch__deque_check(&w->deque, quiet);
	broken = broken ? broken : filch__tasks_check(w, quiet);
	broken = broken ? broken : filch__loop_check(w);
	if (!broken)
		return;
	filch__rooms_name(pool, i, name, sizeof name);
	filch__sim_fail("%s: %s", name, broken);
}

void filch__rooms_check(bool quiet)
{
	const struct sim *s = filch__sim;

	for (unsigned k = 0; k < s->pools; k++) {
		const struct filch_pool *pool = s->pool[k];
		const char *broken = NULL;

		if (!filch__rooms_stand(pool))
			continue;
		broken = filch__crew_check(pool, quiet);
		if (broken)
			filch__sim_fail("%s: %s", pool->name, broken);
		for (unsigned i = 0; i < filch__rooms_workers(pool); i++)
			check_worker(pool, i, quiet);
	}
}
