/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H
/*
 * The one interface between the measuring core and a library that runs loops.
 * A program has one family: the contenders that share a library and its threads.
 * To add a peer, write one file that defines `contender_family` and name it in meson.build.
 */
#include "bodies.h"

#ifdef __cplusplus
extern "C" {
#endif

struct contender {
	const char *name; /* "libgomp:static" */

	/* Runs items 0 .. n - 1 of the body on all workers.  0, or why not. */
	int (*run)(size_t n, const struct body *body, struct items *items);

	/* The same on a second pool of as many workers, made when first called; NULL = there is none. */
	int (*run_second)(size_t n, const struct body *body, struct items *items);

	/* Calls f(arg) on a worker and waits for it, so that run() is called from within the library;
	 * NULL = run() is called from outside. */
	void (*enter)(void (*f)(void *), void *arg);

	/* The sum of n numbers, with what the library has for that; NULL = it has nothing. */
	int (*sum)(size_t n, const double *x, double *sum);
};

struct family {
	const char *version;            /* of the library, "" = the compiler's */
	void (*open)(unsigned workers); /* once, before the first run; exits if it cannot */
	size_t count;
	const struct contender *contenders;
	bool nests; /* a body may call run(), too */
};

extern const struct family contender_family;

#ifdef __cplusplus
}
#endif
#endif
