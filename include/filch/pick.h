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
 * A function that is told to stop, by filch_stopping(), may return early, with 0.  What it has not
 * answered counts for nothing, and so does what others have: the call returns FILCH_ECANCELED or
 * FILCH_ETIMEDOUT, and FILCH_ECANCELED inside a call that was stopped, though all items have started.
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

/* ---- find -------------------------------------------------------------------------- */

/*
 * Sets *found to the first index from begin to end - 1 that is looked for, and leaves it as it
 * is (it is `end`) if there is none.  0 = done; anything else stops the call.
 */
typedef int filch_find_fn(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w);

/*
 * The parallel version of
 *
 *     for (size_t i = 0; i < n; i++) {
 *             size_t found = i + 1;
 *             int code = find(ctx, i, i + 1, &found, w);
 *             if (code)
 *                     return code;
 *             if (found == i) {
 *                     *index = i;
 *                     return 0;
 *             }
 *     }
 *     *index = n;
 *     return 0;
 *
 * The first match at every width and on every run, whoever found one first; an error of find()
 * counts if it is below.  Little above a match starts once it is found.
 *
 * Errors are those of filch_for(); also FILCH_EINVAL if find or index is NULL.  After an error
 * *index is n.  A match counts only if all below it has been asked about: of a call that was stopped
 * before, FILCH_ECANCELED or FILCH_ETIMEDOUT is returned, whatever was found above.  Codes below
 * -1,000,000,000 are none of yours here.
 *
 * Without options the indices are gone through in windows, each four times as long as the one before,
 * so that the workers are where the match is, and not all over the range.
 * With options it is one loop, and a match counts as a failure in its report.  No memory is used.
 *
 * Each index below the match is asked about once, of those above it without options at most some
 * three times as many and 1023 more, with options those of chunks that had begun.  O(n) if there is
 * none.
 */
FILCH_API int filch_find(filch_pool *pool, size_t n, filch_find_fn *find, void *ctx, size_t *index,
                         const struct filch_options *options);

/* ---- count --------------------------------------------------------------------------- */

/* Adds to *count how many from begin to end - 1 count.  0 = go on; anything else stops the call. */
typedef int filch_count_fn(void *ctx, size_t begin, size_t end, size_t *count, filch_worker *w);

/*
 * The parallel version of
 *
 *     size_t k = 0;
 *     for (size_t i = 0; i < n; i++) {
 *             int code = f(ctx, i, i + 1, &k, w);
 *             if (code)
 *                     return code;
 *     }
 *     *count = k;
 *     return 0;
 *
 * Errors as for filch_for(); also FILCH_EINVAL if f or count is NULL.  After an error *count
 * is 0.  O(n); 64 bytes for each worker, and without them the caller counts alone.
 */
FILCH_API int filch_count(filch_pool *pool, size_t n, filch_count_fn *f, void *ctx, size_t *count,
                          const struct filch_options *options);

/* Sets key[i - begin] for each i from begin to end - 1.  0 = go on; anything else stops the call. */
typedef int filch_key_fn(void *ctx, size_t begin, size_t end, uint32_t *key, filch_worker *w);

/*
 * The parallel version of
 *
 *     memset(counts, 0, bins * sizeof *counts);
 *     for (size_t i = 0; i < n; i++) {
 *             uint32_t k;
 *             int code = key(ctx, i, i + 1, &k, w);
 *             if (code)
 *                     return code;
 *             if (k < bins)
 *                     counts[k]++;
 *     }
 *     return 0;
 *
 * An item with a key of `bins` or above is counted nowhere.  counts is an array of `bins`.
 *
 * Errors as for filch_for(); also FILCH_EINVAL if key is NULL, counts is NULL with bins above 0,
 * or bins are more than 2^32 - 1.  After any other error all counts are 0.
 *
 * O(n + bins).  With few bins for its items, each worker counts in bins of its own, which are
 * added up at the end: memory of bins for each of them.  With many, the keys are written down and
 * counted by the caller, or if both are very many, first sorted by their upper bits, and counted by
 * ranges that fit a cache: 4 or 8 bytes for each item.  Without memory the caller does it alone.
 */
FILCH_API int filch_histogram(filch_pool *pool, size_t n, filch_key_fn *key, void *ctx, size_t bins,
                              size_t *counts, const struct filch_options *options);

#ifdef __cplusplus
}
#endif
#endif
