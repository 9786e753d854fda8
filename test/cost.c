/* SPDX-License-Identifier: MIT */
/*
 * The memory of costs: what one thread learns it recalls; what many learn at once may be
 * lost or mixed up, but is never torn, and never found under a key that nobody learned.
 */
#include "cost.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cost, .timeout = 120);

/* A key of this bucket; like a real one it is odd and so never 0. */
static uint64_t key_in(unsigned bucket, uint64_t i)
{
	return (uint64_t)bucket << 56 | i << 8 | 1;
}

/* Calls of 10^5 items that take so long each, long enough to be worth a memory. */
static void learn(uint64_t key, double ns, unsigned calls)
{
	for (; calls > 0; calls--)
		filch__cost_learn(key, 100000, ns * 100000);
}

static void expect_known(uint64_t key, double ns)
{
	cr_expect_gt(cost_recall(key).seen, 0);
	cr_expect_float_eq(cost_recall(key).ns / ns, 1, 1e-4, "%g, not %g", cost_recall(key).ns,
	                   ns);
}

static void expect_unknown(uint64_t key)
{
	struct cost c = cost_recall(key);

	cr_expect(c.seen == 0 && c.wild == 0 && c.ns == 0, "%#llx", (unsigned long long)key);
}

/* ---- one body -------------------------------------------------------------------- */

Test(cost, of_an_unknown_body_is_unseen)
{
	expect_unknown(cost_key(12345));
	learn(cost_key(12345), 7, 1);
	expect_unknown(cost_key(12346));
}

Test(cost, that_was_learned_is_recalled)
{
	for (double ns = 0.01; ns < 1e9; ns *= 3) {
		uint64_t key = cost_key((uintptr_t)(ns * 1000));

		learn(key, ns, 1);
		expect_known(key, ns);
		learn(key, ns, 9);
		expect_known(key, ns);
	}
}

Test(cost, is_sure_after_a_few_calls)
{
	for (unsigned calls = 1; calls < 100; calls++) {
		learn(99, 10, 1);
		cr_expect_eq(cost_recall(99).seen, calls < COST_SURE ? calls : COST_SURE);
	}
}

Test(cost, follows_what_is_measured)
{
	learn(99, 100, COST_SURE);
	learn(99, 200, 1);
	expect_known(99, 125);
	learn(99, 200, 50);
	expect_known(99, 200);
	learn(99, 50, 100);
	expect_known(99, 50);
	cr_expect_eq(cost_recall(99).wild, 0);
}

/* K3, K4 */
Test(cost, that_jumps_is_wild_and_taken_over_at_once)
{
	learn(99, 100, COST_SURE);
	learn(99, 801, 1);
	expect_known(99, 801);
	cr_expect_eq(cost_recall(99).wild, COST_WILD);
	learn(99, 100, 1);
	expect_known(99, 100);
	cr_expect_eq(cost_recall(99).wild, COST_WILD);
	learn(99, 790, 1); /* not yet eight times as much */
	cr_expect_eq(cost_recall(99).wild, COST_WILD - 1);
}

/* K4 */
Test(cost, that_agrees_often_enough_is_tame_again)
{
	learn(99, 100, COST_SURE);
	learn(99, 10000, 1);
	for (unsigned calls = 1; calls <= COST_WILD; calls++) {
		learn(99, 10000, 1);
		cr_expect_eq(cost_recall(99).wild, COST_WILD - calls);
	}
	learn(99, 10000, 1);
	cr_expect_eq(cost_recall(99).wild, 0);
}

Test(cost, is_not_changed_by_calls_too_short_to_measure)
{
	learn(99, 10, COST_SURE);
	for (int i = 0; i < 100; i++)
		filch__cost_learn(99, 1, 999);
	expect_known(99, 10);
	cr_expect_eq(cost_recall(99).wild, 0);
	filch__cost_learn(99, 1, 1001); /* long enough to say something */
	expect_known(99, 1001);
	cr_expect_eq(cost_recall(99).wild, COST_WILD);
	for (int i = 0; i < COST_WILD; i++) /* but short calls are no reason to stay wild */
		filch__cost_learn(99, 1, 900 - i);
	cr_expect_lt(cost_recall(99).wild, COST_WILD);
}

