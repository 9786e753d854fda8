/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_FUZZ_TARGET_H
#define FILCH_TEST_FUZZ_TARGET_H
/*
 * What is fuzzed: calls.c, or text.c with its parts.  libFuzzer makes up the inputs, or replay.c goes
 * through those that are kept; a target ends the program if one comes to what it should not.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target; 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program unless that is so. */
#define expect(condition) ((condition) ? (void)0 : expected(__FILE__, __LINE__, #condition))

_Noreturn static inline void expected(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

#endif
