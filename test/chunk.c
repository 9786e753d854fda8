/* SPDX-License-Identifier: MIT */
/* How ranges are cut: every size around every power of two, every width, costs of any kind. */
#include "chunk.h"
#include "support.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

TestSuite(chunk, .timeout = 300);

/* 1, 2, 3, 4, 5, 7, 8, 9 ... 2^64 - 1: all powers of two and their neighbours. */
enum { SIZES = 64 * 3 };
static size_t sizes[SIZES];
static size_t sizes_count;

static void begin(void)
{
	for (size_t power = 1; power; power <<= 1)
		for (int i = -1; i <= 1; i++)
			if (power + (size_t)i > 0)
				sizes[sizes_count++] = power + (size_t)i;
	sizes[sizes_count++] = SIZE_MAX;
}

TestSuite(every_chunk, .init = begin, .timeout = 300);

static const double costs[] = {
	0,   -0.0, DBL_TRUE_MIN, DBL_MIN, 1e-100,   1e-9, 0.001, 0.1,
	1,   1.7,  10,           1000,    7999,     8000, 8001,  1e6,
	1e9, 1e18, 1e100,        DBL_MAX, INFINITY, NAN,  -1,    -INFINITY,
};

static const double leasts[] = {CHUNK_NS_MIN, 777, 2000, CHUNK_NS_MAX};

/* ---- the size of a chunk -------------------------------------------------------------- */

static void expect_bounds(size_t size, size_t rest, size_t most)
{
	cr_assert(size >= 1 && size <= rest && size <= most, "%zu of %zu, at most %zu", size, rest,
	          most);
}

/* C1, C6 */
Test(every_chunk, is_a_part_of_the_rest)
{
	for (size_t r = 0; r < sizes_count; r++)
		for (size_t c = 0; c < COUNT_OF(costs); c++)
			for (size_t m = 0; m < sizes_count; m += 1 + m / 8)
				for (size_t l = 0; l < COUNT_OF(leasts); l++)
					expect_bounds(chunk_size(sizes[r], costs[c], leasts[l], 4,
					                         sizes[m]),
					              sizes[r], sizes[m]);
}

/* C1 */
Test(every_chunk, is_a_part_of_the_rest_at_every_width)
{
	for (unsigned width = 1; width <= FILCH_MAX_WORKERS; width++)
		for (size_t r = 0; r < sizes_count; r++)
			for (size_t c = 0; c < COUNT_OF(costs); c += 3)
				expect_bounds(chunk_size(sizes[r], costs[c], CHUNK_NS_MIN, width,
				                         SIZE_MAX),
				              sizes[r], SIZE_MAX);
}

/* The chunk lasts as long as it should, and what it leaves is worth cutting off. */
static void expect_duration(size_t rest, double cost, double least, unsigned width)
{
	const double slack = 1 + 1e-9;
	size_t size = chunk_size(rest, cost, least, width, SIZE_MAX);
	double ns = (double)size * cost, all = (double)rest * cost;

	if (size == rest) {
		cr_assert(rest == 1 || ns < (CHUNK_NS_MAX + least) * slack, "all %zu, %g ns each",
		          rest, cost);
		return;
	}
	cr_assert(size == 1 || ns <= CHUNK_NS_MAX * slack, "%zu of %zu, %g ns each", size, rest,
	          cost);
	cr_assert(size == 1 || width > 4 || ns <= (all / 4 > least ? all / 4 : least) * slack,
	          "%zu of %zu, %g ns each", size, rest, cost);
	cr_assert((double)(size + 16) * cost >= least, "%zu of %zu, %g ns each", size, rest, cost);
	cr_assert((all - ns) * slack >= least, "%zu of %zu, %g ns each", size, rest, cost);
}

