/* SPDX-License-Identifier: MIT */
/* Fork and join: every task once, nothing hidden, no lock met again, at every width. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include "fibonacci.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

TestSuite(forkjoin, .timeout = 300);

/* ---- results --------------------------------------------------------------------------- */

static int run_fib(void *arg, filch_worker *w)
{
	long *n = arg;

	*n = FILCH_ENTER(w, fib, (int)*n);
	return 0;
}

static int join2_fib(void *arg, filch_worker *w)
{
	long *n = arg, left = *n - 1, right = *n - 2;
	int code;

	if (*n < 2)
		return 0;
	code = filch_join2(w, join2_fib, &left, join2_fib, &right);
	*n = left + right;
	return code;
}

/* All in one function, the list of tasks as deep as the recursion. */
FILCH_VOID_TASK3(sum_up, const long *, x, size_t, n, long *, out)
{
	FILCH_RECORD(sum_up) half;
	long left = 0, right = 0;

	if (n == 1) {
		*out = *x;
		return;
	}
	FILCH_FORK(half, sum_up, x + n / 2, n - n / 2, &right);
	FILCH_CALL(sum_up, x, n / 2, &left);
	FILCH_JOIN(half, sum_up);
	*out = left + right;
}

static void expect_run(filch_pool *pool, filch_fn *fn, long n, long expected)
{
	cr_expect_eq(filch_run(pool, fn, &n, NULL), 0);
	cr_expect_eq(n, expected);
}

/* J1, J2 */
Test(forkjoin, each_spelling_gives_the_serial_result_at_every_width)
{
	const int n = SANITIZED ? 17 : 22;
	const long expected = SANITIZED ? 1597 : 17711;

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(200, 10); round++) {
			expect_run(pool, run_fib, n, expected);
			expect_run(pool, plain_fib, n, expected);
			expect_run(pool, join2_fib, n, expected);
		}
		pool_close(pool);
	}
}

static int run_sum(void *arg, filch_worker *w)
{
	enum { N = 10000 };
	static long x[N];
	long *out = arg;

	for (long i = 0; i < N; i++)
		x[i] = i;
	FILCH_ENTER(w, sum_up, x, N, out);
	return *out == (long)N * (N - 1) / 2 ? 0 : 1;
}

Test(forkjoin, a_task_without_result_writes_where_it_was_told)
{
	filch_pool *pool = pool_of(4);
	long sum = 0;

	cr_expect_eq(filch_run(pool, run_sum, &sum, NULL), 0);
	pool_close(pool);
}

/* ---- codes ------------------------------------------------------------------------------- */

static int give(void *arg, filch_worker *w)
{
	(void)w;
	return *(int *)arg;
}

static int join_codes(void *arg, filch_worker *w)
{
	int a = 0, b = 7, c = 9;
	filch_fn *fn[] = {give, give, give, give, give};
	void *args[] = {&a, &a, &b, &c, &a};
	filch_task t;

	(void)arg;
	filch_fork(w, &t, give, &b);
	if (filch_join(w, &t) != 7)
		return 1;
	filch_fork(w, &t, give, &c);
	if (filch_join_as(w, &t, give, &c) != 9)
		return 2;
	if (filch_join2(w, give, &a, give, &a) != 0 || filch_join2(w, give, &c, give, &b) != 9 ||
	    filch_join2(w, give, &a, give, &b) != 7)
		return 3;
	if (filch_join_many(w, 5, fn, args) != 7 || filch_join_many(w, 2, fn, args) != 0 ||
	    filch_join_many(w, 0, NULL, NULL) != 0)
		return 4;
	return 42;
}

Test(forkjoin, the_code_of_the_first_that_failed_is_returned)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(100, 10); round++)
			cr_expect_eq(filch_run(pool, join_codes, NULL, NULL), 42);
		pool_close(pool);
	}
}

