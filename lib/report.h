/* SPDX-License-Identifier: MIT */
#ifndef FILCH_REPORT_H
#define FILCH_REPORT_H
/* Saying why: reports of calls, the table at the end of the process, all settings in words. */
#include "pool.h"

/* Why a call ran as it did. */
enum why {
	WHY_PARALLEL, /* it was offered to the others */
	WHY_ONE_ITEM,
	WHY_WIDTH_1,
	WHY_MAX_WORKERS,
	WHY_TINY,     /* known to be too short */
	WHY_NO_PLACE, /* no memory, or too many callers at once */
};

extern _Atomic int filch__stats; /* 0 unknown, 1 no, 2 yes */

/* Reads the environment, once. */
bool filch__stats_read(void);

/* Whether $FILCH_STATS asks for the table. */
static inline bool stats_wanted(void)
{
	const int now = load_relaxed(&filch__stats);

	return now ? now == 2 : filch__stats_read();
}

/* Fills in what the loop knows; idle is the pool's, or NULL. */
void filch__report_fill(struct filch_report *r, struct loop *loop, struct idle *idle, enum why why,
                        uint64_t wall_ns);

/* Adds a call to its line in the table. */
void filch__stats_add(const char *label, uintptr_t function, const struct filch_report *r);

#endif
