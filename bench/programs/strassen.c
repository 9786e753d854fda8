/* SPDX-License-Identifier: MIT */
/*
 * The product of two matrices by seven products of half the size in place of eight (Strassen), after
 * Cilk's program of that name: all seven at once, their operands and results in memory that
 * is allocated for them, down to 64 by 64, as in the version of the Barcelona OpenMP tasks suite.
 */
#include "arrays.h"
#include "matrix.h"

enum { STRASSEN_LEAF = 64, PRODUCTS = 7, PIECES = 3 * PRODUCTS };

/* A sum of quadrants, which are numbered 0 and 1 above, 2 and 3 below: x + sign * y, or x alone. */
struct sum {
	int x, sign, y;
};

static const struct sum left[PRODUCTS] = {{0, 1, 3}, {2, 1, 3},  {0, 0, 0}, {3, 0, 0},
                                          {0, 1, 1}, {2, -1, 0}, {1, -1, 3}};
static const struct sum right[PRODUCTS] = {{0, 1, 3}, {0, 0, 0}, {1, -1, 3}, {2, -1, 0},
                                           {3, 0, 0}, {0, 1, 1}, {2, 1, 3}};

static inline struct matrix quadrant(struct matrix m, int number, int h)
{
	return matrix_piece(m, number / 2 * h, number % 2 * h);
}

/* What a sum is, in room if it has to be formed. */
NOINLINE static struct matrix formed(struct sum s, struct matrix m, int h, double *room)
{
	const struct matrix x = quadrant(m, s.x, h), y = quadrant(m, s.y, h);
	double *to = room;

	if (s.sign == 0)
		return x;
	for (int i = 0; i < h; i++, to += h)
		for (int k = 0; k < h; k++)
			to[k] = s.sign > 0 ? x.at[i * x.row + k] + y.at[i * y.row + k]
			                   : x.at[i * x.row + k] - y.at[i * y.row + k];
	return (struct matrix){room, h};
}

/* c of the seven products, which lie one after the other. */
NOINLINE static void combine(struct matrix c, const double *p, int h)
{
	const ptrdiff_t next = (ptrdiff_t)h * h;

	for (int i = 0; i < h; i++) {
		double *restrict above = c.at + i * c.row;
		double *restrict below = c.at + (i + h) * c.row;

		for (int k = 0; k < h; k++, p++) {
			above[k] = p[0] + p[3 * next] - p[4 * next] + p[6 * next];
			above[k + h] = p[2 * next] + p[4 * next];
			below[k] = p[next] + p[3 * next];
			below[k + h] = p[0] - p[next] + p[2 * next] + p[5 * next];
		}
	}
}

NOINLINE static void strassen_leaf(struct matrix c, struct matrix a, struct matrix b, int n)
{
	for (int i = 0; i < n; i++)
		memset(c.at + i * c.row, 0, (size_t)n * sizeof(double));
	matrix_add_product(c, a, b, n, n, n);
}

/* For all products, and what has to be formed for them. */
static inline size_t strassen_bytes(int h)
{
	return (size_t)PIECES * (size_t)h * (size_t)h * sizeof(double);
}

static inline double *strassen_piece(double *room, int number, int h)
{
	return room + (ptrdiff_t)number * h * h;
}

/* What product i of h by h works on: the pieces of c, a and b, or their sums in room. */
static inline void strassen_operands(int i, int h, double *room, struct matrix *c, struct matrix *a,
                                     struct matrix *b)
{
	*c = (struct matrix){strassen_piece(room, i, h), h};
	*a = formed(left[i], *a, h, strassen_piece(room, PRODUCTS + i, h));
	*b = formed(right[i], *b, h, strassen_piece(room, 2 * PRODUCTS + i, h));
}

static void strassen_product(int i, int h, double *room, struct matrix a, struct matrix b);

/* c = a * b. */
NOINLINE static void strassen_serial(struct matrix c, struct matrix a, struct matrix b, int n)
{
	const int h = n / 2;
	double *room = n > STRASSEN_LEAF ? malloc(strassen_bytes(h)) : NULL;

	if (!room) {
		strassen_leaf(c, a, b, n);
		return;
	}
	for (int i = 0; i < PRODUCTS; i++) {
		strassen_product(i, h, room, a, b);
		CALL_ENDS();
	}
	combine(c, room, h);
	free(room);
}

NOINLINE static void strassen_product(int i, int h, double *room, struct matrix a, struct matrix b)
{
	struct matrix c;

	strassen_operands(i, h, room, &c, &a, &b);
	strassen_serial(c, a, b, h);
	CALL_ENDS();
}

static int strassen_task(void *arg, filch_worker *w);

/* What a product is made of, see strassen_product(). */
struct strassen_call {
	double *room;
	struct matrix a, b;
	int i, h;
};

static void strassen_plain(filch_worker *w, struct matrix c, struct matrix a, struct matrix b,
                           int n)
{
	const int h = n / 2;
	double *room = n > STRASSEN_LEAF ? malloc(strassen_bytes(h)) : NULL;
	struct strassen_call call[PRODUCTS];
	filch_task next[PRODUCTS];

	if (!room) {
		strassen_leaf(c, a, b, n);
		return;
	}
	for (int i = 0; i < PRODUCTS; i++) {
		call[i] = (struct strassen_call){room, a, b, i, h};
		filch_fork(w, &next[i], strassen_task, &call[i]);
	}
	for (int i = PRODUCTS; i--;)
		filch_join(w, &next[i]);
	combine(c, room, h);
	free(room);
}

static int strassen_task(void *arg, filch_worker *w)
{
	struct strassen_call *call = arg;
	struct matrix c, a = call->a, b = call->b;

	strassen_operands(call->i, call->h, call->room, &c, &a, &b);
	strassen_plain(w, c, a, b, call->h);
	return 0;
}

static double strassen_serial_run(int n)
{
	strassen_serial(matrix_product.c, matrix_product.a, matrix_product.b, n);
	return 0;
}

static double strassen_plain_run(filch_worker *w, int n)
{
	strassen_plain(w, matrix_product.c, matrix_product.a, matrix_product.b, n);
	return 0;
}

const struct program program_strassen = {
	.name = "strassen",
	.size = 1024,
	.small = 256,
	.one = 1.05,
	.two = 0.54,
	.prepare = matrix_prepare,
	.reset = matrix_reset,
	.outcome = matrix_outcome,
	.serial = strassen_serial_run,
	.plain = strassen_plain_run,
};
