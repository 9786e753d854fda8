/* SPDX-License-Identifier: MIT */
/*
 * filch_invoke(), and filch_for_each(): a bag of items, each of them a forked task.
 *
 * A worker that handles items has a feeder: a stack of places, each with an item and its task,
 * which others steal from the oldest on.  It joins the newest one.  If nobody took it, the join
 * calls place_run() in this very worker, which only says so: the item is handled when the join
 * is over, so that what it feeds is forked where it was forked itself, and the stack does not grow.
 * A thief opens a feeder of its own and returns when that is empty.  So the joins are what tells
 * that all is done, and there is nothing shared but the flag that something failed.
 *
 * The items of the call are ranges in places, halved as they are handled.
 */
#include <filch/each.h>

#include "given.h"
#include "loop.h"

#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 64, NESTED_MOST = 64 };

#define SKIPPED INT_MIN /* of all reasons to end the one that says least */

/* A call. */
struct each {
	const char *items;
	size_t item_bytes, n;
	size_t place_bytes;
	filch_each_fn *fn;
	void *ctx;
	filch_cancel failed; /* set by whoever fails, read by all */
	filch_cancel *user;  /* the caller's token, or NULL */
	bool keep_going;
};

struct place {
	filch_task task;
	struct filch_feeder *feeder;
	struct place *older; /* the next one to be joined; or the next free one */
	size_t begin, end;   /* items of the call; none: it is one that was fed */
	alignas(max_align_t) char item[];
};

struct places {
	struct places *next;
	alignas(max_align_t) char place[];
};

/* One worker's stay in a call; its own but for `each` and `w`, which thieves read. */
struct filch_feeder {
	struct each *each;
	filch_worker *w;
	struct place *newest, *free;
	struct places *blocks;
	struct place *mine; /* set by a join: it is to be handled here */
	unsigned nested;    /* items that are handled inside of others, for want of memory */
	int code;
};

/* ---- places --------------------------------------------------------------------------- */

static void place_free(struct filch_feeder *f, struct place *p)
{
	p->older = f->free;
	f->free = p;
}

/* NULL for want of memory. */
static struct place *place_new(struct filch_feeder *f)
{
	const size_t bytes = f->each->place_bytes;
	struct place *p = f->free;

	if (!p) {
		struct places *block = malloc(sizeof *block + PLACES * bytes);

		if (!block)
			return NULL;
		block->next = f->blocks;
		f->blocks = block;
		for (size_t i = PLACES; i-- > 0;)
			place_free(f, (struct place *)(void *)(block->place + i * bytes));
		p = f->free;
	}
	f->free = p->older;
	p->feeder = f;
	return p;
}

static int place_run(void *arg, filch_worker *w);

/* From now on it may be anybody's. */
static void place_fork(struct filch_feeder *f, struct place *p)
{
	p->older = f->newest;
	f->newest = p;
	filch_fork(f->w, &p->task, place_run, p);
}

/* ---- items ------------------------------------------------------------------------------ */

static void feeder_note(struct filch_feeder *f, int code)
{
	if (code && (!f->code || f->code == SKIPPED))
		f->code = code;
}

static void item_run(struct filch_feeder *f, const void *item)
{
	struct each *each = f->each;
	int code;

	/* Without a token of the user's, ours is that of the call. */
	if (filch_stopping(f->w) || (each->user && filch_is_cancelled(&each->failed))) {
		feeder_note(f, SKIPPED);
		return;
	}
	code = each->fn(each->ctx, item, f, f->w);
	if (code && !each->keep_going)
		filch_cancel_now(&each->failed);
	feeder_note(f, code);
}

/* The upper halves are for others; without memory for them all is done here. */
static void range_run(struct filch_feeder *f, size_t begin, size_t end)
{
	const struct each *each = f->each;

	while (end - begin > 1) {
		const size_t middle = begin + (end - begin) / 2;
		struct place *p = place_new(f);

		if (!p)
			break;
		p->begin = middle;
		p->end = end;
		place_fork(f, p);
		end = middle;
	}
	for (; begin < end; begin++)
		item_run(f, each->items + begin * each->item_bytes);
}

