/* SPDX-License-Identifier: MIT */
/* Fibonacci numbers by their definition: calls and nothing else. */
#include "programs.h"

NOINLINE static long fib_serial(int n)
{
	long a, b;

	if (n < 2)
		return n;
	a = fib_serial(n - 1);
	CALL_ENDS();
	b = fib_serial(n - 2);
	CALL_ENDS();
	return a + b;
}

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

/* As the compiler likes it. */
static long fib_loose(int n)
{
	return n < 2 ? n : fib_loose(n - 1) + fib_loose(n - 2);
}

struct fib_call {
	int n;
	long result;
};

static int fib_plain_task(void *arg, filch_worker *w);

static inline long fib_plain(filch_worker *w, int n)
{
	struct fib_call call;
	filch_task right;
	long a;

	if (n < 2)
		return n;
	call.n = n - 2;
	filch_fork(w, &right, fib_plain_task, &call);
	a = fib_plain(w, n - 1);
	CALL_ENDS();
	filch_join_as(w, &right, fib_plain_task, &call);
	return a + call.result;
}

static int fib_plain_task(void *arg, filch_worker *w)
{
	struct fib_call *call = arg;

	call->result = fib_plain(w, call->n);
	return 0;
}

static double fib_serial_run(int n)
{
	return (double)fib_serial(n);
}

static double fib_loose_run(int n)
{
	return (double)fib_loose(n);
}

static double fib_typed_run(filch_worker *w, int n)
{
	return (double)FILCH_ENTER(w, fib, n);
}

static double fib_plain_run(filch_worker *w, int n)
{
	return (double)fib_plain(w, n);
}

const struct program program_fib = {
	.name = "fib",
	.size = 36,
	.small = 20,
	.result = 14930352,
	.small_result = 6765,
	.full = 40,
	.full_result = 102334155,
#ifdef __clang__ /* it unrolls no recursions */
	.one = 1.1,
	.two = 0.6,
#else
	.one = 0.52,
	.two = 0.28,
	.plain_one = 0.62,
	.plain_two = 0.34,
#endif
	.serial = fib_serial_run,
	.loose = fib_loose_run,
	.typed = fib_typed_run,
	.plain = fib_plain_run,
};
