/* SPDX-License-Identifier: MIT */
#ifndef FILCH_H
#define FILCH_H
/*
 * filch: parallel loops that are never slower than the loop they replace.
 *
 *     static int twice(void *ctx, size_t begin, size_t end, filch_worker *w)
 *     {
 *             double *x = ctx;
 *             (void)w;
 *             for (size_t i = begin; i < end; i++)
 *                     x[i] *= 2;
 *             return 0;
 *     }
 *
 *     filch_for(NULL, n, twice, x, NULL);
 *
 * A pool has workers; every worker has a deque of chunks (tasks that are ranges
 * of a loop), and workers without work steal from the others.  The thread that
 * calls works, too.  How large a chunk is, and whether a call is worth waking
 * anybody for, is measured while the loop runs and remembered for the next call.
 *
 * What filch promises (docs/promises.md says what each means, and names its tests):
 *   P1  Every item of an accepted call runs exactly once, or is reported skipped.
 *   P2  FILCH_EINVAL and the like mean that nothing of the call has run or will run.
 *   P3  No call blocks for ever if the bodies return, at any width, nested at will.
 *   P4  What the bodies wrote is visible when the call returns.
 *   P5  After a call returns, filch never touches its arguments again.
 *   P6  filch_pool_destroy() returns when no worker can touch anything any more.
 *   P7  The code returned is the one that the serial loop would have returned.
 *   P8  Nothing aborts, prints or exits for want of memory or threads: the caller works.
 *   P9  After fork() the parent goes on; the child's old pools answer FILCH_EFORK.
 *   P10 Workers receive no signals but the synchronous ones and SIGPROF.
 *   P11 Timeouts are monotonic.
 *   P12 An idle pool burns nothing.
 *   P13 Work that is worth a wake-up does not wait for a sleeping worker.
 *   P14 A waiting thread's stack is bounded by the nesting of the program's own calls,
 *       and it only runs work below the call that it waits for: a lock may be held.
 *   P15 No thread can be created: everything still runs.
 *   P16 While a body runs, all of its loop that has not started can be stolen.
 *
 * Conventions: a NULL pool is the process-wide default pool, NULL options are the
 * defaults, zero in an option is its default.  Every function may be called from
 * any thread, also from inside a body, unless it says otherwise; none may be
 * called from a signal handler.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef FILCH_API
#if defined(__GNUC__)
#define FILCH_API __attribute__((visibility("default")))
#else
#define FILCH_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version ------------------------------------------------------------ */

#define FILCH_VERSION_MAJOR 0
#define FILCH_VERSION_MINOR 1
#define FILCH_VERSION_PATCH 0
#define FILCH_VERSION "0.1.0"

/* The version of the library that runs, in the form of FILCH_VERSION. */
FILCH_API const char *filch_version(void);

/* ---- return codes --------------------------------------------------------- */

/*
 * Every call that can fail returns 0, one of these, or what a body returned.
 * A body says "stop" by returning anything but 0; use positive codes of your own,
 * or pass on a negative one of a nested call.
 */
enum {
	FILCH_OK = 0,         /* done */
	FILCH_EINVAL = -1,    /* an argument or option makes no sense; nothing ran */
	FILCH_ENOMEM = -2,    /* a pool could not be created for want of memory */
	FILCH_ECANCELED = -3, /* the call's token was cancelled before all items had started */
	FILCH_ETIMEDOUT = -4, /* the timeout passed before all items had started */
	FILCH_ECLOSED = -5,   /* the pool is being destroyed; nothing ran */
	FILCH_EDEADLK = -6,   /* a pool cannot be destroyed from inside itself */
	FILCH_EFORK = -7,     /* the pool was created before a fork(), in the parent */
	FILCH_EHOOK = -8,     /* a start hook failed: the pool was not created */
	FILCH_ESKIPPED = -9   /* only in a status array: this item never started */
};

/* A sentence for any code, for ever valid; a body's own code reads "stopped by the body". */
FILCH_API const char *filch_strerror(int code);

/* ---- pools ---------------------------------------------------------------- */

