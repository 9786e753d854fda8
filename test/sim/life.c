/* SPDX-License-Identifier: MIT */
/* A pool's life: opened, closed, entered and left at every moment; threads and memory refused. */
#include "pool.h"
#include "scenario.h"

static filch_pool *pool, *other;
static unsigned hooks[2][8];
static _Atomic unsigned left;

static void open_pool(filch_pool **p, unsigned workers)
{
	filch_sim_check(filch_pool_create(p, FILCH_POOL(.workers = workers)) == 0);
}

static void close_pool(filch_pool *p)
{
	filch_sim_check(filch_pool_destroy(p) == 0);
}

static int run_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		r->times[i]++;
	return 0;
}

static void a_pool_may_do_nothing(void *arg)
{
	(void)arg;
	open_pool(&pool, 3);
	filch_sim_check(filch_pool_width(pool) == 3);
	close_pool(pool);
}

static void pools_follow_each_other(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		struct ran r = {{0}};

		open_pool(&pool, 2);
		filch_sim_check(filch_for(pool, 3, run_items, &r, FILCH(.chunk = 1)) == 0);
		ran_once(&r, 3);
		close_pool(pool);
	}
}

/* ---- closing ------------------------------------------------------------------------------------ */

/* A call that is refused has run nothing, one that is not all. */
static void calls_while_it_closes(void *none)
{
	struct ran r = {{0}};
	const int code = filch_for(pool, 3, run_items, &r, FILCH(.chunk = 1));

	(void)none;
	filch_sim_check(code == 0 || code == FILCH_ECLOSED);
	for (unsigned i = 0; i < 3; i++)
		filch_sim_check(r.times[i] == (code == 0));
	fetch_add_seq_cst(&left, 1);
}

static int begins_to_close(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	run_items(ctx, begin, end, w);
	filch_sim_yield();
	return 0;
}

static void calls_long(void *none)
{
	struct ran r = {{0}};

	(void)none;
	filch_sim_check(filch_for(pool, 3, begins_to_close, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 3);
}

static _Atomic uint32_t has_begun;

static int says_that_it_began(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	store_seq_cst(&has_begun, 1);
	filch__wake(&has_begun);
	return begins_to_close(ctx, begin, end, w);
}

static void calls_and_says_so(void *none)
{
	struct ran r = {{0}};

	(void)none;
	filch_sim_check(filch_for(pool, 3, says_that_it_began, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 3);
}

static unsigned inside;

static void enters(void *none)
{
	struct entry e;

	(void)none;
	if (!filch__pool_enter(pool, &e))
		return;
	inside++;
	filch__pool_leave(&e);
}

/* Who closes waits for the guest, and has all that he did; or the guest is not let in. */
static void one_enters_while_it_closes(void *arg)
{
	unsigned t;

	open_pool(&pool, 1);
	t = filch_sim_thread(enters, arg);
	store_seq_cst(&pool->crew.closing, true);
	filch__guests_await(&pool->crew);
	inside++;
	filch_sim_join(t);
	store_relaxed(&pool->crew.closing, false);
	close_pool(pool);
}

/* What the caller may not do is use the pool after it is gone: he has begun when it closes. */
static void closing_awaits_callers(void *arg)
{
	unsigned t;

	(void)arg;
	open_pool(&pool, 3);
	t = filch_sim_thread(calls_and_says_so, NULL);
	while (!load_seq_cst(&has_begun))
		filch__wait(&has_begun, 0, 0);
	close_pool(pool);
	filch_sim_join(t);
}

static int closes_it(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	filch_sim_check(filch_pool_destroy(pool) == FILCH_EDEADLK);
	return run_items(ctx, begin, end, w);
}

static void it_cannot_be_closed_from_inside(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	if (filch_pool_create(&pool, FILCH_POOL(.workers = 2)))
		return;
	filch_sim_check(filch_for(pool, 3, closes_it, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 3);
	close_pool(pool);
}

static void two_calls_one_after_it_closed(void *arg)
{
	unsigned t;

	(void)arg;
	open_pool(&pool, 2);
	t = filch_sim_thread(calls_long, NULL);
	calls_while_it_closes(NULL);
	filch_sim_join(t);
	close_pool(pool);
}

/* ---- hooks ------------------------------------------------------------------------------------------ */

static int starts(void *arg, unsigned id)
{
	(void)arg;
	hooks[0][id]++;
	return 0;
}

static void stops(void *arg, unsigned id)
{
	(void)arg;
	hooks[1][id]++;
}

static void hooks_run_on_each_thread(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = 3, .on_start = starts,
	                                                    .on_stop = stops)) == 0);
	filch_sim_check(filch_for(pool, 4, run_items, &r, FILCH(.chunk = 1)) == 0);
	close_pool(pool);
	ran_once(&r, 4);
	for (unsigned id = 1; id < 3; id++)
		filch_sim_check(hooks[0][id] == 1 && hooks[1][id] == 1);
}

