/* SPDX-License-Identifier: MIT */
#ifndef FILCH_PLATFORM_H
#define FILCH_PLATFORM_H
/*
 * What an operating system must do for us: the whole list.  A port is one file that
 * does this; nothing else asks which system it is on.  platform_linux.c knows futexes,
 * affinity masks and thread names; platform_posix.c makes do with plain pthreads.
 *
 * Everywhere: no duty prints or exits; those that can fail say so.
 */
#include "atomic.h"

#include <stddef.h>
#include <stdint.h>

/* A way that is not often taken, kept out of one that is. */
#define PLATFORM_NOINLINE __attribute__((noinline))
/* What most calls run: stands together, on one page. */
#define PLATFORM_HOT __attribute__((hot))
/* A thread's own variable, found without a call: the library is not opened by the dozen. */
#ifdef FILCH_SIMULATED /* where threads take turns on one (docs/sim.md) */
#define PLATFORM_THREAD_LOCAL __attribute__((section("filch_tls")))
#else
#define PLATFORM_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) _Thread_local
#endif

/* Runs a function of this file when the process ends, or the library is unloaded. */
#ifdef FILCH_SIMULATED /* when the program says so */
#define PLATFORM_AT_EXIT(FUNCTION)                                                                 \
	static void FUNCTION(void);                                                                \
	__attribute__((used, section("filch_exit"))) static void (*FUNCTION##_)(void) = FUNCTION
#else
#define PLATFORM_AT_EXIT(FUNCTION) __attribute__((destructor)) static void FUNCTION(void)
#endif

/* ---- threads -------------------------------------------------------------------- */

/* Room for the system's own handle. */
struct platform_thread {
	uintptr_t handle;
};

/*
 * Starts run(arg) on a new thread with a stack of at least stack_bytes (0 = the system's
 * default), on every CPU that the process may use whatever the calling thread is pinned
 * to, with all signals blocked but the synchronous ones and SIGPROF, not cancellable.
 * False if the system has no thread for us; nothing happened then.
 */
bool filch__thread_start(struct platform_thread *t, size_t stack_bytes, void (*run)(void *),
                         void *arg);
void filch__thread_join(struct platform_thread *t);

/* Names the calling thread "name/id" for debuggers, shortened as the system wants it. */
void filch__thread_name(const char *name, unsigned id);

/* ---- places ----------------------------------------------------------------------- */

/*
 * Some kernels put a thread that is woken onto the CPU of the one who wakes it, though
 * others are idle; then the two take turns where they should run side by side.
 */
struct platform_place {
	uintptr_t thread;  /* whose it is */
	uint64_t mask[16]; /* where it might run before */
	bool moved;
};

/* The calling thread's place. */
void filch__place_init(struct platform_place *place);

/* The CPU that the calling thread is on; PLATFORM_NO_CPU if that cannot be known. */
enum { PLATFORM_NO_CPU = 0xffff };
unsigned filch__cpu_here(void);

/* Forbids the thread the CPU until filch__place_back(), if that leaves it another. */
void filch__place_off(struct platform_place *place, unsigned cpu);
void filch__place_back(struct platform_place *place);

/* ---- waiting --------------------------------------------------------------------- */

/*
 * Sleeps while *word is `expected`, until filch__wake() or until filch__now_ns() is at
 * deadline_ns (0 = no end).  May return early for no reason at all: call it in a loop.
 * It looks at *word again after announcing itself to filch__wake(), so: change the
 * word, then wake; nobody sleeps through it.
 */
void filch__wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);

/* Wakes all who wait for the word.  The word may be gone by now: it is not read. */
void filch__wake(_Atomic uint32_t *word);

/* Sleeps until filch__now_ns() is at deadline_ns. */
void filch__sleep_until(uint64_t deadline_ns);

/*
 * A lock for what is rare, zeroed = free, made of the two duties above: it needs no
 * creation that could fail, and the child of a fork() may simply zero it.
 */
struct lock {
	_Atomic uint32_t state; /* 0 free, 1 held, 2 held and perhaps waited for */
};