typedef struct filch_pool filch_pool;

/* The widest pool. */
#define FILCH_MAX_WORKERS 1024u

/* Zero in any field is its default.  Fill it with FILCH_POOL() or filch_pool_options_init(). */
struct filch_pool_options {
	size_t struct_size; /* filled in for you: how this struct can grow */
	unsigned workers;   /* threads that compute, the caller among them (0 = the CPUs that this
	                       * process may use, by its affinity mask and its cgroups' quotas, or
	                       * $FILCH_WORKERS; 1 = all serial in the caller; at most 1024).  More
	                       * than there are CPUs is for bodies that wait. */
	const char *name;   /* thread names "name/3" (0 = "filch"); copied */
	size_t stack_bytes; /* stack of a worker's thread (0 = the system's default) */
	uint64_t spin_ns;   /* how long a worker without work looks before it sleeps
	                       * (0 = about as long as waking it would take, as measured) */
	int (*on_start)(void *arg,
	                unsigned id); /* on each of the pool's threads before its first work;
	                                          * anything but 0 fails filch_pool_create() */
	void (*on_stop)(void *arg, unsigned id); /* on each of them, last of all */
	void *hook_arg;                          /* handed to both */
};

/*
 * Creates a pool of `workers` workers: as many threads less one, since the thread
 * that calls is a worker while it waits.  Threads are created when they are first
 * of use, or here if there is a hook.  If the system gives fewer threads than
 * asked, the pool works with those, down to the caller alone.
 * The pool is yours: give it back with filch_pool_destroy().
 * Errors: FILCH_EINVAL (out is NULL, workers > 1024, struct_size unknown),
 * FILCH_ENOMEM, FILCH_EHOOK (the threads that had started are stopped again).
 * *out is NULL after an error.
 */
FILCH_API int filch_pool_create(filch_pool **out, const struct filch_pool_options *options);

/*
 * Waits for calls of other threads on this pool (but for those that it is no longer
 * needed for, being too short to share), ends its threads, frees it.  NULL is no pool
 * and fine.  Nobody may use the pool once this was called.
 * Errors: FILCH_EDEADLK (called from inside one of the pool's bodies; nothing
 * happened), FILCH_EFORK (the pool is the parent's; nothing happened).
 */
FILCH_API int filch_pool_destroy(filch_pool *pool);

/* How many workers the pool has, the caller among them; 0 for a pool from before a fork(). */
FILCH_API unsigned filch_pool_width(filch_pool *pool);

/* ---- inside a body ---------------------------------------------------------- */

/* Handed to every body, never NULL; valid until the body returns, on its thread. */
typedef struct filch_worker filch_worker;

/*
 * 0 .. filch_pool_width() - 1: the calling thread's place in the pool.  No two bodies
 * of one call run at the same time with the same id, so it may index per-worker memory.
 */
FILCH_API unsigned filch_worker_id(const filch_worker *w);

/*
 * Whether the result of this body is no longer wanted: its call was cancelled, ran
 * out of time, or a lower item failed; or that is so of a call around it.  A long
 * body may look from time to time and return early, with 0.
 */
FILCH_API bool filch_stopping(const filch_worker *w);

/*
 * How a range body says which of its items failed: `return filch_fail(w, i, code);`
 * in place of `return code;`.  Items begin .. i - 1 have run, i failed, i + 1 ..
 * end - 1 have not.  Returns code.  A body that returns a code without this counts
 * as failed at `begin`, and all of its range as tried.
 */
FILCH_API int filch_fail(filch_worker *w, size_t index, int code);

/*
 * Memory for this body: at least so many bytes, aligned to 128, contents undefined.  It is given
 * back when the body returns, or with filch_scratch_back(); a worker keeps it for its next body,
 * so that this is cheap.  Inside a run, a task that nobody took belongs to the body that it was
 * forked in.  For the thread that w was handed to.  NULL if there is no memory.
 */
FILCH_API void *filch_scratch(filch_worker *w, size_t bytes);

/* Gives back that piece, and all that this body was given after it, before the body ends; NULL: nothing. */
FILCH_API void filch_scratch_back(filch_worker *w, void *piece);

