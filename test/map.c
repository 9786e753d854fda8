/* SPDX-License-Identifier: MIT */
/* filch_map(): result i stands at place i, and errors are those of the serial loop. */
#include "support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(map, .timeout = 120);

enum { N = 10007 };

static int square(void *ctx, const void *in, void *out, filch_worker *w)
{
	const int *x = in;
	double *y = out;

	(void)ctx, (void)w;
	*y = (double)*x * *x;
	return 0;
}

Test(map, puts_result_i_at_place_i)
{
	static int x[N];
	static double y[N];

	for (int i = 0; i < N; i++)
		x[i] = i;
	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		memset(y, 0, sizeof y);
		cr_expect_eq(filch_map(pool, x, N, y, square, NULL, NULL), 0);
		for (int i = 0; i < N; i++)
			cr_assert_eq(y[i], (double)i * i);
		pool_close(pool);
	}
}

static int slow_at_first(void *ctx, const void *in, void *out, filch_worker *w)
{
	size_t i = *(const size_t *)in;

	(void)ctx, (void)w;
	if (i < 8)
		sleep_ns((8 - i) * 1000000);
	*(size_t *)out = i * 3;
	return 0;
}

Test(map, puts_result_i_at_place_i_when_the_first_items_end_last)
{
	size_t x[50], y[50];
	filch_pool *pool = pool_of(8);

	for (size_t i = 0; i < 50; i++)
		x[i] = i;
	cr_expect_eq(filch_map(pool, x, 50, y, slow_at_first, NULL, NULL), 0);
	for (size_t i = 0; i < 50; i++)
		cr_expect_eq(y[i], 3 * i);
	pool_close(pool);
}

static int increment(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx, (void)w;
	if (in != out)
		return 1;
	++*(uint64_t *)out;
	return 0;
}

Test(map, works_in_place)
{
	static uint64_t x[N];

	for (size_t round = 1; round <= 50; round++) {
		cr_assert_eq(filch_map(NULL, x, N, x, increment, NULL, NULL), 0);
		for (size_t i = 0; i < N; i++)
			cr_assert_eq(x[i], round);
	}
}

struct wide {
	char name[5];
	double value;
	int more[4];
};

static int widen(void *ctx, const void *in, void *out, filch_worker *w)
{
	const unsigned char *c = in;
	struct wide *s = out;

	(void)w;
	snprintf(s->name, sizeof s->name, "%u", *c);
	s->value = *c + *(const double *)ctx;
	s->more[3] = -*c;
	return 0;
}

static int narrow(void *ctx, const void *in, void *out, filch_worker *w)
{
	const struct wide *s = in;

	(void)ctx, (void)w;
	*(unsigned char *)out = (unsigned char)(atoi(s->name) + s->more[3] + (int)s->value);
	return 0;
}

Test(map, takes_elements_of_different_sizes)
{
	static unsigned char in[N], out[N];
	static struct wide middle[N];
	double half = 0.5;

	for (size_t i = 0; i < N; i++)
		in[i] = (unsigned char)(i * 7);
	cr_expect_eq(filch_map(NULL, in, N, middle, widen, &half, NULL), 0);
	cr_expect_eq(filch_map(NULL, middle, N, out, narrow, NULL, NULL), 0);
	cr_expect_arr_eq(in, out, N);
}

/* ---- sizes of nothing, and of too much ------------------------------------------------ */

struct same {
	const void *in;
	void *out;
	atomic_size_t calls;
};

static int expect_same(void *ctx, const void *in, void *out, filch_worker *w)
{
	struct same *s = ctx;

	(void)w;
	atomic_fetch_add(&s->calls, 1);
	return in == s->in && out == s->out ? 0 : 1;
}

Test(map, of_elements_of_size_zero_passes_the_same_pointer_to_all)
{
	int a = 0, b = 0;
	struct same s = {&a, &b, 0}, none = {NULL, NULL, 0};

	cr_expect_eq(filch_map_sized(NULL, &a, 0, 1000, &b, 0, expect_same, &s, NULL), 0);
	cr_expect_eq(atomic_load(&s.calls), 1000);
	cr_expect_eq(filch_map_sized(NULL, NULL, 0, 1000, NULL, 0, expect_same, &none, NULL), 0);
	cr_expect_eq(atomic_load(&none.calls), 1000);
}

static int stop_after_many(void *ctx, const void *in, void *out, filch_worker *w)
{
	atomic_size_t *calls = ctx;

	(void)in, (void)out, (void)w;
	return atomic_fetch_add(calls, 1) >= 5000 ? 7 : 0;
}

Test(map, of_size_max_items_of_size_zero_ends_when_one_fails)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		atomic_size_t calls = 0;

		cr_expect_eq(filch_map_sized(pool, NULL, 0, SIZE_MAX, NULL, 0, stop_after_many,
		                             &calls, NULL),
		             7);
		cr_expect_geq(atomic_load(&calls), 5001);
		pool_close(pool);
	}
}

