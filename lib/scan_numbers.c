/* SPDX-License-Identifier: MIT */
/* Scans of numbers: what a block of them is. */
#include "scan_parts.h"

#include <stdint.h>

/* ---- blocks of numbers ---------------------------------------------------------------- */

/* One element, into a sum of a lane and into the chain; x may be y. */
#define SCAN_STEP(LANE, I)                                                                         \
	{                                                                                          \
		x_i = x[I];                                                                        \
		LANE += x_i;                                                                       \
		if (exclusive)                                                                     \
			y[I] = acc;                                                                \
		acc += x_i;                                                                        \
		if (!exclusive)                                                                    \
			y[I] = acc;                                                                \
	}

/* What is only summed is so in eight lanes, which do not wait for each other. */
#define SCAN_NUMBERS(NAME, T)                                                                      \
	static T NAME##_sum(const T *x, size_t n)                                                  \
	{                                                                                          \
		T a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;                          \
                                                                                                   \
		for (; n >= 8; n -= 8, x += 8) {                                                   \
			a += x[0], b += x[1], c += x[2], d += x[3];                                \
			e += x[4], f += x[5], g += x[6], h += x[7];                                \
		}                                                                                  \
		a = ((a + e) + (c + g)) + ((b + f) + (d + h));                                     \
		for (size_t i = 0; i < n; i++)                                                     \
			a += x[i];                                                                 \
		return a;                                                                          \
	}                                                                                          \
                                                                                                   \
	static T NAME##_inclusive(const T *x, T *y, size_t n, T acc)                               \
	{                                                                                          \
		for (size_t i = 0; i < n; i++)                                                     \
			y[i] = acc += x[i];                                                        \
		return acc;                                                                        \
	}                                                                                          \
                                                                                                   \
	static T NAME##_exclusive(const T *x, T *y, size_t n, T acc)                               \
	{                                                                                          \
		for (size_t i = 0; i < n; i++) {                                                   \
			const T x_i = x[i];                                                        \
                                                                                                   \
			y[i] = acc;                                                                \
			acc += x_i;                                                                \
		}                                                                                  \
		return acc;                                                                        \
	}                                                                                          \
                                                                                                   \
	static void NAME##_from(const struct scan *s, size_t begin, size_t end, char *acc,         \
	                        bool writes)                                                       \
	{                                                                                          \
		const T *x = (const T *)(const void *)s->in + begin;                               \
		T *y = (T *)(void *)s->out + begin, *sum = (T *)(void *)acc;                       \
                                                                                                   \
		*sum = !writes            ? NAME##_sum(x, end - begin)                             \
		       : s->by->exclusive ? NAME##_exclusive(x, y, end - begin, *sum)              \
		                          : NAME##_inclusive(x, y, end - begin, *sum);             \
	}                                                                                          \
                                                                                                   \
	/* The sums do not wait for the chain of additions. */                                     \
	static inline __attribute__((always_inline))                                               \
	T NAME##_sum_and_write(const T *x, T *y, size_t n, T acc, bool exclusive)                  \
	{                                                                                          \
		T a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, x_i;                     \
                                                                                                   \
		for (; n >= 8; n -= 8, x += 8, y += 8) {                                           \
			SCAN_STEP(a, 0)                                                            \
			SCAN_STEP(b, 1)                                                            \
			SCAN_STEP(c, 2)                                                            \
			SCAN_STEP(d, 3)                                                            \
			SCAN_STEP(e, 4) SCAN_STEP(f, 5) SCAN_STEP(g, 6) SCAN_STEP(h, 7)            \
		}                                                                                  \
		a = ((a + e) + (c + g)) + ((b + f) + (d + h));                                     \
		for (size_t i = 0; i < n; i++)                                                     \
			SCAN_STEP(a, i)                                                            \
		return a;                                                                          \
	}                                                                                          \
                                                                                                   \
	static void NAME##_both(const struct scan *s, size_t begin, size_t end, char *acc,         \
	                        char *own)                                                         \
	{                                                                                          \
		const T *x = (const T *)(const void *)s->in + begin;                               \
		T *y = (T *)(void *)s->out + begin, before = *(T *)(void *)acc;                    \
                                                                                                   \
		*(T *)(void *)own =                                                                \
			s->by->exclusive ? NAME##_sum_and_write(x, y, end - begin, before, true)   \
					 : NAME##_sum_and_write(x, y, end - begin, before, false); \
	}                                                                                          \
                                                                                                   \
	static void NAME(const struct scan *s, size_t begin, size_t end, char *acc, bool writes)   \
	{                                                                                          \
		*(T *)(void *)acc = 0;                                                             \
		NAME##_from(s, begin, end, acc, writes);                                           \
	}                                                                                          \
                                                                                                   \
	static int NAME##_small(filch_pool *pool, const T *x, size_t n, T *y, bool exclusive)      \
	{                                                                                          \
		const int code = filch__scan_pool_check(pool);                                     \
                                                                                                   \
		if (code)                                                                          \
			return code;                                                               \
		if (exclusive)                                                                     \
			NAME##_exclusive(x, y, n, 0);                                              \
		else                                                                               \
			NAME##_inclusive(x, y, n, 0);                                              \
		return 0;                                                                          \
	}                                                                                          \
                                                                                                   \
	static void NAME##_join(void *ctx, void *left, const void *right)                          \
	{                                                                                          \
		(void)ctx;                                                                         \
		*(T *)left += *(const T *)right;                                                   \
	}                                                                                          \
                                                                                                   \
	static const struct filch_scanner NAME##_by[2] = {                                         \
		{.size = sizeof(T), .join = NAME##_join},                                          \
		{.size = sizeof(T), .join = NAME##_join, .exclusive = true}};

SCAN_NUMBERS(scan_doubles, double)
SCAN_NUMBERS(scan_integers, uint64_t)

/* ---- the calls ------------------------------------------------------------------------------- */

/* A block is the serial loop. */
static bool scan_is_small(const void *in, size_t n, const void *out,
                          const struct filch_options *options)
{
	return !options && n && n <= SCAN_BLOCK && in && out;
}

int filch_scan_f64(filch_pool *pool, const double *in, size_t n, double *out, bool exclusive,
                   const struct filch_options *options)
{
	struct scan s = {.in = (const char *)in, .out = (char *)out, .n = n};

	if (scan_is_small(in, n, out, options))
		return scan_doubles_small(pool, in, n, out, exclusive);
	s.by = &scan_doubles_by[exclusive];
	s.block = scan_doubles;
	s.block_from = scan_doubles_from;
	s.both = scan_doubles_both;
	return filch__scan(pool, &s, options);
}

int filch_scan_i64(filch_pool *pool, const int64_t *in, size_t n, int64_t *out, bool exclusive,
                   const struct filch_options *options)
{
	struct scan s = {.in = (const char *)in, .out = (char *)out, .n = n};

	if (scan_is_small(in, n, out, options))
		return scan_integers_small(pool, (const uint64_t *)in, n, (uint64_t *)out,
		                           exclusive);
	s.by = &scan_integers_by[exclusive];
	s.block = scan_integers;
	s.block_from = scan_integers_from;
	s.both = scan_integers_both;
	return filch__scan(pool, &s, options);
}
