/* SPDX-License-Identifier: MIT */
/* What both sorts share, see sorts.h. */
#include "sorts.h"
#include "arrays.h"

struct sorts_array sorts_array;

static int64_t *scrambled;

int sorts_prepare(int size)
{
	const size_t n = (size_t)size;
	uint64_t state = 1;

	if (sorts_array.n == size)
		return 0;
	sorts_array.n = 0;
	scrambled = arrays_renew(scrambled, n);
	sorts_array.at = arrays_renew(sorts_array.at, n);
	sorts_array.room = arrays_renew(sorts_array.room, n);
	if (!scrambled || !sorts_array.at || !sorts_array.room)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const size_t other = (size_t)(arrays_random(&state) % (i + 1));

		scrambled[i] = scrambled[other];
		scrambled[other] = (int64_t)i;
	}
	sorts_array.n = size;
	return 0;
}

void sorts_reset(void)
{
	memcpy(sorts_array.at, scrambled, (size_t)sorts_array.n * sizeof *scrambled);
	memset(sorts_array.room, 0, (size_t)sorts_array.n * sizeof *scrambled);
}

/* They are the numbers below n, so it is known where each of them belongs. */
double sorts_outcome(void)
{
	for (ptrdiff_t i = 0; i < sorts_array.n; i++)
		if (sorts_array.at[i] != i)
			return PROGRAM_WRONG;
	return (double)sorts_array.n;
}

void sorts_insertion(int64_t *at, ptrdiff_t n)
{
	for (ptrdiff_t i = 1; i < n; i++) {
		const int64_t moved = at[i];
		ptrdiff_t to = i;

		for (; to > 0 && at[to - 1] > moved; to--)
			at[to] = at[to - 1];
		at[to] = moved;
	}
}

static int64_t median(int64_t a, int64_t b, int64_t c)
{
	const int64_t low = a < b ? a : b, high = a < b ? b : a;

	return c < low ? low : c > high ? high : c;
}

void sorts_part(int64_t *at, ptrdiff_t n, ptrdiff_t *left, ptrdiff_t *right)
{
	const int64_t pivot = median(at[0], at[n / 2], at[n - 1]);
	ptrdiff_t i = 0, k = n - 1;

	while (i <= k) {
		while (at[i] < pivot)
			i++;
		while (at[k] > pivot)
			k--;
		if (i <= k) {
			const int64_t moved = at[i];

			at[i++] = at[k];
			at[k--] = moved;
		}
	}
	*left = k + 1;
	*right = n - i;
}
