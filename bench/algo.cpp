/* SPDX-License-Identifier: MIT */
/*
 * Question: what do the algorithms take beside the best that there is?  Reductions, scans, picking and
 * counting, sorts and merges; filch on 1 and 2 workers; the serial forms of C and C++, oneTBB, the
 * parallel mode of libstdc++ ("gnu"), std::execution::par ("par") and par_unseq ("unseq"), OpenMP, and
 * Rayon where that is installed, which has no scans and no merges.  And what a call with few items
 * takes in addition to the serial form.
 * Expect sums as fast as memory, sorts at or below the best peer, and small calls some nanoseconds
 * above the serial form.
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
#include <omp.h>
#include <tbb/global_control.h>
#include <time.h>
#ifdef RAYON_VERSION
#include "algo_rayon.h"
#else
#define RAYON_VERSION "no Rayon"
#endif

filch_pool *pools[2];
unsigned wrong;
int rounds = 5;

namespace
{

/* For so long, at least, libgomp's workers go on spinning, and libomp's if they are told to. */
enum { SPIN_MS = 10 };

unsigned met, missed;
std::vector<std::string> words;

/* Of all peers, or of the serial ones. */
const entry &best_peer(const std::vector<entry> &entries, bool serial)
{
	const entry *best = nullptr;

	for (const entry &e : entries)
		if (!e.ours && (e.how == SERIAL || !serial) &&
		    (!best || median(e.ns) < median(best->ns)))
			best = &e;
	return *best;
}

struct bench_quartiles quartiles(std::vector<double> ns)
{
	return bench_quartiles(ns.data(), ns.size());
}

/* Formed within each round, as are differences. */
struct bench_quartiles ratio(const std::vector<double> &ns, const std::vector<double> &to)
{
	std::vector<double> ratios;

	for (size_t i = 0; i < ns.size(); i++)
		ratios.push_back(ns[i] / to[i]);
	return quartiles(ratios);
}

struct bench_quartiles difference(const std::vector<double> &ns, const std::vector<double> &to)
{
	std::vector<double> differences;

	for (size_t i = 0; i < ns.size(); i++)
		differences.push_back(ns[i] - to[i]);
	return quartiles(differences);
}

/* Until nobody spins any more who would take a CPU from the next one. */
void calm_down()
{
	const struct timespec t = {0, SPIN_MS * 1000000L};

	nanosleep(&t, nullptr);
}

double timed(const entry &e, size_t times)
{
	if (times > 1)
		e.run();
	const double begin = now();

	for (size_t i = 0; i < times; i++)
		e.run();
	return (now() - begin) / static_cast<double>(times);
}

} // namespace

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

const char *judged(bool is_met)
{
	(is_met ? met : missed)++;
	return is_met ? "" : " *";
}

bool wanted(const std::string &title)
{
	for (const std::string &word : words)
		if (title.find(word) == std::string::npos)
			return false;
	return true;
}

double extra(const std::vector<double> &ns, const std::vector<double> &to)
{
	return difference(ns, to).median;
}

void record_entry(const std::string &title, const entry &e, const std::vector<double> &serial_ns,
                  unsigned not_right)
{
	struct host host = {};
	const struct entrant entrant = {&host, 0, e.ours ? "filch" : e.name};
	struct record r = {};

	host.workers = e.how == SERIAL ? 1 : 2;
	std::snprintf(host.hello.compiler, sizeof host.hello.compiler, "%s", OUTPUT_COMPILER);
	if (e.ours)
		std::snprintf(host.hello.version, sizeof host.hello.version, "filch %s",
		              FILCH_VERSION);
	r.question = "algo";
	r.mode = "warm, " OUTPUT_BY;
	r.entrant = &entrant;
	r.body = title.c_str();
	r.n = 1;
	r.rounds = e.ns.size();
	r.serial_ns = quartiles(serial_ns);
	r.time_ns = quartiles(e.ns);
	r.ratio = ratio(e.ns, serial_ns);
	r.extra_ns = difference(e.ns, serial_ns);
	r.wrong = not_right;
	output_record(&r);
}

void ask(const std::string &title, std::vector<entry> entries, const std::function<void()> &prepare,
         const std::function<bool()> &right, size_t times)
{
	std::vector<unsigned> not_right(entries.size());

	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < entries.size(); i++) {
			const size_t place = (i + static_cast<size_t>(round)) % entries.size();
			entry &e = entries[place];

			const unsigned before = wrong;

			prepare();
			e.ns.push_back(timed(e, times));
			if (!right()) {
				wrong++;
				std::printf("%s: %s is wrong\n", title.c_str(), e.name);
			}
			not_right[place] += wrong - before;
			if (!e.ours && e.how == PARALLEL)
				calm_down();
		}
	for (size_t i = 0; i < entries.size(); i++)
		record_entry(title, entries[i], best_peer(entries, true).ns, not_right[i]);
	std::printf("%-34s", title.c_str());
	for (const entry &e : entries) {
		std::printf("  %s %.2f", e.name, median(e.ns) / 1e6);
		if (e.ours) {
			const double r = ratio(e.ns, best_peer(entries, e.how == SERIAL).ns).median;

			std::printf(" (%.2f)%s", r, judged(r <= e.limit));
		}
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

	setenv("KMP_BLOCKTIME", std::to_string(SPIN_MS).c_str(), 0); /* before libomp looks */
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
#ifdef FILCH_BENCH_ALGO_RAYON_H
	if (!bench_rayon_open(2))
		return 1;
#endif
	std::printf(
		"algo: ms, medians of %d rounds; filch also in proportion to the best peer: one "
		"worker to the serial ones (target: 1.10), two to all (1.05); * above it\n"
		"%s; %s\n\n",
		rounds, __VERSION__, RAYON_VERSION);
	ask_small();
	ask_reductions(1000000);
	ask_reductions(10 * n);
	ask_scans(n);
	ask_sorts(n);
	ask_merges(n);
	ask_picking(n);
	for (filch_pool *pool : pools)
		filch_pool_destroy(pool);
	std::printf("\ntargets: %u met, %u missed; %u wrong results\n", met, missed, wrong);
	output_close();
	return wrong != 0;
}
