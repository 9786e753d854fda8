/* SPDX-License-Identifier: MIT */
/* An accumulator for each worker: an array by worker id, each in lines of its own. */
#include <filch/combine.h>

#include <stdlib.h>
#include <string.h>

enum { APART = 128 };

int filch_combinable_create(struct filch_combinable *c, filch_pool *pool, size_t size,
                            void (*init)(void *ctx, void *acc), void *ctx)
{
	if (!c)
		return FILCH_EINVAL;
	*c = (struct filch_combinable){.ctx_ = ctx, .size_ = size};
	if (!size || size > SIZE_MAX / FILCH_MAX_WORKERS - APART)
		return FILCH_EINVAL;
	const unsigned width = filch_pool_width(pool);

	if (!width)
		return FILCH_EFORK;
	c->stride_ = (size + APART - 1) / APART * APART;
	c->slots_ = aligned_alloc(APART, width * c->stride_);
	if (!c->slots_)
		return FILCH_ENOMEM;
	c->width_ = width;
	for (unsigned id = 0; id < width; id++)
		if (init)
			init(ctx, c->slots_ + id * c->stride_);
		else
			memset(c->slots_ + id * c->stride_, 0, size);
	return FILCH_OK;
}

void *filch_combinable_mine(const struct filch_combinable *c, const filch_worker *w)
{
	return c->slots_ + filch_worker_id(w) * c->stride_;
}

void filch_combinable_join(const struct filch_combinable *c,
                           void (*join)(void *ctx, void *left, const void *right), void *out)
{
	for (unsigned id = 0; id < c->width_; id++)
		join(c->ctx_, out, c->slots_ + id * c->stride_);
}

void filch_combinable_destroy(struct filch_combinable *c)
{
	free(c->slots_);
	*c = (struct filch_combinable){.slots_ = NULL};
}
