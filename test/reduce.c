/* SPDX-License-Identifier: MIT */
/* filch_reduce(): joined in order, in a tree that n and the leaf decide, and nothing else. */
#include "support.h"

#include <criterion/criterion.h>
#include <filch/reduce.h>
#include <stdlib.h>
#include <string.h>

TestSuite(reduce, .timeout = 120);

/* ---- what depends on order, and on the tree ------------------------------------------- */

/*
 * An accumulator knows which items it is of, and what it was made of: a hash of the tree of
 * joins.  Joining what does not follow each other spoils it for good.
 */
struct span {
	uint64_t begin, end;
	uint64_t tree;
	uint64_t bad;
};

static void span_init(void *ctx, void *acc)
{
	const struct span none = {0, 0, 1, 0};

	(void)ctx;
	memcpy(acc, &none, sizeof none);
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
	a = (a ^ (b + 0x9E3779B97F4A7C15u)) * 0xBF58476D1CE4E5B9u;
	return (a ^ a >> 29) * 0x94D049BB133111EBu + b;
}

static int span_body(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	struct span *s = acc;

	(void)ctx, (void)w;
	if (s->end || s->tree != 1 || begin >= end)
		s->bad = 1;
	s->begin = begin;
	s->end = end;
	s->tree = mixed(begin, end);
	return 0;
}

static void span_join(void *ctx, void *left, const void *right)
{
	struct span *l = left;
	const struct span *r = right;

	(void)ctx;
	if (l->end != r->begin || r->bad)
		l->bad = 1;
	l->end = r->end;
	l->tree = mixed(l->tree, r->tree);
}

/* The same tree, as the header says it is. */
static uint64_t tree_of(size_t n, size_t leaf, size_t begin)
{
	size_t half = leaf;

	if (n - begin <= leaf || n <= leaf)
		return mixed(begin, n);
	while (half < (n - begin) - half)
		half *= 2;
	return mixed(tree_of(begin + half, leaf, begin), tree_of(n, leaf, begin + half));
}

/* The accumulator, with something behind it so that it is allocated by itself. */
struct big_span {
	struct span span;
	char more[300];
};

static const size_t leaves[] = {1, 2, 3, 7, 64, 1000};
static const size_t sizes[] = {1,    2,    3,    4,    5,    7,    8,    9,    31,
                               32,   33,   63,   64,   65,   99,   100,  1000, 1023,
                               1024, 1025, 1026, 2048, 2049, 4097, 10007};

static void expect_span(filch_pool *pool, size_t n, const struct filch_reducer *r)
{
	struct big_span out = {{0}, {0}};

	cr_assert_eq(filch_reduce(pool, n, r, NULL, &out, NULL), 0);
	cr_assert_eq(out.span.bad, 0, "n %zu, leaf %zu", n, r->leaf);
	cr_assert(out.span.begin == 0 && out.span.end == n);
	cr_assert_eq(out.span.tree, tree_of(n, r->leaf, 0), "n %zu, leaf %zu", n, r->leaf);
}

Test(reduce, joins_in_order_in_the_tree_of_the_header_at_every_width)
{
	struct filch_reducer r = {0, span_init, span_body, span_join, 0};

	for (unsigned width = 1; width <= 8; width++) {
		filch_pool *pool = pool_of(width);

		for (size_t i = 0; i < COUNT_OF(sizes); i++)
			for (size_t k = 0; k < COUNT_OF(leaves); k++) {
				r.leaf = leaves[k];
				r.size = sizeof(struct span);
				expect_span(pool, sizes[i], &r);
				r.size = sizeof(struct big_span);
				expect_span(pool, sizes[i], &r);
			}
		pool_close(pool);
	}
}

static int span_body_slow(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	if (begin % 7 == 0)
		sleep_ns(20000 + begin % 5 * 10000);
	return span_body(ctx, begin, end, acc, w);
}

Test(reduce, joins_the_same_tree_when_leaves_end_in_any_order_and_are_cut_anyhow)
{
	struct filch_reducer r = {sizeof(struct big_span), span_init, span_body_slow, span_join, 1};
	filch_pool *pool = pool_of(4);

	for (size_t round = 0; round < scaled(40, 5); round++) {
		const size_t n = 100 + round % 30;
		struct big_span out;
		const struct filch_options *options[] = {NULL, FILCH(.chunk = 1),
		                                         FILCH(.chunk = 13), FILCH(.min_chunk = 3),
		                                         FILCH(.max_workers = 1)};

		for (size_t k = 0; k < COUNT_OF(options); k++) {
			cr_assert_eq(filch_reduce(pool, n, &r, NULL, &out, options[k]), 0);
			cr_assert_eq(out.span.bad, 0);
			cr_assert_eq(out.span.tree, tree_of(n, 1, 0));
		}
	}
	pool_close(pool);
}

