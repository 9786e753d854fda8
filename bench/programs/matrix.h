/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROGRAMS_MATRIX_H
#define BENCH_PROGRAMS_MATRIX_H
/*
 * Two square matrices whose product is wanted, for all who multiply.  They hold small whole numbers, so
 * that every sum and product of them is exact, in whatever order it is formed.
 */
#include "programs.h"

#include <stddef.h>

/* A piece of a matrix: where it begins, and how far it is from one row to the next. */
struct matrix {
	double *at;
	ptrdiff_t row;
};

/* c = a * b is what is wanted. */
struct matrix_product {
	struct matrix a, b, c;
	int n;
};

extern struct matrix_product matrix_product;

/* For struct program; sizes are powers of two. */
int matrix_prepare(int size);
void matrix_reset(void);
double matrix_outcome(void);

/* The piece that begins so many rows and columns further on. */
static inline struct matrix matrix_piece(struct matrix m, int down, int across)
{
	m.at += down * m.row + across;
	return m;
}

/* c += a * b, where a has m rows and k columns, b has n columns. */
void matrix_add_product(struct matrix c, struct matrix a, struct matrix b, int m, int k, int n);

#endif