Test(cost, of_odd_calls_is_a_number)
{
	const size_t items[] = {1, 2, 1000, SIZE_MAX};
	const double ns[] = {0, 1e-3, 1, 1e5, 1e18};

	for (size_t i = 0; i < COUNT_OF(items); i++)
		for (size_t k = 0; k < COUNT_OF(ns); k++)
			for (size_t j = 0; j < COUNT_OF(ns); j++) {
				uint64_t key = key_in((unsigned)i, 1 + k * COUNT_OF(ns) + j);

				filch__cost_learn(key, items[i], ns[k]);
				filch__cost_learn(key, items[COUNT_OF(items) - 1 - i], ns[j]);
				cr_expect(isfinite(cost_recall(key).ns) &&
				          cost_recall(key).ns >= 0);
				cr_expect_eq(cost_recall(key).seen, 2);
			}
}

/* ---- sharing ------------------------------------------------------------------------- */

/* Calls of 100 items that took 10 ns each, alone and then shared, so many times. */
static void share(uint64_t key, double wall_ns, size_t times)
{
	for (int i = 0; i < COST_SURE; i++)
		filch__cost_learn(key, 100, 1000);
	while (times--)
		filch__cost_learn_shared(key, 100, 1100, wall_ns, true);
}

Test(cost, of_sharing_is_not_judged_by_one_call)
{
	const uint64_t key = cost_key(16);

	share(key, 5000, 1);
	cr_expect_lt(cost_least_ns(cost_recall(key)), 500);
}

Test(cost, of_sharing_that_never_gains_bars_such_calls_and_no_longer_ones)
{
	const uint64_t key = cost_key(16);

	share(key, 950, 10);
	cr_expect_gt(cost_least_ns(cost_recall(key)), 1000);
	cr_expect_lt(cost_least_ns(cost_recall(key)), 1300);
	share(key, 950, 1000);
	cr_expect_lt(cost_least_ns(cost_recall(key)), 1300);
}

Test(cost, of_sharing_is_forgiven_after_one_gain_or_with_time)
{
	const uint64_t key = cost_key(16);

	share(key, 950, 10);
	share(key, 800, 10);
	cr_expect_gt(cost_least_ns(cost_recall(key)), 1000, "neither gain nor loss");
	share(key, 700, 1);
	cr_expect_eq(cost_least_ns(cost_recall(key)), 0);

	share(key, 950, 10);
	for (int i = 0; i < 300; i++)
		filch__cost_learn(key, 100, 1000);
	cr_expect_lt(cost_least_ns(cost_recall(key)), 1000);
	for (int i = 0; i < 10000; i++)
		filch__cost_learn(key, 100, 1000);
	cr_expect_eq(cost_least_ns(cost_recall(key)), 0);
}

Test(cost, of_sharing_that_nobody_came_to_is_barred_later)
{
	const uint64_t key = cost_key(16);

	share(key, 0, 0);
	for (int i = 0; i < 20; i++)
		filch__cost_learn_shared(key, 100, 1100, 1200, false);
	cr_expect_lt(cost_least_ns(cost_recall(key)), 1000);
	for (int i = 0; i < 100; i++)
		filch__cost_learn_shared(key, 100, 1100, 1200, false);
	cr_expect_gt(cost_least_ns(cost_recall(key)), 1000);
}

Test(cost, of_sharing_that_was_not_timed_says_nothing)
{
	const uint64_t key = cost_key(16);

	share(key, 0, 100);
	cr_expect_eq(cost_least_ns(cost_recall(key)), 0);
}

/* ---- evenness ----------------------------------------------------------------------- */

/* K4 */
Test(cost, that_was_uneven_is_even_again_when_calls_agree_often_enough)
{
	const uint64_t key = cost_key(17);

	filch__cost_learn_even(key, false);
	cr_expect_eq(cost_recall(key).seen, 0, "nothing is known of it");
	cr_expect_not(cost_is_even(cost_recall(key)));
	share(key, 800, 10);
	cr_expect(cost_is_even(cost_recall(key)));
	for (unsigned i = 0; i < 3; i++) {
		filch__cost_learn_even(key, false);
		cr_expect(cost_is_sure(cost_recall(key)));
		for (unsigned calls = 0; calls < COST_WILD; calls++) {
			cr_expect_not(cost_is_even(cost_recall(key)));
			cr_expect_eq(cost_recall(key).uneven, COST_WILD - calls);
			filch__cost_learn_even(key, true);
		}
		cr_expect(cost_is_even(cost_recall(key)));
	}
	filch__cost_learn(key, 100, 1e6);
	cr_expect_not(cost_is_even(cost_recall(key)), "who is wild is not believed");
}

