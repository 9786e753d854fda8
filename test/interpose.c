/* SPDX-License-Identifier: MIT */
/*
 * Calls of the system that fail when told to: see the end of support.h.  What is defined
 * here stands before libc's own for the whole program, the library included; it counts,
 * fails if told to, and passes on.
 *
 * A sanitizer stands there, too.  Its functions are found by the names that it gives
 * them, libc's by asking for the next of the name; allocators must find theirs without
 * allocating, which holds for a glibc from 2.34 on.
 */
#define _GNU_SOURCE
#include "support.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The dynamic linker allocates before a sanitizer is ready for it: what may run then must
 * not be watched.
 */
#define UNWATCHED_BUT_ATOMICS __attribute__((no_sanitize("address", "thread", "undefined")))
#if defined(__clang__)
#define UNWATCHED UNWATCHED_BUT_ATOMICS __attribute__((disable_sanitizer_instrumentation))
#else
#define UNWATCHED UNWATCHED_BUT_ATOMICS
#endif

/* ---- what fails -------------------------------------------------------------------- */

/* Counts down to the first call that fails; below zero nothing is planned. */
struct plan {
	atomic_long left;
	atomic_bool lasting;
	atomic_int error;
	atomic_uint failed;
};

static struct plan threads_plan = {.left = -1};
static struct plan memory_plan = {.left = -1};

/*
 * Memory fails only for threads that have come to run the program's code: neither libc nor a
 * sanitizer bears it where they begin a thread, nor does the one that Criterion speaks through.
 */
static _Thread_local bool has_begun;

static void plan_set(struct plan *p, unsigned k, bool lasting, int error)
{
	atomic_store(&p->failed, 0);
	atomic_store(&p->lasting, lasting);
	atomic_store(&p->error, error);
	atomic_store(&p->left, (long)k);
}

/* Whether this call is one that fails: the one that counts down to 0, and later ones if lasting. */
UNWATCHED static bool plan_hits(struct plan *p)
{
	long left = atomic_load_explicit(&p->left, memory_order_relaxed);

	if (left < 0)
		return false;
	while (left > 0 && !atomic_compare_exchange_weak(&p->left, &left, left - 1))
		;
	if (left > 1 || (left <= 0 && !atomic_load(&p->lasting)))
		return false;
	atomic_fetch_add(&p->failed, 1);
	return true;
}

void fail_threads(unsigned k, bool lasting, int error)
{
	plan_set(&threads_plan, k, lasting, error);
}

void fail_memory(unsigned k, bool lasting)
{
	has_begun = true;
	plan_set(&memory_plan, k, lasting, ENOMEM);
}

unsigned fail_no_more(void)
{
	atomic_store(&threads_plan.left, -1);
	atomic_store(&memory_plan.left, -1);
	return atomic_exchange(&threads_plan.failed, 0) + atomic_exchange(&memory_plan.failed, 0);
}

/* ---- leaks ----------------------------------------------------------------------------- */

static atomic_long blocks;
static atomic_int criterions_thread; /* its id; 0 = there is none */

/* What it has begun when a test does it ends some time later, and allocates and frees. */
static void await_criterion(void)
{
	char path[64], text[256];
	const char *state = NULL;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&criterions_thread));
	for (int i = 0; i < 1000 && !(state && state[2] == 'S'); i++) {
		const int fd = open(path, O_RDONLY | O_CLOEXEC);
		const ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

		if (fd < 0)
			return;
		close(fd);
		text[got > 0 ? got : 0] = '\0';
		state = strrchr(text, ')');
		sched_yield();
	}
}

long memory_blocks(void)
{
	await_criterion();
	return atomic_load(&blocks);
}

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

void expect_no_leak(void)
{
	if (__lsan_do_recoverable_leak_check)
		cr_expect_eq(__lsan_do_recoverable_leak_check(), 0, "see the report above");
}

UNWATCHED static void *counted(void *block)
{
	if (block)
		atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
	return block;
}

/* ---- in front of libc -------------------------------------------------------------------- */

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void *realloc_fn(void *, size_t);
typedef void free_fn(void *);
typedef int memalign_fn(void **, size_t, size_t);
typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int clock_fn(clockid_t, struct timespec *);
typedef int timespec_fn(struct timespec *, int);
typedef int nanosleep_fn(clockid_t, int, const struct timespec *, struct timespec *);
typedef int affinity_fn(pid_t, size_t, cpu_set_t *);
typedef long sysconf_fn(int);
typedef long syscall_fn(long, ...);

