/* SPDX-License-Identifier: MIT */
#ifndef FILCH_FORK_H
#define FILCH_FORK_H
/*
 * Fork and join: divide and conquer at the price of a function call.
 *
 *     static int count(void *arg, filch_worker *w)
 *     {
 *             struct tree *t = arg;
 *             filch_task left;
 *             int code = 0;
 *
 *             t->size = 1;
 *             if (t->left)
 *                     filch_fork(w, &left, count, t->left);
 *             if (t->right && !(code = count(t->right, w)))
 *                     t->size += t->right->size;
 *             if (t->left) {
 *                     int other = filch_join(w, &left);
 *                     code = code ? code : other;
 *                     t->size += t->left->size;
 *             }
 *             return code;
 *     }
 *
 *     filch_run(NULL, count, tree, NULL);
 *
 * A fork writes five words on the caller's stack and in its worker's line; a join that nobody
 * came before runs the task as a plain call.  No lock, no fence, no read-modify-write, no
 * memory: docs/fork.md says how, and why nothing is hidden all the same.  The depth is
 * bounded by the stack of the program alone.
 *
 * Every body and every task is handed a worker `w`; fork and join take the one that was
 * handed to the function that calls them.
 *
 * Forks and joins nest, as calls do: what was forked last is joined first, by whom it
 * was forked, before he returns.  With FILCH_DEBUG defined, a join out of turn, or one that was
 * forgotten, ends the program with a message.
 *
 * This file is included by filch.h.  Names that end in _ are no interface, but the layout of
 * what they belong to is: programs have it compiled in.
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What can be forked.  0 = fine; what it returns is handed on by the join. */
typedef int filch_fn(void *arg, filch_worker *w);

/* A forked task until it is joined.  Yours, on your stack; need not be initialised. */
typedef struct filch_task {
	filch_fn *fn_;
	void *arg_;
	struct filch_task
		*older_; /* the one forked before it, by the same worker; + 1: is shared */
	void *call_;     /* once others may take it: of whoever took it */
	void *worker_;   /* likewise: who waits for it */
	int done_, code_;
} filch_task;

/* The tasks that a worker has forked and not joined. */
struct filch_tasks {
	filch_task *newest_;   /* written by the worker */
	filch_worker *worker_; /* whose body runs */
	filch_task *taken_;    /* the task whose function is called next, but by its join */
	char apart_[64 - 3 * sizeof(void *)];
	uintptr_t asked_; /* 1: somebody has no work, share some */
};

/* ---- a run --------------------------------------------------------------------------- */

/*
 * The parallel version of `return fn(arg, w);`, where fn, and what it calls with its w, may
 * fork.  Returns what fn returned, once that and all that it forked have ended.
 * From inside a body of the pool it is a call like any other.
 * Options: label, max_workers, cancel, timeout_ns and report mean what they mean for a loop of
 * one item; so do status, first_error and progress.  What has begun is not stopped: long
 * tasks look at filch_stopping() now and then.  Tasks that were forked always run.
 * Errors: FILCH_EINVAL (fn is NULL, or the options make no sense), FILCH_ECANCELED and FILCH_ETIMEDOUT
 * (before it began), FILCH_ECLOSED, FILCH_EFORK (also when tasks of it ran on threads that
 * a fork() of the process did not copy).
 */
FILCH_API int filch_run(filch_pool *pool, filch_fn *fn, void *arg,
                        const struct filch_options *options);

#define FILCH_INLINE_ static inline __attribute__((always_inline, unused))
#define FILCH_UNUSED_ __attribute__((unused))
#define FILCH_COLD_ __attribute__((cold))
#define FILCH_RARELY_(condition) __builtin_expect(!!(condition), 0)

/* What the functions below do when somebody has asked for work. */
FILCH_API FILCH_COLD_ void filch_fork_asked_(struct filch_tasks *tasks);
FILCH_API FILCH_COLD_ int filch_join_asked_(struct filch_tasks *tasks, filch_task *t);
FILCH_API FILCH_COLD_ void filch_misused_(const char *how);

/* Between a fork and the call that follows: keeps gcc from making a loop of it, which would
 * keep it from something better, namely to unroll the recursion. */
#define FILCH_CALL_ENDS_() __asm__ volatile("")

