/* SPDX-License-Identifier: MIT */
/* Sorting and merging in the programs of any.c: no element lost, and each in its place. */
#include "any.h"

#include <filch_algo.h>

#include <stdlib.h>

/* Few enough to be sorted alone, or just so many that they are not. */
static unsigned any_length(void)
{
	return filch_sim_choose(3) ? filch_sim_choose(2 * FEW)
	                           : 1000 + 100 * filch_sim_choose(17) + filch_sim_choose(5);
}

struct pair {
	uint32_t key, place;
};

static int by_key(const void *a, const void *b, void *ctx)
{
	const uint32_t left = ((const struct pair *)a)->key, right = ((const struct pair *)b)->key;

	(void)ctx;
	return (left > right) - (left < right);
}

/* In order, those that are alike as they stood, none lost: places are as many as keys. */
static void check_sorted(const struct job *j, const struct pair *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < j->n; i++) {
		filch_sim_check(p[i].place < j->n && p[i].key == number(j, p[i].place));
		filch_sim_check(!i || p[i - 1].key < p[i].key ||
		                (p[i - 1].key == p[i].key && p[i - 1].place < p[i].place));
		sum += p[i].place;
	}
	filch_sim_check(sum == (uint64_t)j->n * (j->n - 1) / 2 || !j->n);
}

static void fill(const struct job *j, struct pair *p)
{
	for (uint32_t i = 0; i < j->n; i++)
		p[i] = (struct pair){number(j, i), i};
}

static void sort(void)
{
	struct job j = any_job(any_length());
	struct pair *p = malloc((j.n + 1) * sizeof *p);

	if (!p)
		return;
	fill(&j, p);
	filch_sim_check(filch_sort(any_pool(), p, j.n, sizeof *p, by_key, NULL, NULL) == 0);
	check_sorted(&j, p);
	free(p);
}

static void sort_numbers(void)
{
	struct job j = any_job(any_length());
	uint64_t *x = malloc((j.n + 1) * sizeof *x);

	if (!x)
		return;
	for (size_t i = 0; i < j.n; i++)
		x[i] = (uint64_t)number(&j, i) << 32 | i;
	filch_sim_check(filch_sort_u64(any_pool(), x, j.n, NULL) == 0);
	for (size_t i = 0; i < j.n; i++) {
		filch_sim_check((uint32_t)(x[i] >> 32) == number(&j, (uint32_t)x[i]));
		filch_sim_check(!i || x[i - 1] < x[i]);
	}
	free(x);
}

/* Two halves, each sorted by the library, into one. */
static void merge(void)
{
	struct job j = any_job(any_length());
	struct pair *p = malloc((j.n + 1) * sizeof *p), *out = malloc((j.n + 1) * sizeof *out);
	const size_t half = j.n / (1 + filch_sim_choose(4));

	if (p && out) {
		fill(&j, p);
		filch_sim_check(filch_sort(any_pool(), p, half, sizeof *p, by_key, NULL, NULL) ==
		                0);
		filch_sim_check(filch_sort(any_pool(), p + half, j.n - half, sizeof *p, by_key,
		                           NULL, NULL) == 0);
		filch_sim_check(filch_merge(any_pool(), p, half, p + half, j.n - half, out,
		                            sizeof *p, by_key, NULL, NULL) == 0);
		check_sorted(&j, out);
	}
	free(p);
	free(out);
}

void sort_any(void)
{
	static void (*const calls[])(void) = {sort, sort_numbers, merge};

	calls[filch_sim_choose(3)]();
}
