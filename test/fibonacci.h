/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_FIBONACCI_H
#define FILCH_TEST_FIBONACCI_H
/* Recursions that fork at every call: the smallest tasks there are. */
#include <filch.h>

FILCH_TASK1(long, fib, int, n)
{
	FILCH_RECORD(fib) right;
	long a, b;

	if (n < 2)
		return n;
	FILCH_FORK(right, fib, n - 2);
	a = FILCH_CALL(fib, n - 1);
	b = FILCH_JOIN(right, fib);
	return a + b;
}

/* The same with the plain functions: *arg from n to fib(n). */
static int plain_fib(void *arg, filch_worker *w)
{
	long *n = arg, right = *n - 2;
	filch_task t;

	if (*n < 2)
		return 0;
	filch_fork(w, &t, plain_fib, &right);
	*n = *n - 1;
	plain_fib(n, w);
	filch_join(w, &t);
	*n += right;
	return 0;
}

#endif
