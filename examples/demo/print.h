/* SPDX-License-Identifier: MIT */
#ifndef PRINT_H
#define PRINT_H
/* Text for a terminal of 80 columns.  Plain: what is no terminal reads it just as well. */
#include <stdint.h>
#include <stdio.h>

enum { COLUMNS = 80 };

/* "12.3 us" and the like; at most 8 characters up to a day. */
void format_time(char *text, size_t bytes, uint64_t ns);

/* "933 MB" and the like. */
void format_bytes(char *text, size_t bytes, uint64_t amount);

/* A bar of up to 16 columns for a share of 0 .. 1, and the end of the line. */
void print_bar(double share);

/* Words, broken between them; `lead` stands before the first line, blanks before the others. */
void print_wrapped(const char *lead, const char *words);

/* A file's name with what would move the cursor as '?'. */
void print_name(const char *name);

#endif