static void place_handle(struct filch_feeder *f, struct place *p)
{
	if (p->begin < p->end)
		range_run(f, p->begin, p->end);
	else
		item_run(f, p->item);
}

/* ---- a stay ----------------------------------------------------------------------------- */

static void feeder_drain(struct filch_feeder *f)
{
	struct place *p;

	while ((p = f->newest)) {
		f->newest = p->older;
		f->mine = NULL;
		feeder_note(f, filch_join_as(f->w, &p->task, place_run, p));
		if (f->mine)
			place_handle(f, p);
		place_free(f, p);
	}
	while (f->blocks) {
		struct places *next = f->blocks->next;

		free(f->blocks);
		f->blocks = next;
	}
}

/* What place p has, by whoever took it. */
static int place_take(struct each *each, struct place *p, filch_worker *w)
{
	struct filch_feeder f = {.each = each, .w = w};

	place_handle(&f, p);
	feeder_drain(&f);
	return f.code;
}

static int place_run(void *arg, filch_worker *w)
{
	struct place *p = arg;

	if (w != p->feeder->w)
		return place_take(p->feeder->each, p, w);
	p->feeder->mine = p;
	return 0;
}

static int each_run(void *arg, filch_worker *w)
{
	struct each *each = arg;
	struct filch_feeder f = {.each = each, .w = w};

	if (each->n)
		range_run(&f, 0, each->n);
	feeder_drain(&f);
	return f.code == SKIPPED ? filch__stop_code(w) : f.code;
}

/* Most items are a pointer or a number. */
static void item_copy(void *to, const void *from, size_t bytes)
{
	if (bytes == sizeof(void *))
		memcpy(to, from, sizeof(void *));
	else
		memcpy(to, from, bytes);
}

int filch_feed(struct filch_feeder *f, const void *item)
{
	struct place *p = place_new(f);

	if (p) {
		item_copy(p->item, item, f->each->item_bytes);
		p->begin = p->end = 0;
		place_fork(f, p);
		return 0;
	}
	if (f->nested == NESTED_MOST)
		return FILCH_ENOMEM;
	f->nested++;
	item_run(f, item);
	f->nested--;
	return 0;
}

/* ---- the calls ---------------------------------------------------------------------------- */

/* A place's size is a multiple of its alignment. */
static size_t place_size(size_t item_bytes)
{
	const size_t align = alignof(struct place);

	return sizeof(struct place) + (item_bytes + align - 1) / align * align;
}

static int each_options(struct filch_options *o, const struct filch_options *options)
{
	if (!options_given(o, options))
		return FILCH_EINVAL;
	return o->status || o->first_error ? FILCH_EINVAL : 0;
}

int filch_for_each_sized(filch_pool *pool, const void *items, size_t item_bytes, size_t n,
                         filch_each_fn *fn, void *ctx, const struct filch_options *options)
{
	struct each each = {.items = items, .item_bytes = item_bytes, .n = n, .fn = fn, .ctx = ctx};
	struct filch_options o;

	if (!fn || (!items && n) || !item_bytes || n > SIZE_MAX / item_bytes ||
	    item_bytes > SIZE_MAX / 4 / PLACES || each_options(&o, options))
		return FILCH_EINVAL;
	each.place_bytes = place_size(item_bytes);
	each.user = o.cancel;
	each.keep_going = o.keep_going;
	if (!o.cancel) /* so that filch_stopping() tells that an item has failed */
		o.cancel = &each.failed;
	return filch_run(pool, each_run, &each, &o);
}

struct list {
	filch_fn *const *fn;
	void *const *arg;
	size_t n;
};

static int list_run(void *arg, filch_worker *w)
{
	const struct list *l = arg;

	return filch_join_many(w, l->n, l->fn, l->arg);
}

int filch_invoke(filch_pool *pool, size_t n, filch_fn *const *fn, void *const *arg,
                 const struct filch_options *options)
{
	struct list list = {fn, arg, n};

	if (!fn && n)
		return FILCH_EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!fn[i])
			return FILCH_EINVAL;
	return filch_run(pool, list_run, &list, options);
}
