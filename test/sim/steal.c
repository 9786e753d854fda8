/* SPDX-License-Identifier: MIT */
/* Who may help does, however he was just about to sleep: nothing is hidden. */
#include "scenario.h"

static filch_pool *pool;

static void open_pool(unsigned workers)
{
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = workers)) == 0);
}

static void close_pool(void)
{
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

static int run_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	(void)w;
	filch_sim_check(begin < end);
	for (size_t i = begin; i < end; i++)
		r->times[i]++;
	return 0;
}

/* ---- who may help ------------------------------------------------------------------------------ */

static void no_more_help_than_may(void *arg)
{
	struct filch_report report;
	struct ran r = {{0}};

	(void)arg;
	open_pool(4);
	filch_sim_check(filch_for(pool, 12, run_items, &r, FILCH(.chunk = 1)) == 0);
	r = (struct ran){{0}};
	filch_sim_check(filch_for(pool, 6, run_items, &r,
	                          FILCH(.chunk = 1, .max_workers = 2, .report = &report)) == 0);
	ran_once(&r, 6);
	filch_sim_check(report.workers <= 2);
	close_pool();
}

/* Two calls whose second items are needed at the same time: he who looked takes one, and sees to
 * it that somebody looks for the other. */
static _Atomic uint32_t second_call_is_done;

static int waits_for_second_call(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t i = begin; i < end; i++) {
		((struct ran *)ctx)->times[i]++;
		while (!load_seq_cst(&second_call_is_done))
			filch__wait(&second_call_is_done, 0, 0);
	}
	return 0;
}