malloc_fn __interceptor_malloc __attribute__((weak));
calloc_fn __interceptor_calloc __attribute__((weak));
realloc_fn __interceptor_realloc __attribute__((weak));
free_fn __interceptor_free __attribute__((weak));
calloc_fn __interceptor_aligned_alloc __attribute__((weak));
memalign_fn __interceptor_posix_memalign __attribute__((weak));
create_fn __interceptor_pthread_create __attribute__((weak));
clock_fn __interceptor_clock_gettime __attribute__((weak));
nanosleep_fn __interceptor_clock_nanosleep __attribute__((weak));

/* The real function of that name, asked for once; ISO C has no cast from void * to one. */
#define REAL(type, name, sanitizers)                                                               \
	UNWATCHED static type *name##_real(void)                                                   \
	{                                                                                          \
		static _Atomic(void *) found;                                                      \
		void *f = atomic_load_explicit(&found, memory_order_relaxed);                      \
                                                                                                   \
		if (sanitizers)                                                                    \
			return sanitizers;                                                         \
		if (!f) {                                                                          \
			f = dlsym(RTLD_NEXT, #name);                                               \
			atomic_store_explicit(&found, f, memory_order_relaxed);                    \
		}                                                                                  \
		return (type *)(uintptr_t)f;                                                       \
	}

REAL(malloc_fn, malloc, __interceptor_malloc)
REAL(calloc_fn, calloc, __interceptor_calloc)
REAL(realloc_fn, realloc, __interceptor_realloc)
REAL(free_fn, free, __interceptor_free)
REAL(calloc_fn, aligned_alloc, __interceptor_aligned_alloc)
REAL(memalign_fn, posix_memalign, __interceptor_posix_memalign)
REAL(create_fn, pthread_create, __interceptor_pthread_create)
REAL(clock_fn, clock_gettime, __interceptor_clock_gettime)
REAL(timespec_fn, timespec_get, (timespec_fn *)NULL)
REAL(nanosleep_fn, clock_nanosleep, __interceptor_clock_nanosleep)
REAL(affinity_fn, sched_getaffinity, (affinity_fn *)NULL)
REAL(sysconf_fn, sysconf, (sysconf_fn *)NULL)
REAL(syscall_fn, syscall, (syscall_fn *)NULL)

UNWATCHED static bool no_memory(void)
{
	if (!has_begun || !plan_hits(&memory_plan))
		return false;
	errno = ENOMEM;
	return true;
}

UNWATCHED void *malloc(size_t bytes)
{
	return no_memory() ? NULL : counted(malloc_real()(bytes));
}

UNWATCHED void *calloc(size_t n, size_t bytes)
{
	return no_memory() ? NULL : counted(calloc_real()(n, bytes));
}

UNWATCHED void *realloc(void *old, size_t bytes)
{
	void *block;

	if (no_memory())
		return NULL;
	block = realloc_real()(old, bytes);
	return old ? block : counted(block);
}

UNWATCHED void *aligned_alloc(size_t alignment, size_t bytes)
{
	return no_memory() ? NULL : counted(aligned_alloc_real()(alignment, bytes));
}

UNWATCHED int posix_memalign(void **block, size_t alignment, size_t bytes)
{
	int error;

	if (no_memory())
		return ENOMEM;
	error = posix_memalign_real()(block, alignment, bytes);
	if (!error)
		counted(*block);
	return error;
}

UNWATCHED void free(void *block)
{
	if (block)
		atomic_fetch_sub_explicit(&blocks, 1, memory_order_relaxed);
	free_real()(block);
}

struct beginning {
	void *(*run)(void *);
	void *arg;
};

/* What Criterion has its messages carried by. */
static bool is_criterions(void *(*run)(void *))
{
	Dl_info info;

	return dladdr((void *)(uintptr_t)run, &info) && info.dli_fname &&
	       strstr(info.dli_fname, "nanomsg");
}

static void *begin_thread(void *memory)
{
	struct beginning b = *(struct beginning *)memory;

	free_real()(memory);
	has_begun = !is_criterions(b.run);
	if (!has_begun)
		atomic_store(&criterions_thread, (int)syscall_real()(SYS_gettid));
	return b.run(b.arg);
}

int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	struct beginning *b;
	int error;

	if (plan_hits(&threads_plan))
		return atomic_load(&threads_plan.error);
	b = malloc_real()(sizeof *b);
	if (!b)
		return EAGAIN;
	*b = (struct beginning){run, arg};
	error = pthread_create_real()(id, attr, begin_thread, b);
	if (error)
		free_real()(b);
	return error;
}

