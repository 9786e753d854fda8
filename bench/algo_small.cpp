/* SPDX-License-Identifier: MIT */
/*
 * Small calls: what does each algorithm take in addition to its serial form, in nanoseconds, with 1 to
 * 1000 elements?  Target: 20, on a pool of one worker and of two.
 * Calls come back to back, in batches, the serial form and both of ours in turns as to who is first;
 * what is shown is the median over the rounds of the difference within a round.  The serial form is
 * compiled as C at -O3 (algo_loops.h), is that of the C++ library, or is what the header says: a function
 * that is handed to us is called by pointer there, too.  Sorts get another array each time, or the
 * processor would know the order by heart.
 */
#include "algo.h"
#include "algo_loops.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace
{

enum { LARGEST = 1000, ARRAYS = 32, SIDES = 3, TARGET_NS = 20, ROUNDS_EACH = 5 };
constexpr double BATCH_NS = 200000;
const size_t sizes[] = {1, 10, 100, LARGEST};

/* What all of them work on. */
struct {
	double x[LARGEST], y[LARGEST];
	int64_t k[LARGEST], sorted[2][LARGEST], random[ARRAYS][LARGEST], kept[LARGEST];
	const char *names[ARRAYS][LARGEST];
	char text[LARGEST][20];
	affine maps[LARGEST];
	uint32_t keys[LARGEST];
	filch_fn *functions[LARGEST];
	void *arguments[LARGEST];
} in;

/* And what comes out, the same of the serial form and of ours. */
struct results {
	double value, x[LARGEST];
	int64_t done, k[LARGEST];
	const char *names[LARGEST];
	affine maps[LARGEST];
	size_t count, counts[ALGO_BINS];
} out;

void prepare()
{
	uint64_t seed = 1;

	for (size_t i = 0; i < LARGEST; i++) {
		in.x[i] = static_cast<double>(i * 37 % 101);
		in.y[i] = static_cast<double>(i * 11 % 103);
		in.k[i] = static_cast<int64_t>(i * 2654435761u & (2 * ALGO_HALF - 1));
		in.sorted[0][i] = static_cast<int64_t>(2 * i);
		in.sorted[1][i] = static_cast<int64_t>(i * 13 / 7);
		in.maps[i] = {i | 1, i};
		in.keys[i] = static_cast<uint32_t>(i * 37 % ALGO_BINS);
		std::snprintf(in.text[i], sizeof in.text[i], "%zu", i * 7919 % LARGEST);
	}
	for (size_t j = 0; j < ARRAYS; j++)
		for (size_t i = 0; i < LARGEST; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			in.random[j][i] = static_cast<int64_t>(seed >> 20);
			in.names[j][i] = in.text[(seed >> 33) % LARGEST];
		}
}

/* ---- how it is asked --------------------------------------------------------------------- */

/* Call i of a batch; side 0 is the serial form. */
template <typename Serial, typename Ours>
double batch(const Serial &serial, const Ours &ours, unsigned side, size_t n, size_t calls)
{
	int failed = 0;
	const double begin = now();

	if (side == 0)
		for (size_t i = 0; i < calls; i++)
			serial(n, i % ARRAYS);
	else
		for (size_t i = 0; i < calls; i++)
			failed |= ours(pools[side - 1], n, i % ARRAYS);
	wrong += failed != 0;
	return (now() - begin) / static_cast<double>(calls);
}

/* What is left by one call; side 0 is the serial form. */
template <typename Serial, typename Ours>
results outcome(const Serial &serial, const Ours &ours, unsigned side, size_t n)
{
	std::memset(static_cast<void *>(&out), 0, sizeof out);
	batch(serial, ours, side, n, 1);
	return out;
}

/* What the rounds took, of each side; and how often it was wrong. */
struct sides {
	std::vector<double> ns[SIDES];
	unsigned not_right[SIDES];
};

template <typename Serial, typename Ours>
void compare(const Serial &serial, const Ours &ours, size_t n, sides &s)
{
	const results right = outcome(serial, ours, 0, n);

	for (unsigned side = 1; side < SIDES; side++) {
		const unsigned before = wrong;
		const results ours_are = outcome(serial, ours, side, n);

		if (std::memcmp(&right, &ours_are, sizeof right) != 0) {
			wrong++;
			std::printf(" (wrong)");
		}
		s.not_right[side] += wrong - before;
	}
}

template <typename Serial, typename Ours>
void measure(const Serial &serial, const Ours &ours, size_t n, sides &s)
{
	size_t calls = ARRAYS;

	while (batch(serial, ours, 0, n, calls) * static_cast<double>(calls) < BATCH_NS)
		calls *= 2;
	for (int round = 0; round < ROUNDS_EACH * rounds; round++)
		for (unsigned k = 0; k < SIDES; k++) {
			const unsigned side = (k + static_cast<unsigned>(round)) % SIDES;
			const unsigned before = wrong;

			batch(serial, ours, side, n, calls / ARRAYS);
			s.ns[side].push_back(batch(serial, ours, side, n, calls));
			s.not_right[side] += wrong - before;
		}
}

template <typename Serial, typename Ours>
void ask_size(const std::string &title, const Serial &serial, const Ours &ours, size_t n)
{
	sides s = {};

	compare(serial, ours, n, s);
	measure(serial, ours, n, s);
	std::printf("  %7.1f", median(s.ns[0]));
	for (unsigned side = 1; side < SIDES; side++) {
		const entry e = {"filch",  side == 1 ? SERIAL : PARALLEL, true, {}, s.ns[side],
		                 TARGET_NS};
		const double ns = extra(s.ns[side], s.ns[0]);
		const char *mark = judged(ns <= TARGET_NS);

		std::printf(" %+6.1f%-2s", ns, mark);
		record_entry(title + ", n = " + std::to_string(n), e, s.ns[0], s.not_right[side]);
	}
	std::fflush(stdout);
}

/* Above the first row. */
void print_head()
{
	static bool is_printed;

	if (is_printed)
		return;
	is_printed = true;
	std::printf("small calls: ns of the serial form; in addition to it, with 1 worker and with "
	            "2, at "
	            "most %d\n%-24s",
	            TARGET_NS, "");
	for (const size_t n : sizes)
		std::printf("  %5s = %-5zu             ", "n", n);
	std::printf("\n");
}

/* serial(n, i) and ours(pool, n, i) are the i-th call, with n elements. */
template <typename Serial, typename Ours>
void ask_row(const char *what, const Serial &serial, const Ours &ours)
{
	const std::string title = std::string("small ") + what;

	if (!wanted(title))
		return;
	print_head();
	std::printf("%-24s", title.c_str());
	for (const size_t n : sizes)
		ask_size(title, serial, ours, n);
	std::printf("\n");
}

/* ---- reductions and scans ---------------------------------------------------------------- */

int add_range(void *ctx, size_t begin, size_t end, void *acc, filch_worker *)
{
	*static_cast<double *>(acc) +=
		loop_sum_f64(static_cast<const double *>(ctx) + begin, end - begin);
	return 0;
}

void add_sum(void *, void *left, const void *right)
{
	*static_cast<double *>(left) += *static_cast<const double *>(right);
}

void append(void *, void *left, const void *right)
{
	affine *f = static_cast<affine *>(left);

	*f = affine_after(*f, *static_cast<const affine *>(right));
}

void make_identity(void *, void *acc)
{
	*static_cast<affine *>(acc) = {1, 0};
}

void ask_folds()
{
	filch_reducer reducer = {};
	filch_scanner scanner = {};

	reducer.size = sizeof(double);
	reducer.body = add_range;
	reducer.join = add_sum;
	scanner.size = sizeof(affine);
	scanner.join = append;
	scanner.exclusive = true;
	scanner.init = make_identity;
	ask_row(
		"sum", [](size_t n, size_t) { out.value = loop_sum_f64(in.x, n); },
		[](filch_pool *pool, size_t n, size_t) {
			double sum;
			const int code = filch_sum_f64(pool, in.x, n, &sum, nullptr);
			out.value = sum;
			return code;
		});
	ask_row(
		"dot", [](size_t n, size_t) { out.value = loop_dot_f64(in.x, in.y, n); },
		[](filch_pool *pool, size_t n, size_t) {
			double sum;
			const int code = filch_dot_f64(pool, in.x, in.y, n, &sum, nullptr);
			out.value = sum;
			return code;
		});
	ask_row(
		"min", [](size_t n, size_t) { out.value = in.x[loop_min_f64(in.x, n)]; },
		[](filch_pool *pool, size_t n, size_t) {
			double least;
			size_t at;
			const int code = filch_min_f64(pool, in.x, n, &least, &at, nullptr);
			out.value = least;
			return code;
		});
	ask_row(
		"reduce", [](size_t n, size_t) { out.value = loop_sum_f64(in.x, n); },
		[&](filch_pool *pool, size_t n, size_t) {
			double sum;
			const int code = filch_reduce(pool, n, &reducer, in.x, &sum, nullptr);
			out.value = sum;
			return code;
		});
	ask_row(
		"scan", [](size_t n, size_t) { loop_scan_f64(in.x, n, out.x); },
		[](filch_pool *pool, size_t n, size_t) {
			return filch_scan_f64(pool, in.x, n, out.x, false, nullptr);
		});
	ask_row(
		"scan of maps",
		[](size_t n, size_t) { loop_scan_by(append, nullptr, in.maps, n, out.maps); },
		[&](filch_pool *pool, size_t n, size_t) {
			return filch_scan(pool, in.maps, n, out.maps, &scanner, nullptr, nullptr);
		});
}

/* ---- sorts and merges --------------------------------------------------------------------- */

int compare_numbers(const void *a, const void *b, void *)
{
	const int64_t x = *static_cast<const int64_t *>(a), y = *static_cast<const int64_t *>(b);

	return (x > y) - (x < y);
}

int compare_names(const void *a, const void *b)
{
	return std::strcmp(*static_cast<const char *const *>(a),
	                   *static_cast<const char *const *>(b));
}

int64_t *numbers_anew(size_t n, size_t i)
{
	std::memcpy(out.k, in.random[i], n * sizeof out.k[0]);
	return out.k;
}

const char **names_anew(size_t n, size_t i)
{
	std::memcpy(out.names, in.names[i], n * sizeof out.names[0]);
	return out.names;
}

void ask_orders()
{
	ask_row(
		"sort of int64",
		[](size_t n, size_t i) {
			int64_t *x = numbers_anew(n, i);
			std::sort(x, x + n);
		},
		[](filch_pool *pool, size_t n, size_t i) {
			return filch_sort_i64(pool, numbers_anew(n, i), n, nullptr);
		});
	ask_row(
		"sort by comparison",
		[](size_t n, size_t i) {
			qsort_r(numbers_anew(n, i), n, sizeof(int64_t), compare_numbers, nullptr);
		},
		[](filch_pool *pool, size_t n, size_t i) {
			return filch_sort(pool, numbers_anew(n, i), n, sizeof(int64_t),
		                          compare_numbers, nullptr, nullptr);
		});
	ask_row(
		"sort of strings",
		[](size_t n, size_t i) {
			qsort(names_anew(n, i), n, sizeof(char *), compare_names);
		},
		[](filch_pool *pool, size_t n, size_t i) {
			return filch_sort_strings(pool, names_anew(n, i), n, nullptr);
		});
	ask_row(
		"merge",
		[](size_t n, size_t) {
			loop_merge(compare_numbers, nullptr, in.sorted[0], n / 2, in.sorted[1],
		                   n - n / 2, out.k);
		},
		[](filch_pool *pool, size_t n, size_t) {
			return filch_merge(pool, in.sorted[0], n / 2, in.sorted[1], n - n / 2,
		                           out.k, sizeof(int64_t), compare_numbers, nullptr,
		                           nullptr);
		});
}

/* ---- picking ------------------------------------------------------------------------------ */

int mark_low(void *ctx, size_t begin, size_t end, bool *mark, filch_worker *)
{
	const int64_t *x = static_cast<const int64_t *>(ctx);

	for (size_t i = begin; i < end; i++)
		mark[i - begin] = is_low(x[i]);
	return 0;
}

int find_nowhere(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *)
{
	*found = begin +
	         loop_find(static_cast<const int64_t *>(ctx) + begin, end - begin, ALGO_NOWHERE);
	return 0;
}

int count_low(void *ctx, size_t begin, size_t end, size_t *count, filch_worker *)
{
	*count += loop_count(static_cast<const int64_t *>(ctx) + begin, end - begin);
	return 0;
}

int key_of(void *ctx, size_t begin, size_t end, uint32_t *key, filch_worker *)
{
	std::memcpy(key, static_cast<const uint32_t *>(ctx) + begin, (end - begin) * sizeof *key);
	return 0;
}

void ask_picks()
{
	ask_row(
		"filter", [](size_t n, size_t) { out.count = loop_filter(in.k, n, in.kept); },
		[](filch_pool *pool, size_t n, size_t) {
			return filch_filter(pool, in.k, n, in.kept, &out.count, mark_low, in.k,
		                            nullptr);
		});
	ask_row(
		"partition",
		[](size_t n, size_t i) {
			int64_t *x = numbers_anew(n, i);
			out.count =
				static_cast<size_t>(std::stable_partition(x, x + n, is_low) - x);
		},
		[](filch_pool *pool, size_t n, size_t i) {
			int64_t *x = numbers_anew(n, i);
			return filch_partition(pool, x, n, &out.count, mark_low, x, nullptr);
		});
	ask_row(
		"find", [](size_t n, size_t) { out.count = loop_find(in.k, n, ALGO_NOWHERE); },
		[](filch_pool *pool, size_t n, size_t) {
			return filch_find(pool, n, find_nowhere, in.k, &out.count, nullptr);
		});
	ask_row(
		"count", [](size_t n, size_t) { out.count = loop_count(in.k, n); },
		[](filch_pool *pool, size_t n, size_t) {
			return filch_count(pool, n, count_low, in.k, &out.count, nullptr);
		});
	ask_row(
		"histogram", [](size_t n, size_t) { loop_histogram(in.keys, n, out.counts); },
		[](filch_pool *pool, size_t n, size_t) {
			return filch_histogram(pool, n, key_of, in.keys, ALGO_BINS, out.counts,
		                               nullptr);
		});
}

/* ---- loops over tiles, lists of functions ------------------------------------------------- */

/* So many cells in two and in three dimensions. */
struct shape {
	size_t size2[2], size3[3];
};

shape shape_of(size_t n)
{
	static const shape shapes[] = {{{1, 1}, {1, 1, 1}},
	                               {{2, 5}, {1, 2, 5}},
	                               {{10, 10}, {4, 5, 5}},
	                               {{25, 40}, {10, 10, 10}}};

	return shapes[n == 1 ? 0 : n == 10 ? 1 : n == 100 ? 2 : 3];
}

const size_t origin[3] = {0, 0, 0};

int double_tile(void *ctx, const filch_tile *t, filch_worker *)
{
	loop_cells2(in.k, static_cast<const shape *>(ctx)->size2[1], t->begin, t->end, out.k);
	return 0;
}

int double_box(void *ctx, const filch_box *b, filch_worker *)
{
	const shape *s = static_cast<const shape *>(ctx);

	loop_cells3(in.k, s->size3[1], s->size3[2], b->begin, b->end, out.k);
	return 0;
}

int do_one(void *arg, filch_worker *)
{
	++*static_cast<int64_t *>(arg);
	return 0;
}

int do_item(void *ctx, const void *item, filch_feeder *, filch_worker *)
{
	*static_cast<int64_t *>(ctx) += *static_cast<const int64_t *>(item);
	return 0;
}

void ask_loops()
{
	filch_each_fn *volatile each = do_item; /* the compiler does not know it here, either */

	std::fill_n(in.functions, LARGEST, do_one);
	std::fill_n(in.arguments, LARGEST, &out.done);
	ask_row(
		"for2",
		[](size_t n, size_t) {
			const shape s = shape_of(n);
			loop_cells2(in.k, s.size2[1], origin, s.size2, out.k);
		},
		[](filch_pool *pool, size_t n, size_t) {
			shape s = shape_of(n);
			return filch_for2(pool, s.size2[0], s.size2[1], nullptr, double_tile, &s,
		                          nullptr);
		});
	ask_row(
		"for3",
		[](size_t n, size_t) {
			const shape s = shape_of(n);
			loop_cells3(in.k, s.size3[1], s.size3[2], origin, s.size3, out.k);
		},
		[](filch_pool *pool, size_t n, size_t) {
			shape s = shape_of(n);
			return filch_for3(pool, s.size3[0], s.size3[1], s.size3[2], nullptr,
		                          double_box, &s, nullptr);
		});
	ask_row(
		"invoke",
		[](size_t n, size_t) {
			for (size_t i = 0; i < n; i++)
				in.functions[i](in.arguments[i], nullptr);
		},
		[](filch_pool *pool, size_t n, size_t) {
			return filch_invoke(pool, n, in.functions, in.arguments, nullptr);
		});
	ask_row(
		"for_each",
		[=](size_t n, size_t) {
			for (size_t i = 0; i < n; i++)
				each(&out.done, &in.k[i], nullptr, nullptr);
		},
		[=](filch_pool *pool, size_t n, size_t) {
			return filch_for_each(pool, in.k, n, each, &out.done, nullptr);
		});
}

} // namespace

void ask_small()
{
	prepare();
	ask_folds();
	ask_orders();
	ask_picks();
	ask_loops();
}
