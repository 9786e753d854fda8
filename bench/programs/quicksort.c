/* SPDX-License-Identifier: MIT */
/*
 * Quicksort, in place: cuts what is there in two, forks one side, goes on with the other.  The first
 * cut goes through the whole array alone, so that even two workers without any other cost
 * need more than half of the time.
 */
#include "sorts.h"

NOINLINE static void quicksort_serial(int64_t *at, ptrdiff_t n)
{
	ptrdiff_t left, right;

	if (n <= SORTS_SHORT) {
		sorts_insertion(at, n);
		return;
	}
	sorts_part(at, n, &left, &right);
	quicksort_serial(at, left);
	CALL_ENDS();
	quicksort_serial(at + n - right, right);
	CALL_ENDS();
}

FILCH_VOID_TASK2(quicksort, int64_t *, at, ptrdiff_t, n)
{
	FILCH_RECORD(quicksort) next;
	ptrdiff_t left, right;

	if (n <= SORTS_SHORT) {
		sorts_insertion(at, n);
		return;
	}
	sorts_part(at, n, &left, &right);
	FILCH_FORK(next, quicksort, at + n - right, right);
	FILCH_CALL(quicksort, at, left);
	FILCH_JOIN(next, quicksort);
}

struct quicksort_call {
	int64_t *at;
	ptrdiff_t n;
};

static int quicksort_plain(void *arg, filch_worker *w)
{
	const struct quicksort_call *call = arg;
	struct quicksort_call first = *call, second;

	if (call->n <= SORTS_SHORT) {
		sorts_insertion(call->at, call->n);
		return 0;
	}
	sorts_part(call->at, call->n, &first.n, &second.n);
	second.at = call->at + call->n - second.n;
	return filch_join2(w, quicksort_plain, &first, quicksort_plain, &second);
}

static double quicksort_serial_run(int n)
{
	quicksort_serial(sorts_array.at, n);
	return 0;
}

static double quicksort_typed_run(filch_worker *w, int n)
{
	FILCH_ENTER(w, quicksort, sorts_array.at, n);
	return 0;
}

static double quicksort_plain_run(filch_worker *w, int n)
{
	struct quicksort_call all = {sorts_array.at, n};

	return quicksort_plain(&all, w);
}

const struct program program_quicksort = {
	.name = "quicksort",
	.size = 8000000,
	.small = 3000,
	.result = 8000000,
	.small_result = 3000,
	.one = 1.05,
	.two = 0.54,
	.prepare = sorts_prepare,
	.reset = sorts_reset,
	.outcome = sorts_outcome,
	.serial = quicksort_serial_run,
	.typed = quicksort_typed_run,
	.plain = quicksort_plain_run,
};
