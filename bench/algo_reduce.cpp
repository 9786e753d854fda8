/* SPDX-License-Identifier: MIT */
/*
 * The rows of reductions: sums, inner products and extremes beside loops by hand (algo_loops.h);
 * any reduction beside peers that run the same body; and what the fixed tree of filch_reduce(), which
 * makes the bits of a result the same at any width, costs beside a free layout: filch_for() and an
 * accumulator for each worker, joined at the end.
 * The numbers are small whole ones, so that all orders of adding have the same result; the least and
 * the greatest stand at one place each.
 */
#include "algo.h"
#include "algo_loops.h"
#ifdef RAYON_VERSION
#include "algo_rayon.h"
#endif

#include <algorithm>
#include <cstdint>
#include <execution>
#include <numeric>
#include <parallel/algorithm>
#include <parallel/numeric>
#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

namespace
{

namespace gnu = __gnu_parallel;

const auto par = std::execution::par;
const auto unseq = std::execution::par_unseq;

/* What there is by hand, for a type, and ours; A is the type of its sums. */
template <typename T, typename A> struct family {
	const char *what;
	A (*loop_sum)(const T *, size_t);
	A (*lanes_sum)(const T *, size_t);
	A (*openmp_sum)(const T *, size_t);
	A (*loop_dot)(const T *, const T *, size_t);
	A (*lanes_dot)(const T *, const T *, size_t);
	A (*openmp_dot)(const T *, const T *, size_t);
	size_t (*loop_least[2])(const T *, size_t); /* the least, the greatest */
	size_t (*lanes_least[2])(const T *, size_t);
	size_t (*openmp_least[2])(const T *, size_t);
	int (*sum)(filch_pool *, const T *, size_t, A *, const filch_options *);
	int (*dot)(filch_pool *, const T *, const T *, size_t, A *, const filch_options *);
	int (*least[2])(filch_pool *, const T *, size_t, T *, size_t *, const filch_options *);
#ifdef RAYON_VERSION
	A (*rayon_sum)(const T *, size_t);
	A (*rayon_dot)(const T *, const T *, size_t);
	size_t (*rayon_least[2])(const T *, size_t);
#endif
};

#ifdef RAYON_VERSION
#define RAYON_(name)                                                                               \
	, bench_rayon_sum_##name, bench_rayon_dot_##name,                                          \
	{                                                                                          \
		bench_rayon_min_##name, bench_rayon_max_##name                                     \
	}
#else
#define RAYON_(name)
#endif

/* clang-format off */
#define FAMILY(name, what) \
	{what, loop_sum_##name, lanes_sum_##name, openmp_sum_##name, \
	 loop_dot_##name, lanes_dot_##name, openmp_dot_##name, \
	 {loop_min_##name, loop_max_##name}, {lanes_min_##name, lanes_max_##name}, \
	 {openmp_min_##name, openmp_max_##name}, \
	 filch_sum_##name, filch_dot_##name, {filch_min_##name, filch_max_##name} RAYON_(name)}
/* clang-format on */

const family<double, double> doubles = FAMILY(f64, "doubles");
const family<float, double> floats = FAMILY(f32, "floats");
const family<int64_t, int64_t> integers = FAMILY(i64, "int64");

/* A run of some milliseconds. */
size_t times_of(size_t n)
{
	return n < 20000000 ? 20000000 / n : 1;
}

template <typename T> std::vector<T> numbers(size_t n, uint64_t factor)
{
	std::vector<T> x(n);

	for (size_t i = 0; i < n; i++)
		x[i] = static_cast<T>(i * factor >> 7 & 1023);
	x[n / 3] = -1;
	x[n / 3 * 2] = 1024;
	return x;
}

/* Sums of ranges, and the sum of two sums, as oneTBB has it. */
template <typename A, typename F> A tbb_sum(size_t n, F range)
{
	return tbb::parallel_reduce(
		tbb::blocked_range<size_t>(0, n), A(0),
		[=](const tbb::blocked_range<size_t> &r, A sum) {
			return sum + range(r.begin(), r.size());
		},
		std::plus<A>());
}

/* With its types said, or floats were added as such. */
template <typename A, typename Policy, typename T>
A std_dot(const Policy &policy, const T *x, const T *y, size_t n)
{
	return std::transform_reduce(policy, x, x + n, y, A(0), std::plus<A>(),
	                             [](A a, A b) { return a * b; });
}

template <typename T, typename A> void ask_sum(const family<T, A> &f, const std::vector<T> &x)
{
	const size_t n = x.size();
	const T *const p = x.data();
	const std::string title = "sum of " + std::to_string(n) + " " + f.what;
	A sum = 0;

	if (!wanted(title))
		return;
	const A right = f.loop_sum(p, n);
	std::vector<entry> entries = {
		peer("loop", SERIAL, [&] { sum = f.loop_sum(p, n); }),
		peer("lanes", SERIAL, [&] { sum = f.lanes_sum(p, n); }),
		peer("accumulate", SERIAL, [&] { sum = std::accumulate(p, p + n, A(0)); }),
		peer("reduce", SERIAL, [&] { sum = std::reduce(p, p + n, A(0)); }),
		peer("par", PARALLEL, [&] { sum = std::reduce(par, p, p + n, A(0)); }),
		peer("unseq", PARALLEL, [&] { sum = std::reduce(unseq, p, p + n, A(0)); }),
		peer("tbb", PARALLEL,
	             [&] {
			     sum = tbb_sum<A>(n, [&](size_t begin, size_t count) {
				     return f.lanes_sum(p + begin, count);
			     });
		     }),
		peer("openmp", PARALLEL, [&] { sum = f.openmp_sum(p, n); })};
#ifdef RAYON_VERSION
	entries.push_back(peer("rayon", PARALLEL, [&] { sum = f.rayon_sum(p, n); }));
#endif
	if (std::is_same<T, A>::value) /* it would add floats as such */
		entries.push_back(
			peer("gnu", PARALLEL, [&] { sum = gnu::accumulate(p, p + n, A(0)); }));
	add_ours(entries, [&](filch_pool *pool) { return f.sum(pool, p, n, &sum, nullptr); });
	ask(
		title, entries, [&] { sum = -1; }, [&] { return sum == right; }, times_of(n));
}

template <typename T, typename A>
void ask_dot(const family<T, A> &f, const std::vector<T> &x, const std::vector<T> &y)
{
	const size_t n = x.size();
	const T *const p = x.data(), *const q = y.data();
	const std::string title = "dot of " + std::to_string(n) + " " + f.what;
	A sum = 0;

	if (!wanted(title))
		return;
	const A right = f.loop_dot(p, q, n);
	std::vector<entry> entries = {
		peer("loop", SERIAL, [&] { sum = f.loop_dot(p, q, n); }),
		peer("lanes", SERIAL, [&] { sum = f.lanes_dot(p, q, n); }),
		peer("inner", SERIAL, [&] { sum = std::inner_product(p, p + n, q, A(0)); }),
		peer("par", PARALLEL, [&] { sum = std_dot<A>(par, p, q, n); }),
		peer("unseq", PARALLEL, [&] { sum = std_dot<A>(unseq, p, q, n); }),
		peer("tbb", PARALLEL,
	             [&] {
			     sum = tbb_sum<A>(n, [&](size_t begin, size_t count) {
				     return f.lanes_dot(p + begin, q + begin, count);
			     });
		     }),
		peer("openmp", PARALLEL, [&] { sum = f.openmp_dot(p, q, n); })};
#ifdef RAYON_VERSION
	entries.push_back(peer("rayon", PARALLEL, [&] { sum = f.rayon_dot(p, q, n); }));
#endif
	if (std::is_same<T, A>::value) /* it would add floats as such */
		entries.push_back(peer("gnu", PARALLEL,
		                       [&] { sum = gnu::inner_product(p, p + n, q, A(0)); }));
	add_ours(entries, [&](filch_pool *pool) { return f.dot(pool, p, q, n, &sum, nullptr); });
	ask(
		title, entries, [&] { sum = -1; }, [&] { return sum == right; }, times_of(n));
}

/* Which: 0 = the least, 1 = the greatest. */
template <typename T, typename A>
void ask_least(const family<T, A> &f, const std::vector<T> &x, int which)
{
	const size_t n = x.size();
	const T *const p = x.data(), *const end = p + n;
	const std::string title =
		(which ? "max of " : "min of ") + std::to_string(n) + " " + f.what;
	const auto better = [=](T a, T b) { return which ? b < a : a < b; };
	const auto place = [=](const T *at) { return static_cast<size_t>(at - p); };
	const auto range = [&](const tbb::blocked_range<size_t> &r, size_t best) {
		const size_t here = r.begin() + f.lanes_least[which](p + r.begin(), r.size());

		return best == n || better(p[here], p[best]) ? here : best;
	};
	const auto join = [=](size_t a, size_t b) {
		return a == n || (b != n && better(p[b], p[a])) ? b : a;
	};
	size_t index = 0;

	if (!wanted(title))
		return;
	const size_t right = f.loop_least[which](p, n);
	std::vector<entry> entries = {
		peer("loop", SERIAL, [&] { index = f.loop_least[which](p, n); }),
		peer("lanes", SERIAL, [&] { index = f.lanes_least[which](p, n); }),
		peer("element", SERIAL, [&] { index = place(std::min_element(p, end, better)); }),
		peer("par", PARALLEL,
	             [&] { index = place(std::min_element(par, p, end, better)); }),
		peer("gnu", PARALLEL, [&] { index = place(gnu::min_element(p, end, better)); }),
		peer("tbb", PARALLEL,
	             [&] {
			     index = tbb::parallel_reduce(tbb::blocked_range<size_t>(0, n), n,
		                                          range, join);
		     }),
		peer("openmp", PARALLEL, [&] { index = f.openmp_least[which](p, n); })};
#ifdef RAYON_VERSION
	entries.push_back(peer("rayon", PARALLEL, [&] { index = f.rayon_least[which](p, n); }));
#endif
	add_ours(entries, [&](filch_pool *pool) {
		T value;
		return f.least[which](pool, p, n, &value, &index, nullptr);
	});
	ask(
		title, entries, [&] { index = n; }, [&] { return index == right; }, times_of(n));
}

template <typename T, typename A> void ask_family(const family<T, A> &f, size_t n)
{
	const std::vector<T> x = numbers<T>(n, 2654435761u), y = numbers<T>(n, 40503);

	ask_sum(f, x);
	ask_dot(f, x, y);
	ask_least(f, x, 0);
	ask_least(f, x, 1);
}

/* ---- any reduction --------------------------------------------------------------------- */

int add_leaf(void *ctx, size_t begin, size_t end, void *acc, filch_worker *)
{
	*static_cast<double *>(acc) +=
		lanes_sum_f64(static_cast<const double *>(ctx) + begin, end - begin);
	return 0;
}

void add_sum(void *, void *left, const void *right)
{
	*static_cast<double *>(left) += *static_cast<const double *>(right);
}

struct free_sum {
	const double *x;
	filch_combinable parts;
};

int add_chunk(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const free_sum *f = static_cast<const free_sum *>(ctx);

	*static_cast<double *>(filch_combinable_mine(&f->parts, w)) +=
		lanes_sum_f64(f->x + begin, end - begin);
	return 0;
}

int sum_freely(filch_pool *pool, const double *x, size_t n, double *sum)
{
	free_sum f = {x, {}};
	int code = filch_combinable_create(&f.parts, pool, sizeof *sum, nullptr, nullptr);

	if (!code)
		code = filch_for(pool, n, add_chunk, &f, nullptr);
	*sum = 0;
	filch_combinable_join(&f.parts, add_sum, sum);
	filch_combinable_destroy(&f.parts);
	return code;
}

/* All of them run lanes_sum_f64() on ranges. */
void ask_any(size_t n)
{
	const std::vector<double> x = numbers<double>(n, 2654435761u);
	double *const p = const_cast<double *>(x.data());
	const std::string title = "reduce of " + std::to_string(n) + " doubles";
	const std::string free_title = title + ", beside a free layout (target: 1.02)";
	const double right = loop_sum_f64(p, n);
	double sum = 0;
	filch_reducer reducer = {};
	const auto prepare = [&] { sum = -1; };
	const auto is_right = [&] { return sum == right; };
	const auto ours = [&](filch_pool *pool) {
		return filch_reduce(pool, n, &reducer, p, &sum, nullptr);
	};

	reducer.size = sizeof sum;
	reducer.body = add_leaf;
	reducer.join = add_sum;
	if (wanted(title)) {
		std::vector<entry> entries = {
			peer("lanes", SERIAL, [&] { sum = lanes_sum_f64(p, n); }),
			peer("tbb", PARALLEL, [&] {
				sum = tbb_sum<double>(n, [&](size_t begin, size_t count) {
					return lanes_sum_f64(p + begin, count);
				});
			})};

		add_ours(entries, ours);
		ask(title, entries, prepare, is_right, times_of(n));
	}
	if (wanted(free_title)) {
		std::vector<entry> entries = {
			peer("free-1", SERIAL,
		             [&] { wrong += sum_freely(pools[0], p, n, &sum) != 0; }),
			peer("free-2", PARALLEL,
		             [&] { wrong += sum_freely(pools[1], p, n, &sum) != 0; })};

		add_ours(entries, ours, 1.02, 1.02);
		ask(free_title, entries, prepare, is_right, times_of(n));
	}
}

} // namespace

void ask_reductions(size_t n)
{
	ask_family(doubles, n);
	ask_family(floats, n);
	ask_family(integers, n);
	ask_any(n);
}