static int dear_at_the_end(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const size_t n = *(size_t *)ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		sleep_ns(i < n / 2 ? 1000 : 1000000);
	return 0;
}

/* Thieves begin at the end. */
Test(cost, of_halves_that_differ_is_remembered_as_uneven)
{
	filch_pool *pool = pool_of(2);
	size_t n = 20;

	for (int i = 0; i < 200 && !cost_recall(cost_key((uintptr_t)dear_at_the_end)).uneven; i++)
		cr_assert_eq(filch_for(pool, n, dear_at_the_end, &n, NULL), 0);
	cr_expect_gt(cost_recall(cost_key((uintptr_t)dear_at_the_end)).uneven, 0);
	pool_close(pool);
}

/* ---- keys --------------------------------------------------------------------------- */

/* Sharing only ever adds to the work: what is known is too high if the work was less. */
Test(cost, that_is_too_high_falls_by_shared_calls_and_then_bars_what_gains_nothing)
{
	const uint64_t key = cost_key(4711);

	for (int i = 0; i < 10; i++)
		filch__cost_learn(key, 100, 2000);
	for (int i = 0; i < 20; i++)
		filch__cost_learn_shared(key, 100, 1200, 1100, true);
	cr_expect_float_eq(cost_recall(key).ns, 12, 0.5);
	cr_expect_gt(cost_least_ns(cost_recall(key)), 1200);
	for (int i = 0; i < 20; i++)
		filch__cost_learn_shared(key, 100, 1500, 1100, true);
	cr_expect_float_eq(cost_recall(key).ns, 12, 0.5, "it does not rise");
}

