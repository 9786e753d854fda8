/* SPDX-License-Identifier: MIT */
/* One accumulator per worker: none is shared, none is lost. */
#include "support.h"

#include <criterion/criterion.h>
#include <filch/combine.h>

TestSuite(combine, .timeout = 60);

struct moments {
	size_t count;
	uint64_t sum;
	bool busy;
};

static int add_moments(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct moments *m = filch_combinable_mine(ctx, w);

	if (m->busy || (uintptr_t)m % 128)
		return 1;
	m->busy = true;
	for (size_t i = begin; i < end; i++) {
		m->count++;
		m->sum += i;
	}
	m->busy = false;
	return 0;
}

static void join_moments(void *ctx, void *left, const void *right)
{
	struct moments *l = left;
	const struct moments *r = right;

	cr_expect_null(ctx);
	l->count += r->count;
	l->sum += r->sum;
}

Test(combine, adds_up_at_every_width)
{
	for (size_t k = 0; k < COUNT_OF(all_widths); k++) {
		filch_pool *pool = pool_of(all_widths[k]);

		for (size_t n = 0; n < 100000; n = 3 * n + 1) {
			struct moments all = {0};
			struct filch_combinable c;

			cr_assert_eq(filch_combinable_create(&c, pool, sizeof all, NULL, NULL), 0);
			cr_expect_eq(filch_for(pool, n, add_moments, &c, FILCH(.max_chunk = 100)),
			             0);
			filch_combinable_join(&c, join_moments, &all);
			cr_expect_eq(all.count, n);
			cr_expect_eq(all.sum, n ? (uint64_t)n * (n - 1) / 2 : 0);
			filch_combinable_destroy(&c);
		}
		pool_close(pool);
	}
}

static void init_count(void *ctx, void *acc)
{
	++*(unsigned *)ctx;
	*(unsigned *)acc = 10;
}

static void join_count(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(unsigned *)left += *(const unsigned *)right;
}

Test(combine, makes_each_accumulator)
{
	filch_pool *pool = pool_of(5);
	unsigned made = 0, sum = 0;
	struct filch_combinable c;

	cr_expect_eq(filch_combinable_create(&c, pool, sizeof made, init_count, &made), 0);
	filch_combinable_join(&c, join_count, &sum);
	filch_combinable_destroy(&c);
	cr_expect_eq(made, 5);
	cr_expect_eq(sum, 50);
	pool_close(pool);
}

Test(combine, that_cannot_be_has_no_accumulators)
{
	filch_pool *pool = pool_of(2);
	struct filch_combinable c;
	unsigned sum = 0;

	cr_expect_eq(filch_combinable_create(NULL, pool, 8, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_combinable_create(&c, pool, 0, NULL, NULL), FILCH_EINVAL);
	filch_combinable_destroy(&c);
	cr_expect_eq(filch_combinable_create(&c, pool, SIZE_MAX, NULL, NULL), FILCH_EINVAL);
	filch_combinable_join(&c, join_count, &sum);
	filch_combinable_destroy(&c);
	cr_expect_eq(sum, 0);
	pool_close(pool);
}
