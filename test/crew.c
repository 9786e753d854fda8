/* SPDX-License-Identifier: MIT */
/* Workers that help each other and whoever calls: every item once, and nobody waits in vain. */
#include "crew.h"

#include <math.h>
#include <sched.h>

TestSuite(crew, .init = begin, .fini = end, .timeout = 300);

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

/* ---- one caller ------------------------------------------------------------------------ */

/* W4 */
Test(crew, of_any_size_runs_each_item_once)
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
Test(crew, shares_a_hundred_thousand_small_loops)
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

Test(crew, helps_only_where_its_ids_may)
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

/* ---- falling asleep ------------------------------------------------------------------------ */

struct race {
	unsigned rounds;
	alignas(CACHE_LINE) atomic_uint arrived;
	alignas(CACHE_LINE) atomic_uint taken;
};

static bool sees_a_chunk(void *deque)
{
	uint64_t ticket;
	struct chunk c;

	return deque_peek(deque, &c, &ticket);
}

static void sleep_or_take(void *arg)
{
	struct deque *d = &guests[0]->deque;
	struct race *r = arg;
	uint64_t seed = 1, ticket;
	struct chunk c;

	filch__place_init(&crew->worker[0].sleeper.place);
	filch__idle_search_begin(&crew->idle);
	for (unsigned i = 1; i <= r->rounds; i++) {
		meet_nearly(&r->arrived, 2 * i, &seed);
		while (!deque_peek(d, &c, &ticket) || !deque_claim(d, ticket))
			filch__idle_sleep(&crew->idle, 0, true, sees_a_chunk, d);
		atomic_fetch_add(&r->taken, 1);
	}
	filch__idle_search_end(&crew->idle);
}

/* The chunk comes just as the worker falls asleep: one of the two must see the other (I1). */
Test(crew, misses_none_of_half_a_million_pushes)
{
	struct race r = {.rounds = (unsigned)scaled(500000, 1000)};
	struct platform_thread t;
	uint64_t seed = 2;
	struct chunk c;

	cr_assert(filch__thread_start(&t, 0, sleep_or_take, &r));
	for (unsigned i = 1; i <= r.rounds; i++) {
		meet_nearly(&r.arrived, 2 * i, &seed);
		c = (struct chunk){NULL, {i, i + 1}};
		cr_assert(deque_push(&guests[0]->deque, &c, 1));
		filch__idle_notify(&crew->idle, MOST, 1);
		while (atomic_load(&r.taken) < i)
			sched_yield();
	}
	filch__thread_join(&t);
	cr_expect_eq(load_relaxed(&crew->idle.state), 0);
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

Test(crew, helps_many_callers)
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

static void run_small(struct worker *w)
{
	struct tally t;

	tally_init(&t, 2);
	if (!run_once(w, &t, tally_body, &one_by_one, 0) || tally_first_not(&t, 0, t.n, 1) != t.n)
		abort();
	tally_finish(&t);
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
			run_small(guests[0]);
	}
	tally_finish(&t);
	return NULL;
}

/* Nobody's second item waits while there are workers who sleep. */
Test(crew, starves_no_caller)
{
	crew_begins(CALLERS);
	on_threads(CALLERS, call_and_meet, NULL);
	crew_ends();
}

/* ---- crowds ------------------------------------------------------------------------------------ */

/* As if so many threads from outside called. */
static void let_call(unsigned count)
{
	for (unsigned i = 0; i < MOST; i++)
		store_relaxed(&guests[i]->taken, i < count);
}

Test(crew, is_crowded_by_callers_on_all_cpus)
{
	filch__idle_init(&crew->idle, crew->sleepers, 3, 4, 0);
	crew->threads = 3;
	store_relaxed(&crew->started, 3);
	store_relaxed(&crew->idle.state, 3); /* all of them asleep */
	for (unsigned calling = 0; calling <= MOST; calling++) {
		let_call(calling);
		cr_expect_eq(filch__is_crowded(crew, 1000, 0), calling > 4, "%u call", calling);
		cr_expect_eq(filch__is_crowded(crew, 1000, 1), calling > 3, "%u call", calling);
		cr_expect_not(filch__is_crowded(crew, 1e9, 1), "what is that long may wait");
		cr_expect_not(filch__is_crowded(crew, INFINITY, 1), "who knows?");
	}
	let_call(3);
	store_relaxed(&crew->idle.state, 2);
	cr_expect_not(filch__is_crowded(crew, 1000, 0));
	cr_expect(filch__is_crowded(crew, 1000, 1), "one worker is awake");
	store_relaxed(&guests[0]->sleeper.end, PARKED);
	cr_expect_not(filch__is_crowded(crew, 1000, 1), "one caller sleeps");
	store_relaxed(&crew->idle.state, 0);
	store_relaxed(&guests[0]->sleeper.end, AWAKE);
	let_call(1);
	cr_expect_not(filch__is_crowded(crew, 1000, 1), "one caller is no crowd");
	let_call(MOST);
	filch__idle_init(&crew->idle, crew->sleepers, 4, 4, 0);
	cr_expect_not(filch__is_crowded(crew, 1000, 1), "more threads than CPUs are to wait");
	let_call(0);
	store_relaxed(&crew->started, 0);
}

Test(crew, makes_way_for_a_crowd_but_helps_with_what_lasts)
{
	struct loop *loop = filch__worker_open(guests[0]);
	struct chunk c = {loop, {0, 1000}}, found;
	struct tally t;

	tally_init(&t, 1000);
	filch__idle_init(&crew->idle, crew->sleepers, 1, 2, 0);
	crew->threads = 1;
	store_relaxed(&crew->started, 1);
	loop_begin(loop, guests[0], &t, tally_body, &plain, 2);
	cr_assert(deque_push(&guests[0]->deque, &c, 1));
	for (unsigned calling = 1; calling <= 3; calling++) {
		let_call(calling);
		store_relaxed(&loop->grain_ns, 100.0f);
		cr_expect_eq(filch__find(&crew->worker[0], NULL, &found, false), calling == 1);
		store_relaxed(&loop->grain_ns, 10000.0f);
		cr_expect(filch__find(&crew->worker[0], NULL, &found, false));
		store_relaxed(&loop->grain_ns, 0.0f);
		cr_expect(filch__find(&crew->worker[0], NULL, &found, false));
	}
	store_relaxed(&loop->grain_ns, 100.0f);
	cr_expect_not(filch__find(&crew->worker[0], NULL, &found, true), "nor takes it");
	let_call(1);
	cr_expect(filch__find(&crew->worker[0], NULL, &found, true));
	cr_expect_eq(range_size(found.range), 1000);
	let_call(0);
	store_relaxed(&crew->started, 0);
	filch__worker_close(guests[0]);
	tally_finish(&t);
}
