/* SPDX-License-Identifier: MIT */
/* filch_scan(): in order, blocks and all, in place too, and with the same bits. */
#include "support.h"

#include <criterion/criterion.h>
#include <filch/reduce.h>
#include <filch/scan.h>
#include <stdlib.h>
#include <string.h>

TestSuite(scan, .timeout = 120);

enum { MOST = 1200000 };

static const size_t sizes[] = {0,    1,    2,     3,     17,     4095,   4096,   4097,   8191,
                               8192, 8193, 12288, 20001, 524287, 524288, 524289, 528384, MOST};

/* Affine maps x -> a x + b, which do not commute; composed exactly, modulo 2^64. */
struct affine {
	uint64_t a, b;
	char more[32]; /* so that blocks are smaller */
};

static void affine_join(void *ctx, void *left, const void *right)
{
	struct affine *l = left;
	const struct affine *r = right;

	(void)ctx;
	l->a *= r->a;
	l->b = l->b * r->a + r->b;
}

static void affine_init(void *ctx, void *acc)
{
	struct affine *a = acc;

	(void)ctx;
	memset(a, 0, sizeof *a);
	a->a = 1;
	a->b = 5;
}

static void affine_serial(const struct affine *x, size_t n, struct affine *y, bool exclusive)
{
	struct affine acc;

	affine_init(NULL, &acc);
	if (!exclusive)
		acc.b = 0;
	for (size_t i = 0; i < n; i++) {
		if (exclusive)
			y[i] = acc;
		affine_join(NULL, &acc, &x[i]);
		if (!exclusive)
			y[i] = acc;
	}
}

static bool affine_same(const struct affine *x, const struct affine *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i].a != y[i].a || x[i].b != y[i].b)
			return false;
	return true;
}

Test(scan, is_that_of_the_loop_at_every_width_and_in_place)
{
	enum { N = 200000 };
	struct affine *x = calloc(N, sizeof *x), *y = calloc(N, sizeof *y),
		      *z = calloc(N, sizeof *z);
	struct filch_scanner s = {.size = sizeof *x, .join = affine_join, .init = affine_init};
	const size_t some[] = {0, 1, 2, 681, 682, 683, 1365, 40000, 87297, 87424, N};
	uint64_t seed = test_seed();

	for (size_t i = 0; i < N; i++)
		x[i] = (struct affine){random_next(&seed) | 1, random_next(&seed), {0}};
	for (unsigned w = 1; w <= 8; w++) {
		filch_pool *pool = pool_of(w);

		for (size_t k = 0; k < 2 * COUNT_OF(some); k++) {
			const size_t n = some[k / 2];

			s.exclusive = k % 2;
			affine_serial(x, n, y, s.exclusive);
			cr_assert_eq(filch_scan(pool, x, n, z, &s, NULL, NULL), 0);
			cr_assert(affine_same(y, z, n), "of %zu at %u", n, w);
			memcpy(z, x, n * sizeof *x);
			cr_assert_eq(
				filch_scan(pool, z, n, z, &s, NULL, FILCH(.label = "in place")), 0);
			cr_assert(affine_same(y, z, n), "of %zu at %u, in place", n, w);
		}
		pool_close(pool);
	}
	free(x);
	free(y);
	free(z);
}

Test(scan, of_numbers_is_exact_or_has_the_same_bits_at_every_width)
{
	int64_t *x = malloc(MOST * sizeof *x), *y = malloc(MOST * sizeof *y);
	double *f = malloc(MOST * sizeof *f), *g = malloc(MOST * sizeof *g),
	       *h = malloc(MOST * sizeof *h);
	uint64_t seed = test_seed();

	for (size_t i = 0; i < MOST; i++)
		f[i] = (double)(x[i] = (int64_t)random_next(&seed)) / 3;
	for (size_t k = 0; k < 2 * COUNT_OF(sizes); k++)
		for (unsigned w = 0; w <= 8; w++) {
			const size_t n = sizes[k / 2];
			filch_pool *pool = w ? pool_of(w) : NULL;
			uint64_t sum = 0;

			cr_assert_eq(filch_scan_i64(pool, x, n, y, k % 2, NULL), 0);
			for (size_t i = 0; i < n; i++) {
				cr_assert_eq((uint64_t)y[i], k % 2 ? sum : sum + (uint64_t)x[i]);
				sum += (uint64_t)x[i];
			}
			cr_assert_eq(filch_scan_f64(pool, f, n, w ? h : g, k % 2, NULL), 0);
			cr_assert(!w || !n || memcmp(g, h, n * sizeof *g) == 0);
			if (w)
				pool_close(pool);
		}
	free(x), free(y), free(f), free(g), free(h);
}

