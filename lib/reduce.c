/* SPDX-License-Identifier: MIT */
/*
 * filch_reduce(): a loop over pieces of some leaves each, whose accumulators are joined in one
 * tree, whoever ran what.
 *
 * The tree is over pieces: those from a multiple of 2^k on, 2^k of them or as many as there are,
 * are a node, which stands in the slot of its first piece.  A node within the range of one call
 * of pieces_body() is joined there when its right half is complete.  The halves of another one may
 * be completed by two threads: it is joined by whoever comes second.  That goes on upwards, so
 * when the loop has ended without a failure, all is joined, in slot 0.
 *
 * Where there are more than so many leaves, or no memory, a piece is a whole tree of leaves, and
 * joined with one accumulator for each level, in the same order.
 */
#include <filch/reduce.h>

#include "atomic.h"
#include "call.h"
#include "given.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum {
	NEAR_BYTES = 64,    /* larger accumulators are allocated each by itself */
	PIECES_MAX = 1024,  /* of a call */
	PIECES_STACK = 32,  /* of a call without memory */
	LEAVES_FEW = 32,    /* the default's, where n is small */
	LEAVES_MANY = 1024, /* and where it is large */
	LEAF_ENOUGH = 2048  /* with so many items a leaf costs nothing worth mention */
};

union slot {
	alignas(NEAR_BYTES) unsigned char near[NEAR_BYTES];
	void *far; /* NULL: not allocated, or dropped */
};

struct reduction {
	const struct filch_reducer *reducer;
	void *ctx, *out;
	size_t n, leaf, leaves;
	unsigned level; /* a piece is 2^level leaves */
	size_t pieces;
	union slot *slots;    /* of each piece but the first, whose is out */
	atomic_size_t failed; /* the first item of the lowest leaf that did, or n */
	/* Of the node whose right half begins here: how many halves are complete; counted only if
	 * they may be completed by two threads. */
	atomic_uchar halves[PIECES_MAX];
};

/* ---- accumulators ---------------------------------------------------------------------- */

static bool is_near(const struct reduction *r)
{
	return r->reducer->size <= NEAR_BYTES;
}

static void *slot_acc(const struct reduction *r, size_t piece)
{
	union slot *s = &r->slots[piece];

	if (!piece)
		return r->out;
	return is_near(r) ? s->near : s->far;
}

/* Has the slot hold an accumulator; NULL without memory. */
static void *slot_open(const struct reduction *r, size_t piece)
{
	if (piece && !is_near(r))
		r->slots[piece].far = malloc(r->reducer->size);
	return slot_acc(r, piece);
}

static void slot_close(const struct reduction *r, size_t piece)
{
	if (is_near(r) || !piece)
		return;
	free(r->slots[piece].far);
	r->slots[piece].far = NULL;
}

static void acc_init(const struct reduction *r, void *acc)
{
	if (r->reducer->init)
		r->reducer->init(r->ctx, acc);
	else if (is_near(r) && acc != r->out) /* a slot of known size: no call */
		memset(acc, 0, NEAR_BYTES);
	else
		memset(acc, 0, r->reducer->size);
}

/* ---- a piece ---------------------------------------------------------------------------- */

static int failed_at(struct reduction *r, size_t item, int code)
{
	size_t lowest = load_relaxed(&r->failed);

	/* Read by the caller, when the loop has ended. */
	while (item < lowest && !cas_relaxed(&r->failed, &lowest, item))
		;
	return code;
}

static int run_leaf(struct reduction *r, size_t leaf, void *acc, filch_worker *w)
{
	const size_t begin = leaf * r->leaf;
	const size_t end = r->n - begin > r->leaf ? begin + r->leaf : r->n;
	int code;

	acc_init(r, acc);
	code = r->reducer->body(r->ctx, begin, end, acc, w);
	return code ? failed_at(r, begin, code) : 0;
}

