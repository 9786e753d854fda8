/* SPDX-License-Identifier: MIT */
/*
 * The engine, with a crew of the test's own making around it: memory for nested calls, loops
 * that one worker runs, that thieves help with, that nobody has memory for.
 */
#include "support.h"
#include "worker.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8, DEEP = 1000 };

static struct crew *crew;
static struct worker *guests[MOST]; /* workers without a thread, who bring loops */
static const struct filch_options plain = {.struct_size = sizeof plain};

static bool nobody_more(struct crew *c)
{
	(void)c;
	return false;
}

static void begin(void)
{
	filch__ticks_init();
	crew = filch__alloc(sizeof *crew);
	crew->worker = filch__alloc(MOST * sizeof *crew->worker);
	crew->sleepers = calloc(MOST, sizeof(struct sleeper *));
	crew->start_another = nobody_more;
	crew->forks = load_relaxed(&filch__forks);
	for (unsigned i = 0; i < MOST; i++) {
		filch__worker_init(&crew->worker[i], crew, i + 1);
		crew->sleepers[i] = &crew->worker[i].sleeper;
		guests[i] = filch__alloc(sizeof *guests[i]);
		filch__worker_init(guests[i], crew, 0);
		store_release(&crew->guest[i], guests[i]);
	}
	store_relaxed(&crew->guests_used, MOST);
	filch__idle_init(&crew->idle, crew->sleepers, MOST, MOST, 0);
}

static void end(void)
{
	for (unsigned i = 0; i < MOST; i++) {
		filch__worker_finish(&crew->worker[i]);
		filch__worker_finish(guests[i]);
		filch__free(guests[i]);
	}
	filch__free(crew->worker);
	free(crew->sleepers);
	filch__free(crew);
}

TestSuite(worker, .init = begin, .fini = end, .timeout = 300);

/* ---- threads of the crew ---------------------------------------------------------------- */

static void crew_thread(void *worker)
{
	struct worker *w = worker;

	filch__place_init(&w->sleeper.place);
	filch__worker_main(w);
}

static void crew_begins(unsigned threads)
{
	store_release(&crew->closing, false);
	crew->threads = threads;
	for (unsigned i = 0; i < threads; i++) {
		filch__idle_search_begin(&crew->idle);
		cr_assert(filch__thread_start(&crew->worker[i].thread, 0, crew_thread,
		                              &crew->worker[i]));
		store_relaxed(&crew->started, i + 1);
	}
}

static void expect_at_rest(struct worker *w)
{
	cr_expect_eq(load_relaxed(&w->deque.top), load_relaxed(&w->deque.bottom));
	cr_expect_eq(w->calls, 0);
	cr_expect_null(w->visit);
	cr_expect_null(load_relaxed(&w->waiting));
}

