/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SIM_H
#define FILCH_SIM_H
/*
 * Runs a program that uses filch one thread at a time, in an order that a seed decides, again
 * and again in other orders; and again in just the order that failed.
 *
 *     static void program(void *arg)
 *     {
 *             filch_pool *pool;
 *             int sum = 0;
 *
 *             filch_pool_create(&pool, FILCH_POOL(.workers = 3));
 *             filch_for(pool, 4, add_to, &sum, NULL);        // sum += i, without a lock
 *             filch_pool_destroy(pool);
 *             filch_sim_check(sum == 6);
 *     }
 *
 *     int main(void)
 *     {
 *             return filch_sim(program, NULL, FILCH_SIM(.runs = 10000)) != 0;
 *     }
 *
 * finds the race in a few runs, and prints the seed and the shortest order that shows it.
 *
 * This is another library, filch_sim, in which threads, clocks, memory and atomic operations
 * are simulated.  Compile all that it is to see with -fsanitize=thread, with gcc or clang, and
 * link it without: pkg-config --cflags --libs filch-sim.  docs/sim.md says what it finds, and what
 * it cannot.
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In which order. */
enum filch_sim_order {
	FILCH_SIM_MIXED = 0, /* the next two in turn */
	FILCH_SIM_RANDOM,    /* any thread at any time */
	FILCH_SIM_PCT,       /* by priorities that change at `depth` points: finds a bug that needs
	                      * so many with a probability that is known */
	FILCH_SIM_ALL /* every order with at most `depth` preemptions, until there is none left */
};

/* Zero in any field is its default.  Fill it with FILCH_SIM(). */
struct filch_sim_options {
	size_t struct_size;
	const char *name; /* in messages */
	uint64_t seed;    /* of the first run; the next one has the next (0 = 1) */
	uint64_t runs;    /* at most so many (0 = 1000; with FILCH_SIM_ALL all of them) */
	uint64_t steps;   /* in one run, before it counts as going round in circles (0 = 100000) */
	enum filch_sim_order order;
	unsigned depth;      /* see there (0 = 3; 2 with FILCH_SIM_ALL) */
	unsigned cpus;       /* that the machine seems to have (0 = 4) */
	bool strong;         /* every load sees the newest store, as on one CPU */
	bool no_races;       /* plain accesses are not looked at: faster */
	bool no_barrier;     /* the system has no membarrier() */
	bool faults;         /* memory and threads may be refused, sleepers woken for nothing */
	bool leaks;          /* memory may be left at the end */
	bool quiet;          /* prints nothing */
	bool trace;          /* prints each step; for replays */
	const char *replay;  /* runs once, in the order that a failure printed */
	const char *workers; /* what $FILCH_WORKERS says (0 = nothing) */
	const unsigned char *input; /* what filch_sim_choose() answers, a byte each time, and 0
	                             * after the last: a fuzzer's (0 = by the seed) */
	size_t input_bytes;
};

/* What it came to. */
struct filch_sim_result {
	uint64_t runs, steps, switches, stale; /* all together; loads of what was not the newest */
	bool complete;                         /* FILCH_SIM_ALL has seen all */
	uint64_t seed;                         /* of the run that failed */
	char message[2048];                    /* why, or "" */
	/* For .replay, as short as it could be made; "" if none failed, or if it is longer than that:
	 * what is printed is whole, and .seed with .runs = 1 does the same again. */
	char order[4096];
};

#ifndef __cplusplus
#define FILCH_SIM(...)                                                                             \
	(&(const struct filch_sim_options){.struct_size = sizeof(struct filch_sim_options),        \
	                                   __VA_ARGS__})
#endif

/*
 * Runs program(arg), from the same state of all global variables each time, until one run fails or
 * there were enough.  A run fails if a check does, if its threads all wait for each other or go
 * round in circles, if two of them use a variable at once and one of them writes without an
 * atomic operation, if memory is used that is gone (a returned stack, too) or is left at the
 * end, or by a signal such as SIGSEGV.  Prints why, unless quiet, to stderr.
 * 0, 1 if a run failed, or FILCH_EINVAL.  Not from inside a program, nor from two threads.
 */
int filch_sim(void (*program)(void *arg), void *arg, const struct filch_sim_options *options,
              struct filch_sim_result *result);

/* ---- inside a program ------------------------------------------------------------------- */

/* The run fails unless that is so. */
#define filch_sim_check(condition)                                                                 \
	((condition) ? (void)0 : filch_sim_fail_(__FILE__, __LINE__, #condition))
void filch_sim_fail_(const char *file, int line, const char *what);

/* Another thread of the program's own, 0 if there are too many; it is joined at the end, or here. */
unsigned filch_sim_thread(void (*run)(void *arg), void *arg);
void filch_sim_join(unsigned thread);

/* Any other thread may run here. */
void filch_sim_yield(void);

/* A number below n, which is at most 255: any in turn, or by the input. */
unsigned filch_sim_choose(unsigned n);

/*
 * Forks the process: 1 in the child, where only the calling thread is left, 0 in the parent, who
 * goes on when the child has ended; that is when all threads there have.  A run fails if it does in the child.
 */
unsigned filch_sim_fork(void);

/* Does what filch does when the process ends; afterwards threads may still run, as they may then. */
void filch_sim_exit(void);

/* How many pieces of memory have been had and not given back. */
unsigned filch_sim_blocks(void);

#ifdef __cplusplus
}
#endif
#endif