FILCH_INLINE_ struct filch_tasks *filch_tasks_of_(const filch_worker *w)
{
	return *(struct filch_tasks *const *)(const void *)w;
}

FILCH_INLINE_ filch_task *filch_newest_(struct filch_tasks *tasks)
{
	return __atomic_load_n(&tasks->newest_, __ATOMIC_RELAXED);
}

FILCH_INLINE_ filch_task *filch_older_(filch_task *t)
{
	return __atomic_load_n(&t->older_, __ATOMIC_RELAXED);
}

/* Of the task that is now the newest.  Here order matters (docs/fork.md): the record, then `newest_`,
 * then `asked_`. */
FILCH_INLINE_ void filch_push_(struct filch_tasks *tasks, filch_task *t, filch_task *older)
{
#ifdef FILCH_DEBUG
	if (tasks->newest_ != older)
		filch_misused_("FILCH_FORK(): what filch_fork() forked here is not joined");
#endif
	t->older_ = older;
	/* release: pairs with the acquire in share(): who finds the task finds it whole. */
	__atomic_store_n(&tasks->newest_, t, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* Pairs with filch__tasks_expose(), which has all threads make a barrier: we see that
	 * somebody asked, or he sees the task. */
	if (FILCH_RARELY_(__atomic_load_n(&tasks->asked_, __ATOMIC_RELAXED)))
		filch_fork_asked_(tasks);
}

/* Whether the newest task, whose filch_older_() is given, is now the caller's to run; else it has run. */
FILCH_INLINE_ int filch_take_(struct filch_tasks *tasks, filch_task *t, filch_task *older)
{
#ifdef FILCH_DEBUG
	if (tasks->newest_ != t)
		filch_misused_("filch_join(): this is not what was forked last");
#endif
	/* release: pairs with the acquire in share(), as in filch_push_(). */
	__atomic_store_n(&tasks->newest_, older, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* As in filch_push_(): we see that somebody asked, or he sees that the task is spoken for.  Only
	 * we take the question back: had he marked the task since we read `older`, we should be
	 * asked still. */
	if (FILCH_RARELY_(__atomic_load_n(&tasks->asked_, __ATOMIC_RELAXED) |
	                  ((uintptr_t)older & 1)))
		return filch_join_asked_(tasks, t);
	return 1;
}

/*
 * The same where the caller knows the newest task, and saves the way through memory.  clang does not
 * unroll recursions: to keep the address over calls takes it longer than to load it.
 */
#ifdef __clang__
FILCH_INLINE_ void filch_push_on_(struct filch_tasks *tasks, filch_task **head, filch_task *t)
{
	(void)head;
	filch_push_(tasks, t, filch_newest_(tasks));
}

FILCH_INLINE_ int filch_take_off_(struct filch_tasks *tasks, filch_task **head, filch_task *t)
{
	(void)head;
	return filch_take_(tasks, t, filch_older_(t));
}
#else
FILCH_INLINE_ void filch_push_on_(struct filch_tasks *tasks, filch_task **head, filch_task *t)
{
	filch_push_(tasks, t, *head);
	*head = t;
}

FILCH_INLINE_ int filch_take_off_(struct filch_tasks *tasks, filch_task **head, filch_task *t)
{
	filch_task *older = filch_older_(t);

	*head = (filch_task *)((uintptr_t)older & ~(uintptr_t)1);
	return filch_take_(tasks, t, older);
}
#endif

/* ---- fork and join --------------------------------------------------------------------- */

/*
 * Leaves fn(arg, w) to whoever has time until it is joined.  The serial program runs
 * it at its join.  t and arg must live until then.
 */
static inline void filch_fork(filch_worker *w, filch_task *t, filch_fn *fn, void *arg)
{
	t->fn_ = fn;
	t->arg_ = arg;
	filch_push_(filch_tasks_of_(w), t, filch_newest_(filch_tasks_of_(w)));
}

/*
 * Ends what filch_fork() began: runs it here if nobody has taken it, else returns when it has
 * ended; what it wrote is then visible.  The calling thread meanwhile helps with tasks and
 * loops that it called, or sleeps.  Returns its code; FILCH_EFORK if it was running on a
 * thread that a fork() of the process did not copy.
 */
static inline int filch_join(filch_worker *w, filch_task *t)
{
	return filch_take_(filch_tasks_of_(w), t, filch_older_(t)) ? t->fn_(t->arg_, w) : t->code_;
}

/* filch_join() of what was forked as fn(arg): where fn is known to the compiler, a plain call
 * that it may inline. */
static inline int filch_join_as(filch_worker *w, filch_task *t, filch_fn *fn, void *arg)
{
	int code;

	if (!filch_take_(filch_tasks_of_(w), t, filch_older_(t)))
		return t->code_;
	code = fn(arg, w);
	FILCH_CALL_ENDS_();
	return code;
}

/* Both f(a, w) and g(b, w), maybe at once; the code of the first, or else of the second. */
static inline int filch_join2(filch_worker *w, filch_fn *f, void *a, filch_fn *g, void *b)
{
	filch_task second;
	int code, other;

	filch_fork(w, &second, g, b);
	code = f(a, w);
	FILCH_CALL_ENDS_();
	other = filch_join_as(w, &second, g, b);
	return code ? code : other;
}

/*
 * All of fn[i](arg[i], w) for i below n, maybe at once; each runs whatever the others return.
 * The code of the first that failed.  arg may be NULL: all get NULL then.
 */
FILCH_API int filch_join_many(filch_worker *w, size_t n, filch_fn *const *fn, void *const *arg);

/* ---- typed tasks ------------------------------------------------------------------------- */

/*
 * The same for hot recursions: arguments and results travel in registers.
 *
 *     FILCH_TASK1(long, fib, int, n)
 *     {
 *             FILCH_RECORD(fib) right;
 *             long a, b;
 *
 *             if (n < 2)
 *                     return n;
 *             FILCH_FORK(right, fib, n - 2);
 *             a = FILCH_CALL(fib, n - 1);
 *             b = FILCH_JOIN(right, fib);
 *             return a + b;
 *     }
 *
 *     static int run(void *arg, filch_worker *w)
 *     {
 *             return *(long *)arg = FILCH_ENTER(w, fib, 40), 0;
 *     }
 *
 * FILCH_TASKn(result type, name, type, argument, ...) begins the definition of a task of n
 * arguments, one to six, and a result; FILCH_VOID_TASKn(name, ...) of one without.
 * FILCH_RECORD(name) is the type of its records, which are what a filch_task is to a plain one.
 * FILCH_FORK(record, name, ...) and FILCH_JOIN(record, name) fork it and give its result;
 * FILCH_CALL(name, ...) is a plain call from inside a task, FILCH_ENTER(w, name, ...) one from
 * a body.  FILCH_WORKER is the worker, inside a task.
 * What a typed task forks by filch_fork() it joins before its next FILCH_FORK or FILCH_CALL: these
 * do not know of it, and what they fork might be all that others find until then.
 */
#define FILCH_RECORD(name) struct name##_record_
#define FILCH_FORK(record, name, ...) name##_fork_(filch_t_, &filch_head_, &(record), __VA_ARGS__)
#define FILCH_JOIN(record, name) name##_join_(filch_t_, &filch_head_, &(record))
#define FILCH_CALL(name, ...) name##_call_(filch_t_, filch_head_, __VA_ARGS__)
#define FILCH_ENTER(w, name, ...) name##_enter_((w), __VA_ARGS__)
#define FILCH_WORKER (filch_t_->worker_)

/*
 * What a task is made of.  SET and GET: the result in the record; KEEP and GIVE: in a local
 * variable; FIELDS and STORES: of the arguments in the record; VALUES: from there; NAMES: the
 * arguments by name.  The last are the parameters.
 */
#define FILCH_ANY_TASK_(R, RESULT, SET, GET, KEEP, GIVE, name, FIELDS, STORES, VALUES, NAMES, ...) \
	struct name##_record_ {                                                                    \
		filch_task task_;                                                                  \
		RESULT FIELDS                                                                      \
	};                                                                                         \
	static inline R name(struct filch_tasks *filch_t_, filch_task *filch_head_, __VA_ARGS__);  \
	static int name##_run_(void *filch_none_, filch_worker *filch_w_)                          \
	{                                                                                          \
		struct filch_tasks *filch_t_ = filch_tasks_of_(filch_w_);                          \
		filch_task *filch_head_ = filch_newest_(filch_t_);                                 \
		struct name##_record_ *filch_r_ = (struct name##_record_ *)filch_t_->taken_;       \
		(void)filch_none_;                                                                 \
		SET name VALUES;                                                                   \
		return 0;                                                                          \
	}                                                                                          \
	FILCH_INLINE_ void name##_fork_(struct filch_tasks *filch_t_, filch_task **filch_h_,       \
	                                struct name##_record_ *filch_r_, __VA_ARGS__)              \
	{                                                                                          \
		filch_r_->task_.fn_ = name##_run_;                                                 \
		STORES filch_push_on_(filch_t_, filch_h_, &filch_r_->task_);                       \
	}                                                                                          \
	FILCH_INLINE_ R name##_join_(struct filch_tasks *filch_t_, filch_task **filch_h_,          \
	                             struct name##_record_ *filch_r_)                              \
	{                                                                                          \
		const int filch_mine_ = filch_take_off_(filch_t_, filch_h_, &filch_r_->task_);     \
		filch_task *filch_head_ = *filch_h_;                                               \
		RESULT if (!filch_mine_) return GET;                                               \
		KEEP name VALUES;                                                                  \
		FILCH_CALL_ENDS_();                                                                \
		return GIVE;                                                                       \
	}                                                                                          \
	FILCH_INLINE_ R name##_call_(struct filch_tasks *filch_t_, filch_task *filch_head_,        \
	                             __VA_ARGS__)                                                  \
	{                                                                                          \
		RESULT KEEP name NAMES;                                                            \
		FILCH_CALL_ENDS_();                                                                \
		return GIVE;                                                                       \
	}                                                                                          \
	FILCH_INLINE_ R name##_enter_(filch_worker *filch_w_, __VA_ARGS__)                         \
	{                                                                                          \
		struct filch_tasks *filch_t_ = filch_tasks_of_(filch_w_);                          \
		filch_task *filch_head_ = filch_newest_(filch_t_);                                 \
		filch_worker *filch_outer_ = filch_t_->worker_;                                    \
		RESULT filch_t_->worker_ = filch_w_;                                               \
		KEEP name NAMES;                                                                   \
		filch_t_->worker_ = filch_outer_;                                                  \
		return GIVE;                                                                       \
	}                                                                                          \
	static inline R name(FILCH_UNUSED_ struct filch_tasks *filch_t_,                           \
	                     FILCH_UNUSED_ filch_task *filch_head_, __VA_ARGS__)

