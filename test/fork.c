/* SPDX-License-Identifier: MIT */
/* fork(): the parent goes on; in the child old pools answer at once and new ones work. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(fork, .timeout = 300);

/* Children run few things of the test program: what they find wrong is their exit status. */
enum {
	FINE = 0,
	OLD_POOL_RAN = 10,
	OLD_POOL_HAS_WIDTH,
	OLD_POOL_ENDED,
	NEW_POOL_FAILED,
	DEFAULT_POOL_FAILED,
	GRANDCHILD_FAILED
};

static int must_not_run(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	_exit(OLD_POOL_RAN);
}

static int must_not_map(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)in, (void)out;
	return must_not_run(ctx, 0, 0, w);
}

/* All that needs no allocator: other threads may have held its locks, and not all are mended. */
static int old_pool_answers(void *pool)
{
	char x[4] = {0};

	for (size_t n = 0; n < 5; n += 2)
		if (filch_for(pool, n, must_not_run, NULL, NULL) != FILCH_EFORK ||
		    filch_map(pool, x, n < 4 ? n : 4, x, must_not_map, NULL, NULL) != FILCH_EFORK)
			return OLD_POOL_RAN;
	if (filch_pool_width(pool) != 0)
		return OLD_POOL_HAS_WIDTH;
	return filch_pool_destroy(pool) == FILCH_EFORK ? FINE : OLD_POOL_ENDED;
}

/* Whether a loop of n items does anything but run each of them once. */
static int counts_all(filch_pool *pool, size_t n)
{
	struct tally t;
	int wrong;

	tally_init(&t, n);
	wrong = filch_for(pool, n, tally_body, &t, FILCH(.chunk = 1)) ||
	        tally_first_not(&t, 0, n, 1) != n;
	tally_finish(&t);
	return wrong;
}

static int meet_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	return meet(ctx, 3) ? 0 : 1;
}

/* A pool that works has real threads. */
static int new_pool_works(void)
{
	atomic_uint met = 0;
	filch_pool *pool;

	if (filch_pool_create(&pool, FILCH_POOL(.workers = 3)) || filch_pool_width(pool) != 3 ||
	    counts_all(pool, 1000) || filch_for(pool, 3, meet_body, &met, FILCH(.chunk = 1)) ||
	    counts_all(pool, 100000) || filch_pool_destroy(pool))
		return NEW_POOL_FAILED;
	return FINE;
}

static int default_pool_works(void *none)
{
	(void)none;
	if (filch_pool_width(NULL) < 1 || counts_all(NULL, 1000) || counts_all(NULL, 100000))
		return DEFAULT_POOL_FAILED;
	return FINE;
}

static int whole_child(void *pool)
{
	int code = old_pool_answers(pool);

	code = code ? code : new_pool_works();
	code = code ? code : default_pool_works(NULL);
	return code ? code : old_pool_answers(pool);
}

/* Now and then a child that does more, where libc sees to it that it can. */
static int fork_while_busy(filch_pool *pool, size_t i)
{
	return in_fork(i % 4 ? old_pool_answers : whole_child, pool);
}

/* ---- from a thread that waits for nothing ------------------------------------------------ */

static void expect_forks_well(filch_pool *pool)
{
	for (size_t round = 0; round < scaled(5, 1); round++) {
		cr_expect_eq(in_fork(whole_child, pool), FINE);
		cr_expect_eq(counts_all(pool, 10000), 0, "the parent goes on");
	}
}

Test(fork, with_a_pool_that_was_never_used_is_survived)
{
	filch_pool *pool = pool_of(4);

	expect_forks_well(pool);
	pool_close(pool);
}

/* O4 */
Test(fork, with_a_pool_that_searches_or_sleeps_is_survived)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (int round = 0; round < 4; round++) {
			cr_assert_eq(counts_all(pool, 1000), 0);
			if (round % 2)
				sleep_ns(5000000);
			cr_expect_eq(in_fork(whole_child, pool), FINE);
		}
		expect_forks_well(pool);
		pool_close(pool);
	}
}

