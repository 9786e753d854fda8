/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BODIES_H
#define BENCH_BODIES_H
/*
 * The bodies that every contender runs.  bodies.c is compiled once and its object is
 * linked into every program.  Contenders that take ranges call body->range(); OpenMP,
 * which is fed items, gets the same items inlined from here, as its users would write it.
 *
 * There is one function per cost, since filch remembers what a body costs, and one
 * (BODY_ANY) that serves whatever cost is asked of it, which is harder to remember.
 */
#include <filch.h>

#ifdef __cplusplus
extern "C" {
#endif

enum body_id {
	BODY_1NS, /* out = 2 * in; the label is an upper bound, memory decides */
	BODY_10NS,
	BODY_100NS,
	BODY_1US,
	BODY_10US,
	BODY_100US,
	BODY_1MS,
	BODY_ANY,        /* any of the costs above but the first */
	BODY_COUNT,      /* any of the costs above, and counts how often each item runs */
	BODY_SLEEP,      /* sleeps */
	BODY_WEIGHTED,   /* a chain of its own length for each item */
	BODY_MANDELBROT, /* a row of a picture */
	BODY_SPMV,       /* a row of a sparse matrix, times a vector */
	BODIES,
	BODY_COSTS = BODY_ANY /* bodies with a cost of their own */
};

/* Row i has the numbers first[i] .. first[i + 1] - 1. */
struct matrix {
	size_t *first;
	double *value, *x;
	uint32_t *column;
};

/* What a body works on.  The contenders hand it through as ctx. */
struct items {
	const int64_t *in;
	int64_t *out;
	void *counts;           /* a byte per item, for BODY_COUNT */
	uint32_t steps[BODIES]; /* links of the chain per item; 0 = no chain, double */
	uint64_t sleep_ns;      /* for BODY_SLEEP */
	uint32_t *weights;      /* for BODY_WEIGHTED: links of each item's chain */
	struct matrix *matrix;  /* for BODY_SPMV */
};

struct body {
	const char *name;
	filch_body *range;
	enum body_id id;
	double cost_ns; /* what an item should cost; 0 = it depends */
};

extern const struct body bodies[BODIES];

/* Sets the chain of every body with a cost of its own so that an item takes this long here. */
void bodies_calibrate(struct items *items);

/* Nothing after it starts before v is known, so items of a chain never overlap. */
static inline uint64_t body_fence(uint64_t v)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("lfence" : "+r"(v) : : "memory");
#elif defined(__aarch64__)
	__asm__ volatile("isb" : "+r"(v) : : "memory");
#else
	__asm__ volatile("" : "+r"(v) : : "memory");
#endif
	return v;
}

/* A chain in which every link waits for the one before: xorshift. */
static inline int64_t body_chain(int64_t seed, uint32_t steps)
{
	uint64_t v = (uint64_t)seed | 1;

	for (uint32_t s = 0; s < steps; s++) {
		v ^= v << 13;
		v ^= v >> 7;
		v ^= v << 17;
	}
	return (int64_t)body_fence(v);
}

static inline int64_t body_double(int64_t x)
{
	return 2 * x;
}

#ifdef __cplusplus
}
#endif
#endif