Test(cost, keeps_labels_of_one_body_apart)
{
	const char *const labels[] = {NULL, "", "a", "b", "aa", "ab", "ba", "\xff", "a\xff"};
	char again[16];

	for (size_t i = 0; i < COUNT_OF(labels); i++)
		for (size_t k = 0; k < i; k++)
			cr_expect_neq(filch__cost_key_labelled(64, labels[i]),
			              filch__cost_key_labelled(64, labels[k]), "%zu %zu", i, k);
	for (size_t i = 1; i < COUNT_OF(labels); i++) {
		strcpy(again, labels[i]);
		cr_expect_eq(filch__cost_key_labelled(64, labels[i]),
		             filch__cost_key_labelled(64, again), "the text counts, not its place");
	}
	cr_expect_eq(filch__cost_key_labelled(64, NULL), cost_key(64));
	cr_expect_neq(filch__cost_key_labelled(64, "a"), filch__cost_key_labelled(80, "a"));
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Functions stand as close as one byte apart, or at round distances. */
Test(cost, keeps_a_hundred_thousand_bodies_apart)
{
	enum { BODIES = 100000 };
	uint64_t *keys = malloc(BODIES * sizeof *keys);

	for (uintptr_t step = 1; step <= 4096; step *= 16) {
		size_t used[COST_BUCKETS] = {0};

		for (uintptr_t i = 0; i < BODIES; i++) {
			keys[i] = cost_key((uintptr_t)0x555555554000u + i * step);
			used[keys[i] >> 56]++;
		}
		qsort(keys, BODIES, sizeof *keys, by_value);
		cr_assert_neq(keys[0], 0, "that is an empty entry");
		for (size_t i = 1; i < BODIES; i++)
			cr_assert_neq(keys[i - 1], keys[i]);
		for (size_t i = 0; i < COST_BUCKETS; i++)
			cr_assert(used[i] > BODIES / COST_BUCKETS / 2 &&
			                  used[i] < BODIES / COST_BUCKETS * 2,
			          "%zu in bucket %zu", used[i], i);
	}
	free(keys);
}

/* ---- a bucket that is full ------------------------------------------------------------- */

Test(cost, of_one_body_too_many_takes_the_place_of_one)
{
	unsigned known = 0;

	for (uint64_t i = 1; i <= COST_WAYS; i++)
		learn(key_in(7, i), (double)i, 1);
	for (uint64_t i = 1; i <= COST_WAYS; i++)
		expect_known(key_in(7, i), (double)i);
	learn(key_in(7, 100), 100, 1);
	expect_known(key_in(7, 100), 100);
	cr_expect_eq(cost_recall(key_in(7, 100)).seen, 1, "it inherits nothing");
	for (uint64_t i = 1; i <= COST_WAYS; i++)
		known += cost_recall(key_in(7, i)).seen > 0;
	cr_expect_eq(known, COST_WAYS - 1);
	expect_unknown(key_in(8, 1));
}

/* K1, K5 */
Test(cost, of_more_bodies_than_fit_is_right_or_unseen)
{
	size_t known = 0;

	for (uint64_t i = 1; i <= 100000; i++) {
		learn(cost_key((uintptr_t)i * 16), (double)i, 1);
		expect_known(cost_key((uintptr_t)i * 16), (double)i);
	}
	for (uint64_t i = 1; i <= 100000; i++) {
		struct cost c = cost_recall(cost_key((uintptr_t)i * 16));

		known += c.seen > 0;
		cr_assert(!c.seen || c.ns == (float)i);
		cr_assert_eq(cost_recall(cost_key((uintptr_t)i * 16 + 8)).seen, 0);
	}
	cr_expect_eq(known, COST_BUCKETS * COST_WAYS);
}

/* ---- many threads ------------------------------------------------------------------------- */

enum { THREADS = 4, KEYS = 12, BUCKETS = 4 };

/* Key i of a bucket costs so much; in the first two buckets all have room. */
static double ns_of(uint64_t i)
{
	return (double)(1000 + i);
}

struct learners {
	size_t rounds;
	atomic_uint present, known_by;
	atomic_uint wrong; /* recalled what cannot be */
	atomic_size_t known;
};

/* What was recalled of a key that somebody learns, if it was there at all. */
static bool is_possible(struct cost c)
{
	return !c.seen || (c.seen <= COST_SURE && c.wild <= COST_WILD && c.ns >= 999.9f &&
	                   c.ns <= 1000.1f + KEYS);
}

static void *learn_and_recall(void *arg)
{
	struct learners *l = arg;
	uint64_t seed = atomic_fetch_add(&l->present, 1);
	size_t known = 0;
	bool wrong = false;

	for (size_t n = l->rounds; n > 0; n--) {
		const unsigned bucket = (unsigned)random_below(&seed, BUCKETS);
		const uint64_t i = 1 + random_below(&seed, bucket < 2 ? COST_WAYS : KEYS);
		struct cost c;

		filch__cost_learn(key_in(bucket, i), 1000, ns_of(i) * 1000);
		c = cost_recall(key_in(bucket, 1 + random_below(&seed, KEYS)));
		known += c.seen > 0;
		wrong |= !is_possible(c);
		wrong |= cost_recall(key_in(bucket, KEYS + i)).seen != 0; /* nobody's */
		wrong |= cost_recall(key_in(BUCKETS + bucket, i)).seen != 0;
	}
	atomic_fetch_add(&l->known, known);
	atomic_fetch_add(&l->wrong, wrong);
	return NULL;
}

/* K2 */
Test(cost, that_many_threads_learn_at_once_is_never_torn_nor_anothers)
{
	struct learners l = {.rounds = scaled(1000000, 1000)};

	on_threads(THREADS, learn_and_recall, &l);
	cr_expect_eq(atomic_load(&l.wrong), 0);
	cr_expect_gt(atomic_load(&l.known), 0);
}

/* One thread learns of each key, in buckets with room: then nothing is lost in the end. */
static void *learn_own(void *arg)
{
	struct learners *l = arg;
	const unsigned me = atomic_fetch_add(&l->present, 1);

	for (unsigned first = 1; first <= 2;
	     first++) { /* who finds an empty entry may lose it again */
		learn(key_in(20, 1 + me), ns_of(me), 1);
		if (!meet(&l->known_by, first * THREADS))
			abort();
	}
	for (size_t n = l->rounds; n > 0; n--)
		learn(key_in(20, 1 + me), ns_of(me), 1);
	return NULL;
}

Test(cost, that_each_of_many_threads_learns_for_itself_is_known_in_the_end)
{
	struct learners l = {.rounds = scaled(100000, 1000)};

	_Static_assert((int)THREADS <= (int)COST_WAYS, "there is room for all");
	on_threads(THREADS, learn_own, &l);
	for (unsigned i = 0; i < THREADS; i++)
		expect_known(key_in(20, 1 + i), ns_of(i));
}
