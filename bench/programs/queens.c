/* SPDX-License-Identifier: MIT */
/* In how many ways n queens fit on a board of n by n; a fork per placement. */
#include "calls.h"
#include "programs.h"

NOINLINE static long queens_serial(int n, unsigned columns, unsigned down, unsigned up)
{
	unsigned free = queens_free(n, columns, down, up);
	long count = 0;

	if (columns == (1u << n) - 1)
		return 1;
	for (; free; free &= free - 1) {
		const unsigned here = free & -free;

		count += queens_serial(n, columns | here, (down | here) << 1, (up | here) >> 1);
		CALL_ENDS();
	}
	return count;
}

FILCH_TASK4(long, queens, int, n, unsigned, columns, unsigned, down, unsigned, up)
{
	FILCH_RECORD(queens) next[QUEENS_MOST];
	unsigned free = queens_free(n, columns, down, up);
	long count = 0;
	int k = 0;

	if (columns == (1u << n) - 1)
		return 1;
	for (; free; free &= free - 1, k++) {
		const unsigned here = free & -free;

		FILCH_FORK(next[k], queens, n, columns | here, (down | here) << 1,
		           (up | here) >> 1);
	}
	while (k--)
		count += FILCH_JOIN(next[k], queens);
	return count;
}

struct queens_call {
	int n;
	unsigned columns, down, up;
	long count;
};

static int queens_plain_task(void *arg, filch_worker *w);

static inline long queens_plain(filch_worker *w, int n, unsigned columns, unsigned down,
                                unsigned up)
{
	struct queens_call call[QUEENS_MOST];
	filch_task next[QUEENS_MOST];
	unsigned free = queens_free(n, columns, down, up);
	long count = 0;
	int k = 0;

	if (columns == (1u << n) - 1)
		return 1;
	for (; free; free &= free - 1, k++) {
		const unsigned here = free & -free;

		call[k].n = n;
		call[k].columns = columns | here;
		call[k].down = (down | here) << 1;
		call[k].up = (up | here) >> 1;
		filch_fork(w, &next[k], queens_plain_task, &call[k]);
	}
	while (k--) {
		filch_join_as(w, &next[k], queens_plain_task, &call[k]);
		count += call[k].count;
	}
	return count;
}

static int queens_plain_task(void *arg, filch_worker *w)
{
	struct queens_call *call = arg;

	call->count = queens_plain(w, call->n, call->columns, call->down, call->up);
	return 0;
}

static double queens_serial_run(int n)
{
	return (double)queens_serial(n, 0, 0, 0);
}

static double queens_typed_run(filch_worker *w, int n)
{
	return (double)FILCH_ENTER(w, queens, n, 0, 0, 0);
}

static double queens_plain_run(filch_worker *w, int n)
{
	return (double)queens_plain(w, n, 0, 0, 0);
}

const struct program program_queens = {
	.name = "queens",
	.size = 13,
	.small = 8,
	.result = 73712,
	.small_result = 92,
	.one = 1.40,
	.two = 0.70,
	.serial = queens_serial_run,
	.typed = queens_typed_run,
	.plain = queens_plain_run,
};
