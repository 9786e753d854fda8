/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TASKS_H
#define FILCH_TASKS_H
/*
 * What a worker has forked and not joined (docs/fork.md): a list through the records on its
 * stack, newest first.  The older ones, up to the border, are shared: a chunk on its deque
 * stands for each.  The newer ones are private: forked and joined by the inline functions of
 * filch/fork.h without a lock or a fence, and shared when somebody asks; or, when the
 * worker does not hear that, exposed by him who asked.
 *
 *                     owner               others
 *     newest          writes              read, when the owner is known to stand still
 *     border          under the lock      under the lock
 *     asked           clears, lock        set
 *
 * A chunk that is a task: an empty range, both of whose ends are the task's address.
 */
#include "deque.h"
#include "loop.h"

struct tasks {
	/* The pair of lines that ends with what the owner writes, and the one after it: apart, and yet
	 * near enough for the shortest addresses. */
	alignas(CACHE_LINE) char before[64];
	struct filch_tasks open;      /* what programs have compiled in */
	struct lock lock;             /* guards border, what is shared with it, and the next one */
	filch_task *_Atomic border;   /* the newest that is shared: it, and all that are older */
	_Atomic uint32_t answered;    /* how often something was shared, or looked for */
	struct loop *_Atomic call;    /* the innermost call: what private tasks belong to */
	_Atomic uint64_t waits_since; /* ticks: when the oldest that is shared was */
	bool muted;                   /* the owner's: asked in vain, in this call nobody may help */
};

_Static_assert(offsetof(struct tasks, open.asked_) == CACHE_LINE, "it writes apart from others");
_Static_assert(offsetof(struct filch_worker, tasks) == 0, "filch_tasks_of_() looks there");

/* For those who run a body without being anybody's worker: nobody ever asks. */
extern PLATFORM_THREAD_LOCAL struct filch_tasks filch__tasks_alone;

/* To programs these are plain words, for the sake of C++; we share them. */
#define TASKS_WORD(type, name, of, field)                                                          \
	static inline type _Atomic *name(of *p)                                                    \
	{                                                                                          \
		return (type _Atomic *)(uintptr_t)&p->field;                                       \
	}
TASKS_WORD(filch_task *, tasks_newest, struct tasks, open.newest_)
TASKS_WORD(uintptr_t, tasks_asked, struct tasks, open.asked_)
TASKS_WORD(filch_task *, task_older, filch_task, older_)
TASKS_WORD(void *, task_call, filch_task, call_)
TASKS_WORD(int, task_done, filch_task, done_)
#undef TASKS_WORD

/* A task that is shared is marked, for its join to see, in the lowest bit of task_older(). */
static inline bool older_is_mark(filch_task *older)
{
	return (uintptr_t)older & 1;
}

static inline filch_task *older_marked(filch_task *older)
{
	return (filch_task *)((uintptr_t)older | 1);
}

static inline filch_task *older_unmarked(filch_task *older)
{
	return (filch_task *)((uintptr_t)older & ~(uintptr_t)1);
}

static inline bool chunk_is_task(struct chunk c)
{
	return c.range.begin == c.range.end;
}

static inline filch_task *chunk_task(struct chunk c)
{
	return (filch_task *)c.range.begin;
}

/* Whether some are private; for anybody but the owner a rumour. */
static inline bool tasks_hidden(struct tasks *ts)
{
	/* acquire: pairs with the release in share(): the owner goes on with its deque as we left it. */
	return load_acquire(&ts->border) != load_relaxed(tasks_newest(ts));
}

/* Anybody: the call that the owner was in a moment ago, for looking at it as at a rumour. */
static inline struct loop *tasks_call(struct tasks *ts)
{
	/* acquire: pairs with the release in filch__visit_begin(). */
	return load_acquire(&ts->call);
}

/* Anybody: has the owner share something at its next fork or join. */
static inline void tasks_ask(struct tasks *ts)
{
	/* seq_cst: pairs with the store in answered().  Its owner answers, and then looks who is asleep;
	 * we announce that we shall sleep, and then ask: it sees us, or we see that it has answered
	 * and ask anew. */
	if (!load_seq_cst(tasks_asked(ts)))
		store_relaxed(tasks_asked(ts), 1);
}

/* What to share of what is private. */
enum share { SHARE_HALF, SHARE_HALF_BUT_NEWEST, SHARE_ALL, SHARE_NOTHING }; /* the older half */

/* Owner only.  Shares that; no longer asked. */
void filch__tasks_answer(struct tasks *ts, struct deque *d, void *worker, enum share what);

/*
 * Owner only, of the task that it has just taken off the list: true if that was private
 * (then, too, some of the others are shared), false if a chunk stands for it.
 */
bool filch__tasks_take(struct tasks *ts, struct deque *d, void *worker, filch_task *t);

/* Anybody.  Shares all that the owner of the deque has not; false if there was nothing, or no way. */
bool filch__tasks_expose(struct tasks *ts, struct deque *d, void *worker);

#endif
