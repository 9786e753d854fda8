/* SPDX-License-Identifier: MIT */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H
/* What the driver prints: a progress line on stderr, tables on stdout, records as JSON. */
#include "turns.h"

#include <stdio.h>

/* What this file was compiled by, in short and in full. */
#ifdef __clang__
#define OUTPUT_BY "clang"
#define OUTPUT_COMPILER __VERSION__
#else
#define OUTPUT_BY "gcc"
#define OUTPUT_COMPILER "gcc " __VERSION__
#endif

/* Something that only some questions ask for, such as "unfair"; without a name there is none. */
struct also {
	const char *name;
	struct bench_quartiles value;
};

enum { ALSO_MAX = 2 };

/* One result; what is zero throughout is left out, but for what is asked for specially. */
struct record {
	const char *question, *mode;
	const struct entrant *entrant;
	const char *body;
	uint64_t n;
	size_t rounds;
	struct bench_quartiles serial_ns, time_ns, ratio, extra_ns, serial_cpu_ns, cpu_ns;
	struct also also[ALSO_MAX];
	uint64_t wrong;
	const double *samples; /* single calls, if they matter */
	size_t sample_count;
};

/*
 * Where records go; without a path to a file without a name if they are kept for later,
 * and nowhere otherwise.  False if the file cannot be opened.
 */
bool output_open(const char *path, bool keep);

/* After what is in the file already. */
bool output_append(const char *path);

/* The records so far, to be read; NULL if they go nowhere. */
FILE *output_records(void);
void output_close(void);
void output_record(const struct record *r);

/* "machine, kernel, compiler, commit", for the head of a page. */
void output_head(void);

/*
 * Progress: a number of steps that lie ahead, one that is done, a line for other words, and the last
 * step, whatever was left out.
 */
void output_expect(size_t steps);
void output_step(const char *what);
void output_quiet(void);
void output_done(void);

/* A time with its unit in a few letters, such as "3.1 us"; the buffer is the caller's. */
enum { OUTPUT_TIME = 16 };
const char *output_time(char buffer[OUTPUT_TIME], double ns);

#endif
