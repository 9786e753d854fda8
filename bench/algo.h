/* SPDX-License-Identifier: MIT */
#ifndef FILCH_BENCH_ALGO_H
#define FILCH_BENCH_ALGO_H
/* What the parts of filch-algo share: contenders, and how they are asked. */
#include <filch_algo.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

extern filch_pool *pools[2]; /* of 1 and of 2 workers */
extern unsigned wrong;       /* results, so far */

enum kind {
	SERIAL, /* one worker, to be held against the serial ones */
	PARALLEL
};

struct entry {
	const char *name;
	kind how;
	bool ours;
	std::function<void()> run;
	std::vector<double> ns;
	double limit; /* ours: in proportion to the best peer, at most */
};

inline entry peer(const char *name, kind how, std::function<void()> run)
{
	return {name, how, false, std::move(run), {}, 0};
}

/* Both of ours: run(pool) returns 0.  `one` is held against the serial peers, `two` against all. */
inline void add_ours(std::vector<entry> &entries, const std::function<int(filch_pool *)> &run,
                     double one = 1.1, double two = 1.05)
{
	entries.push_back({"filch-1", SERIAL, true, [=] { wrong += run(pools[0]) != 0; }, {}, one});
	entries.push_back(
		{"filch-2", PARALLEL, true, [=] { wrong += run(pools[1]) != 0; }, {}, two});
}

/* Whether a row of this title is wanted. */
bool wanted(const std::string &title);

/*
 * Interleaved rounds, each contender in turn the first; prints a row.  Of more than one time a run is
 * that many calls in turn, after one that is not timed.
 */
void ask(const std::string &title, std::vector<entry> entries, const std::function<void()> &prepare,
         const std::function<bool()> &right, size_t times = 1);

/*
 * A record of what the rounds of one of them took, beside what a serial form took in the same ones; and
 * how many of them were wrong.
 */
void record_entry(const std::string &title, const entry &e, const std::vector<double> &serial_ns,
                  unsigned not_right);

/* Formed within each round: how much more, in the median. */
double extra(const std::vector<double> &ns, const std::vector<double> &to);

/* A verdict, for the last line: what to print behind what was measured. */
const char *judged(bool is_met);

/* Of the rounds; and what was asked for with --quick or --full. */
double median(std::vector<double> v);
double now();
extern int rounds;

/* The rows of algo_reduce.cpp and algo_scan.cpp; n numbers each. */
void ask_reductions(size_t n);
void ask_scans(size_t n);

/* Of algo_small.cpp: many calls with few. */
void ask_small();

/* Of algo_sort.cpp. */
void ask_sorts(size_t n);
void ask_merges(size_t n);

/* And of algo_pick.cpp. */
void ask_picking(size_t n);

#endif
