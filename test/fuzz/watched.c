/* SPDX-License-Identifier: MIT */
/*
 * calls.c by libFuzzer, and the edges that a program takes, counted here and not by the fuzzer's own
 * counters: those are plain variables, for which simulated threads would race.
 */
#include "driver.h"

#include <string.h>

static uint32_t edges;
static bool often = true; /* how often an edge was taken counts, too */

/* What the compiler has each file and each edge call. */
void __sanitizer_cov_trace_pc_guard_init(uint32_t *begin, uint32_t *end);
void __sanitizer_cov_trace_pc_guard(const uint32_t *edge);

/* For each file that is watched: numbers its edges, from 1 on. */
void __sanitizer_cov_trace_pc_guard_init(uint32_t *begin, uint32_t *end)
{
	if (begin == end || *begin)
		return;
	while (begin < end)
		*begin++ = ++edges % EDGES;
}

void __sanitizer_cov_trace_pc_guard(const uint32_t *edge)
{
	uint8_t *count = &fuzz_counters()[*edge];

	*count = often ? (uint8_t)(*count + 1) : 1;
}

/* For what is kept in the tree it is enough that an edge is taken: that is a tenth as many files. */
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		often = often && !strstr(argv[i], "-merge_inner");
	return fuzz_run(argc, argv, LLVMFuzzerTestOneInput);
}
