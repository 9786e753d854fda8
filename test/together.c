/* SPDX-License-Identifier: MIT */
/*
 * No worker sleeps, or looks for work, while there is something that nobody has begun: as many
 * bodies as there are workers are all at work at the same time.  They wait for each other, so a
 * single one that is left alone is seen as a hang.
 */
#include "support.h"

#include <criterion/criterion.h>

TestSuite(together, .timeout = 900);

/* Bodies that end when all of them have begun. */
struct meeting {
	filch_pool *pool;
	unsigned rows, columns;
	atomic_uint here;
};

static int meet_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct meeting *m = ctx;

	(void)begin, (void)end, (void)w;
	return meet(&m->here, m->rows * m->columns) ? 0 : 1;
}

static int meet_in_a_loop(struct meeting *m)
{
	return filch_for(m->pool, m->rows * m->columns, meet_body, m, FILCH(.chunk = 1));
}

static int meet_in_a_row(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct meeting *m = ctx;

	(void)begin, (void)end, (void)w;
	return filch_for(m->pool, m->columns, meet_body, m, FILCH(.chunk = 1));
}

static int meet_in_loops(struct meeting *m)
{
	return filch_for(m->pool, m->rows, meet_in_a_row, m, FILCH(.chunk = 1));
}

static int meet_task(void *arg, filch_worker *w)
{
	return meet_body(arg, 0, 1, w);
}

static int meet_in_tasks(void *arg, filch_worker *w)
{
	enum { ALL = 64 };
	struct meeting *m = arg;
	filch_fn *fn[ALL];
	void *args[ALL];

	for (size_t i = 0; i < ALL; i++) {
		fn[i] = meet_task;
		args[i] = m;
	}
	return filch_join_many(w, m->rows * m->columns, fn, args);
}

/* As many bodies as workers, in each way, whether the workers sleep or have just been at work. */
static void expect_all_meet(unsigned rows, unsigned columns, bool tasks, size_t rounds)
{
	struct meeting m = {.pool = pool_of(rows * columns), .rows = rows, .columns = columns};

	for (size_t round = 0; round < rounds; round++) {
		if (round % 2)
			sleep_ns(3000000);
		atomic_store(&m.here, 0);
		cr_assert_eq(meet_in_a_loop(&m), 0);
		atomic_store(&m.here, 0);
		cr_assert_eq(meet_in_loops(&m), 0);
		atomic_store(&m.here, 0);
		if (tasks)
			cr_assert_eq(filch_run(m.pool, meet_in_tasks, &m, NULL), 0);
	}
	pool_close(m.pool);
}

Test(together, of_as_many_bodies_as_workers_runs_all_at_the_same_time)
{
	const size_t rounds = scaled(20, 2);

	expect_all_meet(1, 2, true, rounds);
	expect_all_meet(3, 3, true, rounds);
	expect_all_meet(4, 8, true, rounds);
	expect_all_meet(8, 8, true, rounds);
	if (SANITIZED)
		return; /* to poll takes them much longer */
	expect_all_meet(8, 16, false, scaled(2, 2));
	expect_all_meet(16, 16, false, scaled(2, 2));
}