static inline void lock_take(struct lock *l)
{
	uint32_t state = 0;

	/* acquire, both: pair with the exchange in lock_release(): we see what its holder did. */
	if (cas_acquire(&l->state, &state, 1))
		return;
	while (exchange_acquire(&l->state, 2) != 0)
		filch__wait(&l->state, 2, 0);
}

static inline void lock_release(struct lock *l)
{
	/* release: pairs with the acquires in lock_take(). */
	if (exchange_release(&l->state, 0) == 2)
		filch__wake(&l->state);
}

/*
 * A full barrier in all running threads of the process: what each did before is visible here,
 * and what it does from now on sees what we did.  False if the system has no such thing.
 */
bool filch__barrier(void);

/* Whether it is known that there is none. */
bool filch__barrier_missing(void);

/* ---- time ------------------------------------------------------------------------ */

/* Nanoseconds of the monotonic clock. */
uint64_t filch__now_ns(void);

/*
 * The cheapest monotonic counter there is, the same on all CPUs, and its rate.
 * filch__ticks_init() must have returned before the rate is used; it may be called
 * any number of times, and takes about ten microseconds the first time.
 */
void filch__ticks_init(void);

/* The same in two parts, with something useful in between: the rate is that of the time between them,
 * and the second one waits until it is long enough. */
struct platform_instant {
	uint64_t ticks, ns;
};
struct platform_instant filch__ticks_begin(void);
void filch__ticks_end(struct platform_instant begin);

extern _Atomic double filch__ns_per_tick;  /* written by filch__ticks_init() */
extern _Atomic bool filch__ticks_from_tsc; /* likewise */

static inline uint64_t platform_ticks(void)
{
#if defined(FILCH_SIMULATED)
	return filch__now_ns();
#elif defined(__x86_64__) || defined(__i386__)
	if (load_relaxed(&filch__ticks_from_tsc))
		return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t t;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
	return t;
#endif
	return filch__now_ns();
}

static inline double platform_ns(uint64_t ticks)
{
	return (double)ticks * load_relaxed(&filch__ns_per_tick);
}

#ifdef FILCH_SIMULATED
void filch__sim_rest(void);
#endif

/*
 * From the one to the other, in the same thread: what is written to a pipe that nobody reads fails, and
 * does not end the process.
 */
struct platform_pipes {
	bool quiet, unblock;
};
void filch__pipes_quiet(struct platform_pipes *p);
void filch__pipes_back(const struct platform_pipes *p);

/* Lets other threads have the CPU, if some are waiting for it. */
void filch__yield(void);

/* Tells the CPU that this thread only waits: saves power, leaves room to a sibling. */
static inline void platform_pause(void)
{
#if defined(FILCH_SIMULATED)
	filch__sim_rest();
#elif defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb");
#endif
}

/* ---- the process ------------------------------------------------------------------ */

/* CPUs that the process (not only the calling thread) may run on; 0 if that cannot be known. */
unsigned filch__affinity_count(void);

/* CPUs of the machine that are in use, at least 1. */
unsigned filch__cpus_online(void);

/* An environment variable; NULL if unset, or if the program runs with another's rights. */
const char *filch__env(const char *name);

/* Calls `child` in the child of every fork() from now on; it may only store.  False if it cannot. */
bool filch__on_fork(void (*child)(void));

/* Zeroed memory that starts on a CACHE_LINE; NULL if there is none.  For filch__free(). */
void *filch__alloc(size_t bytes);
void filch__free(void *memory);

#ifdef FILCH_SIMULATED
#include "platform_simulated.h"
#else
/* The same, but that nobody has written to it. */
void *filch__alloc_bare(size_t bytes);

/* ---- files and streams -------------------------------------------------------------- */

/* Opens a file for reading, not for programs that are started by this one; below 0 if it cannot. */
int filch__file_open(const char *name);
/* The next bytes of it, at most `size`; 0 at the end, and where reading fails. */
size_t filch__file_read(int file, char *bytes, size_t size);
void filch__file_close(int file);

/* Whether somebody watches what is written to stderr. */
bool filch__stderr_is_terminal(void);

/* Runs a function when the process calls exit(), before its streams are closed; false if it cannot. */
bool filch__on_exit(void (*end)(void));
#endif

#endif
