/* SPDX-License-Identifier: MIT */
/*
 * Memory as C11 has it.  Of each atomic variable the last few stores are kept, and a load may
 * return any of them that coherence, happens-before and the order of the seq_cst operations
 * leave it; the order of the stores to a variable is that in which they are made.  Of each eight
 * bytes the last few accesses are kept: two that overlap, one of them a write and not both
 * atomic, must be ordered by happens-before.
 */
#include "sim.h"

#include <string.h>
#include <sys/mman.h>

enum {
	STORES = 6, /* of a variable, the last ones */
	CELLS = 4,  /* of eight bytes, the last accesses */
	GRANULE_BITS = 15,
	GRANULES = 1 << GRANULE_BITS,
	PLACES = 1 << 13, /* variables */
	STACKED = 256,    /* of them on one stack */
	STALE_MOST = 6    /* loads in a row by one thread that do not see the newest */
};

enum { ACQUIRES = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5, RELEASES = 1 << 3 | 1 << 4 | 1 << 5 };

struct store {
	uint64_t value;
	struct clock message;       /* what is known to who acquires it */
	uint32_t seen[SIM_THREADS]; /* by each thread at this step; 0: not */
	uint32_t order;             /* among the seq_cst ones, from 1 on */
};

/* An atomic variable. */
struct place {
	uintptr_t address;
	unsigned bytes;
	unsigned stores; /* store[stores - 1] is the newest; 0: it begins with what is there */
	unsigned next;   /* of the same granule, plus one */
	bool stacked;
	unsigned stale[SIM_THREADS];
	struct store store[STORES];
};

struct cell {
	uint32_t step; /* 0: none */
	uint8_t thread, mask;
	bool writes, atomic;
	const void *who;
};

struct granule {
	uintptr_t name; /* address / 8 */
	uint32_t run;   /* of another run it is empty */
	unsigned place; /* plus one */
	unsigned turn;
	struct cell cell[CELLS];
};

struct memory {
	uint32_t run, places;
	uint32_t order;     /* seq_cst stores so far */
	struct clock fence; /* what seq_cst fences know of each other */
	unsigned granules;
	/* Variables on each stack, the innermost last. */
	unsigned stacked[SIM_THREADS][STACKED], stacks[SIM_THREADS];
	struct granule granule[GRANULES];
	struct place place[PLACES];
};

struct memory *filch__memory_new(void)
{
	struct memory *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE,
	                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return m == MAP_FAILED ? NULL : m;
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

/* A thread's own variable, wherever it stands for others. */
static bool is_thread_local(const volatile void *p)
{
	return (uintptr_t)p - (uintptr_t)filch__sim->tls_here < filch__sim->tls_bytes;
}

static bool acquires(int order)
{
	return ACQUIRES >> order & 1;
}

static bool releases(int order)
{
	return RELEASES >> order & 1;
}

/* ---- finding ------------------------------------------------------------------------------- */

static size_t hash(uintptr_t name)
{
	return (size_t)(name * 0x9E3779B97F4A7C15u >> (64 - GRANULE_BITS));
}

static struct granule *granule_of(const volatile void *p)
{
	struct memory *m = filch__sim->memory;
	const uintptr_t own = is_thread_local(p) ? filch__sim->current + 1 : 0;
	const uintptr_t name = (uintptr_t)p / 8 | own << 61;

	for (size_t i = hash(name);; i = (i + 1) % GRANULES) {
		struct granule *g = &m->granule[i];

		if (g->run == m->run && g->name == name)
			return g;
		if (g->run == m->run)
			continue;
		if (++m->granules > GRANULES / 2)
			filch__sim_fail("more memory is used than the simulator can watch");
		*g = (struct granule){.name = name, .run = m->run};
		return g;
	}
}

/* What stood on the stack of who runs now, and is no longer there, may begin anew. */
static void forget_popped(void)
{
	struct memory *m = filch__sim->memory;
	const unsigned t = filch__sim->current;
	const uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	while (m->stacks[t] && m->place[m->stacked[t][m->stacks[t] - 1]].address < sp) {
		struct place *p = &m->place[m->stacked[t][--m->stacks[t]]];

		p->stores = 0;
		p->stacked = false;
	}
}

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

/* ---- races --------------------------------------------------------------------------------- */

static void race(const struct cell *was, bool writes, bool atomic, const volatile void *p)
{
	struct sim *s = filch__sim;

	s->who[1] = was->who;
	filch__sim_fail("a race: thread %u %s%s %p, thread %u %s%s it", s->current,
	                atomic ? "atomically " : "", writes ? "writes" : "reads",
	                (const void *)(uintptr_t)p, was->thread, was->atomic ? "atomically " : "",
	                was->writes ? "wrote" : "read");
}

/* One that this access makes useless, an empty one, or one of the others in turn. */
static struct cell *cell_for(struct granule *g, uint8_t mask, bool writes, bool atomic)
{
	const struct sim_thread *self = sim_self();
	struct cell *empty = NULL;

