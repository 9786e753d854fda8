/* SPDX-License-Identifier: MIT */
/* Algorithms that call functions of the program are stopped by one of these; see stopping.h. */
#include "stopping.h"

TestSuite(stopping, .timeout = 300);

enum { N = 12000 };

/* Before an item: whether it and the rest are to be left as they are. */
static bool leaves(struct stop *s, const filch_worker *w)
{
	step(s);
	return s->polite && filch_stopping(w);
}

/* ---- picking ---------------------------------------------------------------------------- */

static uint32_t numbers[N], others[N];

static int find_last(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	for (size_t i = begin; i < end; i++) {
		if (leaves(ctx, w))
			return 0;
		if (i == N - 1)
			*found = i;
	}
	return 0;
}

static int find(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	size_t index = 0;
	const int code = filch_find(pool, N, find_last, s, &index, o);

	cr_assert_eq(index, code ? N : N - 1);
	return code;
}

static int count_all(void *ctx, size_t begin, size_t end, size_t *count, filch_worker *w)
{
	for (size_t i = begin; i < end && !leaves(ctx, w); i++)
		++*count;
	return 0;
}

static int count(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	size_t counted = 1;
	const int code = filch_count(pool, N, count_all, s, &counted, o);

	cr_assert_eq(counted, code ? 0 : N);
	return code;
}

static int count_few(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	size_t counted = 1;
	const int code = filch_count(pool, 1000, count_all, s, &counted, o);

	cr_assert_eq(counted, code ? 0 : 1000);
	return code;
}

static int key_of(void *ctx, size_t begin, size_t end, uint32_t *key, filch_worker *w)
{
	for (size_t i = begin; i < end && !leaves(ctx, w); i++)
		key[i - begin] = (uint32_t)i;
	return 0;
}

/* Of the keys below `bins` there is one each. */
static int histogram_of(filch_pool *pool, struct stop *s, const struct filch_options *o, size_t n,
                        size_t bins)
{
	static size_t counts[N];
	const int code = filch_histogram(pool, n, key_of, s, bins, counts, o);

	for (size_t i = 0; i < bins; i++)
		cr_assert_eq(counts[i], code == 0);
	return code;
}

static int histogram(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	return histogram_of(pool, s, o, N, 16);
}

static int histogram_many(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	return histogram_of(pool, s, o, N, N);
}

static int histogram_few(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	return histogram_of(pool, s, o, 1000, 16);
}

static int mark_thirds(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *w)
{
	for (size_t i = begin; i < end && !leaves(ctx, w); i++)
		mark[i - begin] = i % 3 == 0;
	return 0;
}

static int filter_of(filch_pool *pool, struct stop *s, const struct filch_options *o, size_t n)
{
	size_t kept = 1;
	const int code = filch_filter(pool, numbers, n, others, &kept, mark_thirds, s, o);

	cr_assert_eq(kept, code ? 0 : (n + 2) / 3);
	for (size_t i = 0; i < kept; i++)
		cr_assert_eq(others[i], 3 * i);
	return code;
}

static int filter(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	return filter_of(pool, s, o, N);
}

static int filter_few(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	return filter_of(pool, s, o, 1000);
}

static int partition(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	size_t first = 1;
	int code;

	memcpy(others, numbers, sizeof others);
	code = filch_partition(pool, others, N, &first, mark_thirds, s, o);
	cr_assert_eq(first, code ? 0 : N / 3);
	for (size_t i = 0; i < N && !code; i++)
		cr_assert_eq(others[i] % 3 == 0, i < first);
	expect_all(others, N);
	return code;
}

/* ---- reducing, scanning -------------------------------------------------------------------- */

static int add(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	for (size_t i = begin; i < end && !leaves(ctx, w); i++)
		*(uint64_t *)acc += i;
	return 0;
}

static void join(void *ctx, void *left, const void *right)
{
	step(ctx);
	*(uint64_t *)left += *(const uint64_t *)right;
}

