/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_FUZZ_TEXT_H
#define FILCH_TEST_FUZZ_TEXT_H
/* The kinds of text.c, each about one thing that the library reads and others have written. */
#include "target.h"

struct bytes {
	const uint8_t *at;
	size_t left;
};

/* The next one, 0 if there is none. */
static inline uint8_t next_byte(struct bytes *b)
{
	if (!b->left)
		return 0;
	b->left--;
	return *b->at++;
}

/* So many bytes, zeros where there are no more. */
void next_bytes(struct bytes *b, void *out, size_t size);

/* What is left as a string of its own, to be freed. */
char *rest_as_string(struct bytes *b);

/* text_machine.c */
void fuzz_machine(struct bytes *b); /* cgroups, mounts and quotas, of any kind */
void fuzz_quota(struct bytes *b);   /* cpu.max alone, and what it means */

/* text_options.c */
void fuzz_call_options(struct bytes *b);
void fuzz_pool_options(struct bytes *b);

#endif
