/* SPDX-License-Identifier: MIT */
/*
 * filch-algo: filter, partition, find, count and histogram of many integers beside the loop by
 * hand (at -O3) and std::execution::par; and many calls with few.  A small call is 10,000 calls, so
 * 0.01 ms is a nanosecond for each.
 */
#include "algo.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <execution>

namespace
{

constexpr size_t BINS = 256, TIMES = 10000;
constexpr int64_t NOWHERE = -1, HALF = 1 << 20;

#define BY_HAND __attribute__((noinline, optimize("O3")))

/* What is asked about, what comes out, and how much. */
struct picking {
	std::vector<int64_t> input, x, out;
	std::vector<uint32_t> keys;
	size_t n, k, counts[BINS];
};

bool is_low(int64_t x)
{
	return x < HALF;
}

int mark_low(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *)
{
	const int64_t *x = static_cast<const int64_t *>(ctx);

	for (size_t i = begin; i < end; i++)
		mark[i - begin] = is_low(x[i]);
	return 0;
}

int find_nowhere(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *)
{
	const int64_t *x = static_cast<const int64_t *>(ctx);

	*found = static_cast<size_t>(std::find(x + begin, x + end, NOWHERE) - x);
	return 0;
}

int count_low(void *ctx, size_t begin, size_t end, size_t *count, filch_worker *)
{
	const int64_t *x = static_cast<const int64_t *>(ctx);
	size_t k = 0;

	for (size_t i = begin; i < end; i++)
		k += is_low(x[i]);
	*count += k;
	return 0;
}

int key_of(void *ctx, size_t begin, size_t end, uint32_t *key, filch_worker *)
{
	std::memcpy(key, static_cast<const uint32_t *>(ctx) + begin, (end - begin) * sizeof *key);
	return 0;
}

/* ---- by hand ----------------------------------------------------------------------------- */

BY_HAND void filter_by_hand(picking &p)
{
	size_t k = 0;

	for (size_t i = 0; i < p.n; i++) {
		const int64_t x = p.x[i];

		p.out[k] = x;
		k += is_low(x);
	}
	p.k = k;
}

BY_HAND void count_by_hand(picking &p)
{
	size_t k = 0;

	for (size_t i = 0; i < p.n; i++)
		k += is_low(p.x[i]);
	p.k = k;
}

BY_HAND void histogram_by_hand(picking &p)
{
	std::memset(p.counts, 0, sizeof p.counts);
	for (size_t i = 0; i < p.n; i++)
		p.counts[p.keys[i]]++;
	p.k = p.counts[BINS / 2];
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* A row of so many calls in turn: by hand, one of std's if there is one, and ours. */
void ask_row(const std::string &what, picking &p, size_t times, const std::function<void()> &hand,
             const std::function<void()> &par, const std::function<int(filch_pool *)> &ours)
{
	const std::string title = (times > 1 ? std::to_string(times) + " x " : "") + what + " of " +
	                          std::to_string(p.n);
	const auto repeated = [times](const std::function<void()> &run) {
		return [=] {
			for (size_t i = 0; i < times; i++)
				run();
		};
	};

	if (!wanted(title))
		return;
	p.x = p.input;
	hand();
	const size_t right = p.k;
	std::vector<entry> entries = {peer("loop", SERIAL, repeated(hand))};
	if (par)
		entries.push_back(peer("par", PARALLEL, repeated(par)));
	add_ours(entries, [=](filch_pool *pool) {
		int code = 0;

		for (size_t i = 0; i < times; i++)
			code |= ours(pool);
		return code;
	});
	ask(
		title, entries,
		[&] {
			p.x = p.input;
			p.k = SIZE_MAX;
		},
		[&] { return p.k == right; });
}

void ask_picks(picking &p, size_t times)
{
	int64_t *x = p.x.data(), *out = p.out.data();
	const auto end = x + p.n;

	ask_row(
		"filter", p, times, [&] { filter_by_hand(p); },
		[&, x, end, out] {
			p.k = static_cast<size_t>(
				std::copy_if(std::execution::par, x, end, out, is_low) - out);
		},
		[&, x, out](filch_pool *pool) {
			return filch_filter(pool, x, p.n, out, &p.k, mark_low, x, nullptr);
		});
	ask_row(
		"partition", p, times,
		[&, x, end] {
			p.k = static_cast<size_t>(std::stable_partition(x, end, is_low) - x);
		},
		[&, x, end] {
			p.k = static_cast<size_t>(
				std::stable_partition(std::execution::par, x, end, is_low) - x);
		},
		[&, x](filch_pool *pool) {
			return filch_partition(pool, x, p.n, &p.k, mark_low, x, nullptr);
		});
	ask_row(
		"find", p, times,
		[&, x, end] { p.k = static_cast<size_t>(std::find(x, end, NOWHERE) - x); },
		[&, x, end] {
			p.k = static_cast<size_t>(std::find(std::execution::par, x, end, NOWHERE) -
		                                  x);
		},
		[&, x](filch_pool *pool) {
			return filch_find(pool, p.n, find_nowhere, x, &p.k, nullptr);
		});
	ask_row(
		"count", p, times, [&] { count_by_hand(p); },
		[&, x, end] {
			p.k = static_cast<size_t>(
				std::count_if(std::execution::par, x, end, is_low));
		},
		[&, x](filch_pool *pool) {
			return filch_count(pool, p.n, count_low, x, &p.k, nullptr);
		});
	ask_row(
		"histogram", p, times, [&] { histogram_by_hand(p); }, nullptr,
		[&](filch_pool *pool) {
			const int code = filch_histogram(pool, p.n, key_of, p.keys.data(), BINS,
		                                         p.counts, nullptr);
			p.k = p.counts[BINS / 2];
			return code;
		});
}

picking picking_of(size_t n)
{
	picking p = {std::vector<int64_t>(n),
	             {},
	             std::vector<int64_t>(n),
	             std::vector<uint32_t>(n),
	             n,
	             0,
	             {0}};
	uint64_t seed = 1;

	for (size_t i = 0; i < n; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		p.input[i] = static_cast<int64_t>(seed >> 43);
		p.keys[i] = static_cast<uint32_t>(seed >> 56);
	}
	p.x = p.input;
	return p;
}

} // namespace

void ask_picking(size_t n)
{
	const size_t sizes[] = {10, 100, 1000};

	for (const size_t few : sizes) {
		picking p = picking_of(few);

		ask_picks(p, TIMES);
	}
	picking p = picking_of(n);
	ask_picks(p, 1);
}