/* The leaves from `first` on, 2^level of them or as many as there are. */
static int run_leaves(struct reduction *r, size_t first, unsigned level, void *acc, filch_worker *w)
{
	union slot right;
	void *other;
	int code;

	if (!level)
		return run_leaf(r, first, acc, w);
	code = run_leaves(r, first, level - 1, acc, w);
	first += (size_t)1 << (level - 1);
	if (code || first >= r->leaves)
		return code;
	other = is_near(r) ? right.near : malloc(r->reducer->size);
	if (!other)
		return failed_at(r, first * r->leaf, FILCH_ENOMEM);
	code = run_leaves(r, first, level - 1, other, w);
	if (!code)
		r->reducer->join(r->ctx, acc, other);
	if (!is_near(r))
		free(other);
	return code;
}

static int run_piece(struct reduction *r, size_t piece, filch_worker *w)
{
	void *acc = slot_open(r, piece);
	const size_t first = piece << r->level;

	return acc ? run_leaves(r, first, r->level, acc, w)
	           : failed_at(r, first * r->leaf, FILCH_ENOMEM);
}

/* ---- the tree ----------------------------------------------------------------------------- */

static void join_slots(const struct reduction *r, size_t left, size_t right)
{
	r->reducer->join(r->ctx, slot_acc(r, left), slot_acc(r, right));
	slot_close(r, right);
}

/* The last of two halves is ours, and the other one visible. */
static bool is_second(atomic_uchar *halves)
{
	/* acq_rel: the later pairs with the earlier one in is_second() itself, whose half, in its
	 * slot, is then visible. */
	return fetch_add_acq_rel(halves, 1) != 0;
}

/* A piece of ours, of begin .. end - 1, which we run in this order, is complete. */
static void climb(struct reduction *r, size_t piece, size_t begin, size_t end)
{
	for (size_t size = 1; size < r->pieces; size *= 2) {
		const size_t left = piece & ~(2 * size - 1), right = left + size;
		const size_t last = right + size < r->pieces ? right + size : r->pieces;

		if (right < r->pieces) {
			const bool ours = left >= begin && last <= end;

			if (ours ? piece == left : !is_second(&r->halves[right]))
				return;
			join_slots(r, left, right);
		}
		piece = left;
	}
}

static int pieces_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct reduction *r = ctx;

	for (size_t i = begin; i < end; i++) {
		const int code = run_piece(r, i, w);

		if (code)
			return filch_fail(w, i, code);
		climb(r, i, begin, end);
	}
	return 0;
}

/* ---- how it is cut ---------------------------------------------------------------------------- */

static size_t parts(size_t n, size_t size)
{
	return n / size + (n % size != 0);
}

/* The lowest power of two of which at most so many make n. */
static size_t power_for(size_t n, size_t most)
{
	unsigned k = 0;

	while (n && (n - 1) >> k >= most)
		k++;
	return (size_t)1 << k;
}

static size_t default_leaf(size_t n)
{
	const size_t few = n > LEAVES_FEW * LEAF_ENOUGH ? LEAF_ENOUGH : power_for(n, LEAVES_FEW);
	const size_t many = n > LEAVES_MANY * LEAF_ENOUGH ? power_for(n, LEAVES_MANY) : 1;

	return few > many ? few : many;
}

static void cut_into(struct reduction *r, size_t pieces)
{
	const size_t last = r->leaves - 1;

	while (last >> r->level >= pieces)
		r->level++;
	r->pieces = (last >> r->level) + 1;
}

static unsigned log2_of(size_t x)
{
	unsigned log = 0;

	while (x >>= 1)
		log++;
	return log;
}

/* What the cost of a piece is remembered under: another function's is another one, and so is that
 * of a piece of quite another length. */
static uintptr_t cost_name(const struct reduction *r)
{
	return (uintptr_t)r->reducer->body + 2 * (log2_of(r->leaf << r->level) / 3 % 8);
}

/* ---- options -------------------------------------------------------------------------------- */

