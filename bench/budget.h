/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BUDGET_H
#define BENCH_BUDGET_H
/*
 * How long a run may take.  Each question has a share of the time, and goes on round by round while
 * some of that is left, peers until two thirds of it are over.  One round of each question everybody
 * has, but when the time of the whole run is over filch alone.  Where no time was set there is no end.
 */
#include "turns.h"

/* From now on so much time, for so many shares in all. */
void budget_begin(uint64_t ns, unsigned shares);

/* A question with so many of them comes next. */
void budget_next(unsigned shares);

/* Whether there is time for this round of his. */
bool budget_allows(const struct entrant *e, unsigned round);

#endif
