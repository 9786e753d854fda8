/* SPDX-License-Identifier: MIT */
/* oneTBB with its four partitioners; blocked_range has its default grain of one item. */
#include "contender.h"

#include <functional>
#include <numeric>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/version.h>

namespace
{

tbb::global_control *width;
tbb::task_arena *arena; /* only if more is asked than a thread's own arena has room for */

void open_arena(unsigned workers)
{
	/* Both live as long as the process. */
	width = new tbb::global_control(tbb::global_control::max_allowed_parallelism, workers);
	if ((int)workers > tbb::info::default_concurrency())
		arena = new tbb::task_arena((int)workers);
}

template <class partitioner> void loop(size_t n, const struct body *body, struct items *items)
{
	tbb::parallel_for(
		tbb::blocked_range<size_t>(0, n),
		[=](const tbb::blocked_range<size_t> &r) {
			body->range(items, r.begin(), r.end(), nullptr);
		},
		partitioner());
}

template <class partitioner> int run(size_t n, const struct body *body, struct items *items)
{
	if (arena)
		arena->execute([=] { loop<partitioner>(n, body, items); });
	else
		loop<partitioner>(n, body, items);
	return 0;
}

/* This one remembers where items ran, so it lives on from call to call, as its users keep it. */
int run_affinity(size_t n, const struct body *body, struct items *items)
{
	static thread_local tbb::affinity_partitioner places;
	auto &mine = places;
	const auto once = [=, &mine] {
		tbb::parallel_for(
			tbb::blocked_range<size_t>(0, n),
			[=](const tbb::blocked_range<size_t> &r) {
				body->range(items, r.begin(), r.end(), nullptr);
			},
			mine);
	};

	if (arena)
		arena->execute(once);
	else
		once();
	return 0;
}

template <class partitioner> double sum_all(size_t n, const double *x)
{
	return tbb::parallel_reduce(
		tbb::blocked_range<const double *>(x, x + n), 0.0,
		[](const tbb::blocked_range<const double *> &r, double s) {
			return std::accumulate(r.begin(), r.end(), s);
		},
		std::plus<double>(), partitioner());
}

template <class partitioner> int sum(size_t n, const double *x, double *sum)
{
	*sum = arena ? arena->execute([=] { return sum_all<partitioner>(n, x); })
	             : sum_all<partitioner>(n, x);
	return 0;
}

const struct contender contenders[] = {
	{"tbb:auto", run<tbb::auto_partitioner>, nullptr, nullptr, sum<tbb::auto_partitioner>},
	{"tbb:simple", run<tbb::simple_partitioner>, nullptr, nullptr, nullptr},
	{"tbb:static", run<tbb::static_partitioner>, nullptr, nullptr,
         sum<tbb::static_partitioner>},
	{"tbb:affinity", run_affinity, nullptr, nullptr, nullptr},
};

} // namespace

extern "C" const struct family contender_family = {"oneTBB " TBB_VERSION_STRING, open_arena, 4,
                                                   contenders, true};