/* ---- the same bits ---------------------------------------------------------------------- */

static int add(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	const double *x = ctx;
	double *s = acc;

	(void)w;
	for (size_t i = begin; i < end; i++)
		*s += x[i];
	return 0;
}

static void add_join(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(double *)left += *(const double *)right;
}

Test(reduce, has_the_same_bits_at_every_width_and_each_time)
{
	enum { N = 100003 };
	const struct filch_reducer r = {.size = sizeof(double), .body = add, .join = add_join};
	double *x = malloc(N * sizeof *x);
	uint64_t seed = test_seed();

	for (size_t i = 0; i < N; i++)
		x[i] = (double)random_next(&seed) / (double)(1 + random_below(&seed, 1000000));
	for (size_t n = 0; n <= N; n = n * 3 + 1) {
		double first = -1, again;

		cr_assert_eq(filch_reduce(NULL, n, &r, x, &first, FILCH(.max_workers = 1)), 0);
		for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
			filch_pool *pool = pool_of(all_widths[k]);

			for (int round = 0; round < 7; round++) {
				cr_assert_eq(filch_reduce(pool, n, &r, x, &again, NULL), 0);
				cr_assert_arr_eq(&again, &first, sizeof first);
			}
			pool_close(pool);
		}
	}
	free(x);
}

/* ---- no items, one leaf, too many leaves --------------------------------------------------- */

static int count_to(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	(void)ctx, (void)w;
	*(uint64_t *)acc += end - begin;
	return 0;
}

static void count_join(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(uint64_t *)left += *(const uint64_t *)right;
}

static void from_seven(void *ctx, void *acc)
{
	(void)ctx;
	*(uint64_t *)acc = 7;
}

Test(reduce, of_nothing_is_what_init_makes)
{
	struct filch_reducer r = {.size = 8, .body = count_to, .join = count_join};
	uint64_t out = 5;
	size_t first = 99;

	cr_expect_eq(filch_reduce(NULL, 0, &r, NULL, &out, FILCH(.first_error = &first)), 0);
	cr_expect(out == 0 && first == 0);
	r.init = from_seven;
	cr_expect(filch_reduce(NULL, 0, &r, NULL, &out, NULL) == 0 && out == 7);
}

Test(reduce, counts_any_number_of_items)
{
	struct filch_reducer r = {.size = 8, .body = count_to, .join = count_join};
	const size_t many[] = {
		1,       1000, 1000000, 100000000, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 1,
		SIZE_MAX};

	for (size_t i = 0; i < COUNT_OF(many); i++) {
		const size_t leaf[] = {
			0,       1 + many[i] / 3, many[i] / 999 + 1, many[i] / 100000 + 1,
			many[i], SIZE_MAX};

		for (size_t k = 0; k < COUNT_OF(leaf); k++) {
			uint64_t out = 1;

			r.leaf = leaf[k];
			cr_expect_eq(filch_reduce(NULL, many[i], &r, NULL, &out, NULL), 0);
			cr_expect_eq(out, many[i], "of %zu", many[i]);
		}
	}
}

Test(reduce, without_memory_is_done_with_less)
{
	const struct filch_reducer near = {sizeof(struct span), span_init, span_body, span_join, 1};
	const struct filch_reducer far = {sizeof(struct big_span), span_init, span_body, span_join,
	                                  1};
	struct big_span out;
	filch_pool *pool = pool_of(2);

	cr_assert_eq(filch_reduce(pool, 5000, &near, NULL, &out, NULL), 0);
	fail_memory(1, true);
	for (size_t n = 1; n < 5000; n += 333) {
		int code = filch_reduce(pool, n, &near, NULL, &out, NULL);

		cr_assert_eq(code, 0);
		cr_assert_eq(out.span.tree, tree_of(n, 1, 0));
		code = filch_reduce(pool, n, &far, NULL, &out, NULL);
		cr_assert_eq(code, n == 1 ? 0 : FILCH_ENOMEM);
	}
	fail_no_more();
	pool_close(pool);
}

