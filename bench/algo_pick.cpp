/* SPDX-License-Identifier: MIT */
/*
 * filch-algo: filter, partition, find, count and histogram of many integers beside the loop by
 * hand (algo_loops.h) and those peers that have one: nobody else has a stable partition but
 * std::execution::par, and Rayon's filter makes a vector of its own.
 */
#include "algo.h"
#include "algo_loops.h"
#ifdef RAYON_VERSION
#include "algo_rayon.h"
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <execution>
#include <parallel/algorithm>
#include <tbb/blocked_range.h>
#include <tbb/combinable.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_scan.h>

namespace
{

namespace gnu = __gnu_parallel;
using span = tbb::blocked_range<size_t>;

const auto par = std::execution::par;

/* What is asked about, what comes out, and how much. */
struct picking {
	std::vector<int64_t> input, x, out;
	std::vector<uint32_t> keys;
	size_t n, k, counts[ALGO_BINS];
};

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

	*found = static_cast<size_t>(std::find(x + begin, x + end, ALGO_NOWHERE) - x);
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

/* ---- oneTBB ---------------------------------------------------------------------------- */

/* Where each goes is a scan of those that are kept. */
size_t tbb_filter(const int64_t *x, size_t n, int64_t *out)
{
	return tbb::parallel_scan(
		span(0, n), size_t(0),
		[=](const span &r, size_t k, bool is_final) {
			if (is_final)
				return k + loop_filter(x + r.begin(), r.size(), out + k);
			return k + loop_count(x + r.begin(), r.size());
		},
		std::plus<size_t>());
}

size_t tbb_count(const int64_t *x, size_t n)
{
	return tbb::parallel_reduce(
		span(0, n), size_t(0),
		[=](const span &r, size_t k) { return k + loop_count(x + r.begin(), r.size()); },
		std::plus<size_t>());
}

struct bins {
	size_t counts[ALGO_BINS];
};

void tbb_histogram(const uint32_t *keys, size_t n, size_t *counts)
{
	tbb::combinable<bins> mine([] { return bins{}; });

	tbb::parallel_for(span(0, n), [&](const span &r) {
		bins &b = mine.local();

		for (size_t i = r.begin(); i < r.end(); i++)
			b.counts[keys[i]]++;
	});
	std::memset(counts, 0, ALGO_BINS * sizeof *counts);
	mine.combine_each([=](const bins &b) {
		for (size_t k = 0; k < ALGO_BINS; k++)
			counts[k] += b.counts[k];
	});
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* A contender: how many it picked, or where. */
struct picker {
	const char *name;
	std::function<size_t()> pick;
};

/* A row: by hand, peers, and ours. */
void ask_row(const std::string &what, picking &p, const std::function<size_t()> &hand,
             const std::vector<picker> &peers, const std::function<int(filch_pool *)> &ours)
{
	const std::string title = what + " of " + std::to_string(p.n);
	const auto kept = [&p](const std::function<size_t()> &pick) {
		return [&p, pick] { p.k = pick(); };
	};

	if (!wanted(title))
		return;
	p.x = p.input;
	const size_t right = hand();
	std::vector<entry> entries = {peer("loop", SERIAL, kept(hand))};
	for (const picker &one : peers)
		entries.push_back(peer(one.name, PARALLEL, kept(one.pick)));
	add_ours(entries, ours);
	ask(
		title, entries,
		[&] {
			p.x = p.input;
			p.k = SIZE_MAX;
		},
		[&] { return p.k == right; });
}

void ask_filter(picking &p)
{
	int64_t *x = p.x.data(), *out = p.out.data();
	const size_t n = p.n;

	ask_row(
		"filter", p, [=] { return loop_filter(x, n, out); },
		{{"par", [=] { return std::copy_if(par, x, x + n, out, is_low) - out; }},
#ifdef RAYON_VERSION
	         {"rayon", [=] { return bench_rayon_filter_below(x, n, ALGO_HALF); }},
#endif
	         {"tbb", [=] { return tbb_filter(x, n, out); }}},
		[=, &p](filch_pool *pool) {
			return filch_filter(pool, x, n, out, &p.k, mark_low, x, nullptr);
		});
}

void ask_partition(picking &p)
{
	int64_t *x = p.x.data();
	const size_t n = p.n;

	ask_row(
		"partition", p, [=] { return std::stable_partition(x, x + n, is_low) - x; },
		{{"par", [=] { return std::stable_partition(par, x, x + n, is_low) - x; }}},
		[=, &p](filch_pool *pool) {
			return filch_partition(pool, x, n, &p.k, mark_low, x, nullptr);
		});
}

void ask_find(picking &p)
{
	int64_t *x = p.x.data();
	const size_t n = p.n;
	const int64_t value = ALGO_NOWHERE;

	ask_row(
		"find", p, [=] { return loop_find(x, n, value); },
		{{"par", [=] { return std::find(par, x, x + n, value) - x; }},
#ifdef RAYON_VERSION
	         {"rayon", [=] { return bench_rayon_find(x, n, value); }},
#endif
	         {"gnu", [=] { return gnu::find(x, x + n, value) - x; }}},
		[=, &p](filch_pool *pool) {
			return filch_find(pool, n, find_nowhere, x, &p.k, nullptr);
		});
}

void ask_count(picking &p)
{
	int64_t *x = p.x.data();
	const size_t n = p.n;

	ask_row(
		"count", p, [=] { return loop_count(x, n); },
		{{"par", [=] { return std::count_if(par, x, x + n, is_low); }},
	         {"gnu", [=] { return gnu::count_if(x, x + n, is_low); }},
	         {"tbb", [=] { return tbb_count(x, n); }},
#ifdef RAYON_VERSION
	         {"rayon", [=] { return bench_rayon_count_below(x, n, ALGO_HALF); }},
#endif
	         {"openmp", [=] { return openmp_count(x, n); }}},
		[=, &p](filch_pool *pool) {
			return filch_count(pool, n, count_low, x, &p.k, nullptr);
		});
}

void ask_histogram(picking &p)
{
	const auto by = [&p](void (*histogram)(const uint32_t *, size_t, size_t *)) {
		return [&p, histogram] {
			histogram(p.keys.data(), p.n, p.counts);
			return p.counts[ALGO_BINS / 2];
		};
	};

	ask_row("histogram", p, by(loop_histogram),
	        {{"tbb", by(tbb_histogram)}, {"openmp", by(openmp_histogram)}},
	        [&](filch_pool *pool) {
			const int code = filch_histogram(pool, p.n, key_of, p.keys.data(),
		                                         ALGO_BINS, p.counts, nullptr);
			p.k = p.counts[ALGO_BINS / 2];
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
	picking p = picking_of(n);

	ask_filter(p);
	ask_partition(p);
	ask_find(p);
	ask_count(p);
	ask_histogram(p);
}
