/* SPDX-License-Identifier: MIT */
/*
 * Each kind of call, in a pool that has run nothing yet, with the k-th allocation or the k-th thread refused,
 * for each k, once or from then on: it is done in full, or refused by FILCH_ENOMEM; the pool then works,
 * and nothing is lost.
 */
#include "faults_calls.h"

#include <criterion/criterion.h>
#include <errno.h>

TestSuite(faults_calls, .timeout = 300);

enum { WIDTH = 3, QUIET = 3 /* runs in which nothing was refused: there are no more */ };

/* ---- tasks ------------------------------------------------------------------------------------------ */

static int leaf(void *arg, filch_worker *w)
{
	(void)w;
	(*(unsigned char *)arg)++;
	return 0;
}

static int fork_all(void *arg, filch_worker *w)
{
	static filch_task task[N];

	(void)arg;
	for (size_t i = 0; i < N; i++)
		filch_fork(w, &task[i], leaf, &times[i]);
	for (size_t i = N; i-- > 0;)
		if (filch_join(w, &task[i]))
			return 1;
	return 0;
}

static int forked(void)
{
	return once(filch_run(pool, fork_all, NULL, NULL));
}

FILCH_TASK2(size_t, touch, size_t, begin, size_t, end)
{
	FILCH_RECORD(touch) right;
	const size_t middle = begin + (end - begin) / 2;
	size_t count;

	if (end - begin == 1)
		return times[begin]++, (size_t)1;
	FILCH_FORK(right, touch, middle, end);
	count = FILCH_CALL(touch, begin, middle);
	return count + FILCH_JOIN(right, touch);
}

static int touch_all(void *arg, filch_worker *w)
{
	(void)arg;
	return FILCH_ENTER(w, touch, 0, N) != N;
}

static int typed(void)
{
	return once(filch_run(pool, touch_all, NULL, NULL));
}

static int invoked(void)
{
	filch_fn *fn[N];
	void *arg[N];

	for (size_t i = 0; i < N; i++) {
		fn[i] = leaf;
		arg[i] = &times[i];
	}
	return once(filch_invoke(pool, N, fn, arg, NULL));
}

/* ---- what is refused ---------------------------------------------------------------------------- */

enum { MEMORY = 0 }; /* or a thread, with that error */

/* Whether something was. */
static bool run_refused(const char *name, int (*call)(void), int what, unsigned k, bool lasting)
{
	unsigned refused;
	int code;

	pool = pool_of(WIDTH);
	memset(times, 0, sizeof times);
	if (what == MEMORY)
		fail_memory(k, lasting);
	else
		fail_threads(k, lasting, what);
	code = call();
	refused = fail_no_more();
	cr_assert(code == 0 || (code == FILCH_ENOMEM && what == MEMORY && refused),
	          "%s: %s %u refused%s (%d): %d", name, what == MEMORY ? "allocation" : "thread", k,
	          lasting ? " for good" : "", what, code);
	memset(times, 0, sizeof times);
	cr_assert_eq(plain(), 0, "%s: the pool does not work any more", name);
	pool_close(pool);
	return refused;
}

/* What pthread_create() may say; EINVAL is asked again, on the CPUs of the creator. */
static void refuse_each(const char *name, int (*call)(void))
{
	static const int what[] = {MEMORY, EAGAIN, ENOMEM, EPERM, EINVAL};
	uint64_t seed = test_seed();

	for (size_t how = random_below(&seed, thinned()); how < 2 * COUNT_OF(what);
	     how += thinned())
		for (unsigned k = 1, quiet = 0; quiet < QUIET; k++) {
			cr_assert_lt(k, 100000, "it never gets through");
			quiet = run_refused(name, call, what[how / 2], k, how % 2) ? 0 : quiet + 1;
		}
}

/* Twice: what libc keeps is there by then. */
static void survives(const char *name, int (*call)(void))
{
	const long noise = 24;
	long before;

	for (size_t i = 0; i < N; i++) {
		x[i] = (double)i;
		numbers[i] = (int64_t)i;
	}
	refuse_each(name, call);
	before = memory_blocks();
	refuse_each(name, call);
	cr_expect_leq(memory_blocks(), before + noise, "%s: %ld blocks are lost", name,
	              memory_blocks() - before);
	expect_no_leak();
}

#define CALL(name)                                                                                 \
	Test(faults_calls, name)                                                                   \
	{                                                                                          \
		survives(#name, name);                                                             \
	}
CALL(plain)
CALL(in_ones)
CALL(with_all_options)
CALL(nested)
CALL(mapped)
CALL(reduced)
CALL(reduced_large)
CALL(summed)
CALL(dotted)
CALL(largest)
CALL(scanned)
CALL(scanned_large)
CALL(sorted)
CALL(sorted_typed)
CALL(sorted_doubles)
CALL(sorted_strings)
CALL(merged)
CALL(filtered)
CALL(parted)
CALL(found)
CALL(counted)
CALL(binned)
CALL(tiled)
CALL(fed)
CALL(scratched)
CALL(combined)
CALL(forked)
CALL(typed)
CALL(invoked)