/* C4 */
Test(every_chunk, lasts_neither_too_long_nor_too_short)
{
	for (size_t r = 0; r < sizes_count; r++)
		for (double cost = 1e-12; cost < 1e12; cost *= 1.37)
			for (size_t l = 0; l < COUNT_OF(leasts); l++)
				for (unsigned width = 1; width <= 64; width *= 4)
					expect_duration(sizes[r], cost, leasts[l], width);
}

/* C3 */
Test(chunk, of_unknown_cost_is_one_grain)
{
	const double unknown[] = {0, -0.0, -1, -INFINITY, NAN};

	for (size_t i = 0; i < COUNT_OF(unknown); i++) {
		cr_expect_eq(chunk_size(1000, unknown[i], CHUNK_NS_MIN, 4, SIZE_MAX), 1);
		cr_expect_eq(chunk_size(SIZE_MAX, unknown[i], CHUNK_NS_MIN, 1024, 10), 1);
	}
}

Test(chunk, shrinks_near_the_end)
{
	size_t rest = 1000000, before = SIZE_MAX;

	while (rest > 0) {
		size_t size = chunk_size(rest, 10, CHUNK_NS_MIN, 8, SIZE_MAX);

		cr_assert(size <= before || size == rest, "%zu with %zu left", size, rest);
		before = size;
		rest -= size;
	}
	cr_expect_leq((double)before, 2 * CHUNK_NS_MIN / 10, "the last one is waited for");
}

/* C2 */
Test(chunk, that_a_number_becomes_is_in_bounds)
{
	volatile double all = 0x1p64; /* a compiler must not know what it cannot be converted to */

	cr_expect_eq(chunk_clamp(NAN, 10), 1);
	cr_expect_eq(chunk_clamp(-INFINITY, 10), 1);
	cr_expect_eq(chunk_clamp(INFINITY, 10), 10);
	cr_expect_eq(chunk_clamp(0.5, 10), 1);
	cr_expect_eq(chunk_clamp(9.99, 10), 9);
	cr_expect_eq(chunk_clamp(all, SIZE_MAX), SIZE_MAX);
	cr_expect_eq(chunk_clamp(0x1p64 - 2048, SIZE_MAX), SIZE_MAX - 2047);
	cr_expect_eq(chunk_clamp(1e300, SIZE_MAX - 1), SIZE_MAX - 1);
}

/* ---- where it is cut ---------------------------------------------------------------------- */

static void expect_cut(struct range whole, size_t size, bool from_back, bool more)
{
	struct range rest = whole;
	const struct range taken = chunk_take(&rest, size, from_back, more);
	const size_t got = range_size(taken);
	const size_t at = from_back ? taken.begin : taken.end;

	cr_assert(from_back ? taken.end == whole.end && rest.begin == whole.begin
	                    : taken.begin == whole.begin && rest.end == whole.end);
	cr_assert_eq(from_back ? rest.end : rest.begin, at, "nothing lost, nothing twice");
	cr_assert_eq(got + range_size(rest), range_size(whole));
	cr_assert(more ? got >= size && got - size < 16 : got <= size && size - got < 16,
	          "%zu for %zu", got, size);
	cr_assert(got > 0 || size == 0);
	if (size == range_size(whole) || size < 128)
		cr_assert_eq(got, size);
	/* Near either end of all there is no round index left. */
	else if (at % 16 && range_size(whole) - size > 16 && whole.end < SIZE_MAX - 15)
		cr_assert_fail("%zu of %zu is not round", at, whole.end);
}

Test(every_chunk, is_cut_off_where_it_is_round_and_nowhere_else)
{
	static const size_t begins[] = {0, 1, 15, 16, 17, 1000, SIZE_MAX / 2};

	for (size_t b = 0; b < COUNT_OF(begins); b++)
		for (size_t r = 0; r < sizes_count; r++)
			for (size_t k = 0; k < sizes_count; k++) {
				const struct range whole = {begins[b], begins[b] + sizes[r]};

				if (sizes[r] > SIZE_MAX - begins[b] || sizes[k] > sizes[r])
					continue;
				for (int how = 0; how < 4; how++)
					expect_cut(whole, sizes[k], how & 1, how & 2);
			}
}

