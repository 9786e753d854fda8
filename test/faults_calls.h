/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_FAULTS_CALLS_H
#define FILCH_TEST_FAULTS_CALLS_H
/* Calls of the algorithms, each of which says if what it came to is not what it should. */
#include "support.h"

#include <filch_algo.h>
#include <stdlib.h>
#include <string.h>

enum { N = 3000 };

static filch_pool *pool;
static double x[N], y[N];
static int64_t numbers[N];
static unsigned char times[N];

/* ---- what is done with items ----------------------------------------------------------------- */

static int body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)w;
	for (size_t i = begin; i < end; i++)
		times[i]++;
	return 0;
}

/* Wrong unless all ran once. */
static int once(int code)
{
	for (size_t i = 0; i < N && !code; i++)
		code = times[i] != 1;
	return code;
}

static int map_one(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx, (void)w;
	*(double *)out = 2 * *(const double *)in;
	return 0;
}

static int every_third(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *w)
{
	(void)ctx, (void)w;
	for (size_t i = begin; i < end; i++)
		mark[i - begin] = i % 3 == 0;
	return 0;
}

static int the_2000th(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	(void)ctx, (void)w;
	if (begin <= 2000 && 2000 < end)
		*found = 2000;
	return 0;
}

static int even_ones(void *ctx, size_t begin, size_t end, size_t *count, filch_worker *w)
{
	(void)ctx, (void)w;
	for (size_t i = begin; i < end; i++)
		*count += i % 2 == 0;
	return 0;
}

static int key_of_ten(void *ctx, size_t begin, size_t end, uint32_t *key, filch_worker *w)
{
	(void)ctx, (void)w;
	for (size_t i = begin; i < end; i++)
		key[i - begin] = (uint32_t)(i % 10);
	return 0;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const int64_t i = *(const int64_t *)a, k = *(const int64_t *)b;

	(void)ctx;
	return i < k ? -1 : i > k;
}

/* Small, and too large for a slot. */
struct large {
	int64_t sum, rest[32];
};

static int add(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	(void)ctx, (void)w;
	for (size_t i = begin; i < end; i++)
		*(int64_t *)acc += (int64_t)i;
	return 0;
}

static void join(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(int64_t *)left += *(const int64_t *)right;
}

/* ---- calls: 0, FILCH_ENOMEM, or anything else if something is wrong ----------------------------- */

static int plain(void)
{
	return once(filch_for(pool, N, body, NULL, NULL));
}

static int in_ones(void)
{
	return once(filch_for(pool, N, body, NULL, FILCH(.chunk = 1)));
}

static int with_all_options(void)
{
	static int status[N];
	struct filch_report report;
	size_t first;
	int code =
		filch_for(pool, N, body, NULL,
	                  FILCH(.label = "faults", .status = status, .first_error = &first,
	                        .report = &report, .keep_going = true, .timeout_ns = UINT64_MAX));

	return once(code || first != N || report.items != N);
}

static int nest(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const size_t depth = *(size_t *)ctx, below = depth + 1;
	int code = 0;

	(void)w;
	for (size_t i = begin; i < end && !code; i++)
		code = depth == 5 ? 0 : filch_for(pool, 3, nest, (void *)(uintptr_t)&below, NULL);
	return code;
}

static int nested(void)
{
	size_t depth = 0;

	return filch_for(pool, 3, nest, &depth, NULL);
}

static int mapped(void)
{
	int code = filch_map_sized(pool, x, sizeof *x, N, y, sizeof *y, map_one, NULL, NULL);

	for (size_t i = 0; i < N && !code; i++)
		code = y[i] < 2 * x[i] || y[i] > 2 * x[i];
	return code;
}

static int reduced_in(size_t size)
{
	const struct filch_reducer reducer = {.size = size, .body = add, .join = join, .leaf = 7};
	struct large sum;
	int code = filch_reduce(pool, N, &reducer, NULL, &sum, NULL);

	return code ? code : sum.sum != (int64_t)N * (N - 1) / 2;
}

static int reduced(void)
{
	return reduced_in(sizeof(int64_t));
}

static int reduced_large(void)
{
	return reduced_in(sizeof(struct large));
}

static int summed(void)
{
	double sum;
	int code = filch_sum_f64(pool, x, N, &sum, NULL);

	return code ? code : sum < (double)N * (N - 1) / 2 || sum > (double)N * (N - 1) / 2;
}

static int dotted(void)
{
	int64_t sum;
	int code = filch_dot_i64(pool, numbers, numbers, N, &sum, NULL);

	return code ? code : sum <= 0;
}

static int largest(void)
{
	double value;
	size_t index;
	int code = filch_max_f64(pool, x, N, &value, &index, NULL);

	return code ? code : index != N - 1;
}

static int scanned(void)
{
	static int64_t out[N];
	int code = filch_scan_i64(pool, numbers, N, out, false, NULL);

	for (size_t i = 1; i < N && !code; i++)
		code = out[i] != out[i - 1] + numbers[i];
	return code;
}

