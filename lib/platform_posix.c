/* SPDX-License-Identifier: MIT */
/*
 * Any POSIX system: waiting by mutex and condition.  Affinity, thread names and places
 * are not POSIX's, so threads run where the system puts them, without names.
 */
#define _POSIX_C_SOURCE 200809L
#include "platform_port.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- waiting ------------------------------------------------------------------------ */

enum { CRADLES = 64 };

/* Where those sleep whose words have the same hash.  A word itself may be gone when it is woken. */
struct cradle {
	pthread_mutex_t mutex;
	pthread_cond_t woken;
};

static struct cradle cradles[CRADLES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Also in the child of a fork(), whose parent's threads may have held any of them. */
static void cradles_init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (int i = 0; i < CRADLES; i++) {
		pthread_mutex_init(&cradles[i].mutex, NULL);
		pthread_cond_init(&cradles[i].woken, &attr);
	}
	pthread_condattr_destroy(&attr);
}

static void cradles_first(void)
{
	cradles_init();
	pthread_atfork(NULL, NULL, cradles_init);
}

static struct cradle *cradle_of(const void *word)
{
	pthread_once(&once, cradles_first);
	return &cradles[(uintptr_t)word / CACHE_LINE * 0x9E3779B1u >> 8 & (CRADLES - 1)];
}

void filch__wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	struct timespec end = {(time_t)(deadline_ns / 1000000000),
	                       (long)(deadline_ns % 1000000000)};
	struct cradle *c = cradle_of(word);

	pthread_mutex_lock(&c->mutex);
	/* acquire: pairs with whatever store changed the word; the mutex orders it against the
	 * wake that follows that store. */
	if (load_acquire(word) == expected) {
		if (deadline_ns)
			pthread_cond_timedwait(&c->woken, &c->mutex, &end);
		else
			pthread_cond_wait(&c->woken, &c->mutex);
	}
	pthread_mutex_unlock(&c->mutex);
}

void filch__wake(_Atomic uint32_t *word)
{
	struct cradle *c = cradle_of(word);

	pthread_mutex_lock(&c->mutex);
	pthread_cond_broadcast(&c->woken);
	pthread_mutex_unlock(&c->mutex);
}

/* ---- what POSIX does not say --------------------------------------------------------------- */

void filch__port_attr(pthread_attr_t *attr)
{
	(void)attr;
}

void filch__thread_name(const char *name, unsigned id)
{
	(void)name;
	(void)id;
}

unsigned filch__affinity_count(void)
{
	return 0;
}

unsigned filch__cpu_here(void)
{
	return PLATFORM_NO_CPU;
}

void filch__place_off(struct platform_place *place, unsigned cpu)
{
	(void)cpu;
	place->moved = false;
}

void filch__place_back(struct platform_place *place)
{
	(void)place;
}

const char *filch__env(const char *name)
{
	return getuid() == geteuid() && getgid() == getegid() ? getenv(name) : NULL;
}

bool filch__barrier(void)
{
	return false;
}

bool filch__barrier_missing(void)
{
	return true;
}
