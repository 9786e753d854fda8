/* SPDX-License-Identifier: MIT */
/*
 * Bugs on purpose, one of every kind that a sanitizer or valgrind must find.  As far as
 * Criterion can tell, every test here passes.  ./dev check runs each of them as it runs all
 * the others and wants to see it fail: that is how we know that a report is never overlooked.
 */
#define _POSIX_C_SOURCE 200809L
#include <criterion/criterion.h>

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Out of the compiler's sight, so that it neither warns nor optimises the bug away. */
static void *volatile hidden;
static volatile int number;

Test(planted, heap_overflow)
{
	char *memory = malloc(8);

	hidden = memory;
	((volatile char *)hidden)[8] = 1;
	free(memory);
}

static void keep_a_local(void)
{
	int local = 1;

	hidden = &local;
	number = *(volatile int *)hidden;
}

static void (*volatile call)(void) = keep_a_local; /* is not inlined this way */

Test(planted, use_after_return)
{
	call();
	number = *(volatile int *)hidden;
}

static void lose_memory(void)
{
	hidden = malloc(100);
	hidden = NULL;
}

Test(planted, leak)
{
	lose_memory();
}

Test(planted, signed_overflow)
{
	number = INT_MAX;
	number = number + 1;
}

static int shared;
static atomic_bool written;

static void *write_shared(void *arg)
{
	*(volatile int *)&shared = 1;
	atomic_store_explicit(&written, true, memory_order_relaxed);
	return arg;
}

/* One after the other, with nothing that orders them: whoever raced could be missed by chance. */
Test(planted, data_race)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, write_shared, NULL), 0);
	while (!atomic_load_explicit(&written, memory_order_relaxed))
		sched_yield();
	*(volatile int *)&shared = 2;
	pthread_join(thread, NULL);
}

Test(planted, uninitialised)
{
	int *memory = malloc(sizeof *memory);

	hidden = memory;
	if (*(volatile int *)hidden)
		number = 1;
	free(memory);
}
