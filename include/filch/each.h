/* SPDX-License-Identifier: MIT */
#ifndef FILCH_EACH_H
#define FILCH_EACH_H
/*
 * Work that is a list of functions, and work that grows while it is done.
 *
 *     static int visit(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
 *     {
 *             struct page *const *page = item;
 *             int code = read_page(ctx, *page, w);
 *
 *             for (size_t i = 0; i < (*page)->links && !code; i++)
 *                     if (is_new(ctx, (*page)->link[i]))
 *                             code = filch_feed(feeder, &(*page)->link[i]);
 *             return code;
 *     }
 *
 *     filch_for_each(NULL, &first_page, 1, visit, ctx, NULL);
 *
 * Options are those of filch_run().
 */
#include "fork.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The parallel version of
 *
 *     int code = 0;
 *     for (size_t i = 0; i < n; i++) {
 *             int other = fn[i](arg[i], w);
 *             code = code ? code : other;
 *     }
 *     return code;
 *
 * All of them run, maybe at once, whatever the others return; the code is that of the first in
 * the list that failed.  arg may be NULL: all get NULL then.  Any of them may fork.
 * Errors: those of filch_run(); FILCH_EINVAL if n is above 0 and fn or one of them is NULL.
 *
 * n calls and n - 1 forks, by halves: no memory but the stack of some log2(n) calls.  To report and
 * progress the call is one item, as that of filch_run() is.
 */
FILCH_API int filch_invoke(filch_pool *pool, size_t n, filch_fn *const *fn, void *const *arg,
                           const struct filch_options *options);

/* Where an item puts others; the item's own, until its function returns. */
struct filch_feeder;

/*
 * Handles one item, which is gone when it returns; it may feed others.  0 = go on; anything else
 * stops the call.
 */
typedef int filch_each_fn(void *ctx, const void *item, struct filch_feeder *feeder,
                          filch_worker *w);

/*
 * The parallel version of
 *
 *     put all items into a bag;
 *     while (there is something in the bag) {
 *             take any item out;
 *             int code = fn(ctx, item, feeder, w);      (it may put others in)
 *             if (code)
 *                     return code;
 *     }
 *     return 0;
 *
 * Every item is handled once, in no order that may be counted on; the call returns when none is
 * left and none is being handled.  An item that was fed can be taken by another worker at once, not
 * only when the one that fed it has ended.  The macro takes the size of an item from its type.
 *
 * Errors: when an item fails nothing starts any more, unless keep_going is set.  The code is that of an item that failed; if
 * several did at the same time, of any one of them.  filch_stopping() in an item tells that the call
 * is to end, if no cancel token was given that tells otherwise.  Also those of filch_run(),
 * FILCH_EINVAL if fn is NULL, items is NULL with n above 0, items have no size, or n of them
 * are more than memory can hold, and FILCH_ECANCELED or FILCH_ETIMEDOUT if something had not
 * started when the call was stopped.  INT_MIN is no code of yours here.
 *
 * Of the options, status and first_error make no sense: FILCH_EINVAL.  To report and progress the
 * call is one item, since nobody knows how many there will be: progress is told when all has been
 * done; in the report items, chunk_min and chunk_max are 1, chunks counts the call and the parts of
 * it that other workers took, and cost_ns is all of the work.
 *
 * One call of fn for each item, and besides it about 12 ns with one worker and 25 with more; it is
 * for what takes longer.  Many short ones that feed nothing are for filch_for().
 *
 * Memory: a place for every item that waits, about 100 bytes and its own, in blocks of 64 that
 * are used again and are freed with the call.  The items given are not copied.  The stack does not
 * grow with the length of a chain of items, nor with how many were fed.
 */
#define filch_for_each(pool, items, n, fn, ctx, options)                                           \
	filch_for_each_sized((pool), (items), sizeof *(items), (n), (fn), (ctx), (options))

/* filch_for_each() with the size of an item in bytes. */
FILCH_API int filch_for_each_sized(filch_pool *pool, const void *items, size_t item_bytes, size_t n,
                                   filch_each_fn *fn, void *ctx,
                                   const struct filch_options *options);

/*
 * Copies one more item for the call to handle.  For the function that was handed the feeder, on its
 * thread: not from loops and tasks inside it, nor between a fork of its own and the join.
 *
 * Without memory the item is handled here and now, before filch_feed() returns.  That nests: at the
 * 64th such item inside another, FILCH_ENOMEM is returned, and the item is still the caller's.
 * Otherwise 0, also if the call is stopping and the item will not be handled.
 */
FILCH_API int filch_feed(struct filch_feeder *feeder, const void *item);

#ifdef __cplusplus
}
#endif
#endif
