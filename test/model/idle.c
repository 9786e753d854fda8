/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and waking as they are shipped, as a small closed program for a checker that knows C11's memory
 * (GenMC): WORKERS find nothing and sleep, somebody pushes and tells.  One of them comes and takes it: a
 * wake-up that is lost is one who waits for ever, which the checker calls a violation of liveness.
 * What a futex does is a loop here.  ./dev model runs it there if there is such a checker, and
 * as a program with real threads.
 *
 * sizes: WORKERS=1 | WORKERS=2
 */
#define FILCH_SIMULATED /* no counter of the CPU's own, no instruction for pausing */
#include "../../lib/idle.c"

#include <assert.h>
#include <pthread.h>
#include <sched.h>

#ifndef ROUNDS
#define ROUNDS 1
#define LET_OTHERS() ((void)0)
#define MEET() ((void)0)
#else
#define LET_OTHERS() sched_yield()
#define MEET() meet()
#endif

/* ---- the system ------------------------------------------------------------------------- */

_Atomic double filch__ns_per_tick = 1;

uint64_t filch__now_ns(void)
{
	return 0;
}

void filch__wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	(void)deadline_ns;
	while (load_relaxed(word) == expected)
		LET_OTHERS();
}

void filch__wake(_Atomic uint32_t *word)
{
	(void)word;
}

unsigned filch__cpu_here(void)
{
	return PLATFORM_NO_CPU;
}

void filch__place_init(struct platform_place *place)
{
	place->moved = false;
}

void filch__place_off(struct platform_place *place, unsigned cpu)
{
	(void)place, (void)cpu;
}

void filch__place_back(struct platform_place *place)
{
	(void)place;
}

void filch__sim_rest(void)
{
}

void filch__yield(void)
{
}

/* ---- the program -------------------------------------------------------------------------- */

static struct idle idle;
static struct sleeper sleepers[WORKERS], *sleeper[WORKERS];
static _Atomic int work, taken;

/* Real threads begin one after the other, and a checker need not be told. */
static _Atomic int arrived;

static inline void meet(void)
{
	fetch_add_release(&arrived, 1);
	for (int i = 1; load_acquire(&arrived) <= WORKERS; i++)
		if (i % 1000 == 0)
			sched_yield();
}

static bool look(void *arg)
{
	(void)arg;
	return load_seq_cst(&work) > 0 || load_seq_cst(&taken);
}

static bool take(void)
{
	int one = 1;

	return load_seq_cst(&work) == 1 && cas_seq_cst(&work, &one, 0);
}

/* As search() in lib/worker.c, but that all go when one has it. */
static void *worker(void *number)
{
	bool searched;

	MEET();
	searched = filch__idle_search_begin(&idle);

	while (!take()) {
		if (load_seq_cst(&taken)) {
			filch__idle_search_end(&idle);
			return NULL;
		}
		filch__idle_sleep(&idle, (unsigned)((struct sleeper **)number - sleeper), searched,
		                  look, NULL);
		searched = idle_may_search(&idle);
	}
	store_seq_cst(&taken, 1);
	filch__idle_search_end(&idle);
	filch__idle_wake_all(&idle);
	return NULL;
}

static void once(void)
{
	pthread_t id[WORKERS];

	idle = (struct idle){.state = 0};
	filch__idle_init(&idle, sleeper, WORKERS, WORKERS + 1, 1);
	store_relaxed(&arrived, 0);
	store_relaxed(&work, 0);
	store_relaxed(&taken, 0);
	for (int i = 0; i < WORKERS; i++) {
		sleepers[i] = (struct sleeper){.park = AWAKE};
		sleeper[i] = &sleepers[i];
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&id[i], NULL, worker, &sleeper[i]);
	MEET();
	store_seq_cst(&work, 1);
	filch__idle_notify(&idle, WORKERS, 1);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(id[i], NULL);
	assert(load_relaxed(&taken) == 1 && load_relaxed(&work) == 0);
	assert(load_relaxed(&idle.state) == 0);
}

int main(void)
{
	for (int round = 0; round < ROUNDS; round++)
		once();
	return 0;
}
