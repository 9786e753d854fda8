/* SPDX-License-Identifier: MIT */
/* Scratch memory: each body's own, aligned, given back, under nesting and forks. */
#include "support.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(scratch, .timeout = 120);

/* Fills it, so that a sanitizer sees what is not ours, and others see it change. */
static bool is_mine(unsigned char *piece, size_t bytes, unsigned char mark)
{
	for (size_t i = 0; i < bytes; i++)
		if (piece[i] != mark)
			return false;
	return true;
}

static unsigned char *take(filch_worker *w, size_t bytes, unsigned char mark)
{
	unsigned char *piece = filch_scratch(w, bytes);

	if (!piece || (uintptr_t)piece % 128)
		return NULL;
	memset(piece, mark, bytes);
	return piece;
}

static int nested_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	for (size_t i = begin; i < end; i++) {
		const size_t bytes = 1 + i * 7919 % 100000;
		unsigned char *piece = take(w, bytes, (unsigned char)i);

		if (!piece)
			return 1;
		tally_range(ctx, i, i + 1);
		if (!is_mine(piece, bytes, (unsigned char)i))
			return 2;
	}
	return 0;
}

struct outer {
	filch_pool *pool;
	struct tally *tally;
	size_t each;
};

static int outer_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct outer *o = ctx;

	for (size_t i = begin; i < end; i++) {
		unsigned char *piece = take(w, 5000, (unsigned char)i);
		int code = filch_for(o->pool, o->each, nested_body, o->tally, NULL);

		if (code || !piece || !is_mine(piece, 5000, (unsigned char)i))
			return 3;
	}
	return 0;
}

Test(scratch, each_body_has_its_own_under_nesting)
{
	struct tally tally;

	tally_init(&tally, 200);
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct outer o = {pool_of(widths[k]), &tally, tally.n};
		const size_t rounds = scaled(20, 2);

		tally_clear(&tally);
		for (size_t round = 0; round < rounds; round++)
			cr_expect_eq(filch_for(o.pool, 5, outer_body, &o, NULL), 0);
		cr_expect_eq(tally_first_not(&tally, 0, tally.n, (unsigned)(5 * rounds) & 255),
		             tally.n);
		pool_close(o.pool);
	}
	tally_finish(&tally);
}

static int tiny_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx;
	return take(w, 1 + (end - begin), 1) ? 0 : 1;
}

Test(scratch, a_loop_run_in_place_gives_it_back)
{
	long blocks = memory_blocks();

	for (int i = 0; i < 1000; i++)
		cr_expect_eq(filch_for(NULL, 1, tiny_body, NULL, NULL), 0);
	cr_expect_leq(memory_blocks(), blocks);
}

/* A piece for each fork, given back in turn. */
static int divide(void *arg, filch_worker *w)
{
	unsigned *depth = arg, below[2] = {*depth - 1, *depth - 1};
	unsigned char *piece;
	int code;

	if (!*depth)
		return 0;
	piece = take(w, 3000, (unsigned char)*depth);
	if (!piece)
		return 1;
	code = filch_join2(w, divide, &below[0], divide, &below[1]);
	if (!is_mine(piece, 3000, (unsigned char)*depth))
		return 2;
	filch_scratch_back(w, piece);
	return code;
}

Test(scratch, tasks_take_and_give_back_in_turn)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t round = 0; round < scaled(20, 2); round++) {
			unsigned depth = 9;

			cr_expect_eq(filch_run(pool, divide, &depth, NULL), 0);
		}
		pool_close(pool);
	}
}

static int ask_for_too_much(void *arg, filch_worker *w)
{
	(void)arg;
	return filch_scratch(w, SIZE_MAX) || filch_scratch(w, SIZE_MAX - 200);
}

static int ask_in_want(void *arg, filch_worker *w)
{
	void *piece;
	unsigned failed;

	(void)arg;
	fail_memory(1, true);
	piece = filch_scratch(w, 1000000);
	failed = fail_no_more(); /* none if valgrind has the memory */
	return (failed && piece) || !take(w, 1000000, 1) || !take(w, 0, 1);
}

static int back_to_nothing(void *arg, filch_worker *w)
{
	unsigned char *first = take(w, 100, 1), *second = take(w, 200000, 2);

	(void)arg;
	filch_scratch_back(w, NULL);
	if (!first || !second || !is_mine(first, 100, 1))
		return 1;
	filch_scratch_back(w, first);
	return filch_scratch(w, 10) != first;
}

Test(scratch, what_cannot_be_had_is_null_and_harmless)
{
	filch_pool *pool = pool_of(2);

	cr_expect_eq(filch_run(pool, ask_for_too_much, NULL, NULL), 0);
	cr_expect_eq(filch_run(pool, ask_in_want, NULL, NULL), 0);
	cr_expect_eq(filch_run(pool, back_to_nothing, NULL, NULL), 0);
	pool_close(pool);
}
