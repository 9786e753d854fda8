/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SORT_H
#define FILCH_SORT_H
/*
 * Sorting and merging.
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Which of two elements comes first: below 0 for a, above 0 for b, 0 if they are alike.  Called
 * on many threads at once, with elements of the array or copies of them.
 */
typedef int filch_compare(const void *a, const void *b, void *ctx);

/*
 * The parallel version of
 *
 *     qsort_r(base, n, size, compare, ctx);
 *
 * and stable: elements that are alike keep their order.  The result is thus the same on every
 * run and at any width.  base is yours, n elements of size bytes each; elements are moved
 * with memcpy().
 *
 * Order that is there is made use of: what is sorted, reversed, all alike, or rises and
 * then falls takes about n comparisons; many elements of which only k differ about
 * n (2 + log2(k)); anything else at most about n log2(n).
 * A comparison that contradicts itself leads to some order of the same elements: none
 * is lost, nothing else is touched.
 *
 * Memory: n elements and, for many, two bytes for each, from malloc(); without it the array is
 * sorted in place, stable too, in up to about n log2(n)^2 / 2 steps.  It does not fail for
 * want of memory.
 *
 * Options are those of filch_run(): the call is one item, whatever n is.  progress is told when all
 * has been done; in the report items, chunk_min and chunk_max are 1, chunks counts the call and the
 * parts of it that other workers took, and cost_ns is all of the work.  Once a call is cancelled or
 * out of time it stops soon: the array has all its elements, in some order.  If that comes at the
 * very end the code is the same, though all may be in order.
 * Errors: FILCH_EINVAL (compare is NULL, or base while there are elements; n elements are more
 * than memory can hold; the options make no sense), FILCH_ECANCELED, FILCH_ETIMEDOUT,
 * FILCH_ECLOSED, FILCH_EFORK.
 *
 * A merge sort whose merges are cut in two where the halves of the result meet ("merge path":
 * Odeh, Green, Mwassi, Shmueli, Birk 2012), and are done from several places at once, without
 * branches (as in Bergdoll and Peters' driftsort, 2024); many elements are first laid into buckets
 * by a sample (Sanders and Winkel's super scalar sample sort, 2004).  Without memory: SymMerge
 * (Kim and Kutzner 2004).
 */
FILCH_API int filch_sort(filch_pool *pool, void *base, size_t n, size_t size,
                         filch_compare *compare, void *ctx, const struct filch_options *options);

/*
 * The parallel versions of qsort() of an array of numbers; several times as fast as filch_sort(),
 * since they sort by bits and compare nothing.  The result is the same on every run and at any
 * width, to the bit: floating point numbers stand in this order: -infinity ... -0, +0 ... infinity,
 * NaNs without a sign by rising bits, NaNs with one by falling bits.
 *
 * Steps proportional to n, at most n for every bit.  An array that rises or falls is read once, and
 * a large one that seldom turns is merged.  Memory: n elements, from malloc(), and some 50 KiB of the
 * stack; without the former bit by bit in place.
 * Options and errors as for filch_sort(), without the one for compare.
 *
 * Radix sort from the highest bits that differ (McIlroy, Bostic, McIlroy 1993), counts and places
 * of a round by all workers.
 */
FILCH_API int filch_sort_i64(filch_pool *pool, int64_t *x, size_t n,
                             const struct filch_options *options);
FILCH_API int filch_sort_u64(filch_pool *pool, uint64_t *x, size_t n,
                             const struct filch_options *options);
FILCH_API int filch_sort_i32(filch_pool *pool, int32_t *x, size_t n,
                             const struct filch_options *options);
FILCH_API int filch_sort_u32(filch_pool *pool, uint32_t *x, size_t n,
                             const struct filch_options *options);
FILCH_API int filch_sort_f64(filch_pool *pool, double *x, size_t n,
                             const struct filch_options *options);
FILCH_API int filch_sort_f32(filch_pool *pool, float *x, size_t n,
                             const struct filch_options *options);

/*
 * filch_sort() of n pointers to strings in the order of strcmp(), stable, and faster: eight bytes
 * of each string, after those that all have in common, are kept beside its pointer.  Strings that
 * are in order are read once.
 * Memory: four times the array, from malloc(); without it the array is sorted in place.  Options
 * and errors as for filch_sort().
 */
FILCH_API int filch_sort_strings(filch_pool *pool, const char **x, size_t n,
                                 const struct filch_options *options);

/*
 * The parallel version of
 *
 *     while (na || nb)
 *             *out++ = nb && (!na || compare(b, a, ctx) < 0) ? (nb--, *b++) : (na--, *a++);
 *
 * for a and b that are sorted: the elements of both in one sequence; of those that are alike the
 * ones of a come first, and all keep their order.  The same result at any width.  The arrays
 * are yours; out has room for na + nb elements of size bytes and overlaps with neither.
 * At most na + nb comparisons and some log2(na + nb) more for every 4096 elements, an eighth of
 * them where one is much shorter than the other, and none where all of one lies above the other; no
 * memory.
 * Where a or b is not sorted, or the comparison contradicts itself, out has the same elements in
 * some order.
 *
 * Options and errors as for filch_sort(); what out holds after FILCH_ECANCELED or FILCH_ETIMEDOUT
 * is not defined.
 */
FILCH_API int filch_merge(filch_pool *pool, const void *a, size_t na, const void *b, size_t nb,
                          void *out, size_t size, filch_compare *compare, void *ctx,
                          const struct filch_options *options);

#ifdef __cplusplus
}
#endif
#endif
