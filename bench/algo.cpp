/* SPDX-License-Identifier: MIT */
/*
 * Question: what do the algorithms take beside the best that there is?  Sums, and sorts of numbers
 * and records in five orders; filch on 1 and 2 workers; the serial forms of C and C++, oneTBB,
 * and the parallel mode of libstdc++ (std::execution::par is oneTBB's, too).
 * Expect sums as fast as memory, and sorts at or below the best peer.
 *
 * A program of its own: ./dev bench algo runs it.
 */
#include <filch_algo.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <omp.h>
#include <parallel/algorithm>
#include <parallel/numeric>
#include <string>
#include <tbb/global_control.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_sort.h>
#include <vector>

namespace
{

filch_pool *pools[2];
unsigned wrong;
int rounds = 5;

double now()
{
	using namespace std::chrono;
	return duration<double, std::nano>(steady_clock::now().time_since_epoch()).count();
}

struct entry {
	const char *name;
	std::function<void()> run;
	bool serial; /* one worker, to be held against the serial ones */
	bool ours;
	std::vector<double> ns;
};

double median(std::vector<double> v)
{
	std::sort(v.begin(), v.end());
	return v.empty() ? 0 : v[v.size() / 2];
}

/* Interleaved rounds; each contender in turn the first. */
void ask(const std::string &title, std::vector<entry> entries, const std::function<void()> &prepare,
         const std::function<bool()> &right)
{
	double best[2] = {0, 0};

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < entries.size(); i++) {
			entry &e = entries[(i + static_cast<size_t>(round)) % entries.size()];

			prepare();
			const double begin = now();
			e.run();
			e.ns.push_back(now() - begin);
			wrong += !right();
		}
	for (const entry &e : entries) {
		double &b = best[!e.serial];

		if (!e.ours && (b == 0 || median(e.ns) < b))
			b = median(e.ns);
	}
	std::printf("%-28s", title.c_str());
	for (const entry &e : entries) {
		std::printf("  %s %.2f", e.name, median(e.ns) / 1e6);
		if (e.ours)
			std::printf(" (%.2f)",
			            median(e.ns) /
			                    (e.serial ? best[0] : std::min(best[0], best[1])));
	}
	std::printf("\n");
}

/* ---- sums ------------------------------------------------------------------------------ */

void ask_sum(size_t n)
{
	std::vector<double> x(n, 1.0);
	double sum = 0;
	const auto add = [](const tbb::blocked_range<const double *> &r, double s) {
		return std::accumulate(r.begin(), r.end(), s);
	};
	const auto inside = [&](filch_pool *pool) {
		wrong += filch_sum_f64(pool, x.data(), n, &sum, nullptr) != 0;
	};

	ask(
		"sum of " + std::to_string(n) + " doubles",
		{{"loop", [&] { sum = std::accumulate(x.begin(), x.end(), 0.0); }, true, false, {}},
	         {"filch-1", [&] { inside(pools[0]); }, true, true, {}},
	         {"gnu",
	          [&] { sum = __gnu_parallel::accumulate(x.begin(), x.end(), 0.0); },
	          false,
	          false,
	          {}},
	         {"tbb",
	          [&] {
			  sum = tbb::parallel_reduce(
				  tbb::blocked_range<const double *>(x.data(), x.data() + n), 0.0,
				  add, std::plus<double>());
		  },
	          false,
	          false,
	          {}},
	         {"filch-2", [&] { inside(pools[1]); }, false, true, {}}},
		[&] { sum = -1; }, [&] { return sum == static_cast<double>(n); });
}

/* ---- sorts ------------------------------------------------------------------------------- */

enum order { RANDOM, SORTED, REVERSED, EQUAL, ORGAN, ORDERS };
const char *const order_names[] = {"random", "sorted", "reversed", "all equal", "organ pipe"};