static void makes_the_first_call(void *none)
{
	struct ran r = {{0}};

	(void)none;
	filch_sim_check(filch_for(pool, 2, waits_for_second_call, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
}

/* ---- nothing is hidden ------------------------------------------------------------------------- */

static _Atomic uint32_t second_began;

static int first_waits_for_second(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t i = begin; i < end; i++) {
		((struct ran *)ctx)->times[i]++;
		if (i == 1) {
			store_seq_cst(&second_began, 1);
			filch__wake(&second_began);
		}
		while (i == 0 && !load_seq_cst(&second_began))
			filch__wait(&second_began, 0, 0);
	}
	return 0;
}

/* A body that takes for ever: the rest of its loop is done by the others, asleep or not. */
static void rest_can_be_stolen(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_for(pool, 2, first_waits_for_second, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
	close_pool();
}

static void rest_can_be_stolen_by_one_asleep(void *arg)
{
	struct ran r = {{0}}, other = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_for(pool, 4, run_items, &other, FILCH(.chunk = 1)) == 0);
	filch__sleep_until(filch__now_ns() + 100000000);
	filch_sim_check(filch_for(pool, 2, first_waits_for_second, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
	close_pool();
}

static void two_calls_have_a_helper_each(void *arg)
{
	struct ran r = {{0}};
	unsigned t;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for(pool, 6, run_items, &r, FILCH(.chunk = 1)) == 0);
	t = filch_sim_thread(makes_the_first_call, NULL);
	r = (struct ran){{0}};
	filch_sim_check(filch_for(pool, 2, first_waits_for_second, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
	store_seq_cst(&second_call_is_done, 1);
	filch__wake(&second_call_is_done);
	filch_sim_join(t);
	close_pool();
}

static void rest_can_be_stolen_by_one_who_tires(void *arg)
{
	struct ran r = {{0}}, other = {{0}};

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_for(pool, 4, run_items, &other, FILCH(.chunk = 1)) == 0);
	wait_a_little();
	filch_sim_check(filch_for(pool, 2, first_waits_for_second, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
	close_pool();
}

/* A loop inside a body that a worker runs, while the caller is in another: the third one helps. */
static _Atomic uint32_t third_is_done;

static int loop_in_second(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		if (i == 0) {
			while (!load_seq_cst(&third_is_done))
				filch__wait(&third_is_done, 0, 0);
			continue;
		}
		wait_a_little();
		filch_sim_check(filch_for(pool, 2, first_waits_for_second, r, FILCH(.chunk = 1)) ==
		                0);
		store_seq_cst(&third_is_done, 1);
		filch__wake(&third_is_done);
	}
	return 0;
}

static void rest_of_a_worker_can_be_stolen(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for(pool, 2, loop_in_second, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
	close_pool();
}

static void calls_and_is_done(void *none)
{
	struct ran r = {{0}};

	(void)none;
	wait_a_little();
	filch_sim_check(filch_for(pool, 2, first_waits_for_second, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
}

/* The second who calls takes a place that nobody had before. */
static void rest_of_a_newcomer_can_be_stolen(void *arg)
{
	struct ran r = {{0}};
	unsigned t;

	(void)arg;
	open_pool(2);
	filch_sim_check(filch_for(pool, 4, run_items, &r, FILCH(.chunk = 1)) == 0);
	t = filch_sim_thread(calls_and_is_done, NULL);
	filch_sim_join(t);
	ran_once(&r, 4);
	close_pool();
}

/* ---- who has just come ------------------------------------------------------------------------- */

/* Nobody searches for long: who has looked in vain is about to sleep. */
static void open_sleepy_pool(unsigned workers)
{
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = workers, .spin_ns = 1)) ==
	                0);
}

static void needs_help(void *none)
{
	struct ran r = {{0}};

	(void)none;
	filch_sim_check(filch_for(pool, 2, first_waits_for_second, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 2);
}

static void calls_once(void *p)
{
	struct ran r = {{0}};

	filch_sim_check(filch_for(p, 4, run_items, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 4);
}

/* His place is made while the worker takes its last look. */
static void newcomer_is_seen_by_one_who_tires(void *arg)
{
	unsigned t;

	(void)arg;
	open_sleepy_pool(2);
	calls_once(pool);
	t = filch_sim_thread(needs_help, NULL);
	filch_sim_join(t);
	close_pool();
}

/* His place is before that of another, whose is there already. */
static void newcomer_before_another_is_seen(void *arg)
{
	filch_pool *elsewhere;
	unsigned t;

	(void)arg;
	filch_sim_check(filch_pool_create(&elsewhere, FILCH_POOL(.workers = 1)) == 0);
	calls_once(elsewhere);
	open_sleepy_pool(2);
	t = filch_sim_thread(calls_once, pool);
	filch_sim_join(t);
	needs_help(NULL);
	close_pool();
	filch_sim_check(filch_pool_destroy(elsewhere) == 0);
}

/*
 * A thread that a worker has just had started needs the caller's help, who waits for that worker
 * and is about to sleep.
 */
static _Atomic uint32_t innermost_is_done;

static int innermost(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t i = begin; i < end; i++) {
		while (i == 0 && !load_seq_cst(&innermost_is_done))
			filch__wait(&innermost_is_done, 0, 0);
		if (i == 0)
			continue;
		needs_help(ctx);
		store_seq_cst(&innermost_is_done, 1);
		filch__wake(&innermost_is_done);
	}
	return 0;
}

static _Atomic uint32_t middle_began;

static int middle(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t i = begin; i < end; i++) {
		while (i == 0 && !load_seq_cst(&middle_began))
			filch__wait(&middle_began, 0, 0);
		if (i == 0)
			continue;
		store_seq_cst(&middle_began, 1);
		filch__wake(&middle_began);
		filch_sim_check(filch_for(pool, 2, innermost, ctx, FILCH(.chunk = 1)) == 0);
	}
	return 0;
}

static void new_thread_is_seen_by_who_waits(void *arg)
{
	(void)arg;
	open_sleepy_pool(3);
	filch_sim_check(filch_for(pool, 2, middle, NULL, FILCH(.chunk = 1)) == 0);
	close_pool();
}

/*
 * A thread that is counted as looking, and then is not to be had: who counted on it is helped by the
 * one that there is.  The machine has eight threads, so one for a pool that asks for two.
 */
enum { IDLERS = 5 };

static _Atomic uint32_t all_done;

static void idles(void *none)
{
	(void)none;
	while (!load_seq_cst(&all_done))
		filch__wait(&all_done, 0, 0);
}

struct meeting {
	unsigned times[2];
	_Atomic uint32_t second_began;
};

static int meets(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct meeting *m = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		m->times[i]++;
		if (i == 1) {
			store_seq_cst(&m->second_began, 1);
			filch__wake(&m->second_began);
		}
		while (i == 0 && !load_seq_cst(&m->second_began))
			filch__wait(&m->second_began, 0, 0);
	}
	return 0;
}

/* Under names of its own: nothing is known of what it costs. */
static void meets_twice(void *names)
{
	const char *const *name = names;

	for (int i = 0; i < 2; i++) {
		struct meeting m = {.second_began = 0};

		filch_sim_check(
			filch_for(pool, 2, meets, &m, FILCH(.chunk = 1, .label = name[i])) == 0);
		filch_sim_check(m.times[0] == 1 && m.times[1] == 1);
	}
}

static void thread_that_is_refused_is_counted_on(void *arg)
{
	static const char *const names[4] = {"one", "two", "three", "four"};
	unsigned t[IDLERS + 1];

	(void)arg;
	open_sleepy_pool(3);
	t[0] = filch_sim_thread(meets_twice, (void *)(uintptr_t)names);
	for (unsigned i = 1; i <= IDLERS; i++)
		t[i] = filch_sim_thread(idles, NULL);
	meets_twice((void *)(uintptr_t)(names + 2));
	filch_sim_join(t[0]);
	store_seq_cst(&all_done, 1);
	for (unsigned i = 1; i <= IDLERS; i++) {
		filch__wake(&all_done);
		filch_sim_join(t[i]);
	}
	close_pool();
}

SCENARIOS(steal_scenarios,
          SCENARIO("loop: no more help than may", no_more_help_than_may, .fails = false),
          SCENARIO("loop: two calls have a helper each", two_calls_have_a_helper_each,
                   .fails = false),
          SCENARIO("loop: the rest can be stolen", rest_can_be_stolen, .fails = false),
          SCENARIO("loop: the rest can be stolen by one asleep", rest_can_be_stolen_by_one_asleep,
                   .fails = false),
          SCENARIO("loop: the rest can be stolen by one who tires",
                   rest_can_be_stolen_by_one_who_tires, .fails = false),
          SCENARIO("loop: the rest of a worker can be stolen", rest_of_a_worker_can_be_stolen,
                   .fails = false),
          SCENARIO("loop: the rest of a newcomer can be stolen", rest_of_a_newcomer_can_be_stolen,
                   .fails = false),
          SCENARIO("loop: a newcomer is seen by one who tires", newcomer_is_seen_by_one_who_tires,
                   .fails = false),
          SCENARIO("loop: a newcomer before another is seen", newcomer_before_another_is_seen,
                   .fails = false),
          SCENARIO("loop: a new thread is seen by who waits", new_thread_is_seen_by_who_waits,
                   .fails = false),
          SCENARIO("loop: a thread that is refused is counted on",
                   thread_that_is_refused_is_counted_on, .fails = false))
