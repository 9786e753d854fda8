/* SPDX-License-Identifier: MIT */
/*
 * The deque as it was published in C11 (Le, Pop, Cohen, Zappa Nardelli: Correct and efficient
 * work-stealing for weak memory models, 2013), and what has been found wrong with it since: the array
 * is published relaxed; push() goes on with the old array after it grew; and indices are unsigned,
 * so that an empty deque that nobody pushed to looks full.  The simulator must find each, and
 * what happens without each of its fences, and nothing in what is mended.
 */
#include "scenario.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum defect {
	NONE,
	ARRAY_RELAXED,
	ARRAY_STALE,
	UNSIGNED,
	NO_FENCE_TAKE,
	NO_FENCE_STEAL,
	NO_FENCE_PUSH
};

struct array {
	size_t size;
	atomic_int buffer[];
};

static atomic_size_t top, bottom;
static _Atomic(struct array *) array;
static struct array *outgrown[4];
static unsigned outgrowns;
static enum defect defect;
static struct ran taken;

enum { EMPTY = -1, ABORT = -2 };

#define relaxed memory_order_relaxed

static struct array *new_array(size_t size)
{
	struct array *a = malloc(sizeof *a + size * sizeof a->buffer[0]);

	filch_sim_check(a != NULL);
	a->size = size;
	for (size_t i = 0; i < size; i++)
		atomic_init(&a->buffer[i], 99);
	return a;
}

static void fence(enum defect unless)
{
	if (defect != unless)
		atomic_thread_fence(memory_order_seq_cst);
}

static bool is_empty(size_t t, size_t b)
{
	return defect == UNSIGNED ? t > b : (intptr_t)(b - t) < 0;
}

static int take(void)
{
	size_t b = atomic_load_explicit(&bottom, relaxed) - 1, t;
	struct array *a = atomic_load_explicit(&array, relaxed);
	int x = EMPTY;

	atomic_store_explicit(&bottom, b, relaxed);
	fence(NO_FENCE_TAKE);
	t = atomic_load_explicit(&top, relaxed);
	if (is_empty(t, b)) {
		atomic_store_explicit(&bottom, b + 1, relaxed);
		return EMPTY;
	}
	x = atomic_load_explicit(&a->buffer[b % a->size], relaxed);
	if (t == b) {
		if (!atomic_compare_exchange_strong_explicit(&top, &t, t + 1, memory_order_seq_cst,
		                                             relaxed))
			x = EMPTY;
		atomic_store_explicit(&bottom, b + 1, relaxed);
	}
	return x;
}

static void resize(void)
{
	struct array *a = atomic_load_explicit(&array, relaxed);
	struct array *larger = new_array(2 * a->size);
	const size_t b = atomic_load_explicit(&bottom, relaxed);

	for (size_t i = atomic_load_explicit(&top, relaxed); i != b; i++)
		atomic_store_explicit(&larger->buffer[i % larger->size],
		                      atomic_load_explicit(&a->buffer[i % a->size], relaxed),
		                      relaxed);
	outgrown[outgrowns++] = a;
	if (defect == ARRAY_RELAXED)
		atomic_store_explicit(&array, larger, relaxed);
	else
		atomic_store_explicit(&array, larger, memory_order_release);
}

static void push(int x)
{
	const size_t b = atomic_load_explicit(&bottom, relaxed);
	const size_t t = atomic_load_explicit(&top, memory_order_acquire);
	struct array *a = atomic_load_explicit(&array, relaxed);

	if ((intptr_t)(b - t) > (intptr_t)a->size - 1) {
		resize();
		if (defect != ARRAY_STALE)
			a = atomic_load_explicit(&array, relaxed);
	}
	atomic_store_explicit(&a->buffer[b % a->size], x, relaxed);
	if (defect != NO_FENCE_PUSH)
		atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&bottom, b + 1, relaxed);
}

static int steal(void)
{
	size_t t = atomic_load_explicit(&top, memory_order_acquire), b;
	struct array *a;
	int x;

	fence(NO_FENCE_STEAL);
	b = atomic_load_explicit(&bottom, memory_order_acquire);
	if ((intptr_t)(b - t) <= 0)
		return EMPTY;
	a = atomic_load_explicit(&array, memory_order_acquire);
	x = atomic_load_explicit(&a->buffer[t % a->size], relaxed);
	if (!atomic_compare_exchange_strong_explicit(&top, &t, t + 1, memory_order_seq_cst,
	                                             relaxed))
		return ABORT;
	return x;
}

static void took(int x)
{
	if (x == EMPTY || x == ABORT)
		return;
	filch_sim_check(x >= 0 && x < ITEMS);
	taken.times[x]++;
}

static void thief(void *tries)
{
	for (uintptr_t i = 0; i < (uintptr_t)tries; i++)
		took(steal());
}

static void run(enum defect d)
{
	unsigned t[2];

	defect = d;
	atomic_init(&array, new_array(2));
	t[0] = filch_sim_thread(thief, (void *)2);
	t[1] = filch_sim_thread(thief, (void *)1);
	took(take());
	for (int i = 0; i < 4; i++)
		push(i);
	took(take());
	took(take());
	filch_sim_join(t[0]);
	filch_sim_join(t[1]);
	for (int x; (x = steal()) != EMPTY;)
		took(x);
	ran_once(&taken, 4);
	while (outgrowns)
		free(outgrown[--outgrowns]);
	free(array);
}

#define RUN(NAME, DEFECT)                                                                          \
	static void NAME(void *arg)                                                                \
	{                                                                                          \
		(void)arg;                                                                         \
		run(DEFECT);                                                                       \
	}

RUN(as_mended, NONE)
RUN(array_relaxed, ARRAY_RELAXED)
RUN(array_stale, ARRAY_STALE)
RUN(indices_unsigned, UNSIGNED)
RUN(take_without_fence, NO_FENCE_TAKE)
RUN(steal_without_fence, NO_FENCE_STEAL)
RUN(push_without_fence, NO_FENCE_PUSH)

#define FOUND .fails = true, .options = {.runs = 50000}

SCENARIOS(published_scenarios, SCENARIO("published deque: mended", as_mended, .fails = false),
          SCENARIO("published deque: array relaxed", array_relaxed, FOUND),
          SCENARIO("published deque: old array", array_stale, FOUND),
          SCENARIO("published deque: indices unsigned", indices_unsigned, FOUND),
          SCENARIO("published deque: no fence in take", take_without_fence, FOUND),
          SCENARIO("published deque: no fence in steal", steal_without_fence, FOUND),
          SCENARIO("published deque: no fence in push", push_without_fence, FOUND))
