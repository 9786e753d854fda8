/* SPDX-License-Identifier: MIT */
#ifndef DIGEST_H
#define DIGEST_H
/* The SHA-256 of one file, and how to tell a wrong digest from a file that changed. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { DIGEST_BYTES = 32 };

struct digest {
	int error; /* an errno, or 0 */
	uint64_t bytes;
	ino_t inode; /* with `changed`, which version of the file this is about */
	struct timespec changed;
	uint8_t sum[DIGEST_BYTES];
};

/*
 * Digests a regular file; returns digest->error.  EINVAL: it is no regular file (any
 * more), EBUSY: somebody wrote to it meanwhile.
 */
int digest_file(struct digest *digest, const char *path);

/* The same, bit by bit. */
bool digest_equal(const struct digest *a, const struct digest *b);

/* Whether both are about the same version of the file. */
bool digest_same_file(const struct digest *a, const struct digest *b);

#endif
