/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SIM_SCHEDULE_H
#define FILCH_SIM_SCHEDULE_H
/* What schedule.c and trail.c share: all that was chosen in a run. */
#include "sim.h"

struct choice {
	uint8_t why;
	uint8_t of; /* where all orders are tried: the first so many */
	uint8_t chosen;
	uint8_t spent; /* preemptions before it */
};

enum replay { RUN_FRESH, RUN_AGAIN, RUN_PREFIX };

/* What became of a fork's child, for its parent. */
struct verdict {
	bool ended, failed;
	const void *who[2];
	char message[SIM_MESSAGE];
};

/* Shared with the child of a fork, who goes on with it. */
struct schedule {
	size_t length, prefix; /* what is kept of the last run's */
	enum replay replay;
	enum filch_sim_order order;
	unsigned depth, spent;
	bool free;        /* to choose another thread now is no preemption */
	size_t asked;     /* what the program has chosen itself, so often */
	uint64_t random;  /* state of filch__sim_random() */
	uint64_t likely;  /* a random choice is another one once in so many times */
	int64_t lowest;   /* priority */
	uint64_t usual;   /* steps of a run, about; of no run of this session: 0 = not known */
	uint64_t drop[8]; /* steps at which the priority of who runs drops */
	uint64_t sum;     /* of all that happened in this run: filch__schedule_note() */
	size_t found;     /* what was special in the run that failed, before it was made shorter */
	struct choice trail[SIM_TRAIL], best[SIM_TRAIL];
	size_t best_length;
	struct verdict verdict;
};

#endif
