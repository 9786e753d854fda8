/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_SORT_ARRAYS_H
#define FILCH_TEST_SORT_ARRAYS_H
/* Arrays for the tests of filch_sort(), and what they are to be when they are sorted. */
#include "support.h"

#include <filch/sort.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 64 };

/* ---- arrays of elements {key, where it stood, the rest} ----------------------------------- */

enum shape { RANDOM, FEW, HALF, EQUAL, SORTED, REVERSED, PIPE, SAW, MOSTLY, SHAPES };

static inline uint32_t key_for(enum shape shape, size_t i, size_t n, uint64_t *seed)
{
	switch (shape) {
	case RANDOM:
		return (uint32_t)random_next(seed) & 0xffffff;
	case FEW:
		return (uint32_t)random_below(seed, 5);
	case HALF: /* one key, the others are random */
		return random_below(seed, 2) ? 77777 : (uint32_t)random_below(seed, 1 << 24);
	case SORTED:
		return (uint32_t)(i / 3);
	case REVERSED:
		return (uint32_t)(n - i);
	case PIPE:
		return (uint32_t)(i < n / 2 ? i : n - i);
	case SAW:
		return (uint32_t)(i % 700);
	case MOSTLY:
		return (uint32_t)(random_below(seed, 50) ? i : random_below(seed, n));
	default:
		return 7;
	}
}

/* Three bytes each for the key and the place: what fits into the small sizes, too. */
static inline void put(unsigned char *e, size_t size, uint32_t key, size_t i)
{
	memset(e, (int)(key * 31 + i), size);
	memcpy(e, &key, 3);
	for (unsigned k = 3; k < size && k < 6; k++)
		e[k] = (unsigned char)(i >> 8 * (k - 3));
}

static inline uint32_t key_of(const void *e)
{
	uint32_t key = 0;

	memcpy(&key, e, 3);
	return key;
}

static inline int by_key(const void *a, const void *b, void *ctx)
{
	uint32_t x = key_of(a), y = key_of(b);

	if (ctx)
		atomic_fetch_add_explicit((atomic_size_t *)ctx, 1, memory_order_relaxed);
	return (x > y) - (x < y);
}

struct array {
	size_t n, size;
	unsigned char *block, *base, *expected;
};

static inline void array_init(struct array *a, size_t n, size_t size, enum shape shape,
                              uint64_t *seed)
{
	a->n = n;
	a->size = size;
	a->block = malloc(n * size + (size_t)2 * GUARD);
	a->expected = malloc(n * size + 1);
	cr_assert(a->block && a->expected);
	memset(a->block, 0xa5, n * size + (size_t)2 * GUARD);
	a->base = a->block + GUARD;
	for (size_t i = 0; i < n; i++)
		put(a->base + i * size, size, key_for(shape, i, n, seed), i);
}

static inline void array_finish(struct array *a)
{
	free(a->block);
	free(a->expected);
}

/* The serial form: by counting, so that no second sort has to be believed. */
static inline void array_expect(struct array *a)
{
	size_t *at = calloc((1 << 24) + 1, sizeof *at);

	cr_assert(at);
	for (size_t i = 0; i < a->n; i++)
		at[key_of(a->base + i * a->size) + 1]++;
	for (size_t k = 0; k < 1 << 24; k++)
		at[k + 1] += at[k];
	for (size_t i = 0; i < a->n; i++) {
		const unsigned char *e = a->base + i * a->size;

		memcpy(a->expected + at[key_of(e)]++ * a->size, e, a->size);
	}
	free(at);
}

/* For arrays below 2^16 elements, cheaper: by insertion into a stable order of the keys. */
static inline int by_key_and_place(const void *a, const void *b)
{
	uint32_t x = 0, y = 0;
	int code = by_key(a, b, NULL);

	memcpy(&x, (const char *)a + 3, 2);
	memcpy(&y, (const char *)b + 3, 2);
	return code ? code : (x > y) - (x < y);
}

static inline void array_expect_few(struct array *a)
{
	memcpy(a->expected, a->base, a->n * a->size);
	qsort(a->expected, a->n, a->size, by_key_and_place);
}

static inline bool guarded(const struct array *a)
{
	for (size_t i = 0; i < GUARD; i++)
		if (a->block[i] != 0xa5 || a->base[a->n * a->size + i] != 0xa5)
			return false;
	return true;
}

static inline int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

/* The elements are those that `expected` holds, in some order. */
static inline void expect_same_elements(struct array *a)
{
	cr_assert(guarded(a));
	qsort(a->base, a->n, a->size, by_bytes);
	qsort(a->expected, a->n, a->size, by_bytes);
	cr_assert(memcmp(a->base, a->expected, a->n * a->size) == 0, "an element was lost");
}

#endif
