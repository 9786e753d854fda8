/* SPDX-License-Identifier: MIT */
/*
 * The deque: what one thread sees of it, then an owner and its thieves.  Chunks are numbered
 * in the order of their pushes; each number must come out once, in one piece, and with all
 * that its owner wrote before the push.
 */
#include "deque.h"
#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct deque d;

static void begin(void)
{
	filch__deque_init(&d, 0);
}

static void end(void)
{
	filch__deque_finish(&d);
}

TestSuite(deque, .init = begin, .fini = end, .timeout = 300);

#define NONE SIZE_MAX

/* For threads, where a failed cr_assert() would jump to another thread's stack. */
static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct chunk numbered(size_t k)
{
	return (struct chunk){(struct loop *)(uintptr_t)(k * 0x9e3779b1u), {k, ~k}};
}

/* The number of a chunk; the program ends if its words are those of different chunks. */
static size_t number_of(struct chunk c)
{
	const struct chunk whole = numbered(c.range.begin);

	require(c.loop == whole.loop && c.range.end == whole.range.end, "a chunk in pieces");
	return c.range.begin;
}

static bool push(size_t k)
{
	return deque_push(&d, numbered(k));
}

static size_t pop(uint64_t floor)
{
	uint64_t older;
	struct chunk c;

	return deque_pop(&d, floor, &c, &older) ? number_of(c) : NONE;
}

static size_t peek(uint64_t *ticket)
{
	struct chunk c;

	return deque_peek(&d, &c, ticket) ? number_of(c) : NONE;
}

static size_t steal(void)
{
	uint64_t ticket;
	size_t k = peek(&ticket);

	return k != NONE && deque_claim(&d, ticket) ? k : NONE;
}

static size_t slots(void)
{
	return (size_t)deque_slots(load_relaxed(&d.buffer));
}

/* ---- one thread ------------------------------------------------------------------- */

Test(deque, that_is_new_has_nothing)
{
	uint64_t ticket;

	cr_expect_eq(pop(deque_bottom(&d)), NONE);
	cr_expect_eq(peek(&ticket), NONE);
}

Test(deque, gives_its_owner_the_newest_and_thieves_the_oldest)
{
	for (size_t k = 0; k < 100; k++)
		cr_assert(push(k));
	for (size_t k = 0; k < 50; k++) {
		cr_expect_eq(steal(), k);
		cr_expect_eq(pop(0), 99 - k);
	}
	cr_expect_eq(steal(), NONE);
	cr_expect_eq(pop(0), NONE);
}

Test(deque, gives_nothing_from_under_the_floor)
{
	uint64_t floor;

	push(0);
	push(1);
	floor = deque_bottom(&d);
	cr_expect_eq(pop(floor), NONE);
	push(2);
	push(3);
	cr_expect_eq(pop(floor), 3);
	cr_expect_eq(pop(floor), 2);
	cr_expect_eq(pop(floor), NONE);
	cr_expect_eq(steal(), 0);
	cr_expect_eq(pop(floor), NONE);
	cr_expect_eq(pop(0), 1);
}

Test(deque, whose_last_chunk_was_taken_gives_nothing_until_the_next_push)
{
	for (size_t k = 0; k < 1000; k++) {
		const uint64_t floor = deque_bottom(&d);

		push(k);
		cr_assert_eq(k % 2 ? pop(floor) : steal(), k);
		cr_assert_eq(pop(floor), NONE);
		cr_assert_eq(pop(floor), NONE);
		cr_assert_eq(steal(), NONE);
	}
}

Test(deque, refuses_a_claim_with_an_old_ticket)
{
	uint64_t first, again;

	push(0);
	push(1);
	cr_assert_eq(peek(&first), 0);
	cr_assert_eq(peek(&again), 0);
	cr_expect(deque_claim(&d, first));
	cr_expect_not(deque_claim(&d, again));
	cr_expect_not(deque_claim(&d, first));
	cr_expect_eq(pop(0), 1);
}

Test(deque, refuses_the_claim_of_what_its_owner_has_popped)
{
	uint64_t ticket;

	push(0);
	cr_assert_eq(peek(&ticket), 0);
	cr_assert_eq(pop(0), 0);
	cr_expect_not(deque_claim(&d, ticket));
	for (size_t k = 1; k < 100; k++) {
		push(k); /* the slot that was peeked at, again and again */
		cr_expect_not(deque_claim(&d, ticket));
		cr_expect_eq(pop(0), k);
	}
}

