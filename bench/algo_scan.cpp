/* SPDX-License-Identifier: MIT */
/*
 * The rows of scans: sums of doubles and integers up to each element, and an operation of the
 * caller's before each: affine maps, of 16 bytes, one after the other.  Peers' is inlined, ours is called
 * by pointer, as is that of `by-pointer`.  libstdc++'s parallel mode has inclusive ones only; Rayon
 * and OpenMP, as gcc 12 has it, have none that is of use.
 */
#include "algo.h"
#include "algo_loops.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <execution>
#include <numeric>
#include <parallel/numeric>
#include <tbb/blocked_range.h>
#include <tbb/parallel_scan.h>

namespace
{

const auto par = std::execution::par;

template <typename T> bool alike(const std::vector<T> &x, const std::vector<T> &y)
{
	return std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0;
}

/* As oneTBB has it: what goes over a range, and whether it is to write. */
template <typename T, typename Join>
void tbb_scan(const std::vector<T> &x, std::vector<T> &out, T first, bool exclusive, Join join)
{
	tbb::parallel_scan(
		tbb::blocked_range<size_t>(0, x.size()), first,
		[&](const tbb::blocked_range<size_t> &r, T sum, bool is_final) {
			for (size_t i = r.begin(); i < r.end(); i++) {
				const T next = join(sum, x[i]);

				if (is_final)
					out[i] = exclusive ? sum : next;
				sum = next;
			}
			return sum;
		},
		join);
}

/* ---- sums of numbers ------------------------------------------------------------------- */

template <typename T>
void ask_numbers(const char *what, size_t n, void (*loop)(const T *, size_t, T *),
                 int (*ours)(filch_pool *, const T *, size_t, T *, bool, const filch_options *))
{
	const std::string title = "scan of " + std::to_string(n) + " " + what;

	if (!wanted(title))
		return;
	std::vector<T> x(n), out(n), right(n);
	for (size_t i = 0; i < n; i++)
		x[i] = static_cast<T>(i * 2654435761u >> 7 & 1023);
	loop(x.data(), n, right.data());
	std::vector<entry> entries = {
		peer("loop", SERIAL, [&] { loop(x.data(), n, out.data()); }),
		peer("std", SERIAL, [&] { std::inclusive_scan(x.begin(), x.end(), out.begin()); }),
		peer("par", PARALLEL,
	             [&] { std::inclusive_scan(par, x.begin(), x.end(), out.begin()); }),
		peer("gnu", PARALLEL,
	             [&] { __gnu_parallel::partial_sum(x.begin(), x.end(), out.begin()); }),
		peer("tbb", PARALLEL, [&] { tbb_scan(x, out, T(0), false, std::plus<T>()); })};
	add_ours(entries, [&](filch_pool *pool) {
		return ours(pool, x.data(), n, out.data(), false, nullptr);
	});
	ask(
		title, entries, [&] { std::fill(out.begin(), out.end(), T(-1)); },
		[&] { return alike(out, right); });
}

/* ---- any operation --------------------------------------------------------------------- */

void append(void *, void *left, const void *right)
{
	affine *f = static_cast<affine *>(left);

	*f = affine_after(*f, *static_cast<const affine *>(right));
}

void make_identity(void *, void *acc)
{
	*static_cast<affine *>(acc) = {1, 0};
}

void ask_any(size_t n)
{
	const std::string title = "exclusive scan of " + std::to_string(n) + " affine maps";
	const affine identity = {1, 0};

	if (!wanted(title))
		return;
	std::vector<affine> x(n), out(n), right(n);
	filch_scanner scanner = {};

	scanner.size = sizeof(affine);
	scanner.join = append;
	scanner.exclusive = true;
	scanner.init = make_identity;
	for (size_t i = 0; i < n; i++)
		x[i] = {i * 2654435761u | 1, i};
	loop_scan_affine(x.data(), n, right.data());
	std::vector<entry> entries = {
		peer("loop", SERIAL, [&] { loop_scan_affine(x.data(), n, out.data()); }),
		peer("by-pointer", SERIAL,
	             [&] { loop_scan_by(append, nullptr, x.data(), n, out.data()); }),
		peer("std", SERIAL,
	             [&] {
			     std::exclusive_scan(x.begin(), x.end(), out.begin(), identity,
		                                 affine_after);
		     }),
		peer("par", PARALLEL,
	             [&] {
			     std::exclusive_scan(par, x.begin(), x.end(), out.begin(), identity,
		                                 affine_after);
		     }),
		peer("tbb", PARALLEL, [&] { tbb_scan(x, out, identity, true, affine_after); })};
	add_ours(entries, [&](filch_pool *pool) {
		return filch_scan(pool, x.data(), n, out.data(), &scanner, nullptr, nullptr);
	});
	ask(
		title, entries,
		[&] {
			std::fill(out.begin(), out.end(), affine{0, 0});
		},
		[&] { return alike(out, right); });
}

} // namespace

void ask_scans(size_t n)
{
	ask_numbers<double>("doubles", n, loop_scan_f64, filch_scan_f64);
	ask_numbers<int64_t>("int64", n, loop_scan_i64, filch_scan_i64);
	ask_any(n);
}
