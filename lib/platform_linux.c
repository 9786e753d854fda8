/* SPDX-License-Identifier: MIT */
/*
 * Linux: futexes, affinity masks, thread names.  Threads are made with pthread_create()
 * and not thrd_create(), which cannot set a stack size.
 */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

_Atomic double filch__ns_per_tick = 1;
_Atomic bool filch__ticks_from_tsc;

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

/*
 * A program may have pinned the thread that calls us, or its first one; what the process
 * may use is the union of both.
 */
static struct cpu_mask mask_of_process(void)
{
	struct cpu_mask m = mask_of(getpid());
	struct cpu_mask mine = mask_of(0);

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

unsigned filch__cpus_online(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 && n < CPUS_MAX ? (unsigned)n : 1;
}

/* ---- threads ---------------------------------------------------------------------- */

struct start {
	void (*run)(void *);
	void *arg;
};

static void *thread_main(void *memory)
{
	struct start s = *(struct start *)memory;

	free(memory);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	s.run(s.arg);
	return NULL;
}

static void block_signals(sigset_t *before)
{
	static const int synchronous[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
	                                  SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
	sigset_t blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof synchronous / sizeof synchronous[0]; i++)
		sigdelset(&blocked, synchronous[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, before);
}

/* The system's minimum counts the thread-local storage of all libraries, which may be large. */
static void set_stack(pthread_attr_t *attr, size_t bytes)
{
	const long page = sysconf(_SC_PAGESIZE);
	const long least = sysconf(_SC_THREAD_STACK_MIN);

	if (!bytes || page <= 0 || bytes > SIZE_MAX / 2)
		return;
	if (least > 0 && bytes < (size_t)least)
		bytes = (size_t)least;
	bytes = (bytes + (size_t)page - 1) / (size_t)page * (size_t)page;
	if (pthread_attr_setstacksize(attr, bytes))
		pthread_attr_setstacksize(attr, bytes + (size_t)(least > 0 ? least : page));
}

static void set_affinity(pthread_attr_t *attr)
{
	struct cpu_mask m = mask_of_process();

	if (!m.set)
		return;
	pthread_attr_setaffinity_np(attr, m.bytes, m.set);
	CPU_FREE(m.set);
}

bool filch__thread_start(struct platform_thread *t, size_t stack_bytes, void (*run)(void *),
                         void *arg)
{
	struct start *s = malloc(sizeof *s);
	pthread_attr_t attr;
	pthread_t id;
	sigset_t before;
	int error;

	if (!s)
		return false;
	*s = (struct start){run, arg};
	if (pthread_attr_init(&attr)) {
		free(s);
		return false;
	}
	set_stack(&attr, stack_bytes);
	set_affinity(&attr);
	block_signals(&before);
	error = pthread_create(&id, &attr, thread_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (error) {
		free(s);
		return false;
	}
	_Static_assert(sizeof id <= sizeof t->handle, "a thread's handle fits");
	memcpy(&t->handle, &id, sizeof id);
	return true;
}

static pthread_t thread_of(const struct platform_thread *t)
{
	pthread_t id = pthread_self();

	if (t)
		memcpy(&id, &t->handle, sizeof id);
	return id;
}

void filch__thread_join(struct platform_thread *t)
{
	pthread_join(thread_of(t), NULL);
}

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
	const pthread_t id = thread_of(place->thread);
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
	pthread_setaffinity_np(thread_of(place->thread), sizeof set, &set);
	place->moved = false;
}

/* ---- waiting ------------------------------------------------------------------------ */

/* The kernel reads the word itself; an _Atomic uint32_t is a plain one in memory. */
_Static_assert(sizeof(_Atomic uint32_t) == 4, "a futex is 32 bits wide");

void filch__wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	struct timespec end = {(time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000)};

	syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline_ns ? &end : NULL,
	        NULL, FUTEX_BITSET_MATCH_ANY);
}

void filch__wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void filch__sleep_until(uint64_t deadline_ns)
{
	struct timespec end = {(time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
}

/* ---- time --------------------------------------------------------------------------- */

uint64_t filch__now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Whether rdtsc counts at one rate on all cores and through sleep. */
static bool tsc_is_steady(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
#else
	return false;
#endif
}

struct instant {
	uint64_t ticks, ns;
};

/* Both clocks at one moment: of several tries the one with the least in between. */
static struct instant instant_now(void)
{
	struct instant best = {0, 0};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t before = platform_ticks();
		uint64_t ns = filch__now_ns();
		uint64_t after = platform_ticks();

		if (after - before < least) {
			least = after - before;
			best = (struct instant){before + (after - before) / 2, ns};
		}
	}
	return best;
}

/* Two threads may find this undone and both do it: no lock that a fork() could catch held. */
void filch__ticks_init(void)
{
	static _Atomic bool done;
	struct instant begin, end;

	/* acquire: pairs with the release below; the rate is there. */
	if (load_acquire(&done))
		return;
	store_relaxed(&filch__ticks_from_tsc, tsc_is_steady());
	begin = instant_now();
	do
		end = instant_now();
	while (end.ns - begin.ns < 10000 || end.ticks == begin.ticks);
	store_relaxed(&filch__ns_per_tick,
	              (double)(end.ns - begin.ns) / (double)(end.ticks - begin.ticks));
	/* release: pairs with the acquire above. */
	store_release(&done, true);
}

/* ---- the process ---------------------------------------------------------------------- */

const char *filch__env(const char *name)
{
	return secure_getenv(name);
}

bool filch__on_fork(void (*child)(void))
{
	return pthread_atfork(NULL, NULL, child) == 0;
}

void *filch__alloc(size_t bytes)
{
	void *memory;

	if (posix_memalign(&memory, CACHE_LINE, bytes))
		return NULL;
	return memset(memory, 0, bytes);
}

void filch__free(void *memory)
{
	free(memory);
}
