/* SPDX-License-Identifier: MIT */
#ifndef FILCH_COMBINE_H
#define FILCH_COMBINE_H
/*
 * One accumulator for each worker, joined at the end.
 *
 *     struct filch_combinable counts;
 *     int code = filch_combinable_create(&counts, NULL, sizeof(struct histogram), NULL, NULL);
 *
 *     if (!code)
 *             code = filch_for(NULL, n, count, &counts, NULL);    (a body adds to
 *                                   filch_combinable_mine(&counts, w), without a lock)
 *     filch_combinable_join(&counts, add_histogram, &all);
 *     filch_combinable_destroy(&counts);
 *
 * In place of
 *
 *     init(ctx, &acc);
 *     for (size_t i = 0; i < n; i++)
 *             add item i to acc;
 *     join(ctx, &all, &acc);
 *
 * with an acc for each worker: a call of init and of join for each, and nothing for an item but
 * finding the worker's own.  Memory: one accumulator for each worker, rounded up to 128 bytes.
 *
 * Which worker gets which items differs from run to run: for what is the same in any order, such as
 * counts.  filch_reduce() is for sums that are to have the same bits.
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Yours; filled in by filch_combinable_create(). */
struct filch_combinable {
	void *ctx_;
	char *slots_;
	size_t size_, stride_;
	unsigned width_;
};

/*
 * An accumulator of `size` bytes, aligned to 128, for each worker of the pool, made by init(ctx, acc)
 * (NULL = all bytes zero).  It is for the calls that one thread makes on this pool, one after the
 * other: two threads that call at the same time need one each, as does a call inside a call.
 * Errors: FILCH_EINVAL (c is NULL, size is 0 or too large), FILCH_ENOMEM, FILCH_EFORK (the pool is
 * the parent's).  After an error c may be joined and destroyed: it has no accumulators.
 */
FILCH_API int filch_combinable_create(struct filch_combinable *c, filch_pool *pool, size_t size,
                                      void (*init)(void *ctx, void *acc), void *ctx);

/* The accumulator of the worker that runs this body; nobody else uses it meanwhile. */
FILCH_API void *filch_combinable_mine(const struct filch_combinable *c, const filch_worker *w);

/* join(ctx, out, acc) for each accumulator, in the order of their workers; on the calling thread. */
FILCH_API void filch_combinable_join(const struct filch_combinable *c,
                                     void (*join)(void *ctx, void *left, const void *right),
                                     void *out);

/* Gives the memory back. */
FILCH_API void filch_combinable_destroy(struct filch_combinable *c);

#ifdef __cplusplus
}
#endif
#endif
