/* SPDX-License-Identifier: MIT */
/*
 * Arrays of numbers: by their bits, without a comparison.  Equal numbers have equal bits,
 * so nobody can tell whether that is stable.
 */
#include "loop.h"
#include "sort_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	RADIX_FEW = 24,       /* keys that are sorted by insertion */
	RADIX_MOST = 11,      /* bits of one round in a cache near by */
	RADIX_BITS = 8,       /* of one round in memory: as many places are written to in turn */
	RADIX_NEAR = 1 << 19, /* bytes that are near */
	RADIX_BLOCKS = MANY(64, 8),                      /* as many parts */
	RADIX_PLACES = 5 * (1 << RADIX_MOST) + (1 << 9), /* most for rounds of 64 bits in all */
	RADIX_LOOK = 2048, /* keys between two looks at what the others found */
	RADIX_TURNS = 4,   /* changes of direction with which merging is faster */
	RADIX_HERE = 1024  /* keys that are sorted without asking anybody */
};

/* Also read and write floating point numbers. */
typedef uint64_t __attribute__((may_alias)) key64;
typedef uint32_t __attribute__((may_alias)) key32;

enum number { PLAIN, SIGNED, FLOATING };

struct typed {
	void *base, *scratch;
	size_t n;
	enum number how;
	bool wide;
};

/* ---- digits --------------------------------------------------------------------------------- */

static inline size_t radix_digit(uint64_t key, unsigned bits)
{
	return (size_t)(key & ((1u << bits) - 1));
}

/* How many bits to look at now: so that the buckets come out with a few keys each. */
static inline unsigned radix_now(size_t n, size_t bytes, unsigned bits)
{
	unsigned most = bytes > RADIX_NEAR ? RADIX_BITS : RADIX_MOST;
	unsigned now = 62 - (unsigned)__builtin_clzll(n);

	now = now < most ? now : most;
	return now < bits ? now : bits;
}

#define KEY key64
#define INT int64_t
#define REAL double
#define NANS (((KEY)1 << 52) - 1)
#define NAME(x) radix64_##x
#include "sort_order.h"
#include "sort_radix.h"
#undef KEY
#undef INT
#undef REAL
#undef NANS
#undef NAME
#define KEY key32
#define INT int32_t
#define REAL float
#define NANS (((KEY)1 << 23) - 1)
#define NAME(x) radix32_##x
#include "sort_order.h"
#include "sort_radix.h"

/* ---- the calls --------------------------------------------------------------------------------- */

static int typed_run(void *arg, filch_worker *w)
{
	const struct typed *t = arg;

	if (t->n > 1) {
		if (t->wide)
			radix64_all(t, w);
		else
			radix32_all(t, w);
	}
	return filch__stop_code(w);
}

static int typed_here(filch_pool *pool, const struct typed *t)
{
	int code = filch__sort_pool_check(pool);

	if (!code && t->n > 1) {
		if (t->wide)
			radix64_here(t->base, t->n, t->how);
		else
			radix32_here(t->base, t->n, t->how);
	}
	return code;
}

static int sort_typed(filch_pool *pool, struct typed t, const struct filch_options *options)
{
	size_t size = t.wide ? 8 : 4;
	int code;

	if (!filch__sort_fits(t.base, t.n, size))
		return FILCH_EINVAL;
	if (!options && t.n <= RADIX_HERE)
		return typed_here(pool, &t);
	t.scratch = t.n > 1 ? malloc(t.n * size) : NULL;
	code = filch_run(pool, typed_run, &t, options);
	free(t.scratch);
	return code;
}

#define TYPED(name, type, how, wide)                                                               \
	int filch_sort_##name(filch_pool *pool, type *x, size_t n,                                 \
	                      const struct filch_options *options)                                 \
	{                                                                                          \
		return sort_typed(pool, (struct typed){x, NULL, n, how, wide}, options);           \
	}

TYPED(i64, int64_t, SIGNED, true)
TYPED(u64, uint64_t, PLAIN, true)
TYPED(i32, int32_t, SIGNED, false)
TYPED(u32, uint32_t, PLAIN, false)
TYPED(f64, double, FLOATING, true)
TYPED(f32, float, FLOATING, false)
