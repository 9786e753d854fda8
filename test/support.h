/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_SUPPORT_H
#define FILCH_TEST_SUPPORT_H
/*
 * What the tests share: who ran how often, threads that meet, child processes, and
 * calls of the system that fail when told to.  support.c also has main(), so that the
 * test program can start itself again as a child.
 *
 * The environment of a run: FILCH_TEST_SCALE multiplies all heavy counts (1 = what CI
 * runs), FILCH_TEST_SEED repeats a random test; the seed in use is printed.
 */
#include <filch.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A sanitizer takes more room for each thread, and its locks do not survive a fork() while
 * others run; ThreadSanitizer cannot have new threads in a child where it knew others.
 */
#if defined(__has_feature)
#define BUILT_FOR(sanitizer) __has_feature(sanitizer)
#else
#define BUILT_FOR(sanitizer) 0
#endif
#if defined(__SANITIZE_THREAD__) || BUILT_FOR(thread_sanitizer) ||                                 \
	defined(__SANITIZE_ADDRESS__) || BUILT_FOR(address_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- how much ---------------------------------------------------------------- */

/* n times FILCH_TEST_SCALE, but not below least. */
size_t scaled(size_t n, size_t least);

/* Of all that there is a test tries one in so many: 1, or up to 8 where tests are to be short. */
static inline unsigned thinned(void)
{
	const size_t all = scaled(24, 3);

	return all < 24 ? (unsigned)(24 / all) : 1;
}

/* FILCH_TEST_SEED, or a new one for every run; printed. */
uint64_t test_seed(void);

/* The next of a sequence of random numbers; *state may begin with anything. */
uint64_t random_next(uint64_t *state);
/* 0 .. limit - 1; limit is not 0. */
size_t random_below(uint64_t *state, size_t limit);

/* So many tasks, steals, forks ...: tools/count-tests adds them up over all tests. */
static inline void tell_count(uint64_t n, const char *what)
{
	fprintf(stderr, "counted: %llu %s\n", (unsigned long long)n, what);
}

/* ---- pools and counts ------------------------------------------------------------ */

/* A pool of so many workers; the program ends if there is none. */
filch_pool *pool_of(unsigned workers);
void pool_close(filch_pool *pool);

/* The widths that a test of "every width" runs at. */
extern const unsigned widths[6];

/* The same for algorithms, which cut their work by the width, and must come to the same at each. */
extern const unsigned all_widths[9];

/* How often each item of a loop ran. */
struct tally {
	size_t n;
	atomic_uchar *times;
};

void tally_init(struct tally *t, size_t n);
void tally_finish(struct tally *t);
void tally_clear(struct tally *t);
/* Counts items begin .. end - 1; a range outside of the tally ends the program. */
void tally_range(struct tally *t, size_t begin, size_t end);
/* The first index from begin on that did not run exactly `times` times, or end. */
size_t tally_first_not(const struct tally *t, size_t begin, size_t end, unsigned times);
/* A filch_body whose ctx is a tally. */
int tally_body(void *ctx, size_t begin, size_t end, filch_worker *w);
/* Fails the test unless each item ran exactly once. */
void tally_expect_once(const struct tally *t);

/* ---- time, and threads that meet --------------------------------------------------- */

/* The monotonic clock. */
uint64_t now_ns(void);
/* Sleeps all of it, whatever signals come. */
void sleep_ns(uint64_t ns);
/* Whether *count reaches at_least while we wait, for up to a minute: only a hang is false. */
bool wait_for(const atomic_uint *count, unsigned at_least);

/* One more has arrived; waits for the rest of `all`, in a hurry while they run. */
void meet_hastily(atomic_uint *arrived, unsigned all);

/* The same, and then some nanoseconds more, by chance: who meet so are not in step. */
void meet_nearly(atomic_uint *arrived, unsigned all, uint64_t *seed);
/*
 * Adds one to *count and waits until `all` have.  Naps first: whoever measures it finds it
 * dear, and it is worth waking somebody for.
 */
bool meet(atomic_uint *count, unsigned all);
/* Whether the worker's result is unwanted within a minute. */
bool wait_for_stop(const filch_worker *w);

/* Runs f(arg) on n threads of the program's own, all at once, and joins them. */
void on_threads(unsigned n, void *(*f)(void *), void *arg);

/* The threads of this process with names that begin so; returns how many, fills in up to max. */
unsigned threads_named(const char *prefix, pid_t *ids, unsigned max);
/* The value of a line "key:\t..." of a thread's status, or 0 if it is gone. */
uint64_t thread_status(pid_t id, const char *key);
/* How many threads this process has. */
unsigned threads_count(void);

/* ---- other processes ----------------------------------------------------------------- */

struct outcome {
	int status; /* what exit() got, or minus the signal that ended it */
	char out[8192];
	char err[8192];
};

struct child {
	const char *name;
	int (*run)(void);
	struct child *next;
};

void child_register(struct child *c);

/*
 * CHILD(name) { ...; return 0; } is a program in the program: run_child(&o, "name", env)
 * runs it as a fresh process, with no variable FILCH_... but those in env (NULL-ended
 * "KEY=value"s, or NULL).  A child that hangs is ended by SIGALRM.
 */
#define CHILD(name)                                                                                \
	static int child_##name(void);                                                             \
	static struct child entry_##name = {#name, child_##name, NULL};                            \
	__attribute__((constructor)) static void register_##name(void)                             \
	{                                                                                          \
		child_register(&entry_##name);                                                     \
	}                                                                                          \
	static int child_##name(void)

void run_child(struct outcome *o, const char *name, const char *const *env);
/* The same with a terminal as its stderr; what it prints there is in o->err. */
void run_child_on_terminal(struct outcome *o, const char *name, const char *const *env);

/* Forks; the child ends with f(arg)'s value, by _exit().  Returns that, or minus a signal. */
int in_fork(int (*f)(void *arg), void *arg);
/* The parent's half of in_fork(), for those who fork themselves. */
int fork_result(pid_t child);

/* ---- calls of the system that fail when told to --------------------------------------- */

/* The k-th creation of a thread from now on fails so, and all later ones if lasting. */
void fail_threads(unsigned k, bool lasting, int error);
/* The k-th allocation from now on fails, and all later ones if lasting. */
void fail_memory(unsigned k, bool lasting);
/* All is well again; returns how many calls have failed. */
unsigned fail_no_more(void);

/* Blocks of memory in use. */
long memory_blocks(void);
/* Asks the leak checker, if the program was built with one. */
void expect_no_leak(void);

/* From now on half of all waits for a futex end at once, as if by a signal or for nothing; or no more of
 * them.  Returns how many did.  Only ports that have futexes wait so. */
unsigned waits_end_early(bool so);

/* From now on sched_getaffinity() fills in what `mask` does, or fails with what that returns if not 0;
 * and so many CPUs are online.  NULL and 0 are the truth. */
void cpus_are_said(int (*mask)(size_t bytes, void *set), long online);

/* From now on every wall clock of the process is so many seconds off; monotonic ones are not. */
void wall_clock_jumps(int64_t seconds);

/* From now on the monotonic clock is so many seconds ahead of where it was, and what waits for a time comes
 * to it so much sooner; but not who sleeps already, nor a condition of a port that waits by those. */
void monotonic_clock_jumps(uint32_t seconds);

#endif