Test(deque, keeps_what_was_peeked_at_while_it_grows)
{
	for (size_t growths = 1; growths < 4; growths++) {
		size_t k = 0, taken = 0;
		uint64_t ticket;

		push(k++);
		while (slots() < 20000) {
			cr_assert_eq(peek(&ticket), taken);
			for (size_t room = slots() << 2 * (growths - 1); k - taken <= room; k++)
				cr_assert(push(k));
			cr_assert(deque_claim(&d, ticket), "after growing %zu times", growths);
			taken++;
		}
		while (taken < k)
			cr_assert_eq(pop(0), --k);
		filch__deque_finish(&d);
		filch__deque_init(&d, 0);
	}
}

Test(deque, that_has_grown_leaves_thieves_the_slots_they_found)
{
	uintptr_t found[8];
	uint64_t ticket;

	push(0);
	for (size_t growths = 0; growths < COUNT_OF(found); growths++) {
		found[growths] = load_relaxed(&d.buffer);
		cr_assert(filch__deque_grow(&d));
	}
	cr_assert_eq(peek(&ticket), 0);
	for (size_t i = 0; i < COUNT_OF(found); i++)
		cr_expect_eq(number_of(deque_slot_read(found[i], ticket)), 0);
	cr_expect(deque_claim(&d, ticket));
}

Test(deque, gives_all_its_memory_back)
{
	const long before = memory_blocks();

	for (size_t k = 0; k < 70000; k++)
		cr_assert(push(k));
	cr_expect_gt(memory_blocks(), before);
	filch__deque_finish(&d);
	cr_expect_eq(memory_blocks(), before);
	filch__deque_init(&d, 0);
}

/* ---- without memory ------------------------------------------------------------------ */

/* Pushes until the deque is full; the number after the last. */
static size_t fill(size_t from)
{
	const uint64_t most = load_relaxed(&d.top) + slots();

	while (deque_bottom(&d) != most)
		cr_assert(push(from++));
	return from;
}

Test(deque, without_memory_refuses_and_loses_nothing)
{
	for (size_t size = DEQUE_SLOTS_INSIDE; size < 10000; size *= 4) {
		size_t all = fill(0);

		cr_assert_eq(all, size);
		fail_memory(1, true);
		cr_expect_not(push(all));
		cr_expect_not(push(all));
		cr_expect_eq(steal(), 0);
		cr_expect(push(all), "where the oldest was is room for one");
		cr_expect_not(push(all + 1));
		cr_assert_geq(fail_no_more(), 2);
		for (size_t k = all + 1; --k > 0;)
			cr_assert_eq(pop(0), k);
		fill(0);
		cr_assert(push(size));
		while (pop(0) != NONE)
			;
	}
}

/* ---- beside a model -------------------------------------------------------------------- */

/* The same with an array; indices count from where the deque's begin. */
struct model {
	size_t number[1000];
	uint64_t first, top, bottom;
};

static void model_pop(struct model *m, uint64_t floor)
{
	const bool empty = m->bottom == m->top || m->bottom <= floor;
	struct chunk c = {NULL, {0, 0}};
	uint64_t older = 77;

	cr_assert_eq(deque_pop(&d, m->first + floor, &c, &older), !empty);
	if (empty)
		return;
	cr_assert_eq(number_of(c), m->number[m->bottom - 1]);
	cr_assert_eq(older, m->bottom - 1 - m->top);
	/* Who takes the last one does it as a thief would. */
	if (m->bottom - 1 == m->top)
		m->top++;
	else
		m->bottom--;
}

static void model_steal(struct model *m)
{
	cr_assert_eq(steal(), m->top == m->bottom ? NONE : m->number[m->top]);
	m->top += m->top != m->bottom;
}

static void model_push(struct model *m, size_t k)
{
	cr_assert(push(k));
	m->number[m->bottom++] = k;
}

