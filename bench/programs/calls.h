/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H
/* What a call of some programs computes before it forks: the same in filch's spellings and in those
 * of peers.  Plain enough for C++. */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tree ------------------------------------------------------------------------------ */

struct node {
	struct node *left, *right;
	long value;
};

/* That of the last program_tree.prepare(). */
const struct node *tree_root(void);

/* ---- queens ---------------------------------------------------------------------------- */

/* Columns and diagonals that are taken, as seen from this row. */
static inline unsigned queens_free(int n, unsigned columns, unsigned down, unsigned up)
{
	return ~(columns | down | up) & ((1u << n) - 1);
}

enum { QUEENS_MOST = 16 };

/* ---- quad ------------------------------------------------------------------------------ */

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
	const struct halves h = {x, y, (y1 + y) / 2 * half, (y + y2) / 2 * half};

	return h;
}

static inline int is_close(struct halves h, double area)
{
	return __builtin_fabs(h.left + h.right - area) < 1e-9;
}

#ifdef __cplusplus
}
#endif

#endif
