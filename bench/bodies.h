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

#include <stdbool.h>

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
	BODY_COUNT,      /* whatever items->counted does, and counts how often each item runs */
	BODY_SLEEP,      /* sleeps */
	BODY_WEIGHTED,   /* a chain of its own length for each item */
	BODY_MANDELBROT, /* a row of a picture */
	BODY_SPMV,       /* a row of a sparse matrix, times a vector */
	BODY_TRIAD,      /* out = in + 3 * in2: memory decides */
	BODY_NESTED,     /* a loop of its own, or several, one in the other */
	BODY_SUM,        /* no items, but the sum of all numbers, written to the first output */
	BODY_STAMP,      /* a chain of 1 us; writes down when, and on which thread */
	BODIES,
	BODY_COSTS = BODY_ANY /* bodies with a cost of their own */
};

/* Row i has the numbers first[i] .. first[i + 1] - 1. */
struct matrix {
	size_t *first;
	double *value, *x;
	uint32_t *column;
};

enum { NEST_LEVELS_MAX = 4 };

/* Loops in loops: width[0] items of the outermost, each of which is a loop of width[1] items... */
struct nest {
	unsigned levels;
	size_t width[NEST_LEVELS_MAX];
	bool serial[NEST_LEVELS_MAX]; /* this loop is a plain one, whoever runs the others */
	enum body_id leaf;            /* an item of the innermost */
};

/* When an item ran, and where. */
struct stamp {
	uint64_t begin, end;
	const void *thread;
};

struct body;

/* What a body works on.  The contenders hand it through as ctx. */
struct items {
	const int64_t *in, *in2;
	int64_t *out;
	double *numbers; /* for BODY_SUM: whole ones, whose sum is exact in any order */
	void *counts;    /* a byte per item, for BODY_COUNT */
	enum body_id counted;
	uint32_t steps[BODIES]; /* links of the chain per item; 0 = no chain, double */
	uint64_t sleep_ns;      /* for BODY_SLEEP */
	size_t chunk;           /* for those whose chunks are fixed: items; 0 = as they like */
	uint32_t *weights;      /* for BODY_WEIGHTED: links of each item's chain */
	struct matrix *matrix;  /* for BODY_SPMV */
	struct stamp *stamps;   /* for BODY_STAMP */

	/* For BODY_NESTED: who runs the loops within (NULL = plain loops), and which loop this is. */
	int (*run)(size_t n, const struct body *body, struct items *items);
	struct nest nest;
	unsigned level;
};

struct body {
	const char *name;
	filch_body *range;
	enum body_id id;
	double cost_ns; /* what an item should cost; 0 = it depends */
};

extern const struct body bodies[BODIES];

/* The plain loop that adds one to the other. */
double bodies_sum(const double *x, size_t n);

/* Something that the calling thread has alone, as BODY_STAMP writes it down. */
const void *bodies_thread(void);

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

static inline int64_t body_triad(int64_t x, int64_t y)
{
	return x + 3 * y;
}

#ifdef __cplusplus
}
#endif
#endif