static int second_fails(void *arg, unsigned id)
{
	(void)arg;
	return id == 2;
}

static void a_hook_that_fails_leaves_no_pool(void *arg)
{
	(void)arg;
	filch_sim_check(
		filch_pool_create(&pool, FILCH_POOL(.workers = 4, .on_start = second_fails)) ==
		FILCH_EHOOK);
	filch_sim_check(!pool);
}

/* ---- two pools ------------------------------------------------------------------------------------- */

static int goes_on_in_the_other(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		filch_sim_check(filch_for(other, 3, run_items, &r[i], FILCH(.chunk = 1)) == 0);
	return 0;
}

static void a_call_goes_through_two_pools(void *arg)
{
	struct ran r[2] = {{{0}}};

	(void)arg;
	open_pool(&pool, 2);
	open_pool(&other, 2);
	filch_sim_check(filch_for(pool, 2, goes_on_in_the_other, r, FILCH(.chunk = 1)) == 0);
	ran_once(&r[0], 3);
	ran_once(&r[1], 3);
	close_pool(other);
	close_pool(pool);
}

/* ---- the default pool ------------------------------------------------------------------------------- */

static void calls_default(void *none)
{
	struct ran r = {{0}};

	(void)none;
	filch_sim_check(filch_for(NULL, 4, run_items, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 4);
}

/* Both may make it; one is thrown away. */
static void two_make_the_default_pool(void *arg)
{
	unsigned t;

	(void)arg;
	t = filch_sim_thread(calls_default, NULL);
	calls_default(NULL);
	filch_sim_join(t);
	/* One pool: itself, its workers, who of them sleeps, and a place for each who called. */
	filch_sim_check(filch_sim_blocks() <= 5);
}

/* ---- refusals ---------------------------------------------------------------------------------------- */

static void memory_and_threads_may_be_refused(void *arg)
{
	struct ran r = {{0}};
	const int code = filch_pool_create(&pool, FILCH_POOL(.workers = 3));

	(void)arg;
	filch_sim_check(code == 0 || code == FILCH_ENOMEM);
	if (code)
		return;
	filch_sim_check(filch_for(pool, 6, run_items, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 6);
	close_pool(pool);
}

/* Nobody is counted on who is not there. */
static void a_thread_refused_does_not_look(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	if (filch_pool_create(&pool, FILCH_POOL(.workers = 2)))
		return;
	filch_sim_check(filch_for(pool, 4, run_items, &r, FILCH(.chunk = 1)) == 0);
	if (pool->exhausted)
		filch_sim_check(filch_pool_width(pool) == 1 && !idle_searching(&pool->crew.idle));
	close_pool(pool);
}

static void a_hook_may_wait_for_threads_refused(void *arg)
{
	struct ran r = {{0}};
	const int code = filch_pool_create(
		&pool, FILCH_POOL(.workers = 3, .on_start = starts, .on_stop = stops));

	(void)arg;
	filch_sim_check(code == 0 || code == FILCH_ENOMEM);
	if (code)
		return;
	filch_sim_check(filch_for(pool, 4, run_items, &r, NULL) == 0);
	ran_once(&r, 4);
	close_pool(pool);
	for (unsigned id = 1; id < 3; id++)
		filch_sim_check(hooks[0][id] == hooks[1][id]);
}

#define REFUSED .options = {.faults = true}

SCENARIOS(life_scenarios,
          SCENARIO("life: a pool may do nothing", a_pool_may_do_nothing, .whole = true),
          SCENARIO("life: pools follow each other", pools_follow_each_other, .fails = false),
          SCENARIO("life: closing awaits callers", closing_awaits_callers, .fails = false),
          SCENARIO("life: one enters while it closes", one_enters_while_it_closes, .whole = true),
          SCENARIO("life: it cannot be closed from inside", it_cannot_be_closed_from_inside,
                   .fails = false),
          SCENARIO("life: nor without memory", it_cannot_be_closed_from_inside, REFUSED),
          SCENARIO("life: two call, then it closes", two_calls_one_after_it_closed, .fails = false),
          SCENARIO("life: hooks run on each thread", hooks_run_on_each_thread, .fails = false),
          SCENARIO("life: a hook that fails leaves no pool", a_hook_that_fails_leaves_no_pool,
                   .fails = false),
          SCENARIO("life: a call goes through two pools", a_call_goes_through_two_pools,
                   .fails = false),
          SCENARIO("life: two make the default pool", two_make_the_default_pool,
                   .options = {.leaks = true, .workers = "3"}),
          SCENARIO("life: memory and threads may be refused", memory_and_threads_may_be_refused,
                   REFUSED),
          SCENARIO("life: a thread refused does not look", a_thread_refused_does_not_look, REFUSED),
          SCENARIO("life: a hook and threads refused", a_hook_may_wait_for_threads_refused,
                   REFUSED))