static void expect_as_model(uint64_t first, uint64_t *seed)
{
	const size_t pushes = 1 + random_below(seed, 4);
	struct model m = {.first = first};

	filch__deque_finish(&d);
	filch__deque_init(&d, first);
	for (size_t k = 0; m.bottom < COUNT_OF(m.number); k++) {
		cr_assert_eq(deque_bottom(&d), first + m.bottom);
		if (random_below(seed, 6) < pushes)
			model_push(&m, k);
		else if (random_below(seed, 2))
			model_steal(&m);
		else
			model_pop(&m, random_below(seed, 2) ? 0 : random_below(seed, m.bottom + 1));
	}
}

Test(deque, does_what_an_array_would)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(2000, 100); i > 0; i--)
		expect_as_model(0, &seed);
}

Test(deque, as_old_as_its_indices_reach_does_what_an_array_would)
{
	uint64_t seed = test_seed();

	for (uint64_t k = 0; k < 300; k++) {
		expect_as_model(UINT64_MAX - k, &seed);
		expect_as_model((uint64_t)INT64_MAX - k, &seed);
		expect_as_model((uint64_t)INT64_MAX + k, &seed);
		expect_as_model(random_next(&seed), &seed);
	}
}

/* ---- an owner and thieves ---------------------------------------------------------------- */

struct race {
	size_t pushes, burst; /* pushes at once, at most */
	size_t keep;          /* the owner pops what is above so many */
	bool poor;            /* no memory from some push on */
	uint64_t seed;
	size_t *note;       /* plain memory: the owner writes, then pushes; who takes it reads */
	struct tally taken; /* by whomever */
	size_t popped, refused;
	atomic_uint present;
	atomic_bool over;
	atomic_size_t steals, lost; /* claims that came too late */
};

static void take(struct race *r, struct chunk c)
{
	const size_t k = number_of(c);

	tally_range(&r->taken, k, k + 1);
	require(r->note[k] == ~k, "a chunk without what was written before its push");
}

static size_t length(void)
{
	return (size_t)(deque_bottom(&d) - load_relaxed(&d.top));
}

static void push_numbered(struct race *r, size_t k)
{
	r->note[k] = ~k;
	if (push(k))
		return;
	r->refused++;
	take(r, numbered(k));
}

static void own(struct race *r)
{
	const uint64_t floor = deque_bottom(&d);
	uint64_t older;
	struct chunk c;

	for (size_t k = 0; k < r->pushes;) {
		for (size_t i = random_below(&r->seed, r->burst) + 1; i > 0 && k < r->pushes; i--)
			push_numbered(r, k++);
		if (r->poor && k > r->pushes / 4)
			fail_memory(1, true);
		for (size_t i = random_below(&r->seed, r->burst) + 1; i > 0 && length() > r->keep;
		     i--)
			if (deque_pop(&d, floor, &c, &older)) {
				r->popped++;
				take(r, c);
			}
	}
	for (; deque_pop(&d, floor, &c, &older); r->popped++)
		take(r, c);
	atomic_store_explicit(&r->over, true, memory_order_release);
}

static void rob(struct race *r)
{
	size_t steals = 0, lost = 0;

	while (!atomic_load_explicit(&r->over, memory_order_acquire)) {
		uint64_t ticket;
		struct chunk c;

		if (!deque_peek(&d, &c, &ticket))
			continue;
		if (deque_claim(&d, ticket)) {
			take(r, c);
			steals++;
		} else {
			lost++;
		}
	}
	atomic_fetch_add(&r->steals, steals);
	atomic_fetch_add(&r->lost, lost);
}

/* The first to come is the owner; nobody begins before all are there. */
static void *race_thread(void *arg)
{
	struct race *r = arg;
	const bool owner = atomic_fetch_add(&r->present, 1) == 0;

	if (owner) {
		require(wait_for(&r->present, 2), "no thief");
		own(r);
	} else {
		rob(r);
	}
	return NULL;
}

/* Every chunk comes out once; returns how many the thieves had. */
static size_t expect_fair_race(struct race *r, unsigned thieves)
{
	tally_init(&r->taken, r->pushes);
	r->note = malloc(r->pushes * sizeof *r->note);
	on_threads(1 + thieves, race_thread, r);
	fail_no_more();
	tally_expect_once(&r->taken);
	cr_assert_eq(r->popped + r->refused + atomic_load(&r->steals), r->pushes);
	cr_assert_eq(deque_bottom(&d), load_relaxed(&d.top), "it is empty");
	tally_finish(&r->taken);
	free(r->note);
	return atomic_load(&r->steals);
}

