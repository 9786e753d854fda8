/* SPDX-License-Identifier: MIT */
/*
 * Tasks of OpenMP, with the runtime that the compiler brings: libgomp with gcc, libomp with clang.
 * One thread begins, inside a parallel region, and the others take tasks at its barrier.
 */
#include "forks.h"

#include <omp.h>

#ifdef __clang__
#define RUNTIME "libomp"
#else
#define RUNTIME "libgomp"
#endif

static void open_threads(unsigned workers)
{
	omp_set_dynamic(0);
	omp_set_num_threads((int)workers);
}

static long fib(int n)
{
	long a, b;

	if (n < 2)
		return n;
#pragma omp task shared(b)
	b = fib(n - 2);
	a = fib(n - 1);
#pragma omp taskwait
	return a + b;
}

static long tree(const struct node *n)
{
	long a, b;

	if (!n)
		return 0;
#pragma omp task shared(b)
	b = tree(n->right);
	a = tree(n->left);
#pragma omp taskwait
	return n->value + a + b;
}

static long queens(int n, unsigned columns, unsigned down, unsigned up)
{
	long next[QUEENS_MOST], count = 0;
	unsigned left = queens_free(n, columns, down, up);
	int k = 0;

	if (columns == (1u << n) - 1)
		return 1;
	for (; left; left &= left - 1, k++) {
		const unsigned here = left & -left;

#pragma omp task shared(next) firstprivate(k)
		next[k] = queens(n, columns | here, (down | here) << 1, (up | here) >> 1);
	}
#pragma omp taskwait
	while (k--)
		count += next[k];
	return count;
}

static double quad(double x1, double y1, double x2, double y2, double area)
{
	const struct halves h = halve(x1, y1, x2, y2);
	double a, b;

	if (is_close(h, area))
		return h.left + h.right;
#pragma omp task shared(b)
	b = quad(h.x, h.y, x2, y2, h.right);
	a = quad(x1, y1, h.x, h.y, h.left);
#pragma omp taskwait
	return a + b;
}

/* A program from outside: a region around its first call. */
#define PROGRAM(name, call)                                                                        \
	static double run_##name(int size)                                                         \
	{                                                                                          \
		double result = 0;                                                                 \
                                                                                                   \
		(void)size;                                                                        \
		_Pragma("omp parallel") _Pragma("omp single") result = (double)(call);             \
		return result;                                                                     \
	}

PROGRAM(fib, fib(size))
PROGRAM(tree, tree(tree_root()))
PROGRAM(queens, queens(size, 0, 0, 0))
PROGRAM(quad, quad(0, curve(0), size, curve(size), 0))

static void enter(fork_fn *f, void *arg)
{
#pragma omp parallel
#pragma omp single
	f(arg);
}

/* clang 14 crashes where the function that a task calls is a parameter. */
static void call(fork_fn *const *f, void *arg)
{
	(*f)(arg);
}

static void pair(fork_fn *f, void *arg)
{
#pragma omp task shared(f)
	call(&f, arg);
	f(arg);
#pragma omp taskwait
}

static void row(unsigned count, fork_fn *f, void *arg)
{
	for (unsigned i = 0; i < count; i++) {
#pragma omp task shared(f)
		call(&f, arg);
	}
#pragma omp taskwait
}

static const struct forker forkers[] = {
	{RUNTIME ":task", {run_fib, run_tree, run_queens, run_quad}, enter, pair, row},
};

const struct forker_family forker_family = {"", open_threads, 1, forkers};
