/* SPDX-License-Identifier: MIT */
/*
 * What filch_filter() and filch_partition() share.
 *
 * A worker runs ranges of the loop that mostly follow each other; as long as they do they are one
 * run, and what is picked of it is packed to where the run began: no two workers write to the
 * same place, also if out is items.  The runs of a call are as few as its steals.  When all have
 * been asked for, they are closed up in order (pack.c); the first one stands where it belongs.
 * A partition packs what is not picked to the same place of scratch memory.
 *
 * A range that cannot be noted for want of memory is left as it is, and the caller asks for it
 * afterwards, when it passes over all (pick_sweep()).  With no memory at all that is the call; else
 * the loop has said of what was left that it has run, and that is put right (pick_amend()).
 */
#include "call.h"
#include "given.h"
#include "pack.h"
#include "platform.h"

#include <stdlib.h>
#include <string.h>

/* A worker's runs, in the order in which it began them. */
struct hand {
	struct packed *runs;
	size_t count, room;
	size_t next; /* pick_sweep(): those before it are behind */
	char apart[32];
};

/* ---- a run ------------------------------------------------------------------------------ */

/* Asks for the items from run->end to end - 1, and packs them behind those of the run. */
static int pick_range(const struct pick *p, struct packed *run, size_t end, filch_worker *w)
{
	const size_t bytes = p->p.bytes;
	bool mark[PICK_ITEMS];

	while (run->end < end) {
		const size_t n = end - run->end < PICK_ITEMS ? end - run->end : PICK_ITEMS;
		const size_t others = run->end - run->begin - run->kept;
		char *rest = p->p.rest ? p->p.rest + (run->begin + others) * bytes : NULL;
		int code;

		filch_fail(w, run->end, 0); /* where it failed, unless it says so itself */
		code = p->mark(p->ctx, run->end, run->end + n, mark, w);
		if (code)
			return code;
		run->kept +=
			filch__pack_block(&p->p, run->end, n,
		                          p->p.out + (run->begin + run->kept) * bytes, rest, mark);
		run->end += n;
	}
	return 0;
}

/* The run that goes on at `begin`; NULL if there is no memory to note another one. */
static struct packed *hand_run_at(struct hand *h, size_t begin)
{
	if (h->count && h->runs[h->count - 1].end == begin)
		return &h->runs[h->count - 1];
	if (h->count == h->room) {
		const size_t room = h->room ? 2 * h->room : 8;
		struct packed *runs = realloc(h->runs, room * sizeof *runs);

		if (!runs)
			return NULL;
		h->runs = runs;
		h->room = room;
	}
	h->runs[h->count] = (struct packed){.begin = begin, .end = begin};
	return &h->runs[h->count++];
}

/* Relaxed, both: read when the loop has ended. */
static int pick_missed(struct pick *p)
{
	store_relaxed(&p->missed, true);
	return 0;
}

static int pick_failed(struct pick *p, size_t item, int code)
{
	size_t was = load_relaxed(&p->failed);

	while (item < was && !cas_relaxed(&p->failed, &was, item))
		;
	return code;
}

static int pick_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct pick *p = ctx;
	const size_t id = filch_worker_id(w);
	struct packed *noted = id < p->width ? hand_run_at(&p->hands[id], begin) : NULL;
	struct packed run;
	int code;

	if (!noted)
		return pick_missed(p); /* pick_sweep() will do it */
	run = *noted;
	code = pick_range(p, &run, end, w);
	*noted = run;
	return code ? pick_failed(p, run.end, code) : 0;
}

/* ---- all the runs ------------------------------------------------------------------------ */

