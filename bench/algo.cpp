/* SPDX-License-Identifier: MIT */
/*
 * Question: what do the algorithms take beside the best that there is?  Sums, picking and counting,
 * sorts and merges; filch on 1 and 2 workers; the serial forms of C and C++, oneTBB, the parallel
 * mode of libstdc++ ("gnu") and std::execution::par ("par").
 * Expect sums as fast as memory, and sorts at or below the best peer.
 *
 * A program of its own: ./dev bench algo runs it.
 */
#include "algo.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <omp.h>
#include <parallel/numeric>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_reduce.h>

filch_pool *pools[2];
unsigned wrong;

namespace
{

int rounds = 5;
std::vector<std::string> words;

double now()
{
	using namespace std::chrono;
	return duration<double, std::nano>(steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> v)
{
	std::sort(v.begin(), v.end());
	return v.empty() ? 0 : v[v.size() / 2];
}

/* Of all peers, or of the serial ones. */
double best_peer(const std::vector<entry> &entries, bool serial)
{
	double best = 0;

	for (const entry &e : entries)
		if (!e.ours && (e.how == SERIAL || !serial) && (best == 0 || median(e.ns) < best))
			best = median(e.ns);
	return best;
}

void ask_sum(size_t n)
{
	std::vector<double> x;
	double sum = 0;
	const auto add = [](const tbb::blocked_range<const double *> &r, double s) {
		return std::accumulate(r.begin(), r.end(), s);
	};
	const std::string title = "sum of " + std::to_string(n) + " doubles";
	std::vector<entry> entries = {
		peer("loop", SERIAL, [&] { sum = std::accumulate(x.begin(), x.end(), 0.0); }),
		peer("gnu", PARALLEL,
	             [&] { sum = __gnu_parallel::accumulate(x.begin(), x.end(), 0.0); }),
		peer("tbb", PARALLEL, [&] {
			const tbb::blocked_range<const double *> all(x.data(), x.data() + n);
			sum = tbb::parallel_reduce(all, 0.0, add, std::plus<double>());
		})};

	if (!wanted(title))
		return;
	x.assign(n, 1.0);
	add_ours(entries,
	         [&](filch_pool *pool) { return filch_sum_f64(pool, x.data(), n, &sum, nullptr); });
	ask(
		title, entries, [&] { sum = -1; }, [&] { return sum == static_cast<double>(n); });
}

} // namespace

bool wanted(const std::string &title)
{
	for (const std::string &word : words)
		if (title.find(word) == std::string::npos)
			return false;
	return true;
}

void ask(const std::string &title, std::vector<entry> entries, const std::function<void()> &prepare,
         const std::function<bool()> &right)
{
	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < entries.size(); i++) {
			entry &e = entries[(i + static_cast<size_t>(round)) % entries.size()];

			prepare();
			const double begin = now();
			e.run();
			e.ns.push_back(now() - begin);
			wrong += !right();
		}
	std::printf("%-34s", title.c_str());
	for (const entry &e : entries) {
		std::printf("  %s %.2f", e.name, median(e.ns) / 1e6);
		if (e.ours)
			std::printf(" (%.2f)", median(e.ns) / best_peer(entries, e.how == SERIAL));
	}
	std::printf("\n");
	std::fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t n = 10000000;

	for (int i = 1; i < argc; i++)
		if (std::strcmp(argv[i], "--quick") == 0)
			n = 1000000;
		else if (std::strcmp(argv[i], "--full") == 0)
			rounds = 11;
		else if (argv[i][0] != '-')
			words.push_back(argv[i]);
		else
			return std::fprintf(stderr,
			                    "usage: filch-algo [--quick | --full] [WORD...]\n"
			                    "Rows with all the words in their titles.\n"),
			       2;
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
	ask_sorts(n);
	ask_merges(n);
	ask_picking(n);
	for (filch_pool *pool : pools)
		filch_pool_destroy(pool);
	std::printf("\n%u wrong results\n", wrong);
	return wrong != 0;
}
