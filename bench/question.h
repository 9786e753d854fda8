/* SPDX-License-Identifier: MIT */
#ifndef BENCH_QUESTION_H
#define BENCH_QUESTION_H
/* What every question is asked with, and the claims that its answer is held against. */
#include "output.h"

enum { HOSTS_MAX = 16, ENTRANTS_MAX = 64, CLAIMS_MAX = 256 };

enum level { QUICK, NORMAL, FULL, LEVELS };

/* A number that filch promises to stay at or below. */
struct claim {
	char text[80];
	const char *unit;
	double value, target;
};

struct setting {
	enum level level;
	unsigned workers;
	size_t host_count, entrant_count, claim_count;
	struct host hosts[HOSTS_MAX];
	struct entrant entrants[ENTRANTS_MAX]; /* the control, then filch, then the peers */
	struct claim claims[CLAIMS_MAX];
	uint32_t steps[BODIES];
	uint64_t wrong;   /* results found wrong so far, and items that did not run once */
	uint64_t counted; /* loops whose items were counted */
};

void question_claim(struct setting *s, const char *text, double value, double target,
                    const char *unit);

/*
 * Lets the contender run the loop of this request once more, with a body that counts, not timed: does
 * each item run exactly once?
 */
void question_count(struct setting *s, const struct entrant *e, const struct wire_request *request);

/*
 * The CPUs that the library of a contender uses in addition to the work of a short loop now and then:
 * as the question `idle` found, or as one round finds now.
 */
double idle_burned(struct setting *s, const struct entrant *e);

/* The questions.  Each prints its tables and adds its claims. */
void loops(struct setting *s);
void long_pauses(struct setting *s);
void doubling(struct setting *s);
void idle(struct setting *s);
void sleepers(struct setting *s);
void irregular(struct setting *s);
void nested(struct setting *s);
void memory(struct setting *s);
void reduce(struct setting *s);
void busy(struct setting *s);
void crowd(struct setting *s);
void wake(struct setting *s);
void startup(struct setting *s);
void chunks(struct setting *s);
void forks(struct setting *s);

#endif
