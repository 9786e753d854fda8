/* SPDX-License-Identifier: MIT */
#ifndef HASHING_H
#define HASHING_H
/* What the files of the third part share: the files, their digests, and the steps in between. */
#include "digest.h"
#include "files.h"

#include <filch.h>

struct settings;

/* The error of a digest that nobody has made yet. */
enum { NOT_RUN = -1 };

struct hashing {
	struct files files;
	size_t n;                 /* the first so many files are hashed */
	struct digest *result;    /* one per file */
	struct digest *reference; /* what the serial pass found */
	size_t changed;           /* files that changed while the demo ran */
	struct queue *queue;
};

/* Before a way runs: no result is left from the last one. */
void hashing_clear(struct hashing *h);

/* For filch_map(): makes a struct digest from a path. */
int hashing_item(void *ctx, const void *in, void *out, filch_worker *w);

/*
 * Reads all files once, with a progress bar, for at most some seconds (a cold disk can
 * be slow), and drops the files that it did not reach.  It warms the page cache, so
 * that the ways measured after it see the same.  False if filch's status array is not
 * what the results say.
 */
bool hashing_read_all(struct hashing *h, const struct settings *s);

/* The serial pass that gives the reference; what it reaches in some seconds is measured. */
void hashing_make_reference(struct hashing *h, const struct settings *s);

/* Writes the reference as sha256sum(1) would; false, after a message, if that failed. */
bool hashing_write_sums(const struct hashing *h, const char *path);

#endif