uint64_t number(order how, size_t i, size_t n)
{
	switch (how) {
	case RANDOM: { /* splitmix64 */
		uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);

		z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
		z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
		return (z ^ z >> 31) >> 12;
	}
	case SORTED:
		return i;
	case REVERSED:
		return n - i;
	case EQUAL:
		return 7;
	default:
		return i < n / 2 ? i : n - i;
	}
}

struct record {
	int64_t key;
	char rest[24];
	bool operator<(const record &other) const
	{
		return key < other.key;
	}
};

int compare_records(const void *a, const void *b, void *)
{
	const int64_t x = static_cast<const record *>(a)->key,
		      y = static_cast<const record *>(b)->key;
	return (x > y) - (x < y);
}

void assign(int64_t &x, uint64_t value)
{
	x = static_cast<int64_t>(value);
}
void assign(double &x, uint64_t value)
{
	x = static_cast<double>(value);
}
void assign(record &x, uint64_t value)
{
	x = {static_cast<int64_t>(value), {0}};
}

template <typename T>
void ask_sort(const char *what, size_t n, order how, int (*sort)(filch_pool *, T *, size_t))
{
	std::vector<T> input(n), x(n), sorted;

	for (size_t i = 0; i < n; i++)
		assign(input[i], number(how, i, n));
	sorted = input;
	std::stable_sort(sorted.begin(), sorted.end());
	ask(
		std::string(what) + ", " + order_names[how],
		{{"sort", [&] { std::sort(x.begin(), x.end()); }, true, false, {}},
	         {"stable", [&] { std::stable_sort(x.begin(), x.end()); }, true, false, {}},
	         {"filch-1", [&] { wrong += sort(pools[0], x.data(), n) != 0; }, true, true, {}},
	         {"gnu", [&] { __gnu_parallel::sort(x.begin(), x.end()); }, false, false, {}},
	         {"tbb", [&] { tbb::parallel_sort(x.begin(), x.end()); }, false, false, {}},
	         {"filch-2", [&] { wrong += sort(pools[1], x.data(), n) != 0; }, false, true, {}}},
		[&] { x = input; },
		[&] {
			for (size_t i = 0; i < n; i++)
				if (x[i] < sorted[i] || sorted[i] < x[i])
					return false;
			return true;
		});
}

int sort_i64(filch_pool *pool, int64_t *x, size_t n)
{
	return filch_sort_i64(pool, x, n, nullptr);
}
int sort_f64(filch_pool *pool, double *x, size_t n)
{
	return filch_sort_f64(pool, x, n, nullptr);
}
int sort_records(filch_pool *pool, record *x, size_t n)
{
	return filch_sort(pool, x, n, sizeof *x, compare_records, nullptr, nullptr);
}

} // namespace

int main(int argc, char **argv)
{
	size_t n = 10000000;

	for (int i = 1; i < argc; i++)
		if (std::strcmp(argv[i], "--quick") == 0)
			n = 1000000;
		else if (std::strcmp(argv[i], "--full") == 0)
			rounds = 11;
		else
			return std::fprintf(stderr, "usage: filch-algo [--quick | --full]\n"), 2;
	for (unsigned k = 0; k < 2; k++) {
		filch_pool_options options = filch_pool_options_init();

		options.workers = k + 1;
		if (filch_pool_create(&pools[k], &options))
			return 1;
	}
	omp_set_num_threads(2);
	tbb::global_control two(tbb::global_control::max_allowed_parallelism, 2);
	std::printf(
		"algo: ms, medians of %d rounds; filch also in proportion to the best peer: one "
		"worker to the serial ones, two to all\n\n",
		rounds);
	ask_sum(1000000);
	ask_sum(10 * n);
	for (int how = 0; how < ORDERS; how++) {
		ask_sort<int64_t>("int64", n, static_cast<order>(how), sort_i64);
		ask_sort<double>("double", n, static_cast<order>(how), sort_f64);
		ask_sort<record>("32 bytes", n / 4, static_cast<order>(how), sort_records);
	}
	for (filch_pool *pool : pools)
		filch_pool_destroy(pool);
	std::printf("\n%u wrong results\n", wrong);
	return wrong != 0;
}
