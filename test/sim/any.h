/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_ANY_H
#define FILCH_TEST_ANY_H
/*
 * Programs that are made up of what filch_sim_choose() answers: by a seed in the scenarios of any.c, by
 * the bytes of a fuzzer in test/fuzz.
 */
#include "scenario.h"

/* The program: two threads, one pool or two, calls of every kind in each other. */
void any_calls_come_to_what_they_should(void *arg);

/* One of the pools, as is chosen. */
filch_pool *any_pool(void);

enum { FEW = 12 };

/* What the bodies of one call share. */
struct job {
	unsigned n, fails_at, pattern;
};

/* Some number for each item, from what was chosen. */
static inline uint32_t number(const struct job *j, size_t i)
{
	const uint32_t mixed = (uint32_t)(i + 1) * (2 * j->pattern + 1) * 0x9E3779B9u;

	switch (j->pattern % 4) {
	case 0:
		return (uint32_t)i;
	case 1:
		return mixed >> 28;
	case 2:
		return j->n - (uint32_t)i;
	default:
		return mixed;
	}
}

static inline struct job any_job(unsigned n)
{
	return (struct job){.n = n,
	                    .fails_at = filch_sim_choose(3) ? n : filch_sim_choose(n + 1),
	                    .pattern = filch_sim_choose(64)};
}

/* any_sort.c: one of its calls. */
void sort_any(void);

/* any_algorithm.c: a call of some algorithm, which must come to what the serial form does. */
void make_any_algorithm(void);

#endif
