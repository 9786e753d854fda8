/* SPDX-License-Identifier: MIT */
/*
 * Memory as C11 has it.  Of each atomic variable the last few stores are kept, and a load may
 * return any of them that coherence, happens-before and the order of the seq_cst operations
 * leave it.  So may a store take its place before others that were made earlier.
 */
#include "memory.h"

#include <string.h>
#include <sys/mman.h>

enum { ACQUIRES = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5, RELEASES = 1 << 3 | 1 << 4 | 1 << 5 };

struct memory *filch__memory_new(void)
{
	struct memory *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE,
	                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED)
		return NULL;
#ifdef MADV_DONTFORK
	madvise(m, sizeof *m, MADV_DONTFORK); /* a child has its own, and this is much to copy */
#endif
	return m;
}

void filch__memory_begin(struct memory *m)
{
	m->run++;
	m->places = 0;
	m->granules = 0;
	m->order = 0;
	memset(&m->fence, 0, sizeof m->fence);
	memset(m->stacks, 0, sizeof m->stacks);
}

static bool acquires(int order)
{
	return ACQUIRES >> order & 1;
}

static bool releases(int order)
{
	return RELEASES >> order & 1;
}

/* ---- variables ---------------------------------------------------------------------------- */

/* If it is on a stack: in order of address. */
static void note_stack(struct place *p)
{
	struct memory *m = filch__sim->memory;
	const uintptr_t offset = p->address - (uintptr_t)filch__sim->stacks;
	const unsigned t = (unsigned)(offset / SIM_STACK);
	unsigned at;

	if (offset >= (uintptr_t)SIM_THREADS * SIM_STACK || p->stacked)
		return;
	if (m->stacks[t] == STACKED)
		filch__sim_fail("too many atomic variables on one stack");
	for (at = m->stacks[t]++; at && m->place[m->stacked[t][at - 1]].address < p->address; at--)
		m->stacked[t][at] = m->stacked[t][at - 1];
	m->stacked[t][at] = (unsigned)(p - m->place);
	p->stacked = true;
}

static uint64_t read_memory(uintptr_t address, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)address, bytes);
	return value;
}

static struct place *place_of(struct granule *g, const volatile void *p, unsigned bytes)
{
	struct memory *m = filch__sim->memory;
	struct place *place;

	for (unsigned i = g->place; i; i = m->place[i - 1].next)
		if (m->place[i - 1].address == (uintptr_t)p)
			return &m->place[i - 1];
	if (m->places == PLACES)
		filch__sim_fail("too many atomic variables");
	place = &m->place[m->places++];
	memset(place, 0, offsetof(struct place, store));
	place->address = (uintptr_t)p;
	place->bytes = bytes;
	place->next = g->place;
	g->place = m->places;
	return place;
}

/* The variable, with a newest store, which is what stands in memory. */
static struct place *open_place(struct granule *g, const volatile void *p, unsigned bytes)
{
	struct place *place = place_of(g, p, bytes);
	const uint64_t value = read_memory((uintptr_t)p, bytes);

	if (!place->stores || place->bytes != bytes ||
	    place->store[place->stores - 1].value != value) {
		memset(&place->store[0], 0, sizeof place->store[0]);
		memset(place->stale, 0, sizeof place->stale);
		place->store[0].value = value;
		place->stores = 1;
		place->bytes = bytes;
	}
	note_stack(place);
	return place;
}

int filch__sim_changed_by(const void *memory, unsigned but)
{
	const struct memory *m = filch__sim->memory;
	const struct granule *g = filch__granule_if_any(memory);

	for (unsigned i = g ? g->place : 0; i; i = m->place[i - 1].next) {
		const struct place *p = &m->place[i - 1];

		if (p->address != (uintptr_t)memory)
			continue;
		for (unsigned k = p->stores; k; k--)
			if (p->store[k - 1].by != but + 1)
				return (int)p->store[k - 1].by - 1;
	}
	return -1;
}

/* ---- what a load may see ------------------------------------------------------------------- */

static bool is_known(const struct store *s, const struct clock *clock)
{
	for (int i = 0; i < SIM_THREADS; i++)
		if (s->seen[i] && s->seen[i] <= clock->at[i])
			return true;
	return false;
}

/* Whether nothing older than it may be seen. */
static bool is_floor(const struct store *s, int order)
{
	const struct sim_thread *self = sim_self();

	if (is_known(s, &self->clock) || (s->order && s->order <= self->fence))
		return true;
	return order == __ATOMIC_SEQ_CST && (s->order || is_known(s, &filch__sim->memory->fence));
}

static struct store *newest(struct place *p)
{
	return &p->store[p->stores - 1];
}

static struct store *choose_store(struct place *p, int order)
{
	const unsigned self = filch__sim->current;
	unsigned count = 1, back = 0;

	while (count < p->stores && !is_floor(&p->store[p->stores - count], order))
		count++;
	if (!filch__sim->options->strong && p->stale[self] < STALE_MOST)
		back = filch__sim_choose(SIM_VALUE, count);
	p->stale[self] = back ? p->stale[self] + 1 : 0;
	filch__sim->stale += back != 0;
	return &p->store[p->stores - 1 - back];
}

static void see(struct store *s, int order)
{
	struct sim_thread *self = sim_self();

	if (!s->seen[filch__sim->current])
		s->seen[filch__sim->current] = self->clock.at[filch__sim->current];
	clock_join(acquires(order) ? &self->clock : &self->acquired, &s->message);
}

