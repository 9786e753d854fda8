/* SPDX-License-Identifier: MIT */
#ifndef FILCH_WORKER_H
#define FILCH_WORKER_H
/*
 * The engine: find a chunk, run it, help while waiting (docs/worker.md).  What is here
 * runs a million times a second: it never fails, and allocates nothing but when a
 * deque or the nesting of calls grows, and then does without if there is no memory.
 *
 * Invariants: on a worker's deque the chunks above a visit's floor are of that visit's
 * loop; a visit leaves none of them there when it ends.  Everything of a loop that has
 * not started is on some deque while any of its bodies runs.
 */
#include "deque.h"
#include "idle.h"
#include "tasks.h"

enum { GUESTS_MAX = 64, LOOPS_IN_BLOCK = 4 };

/* Where the loops of one worker's nested calls live; never given back before the pool is. */
struct loop_block {
	struct loop loop[LOOPS_IN_BLOCK];
	struct loop_block *next;
};

/* What a worker waits for: the end of a call of its own, or of a task that another took. */
struct wait {
	struct loop *loop;
	filch_task *task; /* or NULL */
};

struct worker {
	struct deque deque;
	struct tasks tasks;
	struct sleeper sleeper;
	/* The owner's alone but for what is said to be read by others. */
	alignas(CACHE_LINE) struct crew *crew; /* set once */
	unsigned id;                           /* set once; 0 for a guest */
	unsigned victim;                       /* where it stole last: where it looks first */
	float push_ns;  /* from the decision to leave something to thieves until it is: learned */
	unsigned calls; /* of its own that are open: the depth of loops[] */
	struct visit *visit;           /* innermost */
	struct loop *_Atomic waiting;  /* what it sleeps for; read by who could use help */
	const struct wait *wait;       /* the same, to itself */
	struct platform_thread thread; /* not a guest's */
	struct loop_block loops;
	struct scratch_cache scratch;
	alignas(CACHE_LINE) _Atomic uint32_t taken; /* a guest's: whether somebody is in it */
};

#define CREW_ALIVE 0x66696c63u

/* The workers that steal from each other. */
struct crew {
	_Atomic uint32_t alive;   /* CREW_ALIVE; anything else is no crew, and its pool no pool */
	uint32_t forks;           /* filch__forks when it was made */
	unsigned threads;         /* workers that may get a thread: the width less one */
	_Atomic unsigned started; /* those of them that have one: worker[0 .. started - 1] */
	_Atomic unsigned guests_used; /* guest[0 .. guests_used - 1] may exist */
	_Atomic bool closing;
	_Atomic bool forking;                     /* somebody has forked: tasks may be hidden */
	struct worker *worker;                    /* worker[i] has the id i + 1 */
	struct worker *_Atomic guest[GUESTS_MAX]; /* threads from outside while they call */
	struct sleeper **sleepers;                /* of worker[i] */
	/* The pool's: one more thread with an id below the limit; false if there is none. */
	bool (*start_another)(struct crew *crew, unsigned limit);
	struct idle idle;
};

/* Whether a fork() took the threads away. */
static inline bool crew_is_orphaned(const struct crew *crew)
{
	return crew->forks != load_relaxed(&filch__forks);
}

void filch__worker_init(struct worker *w, struct crew *crew, unsigned id);
void filch__worker_finish(struct worker *w);

/* A thread's whole life in the crew, once it is counted as searching; returns when it closes. */
void filch__worker_main(struct worker *w);

/*
 * Finds the oldest chunk that w may help with on somebody's deque: any, or one below what it waits
 * for.  `take` claims it; else it is only a rumour.
 */
bool filch__find(struct worker *w, const struct wait *wait, struct chunk *c, bool take);

/* What is below this is below what w waits for; NULL while he who took the task has not begun. */
struct loop *filch__waited_for(const struct wait *wait);

/*
 * What filch__find() could not see: has tasks shared that their owner keeps to itself, any or those
 * of calls `below` one.  `surely` when nobody will look again before somebody forks.
 */
bool filch__expose(struct worker *w, struct loop *below, bool surely);

/*
 * Whether help with work of left_ns would only take a CPU from a thread that calls: there are several
 * of those, and they and the workers that are awake, and `more`, are more than there are CPUs.
 * What takes very long is helped with all the same: it may be waiting for something.
 */
bool filch__is_crowded(struct crew *crew, double left_ns, unsigned more);

/* Who is asked for work and has not answered for so long may be in a long task. */
#define EXPOSE_NS 20000.0

#define SHORT_NS 20000.0 /* what takes no longer is not worth ceasing to search for */

/*
 * Something is on our deque: shall somebody be woken for it?  `fresh` if that was pushed
 * just now; else the question is only whether it has become worth while since.
 */
void filch__offer(struct visit *v, bool fresh);

/*
 * No longer available.  Others may have pushed and seen us searching: the last one who was
 * makes sure that somebody looks after that, if it is worth it.
 */
void filch__stop_searching(struct visit *v);

/*
 * Somebody with an id below the call's limit is seen to look for work, if one is to be had: true if
 * a thread was woken or made.
 */
bool filch__summon(struct crew *crew, struct loop *loop, unsigned wanted);

/* A worker's stay in a call; w is NULL for a thread without a place. */
void filch__visit_begin(struct visit *v, struct worker *w, struct loop *loop);
void filch__visit_end(struct visit *v);

/* Shares all that w has forked and not joined. */
void filch__tasks_offer_all(struct worker *w);

/* Runs what was claimed, and leaves it. */
void filch__worker_help(struct worker *w, struct chunk c);

/* Helps with what is below until it has ended; false if that cannot be, after a fork(). */
bool filch__worker_wait(struct worker *w, const struct wait *wait);

/* Runs a task that was claimed, but for the last touch. */
void filch__task_run(struct worker *w, struct chunk c, bool *available);

/* The last touch of a task by him who ran it. */
void filch__task_end(filch_task *t);

/* Memory for a call that w makes now, inside whatever it runs; NULL if there is none. */
struct loop *filch__worker_open(struct worker *w);
void filch__worker_close(struct worker *w);

/*
 * Runs the loop, which w opened, but for its first `done` grains, with whoever comes to
 * help, and returns when all of it is accounted for; false if a fork() left it without
 * those who ran a part of it.
 */
bool filch__worker_run(struct worker *w, struct loop *loop, size_t done, bool eager);

/* The same for a loop that nobody is to help with; w is NULL if w could not open it. */
void filch__worker_run_alone(struct worker *w, struct loop *loop, size_t done);

#endif
