/* SPDX-License-Identifier: MIT */
/*
 * One worker: its memory for nested calls, and how it runs a loop that nobody helps with, or
 * that there is no memory for.  test/crew.c has workers that help each other.
 */
#include "crew.h"

#include <string.h>

enum { DEEP = 1000 };

TestSuite(worker, .init = begin, .fini = end, .timeout = 300);

/* ---- memory for calls ------------------------------------------------------------------------ */

/* L4 */
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

/* W3 */
Test(worker, alone_runs_each_item_once)
{
	for (size_t i = 0; i < COUNT_OF(lengths); i++)
		for (size_t chunk = 0; chunk < 20; chunk += 3)
			expect_runs_once(guests[0], lengths[i], tally_body, chunk);
	expect_at_rest(guests[0]);
}

static size_t turns, turn_of[1000];

static int note_turn(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	turn_of[begin] = turns++;
	return tally_body(ctx, begin, end, w);
}

/* Each half that is left for thieves begins with its last item, so that none at an end is late. */
Test(worker, does_not_leave_the_last_items_for_last)
{
	struct tally t;

	tally_init(&t, COUNT_OF(turn_of));
	cr_assert(run_once(guests[0], &t, note_turn, &one_by_one, 0));
	tally_finish(&t);
	cr_expect_eq(turns, COUNT_OF(turn_of));
	cr_expect_eq(turn_of[0], 0);
	cr_expect_lt(turn_of[999], 600);
	for (size_t i = 1; i < 400; i++)
		cr_assert_lt(turn_of[i], 600, "%zu, but the lowest half comes first", i);
}

static size_t first_end;

static int note_first(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	if (begin == 0)
		first_end = end;
	return tally_body(ctx, begin, end, w);
}

/* Where the first chunk ends of 1,000 items of 10 ns each, for two. */
static size_t first_chunk(bool even)
{
	struct loop *loop = filch__worker_open(guests[0]);
	struct tally t;

	tally_init(&t, 1000);
	loop_begin(loop, guests[0], &t, note_first, &plain, 2);
	store_relaxed(&loop->grain_ns, 10);
	loop->even = even;
	cr_assert(filch__worker_run(guests[0], loop, 0, false));
	filch__worker_close(guests[0]);
	tally_expect_once(&t);
	tally_finish(&t);
	return first_end;
}

/* C4 */
Test(worker, runs_its_share_of_a_short_even_loop_as_one_chunk)
{
	size_t share;

	crew->threads = 1;
	share = first_chunk(true);
	cr_expect(share > 480 && share < 560, "%zu: half, and what a thief comes late", share);
	cr_expect_leq(first_chunk(false), 256);
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

	while (depth < LEVELS &&
	       tally_first_not(&levels[depth], 0, levels[depth].n, 1) == levels[depth].n)
		tally_clear(&levels[depth++]);
	for (unsigned i = depth; i < LEVELS; i++)
		cr_assert_eq(tally_first_not(&levels[i], 0, levels[i].n, 0), levels[i].n);
	return depth;
}

/* W6, E5 */
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