/* ---- what thieves get ------------------------------------------------------------------- */

Test(every_chunk, for_thieves_is_less_than_the_rest)
{
	for (size_t r = 0; r < sizes_count; r++)
		for (size_t c = 0; c < COUNT_OF(costs); c++)
			for (size_t l = 0; l < COUNT_OF(leasts); l++) {
				size_t far =
					chunk_far(sizes[r], costs[c], leasts[l], leasts[l] / 2);

				cr_assert(far <= sizes[r] - sizes[r] / 2, "%zu of %zu", far,
				          sizes[r]);
				cr_assert(far < sizes[r], "all of %zu", sizes[r]);
			}
}

Test(every_chunk, for_thieves_is_worth_the_way)
{
	for (size_t r = 0; r < sizes_count; r++)
		for (double cost = 1e-12; cost < 1e12; cost *= 1.37)
			for (size_t l = 0; l < COUNT_OF(leasts); l++) {
				size_t far = chunk_far(sizes[r], cost, leasts[l], leasts[l] / 2);
				double all = (double)sizes[r] * cost;

				cr_assert_eq(far == 0, sizes[r] == 1 || all < 2 * leasts[l],
				             "%zu of %zu, %g ns each", far, sizes[r], cost);
				cr_assert(far == 0 || (double)far * cost >= leasts[l] / 4,
				          "%zu of %zu, %g ns each", far, sizes[r], cost);
			}
}

/* He begins late, and so both end at the same time. */
Test(chunk, for_thieves_is_less_by_what_they_come_late)
{
	cr_expect_eq(chunk_far(100, 100, 500, 0), 50);
	cr_expect_eq(chunk_far(100, 100, 2000, 1000), 45);
	cr_expect_eq(chunk_far(100, 100, 5000, 2500), 37);
	cr_expect_eq(chunk_far(100, 100, 5002, 2501), 0, "not worth his way");
	cr_expect_eq(chunk_far(2, 1e9, 2000, 1000), 1, "he is not as late as an item is long");
	cr_expect_eq(chunk_far(4, 1001, 2000, 1000), 2);
	cr_expect_eq(chunk_far(1000, 1000, 2000, 1000), 500, "of a long range they get the middle");
	cr_expect_eq(chunk_far(200, 1000, 2000, 1000), 100);
}

/* C4 */
Test(chunk, of_even_items_is_a_whole_share_if_that_is_short)
{
	cr_expect_eq(chunk_least_ns(100), CHUNK_NS_MIN);
	cr_expect_eq(chunk_least_ns(300), 900);
	cr_expect_eq(chunk_even_ns(500, 100), 500, "nor is a share too short for a thief");
	cr_expect_eq(chunk_even_ns(500, 5000), 5000);
	cr_expect_eq(chunk_even_ns(500, CHUNK_NS_MAX), CHUNK_NS_MAX);
	cr_expect_eq(chunk_even_ns(500, 2 * CHUNK_NS_MAX), CHUNK_NS_MAX / 2);
	cr_expect_eq(chunk_even_ns(500, 1e9), 500);
	cr_expect_eq(chunk_size(100, 100, chunk_even_ns(500, 5000), 2, SIZE_MAX), 50);
	for (double share = 1e-9; share < 1e30; share *= 1.7) {
		cr_expect_leq(chunk_even_ns(500, share), CHUNK_NS_MAX);
		cr_expect_geq(chunk_even_ns(500, share), 500);
	}
	cr_expect_eq(chunk_even_ns(500, 0), 500);
	cr_expect_eq(chunk_even_ns(500, NAN), 500, "of unknown cost");
}

