/* SPDX-License-Identifier: MIT */
/*
 * Memory that is given out once: what was freed is not used again in the same run, and
 * filled with what is no pointer.  And whether memory, of whatever kind, is still there.
 */
#include "sim.h"

#include <string.h>
#include <sys/mman.h>

enum { NEVER, LIVES, FREED };

struct head {
	size_t bytes, align;
};

struct heap {
	size_t used;
	unsigned left;
	uint8_t state[SIM_ARENA / SIM_GRAIN];
	/* Who got it, at which of his steps: nobody may touch it before he knows that. */
	uint8_t maker[SIM_ARENA / SIM_GRAIN];
	uint32_t born[SIM_ARENA / SIM_GRAIN];
	alignas(4096) char arena[SIM_ARENA];
};

struct heap *filch__heap_new(void)
{
	struct heap *h = mmap(NULL, sizeof *h, PROT_READ | PROT_WRITE,
	                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return h == MAP_FAILED ? NULL : h;
}

void filch__heap_begin(struct heap *h)
{
	memset(h->state, NEVER, h->used / SIM_GRAIN);
	h->used = 0;
	h->left = 0;
}

unsigned filch__heap_left(const struct heap *h)
{
	return h->left;
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

bool filch__sim_owns(const void *memory)
{
	const struct heap *h = filch__sim ? filch__sim->heap : NULL;

	return h && (const char *)memory >= h->arena && (const char *)memory < h->arena + SIM_ARENA;
}

static struct head *head_of(const void *memory)
{
	return (struct head *)(uintptr_t)memory - 1;
}

size_t filch__sim_size(const void *memory)
{
	return head_of(memory)->bytes;
}

static void note_birth(struct heap *h, size_t at, size_t bytes)
{
	const size_t first = at / SIM_GRAIN,
		     grains = round_up(bytes + !bytes, SIM_GRAIN) / SIM_GRAIN;

	memset(h->state + first, LIVES, grains);
	memset(h->maker + first, (int)filch__sim->current, grains);
	for (size_t i = 0; i < grains; i++)
		h->born[first + i] = sim_self()->clock.at[filch__sim->current];
}

void *filch__sim_malloc(size_t align, size_t bytes)
{
	struct heap *h = filch__sim->heap;
	size_t at;
	char *p;

	if (filch__sim->options->faults && filch__sim_choose(SIM_FAULT, 2))
		return NULL;
	align = align < SIM_GRAIN ? SIM_GRAIN : align;
	at = round_up(h->used + sizeof(struct head), align);
	if (bytes > SIM_ARENA || round_up(bytes + 1, SIM_GRAIN) > SIM_ARENA - at)
		return NULL;
	p = h->arena + at;
	*head_of(p) = (struct head){bytes, align};
	memset(p, 0xa5, bytes);
	note_birth(h, at, bytes);
	h->used = at + round_up(bytes + 1, SIM_GRAIN);
	h->left++;
	return p;
}

void filch__sim_free(void *memory)
{
	struct heap *h = filch__sim->heap;
	const size_t at = (size_t)((char *)memory - h->arena) / SIM_GRAIN;
	const size_t bytes = filch__sim_size(memory);

	if (h->state[at] != LIVES)
		filch__sim_fail("%p is freed, and was before", memory);
	/* Who may still use it is racing with this. */
	filch__sim_ends(memory, bytes);
	memset(memory, 0xdd, bytes);
	memset(h->state + at, FREED, round_up(bytes + !bytes, SIM_GRAIN) / SIM_GRAIN);
	h->left--;
}

bool filch__sim_lives(const void *memory)
{
	const struct heap *h = filch__sim->heap;

	return !filch__sim_owns(memory) ||
	       h->state[(size_t)((const char *)memory - h->arena) / SIM_GRAIN] == LIVES;
}

/* ---- whether it is there --------------------------------------------------------------- */

static void check_stack(const char *p, size_t offset)
{
	const struct sim *s = filch__sim;
	const unsigned i = (unsigned)(offset / SIM_STACK);
	const struct sim_thread *t = &s->thread[i];

	if (i == s->current || i >= s->threads)
		return;
	if (t->state == SIM_DONE || p < t->floor)
		filch__sim_fail("thread %u touches %p, which stood on the stack of thread %u",
		                s->current, (const void *)p, i);
}

static void check_heap(const char *p)
{
	const struct sim *s = filch__sim;
	const size_t grain = (size_t)(p - s->heap->arena) / SIM_GRAIN;
	const unsigned maker = s->heap->maker[grain];

	if (s->heap->state[grain] != LIVES)
		filch__sim_fail("thread %u touches %p, which was freed", s->current,
		                (const void *)p);
	if (!s->options->no_races && maker != s->current &&
	    s->heap->born[grain] > sim_self()->clock.at[maker])
		filch__sim_fail("a race: thread %u touches %p, which thread %u got", s->current,
		                (const void *)p, maker);
}

void filch__sim_check_lives(const volatile void *memory)
{
	const struct sim *s = filch__sim;
	const char *p = (const char *)(uintptr_t)memory;

	if (p >= s->heap->arena && p < s->heap->arena + s->heap->used) {
		check_heap(p);
	} else if (p >= s->stacks && p < s->stacks + SIM_THREADS * SIM_STACK) {
		check_stack(p, (size_t)(p - s->stacks));
	}
}
