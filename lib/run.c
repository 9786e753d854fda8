/* SPDX-License-Identifier: MIT */
/* filch_run(): a call of one item, made as a worker of the pool, so that it may fork. */
#include "call.h"

struct run {
	filch_fn *fn;
	void *arg;
};

static int run_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct run *r = ctx;

	(void)begin, (void)end;
	return r->fn(r->arg, w);
}

int filch_run(filch_pool *pool, filch_fn *fn, void *arg, const struct filch_options *options)
{
	struct run r = {fn, arg};

	return fn ? filch__call_inside(pool, run_body, &r, options, (uintptr_t)fn) : FILCH_EINVAL;
}