/* C4 */
Test(chunk, is_all_at_hand_if_what_would_remain_is_too_short)
{
	cr_expect_eq(chunk_fit(10, 15, 100, 500, SIZE_MAX), 10);
	cr_expect_eq(chunk_fit(10, 14, 100, 500, SIZE_MAX), 14);
	cr_expect_eq(chunk_fit(10, 14, 100, 500, 14), 14);
	cr_expect_eq(chunk_fit(10, 14, 100, 500, 13), 10, "no more than the most");
	cr_expect_eq(chunk_fit(10, 10, 100, 500, SIZE_MAX), 10);
	cr_expect_eq(chunk_fit(10, 9, 100, 500, SIZE_MAX), 9);
	cr_expect_eq(chunk_fit(1, 2, 0, 500, SIZE_MAX), 1, "of unknown cost");
	cr_expect_eq(chunk_fit(1, 2, NAN, 500, SIZE_MAX), 1);
}

/* C3 */
Test(chunk, for_thieves_is_half_when_nobody_knows_the_cost)
{
	cr_expect_eq(chunk_far(1, 0, CHUNK_NS_MIN, 0), 0);
	cr_expect_eq(chunk_far(2, 0, CHUNK_NS_MIN, 0), 1);
	cr_expect_eq(chunk_far(3, 0, CHUNK_NS_MIN, 0), 1);
	cr_expect_eq(chunk_far(100, NAN, CHUNK_NS_MIN, 0), 50);
	cr_expect_eq(chunk_far(SIZE_MAX, 0, CHUNK_NS_MIN, 0), SIZE_MAX / 2);
}

/* ---- taking off a range ------------------------------------------------------------------- */

Test(every_chunk, that_is_cut_off_and_what_is_left_are_the_range)
{
	for (size_t i = 0; i < sizes_count; i++)
		for (size_t k = 0; k < sizes_count && sizes[k] <= sizes[i]; k++) {
			const struct range all = {SIZE_MAX - sizes[i], SIZE_MAX};
			struct range front = all, back = all;
			struct range first = range_take(&front, sizes[k], false);
			struct range last = range_take(&back, sizes[k], true);

			cr_assert(range_size(first) == sizes[k] && range_size(last) == sizes[k]);
			cr_assert(first.begin == all.begin && first.end == front.begin &&
			          front.end == all.end);
			cr_assert(last.end == all.end && last.begin == back.end &&
			          back.begin == all.begin);
		}
}

/* ---- the estimate --------------------------------------------------------------------------- */

Test(chunk, estimate_is_never_zero)
{
	for (double ns = -1; ns < 2; ns += 0.5) {
		double cost = 1e9;

		cr_expect_gt(chunk_estimate(0, ns, 1), 0);
		cr_expect_gt(chunk_estimate(0, ns, SIZE_MAX), 0);
		for (int i = 0; i < 10000; i++)
			cr_assert_gt(cost = chunk_estimate(cost, ns, SIZE_MAX), 0);
	}
}

Test(chunk, estimate_approaches_what_is_measured)
{
	for (double real = 1e-3; real < 1e9; real *= 9.7)
		for (double first = 1e-3; first < 1e12; first *= 11.3) {
			double cost = first;

			for (int i = 0; i < 70; i++)
				cost = chunk_estimate(cost, real * 100000, 100000);
			cr_assert_float_eq(cost / real, 1, 0.01, "%g, not %g, from %g", cost, real,
			                   first);
		}
}

Test(chunk, estimate_is_soon_up_and_slowly_down)
{
	cr_expect_eq(chunk_estimate(10, 1000, 1), 1000);
	cr_expect_eq(chunk_estimate(10, 30, 1), 20);
	cr_expect_eq(chunk_estimate(1000, 10, 1), 505);
	cr_expect_eq(chunk_estimate(0, 10, 5), 2);
	cr_expect_eq(chunk_estimate(1, INFINITY, 5), INFINITY);
	cr_expect_eq(chunk_estimate(1, NAN, 1), 1);
}

/* ---- whole loops --------------------------------------------------------------------------- */

