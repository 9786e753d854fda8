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

extern "C" {
#include "output.h"
}

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

/* The best of all peers, or of the serial ones. */
const entry &best_peer(const std::vector<entry> &entries, bool serial)
{
	const entry *best = nullptr;

	for (const entry &e : entries)
		if (!e.ours && (e.how == SERIAL || !serial) &&
		    (!best || median(e.ns) < median(best->ns)))
			best = &e;
	return *best;
}

/* By itself, or by what another took in the same rounds. */
struct bench_quartiles quartiles(const std::vector<double> &ns, const std::vector<double> *by)
{
	std::vector<double> values = ns;

	for (size_t k = 0; by && k < values.size(); k++)
		values[k] /= (*by)[k];
	return bench_quartiles(values.data(), values.size());
}

/* A record; its ratio is by the best serial form. */
void record_entry(const std::string &title, const entry &e, const entry &serial, unsigned not_right)
{
	struct host host = {};
	const struct entrant entrant = {&host, 0, e.ours ? "filch" : e.name};
	struct record r = {};

	host.workers = e.how == SERIAL ? 1 : 2;
	std::snprintf(host.hello.compiler, sizeof host.hello.compiler, "gcc %s", __VERSION__);
	if (e.ours)
		std::snprintf(host.hello.version, sizeof host.hello.version, "filch %s",
		              FILCH_VERSION);
	r.question = "algo";
	r.mode = "warm";
	r.entrant = &entrant;
	r.body = title.c_str();
	r.n = 1;
	r.rounds = e.ns.size();
	r.serial_ns = quartiles(serial.ns, nullptr);
	r.time_ns = quartiles(e.ns, nullptr);
	r.ratio = quartiles(e.ns, &serial.ns);
	r.wrong = not_right;
	output_record(&r);
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
	std::vector<unsigned> not_right(entries.size());

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < entries.size(); i++) {
			const size_t place = (i + static_cast<size_t>(round)) % entries.size();
			entry &e = entries[place];

			prepare();
			const double begin = now();
			e.run();
			e.ns.push_back(now() - begin);
			not_right[place] += !right();
		}
	for (size_t i = 0; i < entries.size(); i++) {
		record_entry(title, entries[i], best_peer(entries, true), not_right[i]);
		wrong += not_right[i];
	}
	std::printf("%-34s", title.c_str());
	for (const entry &e : entries) {
		std::printf("  %s %.2f", e.name, median(e.ns) / 1e6);
		if (e.ours)
			std::printf(" (%.2f)",
			            median(e.ns) / median(best_peer(entries, e.how == SERIAL).ns));
	}
	std::printf("\n");
	std::fflush(stdout);
}

namespace
{

int usage()
{
	std::fprintf(stderr, "usage: filch-algo [--quick | --full] [--json FILE] [WORD...]\n"
	                     "Rows with all the words in their titles.\n");
	return 2;
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
		else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
			if (!output_append(argv[++i])) {
				std::perror(argv[i]);
				return 2;
			}
		} else if (argv[i][0] != '-')
			words.push_back(argv[i]);
		else
			return usage();
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
	output_close();
	return wrong != 0;
}
