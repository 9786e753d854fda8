/* SPDX-License-Identifier: MIT */
/*
 * The rows of sorts and merges.  Peers compare by a function that the compiler puts in its place,
 * qsort() and ours by pointer, unless ours is a typed form.
 */
#include "algo.h"
#ifdef RAYON_VERSION
#include "algo_rayon.h"
#endif

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <execution>
#include <parallel/algorithm>
#include <tbb/parallel_sort.h>

namespace
{

enum order { RANDOM, SORTED, REVERSED, EQUAL, ORGAN, FEW, ORDERS };
const char *const order_names[] = {"random",    "sorted",     "reversed",
                                   "all equal", "organ pipe", "16 keys"};

uint64_t chance(size_t i) /* splitmix64 */
{
	uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

uint64_t number(order how, size_t i, size_t n)
{
	switch (how) {
	case RANDOM:
		return chance(i) >> 12;
	case SORTED:
		return i;
	case REVERSED:
		return n - i;
	case EQUAL:
		return 7;
	case FEW:
		return chance(i) >> 60;
	default:
		return i < n / 2 ? i : n - i;
	}
}

/* ---- what is sorted ----------------------------------------------------------------------- */

struct record {
	int64_t key;
	char rest[24];
	bool operator<(const record &other) const
	{
		return key < other.key;
	}
};

struct text {
	const char *at;
	bool operator<(const text &other) const
	{
		return std::strcmp(at, other.at) < 0;
	}
};

/* A number that filch_sort() is to compare. */
struct plain {
	int64_t key;
	bool operator<(const plain &other) const
	{
		return key < other.key;
	}
};

enum { TEXT_ROOM = 20 };
std::vector<char> texts;

template <typename T> void assign(T &x, uint64_t value, size_t)
{
	x = static_cast<T>(value);
}
void assign(int32_t &x, uint64_t value, size_t)
{
	x = static_cast<int32_t>(value & INT32_MAX);
}
void assign(record &x, uint64_t value, size_t)
{
	x = {static_cast<int64_t>(value), {0}};
}
void assign(plain &x, uint64_t value, size_t)
{
	x = {static_cast<int64_t>(value)};
}
/* Where it stands in memory has nothing to do with where it stands in the array. */
void assign(text &x, uint64_t value, size_t i)
{
	const size_t n = texts.size() / TEXT_ROOM;
	char *at = &texts[i * 7368787 % n * TEXT_ROOM];

	std::snprintf(at, TEXT_ROOM, "%016llx", static_cast<unsigned long long>(value));
	x = {at};
}

template <typename T> int compare(const void *a, const void *b)
{
	const T &x = *static_cast<const T *>(a), &y = *static_cast<const T *>(b);
	return (y < x) - (x < y);
}
template <> int compare<text>(const void *a, const void *b)
{
	return std::strcmp(static_cast<const text *>(a)->at, static_cast<const text *>(b)->at);
}
template <typename T> int compare_ctx(const void *a, const void *b, void *)
{
	return compare<T>(a, b);
}

/* ---- sorts ------------------------------------------------------------------------------- */

template <typename T> std::vector<entry> sort_peers(std::vector<T> &x)
{
	namespace gnu = __gnu_parallel;
	const auto par = std::execution::par;

	return {peer("qsort", SERIAL, [&] { qsort(x.data(), x.size(), sizeof(T), compare<T>); }),
	        peer("sort", SERIAL, [&] { std::sort(x.begin(), x.end()); }),
	        peer("stable", SERIAL, [&] { std::stable_sort(x.begin(), x.end()); }),
	        peer("gnu", PARALLEL, [&] { gnu::sort(x.begin(), x.end()); }),
	        peer("gnu-quick", PARALLEL,
	             [&] { gnu::sort(x.begin(), x.end(), gnu::balanced_quicksort_tag()); }),
	        peer("tbb", PARALLEL, [&] { tbb::parallel_sort(x.begin(), x.end()); }),
	        peer("par", PARALLEL, [&, par] { std::sort(par, x.begin(), x.end()); }),
	        peer("par-stable", PARALLEL,
	             [&, par] { std::stable_sort(par, x.begin(), x.end()); })};
}

/* Rayon's sorts are for some types; its order of doubles is that of their bits, as ours. */
#ifdef RAYON_VERSION
void rayon_sort(std::vector<int64_t> &x, bool stable)
{
	bench_rayon_sort_i64(x.data(), x.size(), stable);
}
void rayon_sort(std::vector<plain> &x, bool stable)
{
	bench_rayon_sort_i64(&x.data()->key, x.size(), stable);
}
void rayon_sort(std::vector<double> &x, bool stable)
{
	bench_rayon_sort_f64(x.data(), x.size(), stable);
}
void rayon_sort(std::vector<record> &x, bool stable)
{
	bench_rayon_sort_records(x.data(), x.size(), stable);
}
void rayon_sort(std::vector<text> &x, bool stable)
{
	bench_rayon_sort_strings(x.data(), x.size(), stable);
}

template <typename T> void add_rayon(std::vector<entry> &entries, std::vector<T> &x)
{
	entries.push_back(peer("rayon", PARALLEL, [&] { rayon_sort(x, false); }));
	entries.push_back(peer("rayon-stable", PARALLEL, [&] { rayon_sort(x, true); }));
}
void add_rayon(std::vector<entry> &, std::vector<int32_t> &)
{
}
void add_rayon(std::vector<entry> &, std::vector<float> &)
{
}
#else
template <typename T> void add_rayon(std::vector<entry> &, std::vector<T> &)
{
}
#endif

template <typename T> bool alike(const std::vector<T> &x, const std::vector<T> &y)
{
	for (size_t i = 0; i < x.size(); i++)
		if (x[i] < y[i] || y[i] < x[i])
			return false;
	return true;
}

template <typename T> using sorter = int (*)(filch_pool *, T *, size_t);

template <typename T> void ask_sort(const char *what, size_t n, order how, sorter<T> sort)
{
	std::vector<T> input, x, sorted;
	std::vector<entry> entries = sort_peers(x);
	const std::string title = std::string(what) + ", " + order_names[how];

	if (!wanted(title))
		return;
	input.resize(n);
	if (std::is_same<T, text>::value)
		texts.resize(n * TEXT_ROOM);
	for (size_t i = 0; i < n; i++)
		assign(input[i], number(how, i, n), i);
	sorted = input;
	std::stable_sort(sorted.begin(), sorted.end());
	add_rayon(entries, x);
	add_ours(entries, [&](filch_pool *pool) { return sort(pool, x.data(), n); });
	ask(
		title, entries, [&] { x = input; }, [&] { return alike(x, sorted); });
}

template <typename T> int by_comparison(filch_pool *pool, T *x, size_t n)
{
	return filch_sort(pool, x, n, sizeof *x, compare_ctx<T>, nullptr, nullptr);
}
int by_bits(filch_pool *pool, int64_t *x, size_t n)
{
	return filch_sort_i64(pool, x, n, nullptr);
}
int by_bits(filch_pool *pool, double *x, size_t n)
{
	return filch_sort_f64(pool, x, n, nullptr);
}
int by_bits(filch_pool *pool, int32_t *x, size_t n)
{
	return filch_sort_i32(pool, x, n, nullptr);
}
int by_bits(filch_pool *pool, float *x, size_t n)
{
	return filch_sort_f32(pool, x, n, nullptr);
}
int as_strings(filch_pool *pool, text *x, size_t n)
{
	return filch_sort_strings(pool, &x->at, n, nullptr);
}

/* ---- merges ------------------------------------------------------------------------------ */

enum meeting { SHUFFLED, APART, SHORT, MEETINGS };
const char *const meeting_names[] = {"shuffled", "one after the other", "one much shorter"};

template <typename T> void ask_merge(const char *what, size_t n, meeting how)
{
	namespace gnu = __gnu_parallel;
	const auto par = std::execution::par;
	const size_t nb = how == SHORT ? n / 1000 : n / 2, na = n - nb;
	const std::string title = std::string("merge of ") + what + ", " + meeting_names[how];
	std::vector<T> a, b, out, merged;

	if (!wanted(title))
		return;
	a.resize(na), b.resize(nb), out.resize(n), merged.resize(n);
	for (size_t i = 0; i < n; i++)
		assign(i < na ? a[i] : b[i - na], how == APART ? i : chance(i) >> 12, i);
	std::sort(a.begin(), a.end());
	std::sort(b.begin(), b.end());
	const auto all = [&](auto &&merge) {
		return [&, merge] { merge(a.begin(), a.end(), b.begin(), b.end(), out.begin()); };
	};
	std::vector<entry> entries = {
		peer("merge", SERIAL, all([](auto... args) { std::merge(args...); })),
		peer("gnu", PARALLEL, all([](auto... args) { gnu::merge(args...); })),
		peer("par", PARALLEL, all([=](auto... args) { std::merge(par, args...); })),
	};
	std::merge(a.begin(), a.end(), b.begin(), b.end(), merged.begin());
	add_ours(entries, [&](filch_pool *pool) {
		return filch_merge(pool, a.data(), na, b.data(), nb, out.data(), sizeof(T),
		                   compare_ctx<T>, nullptr, nullptr);
	});
	ask(
		title, entries, [&] { std::fill(out.begin(), out.end(), T()); },
		[&] { return alike(out, merged); });
}

} // namespace

void ask_sorts(size_t n)
{
	for (int i = 0; i < ORDERS; i++) {
		const order how = static_cast<order>(i);

		ask_sort<int64_t>("int64", n, how, by_bits);
		ask_sort<double>("double", n, how, by_bits);
		ask_sort<int32_t>("int32", n, how, by_bits);
		ask_sort<float>("float", n, how, by_bits);
		ask_sort<plain>("int64 compared", n, how, by_comparison);
		ask_sort<record>("32 bytes compared", n, how, by_comparison);
		ask_sort<text>("strings", n, how, as_strings);
		ask_sort<text>("strings compared", n, how, by_comparison);
	}
}

void ask_merges(size_t n)
{
	for (int i = 0; i < MEETINGS; i++) {
		ask_merge<plain>("int64", n, static_cast<meeting>(i));
		ask_merge<record>("32 bytes", n, static_cast<meeting>(i));
	}
}
