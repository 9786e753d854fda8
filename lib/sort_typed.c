/* SPDX-License-Identifier: MIT */
/*
 * Arrays of numbers: by their bits, without a comparison.  Equal numbers have equal bits,
 * so nobody can tell whether that is stable.
 */
#include "atomic.h"
#include "sort_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	RADIX_FEW = 24,       /* keys that are sorted by insertion */
	RADIX_MOST = 11,      /* bits of one round in a cache near by */
	RADIX_BITS = 8,       /* of one round in memory: as many places are written to in turn */
	RADIX_NEAR = 1 << 19, /* bytes that are near */
	RADIX_MANY = 1 << 16, /* keys whose rounds are cut into parts */
	RADIX_BLOCKS = 64,    /* as many parts */
	RADIX_LOOK = 2048,    /* keys between two looks at what the others found */
	RADIX_HERE = 1024     /* keys that are sorted without asking anybody */
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
	const struct filch_options *options;
	uint64_t start;
};

/* ---- parts ------------------------------------------------------------------------------- */

typedef int part_fn(void *ctx, size_t i, filch_worker *w);

struct numbered {
	part_fn *fn;
	void *ctx;
	size_t begin, end;
};

static int numbered_task(void *arg, filch_worker *w)
{
	const struct numbered *p = arg;
	struct numbered low = *p, high = *p;

	if (p->end - p->begin == 1)
		return p->fn(p->ctx, p->begin, w);
	low.end = high.begin = p->begin + (p->end - p->begin) / 2;
	return filch_join2(w, numbered_task, &low, numbered_task, &high);
}

static void in_parts(filch_worker *w, size_t n, part_fn *fn, void *ctx)
{
	numbered_task(&(struct numbered){fn, ctx, 0, n}, w);
}

static size_t part_begin(size_t n, size_t i, size_t of)
{
	return n / of * i + (i < n % of ? i : n % of);
}

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

/* From how many to where: digit by digit, and in each block by block. */
static void radix_places(size_t *at, size_t blocks, unsigned bits)
{
	size_t sum = 0;

	for (size_t k = 0; k < (size_t)1 << bits; k++)
		for (size_t b = 0; b < blocks; b++) {
			size_t count = at[(b << bits) + k];

			at[(b << bits) + k] = sum;
			sum += count;
		}
}

/* NANS: how many NaNs have a sign.  They would come first, and all others are moved down by as
 * much, so that they come last. */
#define KEY key64
#define REAL double
#define NANS (((KEY)1 << 52) - 1)
#define NAME(x) radix64_##x
#include "sort_radix.h"
#undef KEY
#undef REAL
#undef NANS
#undef NAME
#define KEY key32
#define REAL float
#define NANS (((KEY)1 << 23) - 1)
#define NAME(x) radix32_##x
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
	return filch_stopping(w) ? filch__sort_stopped(t->options, t->start) : 0;
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

static int sort_typed(filch_pool *pool, struct typed t)
{
	size_t size = t.wide ? 8 : 4;
	int code;

	if (!filch__sort_fits(t.base, t.n, size))
		return FILCH_EINVAL;
	if (!t.options && t.n <= RADIX_HERE)
		return typed_here(pool, &t);
	t.start = filch__sort_start(t.options);
	t.scratch = t.n > 1 ? malloc(t.n * size) : NULL;
	code = filch_run(pool, typed_run, &t, t.options);
	free(t.scratch);
	return code;
}

#define TYPED(name, type, how, wide)                                                               \
	int filch_sort_##name(filch_pool *pool, type *x, size_t n,                                 \
	                      const struct filch_options *options)                                 \
	{                                                                                          \
		return sort_typed(pool, (struct typed){x, NULL, n, how, wide, options, 0});        \
	}

TYPED(i64, int64_t, SIGNED, true)
TYPED(u64, uint64_t, PLAIN, true)
TYPED(i32, int32_t, SIGNED, false)
TYPED(u32, uint32_t, PLAIN, false)
TYPED(f64, double, FLOATING, true)
TYPED(f32, float, FLOATING, false)
