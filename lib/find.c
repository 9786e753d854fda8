/* SPDX-License-Identifier: MIT */
/*
 * filch_find(): a match is a failure of its item, and what filch_for() promises about the lowest
 * one does the rest.
 */
#include "pack.h"

#include "atomic.h"
#include "call.h"

#include <limits.h>

/* A match is FOUND plus its index in the window. */
#define FOUND INT_MIN
#define FOUND_MOST ((size_t)1 << 30)

static bool is_match(int code)
{
	return code < FOUND + (int)FOUND_MOST;
}

struct find {
	filch_find_fn *find;
	void *ctx;
	size_t base; /* where the window begins */
	bool marked; /* whether a match is told by its index */
};

/* A loop that asks: what an item costs is remembered as that of the function. */
static struct told find_for(struct find *f, filch_pool *pool, size_t n, filch_body *body, void *ctx,
                            const struct filch_options *options)
{
	return call_told(pool, n, body, ctx, options, (uintptr_t)f->find);
}

static int find_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct find *f = ctx;
	const size_t none = f->base + end;
	size_t found = none;
	const int code = f->find(f->ctx, f->base + begin, none, &found, w);

	if (code || found >= none || found < f->base + begin)
		return code;
	found -= f->base;
	return filch_fail(w, found, f->marked ? FOUND + (int)found : FOUND);
}

/* ---- the first window ----------------------------------------------------------------- */

enum { FIND_FIRST = 1024, STRATA = 32 /* bits */ };

/*
 * A call that fails is never a short one that is known: what it costs is not learned.  So a match
 * in the first window is none; who is above looks at the flags of the strata below.
 */
struct first_window {
	struct find *f;
	size_t n;
	atomic_uint found;   /* a bit for each stratum: whether there is a match in it */
	uint16_t *at, *next; /* [begin] of each range that ran: its match; its end */
};

static size_t stratum_of(const struct first_window *first, size_t i)
{
	return i * STRATA / first->n;
}

/* Relaxed: who reads it too late looks for what nobody will ask for. */
static bool is_above_a_match(const struct first_window *first, size_t i)
{
	return load_relaxed(&first->found) & ((1u << stratum_of(first, i)) - 1);
}

static int first_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct first_window *first = ctx;
	size_t found = end;
	int code = 0;

	first->at[begin] = first->next[begin] = (uint16_t)end;
	if (!begin || !is_above_a_match(first, begin))
		code = first->f->find(first->f->ctx, begin, end, &found, w);
	if (code)
		first->at[begin] = first->next[begin] =
			(uint16_t)first->n; /* who knows what is above */
	if (code || found >= end || found < begin)
		return code;
	first->at[begin] = (uint16_t)found;
	if (end < first->n)
		fetch_or_relaxed(&first->found, 1u << stratum_of(first, found));
	return 0;
}

/* Goes from range to range, up to the first match or error; of a call that was stopped some of the
 * ranges below may be missing. */
static int find_in_first(struct find *f, filch_pool *pool, size_t n, size_t *index)
{
	uint16_t at[FIND_FIRST], next[FIND_FIRST];
	struct first_window first = {.f = f, .n = n, .at = at, .next = next};
	struct told t;

	at[0] = next[0] = (uint16_t)n; /* so it stays if the call is refused */
	t = find_for(f, pool, n, first_body, &first, NULL);
	if (t.stopped || t.code == FILCH_EFORK) /* others may have run a part, in the parent */
		return t.code ? t.code : t.stopped;
	for (size_t i = 0; i < n; i = next[i])
		if (at[i] < next[i]) {
			*index = at[i];
			return 0;
		}
	return t.code;
}

/* ---- the call ------------------------------------------------------------------------- */

static int find_by_windows(struct find *f, filch_pool *pool, size_t n, size_t *index)
{
	size_t window = n < FIND_FIRST ? n : FIND_FIRST;
	struct told t = {find_in_first(f, pool, window, index), 0};

	while (!t.code && *index == n && n - f->base > window) {
		f->base += window;
		window = window < FOUND_MOST / 4 ? 4 * window : FOUND_MOST;
		window = window < n - f->base ? window : n - f->base;
		t = find_for(f, pool, window, find_body, f, NULL);
		if (t.stopped && (!t.code || is_match(t.code)))
			return t.stopped;
		if (is_match(t.code)) {
			*index = f->base + (size_t)(t.code - FOUND);
			return 0;
		}
	}
	return t.code;
}

/* To those who read it a match is an item like any other. */
static void status_mend(int *status, size_t n)
{
	for (size_t i = 0; status && i < n; i++)
		if (status[i] == FOUND)
			status[i] = 0;
}

/* Not to the windows, as it has one status for each item and one report. */
static int find_with_options(struct find *f, filch_pool *pool, size_t n, size_t *index,
                             const struct filch_options *options)
{
	struct filch_options o;
	size_t lowest = SIZE_MAX, *first_error;
	struct told t = {filch__pick_options(&o, options), 0};

	if (t.code)
		return t.code;
	first_error = o.first_error;
	o.first_error = &lowest;
	t = find_for(f, pool, n, find_body, f, &o);
	if (t.code && lowest == SIZE_MAX && n < SIZE_MAX) /* refused */
		return t.code;
	status_mend(o.status, n);
	if (t.code == FOUND) {
		*index = t.stopped ? n : lowest;
		lowest = n;
		t.code = 0;
	}
	if (first_error)
		*first_error = lowest;
	return t.code ? t.code : t.stopped;
}

int filch_find(filch_pool *pool, size_t n, filch_find_fn *find, void *ctx, size_t *index,
               const struct filch_options *options)
{
	struct find f = {.find = find, .ctx = ctx, .marked = !options};

	if (index)
		*index = n;
	if (!find || !index)
		return FILCH_EINVAL;
	return options ? find_with_options(&f, pool, n, index, options)
	               : find_by_windows(&f, pool, n, index);
}
