/* SPDX-License-Identifier: MIT */
/* The loops of algo_loops.h. */
#include "algo_loops.h"

#include <string.h>

enum { LANES = 8, BLOCK = 1024 };

/* ---- reductions ------------------------------------------------------------------------ */

#define SUMS(name, T, A)                                                                           \
	A loop_sum_##name(const T *x, size_t n)                                                    \
	{                                                                                          \
		A sum = 0;                                                                         \
                                                                                                   \
		for (size_t i = 0; i < n; i++)                                                     \
			sum += (A)x[i];                                                            \
		return sum;                                                                        \
	}                                                                                          \
                                                                                                   \
	A lanes_sum_##name(const T *x, size_t n)                                                   \
	{                                                                                          \
		A part[LANES] = {0}, sum = 0;                                                      \
		size_t i = 0;                                                                      \
                                                                                                   \
		for (; i + LANES <= n; i += LANES)                                                 \
			for (size_t k = 0; k < LANES; k++)                                         \
				part[k] += (A)x[i + k];                                            \
		for (; i < n; i++)                                                                 \
			sum += (A)x[i];                                                            \
		for (size_t k = 0; k < LANES; k++)                                                 \
			sum += part[k];                                                            \
		return sum;                                                                        \
	}                                                                                          \
                                                                                                   \
	A openmp_sum_##name(const T *x, size_t n)                                                  \
	{                                                                                          \
		A sum = 0;                                                                         \
                                                                                                   \
		_Pragma("omp parallel for simd reduction(+ : sum)") /* as it likes */              \
			for (size_t i = 0; i < n; i++) sum += (A)x[i];                             \
		return sum;                                                                        \
	}                                                                                          \
                                                                                                   \
	A loop_dot_##name(const T *x, const T *y, size_t n)                                        \
	{                                                                                          \
		A sum = 0;                                                                         \
                                                                                                   \
		for (size_t i = 0; i < n; i++)                                                     \
			sum += (A)x[i] * (A)y[i];                                                  \
		return sum;                                                                        \
	}                                                                                          \
                                                                                                   \
	A lanes_dot_##name(const T *x, const T *y, size_t n)                                       \
	{                                                                                          \
		A part[LANES] = {0}, sum = 0;                                                      \
		size_t i = 0;                                                                      \
                                                                                                   \
		for (; i + LANES <= n; i += LANES)                                                 \
			for (size_t k = 0; k < LANES; k++)                                         \
				part[k] += (A)x[i + k] * (A)y[i + k];                              \
		for (; i < n; i++)                                                                 \
			sum += (A)x[i] * (A)y[i];                                                  \
		for (size_t k = 0; k < LANES; k++)                                                 \
			sum += part[k];                                                            \
		return sum;                                                                        \
	}                                                                                          \
                                                                                                   \
	A openmp_dot_##name(const T *x, const T *y, size_t n)                                      \
	{                                                                                          \
		A sum = 0;                                                                         \
                                                                                                   \
		_Pragma("omp parallel for simd reduction(+ : sum)") /* as it likes */              \
			for (size_t i = 0; i < n; i++) sum += (A)x[i] * (A)y[i];                   \
		return sum;                                                                        \
	}
ALGO_TYPES(SUMS)

