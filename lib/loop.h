/* SPDX-License-Identifier: MIT */
#ifndef FILCH_LOOP_H
#define FILCH_LOOP_H
/*
 * One call while it runs: the loop that chunks belong to, who may take part, what
 * stops it, and what is counted.  It knows nothing of scheduling: running a chunk here
 * means calling the body and keeping the books (docs/loop.md).
 *
 * A loop's memory is a worker's, and stays memory for loops until the pool is gone: a
 * thief may look at a loop that has ended, as long as it believes nothing it sees
 * there before its claim succeeds (deque.h).  What it may look at so early is atomic:
 * parent, depth, helpers, cpu, quiet, grain_ns.  The rest is written before the first push, and read by
 * who has claimed a chunk, unless it is atomic, too.
 */
#include "chunk.h"
#include "filch.h"
#include "platform.h"
#include "scratch.h"

#include <stdalign.h>

struct worker;

/* One more in the child of each fork(): what was begun before has lost its other threads. */
extern _Atomic uint32_t filch__forks;

enum { VISITOR_WORDS = FILCH_MAX_WORKERS / 64 };

struct loop {
	/* What a thief needs stands together: two lines. */
	alignas(CACHE_LINE) struct loop *_Atomic parent; /* the call of this pool around this one */
	filch_body *body;
	void *ctx;
	struct worker *owner;        /* who called; waits for the end */
	size_t items, grain, grains; /* grains = items / grain, rounded up */
	size_t most;                 /* grains in a chunk */
	_Atomic unsigned depth;      /* how many calls are around this one */
	_Atomic unsigned helpers;    /* workers with an id below this may take part */
	_Atomic unsigned cpu;        /* where the caller was when it called */
	_Atomic float grain_ns;      /* cost of a grain as now known, 0 = unknown */
	_Atomic size_t stop_from;    /* items from here on do not start */
	_Atomic uint64_t pushed;     /* ticks: when the owner last left something to thieves */
	const struct filch_options *options; /* the caller's, never NULL, of full size */
	uint64_t deadline_ns;                /* 0 = none */
	struct loop *around;                 /* the call around this one, of any pool */
	uint32_t forks;                      /* filch__forks when it began */
	bool cut;                            /* must be cut even when nobody helps */
	bool even;                           /* all its grains may be taken to cost the same */
	bool counted;                        /* somebody wants to know chunks, steals and so on */
	_Atomic bool quiet;                  /* a run known to be over at once: nobody is to ask */

	/* Written when a thief leaves. */
	alignas(CACHE_LINE) _Atomic size_t remaining; /* grains that nobody has accounted for */
	_Atomic uint64_t work_ticks;                  /* inside bodies */
	_Atomic size_t skipped;

	/* Only for those who ask. */
	_Atomic size_t done; /* items that ran; kept only for progress */
	_Atomic uint64_t chunks, steals, wakes;
	_Atomic size_t ran, failures, chunk_min, chunk_max;
	_Atomic uint64_t visitors[VISITOR_WORDS]; /* a bit for each id that took part */

	/* Rare, or the owner's alone. */
	alignas(CACHE_LINE) size_t
		around_begin;    /* first item of the chunk of `around` that called */
	_Atomic size_t cut_from; /* the lowest item that was skipped, or told to stop; SIZE_MAX */
	_Atomic uint64_t next_start_ns; /* of the next item, with a pause */
	uint64_t begin_ns, told_ns;     /* start and last report; with progress, timeout */
	double balance; /* what a grain cost the owner by what it cost thieves; 0 = there were none */
	size_t first_error;
	int code;
	struct lock failing; /* guards the two before */
	_Atomic int reason;  /* why it was stopped, if no body failed */
};

_Static_assert(offsetof(struct loop, remaining) == CACHE_LINE,
               "what a thief needs stands together");

/* Whether a fork() took away those who may run a part of it, with whatever locks they held. */
static inline bool loop_is_orphaned(const struct loop *loop)
{
	return loop->forks != load_relaxed(&filch__forks);
}

