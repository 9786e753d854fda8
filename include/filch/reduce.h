/* SPDX-License-Identifier: MIT */
#ifndef FILCH_REDUCE_H
#define FILCH_REDUCE_H
/*
 * Reductions: many items make one value.
 *
 *     struct moments { double sum, squares; };
 *
 *     static int add(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
 *     {
 *             const double *x = ctx;
 *             struct moments *m = acc;
 *             (void)w;
 *             for (size_t i = begin; i < end; i++) {
 *                     m->sum += x[i];
 *                     m->squares += x[i] * x[i];
 *             }
 *             return 0;
 *     }
 *
 *     static void join(void *ctx, void *left, const void *right)
 *     {
 *             struct moments *l = left;
 *             const struct moments *r = right;
 *             (void)ctx;
 *             l->sum += r->sum;
 *             l->squares += r->squares;
 *     }
 *
 *     static const struct filch_reducer moments = {
 *             .size = sizeof(struct moments), .body = add, .join = join};
 *
 *     filch_reduce(NULL, n, &moments, x, &result, NULL);
 *
 * What is joined with what depends on n and on the reducer alone: the result has the same bits
 * at every width, on every pool, however the work was cut and whoever did it.
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- any reduction --------------------------------------------------------------------- */

/* Adds items begin .. end - 1, in that order, to *acc.  0 = go on; anything else stops the call. */
typedef int filch_reduce_body(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w);

/* How items become one value.  Yours; must live until the call returns. */
struct filch_reducer {
	size_t size;                        /* of an accumulator, in bytes; not 0 */
	void (*init)(void *ctx, void *acc); /* makes it that of no items (0 = all bytes zero) */
	filch_reduce_body *body;            /* adds items to it */
	void (*join)(void *ctx, void *left, /* adds to *left, that of some items, *right, that */
	             const void *right);    /* of those that follow; must be associative */
	size_t leaf;                        /* items in each leaf but the last (0 = see below) */
};

/*
 * The parallel version of
 *
 *     init(ctx, out);
 *     return n ? body(ctx, 0, n, out, w) : 0;
 *
 * done leaf by leaf: items 0 .. leaf - 1 are added to one accumulator, by one call of body, the
 * next `leaf` items to the next one, and so on.  Neighbours are then joined in a tree: 2^k leaves,
 * beginning at a multiple of that, with the 2^k behind them, or as many as there are.  So
 * join() needs to be associative, and if it is only nearly so, as a sum of doubles, the result is
 * nevertheless the same each time.  It need not be commutative.
 *
 * body and join may run at the same time on different accumulators, on any worker of the pool.
 * An accumulator up to 64 bytes is aligned to 64, a larger one as malloc() does it; out is the
 * first leaf's.  Accumulators are not finished in any way: after an error they are dropped.
 *
 * A leaf of 0 is a compromise that knows only n: the lowest power of two that makes at most 32
 * leaves, but no more than 2048 unless there were more than 1024 leaves: 4 for n = 100, 32 for
 * 1000, 2048 up to 2 million, 131072 for 10^8.  A leaf costs 5 to 10 ns.  Say 1 where an item
 * takes long, and thousands where n is small and it takes next to nothing.
 *
 * Errors are those of filch_for(): the code of the lowest leaf that failed.  Also FILCH_EINVAL
 * (out, reducer, its body or join is NULL, its size is 0, or options have keep_going or status,
 * which make no sense here), FILCH_ENOMEM (an accumulator larger than 64 bytes could not be
 * had).  After any error *out holds anything.  A body that is told to stop, by filch_stopping(), may
 * return early, with 0: then the call returns FILCH_ECANCELED or FILCH_ETIMEDOUT though all items have
 * started, and FILCH_ECANCELED inside a call that was stopped.
 *
 * Options: first_error is the first item of the leaf that failed, or n.  chunk, min_chunk, max_chunk,
 * cost_ns and the report count items; they are rounded to pieces, and so do progress and
 * pause_ns count: a piece is a leaf, or 2^k neighbouring ones where there are more than 1024.
 *
 * One call of body and of init for each leaf, and leaves - 1 of join.  Memory: 64 bytes for each
 * piece, and for those of up to 64 bytes no call fails for want of it; larger ones live from
 * their leaf's beginning until they are joined, mostly some log2(leaves) for each worker.
 */
