/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer in a library of its own, and what it looks at: so its ten megabytes of global variables
 * are none that the simulator puts back before each run.
 */
#include "driver.h"

/* libFuzzer looks here after each input, at what stands in this section of its own library. */
__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[EDGES];

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *data, size_t size));

uint8_t *fuzz_counters(void)
{
	return counters;
}

int fuzz_run(int argc, char **argv, int (*target)(const uint8_t *data, size_t size))
{
	return LLVMFuzzerRunDriver(&argc, &argv, target);
}