static void crew_ends(void)
{
	store_release(&crew->closing, true);
	filch__idle_wake_all(&crew->idle);
	for (unsigned i = 0; i < crew->threads; i++)
		filch__thread_join(&crew->worker[i].thread);
	store_relaxed(&crew->started, 0);
	cr_expect_eq(load_relaxed(&crew->idle.state), 0, "nobody searches, nobody sleeps");
	for (unsigned i = 0; i < MOST; i++) {
		expect_at_rest(&crew->worker[i]);
		expect_at_rest(guests[i]);
	}
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Makes the loop a call of w's: inside of what it runs, for helpers with ids below `helpers`. */
static void loop_begin(struct loop *loop, struct worker *w, struct tally *t, filch_body *body,
                       const struct filch_options *o, unsigned helpers)
{
	struct visit *v = w->visit;

	loop->owner = w;
	loop->around = v ? v->handle.loop : NULL;
	loop->around_begin = v ? v->handle.begin : 0;
	store_relaxed(&loop->parent, loop->around);
	store_relaxed(&loop->depth, v ? load_relaxed(&v->handle.loop->depth) + 1 : 0);
	store_relaxed(&loop->helpers, helpers);
	store_relaxed(&loop->cpu, filch__cpu_here());
	store_relaxed(&loop->grain_ns, 0);
	filch__loop_init(loop, t->n, body, t, o, true);
}

/* Runs all but the first `done` items; false if there was no memory for the call. */
static bool run_once(struct worker *w, struct tally *t, filch_body *body,
                     const struct filch_options *o, size_t done)
{
	struct loop *loop = filch__worker_open(w);

	if (!loop)
		return false;
	loop_begin(loop, w, t, body, o, crew->threads + 1);
	if (!filch__worker_run(w, loop, done, true) || filch__loop_result(loop) ||
	    load_relaxed(&loop->ran) != t->n - done)
		abort();
	filch__worker_close(w);
	return true;
}

static void expect_runs_once(struct worker *w, size_t n, filch_body *body, size_t chunk)
{
	const struct filch_options o = {.struct_size = sizeof o, .chunk = chunk};
	struct tally t;

	tally_init(&t, n);
	cr_assert(run_once(w, &t, body, &o, 0));
	tally_expect_once(&t);
	tally_finish(&t);
}

/* ---- memory for calls ------------------------------------------------------------------------ */

Test(worker, has_memory_for_a_thousand_nested_calls_and_keeps_it)
{
	struct loop *loops[DEEP];
	long blocks = 0;

	for (int round = 0; round < 3; round++) {
		for (unsigned i = 0; i < DEEP; i++) {
			struct loop *loop = filch__worker_open(guests[0]);

			cr_assert(loop && (uintptr_t)loop % CACHE_LINE == 0);
			cr_assert(round == 0 || loop == loops[i], "the same for the same depth");
			loops[i] = loop;
			store_relaxed(&loop->remaining, i);
		}
		cr_assert(round == 0 || memory_blocks() == blocks);
		blocks = memory_blocks();
		for (unsigned i = DEEP; i-- > 0; filch__worker_close(guests[0]))
			cr_assert_eq(load_relaxed(&loops[i]->remaining), i, "no other's memory");
	}
	expect_at_rest(guests[0]);
}

Test(worker, without_memory_opens_no_call_and_closes_none)
{
	unsigned opened = 0;

	fail_memory(1, true);
	while (filch__worker_open(guests[0]))
		opened++;
	cr_expect_null(filch__worker_open(guests[0]));
	cr_expect_geq(fail_no_more(), 2);
	cr_expect(opened > 0 && opened < 100);
	cr_expect_eq(guests[0]->calls, opened);
	cr_expect_not_null(filch__worker_open(guests[0]));
	for (unsigned i = 0; i <= opened; i++)
		filch__worker_close(guests[0]);
	expect_at_rest(guests[0]);
}

/* ---- one worker -------------------------------------------------------------------------------- */

static const size_t lengths[] = {1, 2, 3, 7, 8, 9, 100, 1000, 54321};

Test(worker, alone_runs_each_item_once)
{
	for (size_t i = 0; i < COUNT_OF(lengths); i++)
		for (size_t chunk = 0; chunk < 20; chunk += 3)
			expect_runs_once(guests[0], lengths[i], tally_body, chunk);
	expect_at_rest(guests[0]);
}

Test(worker, leaves_out_what_was_done_before)
{
	for (size_t done = 0; done < 500; done += 7) {
		struct tally t;

		tally_init(&t, 500);
		cr_assert(run_once(guests[0], &t, tally_body, &plain, done));
		cr_expect_eq(tally_first_not(&t, 0, done, 0), done);
		cr_expect_eq(tally_first_not(&t, done, t.n, 1), t.n);
		tally_finish(&t);
	}
}

Test(worker, runs_what_nobody_may_help_with_on_any_stack)
{
	struct tally t;
	struct loop own;

	tally_init(&t, 1000);
	for (int placed = 0; placed < 2; placed++) {
		tally_clear(&t);
		memset(&own, 0x55, sizeof own); /* as a stack may be */
		loop_begin(&own, guests[0], &t, tally_body, &plain, 0);
		own.owner = placed ? guests[0] : NULL;
		filch__worker_run_alone(own.owner, &own, 10);
		cr_expect_eq(tally_first_not(&t, 0, 10, 0), 10);
		cr_expect_eq(tally_first_not(&t, 10, t.n, 1), t.n);
		cr_expect_eq(load_relaxed(&own.ran), t.n - 10);
	}
	expect_at_rest(guests[0]);
	tally_finish(&t);
}

/* Each level's first item is a call of the next level, and the rest of it is left on the deque. */
enum { LEVELS = 20 };
static struct tally levels[LEVELS];
static const struct filch_options one_by_one = {.struct_size = sizeof one_by_one, .chunk = 1};

static int descend(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const unsigned below = guests[0]->calls;

	tally_body(ctx, begin, end, w);
	if (begin == 0 && below < LEVELS)
		run_once(guests[0], &levels[below], descend, &one_by_one, 0);
	return 0;
}

/* The levels that there was memory for, down to some depth. */
static unsigned expect_whole_levels(void)
{
	unsigned depth = 0;

	while (depth < LEVELS && tally_first_not(&levels[depth], 0, levels[depth].n, 1) ==
	                                 levels[depth].n)
		tally_clear(&levels[depth++]);
	for (unsigned i = depth; i < LEVELS; i++)
		cr_assert_eq(tally_first_not(&levels[i], 0, levels[i].n, 0), levels[i].n);
	return depth;
}

Test(worker, without_memory_for_deque_or_calls_runs_each_item_once)
{
	unsigned failed = 1, shallow = 0;

	for (unsigned i = 0; i < LEVELS; i++)
		tally_init(&levels[i], 6);
	for (unsigned k = 1; failed > 0; k++)
		for (int lasting = 0; lasting < 2; lasting++) {
			struct worker *fresh = filch__alloc(sizeof *fresh), *kept = guests[0];

			filch__worker_init(fresh, crew, 0);
			guests[0] = fresh;
			fail_memory(k, lasting);
			cr_assert(run_once(fresh, &levels[0], descend, &one_by_one, 0));
			failed = fail_no_more();
			shallow += expect_whole_levels() < LEVELS;
			expect_at_rest(fresh);
			filch__worker_finish(fresh);
			filch__free(fresh);
			guests[0] = kept;
		}
	cr_expect_gt(shallow, 0, "some calls had no memory");
	for (unsigned i = 0; i < LEVELS; i++)
		tally_finish(&levels[i]);
}

/* ---- a fork ------------------------------------------------------------------------------------ */

/* Item 0 is run while somebody takes all the rest, and is lost to a fork. */
static int lose_the_rest(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	uint64_t ticket;
	struct chunk c;

	tally_body(ctx, begin, end, w);
	while (deque_peek(&guests[0]->deque, &c, &ticket))
		deque_claim(&guests[0]->deque, ticket);
	fetch_add_relaxed(&filch__forks, 1);
	return 0;
}

Test(worker, does_not_wait_for_threads_that_a_fork_left_behind)
{
	struct loop *loop = filch__worker_open(guests[0]);
	struct tally t;

	tally_init(&t, 1000);
	loop_begin(loop, guests[0], &t, lose_the_rest, &one_by_one, 1);
	cr_expect_not(filch__worker_run(guests[0], loop, 0, false));
	cr_expect_eq(tally_first_not(&t, 1, t.n, 0), t.n);
	tally_finish(&t);
}

/* ---- a crew ---------------------------------------------------------------------------------------- */

Test(worker, of_any_crew_runs_each_item_once)
{
	for (unsigned threads = 1; threads <= MOST; threads++) {
		crew_begins(threads);
		for (size_t i = 0; i < COUNT_OF(lengths); i++)
			for (size_t chunk = 0; chunk < 4; chunk++)
				expect_runs_once(guests[0], lengths[i], tally_body, chunk);
		crew_ends();
	}
}

/* Little to do, and all at once after it. */
Test(worker, of_a_crew_shares_a_hundred_thousand_small_loops)
{
	uint64_t seed = test_seed();

	crew_begins(3);
	for (size_t i = scaled(100000, 500); i > 0; i--)
		expect_runs_once(guests[0], 2 + random_below(&seed, 5), tally_body, 1);
	crew_ends();
}

static int note_helper(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	if (filch_worker_id(w) > 2)
		abort();
	return tally_body(ctx, begin, end, w);
}

Test(worker, helps_only_where_its_id_may)
{
	struct tally t;

	tally_init(&t, 1000);
	crew_begins(MOST);
	for (size_t i = 0; i < scaled(2000, 50); i++) {
		struct loop *loop = filch__worker_open(guests[0]);

		tally_clear(&t);
		loop_begin(loop, guests[0], &t, note_helper, &one_by_one, 3);
		cr_assert(filch__worker_run(guests[0], loop, 0, true));
		cr_assert_leq(filch__loop_workers(loop), 3);
		tally_expect_once(&t);
		filch__worker_close(guests[0]);
	}
	crew_ends();
	tally_finish(&t);
}

/* ---- several callers ----------------------------------------------------------------------------------- */

enum { CALLERS = 4 };
static atomic_uint callers;

static void *call_often(void *seed)
{
	const unsigned me = atomic_fetch_add(&callers, 1);
	uint64_t state = *(uint64_t *)seed + me;

	for (size_t i = scaled(5000, 50); i > 0; i--) {
		const struct filch_options o = {.struct_size = sizeof o,
		                                .chunk = random_below(&state, 3)};
		struct tally t;

		tally_init(&t, 1 + random_below(&state, 3000));
		if (!run_once(guests[me], &t, tally_body, &o, 0) ||
		    tally_first_not(&t, 0, t.n, 1) != t.n)
			abort();
		tally_finish(&t);
		if (random_below(&state, 100) == 0)
			sleep_ns(random_below(&state, 1000000));
	}
	return NULL;
}

Test(worker, of_a_crew_helps_many_callers)
{
	for (unsigned threads = 1; threads < MOST; threads += 3) {
		uint64_t seed = test_seed();

		atomic_store(&callers, 0);
		crew_begins(threads);
		on_threads(CALLERS, call_often, &seed);
		crew_ends();
	}
}

static atomic_uint met, rounds_begun;

/* Ends when all items of all callers' loops run at the same time. */
static int meet_all(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	tally_body(ctx, begin, end, w);
	if (!meet(&met, atomic_load(&rounds_begun) / CALLERS * CALLERS * 2))
		abort();
	return 0;
}

/* All callers begin at once, be there one who searches, or none, or all. */
static void *call_and_meet(void *arg)
{
	const unsigned me = atomic_fetch_add(&callers, 1);
	struct tally t;

	(void)arg;
	tally_init(&t, 2);
	for (unsigned i = 1; i <= scaled(1000, 30); i++) {
		atomic_fetch_add(&rounds_begun, 1);
		while (atomic_load(&rounds_begun) < i * CALLERS)
			sched_yield();
		tally_clear(&t);
		if (!run_once(guests[me], &t, meet_all, &one_by_one, 0) ||
		    tally_first_not(&t, 0, t.n, 1) != t.n)
			abort();
		while (atomic_load(&met) < i * CALLERS * 2)
			sched_yield();
		if (me == 0 && i % 3 == 0)
			expect_runs_once(guests[0], 2, tally_body, 1);
	}
	tally_finish(&t);
	return NULL;
}

/* Nobody's second item waits while there are workers who sleep. */
Test(worker, of_a_crew_starves_no_caller)
{
	crew_begins(CALLERS);
	on_threads(CALLERS, call_and_meet, NULL);
	crew_ends();
}
