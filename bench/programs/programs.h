/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H
/*
 * The classic programs of fork and join, a file each: as a plain recursion that is not inlined into
 * itself, and with forks: by typed tasks, by the plain functions, or both.  The bench times them, a
 * test runs small ones at every width.  A fork at every call; sorts, matrices and grids have leaves
 * of the size that Cilk's programs of the same names give them.
 */
#include <filch.h>

/* What comes out of a program that finds its own result wrong. */
#define PROGRAM_WRONG (-1.0)

struct program {
	const char *name;
	int size, small;             /* for the bench, for a test */
	double result, small_result; /* what is known to come out; 0 = nobody else says */
	int full;                    /* for a full run of the bench, or 0: as `size` */
	double full_result;
	double one, two;             /* time / serial that is aimed at with 1 and 2 workers */
	double plain_one, plain_two; /* with plain functions, if there are typed tasks, too; or 0 */
	/* Makes what is worked on, once for each size; NULL = nothing.  0, or there is no memory. */
	int (*prepare)(int size);
	/* Not timed, or NULL: what is worked on is as it was; a digest of what became of it. */
	void (*reset)(void);
	double (*outcome)(void);
	double (*serial)(int size);
	double (*loose)(int size); /* serial, but inlined as the compiler likes; or NULL */
	double (*typed)(filch_worker *w, int size); /* with filch's typed tasks; or NULL */
	double (*plain)(filch_worker *w, int size); /* with its plain functions; or NULL */
};

extern const struct program program_fib, program_tree, program_queens, program_quad, program_uts_t1,
	program_uts_t3, program_quicksort, program_mergesort, program_matmul, program_strassen,
	program_heat, program_lu;

extern const struct program *const programs[];
extern const unsigned programs_count;

/* What comes before a run. */
static inline void program_reset(const struct program *p)
{
	if (p->reset)
		p->reset();
}

/* What came out of a run that returned this. */
static inline double program_outcome(const struct program *p, double returned)
{
	return p->outcome ? p->outcome() : returned;
}

/* ---- for the programs ------------------------------------------------------------------ */

/* The serial recursions are compiled as they are written: a call is a call, and not a loop. */
#if defined(__clang__)
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone, noipa))
#endif
#define CALL_ENDS() __asm__ volatile("")

#endif