/* ---- options of a call -------------------------------------------------------- */

/* Stops calls from outside.  Yours; zeroed means not cancelled; may serve many calls. */
typedef struct filch_cancel {
	int flag_;
} filch_cancel;

/* Nothing that has not started yet of the calls given this token will start. */
FILCH_API void filch_cancel_now(filch_cancel *token);
FILCH_API bool filch_is_cancelled(const filch_cancel *token);

/* How far a call is. */
struct filch_progress {
	const char *label;   /* the call's, or NULL */
	size_t done;         /* items that have run (or failed) */
	size_t total;        /* items of the call */
	uint64_t elapsed_ns; /* since the call began */
	bool finished;       /* the last report of this call */
};

typedef void filch_progress_fn(void *arg, const struct filch_progress *p);

/*
 * A ready-made filch_progress_fn: a bar with rate and time left on stderr, nothing
 * at all if stderr is no terminal.  arg is not used.
 */
FILCH_API void filch_progress_bar(void *arg, const struct filch_progress *p);

/* What a call did, and why. */
struct filch_report {
	uint64_t wall_ns; /* from call to return */
	uint64_t work_ns; /* inside bodies, all workers together */
	size_t items;     /* items that ran, failed ones included */
	size_t failures;  /* bodies that returned a code */
	uint64_t chunks;  /* calls of a body */
	size_t chunk_min; /* fewest items in one of them */
	size_t chunk_max; /* most */
	uint64_t steals;  /* times that a worker took work of this call from another */
	uint64_t wakes;   /* threads woken or created for this call */
	unsigned workers; /* threads that ran a part of it, the caller among them */
	double cost_ns;   /* time per item, as measured here */
	char verdict
		[128]; /* in words, e.g. "serial: 3.1 us of work, waking a worker pays from 52 us on" */
};

/* Zero in any field is its default.  Fill it with FILCH() or filch_options_init(). */
struct filch_options {
	size_t struct_size; /* these two are filled in for you: */
	size_t report_size; /* how the structs can grow */
	const char *label;  /* names the call in reports and $FILCH_STATS, and keeps its measured
	                       * cost apart from other uses of the same body */
	size_t chunk;       /* items in every chunk but the last (0 = tuned) */
	size_t min_chunk;   /* bounds for the tuned size; not together with chunk */
	size_t max_chunk;
	double cost_ns;       /* a guess at the time per item, used until it is measured */
	unsigned max_workers; /* at most so many workers, the caller among them (1 = serial) */
	bool keep_going;      /* a failure stops nothing; see status */
	filch_cancel *cancel; /* stops the call from outside */
	uint64_t timeout_ns;  /* after this long nothing more starts (0 = no limit) */
	uint64_t pause_ns;   /* at least so long between the starts of two items; means chunk = 1 */
	int *status;         /* n codes, one per item: 0, the body's, or FILCH_ESKIPPED */
	size_t *first_error; /* the lowest index that failed; n if none */
	filch_progress_fn *progress; /* on the calling thread, at most every 100 ms between the
	                              * items that it runs itself, and once at the end */
	void *progress_arg;
	struct filch_report *report; /* filled in before the call returns */
};

#ifndef __cplusplus
/* filch_for(pool, n, body, ctx, FILCH(.label = "blur", .timeout_ns = 1000000)) */
#define FILCH(...)                                                                                 \
	(&(const struct filch_options){.struct_size = sizeof(struct filch_options),                \
	                               .report_size = sizeof(struct filch_report),                 \
	                               __VA_ARGS__})
/* filch_pool_create(&pool, FILCH_POOL(.workers = 4, .name = "dsp")) */
#define FILCH_POOL(...)                                                                            \
	(&(const struct filch_pool_options){.struct_size = sizeof(struct filch_pool_options),      \
	                                    __VA_ARGS__})
#endif

/* The same for C++ and for those who like statements: all defaults, to be changed and passed on. */
static inline struct filch_options filch_options_init(void)
{
	static struct filch_options zero; /* the one way to say this in C and C++ alike */
	struct filch_options o = zero;

	o.struct_size = sizeof o;
	o.report_size = sizeof(struct filch_report);
	return o;
}

