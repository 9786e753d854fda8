/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H
/*
 * The programs of the contenders, and whose turn it is.  Runtimes do not share a process
 * (libgomp and libomp cannot), and a runtime whose workers spin must not disturb the next
 * one: all programs are stopped (SIGSTOP) but the one that is answering a request.
 */
#include "wire.h"

#include <sys/types.h>

struct host {
	const char *family; /* "libgomp"; the program is filch-bench-libgomp, next to the driver */
	pid_t pid;          /* 0 = not there, or lost */
	unsigned workers;
	int to, from; /* its standard input and output */
	struct wire_hello hello;
};

/* A contender somewhere. */
struct entrant {
	struct host *host;
	int index; /* or WIRE_CONTROL */
	const char *name;
};

/*
 * Whether this is filch, or the control in its program; whether it is filch; whether it is another
 * library.  filch with fixed chunks is neither.
 */
bool turns_is_own(const struct entrant *e);
bool turns_is_filch(const struct entrant *e);
bool turns_is_peer(const struct entrant *e);

/* False if there is no such program or it does not answer. */
bool turns_start(struct host *host, const char *family, unsigned workers);

/*
 * Lets the host answer.  A host that dies or does not understand is lost: this and every
 * later request counts as a wrong result.
 */
void turns_ask(struct host *host, const struct wire_request *q, struct bench_pair *out);

/* The same for the requests that are answered with q->times samples, too. */
void turns_ask_series(struct host *host, const struct wire_request *q, struct bench_pair *out,
                      struct bench_sample *samples);

/* A process that computes for ever, stopped for now; 0 if there is none.  And its turn. */
pid_t turns_burner_start(void);
void turns_burner_run(pid_t burner, bool run);
void turns_burner_end(pid_t burner);

void turns_end(struct host *host);

#endif
