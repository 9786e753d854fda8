/* SPDX-License-Identifier: MIT */
/* How the memory of costs changes; docs/cost.md says why by these rules. */
#include "cost.h"

_Static_assert(sizeof(struct cost) == sizeof(uint64_t), "a cost is read and written as one word");
_Static_assert(COST_BUCKETS == 256, "a bucket is chosen by the top byte of the key");

/* Below this a call is too short for any decision to matter. */
#define COST_SMALL_NS 1000.0
/* Above this what a call costs when shared is as good a measure as what it costs alone. */
#define COST_LARGE_NS 50000.0
/* A total that is off by more than this factor was not foreseen. */
#define COST_OFF 8.0

struct cost_entry filch__cost_table[COST_BUCKETS][COST_WAYS];

uint64_t filch__cost_key_labelled(uintptr_t function, const char *label)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	if (!label)
		return cost_key(function);
	for (; *label; label++)
		hash = (hash ^ (unsigned char)*label) * 0x100000001b3u;
	return cost_key(function ^ (uintptr_t)hash);
}

static uint64_t cost_pack(struct cost c)
{
	union {
		struct cost cost;
		uint64_t word;
	} u = {c};

	return u.word;
}

/* The entry of the key; if there is none an empty one, or one that must give way. */
static struct cost_entry *entry_of(uint64_t key)
{
	struct cost_entry *bucket = filch__cost_table[key >> 56];
	struct cost_entry *empty = NULL;

	for (int i = 0; i < COST_WAYS; i++) {
		uint64_t there = load_relaxed(&bucket[i].key);

		if (there == key)
			return &bucket[i];
		if (!there && !empty)
			empty = &bucket[i];
	}
	return empty ? empty : &bucket[key >> 8 & (COST_WAYS - 1)];
}

static void tame(struct cost *c)
{
	if (c->wild)
		c->wild--;
}

/* Every call that is done alone makes it a little more likely that sharing is tried again. */
static uint16_t worn(uint16_t least)
{
	return least ? (uint16_t)(least - least / 1024 - 1) : 0;
}

/* A part of the way to `most`, which fits, since it is of no large call: one call that was
 * disturbed bars nothing yet. */
static uint16_t raised(uint16_t least, double most, double by)
{
	return most > least ? (uint16_t)(least + (most - least) * by + 1) : least;
}

/* What is known after `items` took `ns`, when `was` was known before. */
static struct cost learned(struct cost was, size_t items, double ns)
{
	const double expected = (double)was.ns * (double)items;
	struct cost now = was;

	now.least = worn(was.least);
	if (was.seen < COST_SURE)
		now.seen++;
	/* The first calls are cold, and the very first one was shared. */
	if (was.seen < COST_SURE && ns <= COST_OFF * (was.seen ? expected : ns)) {
		now.ns = (float)(ns / (double)items);
		return now;
	}
	/* A short call says more of the clock and of the call itself than of the item: it can only
	 * show that the item costs less. */
	if (expected < COST_SMALL_NS && ns < COST_SMALL_NS && ns > expected) {
		tame(&now);
		return now;
	}
	if (ns > COST_OFF * expected || (expected > COST_OFF * ns && expected > COST_SMALL_NS)) {
		now.wild = COST_WILD;
		now.ns = (float)(ns / (double)items);
		return now;
	}
	tame(&now);
	now.ns += ((float)(ns / (double)items) - was.ns) / 4;
	return now;
}

static struct cost recall_for(struct cost_entry *e, uint64_t key)
{
	struct cost none = {.seen = 0};

	return load_relaxed(&e->key) == key ? cost_unpack(load_relaxed(&e->cost)) : none;
}

static void write_to(struct cost_entry *e, uint64_t key, struct cost c)
{
	/* Two that write here at once, or one who reads meanwhile, may mix up two bodies for one call: a
	 * hint gone wrong. */
	store_relaxed(&e->cost, cost_pack(c));
	store_relaxed(&e->key, key);
}

void filch__cost_learn(uint64_t key, size_t items, double ns)
{
	struct cost_entry *e = entry_of(key);

	write_to(e, key, learned(recall_for(e, key), items, ns));
}

void filch__cost_learn_shared(uint64_t key, size_t items, double work_ns, double wall_ns,
                              bool helped)
{
	struct cost_entry *e = entry_of(key);
	struct cost c = recall_for(e, key);
	const double alone = (double)c.ns * (double)items;

	if (c.seen < COST_SURE || alone > COST_LARGE_NS || work_ns > COST_OFF * alone ||
	    alone > COST_OFF * work_ns) {
		write_to(e, key, learned(c, items, work_ns));
		return;
	}
	tame(&c);
	/* Sharing only ever adds to the work. */
	if (work_ns < alone)
		c.ns += ((float)(work_ns / (double)items) - c.ns) / 4;
	if (wall_ns > 0.9 * alone)
		c.least = raised(c.least, 1.25 * alone, helped ? 0.25 : 0.03);
	else if (wall_ns > 0 && wall_ns < 0.75 * alone)
		c.least = 0;
	write_to(e, key, c);
}

void filch__cost_learn_even(uint64_t key, bool even)
{
	struct cost_entry *e = entry_of(key);
	struct cost c = recall_for(e, key);

	if (!c.seen || (even && !c.uneven))
		return;
	if (even)
		c.uneven--;
	else
		c.uneven = COST_WILD;
	write_to(e, key, c);
}
