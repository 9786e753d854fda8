/* SPDX-License-Identifier: MIT */
/*
 * Sorting and merging in the programs of any.c: no element lost, and each in its place; also if the
 * comparison lies, but for the latter.
 */
#include "any.h"

#include <filch_algo.h>

#include <stdlib.h>
#include <string.h>

/* Few enough to be sorted alone, or just so many that they are not, or laid into buckets first. */
static unsigned any_length(void)
{
	return filch_sim_choose(3) ? filch_sim_choose(2 * FEW)
	                           : 1000 + 100 * filch_sim_choose(20) + filch_sim_choose(5);
}

struct pair {
	uint32_t key, place;
};

static int by_key(const void *a, const void *b, void *ctx)
{
	const struct pair *x = a, *y = b;

	touch(ctx, x->place);
	return (x->key > y->key) - (x->key < y->key);
}

/* None is lost: places are as many as keys. */
static void check_kept(const struct job *j, const struct pair *p)
{
	uint64_t sum = 0, product = 1, expected = 1;

	for (size_t i = 0; i < j->n; i++) {
		filch_sim_check(p[i].place < j->n && p[i].key == number(j, p[i].place));
		sum += p[i].place;
		product *= 2 * p[i].place + 1;
		expected *= 2 * i + 1;
	}
	filch_sim_check(!j->n || sum == (uint64_t)j->n * (j->n - 1) / 2);
	filch_sim_check(product == expected);
}

/* In order, those that are alike as they stood. */
static void check_sorted(const struct job *j, const struct pair *p)
{
	for (size_t i = 1; i < j->n; i++)
		filch_sim_check(p[i - 1].key < p[i].key ||
		                (p[i - 1].key == p[i].key && p[i - 1].place < p[i].place));
}

/* That, as far as the call has come to its end. */
static void check(const struct job *j, const struct pair *p, int code)
{
	filch_sim_check(!code || is_stopped(j->stop, code));
	check_kept(j, p);
	if (!code)
		check_sorted(j, p);
}

static void fill(const struct job *j, struct pair *p)
{
	for (uint32_t i = 0; i < j->n; i++)
		p[i] = (struct pair){number(j, i), i};
}

static void sort(struct stop *s)
{
	struct job j = any_job(s, any_length());
	struct pair *p = malloc((j.n + 1) * sizeof *p);
	struct filch_options o;

	if (!p)
		return;
	fill(&j, p);
	check(&j, p, filch_sort(any_pool(), p, j.n, sizeof *p, by_key, &j, few_options(s, &o)));
	free(p);
}

/* It contradicts itself. */
static int lie(const void *a, const void *b, void *ctx)
{
	const struct pair *x = a, *y = b;

	touch(ctx, x->place);
	return (int)(((x->place + 1) * 0x9e3779b9u ^ (y->place + 3) * 0x85ebca6bu) >> 7 & 3) - 1;
}

static void sort_by_lies(struct stop *s)
{
	struct job j = any_job(s, any_length());
	struct pair *p = malloc((j.n + 1) * sizeof *p), *out = malloc((j.n + 1) * sizeof *out);
	const size_t half = j.n / 2;
	struct filch_options o;
	int code;

	if (p && out) {
		fill(&j, p);
		code = filch_sort(any_pool(), p, j.n, sizeof *p, lie, &j, few_options(s, &o));
		filch_sim_check(!code || is_stopped(s, code));
		check_kept(&j, p);
		code = filch_merge(any_pool(), p, half, p + half, j.n - half, out, sizeof *p, lie,
		                   &j, few_options(s, &o));
		filch_sim_check(!code || is_stopped(s, code));
		if (!code)
			check_kept(&j, out);
	}
	free(p);
	free(out);
}

