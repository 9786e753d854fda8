/* SPDX-License-Identifier: MIT */
/* The public header is all that a C program needs: nothing else is included here. */
#include <filch.h>

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

int main(void)
{
	double x[] = {1, 2, 3};
	float y[3] = {0};
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
		code = filch_pool_destroy(pool);
	return code != FILCH_OK || y[0] != 1 || y[1] != 2 || y[2] != 3;
}
