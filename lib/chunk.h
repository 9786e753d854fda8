/* SPDX-License-Identifier: MIT */
#ifndef FILCH_CHUNK_H
#define FILCH_CHUNK_H
/*
 * How a range is cut: arithmetic, no threads (docs/chunk.md).
 *
 * A chunk should last a few microseconds: long enough that a clock read and a push
 * and a pop (25 ns together) do not show, short enough that the loop ends together.
 * Near the end of a range chunks shrink, so that the last one is not waited for.
 */
#include "task.h"

#include <stdint.h>

#define CHUNK_NS_MAX 8000.0   /* no longer, or a changing cost is noticed late */
#define CHUNK_LATE_MATTERS 64 /* times what a thief comes late; a longer range is just halved */
#define CHUNK_NS_MIN 500.0    /* no shorter, or the cutting shows; nor than a hand-over takes */

/* x as a size, at least 1 and at most `most`, which is at least 1; not a number counts as 1. */
static inline size_t chunk_clamp(double x, size_t most)
{
	if (!(x > 1))
		return 1;
	/* As doubles, SIZE_MAX and its neighbours round up to 2^64: not less, so not converted. */
	if (x >= (double)most)
		return most;
	return (size_t)x;
}

enum { CHUNK_ROUND = 16, CHUNK_ROUND_FROM = 128 };

/* Where it changes little, the next lower multiple of 16. */
static inline size_t chunk_round(size_t size)
{
	return size >= CHUNK_ROUND_FROM ? size & ~(size_t)(CHUNK_ROUND - 1) : size;
}

/*
 * Cuts about `size` <= range_size(*r) grains off the front of *r, or off its back.  Where that
 * changes little the cut is at a multiple of 16, so that vectors do not lie across cache lines
 * throughout a piece; the piece is then up to 15 grains smaller, or larger if `more`.
 */
static inline struct range chunk_take(struct range *r, size_t size, bool from_back, bool more)
{
	const size_t mask = CHUNK_ROUND - 1;
	const size_t at = from_back ? r->end - size : r->begin + size;
	const size_t round = from_back == more ? at & ~mask : at + (-at & mask);

	if (size >= CHUNK_ROUND_FROM && size < range_size(*r) && round > r->begin && round < r->end)
		size = from_back ? r->end - round : round - r->begin;
	return range_take(r, size, from_back);
}

/* The least that a piece is to last, when a thief has it handover_ns after it was left for him. */
static inline double chunk_least_ns(double handover_ns)
{
	return 3 * handover_ns > CHUNK_NS_MIN ? 3 * handover_ns : CHUNK_NS_MIN;
}

/*
 * The same in a loop whose items cost the same, of which share_ns are for each worker: there is
 * nothing to even out but what interrupts them.  A short share is one chunk; of a longer one the last
 * chunks are as much shorter.
 */
static inline double chunk_even_ns(double least_ns, double share_ns)
{
	const double ns =
		share_ns < CHUNK_NS_MAX ? share_ns : CHUNK_NS_MAX * CHUNK_NS_MAX / share_ns;

	return ns > least_ns ? ns : least_ns;
}

/*
 * How many grains to run next, at most `most` > 0, when `rest` > 0 are left to this
 * worker in a pool of `width`, at ns_per_grain each (0 = nobody knows: one).  What is
 * left is not cut into pieces that last less than least_ns.
 */
static inline size_t chunk_size(size_t rest, double ns_per_grain, double least_ns, unsigned width,
                                size_t most)
{
	const unsigned parts = width < 4 ? 4 : width < 32 ? width : 32;
	const double all = (double)rest * ns_per_grain;
	double ns = all / parts;
	size_t size = 1;

	if (ns_per_grain > 0) {
		ns = ns < least_ns ? least_ns : ns > CHUNK_NS_MAX ? CHUNK_NS_MAX : ns;
		size = all < ns + least_ns ? rest : chunk_clamp(ns / ns_per_grain, rest);
	}
	return size < most ? size : most;
}

/* The same, but of `near` > 0 grains at hand: all of them if what would remain is too short. */
static inline size_t chunk_fit(size_t size, size_t near, double ns_per_grain, double least_ns,
                               size_t most)
{
	if (size >= near)
		return near;
	return near <= most && (double)(near - size) * ns_per_grain < least_ns && ns_per_grain > 0
	               ? near
	               : size;
}

/*
 * How many of `rest` grains to leave to a thief: half, but that he begins late_ns after us;
 * and none if that is not worth his way.
 */
static inline size_t chunk_far(size_t rest, double ns_per_grain, double least_ns, double late_ns)
{
	const double all = (double)rest * ns_per_grain;
	size_t late;

	if (!(ns_per_grain > 0))
		return rest / 2;
	if (all < 2 * least_ns)
		return 0;
	if (all > CHUNK_LATE_MATTERS * late_ns) /* the middle item is then the thief's first */
		return rest < 256 ? rest / 2 : rest - rest / 2;
	late = late_ns < ns_per_grain ? 0 : chunk_clamp(late_ns / ns_per_grain, rest);
	return (rest - late) / 2;
}

/*
 * The estimate after `grains` of them took `ns`: soon up, since being late is dear; slowly
 * down.  Never 0 again, however coarse the clock is.
 */
static inline double chunk_estimate(double ns_per_grain, double ns, size_t grains)
{
	const double seen = (ns > 1 ? ns : 1) / (double)grains;

	if (ns_per_grain <= 0 || seen > 4 * ns_per_grain)
		return seen;
	return (ns_per_grain + seen) / 2;
}

#endif
