/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_FUZZ_DRIVER_H
#define FILCH_TEST_FUZZ_DRIVER_H
#include "target.h"

enum { EDGES = 1 << 14 };

/* How often each edge was taken, for libFuzzer; all of them 0 before an input. */
uint8_t *fuzz_counters(void);

/* The main() of libFuzzer. */
int fuzz_run(int argc, char **argv, int (*target)(const uint8_t *data, size_t size));

#endif
