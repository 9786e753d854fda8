/* SPDX-License-Identifier: MIT */
/* Recursions over numbers and trees; what they return is exact, so all three agree to the bit. */
#include "programs.h"

#include <stdint.h>
#include <stdlib.h>

/* The serial recursions are compiled as they are written: a call is a call, and not a loop. */
#if defined(__clang__)
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone, noipa))
#endif
#define CALL_ENDS() __asm__ volatile("")

/* ---- fib --------------------------------------------------------------------------- */

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

/* ---- the sum over a binary tree -------------------------------------------------------- */

struct node {
	struct node *left, *right;
	long value;
};

static struct node *root;
static int root_levels;

static struct node *build(struct node **next, int levels, long *value)
{
	struct node *n = (*next)++;

	n->left = levels > 1 ? build(next, levels - 1, value) : NULL;
	n->value = (*value)++ & 1023;
	n->right = levels > 1 ? build(next, levels - 1, value) : NULL;
	return n;
}

static int tree_prepare(int levels)
{
	struct node *next;
	long value = 0;

	if (root_levels == levels)
		return 0;
	free(root);
	root_levels = 0;
	root = next = calloc((size_t)1 << levels, sizeof *root);
	if (!root)
		return -1;
	build(&next, levels, &value);
	root_levels = levels;
	return 0;
}

NOINLINE static long tree_serial(const struct node *n)
{
	long a, b;

	if (!n)
		return 0;
	a = tree_serial(n->left);
	CALL_ENDS();
	b = tree_serial(n->right);
	CALL_ENDS();
	return n->value + a + b;
}

FILCH_TASK1(long, tree, const struct node *, n)
{
	FILCH_RECORD(tree) right;
	long a, b;

	if (!n)
		return 0;
	FILCH_FORK(right, tree, n->right);
	a = FILCH_CALL(tree, n->left);
	b = FILCH_JOIN(right, tree);
	return n->value + a + b;
}

static long tree_loose(const struct node *n)
{
	return n ? n->value + tree_loose(n->left) + tree_loose(n->right) : 0;
}

struct tree_call {
	const struct node *n;
	long result;
};

static int tree_plain_task(void *arg, filch_worker *w);

static inline long tree_plain(filch_worker *w, const struct node *n)
{
	struct tree_call call;
	filch_task right;
	long a;

	if (!n)
		return 0;
	call.n = n->right;
	filch_fork(w, &right, tree_plain_task, &call);
	a = tree_plain(w, n->left);
	CALL_ENDS();
	filch_join_as(w, &right, tree_plain_task, &call);
	return n->value + a + call.result;
}

static int tree_plain_task(void *arg, filch_worker *w)
{
	struct tree_call *call = arg;

	call->result = tree_plain(w, call->n);
	return 0;
}

static double tree_serial_run(int levels)
{
	(void)levels;
	return (double)tree_serial(root);
}

static double tree_loose_run(int levels)
{
	(void)levels;
	return (double)tree_loose(root);
}

static double tree_typed_run(filch_worker *w, int levels)
{
	(void)levels;
	return (double)FILCH_ENTER(w, tree, root);
}

static double tree_plain_run(filch_worker *w, int levels)
{
	(void)levels;
	return (double)tree_plain(w, root);
}

/* ---- n queens, a fork per placement ------------------------------------------------------ */

/* Columns and diagonals that are taken, as seen from this row. */
static inline unsigned queens_free(int n, unsigned columns, unsigned down, unsigned up)
{
	return ~(columns | down | up) & ((1u << n) - 1);
}

NOINLINE static long queens_serial(int n, unsigned columns, unsigned down, unsigned up)
{
	unsigned free = queens_free(n, columns, down, up);
	long count = 0;

	if (columns == (1u << n) - 1)
		return 1;
	for (; free; free &= free - 1) {
		const unsigned here = free & -free;

		count += queens_serial(n, columns | here, (down | here) << 1, (up | here) >> 1);
		CALL_ENDS();
	}
	return count;
}

enum { QUEENS_MOST = 16 };

FILCH_TASK4(long, queens, int, n, unsigned, columns, unsigned, down, unsigned, up)
{
	FILCH_RECORD(queens) next[QUEENS_MOST];
	unsigned free = queens_free(n, columns, down, up);
	long count = 0;
	int k = 0;

	if (columns == (1u << n) - 1)
		return 1;
	for (; free; free &= free - 1, k++) {
		const unsigned here = free & -free;

		FILCH_FORK(next[k], queens, n, columns | here, (down | here) << 1,
		           (up | here) >> 1);
	}
	while (k--)
		count += FILCH_JOIN(next[k], queens);
	return count;
}

static double queens_serial_run(int n)
{
	return (double)queens_serial(n, 0, 0, 0);
}

static double queens_typed_run(filch_worker *w, int n)
{
	return (double)FILCH_ENTER(w, queens, n, 0, 0, 0);
}

/* ---- adaptive quadrature ------------------------------------------------------------------- */

static inline double curve(double x)
{
	return (x * x + 1) * x;
}

/* The two halves of a trapezium, and whether they make it any better. */
struct halves {
	double x, y, left, right;
};

static inline struct halves halve(double x1, double y1, double x2, double y2)
{
	const double half = (x2 - x1) / 2, x = x1 + half, y = curve(x);

	return (struct halves){x, y, (y1 + y) / 2 * half, (y + y2) / 2 * half};
}

static inline int is_close(struct halves h, double area)
{
	return __builtin_fabs(h.left + h.right - area) < 1e-9;
}

NOINLINE static double quad_serial(double x1, double y1, double x2, double y2, double area)
{
	const struct halves h = halve(x1, y1, x2, y2);
	double a, b;

	if (is_close(h, area))
		return h.left + h.right;
	a = quad_serial(x1, y1, h.x, h.y, h.left);
	CALL_ENDS();
	b = quad_serial(h.x, h.y, x2, y2, h.right);
	CALL_ENDS();
	return a + b;
}

FILCH_TASK5(double, quad, double, x1, double, y1, double, x2, double, y2, double, area)
{
	const struct halves h = halve(x1, y1, x2, y2);
	FILCH_RECORD(quad) right;
	double a, b;

	if (is_close(h, area))
		return h.left + h.right;
	FILCH_FORK(right, quad, h.x, h.y, x2, y2, h.right);
	a = FILCH_CALL(quad, x1, y1, h.x, h.y, h.left);
	b = FILCH_JOIN(right, quad);
	return a + b;
}

static double quad_serial_run(int to)
{
	return quad_serial(0, curve(0), to, curve(to), 0);
}

static double quad_typed_run(filch_worker *w, int to)
{
	return FILCH_ENTER(w, quad, 0, curve(0), to, curve(to), 0);
}

const struct program programs[] = {
	{"fib", 36, 20, 14930352, 6765, 0.52, 0.28, NULL, fib_serial_run, fib_loose_run,
         fib_typed_run, fib_plain_run},
	{"tree", 24, 12, 8581544961, 2094081, 0.95, 0.52, tree_prepare, tree_serial_run,
         tree_loose_run, tree_typed_run, tree_plain_run},
	{"queens", 13, 8, 73712, 92, 1.40, 0.70, NULL, queens_serial_run, NULL, queens_typed_run,
         NULL},
	{"quad", 2000, 20, 0, 0, 0.70, 0.34, NULL, quad_serial_run, NULL, quad_typed_run, NULL},
};

const unsigned programs_count = sizeof programs / sizeof *programs;