static int reduce(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	static const struct filch_reducer sum = {
		.size = sizeof(uint64_t), .body = add, .join = join, .leaf = 50};
	uint64_t all;
	const int code = filch_reduce(pool, N, &sum, s, &all, o);

	cr_assert(code || all == (uint64_t)N * (N - 1) / 2);
	return code;
}

static uint64_t wide[N], sums[N];

static int scan(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	static const struct filch_scanner sum = {.size = sizeof *sums, .join = join};
	const int code = filch_scan(pool, wide, N, sums, &sum, s, o);

	for (uint64_t i = 0; i < N && !code; i++)
		cr_assert_eq(sums[i], i * (i + 1) / 2);
	return code;
}

/* ---- lists, and what grows ------------------------------------------------------------------ */

static struct tally ran;

static int run_one(void *arg, filch_worker *w)
{
	leaves(arg, w);
	return 0;
}

static int invoke(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	filch_fn *fn[50];
	void *arg[50];

	for (size_t i = 0; i < COUNT_OF(fn); i++) {
		fn[i] = run_one;
		arg[i] = s;
	}
	return filch_invoke(pool, COUNT_OF(fn), fn, arg, o);
}

static int visit(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	const uint32_t i = *(const uint32_t *)item;

	step(ctx);
	(void)w;
	tally_range(&ran, i, i + 1);
	for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < N; child++)
		if (filch_feed(feeder, &child))
			return visit(ctx, &child, feeder, w);
	return 0;
}

/* None twice; all if it is said so. */
static int check_ran(int code)
{
	if (!code)
		tally_expect_once(&ran);
	for (size_t i = 0; i < N; i++)
		cr_assert_leq(atomic_load(&ran.times[i]), 1);
	return code;
}

static int each(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	tally_clear(&ran);
	return check_ran(filch_for_each(pool, numbers, 1, visit, s, o));
}

static int run_tile(void *ctx, const struct filch_tile *t, filch_worker *w)
{
	(void)w;
	for (size_t i = t->begin[0]; i < t->end[0]; i++)
		for (size_t k = t->begin[1]; k < t->end[1]; k++) {
			step(ctx);
			tally_range(&ran, i * 120 + k, i * 120 + k + 1);
		}
	return 0;
}

static int tiles(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	tally_clear(&ran);
	return check_ran(filch_for2(pool, N / 120, 120, NULL, run_tile, s, o));
}

static int run_box(void *ctx, const struct filch_box *b, filch_worker *w)
{
	const size_t planes[2] = {b->begin[0], b->end[0]};

	for (size_t i = planes[0]; i < planes[1]; i++)
		run_tile(ctx,
		         &(struct filch_tile){{i * 10 + b->begin[1], b->begin[2]},
		                              {i * 10 + b->end[1], b->end[2]}},
		         w);
	return 0;
}

static int boxes(filch_pool *pool, struct stop *s, const struct filch_options *o)
{
	tally_clear(&ran);
	return check_ran(filch_for3(pool, N / 1200, 10, 120, NULL, run_box, s, o));
}

/* ---- all of them ------------------------------------------------------------------------------ */

Test(stopping, leaves_no_algorithm_with_half_a_result)
{
	static const struct algorithm algorithms[] = {
		{"find", find, N},
		{"count", count, N},
		{"count of few", count_few, 1000},
		{"histogram", histogram, N},
		{"histogram of many bins", histogram_many, N},
		{"histogram of few", histogram_few, 1000},
		{"filter", filter, N},
		{"filter of few", filter_few, 1000},
		{"partition", partition, N},
		{"reduce", reduce, N},
		{"scan", scan, N},
		{"invoke", invoke, 50},
		{"each", each, N},
		{"tiles", tiles, N},
		{"boxes", boxes, N},
	};

	for (uint32_t i = 0; i < N; i++)
		wide[i] = numbers[i] = i;
	tally_init(&ran, N);
	stop_each(algorithms, COUNT_OF(algorithms));
	tally_finish(&ran);
}