/* One worker cuts the range up, its cost estimated as it goes; how many chunks that took. */
static size_t chunks_of(size_t grains, double real_ns, double clock_ns, double guess,
                        unsigned width)
{
	size_t chunks = 0;

	for (size_t rest = grains; rest > 0; chunks++) {
		size_t size = chunk_size(rest, guess, CHUNK_NS_MIN, width, SIZE_MAX);
		double ns = (double)size * real_ns;

		expect_bounds(size, rest, SIZE_MAX);
		rest -= size;
		guess = chunk_estimate(guess, ns > clock_ns ? ns : clock_ns, size);
		cr_assert_lt(chunks, 1000000, "it never ends");
	}
	return chunks;
}

/* C5 */
Test(chunk, by_chunk_a_loop_of_size_max_items_ends)
{
	const double guesses[] = {0, DBL_TRUE_MIN, 1e-9, 1, 1e9, 1e300, DBL_MAX};

	for (unsigned width = 1; width <= FILCH_MAX_WORKERS; width *= 2)
		for (size_t i = 0; i < COUNT_OF(guesses); i++)
			for (double clock_ns = 1; clock_ns < 1000; clock_ns *= 3)
				cr_assert_lt(chunks_of(SIZE_MAX, 0, clock_ns, guesses[i], width),
				             4000, "at width %u from %g", width, guesses[i]);
}

Test(chunk, by_chunk_a_loop_is_cut_no_finer_than_its_time_allows)
{
	for (double real_ns = 1e-6; real_ns < 1e6; real_ns *= 3.3)
		for (size_t n = 1; n < 1000000000; n = n * 7 + 1) {
			double all = (double)n * real_ns;

			if (all > 1e9)
				break;
			cr_assert_leq((double)chunks_of(n, real_ns, 20, 0, 4),
			              100 + 2 * all / CHUNK_NS_MAX, "%zu of %g ns", n, real_ns);
		}
}

/* ---- loops of many ------------------------------------------------------------------------------ */

struct crowd {
	struct range open[200]; /* what nobody has taken yet */
	size_t count;
	struct tally t;
	double cost;
	uint64_t seed;
};

/* Somebody takes an open range, leaves half of it open, and runs a chunk of the rest. */
static void crowd_step(struct crowd *c, unsigned width, size_t most)
{
	const size_t i = random_below(&c->seed, c->count);
	const bool from_back = random_below(&c->seed, 2);
	struct range near = c->open[i], chunk;
	size_t far = chunk_far(range_size(near), c->cost, CHUNK_NS_MIN, CHUNK_NS_MIN / 2), size;

	c->open[i] = c->open[--c->count];
	size = chunk_size(range_size(near), c->cost, CHUNK_NS_MIN, width, most);
	if (far && c->count + 2 < COUNT_OF(c->open))
		c->open[c->count++] = range_take(&near, far, !from_back);
	size = chunk_fit(size, range_size(near), c->cost, CHUNK_NS_MIN, most);
	chunk = range_take(&near, size, from_back);
	if (range_size(near))
		c->open[c->count++] = near;
	tally_range(&c->t, chunk.begin, chunk.end);
	c->cost = chunk_estimate(c->cost, (double)(size * random_below(&c->seed, 50)), size);
}

Test(chunk, by_chunk_random_loops_run_every_grain_once)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(3000, 100); i > 0; i--) {
		const unsigned width = 1 + (unsigned)random_below(&seed, FILCH_MAX_WORKERS);
		const size_t n = 1 + random_below(&seed, (size_t)1 << random_below(&seed, 17));
		const size_t most =
			random_below(&seed, 3) ? SIZE_MAX : 1 + random_below(&seed, 300);
		struct crowd c = {.open = {{0, n}}, .count = 1, .seed = random_next(&seed)};

		tally_init(&c.t, n);
		while (c.count > 0)
			crowd_step(&c, width, most);
		tally_expect_once(&c.t);
		tally_finish(&c.t);
	}
}
