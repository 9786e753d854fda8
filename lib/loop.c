/* SPDX-License-Identifier: MIT */
/* A call's books: what runs, what is skipped, what failed.  docs/loop.md. */
#include "loop.h"

#define PROGRESS_NS 100000000u

_Atomic uint32_t filch__forks = (uint32_t)COUNTS_FROM;

/* ---- the beginning -------------------------------------------------------------------- */

/* The grain is the least that a chunk may be; the bounds above it are counted in grains. */
static void set_chunks(struct loop *loop, const struct filch_options *o)
{
	loop->grain = o->chunk ? o->chunk : o->min_chunk ? o->min_chunk : 1;
	loop->grains = loop->items / loop->grain + (loop->items % loop->grain != 0);
	loop->most = SIZE_MAX;
	if (o->chunk || o->pause_ns)
		loop->most = 1;
	else if (o->max_chunk)
		loop->most =
			o->max_chunk / loop->grain; /* at least 1: it is no less than min_chunk */
}

static uint64_t deadline_of(uint64_t begin_ns, uint64_t timeout_ns)
{
	if (!timeout_ns)
		return 0;
	return timeout_ns < UINT64_MAX - begin_ns ? begin_ns + timeout_ns : UINT64_MAX;
}

static void reset_counts(struct loop *loop)
{
	store_relaxed(&loop->chunks, 0);
	store_relaxed(&loop->steals, 0);
	store_relaxed(&loop->wakes, 0);
	store_relaxed(&loop->ran, 0);
	store_relaxed(&loop->failures, 0);
	store_relaxed(&loop->chunk_min, SIZE_MAX);
	store_relaxed(&loop->chunk_max, 0);
	for (int i = 0; i < VISITOR_WORDS; i++)
		store_relaxed(&loop->visitors[i], 0);
}

void filch__loop_init(struct loop *loop, size_t n, filch_body *body, void *ctx,
                      const struct filch_options *o, bool counted)
{
	loop->body = body;
	loop->ctx = ctx;
	loop->options = o;
	loop->items = n;
	set_chunks(loop, o);
	loop->cut = o->chunk || o->max_chunk || o->pause_ns || o->cancel || o->timeout_ns ||
	            o->progress || (loop->around && loop->around->cut);
	loop->begin_ns = o->progress || o->timeout_ns ? filch__now_ns() : 0;
	loop->told_ns = loop->begin_ns;
	loop->deadline_ns = deadline_of(loop->begin_ns, o->timeout_ns);
	loop->first_error = SIZE_MAX;
	loop->code = FILCH_OK;
	loop->counted = counted;
	loop->even = false;
	loop->balance = 0;
	store_relaxed(&loop->remaining, loop->grains);
	store_relaxed(&loop->work_ticks, 0);
	store_relaxed(&loop->skipped, 0);
	store_relaxed(&loop->stop_from, SIZE_MAX);
	store_relaxed(&loop->cut_from, SIZE_MAX);
	store_relaxed(&loop->reason, FILCH_OK);
	store_relaxed(&loop->failing.state, 0);
	loop->forks = load_relaxed(&filch__forks);
	if (o->progress || o->pause_ns) {
		store_relaxed(&loop->done, 0);
		store_relaxed(&loop->next_start_ns, 0);
	}
	if (counted)
		reset_counts(loop);
}

/* ---- failing -------------------------------------------------------------------------------- */

unsigned filch_worker_id(const filch_worker *w)
{
	return w->id;
}

int filch_fail(filch_worker *w, size_t index, int code)
{
	w->failed = index;
	return code;
}

static void set_status(struct loop *loop, size_t begin, size_t end, int code)
{
	if (loop->options->status)
		for (size_t i = begin; i < end; i++)
			loop->options->status[i] = code;
}