	for (unsigned i = 0; i < CELLS; i++) {
		struct cell *c = &g->cell[i];
		const bool known = c->step <= self->clock.at[c->thread];

		if (!c->step || (known && (c->mask & ~mask) == 0 && (writes || !c->writes) &&
		                 (!atomic || c->atomic)))
			empty = c;
	}
	return empty ? empty : &g->cell[g->turn++ % CELLS];
}

static void note_access(struct granule *g, const volatile void *p, unsigned bytes, bool writes,
                        bool atomic)
{
	const struct sim *s = filch__sim;
	const struct sim_thread *self = sim_self();
	const uint8_t mask = (uint8_t)(((1u << bytes) - 1) << (uintptr_t)p % 8);

	for (unsigned i = 0; i < CELLS; i++) {
		const struct cell *c = &g->cell[i];

		if (c->step > self->clock.at[c->thread] && c->mask & mask &&
		    c->thread != s->current && (writes || c->writes) && !(atomic && c->atomic))
			race(c, writes, atomic, p);
	}
	*cell_for(g, mask, writes, atomic) = (struct cell){
		self->clock.at[s->current], (uint8_t)s->current, mask, writes, atomic, s->who[0]};
}

void filch__sim_plain(const volatile void *memory, size_t bytes, bool writes)
{
	struct memory *m = filch__sim->memory;
	const volatile char *p = memory;

	if (is_thread_local(memory))
		return;
	forget_popped();
	while (bytes) {
		const unsigned room = 8 - (unsigned)((uintptr_t)p % 8);
		const unsigned here = bytes < room ? (unsigned)bytes : room;
		struct granule *g = granule_of(p);

		filch__sim_check_lives(p);
		if (!filch__sim->options->no_races)
			note_access(g, p, here, writes, false);
		for (unsigned i = writes ? g->place : 0; i; i = m->place[i - 1].next)
			m->place[i - 1].stores = 0; /* what is written stands for all before it */
		p += here;
		bytes -= here;
	}
}

static struct granule *granule_if_any(const volatile void *p)
{
	struct memory *m = filch__sim->memory;
	const uintptr_t name = (uintptr_t)p / 8;

	for (size_t i = hash(name);; i = (i + 1) % GRANULES)
		if (m->granule[i].run != m->run)
			return NULL;
		else if (m->granule[i].name == name)
			return &m->granule[i];
}

void filch__sim_ends(const void *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 8)
		if (granule_if_any((const char *)memory + i))
			filch__sim_plain((const char *)memory + i, bytes - i < 8 ? bytes - i : 8,
			                 true);
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

static void append(struct place *p, uint64_t value, int order, const struct clock *before)
{
	struct memory *m = filch__sim->memory;
	struct sim_thread *self = sim_self();
	struct store *s;

	if (p->stores == STORES) {
		memmove(p->store, p->store + 1, (STORES - 1) * sizeof *p->store);
		p->stores--;
	}
	s = &p->store[p->stores++];
	memset(s, 0, sizeof *s);
	s->value = value;
	s->seen[filch__sim->current] = self->clock.at[filch__sim->current];
	s->message = releases(order) ? self->clock : self->released;
	if (before)
		clock_join(&s->message, before);
	if (order == __ATOMIC_SEQ_CST)
		s->order = ++m->order;
	memcpy((void *)p->address, &value, p->bytes);
	self->clock.at[filch__sim->current]++;
}

/* ---- the operations ----------------------------------------------------------------------- */

static struct place *begin_atomic(const volatile void *p, unsigned bytes, bool writes)
{
	struct sim_thread *self;
	struct granule *g;

	filch__sim_point();
	forget_popped();
	filch__sim_check_lives(p);
	self = sim_self();
	self->clock.at[filch__sim->current]++;
	g = granule_of(p);
	if (!filch__sim->options->no_races)
		note_access(g, p, bytes, writes, true);
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
	append(begin_atomic(p, bytes, true), value, order, NULL);
	filch__sim_trace("stores", p, value, order);
}

/* A failed one may have seen any store that would fail it. */
static struct store *choose_failing(struct place *p, uint64_t expected, int order)
{
	struct store *s = choose_store(p, order);

	return s->value == expected ? newest(p) : s;
}

uint64_t filch__sim_rmw(volatile void *p, unsigned bytes, sim_change *change, uint64_t with,
                        uint64_t expected, int order, int failure, bool *changed)
{
	struct place *place = begin_atomic(p, bytes, true);
	struct store *s = newest(place);
	uint64_t value = s->value;
	const uint64_t was = value;
	struct clock message;

	*changed = change(&value, with, expected);
	if (!*changed) {
		s = choose_failing(place, expected, failure);
		see(s, failure);
		filch__sim_trace("finds", p, s->value, failure);
		return s->value;
	}
	see(s, order);
	message = s->message;
	append(place, value, order, &message);
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
