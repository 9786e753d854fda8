/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_ACCOUNT_H
#define FILCH_TEST_ACCOUNT_H
/* What the workers of a pool did, each in an account of his own: an item lost or doubled spoils the sums. */
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line for each worker, so no atomics. */
struct account {
	alignas(128) uint64_t items;
	uint64_t sum, mixed, bodies, steals;
};

static inline uint64_t mix(uint64_t i)
{
	i *= 0x9e3779b97f4a7c15u;
	return i ^ i >> 29;
}

static inline void account_range(struct account *a, size_t begin, size_t end)
{
	a->bodies++;
	a->items += end - begin;
	for (size_t i = begin; i < end; i++) {
		a->sum += i;
		a->mixed ^= mix(i);
	}
}

static inline struct account account_sum(const struct account *a, unsigned workers)
{
	struct account all = {0, 0, 0, 0, 0};

	for (unsigned id = 0; id < workers; id++) {
		all.items += a[id].items;
		all.sum += a[id].sum;
		all.mixed ^= a[id].mixed;
		all.bodies += a[id].bodies;
		all.steals += a[id].steals;
	}
	return all;
}

/* Whether that is the sum of the items 0 .. n - 1, each of them once. */
static inline bool account_is_right(const struct account *all, size_t n)
{
	struct account once = {0, 0, 0, 0, 0};

	account_range(&once, 0, n);
	return all->items == n && all->sum == once.sum && all->mixed == once.mixed;
}

#endif
