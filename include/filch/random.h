/* SPDX-License-Identifier: MIT */
#ifndef FILCH_RANDOM_H
#define FILCH_RANDOM_H
/*
 * Random numbers that belong to an index, so that a loop draws the same ones at every width.
 *
 *     static int throw_darts(void *ctx, size_t begin, size_t end, filch_worker *w)
 *     {
 *             struct darts *d = ctx;
 *             (void)w;
 *             for (size_t i = begin; i < end; i++) {
 *                     struct filch_random r = filch_random_at(d->seed, i);
 *                     double x = filch_random_double(&r), y = filch_random_double(&r);
 *
 *                     d->hit[i] = x * x + y * y < 1;
 *             }
 *             return 0;
 *     }
 *
 * A seed and an index are a stream of numbers, which depend on nothing else.  Streams need not be
 * kept, made ahead, or shared; a struct filch_random is one on its way, 44 bytes on your stack,
 * for one thread at a time.  A stream is 2^66 words long.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
 * as 1, 2, 3", 2011): ten rounds of a cipher over the index and the number of the block, with the
 * seed as its key.  It passes the tests of BigCrush; it is not made for secrets.  What is drawn is
 * the same on every machine, and stays the same in later versions of filch.
 *
 * All is inline; nothing is linked, and no <math.h> is needed.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A stream and how far it is.  Fill it with filch_random_at(); copy it as you like. */
struct filch_random {
	uint32_t key_[2];
	uint32_t counter_[4]; /* of the next block: its number, then the index, low words first */
	uint32_t word_[4];    /* this block */
	unsigned left_;       /* its last words, which were not drawn yet */
};

/* One block of Philox4x32-10: out from counter under key.  For those who count themselves. */
static inline void filch_philox4x32(const uint32_t counter[4], const uint32_t key[2],
                                    uint32_t out[4])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1];
	int round;

	for (round = 0; round < 10; round++) {
		const uint64_t a = (uint64_t)0xd2511f53u * c0, b = (uint64_t)0xcd9e8d57u * c2;

		c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)b;
		c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)a;
		k0 += 0x9e3779b9u;
		k1 += 0xbb67ae85u;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

/* The stream of an index under a seed, from its begin; any two of either are fine. */
static inline struct filch_random filch_random_at(uint64_t seed, uint64_t index)
{
	struct filch_random r;

	r.key_[0] = (uint32_t)seed;
	r.key_[1] = (uint32_t)(seed >> 32);
	r.counter_[0] = r.counter_[1] = 0;
	r.counter_[2] = (uint32_t)index;
	r.counter_[3] = (uint32_t)(index >> 32);
	r.left_ = 0;
	return r;
}

/* All 32 bits by chance. */
static inline uint32_t filch_random_u32(struct filch_random *r)
{
	if (!r->left_) {
		filch_philox4x32(r->counter_, r->key_, r->word_);
		r->counter_[1] += !++r->counter_[0];
		r->left_ = 4;
	}
	return r->word_[4 - r->left_--];
}

/* All 64 bits by chance: two words, the low one first. */
static inline uint64_t filch_random_u64(struct filch_random *r)
{
	const uint64_t low = filch_random_u32(r);

	return low | (uint64_t)filch_random_u32(r) << 32;
}

/* From 0 to below 1: a multiple of 2^-53, each as likely as another. */
static inline double filch_random_double(struct filch_random *r)
{
	return (double)(filch_random_u64(r) >> 11) * (1.0 / 9007199254740992.0);
}

/* From 0 to below 1: a multiple of 2^-24, each as likely as another. */
static inline float filch_random_float(struct filch_random *r)
{
	return (float)(filch_random_u32(r) >> 8) * (1.0f / 16777216.0f);
}

/*
 * From 0 to limit - 1, each exactly as likely as another; 0 if limit is 0.  Below 2^32 a word
 * is multiplied and those few that would favour a result are drawn again (Lemire: "Fast random
 * integer generation in an interval", 2019); above it bits are masked, at most half of them in vain.
 */
static inline uint64_t filch_random_below(struct filch_random *r, uint64_t limit)
{
	const uint32_t bound = (uint32_t)limit;
	uint64_t mask = limit - 1, x;

	if (limit <= 0xffffffffu) {
		x = (uint64_t)filch_random_u32(r) * bound;
		if ((uint32_t)x < bound) {
			const uint32_t favoured = (0u - bound) % bound;

			while ((uint32_t)x < favoured)
				x = (uint64_t)filch_random_u32(r) * bound;
		}
		return x >> 32;
	}
	mask |= mask >> 1;
	mask |= mask >> 2;
	mask |= mask >> 4;
	mask |= mask >> 8;
	mask |= mask >> 16;
	mask |= mask >> 32;
	do
		x = filch_random_u64(r) & mask;
	while (x >= limit);
	return x;
}

/* The natural logarithm of x, a normal number above 0, to about 1e-16. */
static inline double filch_random_log_(double x)
{
	uint64_t bits;
	double m, s, square, sum = 0;
	int exponent, k;

	memcpy(&bits, &x, sizeof bits);
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
	memcpy(&m, &bits, sizeof m);
	if (m > 1.4142135623730951) {
		m /= 2;
		exponent++;
	}
	/* log m = 2 atanh s, and s is at most 0.172. */
	s = (m - 1) / (m + 1);
	square = s * s;
	for (k = 21; k > 0; k -= 2)
		sum = sum * square + 1.0 / k;
	return exponent * 0.6931471805599453 + 2 * s * sum;
}

/*
 * Normally distributed, with mean 0 and variance 1: the ratio of two uniform numbers, if the pair
 * lies in a certain region (Kinderman, Monahan 1977); a quadratic curve on either side of its
 * border saves the logarithm for all but 1 % of them (Leva: "A fast normal random number
 * generator", 1992).  Draws 1.37 pairs, on average.
 */
static inline double filch_random_normal(struct filch_random *r)
{
	for (;;) {
		/* Not 0. */
		const double u = 1.0 - filch_random_double(r);
		const double v = 1.7156 * (filch_random_double(r) - 0.5);
		const double x = u - 0.449871, y = (v < 0 ? -v : v) + 0.386595;
		const double q = x * x + y * (0.19600 * y - 0.25472 * x);

		if (q < 0.27597 || (q <= 0.27846 && v * v <= -4 * u * u * filch_random_log_(u)))
			return v / u;
	}
}

#ifdef __cplusplus
}
#endif
#endif