/* The public handle: one worker's place in one loop, as its bodies see it. */
struct filch_worker {
	struct filch_tasks *tasks; /* stands first: filch/fork.h knows it */
	struct loop *loop;         /* NULL: a loop run in place, outside any other */
	size_t begin;              /* first item of the chunk that runs */
	size_t failed;             /* what filch_fail() said, SIZE_MAX if nothing */
	unsigned id;
	bool placed; /* `loop` is what this body is the body of, and not only one around it */
	bool cut;    /* the item in `failed` did not fail: it was not to start any more */
	struct scratch scratch;      /* what filch_scratch() gave */
	struct scratch_cache *cache; /* the worker's, or NULL */
};

/*
 * Whether a body that goes item by item is to end before this one, and return anything but
 * 0: because a lower item failed, or the call was stopped.
 */
static inline bool loop_cut_before(filch_worker *w, size_t item)
{
	if (!w->placed || item < load_relaxed(&w->loop->stop_from))
		return false;
	w->failed = item;
	w->cut = true;
	return true;
}

/* One worker's stay in one loop, on its stack; counted together when it leaves. */
struct visit {
	struct filch_worker handle;
	struct visit *outer; /* the visit of the same worker that this one interrupts */
	struct worker *worker;
	struct filch_worker *handle_before; /* its worker's, to be put back */
	filch_task *newest;                 /* of its worker's tasks, when it began */
	uint64_t waited;                    /* ticks: for tasks, while others were helped */
	struct range near;                  /* what it runs next; off its deque while it decides */
	size_t far;      /* grains that it has left for thieves, if they are still there */
	bool last_first; /* its next chunk is the last of what is near */
	bool alone;      /* nobody may help: nothing is pushed */
	bool available;  /* still counted as searching: will be back in a moment */
	bool eager;      /* wakes a helper whether it pays for this loop or not */
	double grain_ns; /* its own idea of the cost */
	double least_ns; /* no piece is to last less, since a thief would not gain by it */
	double late_ns;  /* so much later than its owner a thief begins with a piece */
	uint64_t ticks;  /* when its last chunk ended */
	uint64_t work_ticks, chunks;
	size_t accounted;                                    /* grains */
	size_t ran, skipped, failures, chunk_min, chunk_max; /* items */
};

/* The caller's struct or NULL in, a full one of this version out; FILCH_EINVAL if it makes no sense. */
int filch__options_read(struct filch_options *o, const struct filch_options *user, size_t n);

/*
 * Zeroes what a call starts with and takes in the options, which must outlive the loop.
 * `around` and the like, which say where the call stands, are set before.
 */
void filch__loop_init(struct loop *loop, size_t n, filch_body *body, void *ctx,
                      const struct filch_options *options, bool counted);

/* How many workers took part; of a counted loop. */
unsigned filch__loop_workers(struct loop *loop);

static inline void lower_to(_Atomic size_t *least, size_t x)
{
	size_t was = load_relaxed(least);

	while (x < was && !cas_relaxed(least, &was, x))
		;
}

/* Items from this one on may not start any more. */
void filch__loop_stop_from(struct loop *loop, size_t item);

/* Whether items from `begin` on may not start any more, in this call or in one around it. */
bool filch__loop_stopped(struct loop *loop, size_t begin);

/* Runs the grains, or skips them if the loop was stopped, and counts them in the visit. */
void filch__loop_run(struct visit *v, struct range grains);

/* Skips, and takes off the visit's near range, what was stopped: all at once, be it 2^64 items. */
void filch__loop_trim(struct visit *v);

/* Adds the visit's books to the loop's; the last step but one of a visit. */
void filch__loop_account(struct visit *v);

/* Adds the books of a part of it that a worker did as a call of its own; NULL: none were kept. */
void filch__loop_merge(struct loop *loop, struct loop *part, unsigned id);

/* If filch_stopping(): what the call returns for that, if nothing failed; else 0. */
int filch__stop_code(const filch_worker *w);

/* What the call returns, once all is accounted for. */
int filch__loop_result(struct loop *loop);

/*
 * At the same time: the code for what stopped the call from outside before all below its lowest
 * failure had run, and no body of that was told to stop; 0 if nothing did.
 */
int filch__loop_cut(struct loop *loop);

/* On the caller's thread: reports progress if it is time to. */
void filch__loop_progress(struct loop *loop, bool finished);

/* When the next report is due, 0 = never. */
uint64_t filch__loop_progress_due(const struct loop *loop);

#endif
