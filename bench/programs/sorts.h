/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROGRAMS_SORTS_H
#define BENCH_PROGRAMS_SORTS_H
/* The array that both sorts sort, and the sorting of short pieces of it. */
#include "programs.h"

#include <stddef.h>
#include <stdint.h>

/* From here on insertion is not faster any more: as in Cilk's program cilksort. */
enum { SORTS_SHORT = 20 };

/* n numbers, and room for as many; the same ones for each program. */
struct sorts_array {
	int64_t *at, *room;
	ptrdiff_t n;
};

extern struct sorts_array sorts_array;

/* For struct program. */
int sorts_prepare(int size);
void sorts_reset(void);
double sorts_outcome(void);

void sorts_insertion(int64_t *at, ptrdiff_t n);

/*
 * Moves numbers so that none of the first *left is larger than any of the last *right; between
 * these two, if at all, is one that stands where it belongs.  Both are less than n, which is at
 * least 3.
 */
void sorts_part(int64_t *at, ptrdiff_t n, ptrdiff_t *left, ptrdiff_t *right);

#endif
