/* SPDX-License-Identifier: MIT */
/*
 * The deque with an owner and thieves at once.  Chunks are numbered in the order of their
 * pushes; each number must come out once, in one piece, and with all that its owner wrote
 * before the push.
 */
#include "deque.h"
#include "support.h"

#include <criterion/criterion.h>
#include <sched.h>
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

TestSuite(deque_thieves, .init = begin, .fini = end, .timeout = 300);

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

static size_t slots(void)
{
	return (size_t)deque_slots(load_relaxed(&d.buffer));
}

/* ---- races -------------------------------------------------------------------------------- */

struct race {
	size_t pushes, burst; /* pushes at once, at most */
	size_t keep;          /* the owner pops what is above so many */
	size_t ahead;         /* pushes before any thief may look */
	bool poor;            /* no memory after so many pushes: */
	size_t rich;
	uint64_t seed;
	size_t *note;       /* plain memory: the owner writes, then pushes; who takes it reads */
	struct tally taken; /* by whomever */
	size_t popped, refused;
	atomic_uint present;
	atomic_bool open, over;
	atomic_size_t steals, lost; /* claims that came too late */
};

static void take(struct race *r, struct chunk c)
{
	const size_t k = c.range.begin;
	const struct chunk whole = numbered(k);

	require(c.loop == whole.loop && c.range.end == whole.range.end, "a chunk in pieces");
	tally_range(&r->taken, k, k + 1);
	require(r->note[k] == ~k, "a chunk without what was written before its push");
}

static size_t length(void)
{
	return (size_t)(deque_bottom(&d) - load_relaxed(&d.top));
}

/* One or two at once; returns the number of the next one. */
static size_t push_numbered(struct race *r, size_t k)
{
	const unsigned count = k + 1 < r->pushes ? 1 + (unsigned)random_below(&r->seed, 2) : 1;
	const struct chunk c[] = {numbered(k), numbered(k + 1)};

	for (unsigned i = 0; i < count; i++)
		r->note[k + i] = ~(k + i);
	if (deque_push(&d, c, count))
		return k + count;
	r->refused += count;
	for (unsigned i = 0; i < count; i++)
		take(r, c[i]);
	return k + count;
}

static void own(struct race *r)
{
	const uint64_t floor = deque_bottom(&d);
	size_t k = 0;
	uint64_t older;
	struct chunk c;

	while (k < r->ahead)
		k = push_numbered(r, k);
	atomic_store(&r->open, true);
	while (k < r->pushes) {
		if (r->poor && k >= r->rich)
			fail_memory(1, true);
		for (size_t i = random_below(&r->seed, r->burst) + 1; i > 0 && k < r->pushes; i--)
			k = push_numbered(r, k);
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

	while (!atomic_load(&r->open))
		sched_yield();
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

/* D1, D3 */
Test(deque_thieves, get_each_of_ten_million_chunks_once_or_their_owner_does)
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

/* D1, D3 */
Test(deque_thieves, steal_each_of_a_million_chunks_once)
{
	const size_t wanted = scaled(1000000, 1000);
	uint64_t seed = test_seed();

	for (size_t steals = 0; steals < wanted;) {
		struct race r = {.pushes = 100000, .burst = 50, .keep = 200};

		r.seed = random_next(&seed);
		steals += expect_fair_race(&r, 1 + (unsigned)random_below(&seed, 4));
	}
}

/* Nearly every chunk is the last one: the owner and all thieves want it at once (D1). */
Test(deque_thieves, never_share_the_last_chunk)
{
	uint64_t seed = test_seed();

	for (unsigned thieves = 1; thieves <= 4; thieves++) {
		struct race r = {.pushes = scaled(1000000, 1000), .burst = 1};

		r.seed = random_next(&seed);
		expect_fair_race(&r, thieves);
	}
}

/* D1, D6 */
Test(deque_thieves, lose_nothing_while_it_grows)
{
	uint64_t seed = test_seed();
	size_t largest = 0, steals = 0;

	for (size_t i = 0; i < scaled(500, 20) || !steals; i++) {
		/* However fast the thieves are, at least one deque is large. */
		struct race r = {
			.pushes = 5000, .burst = 5000, .keep = 5000, .ahead = largest ? 0 : 2000};

		r.seed = random_next(&seed);
		steals += expect_fair_race(&r, 1 + (unsigned)random_below(&seed, 3));
		largest = slots() > largest ? slots() : largest;
		filch__deque_finish(&d);
		filch__deque_init(&d, random_next(&seed));
	}
	cr_expect_geq(largest, 1024);
}

Test(deque_thieves, lose_nothing_however_old_its_indices)
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

Test(deque_thieves, lose_nothing_when_it_has_no_memory_to_grow)
{
	uint64_t seed = test_seed();
	size_t refused = 0;

	for (size_t i = scaled(200, 10); i > 0; i--) {
		struct race r = {.pushes = 5000, .burst = 100, .keep = 100, .poor = true};

		r.rich = i % 2 ? 0 : 1000;
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

static void feed(struct feast *f)
{
	const uint64_t floor = deque_bottom(&d);
	uint64_t older;
	struct chunk c;

	for (size_t k = 0; atomic_load(&f->full) < THIEVES; k += 2) {
		const struct chunk pair[] = {numbered(k), numbered(k + 1)};

		for (int i = 0; i < 4; i++)
			require(deque_push(&d, &pair[i / 2], 1), "no memory");
		while (length() > 2)
			deque_pop(&d, floor, &c, &older);
	}
}

static void eat(struct feast *f)
{
	uint64_t ticket;
	struct chunk c;

	for (unsigned had = 0; had < ENOUGH;)
		had += deque_peek(&d, &c, &ticket) && deque_claim(&d, ticket);
	atomic_fetch_add(&f->full, 1);
}

/* Pushes and pops go on until every thief has had enough: one that never wins is a hang. */
static void *feast_thread(void *arg)
{
	struct feast *f = arg;

	if (atomic_fetch_add(&f->present, 1) == 0)
		feed(f);
	else
		eat(f);
	return NULL;
}

/* D4 */
Test(deque_thieves, are_none_of_them_starved)
{
	struct feast f = {0, 0};

	on_threads(1 + THIEVES, feast_thread, &f);
}
