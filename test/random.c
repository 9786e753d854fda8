/* SPDX-License-Identifier: MIT */
/*
 * Random numbers by index: the published answers, what each function makes of them as computed
 * by another program, and a loop that draws the same at every width.
 */
#include "support.h"

#include <filch/random.h>

#include <criterion/criterion.h>
#include <string.h>

TestSuite(random, .timeout = 120);

static const uint64_t seed = 0x0123456789abcdef, place = 0xfedcba9876543210;

/* The vectors that the authors publish, in tests/kat_vectors of Random123. */
Test(random, gives_the_published_answers)
{
	static const uint32_t vectors[][10] = {
		{0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
		{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
	         0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
	         0x94fdcceb, 0x5001e420, 0x24126ea1},
	};

	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		uint32_t out[4];

		filch_philox4x32(vectors[i], vectors[i] + 4, out);
		cr_expect_arr_eq(out, vectors[i] + 6, sizeof out);
	}
}

/* ---- known answers of the rest ----------------------------------------------------------- */

Test(random, draws_the_words_of_blocks_one_after_the_other)
{
	static const uint32_t words[] = {0xaef2adf7, 0xf69b5950, 0x3ceb44f4,
	                                 0x89b6573a, 0xec2ab39f, 0x4671fd85};
	static const uint64_t longs[] = {0xf69b5950aef2adf7, 0x89b6573a3ceb44f4,
	                                 0x4671fd85ec2ab39f};
	struct filch_random r = filch_random_at(seed, place), s = r, zero = filch_random_at(0, 0);

	cr_expect_eq(filch_random_u32(&zero), 0x6627e8d5);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		cr_expect_eq(filch_random_u32(&r), words[i]);
	for (size_t i = 0; i < COUNT_OF(longs); i++)
		cr_expect_eq(filch_random_u64(&s), longs[i]);
}

Test(random, carries_the_number_of_the_block)
{
	struct filch_random r = filch_random_at(seed, place);
	const uint32_t next[4] = {0, 1, (uint32_t)place, (uint32_t)(place >> 32)};
	uint32_t out[4];

	r.counter_[0] = UINT32_MAX;
	for (size_t i = 0; i < 4; i++)
		filch_random_u32(&r);
	filch_philox4x32(next, r.key_, out);
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(filch_random_u32(&r), out[i]);
}

Test(random, makes_doubles_and_floats_of_the_upper_bits)
{
	static const double doubles[] = {0x1.ed36b2a15de55p-1, 0x1.136cae7479d68p-1,
	                                 0x1.19c7f617b0aacp-2};
	struct filch_random r = filch_random_at(seed, place), s = r;

	for (size_t i = 0; i < COUNT_OF(doubles); i++)
		cr_expect_eq(filch_random_double(&r), doubles[i]);
	cr_expect_eq(filch_random_float(&s), (float)(0xaef2adf7 >> 8) / 16777216);
}

Test(random, makes_bounded_integers)
{
	static const uint64_t limits[] = {1,          2,           6,           1000,
	                                  0xffffffff, 0x100000000, 0x100000001, 1000000000000000000,
	                                  UINT64_MAX};
	static const uint64_t numbers[] = {0,
	                                   1,
	                                   1,
	                                   537,
	                                   3962221470,
	                                   1181875589,
	                                   3103222823,
	                                   284852346940031437,
	                                   1961854576906482850};
	struct filch_random r = filch_random_at(seed, place);

	for (size_t i = 0; i < COUNT_OF(limits); i++)
		cr_expect_eq(filch_random_below(&r, limits[i]), numbers[i]);
	cr_expect_eq(filch_random_below(&r, 0), 0);
}

static bool is_close(double a, double b, double by)
{
	return a - b <= by && b - a <= by;
}

/* The other program had a logarithm from its library. */
Test(random, makes_normal_deviates)
{
	static const double deviates[] = {0x1.c61d19591a09ap+0,  -0x1.f15a33b1fee72p-2,
	                                  -0x1.5550ce531adffp+0, 0x1.e34b1d09e6185p-7,
	                                  0x1.b36ea99cc37a7p+1,  0x1.2a154ab1ab7a6p-1,
	                                  -0x1.4cab08aef56c4p+0, 0x1.f9d6478063812p-2};
	struct filch_random r = filch_random_at(seed, place), s = r;
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT_OF(deviates); i++)
		cr_expect(is_close(filch_random_normal(&r), deviates[i], 0));
	for (int i = 0; i < 20000; i++)
		sum = sum * 31 + (uint64_t)(int64_t)(filch_random_normal(&s) * 1099511627776);
	cr_expect_eq(sum, 0xa2d80d807bd0c8d3);
}