/* One more step, in which the arguments become several. */
#define FILCH_TASK_(...) FILCH_TASK_OF_(__VA_ARGS__)
#define FILCH_TASK_OF_(R, name, ...)                                                               \
	FILCH_ANY_TASK_(R, R filch_result_;, filch_r_->filch_result_ =, filch_r_->filch_result_,   \
	                                   filch_result_ =, filch_result_, name, __VA_ARGS__)
#define FILCH_VOID_TASK_(...) FILCH_VOID_TASK_OF_(__VA_ARGS__)
#define FILCH_VOID_TASK_OF_(name, ...) FILCH_ANY_TASK_(void, , , , , , name, __VA_ARGS__)

#define FILCH_STORE_(a) filch_r_->a##_ = a;
#define FILCH_OF_(a) filch_r_->a##_

/* It takes what stands between two commas for statements. */
/* clang-format off */
#define FILCH_ARGS1_(T1, a1) \
	T1 a1##_;, FILCH_STORE_(a1), (filch_t_, filch_head_, FILCH_OF_(a1)), \
	(filch_t_, filch_head_, a1), T1 a1
#define FILCH_ARGS2_(T1, a1, T2, a2) \
	T1 a1##_; T2 a2##_;, FILCH_STORE_(a1) FILCH_STORE_(a2), \
	(filch_t_, filch_head_, FILCH_OF_(a1), FILCH_OF_(a2)), \
	(filch_t_, filch_head_, a1, a2), T1 a1, T2 a2
