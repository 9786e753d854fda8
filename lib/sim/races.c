/* SPDX-License-Identifier: MIT */
/*
 * Of each eight bytes the last few accesses are kept: two that overlap, one of them a write and not
 * both atomic, must be ordered by happens-before.
 */
#include "memory.h"

/* A thread's own variable, wherever it stands for others. */
static bool is_thread_local(const volatile void *p)
{
	return (uintptr_t)p - (uintptr_t)filch__sim->tls_here < filch__sim->tls_bytes;
}

/* ---- finding ---------------------------------------------------------------------------- */

static size_t hash(uintptr_t name)
{
	return (size_t)(name * 0x9E3779B97F4A7C15u >> (64 - GRANULE_BITS));
}

struct granule *filch__granule_of(const volatile void *p)
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

void filch__forget_popped(void)
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

void filch__note_access(struct granule *g, const volatile void *p, unsigned bytes, bool writes,
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
	filch__forget_popped();
	while (bytes) {
		const unsigned room = 8 - (unsigned)((uintptr_t)p % 8);
		const unsigned here = bytes < room ? (unsigned)bytes : room;
		struct granule *g = filch__granule_of(p);

		filch__sim_check_lives(p);
		if (!filch__sim->options->no_races)
			filch__note_access(g, p, here, writes, false);
		for (unsigned i = writes ? g->place : 0; i; i = m->place[i - 1].next)
			m->place[i - 1].stores = 0; /* what is written stands for all before it */
		p += here;
		bytes -= here;
	}
}

struct granule *filch__granule_if_any(const volatile void *p)
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
		if (filch__granule_if_any((const char *)memory + i))
			filch__sim_plain((const char *)memory + i, bytes - i < 8 ? bytes - i : 8,
			                 true);
}