/* ---- CPUs ---------------------------------------------------------------------------------- */

static int (*_Atomic said_mask)(size_t, void *);
static atomic_long said_online;

void cpus_are_said(int (*mask)(size_t bytes, void *set), long n)
{
	atomic_store(&said_mask, mask);
	atomic_store(&said_online, n);
}

UNWATCHED int sched_getaffinity(pid_t id, size_t bytes, cpu_set_t *set)
{
	int (*mask)(size_t, void *) = atomic_load(&said_mask);
	int error;

	if (!mask)
		return sched_getaffinity_real()(id, bytes, set);
	error = mask(bytes, set);
	if (!error)
		return 0;
	errno = error;
	return -1;
}

UNWATCHED long sysconf(int name)
{
	const long n = name == _SC_NPROCESSORS_ONLN ? atomic_load(&said_online) : 0;

	return n ? n : sysconf_real()(name);
}

/* ---- clocks -------------------------------------------------------------------------------- */

static atomic_llong wall_shift, monotonic_shift;

void wall_clock_jumps(int64_t seconds)
{
	atomic_store(&wall_shift, seconds);
}

void monotonic_clock_jumps(uint32_t seconds)
{
	atomic_fetch_add(&monotonic_shift, seconds);
}

UNWATCHED int clock_gettime(clockid_t clock, struct timespec *t)
{
	int error = clock_gettime_real()(clock, t);

	if (!error && clock == CLOCK_REALTIME)
		t->tv_sec += (time_t)atomic_load(&wall_shift);
	if (!error && clock == CLOCK_MONOTONIC)
		t->tv_sec += (time_t)atomic_load(&monotonic_shift);
	return error;
}

/* When that is by the clock of the kernel, which has not jumped. */
UNWATCHED static struct timespec without_jumps(const struct timespec *deadline)
{
	const time_t shift = (time_t)atomic_load(&monotonic_shift);
	struct timespec t = *deadline;

	t.tv_sec = t.tv_sec > shift ? t.tv_sec - shift : 0;
	return t;
}

UNWATCHED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                              struct timespec *left)
{
	struct timespec deadline;

	if (clock == CLOCK_MONOTONIC && flags == TIMER_ABSTIME) {
		deadline = without_jumps(t);
		t = &deadline;
	}
	return clock_nanosleep_real()(clock, flags, t, left);
}

UNWATCHED int timespec_get(struct timespec *t, int base)
{
	int known = timespec_get_real()(t, base);

	if (known)
		t->tv_sec += (time_t)atomic_load(&wall_shift);
	return known;
}

/* ---- waits ---------------------------------------------------------------------------------- */

static atomic_bool early;
static atomic_uint waits, ended;

unsigned waits_end_early(bool so)
{
	atomic_store(&early, so);
	return atomic_exchange(&ended, 0);
}

/* Every other one that there is, in turn by a signal and for nothing. */
UNWATCHED static bool ends_early(long number, long operation)
{
	if (number != SYS_futex || !atomic_load_explicit(&early, memory_order_relaxed) ||
	    (operation & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET)
		return false;
	return atomic_fetch_add(&waits, 1) % 2;
}

UNWATCHED long syscall(long number, ...)
{
	struct timespec deadline;
	long argument[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(list, long);
	va_end(list);
	if (ends_early(number, argument[1])) {
		errno = EINTR;
		return atomic_fetch_add(&ended, 1) % 2 ? -1 : 0;
	}
	if (number == SYS_futex && (argument[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
	    argument[3]) {
		deadline = without_jumps((const struct timespec *)argument[3]);
		argument[3] = (long)&deadline;
	}
	return syscall_real()(number, argument[0], argument[1], argument[2], argument[3],
	                      argument[4], argument[5]);
}
