/* SPDX-License-Identifier: MIT */
/*
 * The deque as it is shipped, as a small closed program for a checker that knows C11's memory (GenMC):
 * an owner who pushes and pops, and one or two thieves.  Each chunk is taken once, and whole.
 * ./dev model runs it there if there is such a checker, and as a program with real threads.
 *
 * sizes: THIEVES=1 | THIEVES=2 | THIEVES=1 GROWS
 */
#include "../../lib/deque.c"

#include <assert.h>
#include <pthread.h>
#include <sched.h>

#ifndef ROUNDS
#define ROUNDS 1
#define MEET() ((void)0)
#else
#define MEET() meet()
#endif

#ifdef GROWS /* the last push before the pop finds the inner slots full, unless a thief was there */
enum { BEFORE = DEQUE_SLOTS_INSIDE + 1, CHUNKS = BEFORE };
#else
enum { BEFORE = 2, CHUNKS = 3 };
#endif

static struct deque d;
static _Atomic int taken[CHUNKS];

/* Checkers know malloc(), if that. */
void *filch__alloc_bare(size_t bytes)
{
	static _Alignas(CACHE_LINE) struct deque_slot slots[DEQUE_SLOTS_INSIDE * 4];

	return bytes <= sizeof slots ? slots : NULL;
}

void filch__free(void *memory)
{
	(void)memory;
}

/* Real threads begin one after the other, and a checker need not be told. */
static _Atomic int arrived;

static inline void meet(void)
{
	fetch_add_release(&arrived, 1);
	for (int i = 1; load_acquire(&arrived) <= THIEVES; i++)
		if (i % 1000 == 0)
			sched_yield();
}

static void push(size_t i)
{
	const struct chunk c = {NULL, {i + 10, i + 20}};
	const bool pushed = deque_push(&d, &c, 1);

	assert(pushed);
	(void)pushed;
}

static void took(struct chunk c)
{
	const size_t i = c.range.begin - 10;

	assert(i < CHUNKS && c.range.end == i + 20);
	fetch_add_relaxed(&taken[i], 1);
}

static bool pop(void)
{
	struct chunk c;
	uint64_t older;

	if (!deque_pop(&d, 0, &c, &older))
		return false;
	took(c);
	return true;
}

static void *steal(void *arg)
{
	struct chunk c;
	uint64_t ticket;

	MEET();
	if (deque_peek(&d, &c, &ticket) && deque_claim(&d, ticket))
		took(c);
	return arg;
}

static void owner(void)
{
	MEET();
	for (size_t i = 0; i < BEFORE; i++)
		push(i);
	pop();
	for (size_t i = BEFORE; i < CHUNKS; i++)
		push(i);
	pop();
	pop();
}

static void once(void)
{
	pthread_t thief[THIEVES];

	store_relaxed(&arrived, 0);
	filch__deque_init(&d, 0);
	for (int i = 0; i < CHUNKS; i++)
		store_relaxed(&taken[i], 0);
	for (int i = 0; i < THIEVES; i++)
		pthread_create(&thief[i], NULL, steal, NULL);
	owner();
	for (int i = 0; i < THIEVES; i++)
		pthread_join(thief[i], NULL);
	while (pop())
		;
	for (int i = 0; i < CHUNKS; i++)
		assert(load_relaxed(&taken[i]) == 1);
	filch__deque_finish(&d);
}

int main(void)
{
	for (int round = 0; round < ROUNDS; round++)
		once();
	return 0;
}