FILCH_API int filch_reduce(filch_pool *pool, size_t n, const struct filch_reducer *reducer,
                           void *ctx, void *out, const struct filch_options *options);

/* ---- arrays ------------------------------------------------------------------------------- */

/*
 * Reductions of arrays.  Errors: FILCH_EINVAL (an array is NULL with n above 0, or larger than
 * memory; out is NULL), and those of filch_for().  Options as for filch_reduce(), except that there
 * are no bodies that could fail; pieces are of 8192 elements, or of as many times 2 as make at
 * most 1024 of them.  O(n); no memory but the stack.
 */

/*
 * *out = x[0] + x[1] + ... + x[n - 1]; 0 for n = 0.
 * Those of doubles and floats are pairwise sums: 16 partial sums in each 1024 elements, element i
 * being part of sum i mod 16, those added in pairs, and blocks as the leaves of a reduction.
 * The error is at most about (68 + log2(n / 1024)) / 2^53 of the sum of all |x[i]|, in place of the
 * (n - 1) / 2^53 of adding one after the other (see Higham, "The accuracy of floating point
 * summation", 1993).  Floats are added as doubles.
 * Those of integers wrap around: exact modulo 2^64.
 */
FILCH_API int filch_sum_f64(filch_pool *pool, const double *x, size_t n, double *out,
                            const struct filch_options *options);
FILCH_API int filch_sum_f32(filch_pool *pool, const float *x, size_t n, double *out,
                            const struct filch_options *options);
FILCH_API int filch_sum_i64(filch_pool *pool, const int64_t *x, size_t n, int64_t *out,
                            const struct filch_options *options);

/*
 * *out = x[0] * y[0] + ... + x[n - 1] * y[n - 1]; added as above, each product rounded once as a
 * double (those of floats are exact).  x and y may be the same array.
 */
FILCH_API int filch_dot_f64(filch_pool *pool, const double *x, const double *y, size_t n,
                            double *out, const struct filch_options *options);
FILCH_API int filch_dot_f32(filch_pool *pool, const float *x, const float *y, size_t n, double *out,
                            const struct filch_options *options);
FILCH_API int filch_dot_i64(filch_pool *pool, const int64_t *x, const int64_t *y, size_t n,
                            int64_t *out, const struct filch_options *options);

/*
 * The parallel version of
 *
 *     *index = n;
 *     for (size_t i = 0; i < n; i++)
 *             if (x[i] == x[i] && (*index == n || x[i] < x[*index]))
 *                     *index = i;
 *     if (*index < n)
 *             *value = x[*index];
 *
 * (max: with > in place of <): the first of the least elements and its place.  NaNs are passed
 * over; if there is no other element *index is n, and *value is left as it is.  -0.0 and 0.0 are
 * equal, so the first of them counts.  Either of value and index may be NULL.
 */
FILCH_API int filch_min_f64(filch_pool *pool, const double *x, size_t n, double *value,
                            size_t *index, const struct filch_options *options);
FILCH_API int filch_min_f32(filch_pool *pool, const float *x, size_t n, float *value, size_t *index,
                            const struct filch_options *options);
FILCH_API int filch_min_i64(filch_pool *pool, const int64_t *x, size_t n, int64_t *value,
                            size_t *index, const struct filch_options *options);
FILCH_API int filch_max_f64(filch_pool *pool, const double *x, size_t n, double *value,
                            size_t *index, const struct filch_options *options);
FILCH_API int filch_max_f32(filch_pool *pool, const float *x, size_t n, float *value, size_t *index,
                            const struct filch_options *options);
FILCH_API int filch_max_i64(filch_pool *pool, const int64_t *x, size_t n, int64_t *value,
                            size_t *index, const struct filch_options *options);

#ifdef __cplusplus
}
#endif
#endif
