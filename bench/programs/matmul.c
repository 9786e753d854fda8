/* SPDX-License-Identifier: MIT */
/*
 * The product of two matrices, after Cilk's program matmul: cuts the longest side in halves until rows,
 * columns and what is between them are 64 in sum, forks where the halves of the result are
 * different ones, and does one after the other where they are to be added.
 */
#include "matrix.h"

enum { MATMUL_LEAF = 64 };

NOINLINE static void matmul_serial(struct matrix c, struct matrix a, struct matrix b, int m, int k,
                                   int n)
{
	if (m + k + n <= MATMUL_LEAF) {
		matrix_add_product(c, a, b, m, k, n);
	} else if (m >= k && m >= n) {
		matmul_serial(c, a, b, m / 2, k, n);
		CALL_ENDS();
		matmul_serial(matrix_piece(c, m / 2, 0), matrix_piece(a, m / 2, 0), b, m - m / 2, k,
		              n);
		CALL_ENDS();
	} else if (n >= k) {
		matmul_serial(c, a, b, m, k, n / 2);
		CALL_ENDS();
		matmul_serial(matrix_piece(c, 0, n / 2), a, matrix_piece(b, 0, n / 2), m, k,
		              n - n / 2);
		CALL_ENDS();
	} else {
		matmul_serial(c, a, b, m, k / 2, n);
		CALL_ENDS();
		matmul_serial(c, matrix_piece(a, 0, k / 2), matrix_piece(b, k / 2, 0), m, k - k / 2,
		              n);
		CALL_ENDS();
	}
}

FILCH_VOID_TASK6(matmul, struct matrix, c, struct matrix, a, struct matrix, b, int, m, int, k, int,
                 n)
{
	FILCH_RECORD(matmul) second;

	if (m + k + n <= MATMUL_LEAF) {
		matrix_add_product(c, a, b, m, k, n);
	} else if (m >= k && m >= n) {
		FILCH_FORK(second, matmul, matrix_piece(c, m / 2, 0), matrix_piece(a, m / 2, 0), b,
		           m - m / 2, k, n);
		FILCH_CALL(matmul, c, a, b, m / 2, k, n);
		FILCH_JOIN(second, matmul);
	} else if (n >= k) {
		FILCH_FORK(second, matmul, matrix_piece(c, 0, n / 2), a, matrix_piece(b, 0, n / 2),
		           m, k, n - n / 2);
		FILCH_CALL(matmul, c, a, b, m, k, n / 2);
		FILCH_JOIN(second, matmul);
	} else {
		FILCH_CALL(matmul, c, a, b, m, k / 2, n);
		FILCH_CALL(matmul, c, matrix_piece(a, 0, k / 2), matrix_piece(b, k / 2, 0), m,
		           k - k / 2, n);
	}
}

static double matmul_serial_run(int n)
{
	matmul_serial(matrix_product.c, matrix_product.a, matrix_product.b, n, n, n);
	return 0;
}

static double matmul_typed_run(filch_worker *w, int n)
{
	FILCH_ENTER(w, matmul, matrix_product.c, matrix_product.a, matrix_product.b, n, n, n);
	return 0;
}

const struct program program_matmul = {
	.name = "matmul",
	.size = 512,
	.small = 64,
	.one = 1.05,
	.two = 0.54,
	.prepare = matrix_prepare,
	.reset = matrix_reset,
	.outcome = matrix_outcome,
	.serial = matmul_serial_run,
	.typed = matmul_typed_run,
};