static int scanned_large(void)
{
	static struct large in[N / 10], out[N / 10];
	const struct filch_scanner scanner = {.size = sizeof *in, .join = join};
	int code;

	for (size_t i = 0; i < N / 10; i++)
		in[i].sum = (int64_t)i;
	code = filch_scan(pool, in, N / 10, out, &scanner, NULL, NULL);
	for (size_t i = 1; i < N / 10 && !code; i++)
		code = out[i].sum != out[i - 1].sum + in[i].sum;
	return code;
}

static int64_t many[1 << 16];

static void shuffle(void)
{
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = (int64_t)(i * 2654435761u % COUNT_OF(many));
}

static int in_order(int code)
{
	for (size_t i = 1; i < COUNT_OF(many) && !code; i++)
		code = many[i - 1] > many[i];
	return code;
}

static int sorted(void)
{
	shuffle();
	return in_order(filch_sort(pool, many, COUNT_OF(many), sizeof *many, compare, NULL, NULL));
}

static int sorted_typed(void)
{
	shuffle();
	return in_order(filch_sort_i64(pool, many, COUNT_OF(many), NULL));
}

static int sorted_doubles(void)
{
	int code;

	for (size_t i = 0; i < N; i++)
		y[i] = (double)((i * 7919) % N);
	code = filch_sort_f64(pool, y, N, NULL);
	for (size_t i = 1; i < N && !code; i++)
		code = y[i - 1] > y[i];
	return code;
}

static int sorted_strings(void)
{
	static char text[N][8];
	static const char *list[N];
	int code;

	for (size_t i = 0; i < N; i++) {
		snprintf(text[i], sizeof text[i], "%zu", i * 7919 % N);
		list[i] = text[i];
	}
	code = filch_sort_strings(pool, list, N, NULL);
	for (size_t i = 1; i < N && !code; i++)
		code = strcmp(list[i - 1], list[i]) > 0;
	return code;
}

static int merged(void)
{
	static int64_t out[2 * N];
	int code = filch_merge(pool, numbers, N, numbers, N, out, sizeof *out, compare, NULL, NULL);

	for (size_t i = 0; i < 2 * N && !code; i++)
		code = out[i] != numbers[i / 2];
	return code;
}

static int filtered(void)
{
	size_t kept;
	int code = filch_filter_sized(pool, x, sizeof *x, N, y, &kept, every_third, NULL, NULL);

	return code ? code : kept != N / 3;
}

static int parted(void)
{
	size_t first;
	int code;

	memcpy(y, x, sizeof y);
	code = filch_partition_sized(pool, y, sizeof *y, N, &first, every_third, NULL, NULL);
	return code ? code : first != N / 3;
}

static int found(void)
{
	size_t index;
	int code = filch_find(pool, N, the_2000th, NULL, &index, NULL);

	return code ? code : index != 2000;
}

static int counted(void)
{
	size_t count;
	int code = filch_count(pool, N, even_ones, NULL, &count, NULL);

	return code ? code : count != N / 2;
}

static int binned(void)
{
	size_t counts[10];
	int code = filch_histogram(pool, N, key_of_ten, NULL, 10, counts, NULL);

	for (size_t i = 0; i < 10 && !code; i++)
		code = counts[i] != N / 10;
	return code;
}

static int tile(void *ctx, const struct filch_tile *t, filch_worker *w)
{
	(void)ctx, (void)w;
	for (size_t i = t->begin[0]; i < t->end[0]; i++)
		for (size_t k = t->begin[1]; k < t->end[1]; k++)
			times[i * 50 + k]++;
	return 0;
}

static int tiled(void)
{
	return once(filch_for2(pool, N / 50, 50, NULL, tile, NULL, NULL));
}

static int feed_below(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	const size_t i = *(const size_t *)item;

	(void)ctx, (void)w;
	times[i]++;
	for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < N; child++)
		if (filch_feed(feeder, &child))
			return FILCH_ENOMEM;
	return 0;
}

static int fed(void)
{
	const size_t root = 0;

	return once(filch_for_each_sized(pool, &root, sizeof root, 1, feed_below, NULL, NULL));
}

static int use_scratch(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const size_t bytes = 100 * (end - begin);
	unsigned char *piece = filch_scratch(w, bytes);

	if (!piece)
		return FILCH_ENOMEM;
	memset(piece, 1, bytes);
	return body(ctx, begin, end, w);
}

static int scratched(void)
{
	return once(filch_for(pool, N, use_scratch, NULL, FILCH(.chunk = 50)));
}

static int add_mine(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	return add(NULL, begin, end, filch_combinable_mine(ctx, w), w);
}

static int combined(void)
{
	struct filch_combinable c;
	int64_t sum = 0;
	int code = filch_combinable_create(&c, pool, sizeof sum, NULL, NULL);

	if (!code)
		code = filch_for(pool, N, add_mine, &c, FILCH(.chunk = 20));
	filch_combinable_join(&c, join, &sum);
	filch_combinable_destroy(&c);
	return code ? code : sum != (int64_t)N * (N - 1) / 2;
}

#endif
