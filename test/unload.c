/* SPDX-License-Identifier: MIT */
/*
 * The shared library, opened while the program runs and closed again: what a plug-in sees.
 * The copy of the library that is linked into this test is another one and is not used.
 */
#include "support.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <string.h>

TestSuite(unload, .timeout = 120);

typedef int for_fn(filch_pool *, size_t, filch_body *, void *, const struct filch_options *);
typedef int create_fn(filch_pool **, const struct filch_pool_options *);
typedef int destroy_fn(filch_pool *);

struct library {
	void *handle;
	for_fn *run;
	create_fn *create;
	destroy_fn *destroy;
};

/* ISO C knows no cast from void * to a function. */
static void find(void *handle, const char *name, void *function)
{
	void *found = dlsym(handle, name);

	memcpy(function, &found, sizeof found);
}

static bool library_open(struct library *l)
{
	l->handle = dlopen(SHARED_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return false;
	find(l->handle, "filch_for", &l->run);
	find(l->handle, "filch_pool_create", &l->create);
	find(l->handle, "filch_pool_destroy", &l->destroy);
	return l->run && l->create && l->destroy;
}

static int dawdle(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	sleep_ns(100000);
	return tally_body(ctx, begin, end, w);
}

/* Enough for the pool to have threads, which are searching or asleep afterwards. */
static bool runs_once(struct library *l, filch_pool *pool)
{
	struct tally t;
	bool right;

	tally_init(&t, 50);
	right = l->run(pool, t.n, dawdle, &t, FILCH(.chunk = 1)) == 0 &&
	        tally_first_not(&t, 0, t.n, 1) == t.n;
	tally_finish(&t);
	return right;
}

/* O5 */
Test(unload, does_not_pull_the_code_from_under_the_default_pool)
{
	struct library l;

	cr_assert(library_open(&l), "%s", dlerror());
	cr_expect(runs_once(&l, NULL));
	cr_assert_eq(dlclose(l.handle), 0);
	sleep_ns(20000000); /* workers that were searching fall asleep meanwhile */
}

Test(unload, can_be_followed_by_loading_again)
{
	for (int round = 0; round < 3; round++) {
		struct library l;

		cr_assert(library_open(&l), "%s", dlerror());
		cr_expect(runs_once(&l, NULL), "round %d", round);
		cr_assert_eq(dlclose(l.handle), 0);
	}
}

Test(unload, after_the_pools_are_destroyed_leaves_no_thread)
{
	const unsigned before = threads_count();
	struct library l;
	filch_pool *pool;

	cr_assert(library_open(&l), "%s", dlerror());
	cr_assert_eq(l.create(&pool, FILCH_POOL(.workers = 4)), 0);
	cr_expect(runs_once(&l, pool));
	cr_assert_eq(l.destroy(pool), 0);
	cr_assert_eq(dlclose(l.handle), 0);
	/* The system lists a thread for a moment longer than pthread_join() waits for it. */
	for (int i = 0; i < 6000 && threads_count() > before; i++)
		sleep_ns(10000000);
	cr_expect_eq(threads_count(), before);
}

CHILD(unloads_and_exits)
{
	struct library l;

	if (!library_open(&l) || !runs_once(&l, NULL))
		return 1;
	return dlclose(l.handle) == 0 ? 0 : 2;
}

Test(unload, does_not_disturb_the_exit)
{
	static const char *const wide[] = {"FILCH_WORKERS=8", NULL};
	struct outcome o;

	for (int round = 0; round < 20; round++) {
		run_child(&o, "unloads_and_exits", wide);
		cr_assert_eq(o.status, 0, "ended with %d: %s", o.status, o.err);
	}
}