static int run_compare(const void *a, const void *b)
{
	const struct packed *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

/* All runs in order; NULL for want of memory, or if they are not all of the items. */
static struct packed *pick_gather(const struct pick *p, size_t n, size_t *count)
{
	size_t runs = 0, items = 0;
	struct packed *all;

	for (size_t id = 0; id < p->width; id++)
		runs += p->hands[id].count;
	all = malloc(runs * sizeof *all);
	if (!all)
		return NULL;
	*count = 0;
	for (size_t id = 0; id < p->width; id++)
		for (size_t i = 0; i < p->hands[id].count; i++) {
			items += p->hands[id].runs[i].end - p->hands[id].runs[i].begin;
			all[(*count)++] = p->hands[id].runs[i];
		}
	if (items != n) {
		free(all);
		return NULL;
	}
	qsort(all, *count, sizeof *all, run_compare);
	return all;
}

/* How far a sweep is: items before `at` are packed from out on, and from rest on. */
struct sweep {
	const struct pick *p;
	size_t at, kept;
	size_t n;      /* where it ends */
	size_t failed; /* the item that did, or n; SIZE_MAX: nothing is to be put right */
};

/* The lowest run from `at` on, taken from its hand if it begins there. */
static struct packed sweep_run(struct sweep *s)
{
	struct packed lowest = {.begin = SIZE_MAX};
	struct hand *of = NULL;

	for (size_t id = 0; id < s->p->width; id++) {
		struct hand *h = &s->p->hands[id];

		if (h->next < h->count && h->runs[h->next].begin < lowest.begin) {
			lowest = h->runs[h->next].begin < lowest.begin ? h->runs[h->next] : lowest;
			of = h;
		}
	}
	if (of && lowest.begin == s->at)
		of->next++;
	return lowest;
}

/* The next run belongs behind what there is. */
static void sweep_over(struct sweep *s, const struct packed *run)
{
	const struct pack *p = &s->p->p;
	const size_t others = run->end - run->begin - run->kept;

	memmove(p->out + s->kept * p->bytes, p->out + run->begin * p->bytes, run->kept * p->bytes);
	if (p->rest)
		memmove(p->rest + (s->at - s->kept) * p->bytes, p->rest + run->begin * p->bytes,
		        others * p->bytes);
	s->kept += run->kept;
	s->at = run->end;
}

/* In a loop of one worker, which goes from front to back. */
static int sweep_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct sweep *s = ctx;

	(void)begin;
	while (s->at < end) {
		struct packed run = sweep_run(s);

		if (run.begin != s->at) {
			const size_t next = run.begin < end ? run.begin : end;
			int code;

			run = (struct packed){.begin = s->at, .end = s->at};
			code = pick_range(s->p, &run, next, w);
			if (code) {
				sweep_over(s, &run);
				return code;
			}
		}
		sweep_over(s, &run);
	}
	return 0;
}

/* Passes over all, asks for what is in no run, and closes up. */
static int pick_sweep(struct sweep *s, filch_pool *pool, size_t n,
                      const struct filch_options *options)
{
	struct filch_options alone = options ? *options : filch_options_init();

	for (size_t id = 0; id < s->p->width; id++) {
		struct hand *h = &s->p->hands[id];

		if (h->count)
			qsort(h->runs, h->count, sizeof *h->runs, run_compare);
	}
	alone.max_workers = 1;
	return call_whole(pool, n, sweep_body, s, &alone, (uintptr_t)sweep_body);
}

/* The same after a loop, which began then: whom that told of all items is told no more. */
static int pick_sweep_rest(struct sweep *s, filch_pool *pool, size_t n,
                           const struct filch_options *options, uint64_t begin_ns)
{
	struct filch_options o = options ? *options : filch_options_init();

	if (o.timeout_ns) {
		const uint64_t passed = filch__now_ns() - begin_ns;

		o.timeout_ns = passed < o.timeout_ns ? o.timeout_ns - passed : 1;
	}
	s->n = n;
	o.first_error = &s->failed;
	o.status = NULL;
	o.progress = NULL;
	o.report = NULL;
	return pick_sweep(s, pool, n, &o);
}

/* After it ended so: what was said of items that it did not come to. */
static void pick_amend(struct sweep *s, const struct filch_options *o, int code)
{
	const bool fails = s->failed < s->n;
	const size_t asked = fails ? s->failed + 1 : s->at;
	size_t skipped = 0;

	if (o->first_error)
		*o->first_error = s->failed;
	if (o->status && fails)
		o->status[s->failed] = code;
	while (s->at < s->n) {
		const struct packed run = sweep_run(s);
		const size_t end = run.begin < s->n ? run.begin : s->n;

		for (size_t i = s->at > asked ? s->at : asked; i < end; i++, skipped++)
			if (o->status)
				o->status[i] = FILCH_ESKIPPED;
		s->at = run.begin == s->at ? run.end : end;
	}
	if (o->report && o->report_size == sizeof *o->report) {
		o->report->items -= skipped;
		o->report->failures += fails;
	}
}

/* After an error: what stands in scratch memory goes back to where it came from. */
static void pick_undo(const struct pick *p, const struct sweep *s)
{
	const size_t bytes = p->p.bytes;

	if (!p->p.rest)
		return;
	memcpy(p->p.out + s->kept * bytes, p->p.rest, (s->at - s->kept) * bytes);
	for (size_t id = 0; id < p->width; id++)
		for (size_t i = p->hands[id].next; i < p->hands[id].count; i++) {
			const struct packed *r = &p->hands[id].runs[i];

			memcpy(p->p.out + (r->begin + r->kept) * bytes,
			       p->p.rest + r->begin * bytes, (r->end - r->begin - r->kept) * bytes);
		}
}

