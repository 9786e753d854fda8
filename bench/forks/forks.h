/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FORKS_H
#define BENCH_FORKS_H
/*
 * The one interface to a library that forks and joins: filch, or a peer.  Each has a file here and
 * a program of its own, filch-bench-NAME-forks, around which host.c is.
 */
#include "../programs/calls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The programs that everybody has; a fork at every call. */
enum fork_program { FORK_FIB, FORK_TREE, FORK_QUEENS, FORK_QUAD, FORK_PROGRAMS };

typedef void fork_fn(void *arg);

struct forker {
	const char *name;
	/* From a thread outside, as main() is.  The tree is tree_root(), whatever the size says. */
	double (*run[FORK_PROGRAMS])(int size);

	/* Calls f where the library lets programs fork.  The others are called from there alone. */
	void (*enter)(fork_fn *f, void *arg);
	/* Forks f, calls f, joins. */
	void (*pair)(fork_fn *f, void *arg);
	/* Forks f so many times in a row, then joins all. */
	void (*row)(unsigned count, fork_fn *f, void *arg);
};

struct forker_family {
	const char *version; /* empty: that of the compiler */
	void (*open)(unsigned workers);
	unsigned count;
	const struct forker *forkers;
};

extern const struct forker_family forker_family;

#ifdef __cplusplus
}
#endif

#endif
