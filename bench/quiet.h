/* SPDX-License-Identifier: MIT */
#ifndef BENCH_QUIET_H
#define BENCH_QUIET_H
/* How quiet the machine was during a run: what other processes took of it. */
#include <stdbool.h>

struct quiet {
	bool known;       /* the system tells */
	double seconds;   /* of wall time */
	double busy, own; /* CPU seconds of everybody, and of us and the programs that ended */
	double stolen;    /* CPU seconds that the hypervisor gave to other machines */
};

void quiet_begin(struct quiet *q);

/* Call it when all programs have ended: the CPUs that others used, on average. */
void quiet_print(const struct quiet *begin);

#endif
