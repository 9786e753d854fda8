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
};

inline entry peer(const char *name, kind how, std::function<void()> run)
{
	return {name, how, false, std::move(run), {}};
}

/* Both of ours: run(pool) returns 0. */
inline void add_ours(std::vector<entry> &entries, const std::function<int(filch_pool *)> &run)
{
	entries.push_back({"filch-1", SERIAL, true, [=] { wrong += run(pools[0]) != 0; }, {}});
	entries.push_back({"filch-2", PARALLEL, true, [=] { wrong += run(pools[1]) != 0; }, {}});
}

/* Whether a row of this title is wanted. */
bool wanted(const std::string &title);

/* Interleaved rounds, each contender in turn the first; prints a row. */
void ask(const std::string &title, std::vector<entry> entries, const std::function<void()> &prepare,
         const std::function<bool()> &right);

/* The rows of algo_sort.cpp; n numbers each. */
void ask_sorts(size_t n);
void ask_merges(size_t n);

/* And of algo_pick.cpp. */
void ask_picking(size_t n);

#endif