#define FILCH_ARGS3_(T1, a1, T2, a2, T3, a3) \
	T1 a1##_; T2 a2##_; T3 a3##_;, FILCH_STORE_(a1) FILCH_STORE_(a2) FILCH_STORE_(a3), \
	(filch_t_, filch_head_, FILCH_OF_(a1), FILCH_OF_(a2), FILCH_OF_(a3)), \
	(filch_t_, filch_head_, a1, a2, a3), T1 a1, T2 a2, T3 a3
#define FILCH_ARGS4_(T1, a1, T2, a2, T3, a3, T4, a4) \
	T1 a1##_; T2 a2##_; T3 a3##_; T4 a4##_;, \
	FILCH_STORE_(a1) FILCH_STORE_(a2) FILCH_STORE_(a3) FILCH_STORE_(a4), \
	(filch_t_, filch_head_, FILCH_OF_(a1), FILCH_OF_(a2), FILCH_OF_(a3), FILCH_OF_(a4)), \
	(filch_t_, filch_head_, a1, a2, a3, a4), T1 a1, T2 a2, T3 a3, T4 a4
#define FILCH_ARGS5_(T1, a1, T2, a2, T3, a3, T4, a4, T5, a5) \
	T1 a1##_; T2 a2##_; T3 a3##_; T4 a4##_; T5 a5##_;, \
	FILCH_STORE_(a1) FILCH_STORE_(a2) FILCH_STORE_(a3) FILCH_STORE_(a4) FILCH_STORE_(a5), \
	(filch_t_, filch_head_, FILCH_OF_(a1), FILCH_OF_(a2), FILCH_OF_(a3), FILCH_OF_(a4), FILCH_OF_(a5)), \
	(filch_t_, filch_head_, a1, a2, a3, a4, a5), T1 a1, T2 a2, T3 a3, T4 a4, T5 a5