/* ---- the calls --------------------------------------------------------------------------- */

/* All were asked for, or there was no memory to note them. */
static int pick_finish(struct pick *p, filch_pool *pool, size_t n, struct sweep *s,
                       const struct filch_options *options, uint64_t begin_ns)
{
	size_t count = 0;
	struct packed *runs = p->hands ? pick_gather(p, n, &count) : NULL;
	int code = 0;

	if (runs) {
		s->kept = filch__pack_close(&p->p, pool, runs, count,
		                            options ? options->max_workers : 0);
		free(runs);
		return 0;
	}
	code = p->hands ? pick_sweep_rest(s, pool, n, options, begin_ns)
	                : pick_sweep(s, pool, n, options);
	if (!code && n && p->p.rest)
		memcpy(p->p.out + s->kept * p->p.bytes, p->p.rest, (n - s->kept) * p->p.bytes);
	return code;
}

/* Some range failed.  What was left for later, and is below it, comes first. */
static int pick_below(struct pick *p, filch_pool *pool, struct sweep *s,
                      const struct filch_options *options, uint64_t begin_ns, int code)
{
	const size_t end = load_relaxed(&p->failed);
	int lower;

	if (!load_relaxed(&p->missed) || end == SIZE_MAX)
		return code;
	lower = pick_sweep_rest(s, pool, end, options, begin_ns);
	if (s->failed < end)
		return lower;
	s->failed = SIZE_MAX;
	return code;
}

static int pick_many(struct pick *p, filch_pool *pool, size_t n, size_t *kept,
                     const struct filch_options *options)
{
	const uint64_t begin_ns = options && options->timeout_ns ? filch__now_ns() : 0;
	struct sweep s = {.p = p, .failed = SIZE_MAX};
	int code = 0;

	store_relaxed(&p->missed, false); /* nobody else knows of it yet */
	store_relaxed(&p->failed, SIZE_MAX);
	p->width = filch_pool_width(pool);
	p->hands = calloc(p->width, sizeof *p->hands);
	if (!p->hands)
		p->width = 0;
	else
		/* As what marking and packing costs; marking alone costs what the function does. */
		code = call_whole(pool, n, pick_body, p, options, (uintptr_t)p->mark + 1);
	code = code ? pick_below(p, pool, &s, options, begin_ns, code)
	            : pick_finish(p, pool, n, &s, options, begin_ns);
	if (code)
		pick_undo(p, &s);
	if (code && options && s.failed < SIZE_MAX)
		pick_amend(&s, options, code);
	for (size_t id = 0; id < p->width; id++)
		free(p->hands[id].runs);
	free(p->hands);
	*kept = code ? 0 : s.kept;
	return code;
}

struct marks {
	const struct pick *p;
	bool *mark;
};

static int marks_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct marks *m = ctx;

	return m->p->mark(m->p->ctx, begin, end, m->mark + begin, w);
}

/* All marks fit on the stack, and nothing is moved before all are there. */
static int pick_few(struct pick *p, filch_pool *pool, size_t n, size_t *kept,
                    const struct filch_options *options)
{
	bool mark[PICK_ITEMS];
	struct marks m = {p, mark};
	const int code = call_whole(pool, n, marks_body, &m, options, (uintptr_t)p->mark);

	if (!code && n)
		*kept = filch__pack_block(&p->p, 0, n, p->p.out, p->p.rest, mark);
	if (!code && n && p->p.rest)
		memcpy(p->p.out + *kept * p->p.bytes, p->p.rest, (n - *kept) * p->p.bytes);
	return code;
}

int filch__pick(struct pick *p, filch_pool *pool, size_t n, size_t *kept,
                const struct filch_options *options)
{
	return (n <= PICK_ITEMS ? pick_few : pick_many)(p, pool, n, kept, options);
}

int filch__pick_options(struct filch_options *o, const struct filch_options *options)
{
	if (!options_given(o, options))
		return FILCH_EINVAL;
	return o->keep_going ? FILCH_EINVAL : 0;
}

bool filch__pick_fits(const void *items, size_t bytes, size_t n)
{
	return bytes && n <= SIZE_MAX / bytes && (items || !n);
}
