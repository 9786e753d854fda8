/* SPDX-License-Identifier: MIT */
/* Linux: futexes, affinity masks, places, thread names. */
#define _GNU_SOURCE
#include "platform_port.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define ONE_THREAD __libc_single_threaded
#endif
#endif
#ifndef ONE_THREAD
#define ONE_THREAD false
#endif

/* ---- CPUs ------------------------------------------------------------------------ */

enum { CPUS_MAX = 1 << 16 }; /* the kernel's largest mask is far below */

struct cpu_mask {
	size_t bytes;
	cpu_set_t *set; /* NULL: not to be had */
};

/* The mask of a thread, 0 = the calling one; the kernel says EINVAL until the set is large enough. */
static struct cpu_mask mask_of(pid_t tid)
{
	struct cpu_mask m = {0, NULL};

	for (size_t cpus = CPU_SETSIZE; cpus <= CPUS_MAX; cpus *= 2) {
		m.bytes = CPU_ALLOC_SIZE(cpus);
		m.set = CPU_ALLOC(cpus);
		if (!m.set || sched_getaffinity(tid, m.bytes, m.set) == 0)
			return m;
		CPU_FREE(m.set);
		m.set = NULL;
		if (errno != EINVAL)
			break;
	}
	return m;
}

static bool is_first_thread(void)
{
	return syscall(SYS_gettid) == getpid();
}

/*
 * A program may have pinned the thread that calls us, or its first one; what the process
 * may use is the union of both.
 */
static struct cpu_mask mask_of_process(void)
{
	struct cpu_mask m = mask_of(getpid()), mine;

	if (is_first_thread())
		return m;
	mine = mask_of(0);
	if (m.set && mine.set && m.bytes == mine.bytes)
		CPU_OR_S(m.bytes, m.set, m.set, mine.set);
	if (!m.set)
		return mine;
	if (mine.set)
		CPU_FREE(mine.set);
	return m;
}

unsigned filch__affinity_count(void)
{
	struct cpu_mask m = mask_of_process();
	int count = 0;

	if (m.set) {
		count = CPU_COUNT_S(m.bytes, m.set);
		CPU_FREE(m.set);
	}
	return count > 0 ? (unsigned)count : 0;
}

/* A thread that is told nothing has the mask of who made it, and starts sooner. */
void filch__port_attr(pthread_attr_t *attr)
{
	struct cpu_mask m;

	if (is_first_thread())
		return;
	m = mask_of_process();
	if (!m.set)
		return;
	pthread_attr_setaffinity_np(attr, m.bytes, m.set);
	CPU_FREE(m.set);
}

/* ---- names ------------------------------------------------------------------------ */

void filch__thread_name(const char *name, unsigned id)
{
	char text[16], number[12];
	int digits = snprintf(number, sizeof number, "/%u", id);
	int room = (int)sizeof text - 1 - digits;

	snprintf(text, sizeof text, "%.*s%s", room, name, number);
	pthread_setname_np(pthread_self(), text);
}

/* ---- places ----------------------------------------------------------------------- */

unsigned filch__cpu_here(void)
{
	int cpu = sched_getcpu();

	return cpu >= 0 && cpu < PLATFORM_NO_CPU ? (unsigned)cpu : PLATFORM_NO_CPU;
}

/* A machine of more CPUs than a cpu_set_t holds is left alone: the kernel refuses the size. */
void filch__place_off(struct platform_place *place, unsigned cpu)
{
	const pthread_t id = filch__thread_id(place->thread);
	cpu_set_t set;

	_Static_assert(sizeof set == sizeof place->mask, "a mask fits");
	place->moved = false;
	if (pthread_getaffinity_np(id, sizeof set, &set) || cpu >= CPU_SETSIZE ||
	    !CPU_ISSET(cpu, &set) || CPU_COUNT(&set) < 2)
		return;
	memcpy(place->mask, &set, sizeof set);
	CPU_CLR(cpu, &set);
	place->moved = !pthread_setaffinity_np(id, sizeof set, &set);
}

void filch__place_back(struct platform_place *place)
{
	cpu_set_t set;

	if (!place->moved)
		return;
	memcpy(&set, place->mask, sizeof set);
	pthread_setaffinity_np(filch__thread_id(place->thread), sizeof set, &set);
	place->moved = false;
}

/* ---- waiting ------------------------------------------------------------------------ */

/* The kernel reads the word itself; an _Atomic uint32_t is a plain one in memory. */
_Static_assert(sizeof(_Atomic uint32_t) == 4, "a futex is 32 bits wide");

void filch__wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	struct timespec end = {(time_t)(deadline_ns / 1000000000),
	                       (long)(deadline_ns % 1000000000)};

	syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline_ns ? &end : NULL,
	        NULL, FUTEX_BITSET_MATCH_ANY);
}

void filch__wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* ---- the process ------------------------------------------------------------------- */

const char *filch__env(const char *name)
{
	return secure_getenv(name);
}

/* ---- the other threads ------------------------------------------------------------- */

/*
 * Some kernels, emulators and filters of system calls do not know it.  A process says once that it
 * wants it, which takes 2 us; but when it has threads already, until each CPU has been through the
 * scheduler and a thread of the kernel has found that out: 10 ms, or many seconds among eighty
 * threads that compute.
 */
static _Atomic int barrier_known; /* 1 there is one, -1 there is none */

static void ask_for_barrier(void)
{
	const int known =
		syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) ? -1 : 1;

	store_relaxed(&barrier_known, known);
}

/* Before main(), where nearly every process has one thread. */
__attribute__((constructor)) static void prepare_barrier(void)
{
	if (ONE_THREAD)
		ask_for_barrier();
}

bool filch__barrier_missing(void)
{
	return load_relaxed(&barrier_known) < 0;
}

bool filch__barrier(void)
{
	if (!load_relaxed(&barrier_known))
		ask_for_barrier();
	if (filch__barrier_missing())
		return false;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
		return true;
	store_relaxed(&barrier_known, -1); /* a filter that came later */
	return false;
}
