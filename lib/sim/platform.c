/* SPDX-License-Identifier: MIT */
/* What platform.h asks of an operating system, of a machine that is not there. */
#include "../platform.h"

#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Atomic double filch__ns_per_tick = 1;
_Atomic bool filch__ticks_from_tsc;

static bool fails(void)
{
	return filch__sim->options->faults && filch__sim_choose(SIM_FAULT, 2);
}

/* ---- threads --------------------------------------------------------------------------------- */

bool filch__thread_start(struct platform_thread *t, size_t stack_bytes, void (*run)(void *),
                         void *arg)
{
	const unsigned id = fails() ? 0 : filch__sim_start(run, arg);

	(void)stack_bytes;
	t->handle = id;
	for (int i = 0; !id && i < 4; i++)
		filch__sim_rest(); /* the system takes its time to say no */
	return id;
}

void filch__thread_join(struct platform_thread *t)
{
	SIM_ENTER();
	filch__sim_await((unsigned)t->handle, __builtin_return_address(0));
}

void filch__thread_name(const char *name, unsigned id)
{
	snprintf(sim_self()->name, sizeof sim_self()->name, "%s/%u", name, id);
}

/* ---- places ------------------------------------------------------------------------------------ */

void filch__place_init(struct platform_place *place)
{
	place->moved = false;
}

unsigned filch__cpu_here(void)
{
	return filch__sim->current % filch__affinity_count();
}

void filch__pipes_quiet(struct platform_pipes *p)
{
	*p = (struct platform_pipes){.quiet = false};
}

void filch__pipes_back(const struct platform_pipes *p)
{
	(void)p;
}

void filch__yield(void)
{
	filch__sim_rest();
}

void filch__place_off(struct platform_place *place, unsigned cpu)
{
	(void)cpu;
	filch__sim_plain(place, sizeof *place, true);
	place->moved = true;
}

void filch__place_back(struct platform_place *place)
{
	filch__sim_plain(place, sizeof *place, true);
	place->moved = false;
}

/* ---- waiting ----------------------------------------------------------------------------------- */

void filch__wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	struct sim_thread *self;

	SIM_ENTER();
	filch__sim_point();
	filch__sim_check_lives(word);
	/* The kernel looks with a lock held, at what is newest; no other order comes of it. */
	if (*(volatile uint32_t *)(void *)word != expected || fails())
		return;
	self = sim_self();
	self->state = SIM_WAITS;
	self->word = word;
	self->deadline = deadline_ns;
	self->caller = __builtin_return_address(0);
	filch__sim_trace("sleeps on", word, expected, -1);
	filch__sim_block();
	filch__sim_trace("woke from", word, 0, -1);
}

void filch__wake(_Atomic uint32_t *word)
{
	SIM_ENTER();
	filch__sim_point();
	filch__sim_trace("wakes", word, 0, -1);
	filch__sim_wake((const void *)word);
}

void filch__sleep_until(uint64_t deadline_ns)
{
	SIM_ENTER();
	while (filch__sim->now < deadline_ns) {
		sim_self()->state = SIM_WAITS;
		sim_self()->word = NULL;
		sim_self()->deadline = deadline_ns;
		filch__sim_block();
	}
}

bool filch__barrier(void)
{
	if (filch__barrier_missing())
		return false;
	SIM_ENTER();
	filch__sim_barrier();
	return true;
}

bool filch__barrier_missing(void)
{
	return filch__sim->options->no_barrier;
}

/* ---- time ---------------------------------------------------------------------------------------- */

/* Now and then a thread is away for long. */
uint64_t filch__now_ns(void)
{
	static const uint64_t more[] = {30, 3000, 100000, 10000000};

	if (!sim_running())
		return 1;
	SIM_ENTER();
	filch__sim_point();
	filch__sim->now += more[filch__sim_choose(SIM_TIME, 4)];
	return filch__sim->now;
}

void filch__ticks_init(void)
{
}

struct platform_instant filch__ticks_begin(void)
{
	return (struct platform_instant){0, 0};
}

void filch__ticks_end(struct platform_instant begin)
{
	(void)begin;
}

void filch__sim_rest(void)
{
	if (!sim_running())
		return;
	SIM_ENTER();
	filch__sim_pause();
}

/* ---- the process ----------------------------------------------------------------------------------- */

unsigned filch__affinity_count(void)
{
	return filch__sim->options->cpus ? filch__sim->options->cpus : 4;
}

unsigned filch__cpus_online(void)
{
	return filch__affinity_count();
}

const char *filch__env(const char *name)
{
	return strcmp(name, "FILCH_WORKERS") == 0 && sim_running() ? filch__sim->options->workers
	                                                           : NULL;
}

bool filch__on_fork(void (*child)(void))
{
	return filch__sim_on_fork(child);
}

void *filch__alloc(size_t bytes)
{
	void *p = filch__sim_malloc(CACHE_LINE, bytes);

	if (!p)
		return NULL;
	filch__rooms_opened(p, bytes);
	return memset(p, 0, bytes);
}

void filch__free(void *memory)
{
	if (!memory)
		return;
	filch__rooms_closed(memory);
	filch__sim_free(memory);
}

/* ---- the allocator: linked with --wrap ---------------------------------------------------------------- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void __real_free(void *p);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
void __wrap_free(void *p);

void *__wrap_malloc(size_t bytes)
{
	return sim_running() ? filch__sim_malloc(1, bytes) : __real_malloc(bytes);
}

void *__wrap_aligned_alloc(size_t align, size_t bytes)
{
	return sim_running() ? filch__sim_malloc(align, bytes) : __real_aligned_alloc(align, bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	void *p;

	if (!sim_running())
		return __real_calloc(n, bytes);
	p = bytes && n > SIZE_MAX / bytes ? NULL : filch__sim_malloc(1, n * bytes);
	return p ? memset(p, 0, n * bytes) : NULL;
}

void *__wrap_realloc(void *p, size_t bytes)
{
	void *q;

	if (p ? !filch__sim_owns(p) : !sim_running())
		return __real_realloc(p, bytes);
	q = filch__sim_malloc(1, bytes);
	if (q && p) {
		memcpy(q, p, filch__sim_size(p) < bytes ? filch__sim_size(p) : bytes);
		filch__sim_free(p);
	}
	return q;
}

void __wrap_free(void *p)
{
	if (!p || !filch__sim_owns(p))
		__real_free(p);
	else if (sim_running())
		filch__sim_free(p);
}
