/* SPDX-License-Identifier: MIT */
#ifndef FILCH_REDUCE_ARRAY_H
#define FILCH_REDUCE_ARRAY_H
/* What the reductions of arrays have in common: leaves of a power of two elements, so that a tree
 * within them and that over them are one.  It uses the public headers alone. */
#include <filch/reduce.h>

#include "many.h"

enum {
	ARRAY_LEAF = MANY(8192, 64), /* less than a microsecond, and at least a third of it */
	ARRAY_LEAVES = 1024          /* if there are more, they are larger ones */
};

struct array {
	const void *x, *y;
};

static inline bool array_fits(const void *x, size_t n, size_t bytes)
{
	return (x || !n) && n <= SIZE_MAX / bytes;
}

static inline size_t array_leaf(size_t n)
{
	size_t leaf = ARRAY_LEAF;

	while (n / leaf > ARRAY_LEAVES - 1)
		leaf *= 2;
	return leaf;
}

/* What is short and for nobody's eyes is done at once: its bodies take no notice of a worker. */
static inline int array_reduce(filch_pool *pool, const struct filch_reducer *reducer,
                               struct array *a, size_t n, void *out,
                               const struct filch_options *options)
{
	struct filch_reducer r = *reducer;

	if (n <= ARRAY_LEAF && !pool && !options)
		return reducer->body(a, 0, n, out, NULL);
	r.leaf = array_leaf(n);
	return filch_reduce(pool, n, &r, a, out, options);
}

#endif
