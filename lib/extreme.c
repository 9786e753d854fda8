/* SPDX-License-Identifier: MIT */
/*
 * The least and the greatest element of an array, and where it stands.  A block is gone through in
 * eight lanes for the value alone, and only the block that it was first seen in is remembered;
 * where in that it stands is looked up in the end.
 */
#include "reduce_array.h"

enum { EXTREME_BLOCK = 256, EXTREME_LANES = 8 };

#define EXTREME_INF ((double)__builtin_inf())
#define EXTREME_INFF (__builtin_inff())

/*
 * filch_NAME(): of type T.  `a BEFORE b` is whether a is more extreme than b, LAST is the least
 * extreme value there is.  A comparison with a NaN is false, so that none gets into a lane.
 */
#define EXTREME(NAME, T, BEFORE, LAST)                                                                  \
	struct NAME {                                                                                   \
		T value;                                                                                \
		size_t block; /* where a block begins that has the value; SIZE_MAX: none before LAST */ \
	};                                                                                              \
                                                                                                        \
	static inline T NAME##_of(T a, T b)                                                             \
	{                                                                                               \
		return b BEFORE a ? b : a;                                                              \
	}                                                                                               \
                                                                                                        \
	static T NAME##_left(T value, const T *x, size_t n)                                             \
	{                                                                                               \
		for (size_t i = 0; i < n; i++)                                                          \
			value = NAME##_of(value, x[i]);                                                 \
		return value;                                                                           \
	}                                                                                               \
                                                                                                        \
	static T NAME##_block(T value, const T *x, size_t n)                                            \
	{                                                                                               \
		T a = value, b = a, c = a, d = a, e = a, f = a, g = a, h = a;                           \
                                                                                                        \
		for (; n >= EXTREME_LANES; n -= EXTREME_LANES, x += EXTREME_LANES) {                    \
			a = NAME##_of(a, x[0]), b = NAME##_of(b, x[1]);                                 \
			c = NAME##_of(c, x[2]), d = NAME##_of(d, x[3]);                                 \
			e = NAME##_of(e, x[4]), f = NAME##_of(f, x[5]);                                 \
			g = NAME##_of(g, x[6]), h = NAME##_of(h, x[7]);                                 \
		}                                                                                       \
		a = NAME##_of(a, e), b = NAME##_of(b, f), c = NAME##_of(c, g);                          \
		d = NAME##_of(d, h), a = NAME##_of(a, c), b = NAME##_of(b, d);                          \
		return NAME##_left(NAME##_of(a, b), x, n);                                              \
	}                                                                                               \
                                                                                                        \
	static void NAME##_init(void *ctx, void *acc)                                                   \
	{                                                                                               \
		const struct NAME none = {LAST, SIZE_MAX};                                              \
                                                                                                        \
		(void)ctx;                                                                              \
		*(struct NAME *)acc = none;                                                             \
	}                                                                                               \
                                                                                                        \
	static int NAME##_body(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)         \
	{                                                                                               \
		const T *x = ((const struct array *)ctx)->x;                                            \
		struct NAME best = {LAST, SIZE_MAX};                                                    \
                                                                                                        \
		(void)w;                                                                                \
		while (begin < end) {                                                                   \
			const size_t n =                                                                \
				end - begin < EXTREME_BLOCK ? end - begin : EXTREME_BLOCK;              \
			const T value = NAME##_block(best.value, x + begin, n);                         \
                                                                                                        \
			if (value BEFORE best.value)                                                    \
				best.block = begin;                                                     \
			best.value = value;                                                             \
			begin += n;                                                                     \
		}                                                                                       \
		*(struct NAME *)acc = best;                                                             \
		return 0;                                                                               \
	}                                                                                               \
                                                                                                        \
	static void NAME##_join(void *ctx, void *left, const void *right)                               \
	{                                                                                               \
		const struct NAME *r = right;                                                           \
		struct NAME *l = left;                                                                  \
                                                                                                        \
		(void)ctx;                                                                              \
		if (r->value BEFORE l->value)                                                           \
			*l = *r;                                                                        \
	}                                                                                               \
                                                                                                        \
	static const struct filch_reducer NAME##_reducer = {.size = sizeof(struct NAME),                \
	                                                    .init = NAME##_init,                        \
	                                                    .body = NAME##_body,                        \
	                                                    .join = NAME##_join};                       \
                                                                                                        \
	/* None before LAST: then LAST itself is the one, if it is there. */                            \
	static size_t NAME##_place(const T *x, size_t n, const struct NAME *best)                       \
	{                                                                                               \
		size_t i = best->block == SIZE_MAX ? 0 : best->block;                                   \
                                                                                                        \
		while (i < n && !(x[i] <= best->value && x[i] >= best->value))                          \
			i++;                                                                            \
		return i;                                                                               \
	}                                                                                               \
                                                                                                        \
	int filch_##NAME(filch_pool *pool, const T *x, size_t n, T *value, size_t *index,               \
	                 const struct filch_options *options)                                           \
	{                                                                                               \
		struct array a = {x, NULL};                                                             \
		struct NAME best;                                                                       \
		size_t place;                                                                           \
		int code;                                                                               \
                                                                                                        \
		if (!array_fits(x, n, sizeof *x))                                                       \
			return FILCH_EINVAL;                                                            \
		code = array_reduce(pool, &NAME##_reducer, &a, n, &best, options);                      \
		if (code)                                                                               \
			return code;                                                                    \
		place = NAME##_place(x, n, &best);                                                      \
		if (index)                                                                              \
			*index = place;                                                                 \
		if (value && place < n)                                                                 \
			*value = x[place];                                                              \
		return 0;                                                                               \
	}

EXTREME(min_f64, double, <, EXTREME_INF)
EXTREME(min_f32, float, <, EXTREME_INFF)
EXTREME(min_i64, int64_t, <, INT64_MAX)
EXTREME(max_f64, double, >, -EXTREME_INF)
EXTREME(max_f32, float, >, -EXTREME_INFF)
EXTREME(max_i64, int64_t, >, INT64_MIN)
