/* SPDX-License-Identifier: MIT */
#ifndef FILCH_DEQUE_H
#define FILCH_DEQUE_H
/*
 * One worker's open promises: a lock-free deque of chunks that grows (docs/deque.md).
 * Its owner pushes and pops at the bottom, newest first; anybody steals from the
 * top, oldest first.  Chase and Lev's algorithm, without fences and with the three
 * defects of its published C11 version mended.
 *
 *                    push, pop     peek, claim       init, finish
 *     push, pop      one owner     at the same time  never
 *     peek, claim                  at the same time  never
 *
 * Invariant: top <= bottom but for one moment in pop(); slots top .. bottom - 1 hold
 * the chunks that are promised and not taken; top never falls.  Indices are 64 bits
 * wide, compared by signed difference, and may wrap.
 */
#include "atomic.h"
#include "task.h"

#include <stdalign.h>
#include <stdint.h>

/* What a slot holds when nobody looks.  Each word is atomic since a thief may read while the
 * owner writes; it throws away what it read if its claim then fails. */
struct deque_slot {
	struct loop *_Atomic loop;
	_Atomic size_t begin, end;
};

/*
 * The slots are found through one word, a pointer and in its low bits the power of four
 * that is their number.  The first few stand right behind bottom: what a thief must fetch
 * from another core to find and read a chunk is two lines and no pointer between them.
 */
enum { DEQUE_SLOTS_INSIDE = 4, DEQUE_POWER_MAX = 14, DEQUE_POWER_MASK = 15 };

struct deque {
	alignas(CACHE_LINE) _Atomic uint64_t top;    /* advanced by whoever takes the oldest */
	alignas(CACHE_LINE) _Atomic uint64_t bottom; /* written by the owner alone */
	_Atomic uintptr_t buffer;                    /* written by the owner */
	struct deque_slot inside[DEQUE_SLOTS_INSIDE];
	alignas(CACHE_LINE) uint64_t top_seen; /* the owner's: top was at least here */
	void *outgrown[DEQUE_POWER_MAX + 1]; /* buffers that thieves may still read; the owner's */
};

/* first: where the indices start; 0 but in tests of their wrapping. */
void filch__deque_init(struct deque *d, uint64_t first);
void filch__deque_finish(struct deque *d);

/* Owner only.  False if there is no memory for more slots; nothing happened then. */
bool filch__deque_grow(struct deque *d);

static inline uint64_t deque_slots(uintptr_t buffer)
{
	return (uint64_t)1 << 2 * (buffer & DEQUE_POWER_MASK);
}

static inline struct deque_slot *deque_slot(uintptr_t buffer, uint64_t i)
{
	struct deque_slot *slots = (struct deque_slot *)(buffer & ~(uintptr_t)DEQUE_POWER_MASK);

	return &slots[i & (deque_slots(buffer) - 1)];
}

static inline void deque_slot_write(uintptr_t buffer, uint64_t i, struct chunk c)
{
	struct deque_slot *s = deque_slot(buffer, i);

	store_relaxed(&s->loop, c.loop);
	store_relaxed(&s->begin, c.range.begin);
	store_relaxed(&s->end, c.range.end);
}

static inline struct chunk deque_slot_read(uintptr_t buffer, uint64_t i)
{
	struct deque_slot *s = deque_slot(buffer, i);

	return (struct chunk){load_relaxed(&s->loop),
	                      {load_relaxed(&s->begin), load_relaxed(&s->end)}};
}

/* Owner only: where the next push goes.  A pop with this as its floor stops here. */
static inline uint64_t deque_bottom(struct deque *d)
{
	return load_relaxed(&d->bottom);
}

/* Whether nothing is there; to all but the owner a rumour, and to it true only once it is. */
static inline bool deque_is_empty(struct deque *d)
{
	return (int64_t)(load_relaxed(&d->bottom) - load_relaxed(&d->top)) <= 0;
}

/*
 * Owner only.  Pushes `count` chunks, one or two, the first as the oldest, so that thieves see
 * all of them or none.  False if there is no room and no memory for more; nothing happened then.
 */
