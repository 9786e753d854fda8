/* SPDX-License-Identifier: MIT */
/* The public header is all that a C program needs: nothing else is included here. */
#include <filch_algo.h>

static int twice(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	double *x = ctx;

	for (size_t i = begin; i < end; i++) {
		if (x[i] < 0)
			return filch_fail(w, i, 1);
		x[i] *= 2;
	}
	return 0;
}

static int half(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx;
	(void)w;
	*(float *)out = (float)(*(const double *)in / 2);
	return 0;
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

FILCH_VOID_TASK2(fill, long *, x, long, n)
{
	FILCH_RECORD(fill) right;

	if (n == 1) {
		*x = FILCH_WORKER != 0;
		return;
	}
	FILCH_FORK(right, fill, x + n / 2, n - n / 2);
	FILCH_CALL(fill, x, n / 2);
	FILCH_JOIN(right, fill);
}

static int run_tasks(void *arg, filch_worker *w)
{
	long *x = (long *)arg;

	FILCH_ENTER(w, fill, x, 10);
	for (int i = 0; i < 10; i++)
		if (x[i] != 1)
			return 1;
	return FILCH_ENTER(w, fib, 15) == 610 ? 0 : 2;
}

int main(void)
{
	double x[] = {1, 2, 3};
	float y[3] = {0};
	long cells[10];
	struct filch_options options = filch_options_init();
	filch_pool *pool;
	int code;

	if (filch_pool_create(&pool, FILCH_POOL(.workers = 2, .name = "header")) != FILCH_OK)
		return 1;
	options.label = "a label";
	code = filch_for(pool, 3, twice, x, &options);
	if (code == FILCH_OK)
		code = filch_map(pool, x, 3, y, half, NULL, FILCH(.max_workers = 1));
	if (code == FILCH_OK)
		code = filch_run(pool, run_tasks, cells, NULL);
	if (code == FILCH_OK)
		code = filch_pool_destroy(pool);
	return code != FILCH_OK || y[0] != 1 || y[1] != 2 || y[2] != 3;
}