/* Each number as one of another type, and back. */
#define SORT(name, type, of)                                                                       \
	static int sort_##name(struct stop *s, uint32_t *x, size_t n)                              \
	{                                                                                          \
		struct filch_options o;                                                            \
		type *y = malloc((n + 1) * sizeof *y);                                             \
		int code;                                                                          \
                                                                                                   \
		for (size_t i = 0; y && i < n; i++)                                                \
			y[i] = (type)(of);                                                         \
		if (!y)                                                                            \
			return 0;                                                                  \
		code = filch_sort_##name(any_pool(), y, n, few_options(s, &o));                    \
		for (size_t i = 0; i < n && !code; i++)                                            \
			filch_sim_check(!i || y[i - 1] <= y[i]);                                   \
		for (size_t i = 0; i < n; i++)                                                     \
			x[i] = (uint32_t)(int64_t)y[i];                                            \
		free(y);                                                                           \
		return code;                                                                       \
	}

SORT(u64, uint64_t, x[i])
SORT(i64, int64_t, (int64_t)x[i])
SORT(u32, uint32_t, x[i])
SORT(i32, int32_t, (int32_t)x[i])
SORT(f64, double, x[i])
SORT(f32, float, x[i] % 1000000)

static uint64_t mixed(uint32_t x)
{
	return (x + 1) * 0x9e3779b97f4a7c15u;
}

/* The numbers are the same as before. */
static void sort_numbers(struct stop *s)
{
	static int (*const calls[])(struct stop *, uint32_t *, size_t) = {
		sort_u64, sort_i64, sort_u32, sort_i32, sort_f64, sort_f32};
	const unsigned which = filch_sim_choose(6);
	struct job j = any_job(s, any_length());
	uint32_t *x = malloc((j.n + 1) * sizeof *x);
	uint64_t before = 0, after = 0;
	int code;

	if (!x)
		return;
	for (size_t i = 0; i < j.n; i++) {
		x[i] = which == 5 ? number(&j, i) % 1000000 : number(&j, i);
		before += mixed(x[i]);
	}
	code = calls[which](s, x, j.n);
	filch_sim_check(!code || is_stopped(s, code));
	for (size_t i = 0; i < j.n; i++)
		after += mixed(x[i]);
	filch_sim_check(before == after);
	free(x);
}

static void sort_strings(struct stop *s)
{
	struct job j = any_job(s, any_length());
	const char **x = malloc((j.n + 1) * sizeof *x);
	char(*text)[4] = malloc((j.n + 1) * sizeof *text);
	struct filch_options o;
	int code;

	if (x && text) {
		for (size_t i = 0; i < j.n; i++) {
			const uint32_t k = number(&j, i);

			memcpy(text[i], (char[4]){(char)('a' + k % 7), (char)('a' + k % 11)}, 4);
			x[i] = text[i];
		}
		code = filch_sort_strings(any_pool(), x, j.n, few_options(s, &o));
		filch_sim_check(!code || is_stopped(s, code));
		for (size_t i = 1; i < j.n && !code; i++) {
			const int order = strcmp(x[i - 1], x[i]);

			filch_sim_check(order < 0 || (!order && x[i - 1] < x[i]));
		}
	}
	free(x);
	free(text);
}

static void sort_half(const struct job *j, struct pair *p, size_t n)
{
	struct job calm = *j;

	calm.stops_at = UINT32_MAX;
	filch_sim_check(filch_sort(any_pool(), p, n, sizeof *p, by_key, &calm, NULL) == 0 ||
	                j->stop->means == AROUND);
}

/* Two halves, each sorted by the library, into one. */
static void merge(struct stop *s)
{
	struct job j = any_job(s, any_length());
	struct pair *p = malloc((j.n + 1) * sizeof *p), *out = malloc((j.n + 1) * sizeof *out);
	const size_t half = j.n / (1 + filch_sim_choose(4));
	struct filch_options o;
	int code;

	if (p && out) {
		fill(&j, p);
		sort_half(&j, p, half);
		sort_half(&j, p + half, j.n - half);
		code = filch_merge(any_pool(), p, half, p + half, j.n - half, out, sizeof *p,
		                   by_key, &j, few_options(s, &o));
		filch_sim_check(!code || is_stopped(s, code));
		if (!code)
			check(&j, out, code);
	}
	free(p);
	free(out);
}

void sort_any(struct stop *s)
{
	static void (*const calls[])(struct stop *) = {sort, sort_numbers, merge, sort_by_lies,
	                                               sort_strings};

	calls[filch_sim_choose(5)](s);
}
