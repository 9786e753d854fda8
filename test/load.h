/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_LOAD_H
#define FILCH_TEST_LOAD_H
/* Calls of several kinds by one caller, each of them accounted for, item by item. */
#include "account.h"
#include "support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- accounts ---------------------------------------------------------------------------- */

enum { WIDEST = 256, ITEMS_MOST = 4000 };

/* A caller's: of one call, of whatever kind, and of all that it called. */
struct book {
	filch_pool *pool;
	struct tally t;
	struct account by[WIDEST];
	uint64_t calls, bodies, steals; /* of those before */
};

static inline struct book *book_new(filch_pool *pool)
{
	struct book *b = aligned_alloc(128, sizeof *b);

	if (!b)
		abort();
	memset(b, 0, sizeof *b);
	b->pool = pool;
	tally_init(&b->t, ITEMS_MOST);
	return b;
}

static inline void book_free(struct book *b)
{
	tally_finish(&b->t);
	free(b);
}

static inline void book_begin(struct book *b, size_t n)
{
	memset(b->by, 0, sizeof b->by);
	tally_clear(&b->t);
	b->t.n = n;
}

/* Now and then an item naps: who has slept meanwhile is of use then. */
static inline void book_items(struct book *b, size_t begin, size_t end, const filch_worker *w)
{
	tally_range(&b->t, begin, end);
	account_range(&b->by[filch_worker_id(w)], begin, end);
	for (size_t i = begin; i < end; i++)
		if (i % 50 == 40)
			sleep_ns(100000);
}

/* Ends the program unless each item ran once, and the caller had a part of it: nobody who calls
 * waits for somebody else to begin. */
static inline void book_end(struct book *b)
{
	const struct account all = account_sum(b->by, WIDEST);

	b->calls++;
	b->bodies += all.bodies;
	b->steals += all.steals;
	if (account_is_right(&all, b->t.n) && tally_first_not(&b->t, 0, b->t.n, 1) == b->t.n &&
	    b->by[0].bodies > 0)
		return;
	fprintf(stderr, "%zu items: %llu ran, %llu bodies by the caller\n", b->t.n,
	        (unsigned long long)all.items, (unsigned long long)b->by[0].bodies);
	abort();
}

/* ---- calls of three kinds ---------------------------------------------------------------- */

enum { ROW = 40 };

struct row {
	struct book *book;
	size_t begin;
};

static inline int row_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct row *row = ctx;

	book_items(row->book, row->begin + begin, row->begin + end, w);
	return 0;
}

static inline int loop(struct book *b, size_t chunk)
{
	struct row all = {b, 0};
	struct filch_report r;
	const int code =
		filch_for(b->pool, b->t.n, row_body, &all, FILCH(.chunk = chunk, .report = &r));

	b->by[0].steals += r.steals;
	return code;
}

static inline int rows_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct book *b = ctx;
	int code = 0;

	for (size_t i = begin; i < end && !code; i++) {
		const size_t left = b->t.n - i * ROW;
		struct row row = {b, i * ROW};
		struct filch_report r;

		code = filch_for(b->pool, left < ROW ? left : ROW, row_body, &row,
		                 FILCH(.chunk = 1 + i % 3, .report = &r));
		b->by[filch_worker_id(w)].steals += r.steals;
	}
	return code;
}

static inline int loop_of_loops(struct book *b)
{
	return filch_for(b->pool, (b->t.n + ROW - 1) / ROW, rows_body, b, FILCH(.chunk = 1));
}

struct part {
	struct book *book;
	size_t begin, end;
};

static inline int halves(void *arg, filch_worker *w)
{
	const struct part *p = arg;
	const size_t middle = p->begin + (p->end - p->begin) / 2;
	struct part first = {p->book, p->begin, middle}, second = {p->book, middle, p->end};

	if (p->end - p->begin > 3)
		return filch_join2(w, halves, &first, halves, &second);
	book_items(p->book, p->begin, p->end, w);
	return 0;
}

static inline int forks(struct book *b)
{
	struct part all = {b, 0, b->t.n};
	struct filch_report r;
	const int code = filch_run(b->pool, halves, &all, FILCH(.report = &r));

	b->by[0].steals += r.steals;
	return code;
}

static inline void call_once(struct book *b, uint64_t *seed)
{
	const size_t kind = random_below(seed, 4);
	int code;

	book_begin(b, 1 + random_below(seed, ITEMS_MOST));
	code = kind < 2 ? loop(b, kind) : kind == 2 ? loop_of_loops(b) : forks(b);
	if (code)
		abort();
	book_end(b);
}

#endif