Test(deque, gives_each_of_ten_million_chunks_once)
{
	uint64_t seed = test_seed();

	for (unsigned thieves = 1; thieves <= 8; thieves++) {
		struct race r = {.pushes = scaled(10000000 / 8, 1000), .burst = 100};

		r.seed = random_next(&seed);
		expect_fair_race(&r, thieves);
		fprintf(stderr, "%u thieves: %zu pops, %zu steals, %zu claims in vain\n", thieves,
		        r.popped, atomic_load(&r.steals), atomic_load(&r.lost));
	}
}

Test(deque, gives_each_of_a_million_stolen_chunks_once)
{
	const size_t wanted = scaled(1000000, 1000);
	uint64_t seed = test_seed();

	for (size_t steals = 0; steals < wanted;) {
		struct race r = {.pushes = 100000, .burst = 50, .keep = 200};

		r.seed = random_next(&seed);
		steals += expect_fair_race(&r, 1 + (unsigned)random_below(&seed, 4));
	}
}

/* Nearly every chunk is the last one: the owner and all thieves want it at once. */
Test(deque, gives_the_last_chunk_to_one)
{
	uint64_t seed = test_seed();

	for (unsigned thieves = 1; thieves <= 4; thieves++) {
		struct race r = {.pushes = scaled(1000000, 1000), .burst = 1};

		r.seed = random_next(&seed);
		expect_fair_race(&r, thieves);
	}
}

Test(deque, loses_nothing_while_it_grows_under_thieves)
{
	uint64_t seed = test_seed();
	size_t largest = 0, steals = 0;

	for (size_t i = scaled(500, 20); i > 0; i--) {
		struct race r = {.pushes = 5000, .burst = 5000, .keep = 5000};

		r.seed = random_next(&seed);
		steals += expect_fair_race(&r, 1 + (unsigned)random_below(&seed, 3));
		largest = slots() > largest ? slots() : largest;
		filch__deque_finish(&d);
		filch__deque_init(&d, random_next(&seed));
	}
	cr_expect_geq(largest, 1024);
	cr_expect_gt(steals, 0);
}

Test(deque, as_old_as_its_indices_reach_loses_nothing)
{
	const uint64_t oldest[] = {UINT64_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1};
	uint64_t seed = test_seed();

	for (size_t i = 0; i < scaled(100, 9); i++) {
		struct race r = {.pushes = 5000, .burst = 100, .seed = random_next(&seed)};

		filch__deque_finish(&d);
		filch__deque_init(&d, oldest[i % 3] - random_below(&seed, 5000));
		expect_fair_race(&r, 2);
	}
}

Test(deque, without_memory_loses_nothing_to_thieves)
{
	uint64_t seed = test_seed();
	size_t refused = 0;

	for (size_t i = scaled(200, 10); i > 0; i--) {
		struct race r = {.pushes = 5000, .burst = 100, .keep = 100, .poor = true};

		r.seed = random_next(&seed);
		expect_fair_race(&r, 2);
		refused += r.refused;
		filch__deque_finish(&d);
		filch__deque_init(&d, 0);
	}
	cr_expect_gt(refused, 0);
}

/* ---- no starvation ---------------------------------------------------------------------- */

enum { THIEVES = 4, ENOUGH = 100 };

struct feast {
	atomic_uint present, full;
};

/* Pushes and pops until every thief has had enough: a thief that never wins is a hang. */
static void *feast_thread(void *arg)
{
	struct feast *f = arg;
	const bool owner = atomic_fetch_add(&f->present, 1) == 0;
	size_t k = 0;

	if (owner)
		while (atomic_load(&f->full) < THIEVES) {
			for (int i = 0; i < 4; i++)
				require(push(k++), "no memory");
			while (length() > 2)
				pop(0);
		}
	else
		for (unsigned had = 0; had < ENOUGH;)
			had += steal() != NONE;
	atomic_fetch_add(&f->full, !owner);
	return NULL;
}

Test(deque, starves_no_thief)
{
	struct feast f = {0, 0};

	on_threads(1 + THIEVES, feast_thread, &f);
}
