/* SPDX-License-Identifier: MIT */
/* Picking, finding and counting in the programs of any.c: what a plain loop makes of the same items. */
#include "any.h"

#include <filch_algo.h>

#include <stdlib.h>
#include <string.h>

/* An item that is large. */
struct wide {
	uint32_t a;
	char rest[1020];
};

static bool is_picked(const struct job *j, size_t i)
{
	return number(j, i) % 3 == 1;
}

static int mark(void *ctx, size_t begin, size_t end, bool *marked, filch_worker *w)
{
	struct job *j = ctx;

	for (size_t i = begin; i < end && !is_left(j, i, w); i++)
		marked[i - begin] = is_picked(j, i);
	return fail_from(j, begin, end, w);
}

/* The picked ones from the front, in order; then the others, if they are there. */
static void check_parted(const struct job *j, const struct wide *l, size_t picked, bool others)
{
	size_t at[2] = {0, picked};

	for (uint32_t i = 0; i < j->n; i++) {
		const bool other = !is_picked(j, i);

		if (!other || others)
			filch_sim_check(at[other] < j->n && l[at[other]].a == i);
		at[other]++;
	}
	filch_sim_check(at[0] == picked);
}

/* Nothing is lost. */
static bool is_whole(const struct job *j, const struct wide *l)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < j->n; i++)
		sum += l[i].a;
	return !j->n || sum == (uint64_t)j->n * (j->n - 1) / 2;
}

static void pick(struct stop *s, bool others)
{
	struct job j = any_job(s, filch_sim_choose(2) ? 100 : filch_sim_choose(FEW));
	struct wide *l = malloc((j.n + 1) * sizeof *l);
	struct filch_options o;
	size_t picked = 77;
	int code;

	if (!l)
		return;
	for (uint32_t i = 0; i < j.n; i++)
		l[i].a = i;
	code = others ? filch_partition(any_pool(), l, j.n, &picked, mark, &j, any_options(s, &o))
	              : filch_filter(any_pool(), l, j.n, l, &picked, mark, &j, any_options(s, &o));
	filch_sim_check(is_code(&j, code));
	if (!code)
		check_parted(&j, l, picked, others);
	else
		filch_sim_check(picked == 0 && (!others || is_whole(&j, l)));
	free(l);
}

static void filter(struct stop *s)
{
	pick(s, false);
}

static void partition(struct stop *s)
{
	pick(s, true);
}

static int look(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	const struct job *j = ctx;

	for (size_t i = begin; i < failure(j, begin, end); i++) {
		if (is_left(j, i, w))
			return 0;
		if (is_picked(j, i)) {
			*found = i;
			return 0;
		}
	}
	return fail_from(j, begin, end, w);
}

static void find(struct stop *s)
{
	struct job j = any_job(s, filch_sim_choose(2) ? 3000 : filch_sim_choose(FEW));
	struct filch_options o;
	size_t index, first = 0;
	const int code = filch_find(any_pool(), j.n, look, &j, &index, any_options(s, &o));

	while (first < j.n && !is_picked(&j, first))
		first++;
	if (code)
		filch_sim_check(is_code(&j, code) && index == j.n);
	else
		filch_sim_check(index == first);
	if (!s->means)
		filch_sim_check(!code == (first < j.fails_at || j.fails_at == j.n));
}

static int count_picked(void *ctx, size_t begin, size_t end, size_t *count, filch_worker *w)
{
	const struct job *j = ctx;

	for (size_t i = begin; i < end && !is_left(j, i, w); i++)
		*count += is_picked(j, i);
	return fail_from(j, begin, end, w);
}

static void count(struct stop *s)
{
	struct job j = any_job(s, filch_sim_choose(FEW));
	struct filch_options o;
	size_t counted, serial = 0;
	const int code =
		filch_count(any_pool(), j.n, count_picked, &j, &counted, any_options(s, &o));

	for (size_t i = 0; i < j.n; i++)
		serial += is_picked(&j, i);
	filch_sim_check(is_code(&j, code) && counted == (code ? 0 : serial));
}

static int key(void *ctx, size_t begin, size_t end, uint32_t *keys, filch_worker *w)
{
	const struct job *j = ctx;

	for (size_t i = begin; i < end && !is_left(j, i, w); i++)
		keys[i - begin] = number(j, i) % 7;
	return fail_from(j, begin, end, w);
}

/* Few bins for its items, so that each worker has its own, or many; or more keys than bins. */
static void histogram(struct stop *s)
{
	struct job j = any_job(s, filch_sim_choose(2) ? 250 : filch_sim_choose(FEW));
	const size_t bins = filch_sim_choose(9);
	struct filch_options o;
	size_t counts[8], serial[8] = {0};
	const int code =
		filch_histogram(any_pool(), j.n, key, &j, bins, counts, any_options(s, &o));

	for (size_t i = 0; i < j.n; i++)
		serial[number(&j, i) % 7]++;
	filch_sim_check(is_code(&j, code));
	for (size_t i = 0; i < bins; i++)
		filch_sim_check(counts[i] == (code ? 0 : serial[i]));
}

void pick_any(struct stop *s)
{
	static void (*const calls[])(struct stop *) = {filter, partition, find, count, histogram};

	calls[filch_sim_choose(5)](s);
}
