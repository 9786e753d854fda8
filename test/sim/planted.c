/* SPDX-License-Identifier: MIT */
/*
 * A bug of each kind that the simulator is there for, planted in a program: each must be found, and be
 * called what it is.  Some reach into the library's rooms, and leave there what should not be.
 */
#include "pool.h"
#include "scenario.h"

#include <stdlib.h>

static filch_pool *pool;

static void open_pool(unsigned workers)
{
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = workers)) == 0);
}

static void close_pool(void)
{
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

/* ---- waiting for ever ---------------------------------------------------------------------- */

static struct lock here, there;

static void takes_both(struct lock *first, struct lock *second)
{
	lock_take(first);
	filch_sim_yield();
	lock_take(second);
	lock_release(second);
	lock_release(first);
}

static void the_other_way_round(void *none)
{
	(void)none;
	takes_both(&there, &here);
}

static void two_locks_two_ways(void *arg)
{
	filch_sim_thread(the_other_way_round, arg);
	takes_both(&here, &there);
}

static _Atomic uint32_t never;

static int waits_for_ever(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	while (!load_seq_cst(&never))
		filch__wait(&never, 0, 0);
	return 0;
}

/* Seven threads of a pool, and he who called. */
static void eight_wait(void *arg)
{
	open_pool(8);
	filch_for(pool, 8, waits_for_ever, arg, FILCH(.chunk = 1));
}

static _Atomic uint32_t has_come;

/* The caller's part ends, when somebody else has come: his does not. */
static int only_helpers_wait(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	if (filch_worker_id(w)) {
		store_seq_cst(&has_come, 1);
		filch__wake(&has_come);
		return waits_for_ever(ctx, begin, end, w);
	}
	while (!load_seq_cst(&has_come))
		filch__wait(&has_come, 0, 0);
	return 0;
}

static void the_end_never_comes(void *arg)
{
	open_pool(2);
	filch_for(pool, 2, only_helpers_wait, arg, FILCH(.chunk = 1));
}

static _Atomic unsigned turn;

static void waits_for_its_turn(void *none)
{
	(void)none;
	while (load_seq_cst(&turn) != 1)
		filch_sim_yield();
}

static void nobody_passes_the_turn_on(void *arg)
{
	filch_sim_thread(waits_for_its_turn, arg);
}

/* ---- memory ------------------------------------------------------------------------------------ */

static char *block;

static void one_block_is_left(void *arg)
{
	(void)arg;
	block = malloc(1);
}

static void frees(void *none)
{
	(void)none;
	free(block);
}

static void two_free_it(void *arg)
{
	unsigned t;

	block = malloc(8);
	t = filch_sim_thread(frees, arg);
	filch_sim_join(t);
	frees(arg);
}

static void reads_after(void *none)
{
	(void)none;
	filch_sim_check(*(volatile char *)block == 1);
}

/* Ordered, so that it is not called a race. */
static void one_reads_what_was_freed(void *arg)
{
	block = malloc(8);
	if (!block)
		return;
	*block = 1;
	free(block);
	filch_sim_thread(reads_after, arg);
}

/* Who opens the door touches it once more, when it may be gone with the stack that it stood on. */
struct latch {
	_Atomic uint32_t left, told;
};

static struct latch *latch;

static void opens_the_latch(void *none)
{
	(void)none;
	fetch_sub_seq_cst(&latch->left, 1);
	filch__wake(&latch->left);
	store_relaxed(&latch->told, 1);
}

PLATFORM_NOINLINE static void waits_at_a_latch(void)
{
	struct latch own;

	store_relaxed(&own.left, 1);
	store_relaxed(&own.told, 0);
	latch = &own;
	filch_sim_thread(opens_the_latch, NULL);
	while (load_seq_cst(&own.left))
		filch__wait(&own.left, 1, 0);
}

static void a_latch_is_touched_late(void *arg)
{
	(void)arg;
	waits_at_a_latch();
	filch_sim_yield();
}

/* ---- once --------------------------------------------------------------------------------------- */

static _Atomic bool taken;
static _Atomic unsigned runs;

static void takes_without_asking(void *none)
{
	(void)none;
	platform_pause(); /* a choice of its own kind, that each order must ask for */
	if (load_seq_cst(&taken))
		return;
	store_seq_cst(&taken, true);
	fetch_add_relaxed(&runs, 1);
}

static void one_item_is_taken_twice(void *arg)
{
	const unsigned t = filch_sim_thread(takes_without_asking, arg);

	takes_without_asking(arg);
	filch_sim_join(t);
	filch_sim_check(load_relaxed(&runs) == 1);
}

/* ---- depth -------------------------------------------------------------------------------------- */

static int helps_with_anything(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct worker *self = NULL;
	struct chunk c;

	(void)ctx, (void)begin, (void)end;
	for (unsigned i = 0; i < pool->crew.threads; i++)
		if (pool->crew.worker[i].id == filch_worker_id(w))
			self = &pool->crew.worker[i];
	if (self && filch__find(self, NULL, &c, true))
		filch__worker_help(self, c);
	return 0;
}

/* In the middle of an item another one of the same loop is begun, and in that the next one. */
static void one_helps_with_anything(void *arg)
{
	open_pool(2);
	filch_for(pool, 6, helps_with_anything, arg, FILCH(.chunk = 1));
	close_pool();
}

/* ---- rooms -------------------------------------------------------------------------------------- */

static struct worker *first_guest(void)
{
	struct worker *g = NULL;

	for (unsigned i = 0; !g && i < GUESTS_MAX; i++)
		g = load_relaxed(&pool->crew.guest[i]);
	return g;
}

static int in_the_deque(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct worker *g = first_guest();

	(void)ctx, (void)begin, (void)end, (void)w;
	fetch_add_relaxed(&g->deque.top, 3);
	return 0;
}

static int in_a_slot(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct worker *g = first_guest();

	(void)ctx, (void)begin, (void)end, (void)w;
	fetch_add_relaxed(&g->deque.bottom, 1);
	return 0;
}

static int among_the_sleepers(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	fetch_add_relaxed(&pool->crew.idle.state, 2);
	return 0;
}

static int beside_the_sleepers(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	fetch_or_relaxed(&pool->crew.idle.bits[0], 1);
	return 0;
}

static int in_the_books(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end;
	store_relaxed(&w->loop->remaining, 100);
	return 0;
}

static int among_the_threads(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	store_relaxed(&pool->crew.started, 9);
	return 0;
}

static int does_nothing(void *arg, filch_worker *w)
{
	(void)arg, (void)w;
	return 0;
}

/* Two are forked, and the older one is taken off the border that should hold both. */
static int at_the_border(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct worker *g = first_guest();
	filch_task older, newer;

	(void)ctx, (void)begin, (void)end;
	filch_fork(w, &older, does_nothing, NULL);
	filch_fork(w, &newer, does_nothing, NULL);
	store_relaxed(&g->tasks.border, &newer);
	filch_join(w, &newer);
	filch_join(w, &older);
	return 0;
}

/* `body` is run once, by the only one who is there. */
static void spoil(filch_body *body)
{
	open_pool(2);
	filch_for(pool, 1, body, NULL, FILCH(.max_workers = 1));
	close_pool();
}

#define SPOILS(NAME, BODY)                                                                         \
	static void NAME(void *arg)                                                                \
	{                                                                                          \
		(void)arg;                                                                         \
		spoil(BODY);                                                                       \
	}

SPOILS(a_deque_is_spoiled, in_the_deque)
SPOILS(a_slot_is_spoiled, in_a_slot)
SPOILS(a_sleeper_too_many, among_the_sleepers)
SPOILS(one_awake_seems_to_sleep, beside_the_sleepers)
SPOILS(the_books_are_spoiled, in_the_books)
SPOILS(threads_that_are_not_there, among_the_threads)
SPOILS(the_border_is_moved, at_the_border)

static void the_lock_is_held_for_ever(void *arg)
{
	(void)arg;
	open_pool(2);
	lock_take(&pool->starting);
	filch__sleep_until(filch__now_ns() + 1000000);
	lock_release(&pool->starting);
	close_pool();
}

#define FOUND(NAME, PROGRAM, ...)                                                                  \
	SCENARIO("planted: " NAME, PROGRAM, .fails = true, .says = {__VA_ARGS__})

SCENARIOS(planted_scenarios,
          FOUND("two locks two ways", two_locks_two_ways, "all wait\n  thread 0 waits for the word",
                "last changed by thread 1", "thread 1 waits for the word",
                "last changed by thread 0"),
          FOUND("eight wait", eight_wait, "thread 0 waits for the word", "thread 7 (filch/7) waits",
                "thread 1 (filch/1) waits"),
          FOUND("the end never comes", the_end_never_comes,
                "thread 0 waits for the end of its call, 1 of 2 left, where there is filch/1",
                "thread 1 (filch/1) waits for the word"),
          FOUND("nobody passes the turn on", nobody_passes_the_turn_on,
                "no end after 100000 steps"),
          FOUND("a block is left", one_block_is_left, "1 blocks of memory are left"),
          FOUND("two free it", two_free_it, "is freed, and was before"),
          FOUND("one reads what was freed", one_reads_what_was_freed, "which was freed"),
          FOUND("a latch is touched late", a_latch_is_touched_late, "thread 1 touches",
                "which stood on the stack of thread 0"),
          FOUND("an item is taken twice", one_item_is_taken_twice,
                "not so: load_relaxed(&runs) == 1"),
          FOUND("one helps with anything", one_helps_with_anything, "filch/1: helps too deep"),
          FOUND("a deque", a_deque_is_spoiled, "of filch: deque: bottom is below top"),
          FOUND("a slot", a_slot_is_spoiled, "deque: a slot between top and bottom"),
          FOUND("a sleeper too many", a_sleeper_too_many, "idle: more or fewer are counted"),
          FOUND("one awake seems to sleep", one_awake_seems_to_sleep,
                "idle: one who is awake may be woken"),
          FOUND("the books", the_books_are_spoiled, "loop: more is left than there was"),
          FOUND("threads", threads_that_are_not_there, "crew: more threads were started"),
          FOUND("the border", the_border_is_moved,
                "tasks: one that is older than the border is private"),
          FOUND("a lock over a wait", the_lock_is_held_for_ever,
                "pool: its lock is held by one who waits"))