Test(random, has_a_logarithm)
{
	cr_expect(is_close(filch_random_log_(1), 0, 0));
	cr_expect(is_close(filch_random_log_(2), 0.69314718055994531, 2e-16));
	cr_expect(is_close(filch_random_log_(0.5), -0.69314718055994531, 2e-16));
	cr_expect(is_close(filch_random_log_(10), 2.3025850929940457, 5e-16));
	cr_expect(is_close(filch_random_log_(0x1p-53), -36.736800569677101, 1e-14));
	/* It adds up where its parts meet. */
	for (double x = 0.01; x < 4; x += 0.01)
		cr_assert(is_close(filch_random_log_(x * x), 2 * filch_random_log_(x), 4e-15));
}

/* ---- how they are distributed: with a given seed, so this either holds or it does not ------ */

enum { DRAWS = 1000000 };

Test(random, is_uniform)
{
	static const uint64_t limits[] = {2, 3, 7, 10, 255};

	for (size_t k = 0; k < COUNT_OF(limits); k++) {
		double count[255] = {0}, chi2 = 0;
		const double expected = (double)DRAWS / (double)limits[k];

		for (uint64_t i = 0; i < DRAWS; i++) {
			struct filch_random r = filch_random_at(k, i); /* across streams */

			count[filch_random_below(&r, limits[k])]++;
		}
		for (size_t i = 0; i < limits[k]; i++)
			chi2 += (count[i] - expected) * (count[i] - expected) / expected;
		/* Its variance is twice its mean: 5 deviations. */
		cr_expect_lt((chi2 - (double)limits[k] + 1) * (chi2 - (double)limits[k] + 1),
		             25 * 2 * (double)limits[k]);
	}
}

/*
 * Of 3 * 2^30 numbers a remainder of 32 bits would favour the first third, and a product
 * every third one; of 3 * 2^62, one of 64 bits.
 */
Test(random, favours_nothing)
{
	const uint64_t limits[] = {(uint64_t)3 << 62, (uint64_t)3 << 30, 3};

	for (size_t k = 0; k < COUNT_OF(limits); k++) {
		struct filch_random r = filch_random_at(seed, k);
		double low = 0, third = 0;

		for (int i = 0; i < DRAWS; i++) {
			const uint64_t x = filch_random_below(&r, limits[k]);

			cr_assert_lt(x, limits[k]);
			low += x < limits[k] / 3;
			third += x % 3 == 0;
		}
		cr_expect(is_close(low / DRAWS, 1.0 / 3, 0.0025), "%f", low / DRAWS);
		cr_expect(is_close(third / DRAWS, 1.0 / 3, 0.0025), "%f", third / DRAWS);
	}
}

Test(random, has_the_moments_of_a_normal_distribution)
{
	struct filch_random r = filch_random_at(seed, 0);
	double sum = 0, square = 0, cube = 0, fourth = 0, beyond_2 = 0, beyond_3 = 0;

	for (int i = 0; i < DRAWS; i++) {
		const double x = filch_random_normal(&r);

		sum += x;
		square += x * x;
		cube += x * x * x;
		fourth += x * x * x * x;
		beyond_2 += x > 2 || x < -2;
		beyond_3 += x > 3 || x < -3;
	}
	cr_expect(is_close(sum / DRAWS, 0, 0.005));
	cr_expect(is_close(square / DRAWS, 1, 0.007));
	cr_expect(is_close(cube / DRAWS, 0, 0.02));
	cr_expect(is_close(fourth / DRAWS, 3, 0.05));
	cr_expect(is_close(beyond_2 / DRAWS, 0.0455003, 0.00105));
	cr_expect(is_close(beyond_3 / DRAWS, 0.0026998, 0.00026));
}

Test(random, stays_below_one)
{
	struct filch_random r = filch_random_at(1, 1);

	memset(r.word_, 0xff, sizeof r.word_);
	r.left_ = 4;
	cr_expect_lt(filch_random_double(&r), 1);
	cr_expect_lt(filch_random_float(&r), 1);
}

/* ---- the point of it --------------------------------------------------------------------------- */

enum { DARTS = 50000 };

static int throw(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	uint64_t *drawn = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		struct filch_random r = filch_random_at(seed, i);
		const double x = filch_random_normal(&r);

		memcpy(&drawn[i], &x, sizeof x);
		drawn[i] += filch_random_below(&r, 6) + filch_random_u64(&r);
	}
	return 0;
}

Test(random, draws_the_same_at_every_width)
{
	static uint64_t drawn[DARTS], first[DARTS];

	throw(first, 0, DARTS, NULL);
	for (size_t i = 1; i < DARTS; i++)
		cr_assert_neq(first[i - 1], first[i]);
	for (size_t k = 0; k < COUNT_OF(widths); k++)
		for (size_t chunk = 0; chunk < 200; chunk = 3 * chunk + 1) {
			filch_pool *pool = pool_of(widths[k]);

			memset(drawn, 0, sizeof drawn);
			cr_expect_eq(filch_for(pool, DARTS, throw, drawn, FILCH(.chunk = chunk)),
			             0);
			cr_expect_arr_eq(drawn, first, sizeof first);
			pool_close(pool);
		}
}
