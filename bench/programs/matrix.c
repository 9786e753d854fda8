/* SPDX-License-Identifier: MIT */
/* What those share who multiply matrices, see matrix.h. */
#include "matrix.h"
#include "arrays.h"

struct matrix_product matrix_product;

static int fill(struct matrix *m, size_t n, uint64_t *state)
{
	m->at = arrays_renew(m->at, n * n);
	m->row = (ptrdiff_t)n;
	for (size_t i = 0; m->at && i < n * n; i++)
		m->at[i] = (double)(arrays_random(state) % 17) - 8;
	return m->at ? 0 : -1;
}

int matrix_prepare(int size)
{
	const size_t n = (size_t)size;
	uint64_t state = 1;

	if (matrix_product.n == size)
		return 0;
	matrix_product.n = 0;
	if (fill(&matrix_product.a, n, &state) || fill(&matrix_product.b, n, &state) ||
	    fill(&matrix_product.c, n, &state))
		return -1;
	matrix_product.n = size;
	return 0;
}

void matrix_reset(void)
{
	const size_t n = (size_t)matrix_product.n;

	memset(matrix_product.c.at, 0, n * n * sizeof(double));
}

/* One number of m * x. */
static double times(const struct matrix *m, int row, const double *x)
{
	double sum = 0;

	for (int k = 0; k < matrix_product.n; k++)
		sum += m->at[row * m->row + k] * x[k];
	return sum;
}

/* Whether c * x is a * (b * x) for an x that hardly any other c would do it for (Freivalds). */
static int is_product(double *x, double *bx)
{
	const struct matrix_product *p = &matrix_product;
	uint64_t state = 2;

	for (int i = 0; i < p->n; i++)
		x[i] = (double)(arrays_random(&state) % 1025) - 512;
	for (int i = 0; i < p->n; i++)
		bx[i] = times(&p->b, i, x);
	for (int i = 0; i < p->n; i++)
		if (times(&p->c, i, x) != times(&p->a, i, bx))
			return 0;
	return 1;
}

double matrix_outcome(void)
{
	const size_t n = (size_t)matrix_product.n;
	double *x = arrays_renew(NULL, 2 * n);
	const int right = x && is_product(x, x + n);

	free(x);
	return right ? arrays_digest(matrix_product.c.at, n * n) : PROGRAM_WRONG;
}

NOINLINE void matrix_add_product(struct matrix c, struct matrix a, struct matrix b, int m, int k,
                                 int n)
{
	for (int i = 0; i < m; i++) {
		double *restrict sum = c.at + i * c.row;

		for (int j = 0; j < k; j++) {
			const double factor = a.at[i * a.row + j];
			const double *restrict row = b.at + j * b.row;

			for (int l = 0; l < n; l++)
				sum[l] += factor * row[l];
		}
	}
}
