/* SPDX-License-Identifier: MIT */
#ifndef FILCH_POOL_H
#define FILCH_POOL_H
/*
 * Open and close a pool, and let outside threads in (docs/pool.md).  Runs twice in a
 * pool's life and is all handling of failures; nothing here is on a hot path but
 * entering and leaving.
 *
 * A thread that is no worker of the pool enters it as a guest: it gets a worker's place
 * without a thread, from which the others steal, for as long as its call lasts.
 */
#include "worker.h"

struct filch_pool {
	struct crew crew;
	size_t stack_bytes;
	uint64_t spin_ns;
	struct filch_pool_options hooks; /* on_start, on_stop and their argument */
	char name[16];
	struct lock starting;       /* guards creation of threads and guests */
	bool exhausted;             /* no thread could be created: do not try again */
	_Atomic int hook_error;     /* the first of the start hooks that failed */
	_Atomic uint32_t hooks_run; /* start hooks that have returned */
};

/* The pool itself; the default pool for NULL, created if need be, NULL if there is no memory. */
struct filch_pool *filch__pool_of(filch_pool *pool);

extern struct filch_pool *_Atomic filch__default_pool;

/* The default pool if it exists. */
static inline struct filch_pool *pool_default_if_any(void)
{
	/* acquire: pairs with the release in default_create(). */
	return load_acquire(&filch__default_pool);
}

/* Of who counts calls (report.c); here, since the child of a fork() finds it open. */
extern struct lock filch__stats_lock;

/* Whether it is being destroyed, or the process ends. */
bool filch__pool_closes(struct filch_pool *pool);

/* 0, or why nothing can be run on it. */
static inline int pool_error(const struct filch_pool *pool)
{
	if (load_relaxed(&pool->crew.alive) != CREW_ALIVE)
		return FILCH_EINVAL;
	if (crew_is_orphaned(&pool->crew))
		return FILCH_EFORK;
	return load_relaxed(&pool->crew.closing) ? FILCH_ECLOSED : FILCH_OK;
}

/*
 * A thread's stay in a pool, on its stack: a call may lead to another pool, and from
 * there back.  The innermost is found through filch__entry.
 */
struct entry {
	const struct filch_pool *pool;
	struct worker *worker; /* NULL: runs a body in place, without being one of the crew */
	struct entry *outer;
	bool guest; /* took a place, and is to give it back */
};

extern PLATFORM_THREAD_LOCAL struct entry *filch__entry;

/*
 * Enters the pool: as the worker that the thread is there already, or as a guest.  NULL if
 * there is no place, no memory, or the pool closes: then nothing is to be left.
 */
struct worker *filch__pool_enter(struct filch_pool *pool, struct entry *e);
void filch__pool_leave(struct entry *e);

/* Whether the calling thread is inside a body of the pool. */
bool filch__pool_holds_caller(const struct filch_pool *pool);

/* Waits until all guests have left; new ones find the pool closing. */
void filch__guests_await(struct crew *crew);

/* Whether there is any guest now. */
bool filch__guests_any(struct crew *crew);

/* Where the width of a pool with no width of its own came from, in words. */
struct width {
	unsigned workers;
	char cpus[256]; /* which mask or file decided about the CPUs */
	char env[128];  /* what $FILCH_WORKERS said */
};
void filch__width_read(struct width *w);

#endif