static int must_not_run(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx, (void)in, (void)out, (void)w;
	abort();
}

Test(map, of_more_than_memory_can_hold_is_refused)
{
	char c[8];
	const size_t huge[][2] = {{SIZE_MAX, 2},
	                          {SIZE_MAX / 2 + 1, 2},
	                          {2, SIZE_MAX},
	                          {SIZE_MAX / 8 + 1, 8},
	                          {SIZE_MAX, SIZE_MAX}};

	for (size_t i = 0; i < COUNT_OF(huge); i++) {
		cr_expect_eq(filch_map_sized(NULL, c, huge[i][1], huge[i][0], c, 0, must_not_run, c,
		                             NULL),
		             FILCH_EINVAL);
		cr_expect_eq(filch_map_sized(NULL, c, 0, huge[i][0], c, huge[i][1], must_not_run, c,
		                             NULL),
		             FILCH_EINVAL);
	}
}

Test(map, without_arrays_or_function_is_refused)
{
	int x[4] = {1, 2, 3, 4};
	int *none = NULL;

	cr_expect_eq(filch_map(NULL, none, 4, x, must_not_run, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_map(NULL, x, 4, none, must_not_run, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_map(NULL, x, 4, x, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_map(NULL, x, 0, x, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_map(NULL, none, 0, none, must_not_run, NULL, NULL), 0);
}

/* ---- errors, item by item --------------------------------------------------------------- */

struct failing {
	struct tally t;
	const size_t *items;
	size_t at[3];
};

static int fail_at(void *ctx, const void *in, void *out, filch_worker *w)
{
	struct failing *f = ctx;
	size_t i = (size_t)((const size_t *)in - f->items);

	(void)out, (void)w;
	tally_range(&f->t, i, i + 1);
	for (size_t k = 0; k < COUNT_OF(f->at); k++)
		if (i == f->at[k])
			return (int)k + 1;
	return 0;
}

/* What the status says is what the tally says. */
static void expect_true_status(const struct failing *f, const int *status)
{
	for (size_t i = 0; i < f->t.n; i++) {
		int times = atomic_load(&f->t.times[i]), code = 0;

		for (size_t k = 0; k < COUNT_OF(f->at); k++)
			if (i == f->at[k])
				code = (int)k + 1;
		cr_assert_leq(times, 1);
		cr_assert_eq(status[i], times ? code : FILCH_ESKIPPED, "status of item %zu", i);
	}
}

Test(map, of_one_worker_runs_what_the_serial_loop_would)
{
	static size_t x[N];
	static int status[N];
	filch_pool *pool = pool_of(1);

	for (size_t at = 0; at < 200; at += 3) {
		struct failing f = {.items = x, .at = {at + 50, at, at + 1}};
		size_t first = 0;

		tally_init(&f.t, N);
		cr_expect_eq(filch_map(pool, x, N, x, fail_at, &f,
		                       FILCH(.status = status, .first_error = &first)),
		             2);
		cr_expect_eq(first, at);
		cr_expect_eq(tally_first_not(&f.t, 0, at + 1, 1), at + 1);
		cr_expect_eq(tally_first_not(&f.t, at + 1, N, 0), N, "nothing above has started");
		expect_true_status(&f, status);
		tally_finish(&f.t);
	}
	pool_close(pool);
}

Test(map, at_every_width_returns_the_code_of_the_lowest_item_that_failed)
{
	static size_t x[N];
	static int status[N];
	uint64_t seed = test_seed();

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(100, 10); round++) {
			size_t at = random_below(&seed, N);
			struct failing f = {.items = x, .at = {at, at + 1, at + N / 2}};
			size_t first = 0;

			tally_init(&f.t, N);
			cr_expect_eq(filch_map(pool, x, N, x, fail_at, &f,
			                       FILCH(.status = status, .first_error = &first)),
			             1);
			cr_expect_eq(first, at);
			cr_expect_eq(tally_first_not(&f.t, 0, at + 1, 1), at + 1);
			expect_true_status(&f, status);
			tally_finish(&f.t);
		}
		pool_close(pool);
	}
}

Test(map, that_keeps_going_runs_all_and_tells_each_item_apart)
{
	static size_t x[N];
	static int status[N];

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		struct failing f = {.items = x, .at = {N - 1, 17, 5000}};
		struct filch_report report;
		size_t first = 0;

		tally_init(&f.t, N);
		cr_expect_eq(filch_map(pool, x, N, x, fail_at, &f,
		                       FILCH(.status = status, .first_error = &first,
		                             .keep_going = true, .report = &report)),
		             2);
		cr_expect_eq(first, 17);
		cr_expect_eq(report.items, N);
		tally_expect_once(&f.t);
		expect_true_status(&f, status);
		tally_finish(&f.t);
		pool_close(pool);
	}
}
