/* SPDX-License-Identifier: MIT */
#ifndef FILCH_PLATFORM_SIMULATED_H
#define FILCH_PLATFORM_SIMULATED_H
/*
 * The duties of a machine that has no files, no terminal and no end of the process: what is read
 * there never depends on the machine that it is simulated on (docs/sim.md).  Only platform.h
 * includes it.  The linker hands what is allocated to the machine (lib/sim/meson.build).
 */
#include <stdlib.h>

static inline void *filch__alloc_bare(size_t bytes)
{
	return aligned_alloc(CACHE_LINE, bytes);
}

static inline int filch__file_open(const char *name)
{
	(void)name;
	return -1;
}

static inline size_t filch__file_read(int file, char *bytes, size_t size)
{
	(void)file, (void)bytes, (void)size;
	return 0;
}

static inline void filch__file_close(int file)
{
	(void)file;
}

static inline bool filch__stderr_is_terminal(void)
{
	return false;
}

static inline bool filch__on_exit(void (*end)(void))
{
	(void)end;
	return false;
}

#endif
