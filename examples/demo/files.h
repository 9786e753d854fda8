/* SPDX-License-Identifier: MIT */
#ifndef FILES_H
#define FILES_H
/* The regular files below some directories, in the order of their names. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A larger file would be most of the demo's minute. */
#define FILE_BYTES_MAX (UINT64_C(64) << 20)

struct files {
	char **path; /* n of them */
	size_t n;
	size_t room;
	size_t too_large;  /* left out for FILE_BYTES_MAX */
	size_t unreadable; /* directories that could not be opened */
};

/*
 * Fills *f, which files_free() empties.  Links are not followed (but the directories
 * given may be links), other file systems not entered.  0 or an errno, which is about
 * memory or about the directory given.
 */
int files_add(struct files *f, const char *dir);
void files_sort(struct files *f);
void files_free(struct files *f);

#endif
