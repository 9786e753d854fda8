/* SPDX-License-Identifier: MIT */
/* Cutting pieces off blocks. */
#include "scratch.h"

#include "loop.h"

enum { BLOCK_LEAST = 64 * 1024, KEPT_MOST = 4 * 1024 * 1024 };

struct scratch_block {
	struct scratch_block *next;
	size_t bytes, used;
	alignas(CACHE_LINE) char memory[];
};

static struct scratch_block *block_from(struct scratch_cache *cache, size_t bytes)
{
	struct scratch_block **place = &cache->first, *b;

	while ((b = *place) && b->bytes < bytes)
		place = &b->next;
	if (b)
		*place = b->next;
	return b;
}

static struct scratch_block *block_new(size_t bytes)
{
	const size_t room = bytes > BLOCK_LEAST ? bytes : BLOCK_LEAST;
	struct scratch_block *b = filch__alloc(sizeof *b + room);

	if (b)
		b->bytes = room;
	return b;
}

void *filch_scratch(filch_worker *w, size_t bytes)
{
	struct scratch *s = &w->scratch;
	struct scratch_block *b = s->top;
	char *piece;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = bytes ? (bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1) : CACHE_LINE;
	if (!b || b->bytes - b->used < bytes) {
		b = w->cache ? block_from(w->cache, bytes) : NULL;
		if (!b)
			b = block_new(bytes);
		if (!b)
			return NULL;
		b->used = 0;
		b->next = s->top;
		s->top = b;
	}
	piece = b->memory + b->used;
	b->used += bytes;
	return piece;
}

static void block_end(struct scratch_block *b, struct scratch_cache *cache)
{
	if (cache && b->bytes <= KEPT_MOST) {
		b->next = cache->first;
		cache->first = b;
	} else {
		filch__free(b);
	}
}

static bool holds(const struct scratch_block *b, const char *piece)
{
	return (uintptr_t)piece >= (uintptr_t)b->memory &&
	       (uintptr_t)piece < (uintptr_t)b->memory + b->used;
}

void filch_scratch_back(filch_worker *w, void *piece)
{
	struct scratch_block *b;

	while (piece && (b = w->scratch.top) && !holds(b, piece)) {
		w->scratch.top = b->next;
		block_end(b, w->cache);
	}
	if (piece && w->scratch.top)
		w->scratch.top->used = (size_t)((char *)piece - w->scratch.top->memory);
}

void filch__scratch_end(struct scratch *s, struct scratch_cache *cache)
{
	while (s->top) {
		struct scratch_block *b = s->top;

		s->top = b->next;
		block_end(b, cache);
	}
}

void filch__scratch_cache_finish(struct scratch_cache *cache)
{
	while (cache->first) {
		struct scratch_block *b = cache->first;

		cache->first = b->next;
		filch__free(b);
	}
}