static inline bool deque_push(struct deque *d, const struct chunk *c, unsigned count)
{
	const uint64_t bottom = load_relaxed(&d->bottom);

	if (bottom + count - d->top_seen > deque_slots(load_relaxed(&d->buffer))) {
		/* acquire: pairs with the claim in deque_claim(), which a thief makes after it has
		 * read the slot: the slots below top are read no more. */
		d->top_seen = load_acquire(&d->top);
		if (bottom + count - d->top_seen > deque_slots(load_relaxed(&d->buffer)) &&
		    !filch__deque_grow(d))
			return false;
	}
	for (unsigned i = 0; i < count; i++)
		deque_slot_write(load_relaxed(&d->buffer), bottom + i, c[i]);
	/* seq_cst: its release part pairs with the load of bottom in deque_peek(): who sees the
	 * new bottom sees the slot, the buffer, and the loop that the chunk belongs to.  The rest
	 * is for the idle room: who pushes and then sees nobody, in filch__idle_notify(), was
	 * seen by those who then went to sleep. */
	store_seq_cst(&d->bottom, bottom + count);
	return true;
}

/*
 * Owner only.  Takes the newest chunk pushed since deque_bottom() was `floor`; false if
 * there is none.  *older becomes the number of chunks that were still there below it,
 * those under the floor included; a thief may have taken some since.
 */
static inline bool deque_pop(struct deque *d, uint64_t floor, struct chunk *c, uint64_t *older)
{
	const uint64_t bottom = load_relaxed(&d->bottom) - 1;
	const uintptr_t b = load_relaxed(&d->buffer);
	uint64_t top;
	int64_t left;
	bool won;

	/* top never falls: what is known to be gone needs no line fetched from who took it. */
	if ((int64_t)(bottom - floor) < 0 || (int64_t)(bottom - load_relaxed(&d->top)) < 0)
		return false;

	/* seq_cst, both: pair with the two loads in deque_peek().  Either a thief sees that the
	 * last chunk is spoken for, or we see that its claim moved top: never neither. */
	store_seq_cst(&d->bottom, bottom);
	top = load_seq_cst(&d->top);

	left = (int64_t)(bottom - top);
	if (left > 0) {
		*c = deque_slot_read(b, bottom);
		*older = (uint64_t)left;
		return true;
	}
	won = left == 0;
	if (won) {
		*c = deque_slot_read(b, bottom);
		/* seq_cst: pairs with the claim in deque_claim(): one of us gets the last one. */
		won = cas_seq_cst(&d->top, &top, top + 1);
	}
	/* release: pairs with the load of bottom in deque_peek(), as in deque_push(): a later
	 * push does not publish on behalf of a plain store in between. */
	store_release(&d->bottom, bottom + 1);
	*older = 0;
	return won;
}

/*
 * Anybody.  Looks at the oldest chunk without taking it; false if there is none.  The
 * chunk is a rumour until deque_claim() with the same ticket succeeds: until then its loop
 * may have ended and its memory may serve another (so it must stay memory for a loop).
 */
static inline bool deque_peek(struct deque *d, struct chunk *c, uint64_t *ticket)
{
	for (;;) {
		/* seq_cst, both: pair with the store and the load in deque_pop(), and the store in
		 * deque_push().  The acquire in the load of bottom pairs with their releases. */
		const uint64_t top = load_seq_cst(&d->top);
		const uint64_t bottom = load_seq_cst(&d->bottom);

		if ((int64_t)(bottom - top) <= 0)
			return false;
		/* acquire: pairs with the release in filch__deque_grow(): the slots were copied. */
		*c = deque_slot_read(load_acquire(&d->buffer), top);
		*ticket = top;
		/* In a buffer that grew after this chunk was taken its slot was never written.  If
		 * top still is what it was when the buffer was made, the slot was copied; else
		 * somebody took one, and we look again. */
		if (load_relaxed(&d->top) == top)
			return true;
	}
}

/* Anybody.  Takes the chunk that deque_peek() saw; false if somebody else took it first. */
static inline bool deque_claim(struct deque *d, uint64_t ticket)
{
	/* seq_cst: pairs with deque_pop()'s and other thieves' CAS, one of which wins; its
	 * release part pairs with the load of top in deque_push(): we have read the slot. */
	return cas_seq_cst(&d->top, &ticket, ticket + 1);
}

#endif
