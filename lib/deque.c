/* SPDX-License-Identifier: MIT */
/* The deque's life and growth; what is hot stands in deque.h.  docs/deque.md has the proof. */
#include "deque.h"

#include <stdlib.h>

/* More chunks than this wait in no deque of a sane program: each level of nesting adds two. */
enum { DEQUE_SLOTS_MAX = 1 << 28 };

void filch__deque_init(struct deque *d, uint64_t first)
{
	atomic_init(&d->top, first);
	atomic_init(&d->bottom, first);
	atomic_init(&d->buffer, NULL);
}

void filch__deque_finish(struct deque *d)
{
	struct deque_buffer *b = load_relaxed(&d->buffer);

	while (b) {
		struct deque_buffer *older = b->older;

		free(b);
		b = older;
	}
	store_relaxed(&d->buffer, NULL);
}

static struct deque_buffer *buffer_create(uint64_t slots)
{
	struct deque_buffer *b;

	if (slots > DEQUE_SLOTS_MAX)
		return NULL;
	b = calloc(1, sizeof *b + (size_t)slots * sizeof b->slot[0]);
	if (b)
		b->mask = slots - 1;
	return b;
}

bool filch__deque_grow(struct deque *d)
{
	struct deque_buffer *old = load_relaxed(&d->buffer);
	struct deque_buffer *b = buffer_create(old ? 2 * (old->mask + 1) : DEQUE_SLOTS_MIN);
	const uint64_t bottom = load_relaxed(&d->bottom);

	if (!b)
		return false;
	b->older = old;
	/* Whatever a thief takes meanwhile is copied for nothing: its ticket decides. */
	if (old)
		for (uint64_t i = load_relaxed(&d->top); i != bottom; i++)
			deque_slot_write(b, i, deque_slot_read(old, i));
	/* release: pairs with the acquire in deque_peek(): who sees the buffer sees its slots.
	 * The old one stays as it is, and stays valid for those who saw that. */
	store_release(&d->buffer, b);
	return true;
}
