/* SPDX-License-Identifier: MIT */
/*
 * The deque as one thread sees it, who owns it and steals from it in turns.  Chunks are
 * numbered in the order of their pushes; test/deque_thieves.c has owner and thieves at once.
 */
#include "deque.h"
#include "support.h"

#include <criterion/criterion.h>

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

static struct chunk numbered(size_t k)
{
	return (struct chunk){(struct loop *)(uintptr_t)(k * 0x9e3779b1u), {k, ~k}};
}

/* The number of a chunk; the test ends if its words are those of different chunks. */
static size_t number_of(struct chunk c)
{
	const struct chunk whole = numbered(c.range.begin);

	cr_assert(c.loop == whole.loop && c.range.end == whole.range.end, "a chunk in pieces");
	return c.range.begin;
}

static bool push(size_t k)
{
	const struct chunk c = numbered(k);

	return deque_push(&d, &c, 1);
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

/* D2 */
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

Test(deque, takes_two_at_once_wherever_it_stands)
{
	for (size_t before = 0; before < 70; before++) {
		const struct chunk pair[] = {numbered(1000), numbered(1001)};
		const uint64_t floor = deque_bottom(&d);

		for (size_t k = 0; k < before; k++)
			cr_assert(push(k));
		cr_assert(deque_push(&d, pair, 2));
		if (before % 2) {
			cr_assert_eq(pop(floor), 1001);
			cr_assert_eq(pop(floor), 1000);
		}
		for (size_t k = 0; k < before; k++)
			cr_assert_eq(steal(), k);
		if (before % 2 == 0) {
			cr_assert_eq(steal(), 1000);
			cr_assert_eq(steal(), 1001);
		}
		cr_assert_eq(pop(floor), NONE);
		filch__deque_finish(&d);
		filch__deque_init(&d, 0);
	}
}

/* D7 */
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

/* D5 */
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

/* D1, D5 */
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

/* D6 */
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

/* D6 */
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

/* D5 */
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
