/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BUNCH_H
#define BENCH_BUNCH_H
/*
 * Calls that count one by one, gathered over all rounds: their mean and their slowest.  What each
 * round by itself came to says how far the rounds agree.
 */
#include "question.h"

enum { BUNCH_MAX = 4096, BUNCH_ROUNDS_MAX = 64 };

/* By round: the medians, what one call in twenty exceeds, and the ratio of the means. */
struct bunch_rounds {
	double serial[BUNCH_ROUNDS_MAX], time[BUNCH_ROUNDS_MAX], slow[BUNCH_ROUNDS_MAX];
	double ratio[BUNCH_ROUNDS_MAX];
};

struct bunch {
	double serial[BUNCH_MAX], time[BUNCH_MAX];
	size_t count, rounds;
	struct bunch_rounds by_round;
	uint64_t wrong;
};

/* One round: the request is one that is answered with samples, but for contender and chains. */
void bunch_round(struct setting *s, const struct entrant *e, const struct wire_request *request,
                 struct bunch *b);

double bunch_mean(const double *values, size_t count);
/* The value that a share of them stays below.  Sorts them. */
double bunch_quantile(double *values, size_t count, double share);

/* What one call in twenty exceeds, over all rounds, and between which the rounds lie. */
struct bench_quartiles bunch_slow(struct bunch *b);

/*
 * Adds rounds, times and samples to a record that says what it is of, and writes it; sorts them.  The
 * ratio is one of means, since what is lost now and then counts, too.
 */
void bunch_record(struct bunch *b, struct record *r);

#endif
