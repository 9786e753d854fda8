/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SCAN_H
#define FILCH_SCAN_H
/*
 * Scans, or prefix sums: each element becomes the sum of all up to it, or before it, for any
 * associative operation.
 *
 *     static void larger(void *ctx, void *left, const void *right)
 *     {
 *             (void)ctx;
 *             if (*(const int *)right > *(const int *)left)
 *                     *(int *)left = *(const int *)right;
 *     }
 *
 *     static const struct filch_scanner highest = {.size = sizeof(int), .join = larger};
 *
 *     filch_scan(NULL, x, n, highest_so_far, &highest, NULL, NULL);
 */
#include "../filch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is added, and how.  Yours; must live until the call returns. */
struct filch_scanner {
	size_t size;                        /* of an element, in bytes; not 0 */
	void (*join)(void *ctx, void *left, /* adds what follows it, *right, to *left */
	             const void *right);
	bool exclusive;                     /* each becomes the sum of those before it */
	void (*init)(void *ctx, void *acc); /* then the first becomes this (0 = all bytes zero) */
};

/*
 * The parallel version of
 *
 *     acc = in[0];                               // exclusive: init(ctx, &acc)
 *     out[0] = acc;
 *     for (size_t i = 1; i < n; i++) {
 *             join(ctx, &acc, &in[i]);           // exclusive: &in[i - 1]
 *             out[i] = acc;
 *     }
 *
 * out may be in; else they do not overlap.  join() is called on any worker, also with sums of many
 * elements as *right, so it must be associative; it need not be commutative.  If it is only nearly
 * associative, as the addition of doubles, the result has the same bits all the same, at
 * every width and each time: blocks of 4096 elements, or of 32 KB of larger ones, are
 * summed each by itself, one after the other as above; the sums are added in order, and
 * what comes before a block is what its elements are added to.  Up to one block is the loop above.
 *
 * Options: label, max_workers, cancel, timeout_ns and report; any other is FILCH_EINVAL.  The
 * report is of the call, and counts blocks, twice those that two workers went through.
 * Errors: those of filch_for(); FILCH_EINVAL (in or out is NULL with n above 0, they are more than
 * memory can hold, scanner or its join is NULL, its size is 0); FILCH_ENOMEM (only if
 * an element is larger than 1 KB).  After one of the loop's, out holds anything.  A call that join()
 * makes may be cut short with this one; then the code of this one says so.
 *
 * O(n), up to 2 n calls of join.  It goes through the array 128 blocks at a time, so that what is
 * read a second time, where several workers take part, is still in a cache.  Memory: 516 elements.
 */
FILCH_API int filch_scan(filch_pool *pool, const void *in, size_t n, void *out,
                         const struct filch_scanner *scanner, void *ctx,
                         const struct filch_options *options);

/*
 * The same for the sums of numbers, from 0; a block is summed in eight lanes.  Those of integers
 * wrap around.  Of those of doubles the error is at most about (4700 + n / 4096) / 2^53 of the sum of all
 * |x[i]|, in place of the (n - 1) / 2^53 of adding one after the other.  No memory, no FILCH_ENOMEM.
 */
FILCH_API int filch_scan_f64(filch_pool *pool, const double *in, size_t n, double *out,
                             bool exclusive, const struct filch_options *options);
FILCH_API int filch_scan_i64(filch_pool *pool, const int64_t *in, size_t n, int64_t *out,
                             bool exclusive, const struct filch_options *options);

#ifdef __cplusplus
}
#endif
#endif
