/* SPDX-License-Identifier: MIT */
/* The deque's life and growth; what is hot stands in deque.h.  docs/deque.md has the proof. */
#include "deque.h"

#include "platform.h"

_Static_assert(offsetof(struct deque, top_seen) - offsetof(struct deque, bottom) == CACHE_LINE,
               "bottom, buffer and the first slots share what is fetched together");
_Static_assert(offsetof(struct deque, inside) % (DEQUE_POWER_MASK + 1) == 0 &&
                       CACHE_LINE % (DEQUE_POWER_MASK + 1) == 0,
               "a pointer to slots has room for the power");

void filch__deque_init(struct deque *d, uint64_t first)
{
	atomic_init(&d->top, first);
	atomic_init(&d->bottom, first);
	atomic_init(&d->buffer, (uintptr_t)d->inside | 1);
	d->top_seen = first;
	for (int i = 0; i <= DEQUE_POWER_MAX; i++)
		d->outgrown[i] = NULL;
}

void filch__deque_finish(struct deque *d)
{
	for (int i = 0; i <= DEQUE_POWER_MAX; i++)
		filch__free(d->outgrown[i]);
}

/*
 * Old buffers stay valid for thieves that found them; together they are a third of the
 * newest one.  More chunks than fit the largest wait in no sane program: each level of
 * nesting adds two.
 */
bool filch__deque_grow(struct deque *d)
{
	const uintptr_t old = load_relaxed(&d->buffer);
	const uint64_t bottom = load_relaxed(&d->bottom);
	const unsigned power = (unsigned)(old & DEQUE_POWER_MASK) + 1;
	struct deque_slot *slots;
	uintptr_t new;

	if (power > DEQUE_POWER_MAX)
		return false;
	slots = filch__alloc_bare(((size_t)1 << 2 * power) * sizeof *slots);
	if (!slots)
		return false;
	d->outgrown[power] = slots; /* freed with the deque, like those before it */
	new = (uintptr_t)slots | power;
	/* Whatever a thief takes meanwhile is copied for nothing: its ticket decides. */
	for (uint64_t i = load_relaxed(&d->top); i != bottom; i++)
		deque_slot_write(new, i, deque_slot_read(old, i));
	/* release: pairs with the acquire in deque_peek(): who sees the buffer sees its slots. */
	store_release(&d->buffer, new);
	return true;
}