static inline struct filch_pool_options filch_pool_options_init(void)
{
	static struct filch_pool_options zero;
	struct filch_pool_options o = zero;

	o.struct_size = sizeof o;
	return o;
}

/* ---- loops and maps ------------------------------------------------------------ */

/* Runs items begin .. end - 1, in that order.  0 = go on; anything else stops the loop. */
typedef int filch_body(void *ctx, size_t begin, size_t end, filch_worker *w);

/*
 * The parallel version of
 *
 *     for (size_t i = 0; i < n; i++) {
 *             int code = body(ctx, i, i + 1, w);
 *             if (code)
 *                     return code;
 *     }
 *     return 0;
 *
 * where one call of body may take many neighbouring items.  Returns when nothing
 * of it runs any more; what the bodies wrote is then visible here.
 *
 * Errors are those of the serial loop.  When item i fails, nothing above i starts
 * any more, everything below i still runs, and the code of the lowest item that
 * failed is returned: the same at every width and on every run.
 * Also: FILCH_EINVAL (body is NULL, options contradict each other or have an
 * unknown struct_size), FILCH_ECANCELED, FILCH_ETIMEDOUT, FILCH_ECLOSED, FILCH_EFORK.
 *
 * n may be anything from 0 to SIZE_MAX; a body is never called for an empty range.
 * A lock may be held over the call: while it waits, the calling thread runs only
 * work of this call and of calls made by its bodies.
 */
FILCH_API int filch_for(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                        const struct filch_options *options);

/*
 * filch_for() for a body that stands for many, such as one that calls a function which ctx
 * names: what an item costs is remembered as that of `as`, not as that of the body.  Any number
 * will do that tells one kind of item from another, such as the address of that function.
 * In $FILCH_STATS it has a line of its own, too.
 */
FILCH_API int filch_for_as(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                           const struct filch_options *options, uintptr_t as);

/* Makes *out from *in.  0 = go on; anything else is this item's error. */
typedef int filch_map_fn(void *ctx, const void *in, void *out, filch_worker *w);

/*
 * The parallel version of
 *
 *     for (size_t i = 0; i < n; i++) {
 *             int code = f(ctx, &items[i], &results[i], w);
 *             if (code)
 *                     return code;
 *     }
 *     return 0;
 *
 * Result i stands at place i, whatever the order of execution.  items and results
 * are arrays of n elements and may be the same one; the macro takes the sizes of
 * their elements from their types.  Errors as for filch_for(), item by item; also
 * FILCH_EINVAL if items or results is NULL with n and its size above 0, or if
 * n elements of that size are more than memory can hold.
 */
#define filch_map(pool, items, n, results, f, ctx, options)                                        \
	filch_map_sized((pool), (items), sizeof *(items), (n), (results), sizeof *(results), (f),  \
	                (ctx), (options))

/* filch_map() with the sizes of the elements in bytes; a size of 0 passes the same pointer to all. */
FILCH_API int filch_map_sized(filch_pool *pool, const void *items, size_t item_bytes, size_t n,
                              void *results, size_t result_bytes, filch_map_fn *f, void *ctx,
                              const struct filch_options *options);

/* ---- why ------------------------------------------------------------------------- */

/*
 * Prints every setting and where it came from: which mask or file decided the number
 * of CPUs, what $FILCH_WORKERS and $FILCH_STATS say, what waking a worker costs here.
 * With FILCH_STATS=1 in the environment a table of all calls, a line per label, goes
 * to stderr when the process ends; where it cannot be written it is lost, and the process ends with
 * the status that it was given, though stderr may be a pipe that nobody reads.  filch_explain()
 * writes as fprintf() does: what fails shows in ferror(out), but no signal comes of it.  What it
 * leaves in the buffer of `out` is written when that is flushed, with whatever comes of that.
 */
FILCH_API void filch_explain(FILE *out);

#ifdef __cplusplus
}
#endif

#include "filch/fork.h" /* fork and join */
#endif
