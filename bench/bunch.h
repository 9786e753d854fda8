/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BUNCH_H
#define BENCH_BUNCH_H
/* Calls that count one by one, gathered over all rounds: their mean and their slowest. */
#include "question.h"

enum { BUNCH_MAX = 4096 };

struct bunch {
	double serial[BUNCH_MAX], time[BUNCH_MAX];
	size_t count, rounds;
	uint64_t wrong;
};

/* One round: the request is one that is answered with samples, but for contender and chains. */
void bunch_round(struct setting *s, const struct entrant *e, const struct wire_request *request,
                 struct bunch *b);

double bunch_mean(const double *values, size_t count);
/* The value that a share of them stays below.  Sorts them. */
double bunch_quantile(double *values, size_t count, double share);

/* A record of it, with its samples; sorts them. */
void bunch_record(struct bunch *b, const char *question, const char *mode, const char *name,
                  const struct entrant *e, uint64_t n);

#endif
