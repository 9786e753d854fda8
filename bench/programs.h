/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H
/*
 * The classic programs of fork and join, each written three times: as a plain recursion that is
 * not inlined into itself, with filch's typed tasks, and with its plain functions.  A fork at every
 * call, no cut-off.  The bench times them, a test runs small ones at every width.
 */
#include <filch.h>

struct program {
	const char *name;
	int size, small;             /* for the bench, for a test */
	double result, small_result; /* what is known to come out; 0 = nobody else says */
	double one, two;             /* time / serial that is aimed at with 1 and 2 workers */
	/* Makes what is worked on, once for each size; NULL = nothing.  0, or there is no memory. */
	int (*prepare)(int size);
	double (*serial)(int size);
	double (*loose)(int size); /* serial, but inlined as the compiler likes; or NULL */
	double (*typed)(filch_worker *w, int size);
	double (*plain)(filch_worker *w, int size); /* or NULL */
};

extern const struct program programs[];
extern const unsigned programs_count;

#endif
