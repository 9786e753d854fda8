/* SPDX-License-Identifier: MIT */
#ifndef FILCH_COST_H
#define FILCH_COST_H
/*
 * What a body costs, learned per body and remembered (docs/cost.md).  One table for
 * the process.  It holds hints, never truths: an entry may be lost, evicted, or be of
 * another body with the same hash, and then a call is slower for a moment, not wrong.
 * Any thread may recall and learn at any time.
 */
#include "atomic.h"

#include <stddef.h>
#include <stdint.h>

/* What is known of one body.  seen == 0: nothing. */
struct cost {
	float ns;       /* per item, done by one alone */
	uint16_t least; /* shorter calls have not gained when shared; in ns */
	uint8_t seen;   /* calls that were measured, up to COST_SURE */
	/* Above 0: not long ago its cost was far off what was remembered; or items of one call cost
	 * more than others. */
	uint8_t wild : 4, uneven : 4;
};

enum {
	COST_SURE = 4, /* so many calls are measured before one is taken on trust */
	COST_WILD = 8, /* so many calls must agree before a wild body is tame, or one even, again */
	COST_BUCKETS = 256,
	COST_WAYS = 4, /* entries in a bucket, which is one cache line */
};

struct cost_entry {
	_Atomic uint64_t key;  /* 0 = empty */
	_Atomic uint64_t cost; /* a struct cost */
};

extern struct cost_entry filch__cost_table[COST_BUCKETS][COST_WAYS];

/* The key of a function, or of a function under a label (NULL = none). */
uint64_t filch__cost_key_labelled(uintptr_t function, const char *label);

static inline uint64_t cost_key(uintptr_t function)
{
	return ((uint64_t)function * 0x9E3779B97F4A7C15u) | 1;
}

static inline struct cost cost_unpack(uint64_t word)
{
	union {
		uint64_t word;
		struct cost cost;
	} u = {word};

	return u.cost;
}

static inline struct cost cost_recall(uint64_t key)
{
	struct cost_entry *bucket = filch__cost_table[key >> 56];

	for (int i = 0; i < COST_WAYS; i++)
		/* Relaxed: the cost may be of the key that was there before, a hint gone wrong. */
		if (load_relaxed(&bucket[i].key) == key)
			return cost_unpack(load_relaxed(&bucket[i].cost));
	return (struct cost){.seen = 0};
}

/* Whether it may be taken on trust. */
static inline bool cost_is_sure(struct cost c)
{
	return c.seen >= COST_SURE && !c.wild;
}

/* Whether what is left of a call may be taken to cost what has been run of it. */
static inline bool cost_is_even(struct cost c)
{
	return cost_is_sure(c) && !c.uneven;
}

/* How long a call must be for sharing it to pay, by what is known of this body. */
static inline double cost_least_ns(struct cost c)
{
	return c.least;
}

/* `items` > 0 items of the body took `ns` together, done by one alone. */
void filch__cost_learn(uint64_t key, size_t items, double ns);

/*
 * The same when several took part.  Then the work may have taken longer than alone, by what
 * the caches passed to and fro; a short call tells by wall_ns (0 = not known) if it paid.  Less
 * so if nobody came and `helped`: he may be on his way.
 */
void filch__cost_learn_shared(uint64_t key, size_t items, double work_ns, double wall_ns,
                              bool helped);

/* Parts of one call cost the same, item for item, or they did not. */
void filch__cost_learn_even(uint64_t key, bool even);

#endif
