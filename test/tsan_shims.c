/* SPDX-License-Identifier: MIT */
/*
 * What a test program needs under ThreadSanitizer, and only there (glibc).
 *
 * It does not see through <threads.h> and crashes in thrd_create(): here are the functions
 * of that header by way of the pthread ones, which it knows.  glibc gives both kinds of
 * objects the same layout.
 *
 * And Criterion's BoxFort maps its arena at an address of rand_r()'s choice, most of which
 * ThreadSanitizer keeps for itself: this rand_r() chooses within what it leaves to programs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "a thrd_t is a pthread_t");
_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "a mtx_t has room for a mutex");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "a cnd_t has room for a condition");
_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "a once_flag is a pthread_once_t");

int rand_r(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return (int)(0x350000u + (*seed >> 12) % 0x17000u);
}

static int result(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case EAGAIN:
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	case EBUSY:
		return thrd_busy;
	default:
		return thrd_error;
	}
}

/* ---- threads ---------------------------------------------------------------- */

struct start {
	thrd_start_t run;
	void *arg;
};

static void *trampoline(void *memory)
{
	struct start start = *(struct start *)memory;

	free(memory);
	return (void *)(intptr_t)start.run(start.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
	struct start *start = malloc(sizeof *start);
	int error;

	if (!start)
		return thrd_nomem;
	*start = (struct start){run, arg};
	error = pthread_create((pthread_t *)thread, NULL, trampoline, start);
	if (error)
		free(start);
	return result(error);
}

int thrd_join(thrd_t thread, int *code)
{
	void *value;
	int error = pthread_join((pthread_t)thread, &value);

	if (!error && code)
		*code = (int)(intptr_t)value;
	return result(error);
}

int thrd_detach(thrd_t thread)
{
	return result(pthread_detach((pthread_t)thread));
}

/* ---- mutexes ---------------------------------------------------------------- */

int mtx_init(mtx_t *m, int type)
{
	pthread_mutexattr_t attributes;
	int error;

	pthread_mutexattr_init(&attributes);
	if (type & mtx_recursive)
		pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	error = pthread_mutex_init((pthread_mutex_t *)m, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return result(error);
}

int mtx_lock(mtx_t *m)
{
	return result(pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_trylock(mtx_t *m)
{
	return result(pthread_mutex_trylock((pthread_mutex_t *)m));
}

int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict end)
{
	return result(pthread_mutex_timedlock((pthread_mutex_t *)m, end));
}

int mtx_unlock(mtx_t *m)
{
	return result(pthread_mutex_unlock((pthread_mutex_t *)m));
}

void mtx_destroy(mtx_t *m)
{
	pthread_mutex_destroy((pthread_mutex_t *)m);
}

/* ---- conditions ------------------------------------------------------------- */

int cnd_init(cnd_t *c)
{
	return result(pthread_cond_init((pthread_cond_t *)c, NULL));
}

int cnd_signal(cnd_t *c)
{
	return result(pthread_cond_signal((pthread_cond_t *)c));
}

int cnd_broadcast(cnd_t *c)
{
	return result(pthread_cond_broadcast((pthread_cond_t *)c));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
	return result(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict end)
{
	return result(pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, end));
}

void cnd_destroy(cnd_t *c)
{
	pthread_cond_destroy((pthread_cond_t *)c);
}

void call_once(once_flag *flag, void (*run)(void))
{
	pthread_once((pthread_once_t *)flag, run);
}
