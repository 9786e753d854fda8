/* SPDX-License-Identifier: MIT */
#ifndef BENCH_AGAINST_H
#define BENCH_AGAINST_H
/*
 * This run beside an earlier one: the records that both have, and how their ratios to the
 * serial loop have changed.  Needs Jansson; without it there is nothing to open.
 */
#include <stdbool.h>
#include <stdio.h>

struct against;

/* The records of an earlier run.  NULL, and it said why on stderr, if there are none. */
struct against *against_open(const char *path);

/* Reads the records of this run from its start and prints what changed.  False if it cannot. */
bool against_print(struct against *earlier, FILE *records);

/* NULL is fine. */
void against_close(struct against *earlier);

#endif