static void note_failure(struct loop *loop, size_t item, int code)
{
	const bool shared =
		!loop_is_orphaned(loop); /* else another may have held the lock for ever */

	if (shared)
		lock_take(&loop->failing);
	if (item < loop->first_error) {
		loop->first_error = item;
		loop->code = code;
	}
	if (shared)
		lock_release(&loop->failing);
	if (!loop->options->keep_going)
		filch__loop_stop_from(loop, item + 1);
}

static void skip(struct visit *v, size_t begin, size_t end)
{
	set_status(v->handle.loop, begin, end, FILCH_ESKIPPED);
	v->skipped += end - begin;
	lower_to(&v->handle.loop->cut_from, begin);
}

/*
 * The body returned a code for begin .. end - 1.  Returns where to go on: `end`, or the
 * item after the one that failed if the body said which and the call is to keep going.
 */
static size_t failed(struct visit *v, size_t begin, size_t end, int code)
{
	struct loop *loop = v->handle.loop;
	size_t item = v->handle.failed;
	const bool told = item >= begin && item < end;

	if (v->handle.cut) {
		set_status(loop, begin, item, FILCH_OK);
		v->ran += item - begin;
		skip(v, item, end);
		return end;
	}
	if (!told)
		item = begin;
	v->failures++;
	note_failure(loop, item, code);
	if (!told) {
		set_status(loop, begin, end, code);
		v->ran += end - begin;
		return end;
	}
	set_status(loop, begin, item, FILCH_OK);
	set_status(loop, item, item + 1, code);
	v->ran += item + 1 - begin;
	if (loop->options->keep_going)
		return item + 1;
	skip(v, item + 1, end);
	return end;
}

/* ---- running ---------------------------------------------------------------------------------- */

/* Whether the item may start now; if so, the next one may a pause later.  Else: when to ask again. */
static bool take_turn(struct loop *loop, uint64_t now, uint64_t *turn)
{
	const uint64_t pause = loop->options->pause_ns;
	const uint64_t next = pause < UINT64_MAX - now ? now + pause : UINT64_MAX;

	*turn = load_relaxed(&loop->next_start_ns);
	while (*turn <= now)
		if (cas_relaxed(&loop->next_start_ns, turn, next))
			return true;
	return false;
}

/* In naps, so that a call that was stopped meanwhile does not sleep on. */
static void pause_for_turn(struct loop *loop, size_t begin)
{
	const uint64_t nap_ns = 50000000;
	uint64_t now = filch__now_ns(), turn;

	while (!take_turn(loop, now, &turn) && !filch__loop_stopped(loop, begin)) {
		uint64_t until = turn - now < nap_ns ? turn : now + nap_ns;

		if (loop->deadline_ns && loop->deadline_ns < until)
			until = loop->deadline_ns;
		filch__sleep_until(until);
		now = filch__now_ns();
	}
}

static void run_items(struct visit *v, size_t begin, size_t end)
{
	struct loop *loop = v->handle.loop;
	const size_t ran = v->ran, first = begin;

	while (begin < end) {
		int code;

		v->handle.begin = begin;
		v->handle.failed = SIZE_MAX;
		v->handle.cut = false;
		v->chunks++;
		code = loop->body(loop->ctx, begin, end, &v->handle);
		if (v->handle.scratch.top)
			filch__scratch_end(&v->handle.scratch, v->handle.cache);
		if (code) {
			begin = failed(v, begin, end, code);
			continue;
		}
		set_status(loop, begin, end, FILCH_OK);
		v->ran += end - begin;
		begin = end;
	}
	v->chunk_min = end - first < v->chunk_min ? end - first : v->chunk_min;
	v->chunk_max = end - first > v->chunk_max ? end - first : v->chunk_max;
	if (loop->options->progress)
		fetch_add_relaxed(&loop->done, v->ran - ran);
}

/* The first item of a grain; of the one after the last: the number of items. */
static size_t item_of(const struct loop *loop, size_t grain)
{
	return grain == loop->grains ? loop->items : grain * loop->grain;
}