/* The lanes are for the value of a block, which is looked through again if it has a better one. */
#define EXTREMES(which, better, name, T)                                                           \
	size_t loop_##which##_##name(const T *x, size_t n)                                         \
	{                                                                                          \
		size_t index = 0;                                                                  \
                                                                                                   \
		for (size_t i = 1; i < n; i++)                                                     \
			if (x[i] better x[index])                                                  \
				index = i;                                                         \
		return index;                                                                      \
	}                                                                                          \
                                                                                                   \
	static T which##_of_block_##name(const T *x)                                               \
	{                                                                                          \
		T part[LANES], best;                                                               \
                                                                                                   \
		memcpy(part, x, sizeof part);                                                      \
		for (size_t i = LANES; i < BLOCK; i += LANES)                                      \
			for (size_t k = 0; k < LANES; k++)                                         \
				part[k] = x[i + k] better part[k] ? x[i + k] : part[k];            \
		best = part[0];                                                                    \
		for (size_t k = 1; k < LANES; k++)                                                 \
			best = part[k] better best ? part[k] : best;                               \
		return best;                                                                       \
	}                                                                                          \
                                                                                                   \
	size_t lanes_##which##_##name(const T *x, size_t n)                                        \
	{                                                                                          \
		size_t index = 0, begin = 0;                                                       \
                                                                                                   \
		for (; begin + BLOCK <= n; begin += BLOCK)                                         \
			if (which##_of_block_##name(x + begin) better x[index])                    \
				index = begin + loop_##which##_##name(x + begin, BLOCK);           \
		for (; begin < n; begin++)                                                         \
			if (x[begin] better x[index])                                              \
				index = begin;                                                     \
		return index;                                                                      \
	}                                                                                          \
                                                                                                   \
	size_t openmp_##which##_##name(const T *x, size_t n)                                       \
	{                                                                                          \
		size_t index = 0;                                                                  \
                                                                                                   \
		_Pragma("omp parallel")                                                            \
		{                                                                                  \
			size_t mine = 0;                                                           \
                                                                                                   \
			_Pragma("omp for nowait") /* in order */                                   \
				for (size_t i = 0; i < n; i++) if (x[i] better x[mine]) mine = i;  \
			_Pragma("omp critical") /* the first of them */                            \
				if (x[mine] better x[index] ||                                     \
			            (!(x[index] better x[mine]) && mine < index)) index = mine;    \
		}                                                                                  \
		return index;                                                                      \
	}
#define LEAST(name, T, A) EXTREMES(min, <, name, T)
#define GREATEST(name, T, A) EXTREMES(max, >, name, T)
ALGO_TYPES(LEAST)
ALGO_TYPES(GREATEST)

/* ---- scans ------------------------------------------------------------------------------- */

#define SCANS(name, T)                                                                             \
	void loop_scan_##name(const T *x, size_t n, T *out)                                        \
	{                                                                                          \
		T sum = 0;                                                                         \
                                                                                                   \
		for (size_t i = 0; i < n; i++)                                                     \
			out[i] = sum += x[i];                                                      \
	}
SCANS(f64, double)
SCANS(i64, int64_t)

void loop_scan_affine(const struct affine *x, size_t n, struct affine *out)
{
	struct affine sum = {1, 0};

	for (size_t i = 0; i < n; i++) {
		const struct affine next = affine_after(sum, x[i]);

		out[i] = sum;
		sum = next;
	}
}

void loop_scan_by(void (*join)(void *ctx, void *left, const void *right), void *ctx,
                  const struct affine *x, size_t n, struct affine *out)
{
	struct affine sum = {1, 0};

	for (size_t i = 0; i < n; i++) {
		out[i] = sum;
		join(ctx, &sum, &x[i]);
	}
}

/* ---- picking ------------------------------------------------------------------------------- */

size_t loop_filter(const int64_t *x, size_t n, int64_t *out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const int64_t item = x[i];

		out[k] = item;
		k += is_low(item);
	}
	return k;
}

size_t loop_find(const int64_t *x, size_t n, int64_t value)
{
	for (size_t i = 0; i < n; i++)
		if (x[i] == value)
			return i;
	return n;
}

size_t loop_count(const int64_t *x, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += is_low(x[i]);
	return k;
}

size_t openmp_count(const int64_t *x, size_t n)
{
	size_t k = 0;

#pragma omp parallel for simd reduction(+ : k)
	for (size_t i = 0; i < n; i++)
		k += is_low(x[i]);
	return k;
}

void loop_histogram(const uint32_t *keys, size_t n, size_t *counts)
{
	memset(counts, 0, ALGO_BINS * sizeof *counts);
	for (size_t i = 0; i < n; i++)
		counts[keys[i]]++;
}

void openmp_histogram(const uint32_t *keys, size_t n, size_t *counts)
{
	memset(counts, 0, ALGO_BINS * sizeof *counts);
#pragma omp parallel for reduction(+ : counts[:ALGO_BINS])
	for (size_t i = 0; i < n; i++)
		counts[keys[i]]++;
}

/* ---- and ------------------------------------------------------------------------------------- */

void loop_merge(int (*compare)(const void *a, const void *b, void *ctx), void *ctx,
                const int64_t *a, size_t na, const int64_t *b, size_t nb, int64_t *out)
{
	while (na && nb)
		if (compare(b, a, ctx) < 0)
			*out++ = *b++, nb--;
		else
			*out++ = *a++, na--;
	while (na)
		*out++ = *a++, na--;
	while (nb)
		*out++ = *b++, nb--;
}

void loop_cells2(const int64_t *x, size_t columns, const size_t *begin, const size_t *end,
                 int64_t *out)
{
	for (size_t i = begin[0]; i < end[0]; i++)
		for (size_t k = begin[1]; k < end[1]; k++)
			out[i * columns + k] = 2 * x[i * columns + k];
}

void loop_cells3(const int64_t *x, size_t rows, size_t columns, const size_t *begin,
                 const size_t *end, int64_t *out)
{
	for (size_t p = begin[0]; p < end[0]; p++)
		for (size_t i = begin[1]; i < end[1]; i++)
			for (size_t k = begin[2]; k < end[2]; k++) {
				const size_t at = (p * rows + i) * columns + k;

				out[at] = 2 * x[at];
			}
}
