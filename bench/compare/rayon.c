/* SPDX-License-Identifier: MIT */
/*
 * Rayon, whose part in Rust is compare/rayon/lib.rs: parallel iterators over items, without a
 * word about splitting, in the pool that a process has by default.  Outside, the caller is a thread
 * of its own, which hands the loop over and waits, as it is when main() calls.  Inside, it is one
 * of the pool's, as in a program all of which runs there.
 */
#include "contender.h"

#include <stdio.h>
#include <stdlib.h>

bool bench_rayon_open(size_t workers);
void bench_rayon_double(size_t n, const int64_t *in, int64_t *out);
void bench_rayon_chain(size_t n, const int64_t *in, int64_t *out, uint32_t steps);
void bench_rayon_triad(size_t n, const int64_t *in, const int64_t *in2, int64_t *out);
void bench_rayon_each(size_t n, filch_body *range, void *items);
double bench_rayon_sum(size_t n, const double *x);
void bench_rayon_enter(void (*f)(void *), void *arg);

static void open_pool(unsigned workers)
{
	if (!bench_rayon_open(workers)) {
		fprintf(stderr, "Rayon has no pool of %u threads\n", workers);
		exit(1);
	}
}

static int run(size_t n, const struct body *body, struct items *items)
{
	if (body->id == BODY_1NS)
		bench_rayon_double(n, items->in, items->out);
	else if (body->id <= BODY_ANY)
		bench_rayon_chain(n, items->in, items->out, items->steps[body->id]);
	else if (body->id == BODY_TRIAD)
		bench_rayon_triad(n, items->in, items->in2, items->out);
	else
		bench_rayon_each(n, body->range, items);
	return 0;
}

static int sum(size_t n, const double *x, double *sum)
{
	*sum = bench_rayon_sum(n, x);
	return 0;
}

static const struct contender contenders[] = {
	{"rayon:outside", run, NULL, NULL, sum},
	{"rayon:inside", run, NULL, bench_rayon_enter, sum},
};

const struct family contender_family = {RAYON_VERSION, open_pool, 2, contenders, true};