Test(forkjoin, what_makes_no_sense_does_not_run)
{
	int seven = 7;
	filch_cancel token = {0};

	cr_expect_eq(filch_run(NULL, NULL, NULL, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_run(NULL, give, &seven, FILCH(.cost_ns = -1)), FILCH_EINVAL);
	cr_expect_eq(filch_run(NULL, give, &seven, NULL), 7);
	filch_cancel_now(&token);
	cr_expect_eq(filch_run(NULL, give, &seven, FILCH(.cancel = &token)), FILCH_ECANCELED);
}

/* ---- nothing hidden -------------------------------------------------------------------------- */

struct leaves {
	unsigned count, together;
	atomic_uint begun, done;
	bool failed;
};

/* Ends only once `together` of them have begun. */
static int needy_leaf(void *arg, filch_worker *w)
{
	struct leaves *l = arg;

	(void)w;
	if (!meet(&l->begun, l->together))
		l->failed = true;
	atomic_fetch_add(&l->done, 1);
	return 0;
}

static int fork_in_a_row(void *arg, filch_worker *w)
{
	struct leaves *l = arg;
	filch_task t[16];

	for (unsigned i = 0; i < l->count; i++)
		filch_fork(w, &t[i], needy_leaf, l);
	for (unsigned i = l->count; i--;)
		filch_join(w, &t[i]);
	return 0;
}

/* J5, J9 */
Test(forkjoin, leaves_forked_in_a_row_run_on_all_workers_that_slept)
{
	for (size_t round = 0; round < scaled(30, 3); round++) {
		filch_pool *pool = pool_of(8);
		struct leaves l = {.count = 16, .together = 8};

		if (round % 2) { /* all have run before, and sleep */
			cr_expect_eq(filch_run(pool, fork_in_a_row, &l, NULL), 0);
			atomic_store(&l.begun, 0);
			sleep_ns(2000000);
		}
		cr_expect_eq(filch_run(pool, fork_in_a_row, &l, NULL), 0);
		cr_expect_not(l.failed);
		pool_close(pool);
	}
}

static int quick_leaf(void *arg, filch_worker *w)
{
	(void)w;
	atomic_fetch_add((atomic_uint *)arg, 1);
	return 0;
}

/* Goes on only once others have run all that it forked, and neither forks nor joins meanwhile. */
static int long_leaf(void *arg, filch_worker *w)
{
	struct leaves *l = arg;
	filch_task t[16];

	for (unsigned i = 0; i < l->count; i++)
		filch_fork(w, &t[i], quick_leaf, &l->done);
	l->failed = !wait_for(&l->done, l->count);
	for (unsigned i = l->count; i--;)
		filch_join(w, &t[i]);
	return 0;
}

/* J5 */
Test(forkjoin, what_a_worker_forked_before_a_long_leaf_is_taken_meanwhile)
{
	filch_pool *pool;

	/* Who never sleeps need not be woken, which such tasks would not be worth. */
	cr_assert_eq(
		filch_pool_create(&pool, FILCH_POOL(.workers = 2, .spin_ns = UINT64_C(1) << 50)),
		0);
	for (size_t round = 0; round < scaled(1000, 10); round++) {
		struct leaves l = {.count = 1 + (unsigned)round % 16};

		cr_expect_eq(filch_run(pool, long_leaf, &l, NULL), 0);
		cr_assert_not(l.failed, "%u of %u", atomic_load(&l.done), l.count);
	}
	pool_close(pool);
}

/* ---- locks and stacks -------------------------------------------------------------------------- */

struct locked {
	pthread_mutex_t lock;
	atomic_uint taken;
};

static int take_lock(void *arg, filch_worker *w)
{
	struct locked *l = arg;

	(void)w;
	pthread_mutex_lock(&l->lock);
	atomic_fetch_add(&l->taken, 1);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

static int slow_leaf(void *arg, filch_worker *w)
{
	(void)arg, (void)w;
	sleep_ns(100000);
	return 0;
}

/* Holds a lock over a join, that older tasks of its own and its siblings want. */
static int hold_lock(void *arg, filch_worker *w)
{
	struct locked *l = arg;
	filch_task wanting, t;
	int code;

	filch_fork(w, &wanting, take_lock, l);
	pthread_mutex_lock(&l->lock);
	filch_fork(w, &t, slow_leaf, NULL);
	slow_leaf(NULL, w);
	code = filch_join(w, &t);
	pthread_mutex_unlock(&l->lock);
	filch_join(w, &wanting);
	return code;
}

static int many_hold_locks(void *arg, filch_worker *w)
{
	enum { MANY = 12 };
	filch_task t[MANY];

	for (int i = 0; i < MANY; i++)
		filch_fork(w, &t[i], i % 2 ? hold_lock : take_lock, arg);
	for (int i = MANY; i--;)
		filch_join(w, &t[i]);
	return 0;
}

/* J6 */
Test(forkjoin, a_lock_may_be_held_over_a_join)
{
	struct locked l = {PTHREAD_MUTEX_INITIALIZER, 0};

	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		const size_t rounds = scaled(20, 3);

		atomic_store(&l.taken, 0);
		for (size_t round = 0; round < rounds; round++)
			cr_expect_eq(filch_run(pool, many_hold_locks, &l, NULL), 0);
		cr_expect_eq(atomic_load(&l.taken), 12 * rounds);
		pool_close(pool);
	}
}

/* As many tasks at once as there are calls on the stack. */
static int descend(void *arg, filch_worker *w)
{
	atomic_uint *left = arg;
	filch_task t;
	unsigned now = atomic_load(left);

	if (!now)
		return 0;
	atomic_store(left, now - 1);
	filch_fork(w, &t, quick_leaf, left + 1);
	descend(left, w);
	return filch_join(w, &t);
}

/* J8 */
Test(forkjoin, twenty_thousand_tasks_wait_at_once)
{
	filch_pool *pool = pool_of(3);

	for (size_t round = 0; round < scaled(20, 2); round++) {
		atomic_uint counts[2] = {20000, 0};

		cr_expect_eq(filch_run(pool, descend, counts, NULL), 0);
		cr_expect_eq(atomic_load(&counts[1]), 20000);
	}
	pool_close(pool);
}

/* ---- want, and misuse ---- */

/* J7 */
Test(forkjoin, without_memory_the_caller_works)
{
	filch_pool *pool = pool_of(3);

	for (unsigned k = 1; k < 6; k++) {
		atomic_uint counts[2] = {3000, 0};

		fail_memory(k, true);
		cr_expect_eq(filch_run(pool, descend, counts, NULL), 0);
		fail_no_more();
		cr_expect_eq(atomic_load(&counts[1]), 3000);
	}
	pool_close(pool);
}

static int fork_and_join_at_once(void *arg, filch_worker *w)
{
	int code = 0;

	fail_memory(1, true);
	for (int i = 0; i < 100000 && !code; i++) {
		filch_task t;

		filch_fork(w, &t, give, arg);
		code = filch_join(w, &t);
	}
	return code;
}

/* With one worker there is nobody to take it (J4). */
Test(forkjoin, what_nobody_takes_asks_for_no_memory)
{
	filch_pool *pool = pool_of(1);
	int none = 0;

	cr_expect_eq(filch_run(pool, fork_and_join_at_once, &none, NULL), 0);
	cr_expect_eq(fail_no_more(), 0);
	pool_close(pool);
}

Test(forkjoin, a_run_reports_what_it_did)
{
	filch_pool *pool = pool_of(8);
	struct leaves l = {.count = 16, .together = 8};
	struct filch_report report;

	cr_expect_eq(filch_run(pool, fork_in_a_row, &l, FILCH(.report = &report)), 0);
	cr_expect_eq(report.items, 1);
	cr_expect_eq(report.workers, 8);
	cr_expect_geq(report.steals, 7);
	cr_expect_eq(report.chunks, report.steals + 1);
	pool_close(pool);
}

static int forgets(void *arg, filch_worker *w)
{
	filch_fork(w, arg, give, arg);
	return 0;
}

Test(forkjoin, a_forgotten_join_ends_the_program, .signal = SIGABRT)
{
	filch_pool *pool = pool_of(2);
	static filch_task t;

	filch_run(pool, forgets, &t, NULL);
}