Test(fork, gives_the_child_a_default_pool_of_its_own)
{
	cr_expect_eq(in_fork(default_pool_works, NULL), FINE, "not yet used in the parent");
	for (int round = 0; round < 5; round++) {
		cr_expect_eq(default_pool_works(NULL), FINE);
		cr_expect_eq(in_fork(default_pool_works, NULL), FINE);
	}
}

static int grandparent(void *pool)
{
	filch_pool *own;
	int code = old_pool_answers(pool);

	if (code)
		return code;
	if (filch_pool_create(&own, FILCH_POOL(.workers = 3)) || counts_all(own, 1000) ||
	    default_pool_works(NULL) || in_fork(whole_child, own) || in_fork(whole_child, pool))
		return GRANDCHILD_FAILED;
	return filch_pool_destroy(own) ? GRANDCHILD_FAILED : FINE;
}

Test(fork, of_a_fork_is_survived)
{
	filch_pool *pool = pool_of(4);

	cr_assert_eq(counts_all(pool, 1000), 0);
	cr_expect_eq(in_fork(grandparent, pool), FINE);
	cr_expect_eq(counts_all(pool, 1000), 0);
	pool_close(pool);
}

static int several_in_turn(void *pools)
{
	filch_pool **p = pools;

	for (int i = 0; i < 3; i++)
		if (old_pool_answers(p[i]))
			return OLD_POOL_RAN;
	return new_pool_works();
}

Test(fork, with_several_pools_is_survived)
{
	filch_pool *pools[3] = {pool_of(2), pool_of(3), pool_of(4)};

	for (int i = 0; i < 3; i++)
		cr_assert_eq(counts_all(pools[i], 1000), 0);
	cr_expect_eq(in_fork(several_in_turn, pools), FINE);
	for (int i = 0; i < 3; i++)
		pool_close(pools[i]);
}

/* ---- from inside ------------------------------------------------------------------------------ */

struct forking {
	filch_pool *pool;
	struct tally t;
	atomic_int code;
};

static int fork_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct forking *f = ctx;

	tally_body(&f->t, begin, end, w);
	if (begin % 10 == 0) {
		int code = fork_while_busy(f->pool, begin);

		if (code)
			atomic_store(&f->code, code);
	}
	return 0;
}

/* O4 */
Test(fork, inside_a_body_is_survived)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct forking f = {.pool = pool_of(widths[k])};

		tally_init(&f.t, 60);
		cr_expect_eq(filch_for(f.pool, 60, fork_body, &f, FILCH(.chunk = 1)), 0);
		tally_expect_once(&f.t);
		cr_expect_eq(atomic_load(&f.code), FINE);
		tally_finish(&f.t);
		pool_close(f.pool);
	}
}

/* ---- while others work ---------------------------------------------------------------------------- */

struct busy {
	filch_pool *pool;
	atomic_bool done;
	atomic_int wrong;
	atomic_uint loops;
};

static void *work(void *arg)
{
	struct busy *b = arg;

	while (!atomic_load(&b->done)) {
		if (counts_all(b->pool, 300))
			atomic_store(&b->wrong, 1);
		atomic_fetch_add(&b->loops, 1);
	}
	return NULL;
}

static void *fork_often(void *arg)
{
	struct busy *b = arg;

	for (size_t i = 0; i < scaled(250, 5); i++) {
		int code = fork_while_busy(b->pool, i);

		if (code)
			atomic_store(&b->wrong, code);
	}
	return NULL;
}