/*
 * Where a store goes among those to its variable: behind all that the thread knows of, as a load must not
 * see an older one.  0 is always kept: what it stands for may have been seen by anybody.
 */
static unsigned choose_position(struct place *p, int order)
{
	unsigned at[STORES], count = 0;

	for (unsigned i = p->stores; i; i--) {
		if (i == p->stores || !p->store[i].changes)
			at[count++] = i;
		if (is_floor(&p->store[i - 1], order))
			break;
	}
	return at[filch__sim->options->strong ? 0 : filch__sim_choose(SIM_VALUE, count)];
}

/* An empty one in this place. */
static struct store *insert(struct place *p, unsigned at)
{
	struct store *s = p->store;

	if (p->stores == STORES) {
		memmove(s, s + 1, (STORES - 1) * sizeof *s);
		p->stores--;
		at--;
	}
	memmove(s + at + 1, s + at, (p->stores - at) * sizeof *s);
	p->stores++;
	return memset(s + at, 0, sizeof *s);
}

/* `before`: of a read-modify-write, what came with what it read, which is the one before it. */
static void add_store(struct place *p, unsigned at, uint64_t value, int order,
                      const struct clock *before)
{
	struct memory *m = filch__sim->memory;
	struct sim_thread *self = sim_self();
	struct store *s = insert(p, at);

	s->changes = before;
	s->value = value;
	s->by = (uint8_t)(filch__sim->current + 1);
	s->seen[filch__sim->current] = self->clock.at[filch__sim->current];
	s->message = releases(order) ? self->clock : self->released;
	if (before)
		clock_join(&s->message, before);
	if (order == __ATOMIC_SEQ_CST)
		s->order = ++m->order;
	filch__sim->changed = true;
	memcpy((void *)p->address, &newest(p)->value, p->bytes);
	self->clock.at[filch__sim->current]++;
}

/* ---- the operations ----------------------------------------------------------------------- */

static struct place *begin_atomic(const volatile void *p, unsigned bytes, bool writes)
{
	struct sim_thread *self;
	struct granule *g;

	filch__sim_point();
	filch__forget_popped();
	filch__sim_check_lives(p);
	self = sim_self();
	self->clock.at[filch__sim->current]++;
	g = filch__granule_of(p);
	if (!filch__sim->options->no_races)
		filch__note_access(g, p, bytes, writes, true);
	return open_place(g, p, bytes);
}

uint64_t filch__sim_load(const volatile void *p, unsigned bytes, int order)
{
	struct place *place = begin_atomic(p, bytes, false);
	struct store *s = choose_store(place, order);

	see(s, order);
	filch__sim_trace(s == newest(place) ? "loads" : "loads stale", p, s->value, order);
	return s->value;
}

void filch__sim_store(volatile void *p, unsigned bytes, uint64_t value, int order)
{
	struct place *place = begin_atomic(p, bytes, true);

	add_store(place, choose_position(place, order), value, order, NULL);
	filch__sim_trace("stores", p, value, order);
}

/* A failed one may have seen any store that would fail it, as `failed` did. */
static struct store *choose_failing(struct place *p, struct store *failed, uint64_t expected,
                                    int order)
{
	struct store *s = choose_store(p, order);

	return s->value == expected ? failed : s;
}

uint64_t filch__sim_rmw(volatile void *p, unsigned bytes, sim_change *change, uint64_t with,
                        uint64_t expected, int order, int failure, bool *changed)
{
	struct place *place = begin_atomic(p, bytes, true);
	const unsigned at = choose_position(place, order);
	struct store *s = &place->store[at - 1];
	uint64_t value = s->value;
	const uint64_t was = value;
	struct clock message;

	*changed = change(&value, with, expected);
	if (!*changed) {
		s = choose_failing(place, s, expected, failure);
		see(s, failure);
		filch__sim_trace("finds", p, s->value, failure);
		return s->value;
	}
	see(s, order);
	message = s->message;
	add_store(place, at, value, order, &message);
	filch__sim_trace("changes", p, value, order);
	return was;
}

void filch__sim_fence(int order)
{
	struct memory *m = filch__sim->memory;
	struct sim_thread *self;

	filch__sim_point();
	self = sim_self();
	if (acquires(order))
		clock_join(&self->clock, &self->acquired);
	if (order == __ATOMIC_SEQ_CST) {
		clock_join(&self->clock, &m->fence);
		m->fence = self->clock;
		self->fence = m->order;
	}
	if (releases(order))
		self->released = self->clock;
	self->clock.at[filch__sim->current]++;
}

/* Each thread's comes at its own time: what it did before is known to the caller afterwards, and
 * what the caller did before is known to it.  Nothing is said of two others. */
void filch__sim_barrier(void)
{
	struct sim *s = filch__sim;
	const unsigned self = s->current;

	filch__sim_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < s->threads; i++) {
		const struct clock here = s->thread[self].clock;
		struct sim_thread *t = &s->thread[i];

		if (i == self)
			continue;
		clock_join(&s->thread[self].clock, &t->clock);
		clock_join(&t->clock, &here);
		t->fence = s->memory->order;
		t->clock.at[i]++;
		filch__sim_point();
	}
	s->thread[self].clock.at[self]++;
}

void filch__sim_hand_over(struct sim_thread *from, struct sim_thread *to)
{
	clock_join(&to->clock, &from->clock);
	from->clock.at[from - filch__sim->thread]++;
}