Test(reduce, that_makes_no_sense_is_refused)
{
	const struct filch_reducer good = {.size = 8, .body = count_to, .join = count_join};
	struct filch_reducer r[3] = {good, good, good};
	struct filch_options newer = filch_options_init();
	uint64_t out = 3;
	int status[10];

	newer.struct_size = sizeof newer + 8;
	r[0].size = 0, r[1].body = NULL, r[2].join = NULL;
	for (size_t i = 0; i < COUNT_OF(r); i++)
		cr_expect_eq(filch_reduce(NULL, 10, &r[i], NULL, &out, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_reduce(NULL, 10, NULL, NULL, &out, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_reduce(NULL, 10, &good, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_reduce(NULL, 10, &good, NULL, &out, &newer), FILCH_EINVAL);
	cr_expect_eq(filch_reduce(NULL, 10, &good, NULL, &out, FILCH(.keep_going = true)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_reduce(NULL, 10, &good, NULL, &out, FILCH(.status = status)),
	             FILCH_EINVAL);
	cr_expect_eq(filch_reduce(NULL, 10, &good, NULL, &out, FILCH(.cost_ns = -1)), FILCH_EINVAL);
}

/* ---- failures, stops, reports -------------------------------------------------------------- */

struct failing {
	size_t at[2];
	filch_cancel cancel;
	size_t cancel_at;
};

static int fail_body(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	struct failing *f = ctx;

	(void)acc, (void)w;
	if (f->cancel_at >= begin && f->cancel_at < end)
		filch_cancel_now(&f->cancel);
	for (int k = 0; k < 2; k++)
		if (f->at[k] >= begin && f->at[k] < end)
			return k + 1;
	return 0;
}

static void no_join(void *ctx, void *left, const void *right)
{
	(void)ctx, (void)left, (void)right;
}

Test(reduce, returns_the_code_of_the_lowest_leaf_that_failed)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(100, 10); round++) {
			const size_t n = 20000, at = random_below(&seed, n - 500),
				     leaf = 1 + at % 100;
			struct failing f = {.at = {at + leaf, at}, .cancel_at = SIZE_MAX};
			const struct filch_reducer r = {100, NULL, fail_body, no_join, leaf};
			char out[100];
			size_t first = 0;

			cr_assert_eq(
				filch_reduce(pool, n, &r, &f, out, FILCH(.first_error = &first)),
				2);
			cr_assert_eq(first, at / leaf * leaf);
		}
		pool_close(pool);
	}
	expect_no_leak();
}

Test(reduce, can_be_cancelled_in_the_middle_and_gives_all_memory_back)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t at = 0; at < 900; at += 37) {
			struct failing f = {.at = {SIZE_MAX, SIZE_MAX}, .cancel_at = at};
			const struct filch_reducer r = {100, NULL, fail_body, no_join, 1};
			char out[100];
			int code = filch_reduce(pool, 1000, &r, &f, out,
			                        FILCH(.cancel = &f.cancel, .chunk = 1));

			cr_expect(code == FILCH_ECANCELED || (code == 0 && widths[k] > 1));
		}
		pool_close(pool);
	}
	expect_no_leak();
}

static int nested(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	const struct filch_reducer r = {.size = 8, .body = count_to, .join = count_join, .leaf = 3};
	uint64_t *sum = acc;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		uint64_t inner = 0;
		const int code = filch_reduce(ctx, 100 + i, &r, NULL, &inner, NULL);

		if (code)
			return code;
		*sum += inner;
	}
	return 0;
}

Test(reduce, nests)
{
	filch_pool *pool = pool_of(4);
	const struct filch_reducer r = {.size = 8, .body = nested, .join = count_join, .leaf = 1};
	uint64_t out = 0;

	cr_expect_eq(filch_reduce(pool, 100, &r, pool, &out, NULL), 0);
	cr_expect_eq(out, 100 * 100 + 4950);
	pool_close(pool);
}

Test(reduce, gives_back_what_it_allocated)
{
	const struct filch_reducer r = {sizeof(struct big_span), span_init, span_body, span_join,
	                                1};
	filch_pool *pool = pool_of(3);
	struct big_span out;

	cr_assert_eq(filch_reduce(pool, 1000, &r, NULL, &out, NULL), 0);
	for (int round = 0; round < 20; round++) {
		const long before = memory_blocks();

		cr_assert_eq(filch_reduce(pool, 3000, &r, NULL, &out, NULL), 0);
		cr_expect_leq(memory_blocks() - before, 10);
	}
	pool_close(pool);
}
