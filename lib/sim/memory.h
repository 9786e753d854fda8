/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SIM_MEMORY_H
#define FILCH_SIM_MEMORY_H
/* What memory.c, which knows what loads may see, and races.c share. */
#include "sim.h"

enum {
	STORES = 6, /* of a variable, the last ones */
	CELLS = 4,  /* of eight bytes, the last accesses */
	GRANULE_BITS = 17,
	GRANULES = 1 << GRANULE_BITS,
	PLACES = 1 << 13, /* variables */
	STACKED = 256,    /* of them on one stack */
	STALE_MOST = 6    /* loads in a row by one thread that do not see the newest */
};

struct store {
	uint64_t value;
	struct clock message;       /* what is known to who acquires it */
	uint32_t seen[SIM_THREADS]; /* by each thread at this step; 0: not */
	uint32_t order;             /* among the seq_cst ones, from 1 on */
	bool changes; /* a read-modify-write: nothing comes between it and the one before */
	uint8_t by;   /* who made it, plus one; 0: it was there before */
};

/* An atomic variable. */
struct place {
	uintptr_t address;
	unsigned bytes;
	/* In the order in which all see them: store[stores - 1] is the newest; 0: it begins with what
	 * is there. */
	unsigned stores;
	unsigned next; /* of the same granule, plus one */
	bool stacked;
	unsigned stale[SIM_THREADS];
	struct store store[STORES];
};

struct cell {
	uint32_t step; /* 0: none */
	uint8_t thread, mask;
	bool writes, atomic;
	const void *who;
};

struct granule {
	uintptr_t name; /* address / 8 */
	uint32_t run;   /* of another run it is empty */
	unsigned place; /* plus one */
	unsigned turn;
	struct cell cell[CELLS];
};

struct memory {
	uint32_t run, places;
	uint32_t order;     /* seq_cst stores so far */
	struct clock fence; /* what seq_cst fences know of each other */
	unsigned granules;
	/* Variables on each stack, the innermost last. */
	unsigned stacked[SIM_THREADS][STACKED], stacks[SIM_THREADS];
	struct granule granule[GRANULES];
	struct place place[PLACES];
};

/* The eight bytes around p; NULL if nobody has used them yet. */
struct granule *filch__granule_of(const volatile void *p);
struct granule *filch__granule_if_any(const volatile void *p);

/* What stood on the stack of who runs now, and is no longer there, may begin anew. */
void filch__forget_popped(void);

/* Fails the run if that races with what was before. */
void filch__note_access(struct granule *g, const volatile void *p, unsigned bytes, bool writes,
                        bool atomic);

#endif
