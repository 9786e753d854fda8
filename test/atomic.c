/* SPDX-License-Identifier: MIT */
/* That the named orders are what their names say: what each returns, and what two threads see. */
#include "atomic.h"
#include "support.h"

#include <criterion/criterion.h>
#include <sched.h>

TestSuite(atomic, .timeout = 120);

/* ---- one thread ------------------------------------------------------------------- */

Test(atomic, stores_are_loaded)
{
	_Atomic uint64_t x = 0;

	store_relaxed(&x, 1);
	cr_expect_eq(load_relaxed(&x), 1);
	store_release(&x, 2);
	cr_expect_eq(load_acquire(&x), 2);
	store_seq_cst(&x, UINT64_MAX);
	cr_expect_eq(load_seq_cst(&x), UINT64_MAX);
}

Test(atomic, changes_return_what_was_before)
{
	_Atomic uint32_t x = 1;

	cr_expect_eq(exchange_acquire(&x, 2), 1);
	cr_expect_eq(exchange_seq_cst(&x, 3), 2);
	cr_expect_eq(fetch_add_relaxed(&x, 4), 3);
	cr_expect_eq(fetch_add_acq_rel(&x, (uint32_t)-2), 7);
	cr_expect_eq(fetch_sub_seq_cst(&x, 1), 5);
	cr_expect_eq(fetch_or_relaxed(&x, 16), 4);
	cr_expect_eq(fetch_and_acquire(&x, 16), 20);
	cr_expect_eq(load_relaxed(&x), 16);
}

#define EXPECT_CAS(cas)                                                                            \
	do {                                                                                       \
		_Atomic int x = 1;                                                                 \
		int expected = 2;                                                                  \
                                                                                                   \
		cr_expect_not(cas(&x, &expected, 3));                                              \
		cr_expect(expected == 1 && load_relaxed(&x) == 1, "it says what is there");        \
		cr_expect(cas(&x, &expected, 3));                                                  \
		cr_expect(expected == 1 && load_relaxed(&x) == 3);                                 \
	} while (0)

Test(atomic, exchanges_succeed_only_if_what_was_expected_is_there)
{
	EXPECT_CAS(cas_relaxed);
	EXPECT_CAS(cas_acquire);
	EXPECT_CAS(cas_acq_rel);
	EXPECT_CAS(cas_seq_cst);
}

/* ---- two threads --------------------------------------------------------------------- */

/* Both begin a round together; what each saw in it is looked at before the next. */
struct duel {
	unsigned rounds;
	void (*act)(struct duel *d, unsigned me);
	bool (*is_possible)(const struct duel *d);
	atomic_uint present, wrong;
	_Alignas(CACHE_LINE) atomic_uint arrived;
	_Alignas(CACHE_LINE) _Atomic unsigned x;
	_Alignas(CACHE_LINE) _Atomic unsigned y;
	_Alignas(CACHE_LINE) unsigned seen[2];
	unsigned plain;
};

static void *fight(void *arg)
{
	struct duel *d = arg;
	const unsigned me = atomic_fetch_add(&d->present, 1);

	for (unsigned i = 0; i < d->rounds; i++) {
		meet_hastily(&d->arrived, 6 * i + 2);
		d->act(d, me);
		meet_hastily(&d->arrived, 6 * i + 4);
		if (me == 0) {
			atomic_fetch_add(&d->wrong, !d->is_possible(d));
			store_relaxed(&d->x, 0);
			store_relaxed(&d->y, 0);
		}
		meet_hastily(&d->arrived, 6 * i + 6);
	}
	return NULL;
}

static void expect_possible(void (*act)(struct duel *, unsigned),
                            bool (*is_possible)(const struct duel *))
{
	struct duel d = {
		.rounds = (unsigned)scaled(300000, 1000), .act = act, .is_possible = is_possible};

	on_threads(2, fight, &d);
	cr_expect_eq(atomic_load(&d.wrong), 0);
}

/* Each announces itself, then looks for the other: what sleepers and wakers do. */
static void announce_and_look(struct duel *d, unsigned me)
{
	store_seq_cst(me ? &d->y : &d->x, 1);
	d->seen[me] = load_seq_cst(me ? &d->x : &d->y);
}

static bool one_saw_the_other(const struct duel *d)
{
	return d->seen[0] || d->seen[1];
}

Test(atomic, of_two_who_announce_themselves_and_look_one_sees_the_other)
{
	expect_possible(announce_and_look, one_saw_the_other);
}

static void change_and_look(struct duel *d, unsigned me)
{
	fetch_sub_seq_cst(me ? &d->y : &d->x, 1);
	d->seen[me] = load_seq_cst(me ? &d->x : &d->y);
}

Test(atomic, of_two_who_change_something_and_look_one_sees_the_other)
{
	expect_possible(change_and_look, one_saw_the_other);
}

/* One writes something plain, and says so. */
static void tell_or_listen(struct duel *d, unsigned me)
{
	if (me == 0) {
		d->plain++;
		store_release(&d->x, d->plain);
	} else {
		while ((d->seen[0] = load_acquire(&d->x)) == 0)
			sched_yield();
		d->seen[1] = d->plain;
	}
}

static bool heard_what_was_told(const struct duel *d)
{
	return d->seen[0] == d->seen[1];
}

Test(atomic, what_was_written_before_a_release_is_seen_after_its_acquire)
{
	expect_possible(tell_or_listen, heard_what_was_told);
}

static void count_both(struct duel *d, unsigned me)
{
	unsigned was = load_relaxed(&d->y);

	fetch_add_relaxed(&d->x, 1);
	while (!cas_relaxed(&d->y, &was, was + 1))
		;
	d->seen[me] = 1;
}

static bool both_count(const struct duel *d)
{
	return load_relaxed(&d->x) == 2 && load_relaxed(&d->y) == 2;
}

Test(atomic, changes_by_two_threads_both_count)
{
	expect_possible(count_both, both_count);
}