void filch__loop_run(struct visit *v, struct range grains)
{
	struct loop *loop = v->handle.loop;
	const size_t begin = item_of(loop, grains.begin), end = item_of(loop, grains.end);

	v->accounted += range_size(grains);
	if (loop->options->pause_ns) {
		pause_for_turn(loop, begin);
		v->ticks = platform_ticks();
	}
	if (filch__loop_stopped(loop, begin))
		skip(v, begin, end);
	else
		run_items(v, begin, end);
}

void filch__loop_trim(struct visit *v)
{
	struct loop *loop = v->handle.loop;
	const size_t stop = load_relaxed(&loop->stop_from);
	size_t keep = stop / loop->grain + (stop % loop->grain != 0);

	if (keep >= v->near.end)
		return;
	keep = keep > v->near.begin ? keep : v->near.begin;
	skip(v, item_of(loop, keep), item_of(loop, v->near.end));
	v->accounted += v->near.end - keep;
	v->near.end = keep;
}

static void raise_to(_Atomic size_t *most, size_t x)
{
	size_t was = load_relaxed(most);

	while (x > was && !cas_relaxed(most, &was, x))
		;
}

void filch__loop_account(struct visit *v)
{
	struct loop *loop = v->handle.loop;

	/* All relaxed: the owner reads them after `remaining` told it that all are there. */
	fetch_add_relaxed(&loop->work_ticks, v->work_ticks);
	if (v->skipped)
		fetch_add_relaxed(&loop->skipped, v->skipped);
	if (!loop->counted)
		return;
	fetch_add_relaxed(&loop->ran, v->ran);
	fetch_add_relaxed(&loop->chunks, v->chunks);
	fetch_add_relaxed(&loop->failures, v->failures);
	if (!v->chunks)
		return;
	lower_to(&loop->chunk_min, v->chunk_min);
	raise_to(&loop->chunk_max, v->chunk_max);
	fetch_or_relaxed(&loop->visitors[v->handle.id / 64], (uint64_t)1 << v->handle.id % 64);
}

void filch__loop_merge(struct loop *loop, struct loop *part, unsigned id)
{
	if (part)
		fetch_add_relaxed(&loop->work_ticks, load_relaxed(&part->work_ticks));
	if (!loop->counted)
		return;
	fetch_add_relaxed(&loop->chunks, 1 + (part ? load_relaxed(&part->chunks) : 0));
	fetch_or_relaxed(&loop->visitors[id / 64], (uint64_t)1 << id % 64);
	if (!part)
		return;
	fetch_add_relaxed(&loop->steals, load_relaxed(&part->steals));
	fetch_add_relaxed(&loop->wakes, load_relaxed(&part->wakes));
	for (int i = 0; i < VISITOR_WORDS; i++)
		if (load_relaxed(&part->visitors[i]))
			fetch_or_relaxed(&loop->visitors[i], load_relaxed(&part->visitors[i]));
}

unsigned filch__loop_workers(struct loop *loop)
{
	unsigned count = 0;

	for (int i = 0; i < VISITOR_WORDS; i++)
		for (uint64_t bits = load_relaxed(&loop->visitors[i]); bits; bits &= bits - 1)
			count++;
	return count;
}

/* ---- progress ------------------------------------------------------------------------------------ */

uint64_t filch__loop_progress_due(const struct loop *loop)
{
	return loop->options->progress ? loop->told_ns + PROGRESS_NS : 0;
}

void filch__loop_progress(struct loop *loop, bool finished)
{
	const struct filch_options *o = loop->options;
	struct filch_progress p;
	uint64_t now;

	if (!o->progress)
		return;
	now = filch__now_ns();
	if (!finished && now < filch__loop_progress_due(loop))
		return;
	loop->told_ns = now;
	p = (struct filch_progress){.label = o->label,
	                            .done = load_relaxed(&loop->done),
	                            .total = loop->items,
	                            .elapsed_ns = now - loop->begin_ns,
	                            .finished = finished};
	o->progress(o->progress_arg, &p);
}
