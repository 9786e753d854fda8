/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FORKJOIN_H
#define BENCH_FORKJOIN_H
/* What the parts of filch-forkjoin share. */
#include "output.h"
#include "programs/programs.h"

enum { FORKJOIN_ROUNDS_MOST = 64 };

extern unsigned forkjoin_wrong; /* results, so far */

/* Writes a record of filch on so many workers; question, mode and entrant are filled in here, the mode
 * from `how` and the compiler. */
void forkjoin_record(const struct record *r, const char *how, unsigned workers);

/* A verdict, for the last line: what to print behind what was measured. */
const char *forkjoin_judged(bool is_met);

/* What a run of the program by this function takes, in ns; counts it if `expected` does not come out. */
double forkjoin_timed(const struct program *p, double (*run)(filch_worker *w, int size),
                      filch_pool *pool, double expected);

/* leaves.c: 16 leaves of 10 ms, forked in a row while all workers but one are asleep. */
void forkjoin_ask_leaves(int rounds);

/* price.c: programs beside the same whose forks and joins look for nobody; on a pool of one worker. */
void forkjoin_ask_price(filch_pool *one, int rounds);

/* bare.c: those. */
extern const struct program program_fib_bare, program_quicksort_bare;

#endif
