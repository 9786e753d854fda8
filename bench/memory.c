/* SPDX-License-Identifier: MIT */
/*
 * Question: what of loops that wait for memory?  A triad, out = in + 3 * in2, over arrays that are
 * one and a half times as large as the second-level cache of a core, so that they fit into those of
 * two cores if each of them keeps its half from call to call; over smaller and larger ones; and over
 * 240 MB, for which all cores together have only so much bandwidth.
 * Expect less than one half where the halves stay put, and whatever the machine has for the
 * largest: there no library can do much.
 */
#define _GNU_SOURCE /* for _SC_LEVEL2_CACHE_SIZE */
#include "sheet.h"

#include <unistd.h>

#define TRIAD_BYTES 24 /* of an item: two arrays read, one written */

static uint64_t second_level_bytes(void)
{
#ifdef _SC_LEVEL2_CACHE_SIZE
	const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);

	if (bytes > 0)
		return (uint64_t)bytes;
#endif
	return 1 << 20;
}

#define TRIAD(text, short_text, count, most, best)                                                 \
	{                                                                                          \
		.name = text, .head = short_text, .target = most, .beside_best = best,             \
		.ask = {.ask = WIRE_ROUND, .body = BODY_TRIAD, .n = count},                        \
	}

void memory(struct setting *s)
{
	const uint64_t items = second_level_bytes() / TRIAD_BYTES;
	const struct kind kinds[] = {
		TRIAD("triad, 1/4 of L2", "L2/4", items / 4, 0, 0),
		TRIAD("triad, 3/4 of L2", "0.75 L2", items * 3 / 4, 0, 0),
		TRIAD("triad, 1.5 L2", "1.5 L2", items * 3 / 2, s->workers == 2 ? 0.45 : 0, 0),
		TRIAD("triad, 4 L2", "4 L2", items * 4, 0, 0),
		TRIAD("triad, from memory", "memory", BENCH_ITEMS_MAX, 0, 1.0),
	};
	const struct sheet sheet =
		sheet_of(s, "memory",
	                 "memory: out = in + 3 * in2 over arrays of so many times the second-level "
	                 "cache of a core; time / serial",
	                 kinds, sizeof kinds / sizeof *kinds);

	sheet_ask(s, &sheet);
}
