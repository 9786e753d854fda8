/* SPDX-License-Identifier: MIT */
/*
 * The duties that POSIX alone can do, for all ports to POSIX systems.  Threads are made
 * with pthread_create() and not thrd_create(), which cannot set a stack size.
 */
#define _POSIX_C_SOURCE 200809L
#include "platform_port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

_Atomic double filch__ns_per_tick = 1;
_Atomic bool filch__ticks_from_tsc;

/* ---- threads ---------------------------------------------------------------------- */

struct start {
	void (*run)(void *);
	void *arg;
};

pthread_t filch__thread_id(uintptr_t handle)
{
	pthread_t id;

	memcpy(&id, &handle, sizeof id);
	return id;
}

static uintptr_t handle_of(pthread_t id)
{
	uintptr_t handle = 0;

	_Static_assert(sizeof id <= sizeof handle, "a thread's handle fits");
	memcpy(&handle, &id, sizeof id);
	return handle;
}

void filch__place_init(struct platform_place *place)
{
	place->thread = handle_of(pthread_self());
	place->moved = false;
}

/* ---- signals -------------------------------------------------------------------------- */

static bool is_pending(int signal)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, signal) == 1;
}

void filch__pipes_quiet(struct platform_pipes *p)
{
	sigset_t pipe, before;

	/* One that is pending already is somebody else's, and stays. */
	*p = (struct platform_pipes){.quiet = !is_pending(SIGPIPE)};
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (p->quiet && !pthread_sigmask(SIG_BLOCK, &pipe, &before))
		p->unblock = !sigismember(&before, SIGPIPE);
}

void filch__pipes_back(const struct platform_pipes *p)
{
	sigset_t pipe;
	int taken;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (p->quiet && is_pending(SIGPIPE))
		sigwait(&pipe, &taken);
	if (p->unblock)
		pthread_sigmask(SIG_UNBLOCK, &pipe, NULL);
}

void filch__yield(void)
{
	sched_yield();
}

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

/* False if no system has that much.  The system's minimum counts the thread-local storage of all
 * libraries, which may be large. */
static bool set_stack(pthread_attr_t *attr, size_t bytes)
{
	const long page = sysconf(_SC_PAGESIZE);
	const long least = sysconf(_SC_THREAD_STACK_MIN);

	if (!bytes || page <= 0)
		return true;
	if (bytes > SIZE_MAX / 2)
		return false;
	if (least > 0 && bytes < (size_t)least)
		bytes = (size_t)least;
	bytes = (bytes + (size_t)page - 1) / (size_t)page * (size_t)page;
	return !pthread_attr_setstacksize(attr, bytes) ||
	       !pthread_attr_setstacksize(attr, bytes + (size_t)(least > 0 ? least : page));
}

/* On all CPUs of the process, if asked to, or on those of the calling thread. */
static int create(pthread_t *id, size_t stack_bytes, bool everywhere, struct start *s)
{
	pthread_attr_t attr;
	int error;

	if (pthread_attr_init(&attr))
		return ENOMEM;
	error = set_stack(&attr, stack_bytes) ? 0 : ENOMEM;
	if (everywhere)
		filch__port_attr(&attr);
	if (!error)
		error = pthread_create(id, &attr, thread_main, s);
	pthread_attr_destroy(&attr);
	return error;
}

bool filch__thread_start(struct platform_thread *t, size_t stack_bytes, void (*run)(void *),
                         void *arg)
{
	struct start *s = malloc(sizeof *s);
	pthread_t id;
	sigset_t before;
	int error;

	if (!s)
		return false;
	*s = (struct start){run, arg};
	block_signals(&before);
	error = create(&id, stack_bytes, true, s);
	if (error == EINVAL) /* those CPUs have gone since we looked */
		error = create(&id, stack_bytes, false, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		free(s);
		return false;
	}
	t->handle = handle_of(id);
	return true;
}

void filch__thread_join(struct platform_thread *t)
{
	pthread_join(filch__thread_id(t->handle), NULL);
}

/* ---- time --------------------------------------------------------------------------- */

void filch__sleep_until(uint64_t deadline_ns)
{
	struct timespec end = {(time_t)(deadline_ns / 1000000000),
	                       (long)(deadline_ns % 1000000000)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
}

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

/* Both clocks at one moment: of several tries the one with the least in between. */
static struct platform_instant instant_now(void)
{
	struct platform_instant best = {0, 0};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t before = platform_ticks();
		uint64_t ns = filch__now_ns();
		uint64_t after = platform_ticks();

		if (after - before < least) {
			least = after - before;
			best = (struct platform_instant){before + (after - before) / 2, ns};
		}
	}
	return best;
}

static _Atomic bool rate_known;

struct platform_instant filch__ticks_begin(void)
{
	/* acquire: pairs with the release in filch__ticks_end(); the rate is there. */
	if (load_acquire(&rate_known))
		return (struct platform_instant){0, 0};
	store_relaxed(&filch__ticks_from_tsc, tsc_is_steady());
	return instant_now();
}

/* Two threads may find this undone and both do it: no lock that a fork() could catch held. */
void filch__ticks_end(struct platform_instant begin)
{
	struct platform_instant end;

	if (!begin.ns)
		return;
	do
		end = instant_now();
	while (end.ns - begin.ns < 10000 || end.ticks == begin.ticks);
	store_relaxed(&filch__ns_per_tick,
	              (double)(end.ns - begin.ns) / (double)(end.ticks - begin.ticks));
	/* release: pairs with the acquire in filch__ticks_begin(). */
	store_release(&rate_known, true);
}

void filch__ticks_init(void)
{
	filch__ticks_end(filch__ticks_begin());
}

/* ---- the process ---------------------------------------------------------------------- */

unsigned filch__cpus_online(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 && n < 1 << 16 ? (unsigned)n : 1;
}

bool filch__on_fork(void (*child)(void))
{
	return pthread_atfork(NULL, NULL, child) == 0;
}

void *filch__alloc_bare(size_t bytes)
{
	void *memory;

	return posix_memalign(&memory, CACHE_LINE, bytes) ? NULL : memory;
}

void *filch__alloc(size_t bytes)
{
	void *memory = filch__alloc_bare(bytes);

	return memory ? memset(memory, 0, bytes) : NULL;
}

void filch__free(void *memory)
{
	free(memory);
}

/* ---- files and streams ------------------------------------------------------------------ */

int filch__file_open(const char *name)
{
	return open(name, O_RDONLY | O_CLOEXEC);
}

size_t filch__file_read(int file, char *bytes, size_t size)
{
	ssize_t n;

	do
		n = read(file, bytes, size);
	while (n < 0 && errno == EINTR);
	return n > 0 ? (size_t)n : 0;
}

void filch__file_close(int file)
{
	close(file);
}

bool filch__stderr_is_terminal(void)
{
	return isatty(STDERR_FILENO);
}

bool filch__on_exit(void (*end)(void))
{
	return atexit(end) == 0;
}
