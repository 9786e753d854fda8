/* SPDX-License-Identifier: MIT */
/* Rayon's join(), whose part in Rust is ../compare/rayon/forks.rs.  main() is no thread of its pool. */
#include "forks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

bool bench_rayon_open(size_t workers);
void bench_rayon_enter(fork_fn *f, void *arg);
double bench_rayon_fib(int n);
double bench_rayon_tree(const struct node *root);
double bench_rayon_queens(int n);
double bench_rayon_quad(int to);
void bench_rayon_pair(fork_fn *f, void *arg);
void bench_rayon_row(unsigned count, fork_fn *f, void *arg);

static void open_pool(unsigned workers)
{
	if (!bench_rayon_open(workers)) {
		fprintf(stderr, "Rayon has no pool of %u threads\n", workers);
		exit(1);
	}
}

static double run_tree(int size)
{
	(void)size;
	return bench_rayon_tree(tree_root());
}

static const struct forker forkers[] = {
	{"rayon:join",
         {bench_rayon_fib, run_tree, bench_rayon_queens, bench_rayon_quad},
         bench_rayon_enter,
         bench_rayon_pair,
         bench_rayon_row},
};

const struct forker_family forker_family = {RAYON_VERSION, open_pool, 1, forkers};
