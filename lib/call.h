/* SPDX-License-Identifier: MIT */
#ifndef FILCH_CALL_H
#define FILCH_CALL_H
/* What a verb asks of for.c that is not public; filch__stop_code() of loop.h is another such thing. */
#include "pool.h"

/* A call of one item, as a worker of the pool whatever is known of it, its cost remembered as that of `function`. */
int filch__call_inside(filch_pool *pool, filch_body *body, void *ctx,
                       const struct filch_options *options, uintptr_t function);

/* What came of a loop; and what a call that was stopped returns if something from outside stopped
 * it, or told a body so, before all below its lowest failure had run, or all of it; else 0. */
struct told {
	int code, stopped;
};

/* filch_for_as(), for those who believe nothing that a body answered when it was told to stop: of a
 * call with options, or inside of another one. */
struct told filch__for_told(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                            const struct filch_options *options, uintptr_t as);

/* The same of any call: most can be stopped by nothing. */
static inline struct told call_told(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                                    const struct filch_options *options, uintptr_t as)
{
	if (options || filch__entry)
		return filch__for_told(pool, n, body, ctx, options, as);
	return (struct told){filch_for_as(pool, n, body, ctx, NULL, as), FILCH_OK};
}

/* For those to whom a part is as good as nothing: 0 only if nothing stopped it. */
static inline int call_whole(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                             const struct filch_options *options, uintptr_t as)
{
	const struct told t = call_told(pool, n, body, ctx, options, as);

	return t.code ? t.code : t.stopped;
}

#endif
