/* SPDX-License-Identifier: MIT */
#ifndef FILCH_CALL_H
#define FILCH_CALL_H
/* What a verb asks of for.c that is not public; filch__stop_code() of loop.h is another such thing. */
#include "filch.h"

/* A call of one item, as a worker of the pool whatever is known of it, its cost remembered as that of `function`. */
int filch__call_inside(filch_pool *pool, filch_body *body, void *ctx,
                       const struct filch_options *options, uintptr_t function);

/*
 * filch_for_as(), and why, if so, not all below its lowest failure, or not all of it, has run as if
 * nothing from outside had ever stopped it: *stopped is what a call that was stopped returns, or
 * 0.  A body that was told to stop, by filch_stopping(), may have returned early.
 */
int filch__for_told(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                    const struct filch_options *options, uintptr_t as, int *stopped);

/* The same for those to whom a part is as good as nothing: 0 only if nothing stopped it. */
static inline int call_whole(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                             const struct filch_options *options, uintptr_t as)
{
	int stopped;
	const int code = filch__for_told(pool, n, body, ctx, options, as, &stopped);

	return code ? code : stopped;
}

#endif