#define FILCH_ARGS6_(T1, a1, T2, a2, T3, a3, T4, a4, T5, a5, T6, a6) \
	T1 a1##_; T2 a2##_; T3 a3##_; T4 a4##_; T5 a5##_; T6 a6##_;, \
	FILCH_STORE_(a1) FILCH_STORE_(a2) FILCH_STORE_(a3) FILCH_STORE_(a4) FILCH_STORE_(a5) FILCH_STORE_(a6), \
	(filch_t_, filch_head_, FILCH_OF_(a1), FILCH_OF_(a2), FILCH_OF_(a3), FILCH_OF_(a4), FILCH_OF_(a5), FILCH_OF_(a6)), \
	(filch_t_, filch_head_, a1, a2, a3, a4, a5, a6), \
	T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6
/* clang-format on */

#define FILCH_TASK1(R, name, ...) FILCH_TASK_(R, name, FILCH_ARGS1_(__VA_ARGS__))
#define FILCH_TASK2(R, name, ...) FILCH_TASK_(R, name, FILCH_ARGS2_(__VA_ARGS__))
#define FILCH_TASK3(R, name, ...) FILCH_TASK_(R, name, FILCH_ARGS3_(__VA_ARGS__))
#define FILCH_TASK4(R, name, ...) FILCH_TASK_(R, name, FILCH_ARGS4_(__VA_ARGS__))
#define FILCH_TASK5(R, name, ...) FILCH_TASK_(R, name, FILCH_ARGS5_(__VA_ARGS__))
#define FILCH_TASK6(R, name, ...) FILCH_TASK_(R, name, FILCH_ARGS6_(__VA_ARGS__))
#define FILCH_VOID_TASK1(name, ...) FILCH_VOID_TASK_(name, FILCH_ARGS1_(__VA_ARGS__))
#define FILCH_VOID_TASK2(name, ...) FILCH_VOID_TASK_(name, FILCH_ARGS2_(__VA_ARGS__))
#define FILCH_VOID_TASK3(name, ...) FILCH_VOID_TASK_(name, FILCH_ARGS3_(__VA_ARGS__))
#define FILCH_VOID_TASK4(name, ...) FILCH_VOID_TASK_(name, FILCH_ARGS4_(__VA_ARGS__))
#define FILCH_VOID_TASK5(name, ...) FILCH_VOID_TASK_(name, FILCH_ARGS5_(__VA_ARGS__))
#define FILCH_VOID_TASK6(name, ...) FILCH_VOID_TASK_(name, FILCH_ARGS6_(__VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