/* From items to pieces. */
static bool options_in(struct filch_options *o, const struct filch_options *user, size_t items)
{
	if (!options_given(o, user))
		return false;
	if (o->keep_going || o->status || o->cost_ns >= 1e18)
		return false;
	o->chunk = parts(o->chunk, items);
	o->min_chunk = parts(o->min_chunk, items);
	o->max_chunk = parts(o->max_chunk, items);
	o->cost_ns *= (double)items;
	if (o->cost_ns >= 1e17)
		o->cost_ns = 1e17;
	return true;
}

static size_t items_of(const struct reduction *r, size_t pieces)
{
	const size_t items = r->leaf << r->level;

	return pieces > r->n / items ? r->n : pieces * items;
}

/* And back. */
static void options_out(const struct reduction *r, struct filch_options *o)
{
	struct filch_report *report = o->report;

	if (o->first_error)
		*o->first_error = load_relaxed(&r->failed);
	if (!report || o->report_size < sizeof *report)
		return;
	report->items = items_of(r, report->items);
	report->chunk_min = items_of(r, report->chunk_min);
	report->chunk_max = items_of(r, report->chunk_max);
	report->cost_ns /= (double)items_of(r, 1);
}

/* ---- the call ------------------------------------------------------------------------------ */

static int reduce_loop(struct reduction *r, filch_pool *pool, const struct filch_options *user)
{
	struct filch_options o;
	int code;

	if (!user)
		return call_whole(pool, r->pieces, pieces_body, r, NULL, cost_name(r));
	if (!options_in(&o, user, r->leaf << r->level))
		return FILCH_EINVAL;
	code = call_whole(pool, r->pieces, pieces_body, r, &o, cost_name(r));
	if (code != FILCH_EINVAL || load_relaxed(&r->failed) < r->n) /* something ran */
		options_out(r, &o);
	return code;
}

/* With a slot for each piece. */
static int reduce_slotted(struct reduction *r, union slot *slots, filch_pool *pool,
                          const struct filch_options *user)
{
	int code;

	r->slots = slots;
	memset(r->halves, 0, r->pieces);
	for (size_t i = 0; i < r->pieces && !is_near(r); i++)
		slots[i].far = NULL;
	code = reduce_loop(r, pool, user);
	for (size_t i = 1; i < r->pieces && code; i++)
		slot_close(r, i);
	return code;
}

/* The code is a loop's. */
static int reduce_nothing(struct reduction *r, filch_pool *pool, const struct filch_options *user)
{
	int code;

	r->pieces = 0;
	code = reduce_loop(r, pool, user);
	if (!code)
		acc_init(r, r->out);
	return code;
}

static int reduce(struct reduction *r, filch_pool *pool, const struct filch_options *user)
{
	union slot few[PIECES_STACK], *slots = few;
	int code;

	cut_into(r, PIECES_MAX);
	if (r->pieces > PIECES_STACK)
		slots = aligned_alloc(NEAR_BYTES, r->pieces * sizeof *slots);
	if (!slots) {
		cut_into(r, PIECES_STACK);
		slots = few;
	}
	code = reduce_slotted(r, slots, pool, user);
	if (slots != few)
		free(slots);
	return code;
}

int filch_reduce(filch_pool *pool, size_t n, const struct filch_reducer *reducer, void *ctx,
                 void *out, const struct filch_options *options)
{
	struct reduction r;

	if (!out || !reducer || !reducer->size || !reducer->body || !reducer->join)
		return FILCH_EINVAL;
	r.reducer = reducer;
	r.ctx = ctx;
	r.out = out;
	r.n = n;
	r.leaf = reducer->leaf ? reducer->leaf : default_leaf(n);
	r.leaf = r.leaf < n ? r.leaf : n + !n;
	r.leaves = parts(n, r.leaf);
	r.level = 0;
	store_relaxed(&r.failed, n); /* nobody else knows of it yet */
	if (!n)
		return reduce_nothing(&r, pool, options);
	return reduce(&r, pool, options);
}
