/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROGRAMS_ARRAYS_H
#define BENCH_PROGRAMS_ARRAYS_H
/* What the programs share that work on an array, and leave their result there. */
#include "programs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The next of a sequence that is the same everywhere. */
static inline uint64_t arrays_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* A number for the bits of n words of 8 bytes, in their order; it is never PROGRAM_WRONG. */
static inline double arrays_digest(const void *words, size_t n)
{
	uint64_t digest = n, word;

	for (size_t i = 0; i < n; i++) {
		memcpy(&word, (const char *)words + i * sizeof word, sizeof word);
		digest = (digest ^ word) * 0x9e3779b97f4a7c15;
		digest ^= digest >> 32;
	}
	return (double)(digest >> 11);
}

/* Memory for so many words in place of that at *old, contents undefined; NULL if there is none. */
static inline void *arrays_renew(void *old, size_t n)
{
	free(old);
	return malloc(n * sizeof(uint64_t));
}

#endif
