/* SPDX-License-Identifier: MIT */
#ifndef FILCH_PICK_H
#define FILCH_PICK_H
/*
 * Picking items: keep some of them, part them in two, find the first, count them.
 *
 *     static int mark_negative(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *w)
 *     {
 *             const float *x = ctx;
 *             (void)w;
 *             for (size_t i = begin; i < end; i++)
 *                     mark[i - begin] = x[i] < 0;
 *             return 0;
 *     }
 *
 *     filch_filter(NULL, x, n, negative, &count, mark_negative, x, NULL);
 *
 * What is picked is said by functions over a range of indices, as a body's, so that the
 * compiler can vectorise them and no call is paid for each item.  They get at the items
 * through ctx, and may go by anything else that index i stands for.  Each index is asked about
 * once at most, and what was answered is not asked again: a function that answers by chance gets
 * what it answered.
 *
 * Options are those of filch_for(), for the loop that asks: an item of it is an index, a
 * failure is that of the function.  keep_going makes no sense here: FILCH_EINVAL.
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sets mark[i - begin] for each i from begin to end - 1: true means that item i is picked.
 * 0 = go on; anything else stops the call, and filch_fail() tells at which item, as in any body.
 */
typedef int filch_mark_fn(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *w);

/* ---- filter, partition ------------------------------------------------------------ */

/*
 * The parallel version of
 *
 *     size_t k = 0;
 *     for (size_t i = 0; i < n; i++) {
 *             bool picked;
 *             int code = mark(ctx, i, i + 1, &picked, w);
 *             if (code)
 *                     return code;
 *             if (picked)
 *                     out[k++] = items[i];
 *     }
 *     *kept = k;
 *     return 0;
 *
 * The picked items stand in out in the order in which they stood in items.  out has room for n
 * and may be items itself, else they do not overlap; kept may be NULL.  The macro takes the size
 * of an item from its type.  out beyond *kept holds anything.
 *
 * Errors are those of filch_for(); also FILCH_EINVAL if mark is NULL, items or out is NULL with
 * n above 0, items have no size, or n of them are more than memory can hold.  After any error
 * *kept is 0 and out holds anything: if it is items itself, items may be lost.
 *
 * O(n).  Each worker packs its ranges where they stand, and about half of what was picked is
 * moved once more, to its place.  Memory: about a hundred bytes for each worker and each steal;
 * if there is none to be had, the caller does it alone.
 */
#define filch_filter(pool, items, n, out, kept, mark, ctx, options)                                \
	filch_filter_sized((pool), (items), sizeof *(items), (n), (out), (kept), (mark), (ctx),    \
	                   (options))

/* filch_filter() with the size of an item in bytes. */
FILCH_API int filch_filter_sized(filch_pool *pool, const void *items, size_t item_bytes, size_t n,
                                 void *out, size_t *kept, filch_mark_fn *mark, void *ctx,
                                 const struct filch_options *options);

/*
 * Parts an array in two, in place: first the picked items, then the others, both in the order
 * in which they stood before.  *first is how many were picked, and may be NULL.
 *
 * Errors as for filch_filter().  After an error *first is 0 and the array holds what it held,
 * in another order: nothing is lost.
 *
 * O(n) and scratch memory of n items, of which only as much is touched as is not picked.  If
 * there is none to be had, the caller does it alone, without, in O(n log n).
 */
#define filch_partition(pool, items, n, first, mark, ctx, options)                                 \
	filch_partition_sized((pool), (items), sizeof *(items), (n), (first), (mark), (ctx),       \
	                      (options))

/* filch_partition() with the size of an item in bytes. */
FILCH_API int filch_partition_sized(filch_pool *pool, void *items, size_t item_bytes, size_t n,
                                    size_t *first, filch_mark_fn *mark, void *ctx,
                                    const struct filch_options *options);

#ifdef __cplusplus
}
#endif
#endif