Test(fork, from_several_threads_while_loops_run_loses_nothing)
{
	struct busy b = {.pool = pool_of(4)};
	pthread_t workers[2];

	for (int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&workers[i], NULL, work, &b), 0);
	on_threads(4, fork_often, &b);
	atomic_store(&b.done, true);
	for (int i = 0; i < 2; i++)
		pthread_join(workers[i], NULL);
	cr_expect_eq(atomic_load(&b.wrong), FINE);
	cr_expect_gt(atomic_load(&b.loops), 0);
	tell_count(4 * scaled(250, 5), "forks of the process");
	pool_close(b.pool);
}

static void *live_and_die(void *arg)
{
	struct busy *b = arg;

	while (!atomic_load(&b->done)) {
		filch_pool *pool;

		if (filch_pool_create(&pool, FILCH_POOL(.workers = 3)) || counts_all(pool, 100) ||
		    filch_pool_destroy(pool))
			atomic_store(&b->wrong, 1);
	}
	return NULL;
}

Test(fork, while_pools_come_and_go_is_survived)
{
	struct busy b = {.pool = pool_of(2)};
	pthread_t other;

	cr_assert_eq(pthread_create(&other, NULL, live_and_die, &b), 0);
	for (size_t i = 0; i < scaled(200, 10); i++)
		cr_expect_eq(fork_while_busy(b.pool, i), FINE);
	atomic_store(&b.done, true);
	pthread_join(other, NULL);
	cr_expect_eq(atomic_load(&b.wrong), FINE);
	pool_close(b.pool);
}

/* ---- and exit() ----------------------------------------------------------------------------------- */

CHILD(forks_and_both_exit)
{
	filch_pool *pool = pool_of(3);
	int code = default_pool_works(NULL) | counts_all(pool, 1000);

	for (int round = 0; round < 10 && !code; round++) {
		pid_t child = fork();

		if (child == 0) {
			alarm(60);
			exit(round % 2 ? whole_child(pool) : FINE);
		}
		code = fork_result(child);
	}
	return code ? code : filch_pool_destroy(pool);
}

Test(fork, and_exit_of_the_child_is_clean)
{
	const char *const env[] = {"FILCH_WORKERS=4", NULL};
	struct outcome o;

	run_child(&o, "forks_and_both_exit", env);
	cr_expect_eq(o.status, 0, "%d %s", o.status, o.err);
	cr_expect_str_empty(o.err);
}

/* ---- inside a task ------------------------------------------------------------------------ */

struct split {
	filch_worker *w;
	filch_task *stolen;
	atomic_uint begun, released;
};

static int stolen_task(void *arg, filch_worker *w)
{
	struct split *s = arg;

	(void)w;
	atomic_store(&s->begun, 1);
	return wait_for(&s->released, 1) ? FINE : 1;
}

static int own_task(void *arg, filch_worker *w)
{
	(void)w;
	*(int *)arg = 1;
	return FINE;
}

/* What was taken by a thread that is not here never ends; what was not is run. */
static int joins_in_the_child(void *arg)
{
	struct split *s = arg;
	filch_task t;
	int ran = 0;

	filch_fork(s->w, &t, own_task, &ran);
	if (filch_join(s->w, &t) || !ran)
		return NEW_POOL_FAILED;
	return filch_join(s->w, s->stolen) == FILCH_EFORK ? FINE : OLD_POOL_ENDED;
}

static int splits(void *arg, filch_worker *w)
{
	struct split *s = arg;
	filch_task stolen;
	int code;

	s->w = w;
	s->stolen = &stolen;
	filch_fork(w, &stolen, stolen_task, s);
	code = wait_for(&s->begun, 1) ? in_fork(joins_in_the_child, s) : 1;
	atomic_store(&s->released, 1);
	return code | filch_join(w, &stolen);
}

Test(fork, inside_a_task_is_told_at_the_join)
{
	filch_pool *pool = pool_of(3);

	for (size_t round = 0; round < scaled(20, 2); round++) {
		struct split s = {.w = NULL};
		const int got = filch_run(pool, splits, &s, NULL);

		cr_expect_eq(got, FINE, "%d", got);
	}
	pool_close(pool);
}