static void add_join(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(double *)left += *(const double *)right;
}

Test(scan, of_doubles_is_what_the_header_says)
{
	enum { N = 600000 };
	const struct filch_scanner s = {.size = sizeof(double), .join = add_join};
	double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y), *z = malloc(N * sizeof *z);
	long double exact = 0, error;
	double before = 0;

	for (size_t i = 0; i < N; i++)
		x[i] = 1.0 / (double)(i + 1);
	cr_assert_eq(filch_scan(NULL, x, N, y, &s, NULL, NULL), 0);
	cr_assert_eq(filch_scan_f64(NULL, x, N, z, false, NULL), 0);
	for (size_t b = 0; b < N; b += 4096) {
		double own = 0, acc = before;

		for (size_t i = b; i < b + 4096 && i < N; i++) {
			own += x[i];
			acc += x[i];
			cr_assert(acc >= y[i] && acc <= y[i]);
			exact += x[i];
			error = z[i] > exact ? z[i] - exact : exact - z[i];
			cr_assert(error <= exact * (4700 + N / 4096) / ((uint64_t)1 << 53));
		}
		before += own;
	}
	free(x), free(y), free(z);
}

Test(scan, that_makes_no_sense_is_refused_and_without_memory_is_done)
{
	const struct filch_scanner good = {.size = 1024, .join = affine_join};
	const struct filch_scanner huge = {.size = 4096, .join = affine_join};
	struct filch_scanner bad = good;
	char *x = calloc(200, 4096);
	double d[2] = {1, 2};
	int code[2];

	bad.join = NULL;
	cr_expect_eq(filch_scan(NULL, x, 10, x, &bad, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_scan(NULL, x, 10, x, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_scan(NULL, NULL, 10, x, &good, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_scan(NULL, x, SIZE_MAX / 1000, x, &good, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_scan_f64(NULL, d, 2, NULL, false, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_scan_f64(NULL, d, 2, d, false, FILCH(.chunk = 7)), FILCH_EINVAL);
	fail_memory(1, true);
	code[0] = filch_scan(NULL, x, 200, x, &good, NULL, FILCH(.max_workers = 1));
	code[1] = filch_scan(NULL, x, 200, x, &huge, NULL, FILCH(.max_workers = 1));
	fail_no_more();
	cr_expect(code[0] == 0 && code[1] == FILCH_ENOMEM);
	free(x);
}

Test(scan, can_be_cancelled_timed_out_and_reported)
{
	double *x = calloc(MOST, sizeof *x);
	filch_cancel cancelled = {0};
	struct filch_report report;

	cr_expect_eq(filch_scan_f64(NULL, x, MOST, x, false, FILCH(.report = &report)), 0);
	cr_expect_geq(report.items, (MOST + 4095) / 4096);
	cr_expect_leq(report.items, 2 * ((MOST + 4095) / 4096));
	cr_expect_eq(filch_scan_f64(NULL, x, MOST, x, false, FILCH(.timeout_ns = 1)),
	             FILCH_ETIMEDOUT);
	cr_expect_eq(filch_scan_f64(NULL, x, MOST, x, true, FILCH(.timeout_ns = 60000000000)), 0);
	filch_cancel_now(&cancelled);
	cr_expect_eq(filch_scan_f64(NULL, x, MOST, x, false, FILCH(.cancel = &cancelled)),
	             FILCH_ECANCELED);
	free(x);
}

/* What is behind the end of it was never the program's to fill in. */
Test(scan, takes_options_of_a_program_that_knew_fewer)
{
	const size_t size = offsetof(struct filch_options, status);
	const struct filch_options o = filch_options_init();
	char *old = malloc(size + 64);
	double x[10] = {1}, sum = 0;

	memset(old, 0x41, size + 64);
	memcpy(old, &o, size);
	memcpy(old + offsetof(struct filch_options, struct_size), &size, sizeof size);
	cr_expect_eq(filch_scan_f64(NULL, x, 10, x, false, (void *)old), 0);
	cr_expect(x[9] >= 1 && x[9] <= 1);
	cr_expect_eq(filch_sum_f64(NULL, x, 10, &sum, (void *)old), 0);
	cr_expect(sum >= 10 && sum <= 10);
	free(old);
}
