/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_ANY_H
#define FILCH_TEST_ANY_H
/*
 * Programs that are made up of what filch_sim_choose() answers: by a seed in the scenarios of any.c, by
 * the bytes of a fuzzer in test/fuzz.
 */
#include "scenario.h"

/* The program: two threads, one pool or two, calls of every kind in each other. */
void any_calls_come_to_what_they_should(void *arg);

/* One of the pools, as is chosen. */
filch_pool *any_pool(void);

enum { FEW = 12 };

/* What may stop an algorithm in the middle: nothing, its token, time, a call around it. */
enum means { NOTHING, TOKEN, TIME, AROUND };

struct stop {
	enum means means;
	filch_cancel token; /* the call's, or that of the one around it */
	bool leaves;        /* bodies return early when they are told to stop */
};

/* What the bodies of one call share. */
struct job {
	unsigned n, fails_at, pattern;
	struct stop *stop;
	unsigned stops_at; /* the item that cancels, n: none */
};

/* Some number for each item, from what was chosen. */
static inline uint32_t number(const struct job *j, size_t i)
{
	const uint32_t mixed = (uint32_t)(i + 1) * (2 * j->pattern + 1) * 0x9E3779B9u;

	switch (j->pattern % 4) {
	case 0:
		return (uint32_t)i;
	case 1:
		return mixed >> 28;
	case 2:
		return j->n - (uint32_t)i;
	default:
		return mixed;
	}
}

static inline struct job any_job(struct stop *s, unsigned n)
{
	return (struct job){.n = n,
	                    .fails_at = filch_sim_choose(3) ? n : filch_sim_choose(n + 1),
	                    .pattern = filch_sim_choose(64),
	                    .stop = s,
	                    .stops_at = s->means ? filch_sim_choose(n + 1) : n};
}

/* The item may be the one that stops the call. */
static inline void touch(const struct job *j, size_t i)
{
	if (i == j->stops_at && j->stop->means != TIME)
		filch_cancel_now(&j->stop->token);
}

/* The same; whether it and the rest of the range are to be left as they are. */
static inline bool is_left(const struct job *j, size_t i, const filch_worker *w)
{
	touch(j, i);
	return j->stop->leaves && filch_stopping(w);
}

/* Whether the code says that the call was stopped, and it may have been. */
static inline bool is_stopped(const struct stop *s, int code)
{
	switch (s->means) {
	case NOTHING:
		return false;
	case TIME:
		return code == FILCH_ETIMEDOUT;
	default:
		return code == FILCH_ECANCELED;
	}
}

/* With what stops the call; NULL if there is nothing to be said. */
static inline const struct filch_options *stop_options(struct stop *s, struct filch_options *o)
{
	if (s->means == TOKEN)
		o->cancel = &s->token;
	if (s->means == TIME)
		o->timeout_ns = 1 + 1000 * filch_sim_choose(40);
	return s->means == TOKEN || s->means == TIME || filch_sim_choose(2) ? o : NULL;
}

/* For calls that take no chunk. */
static inline const struct filch_options *few_options(struct stop *s, struct filch_options *o)
{
	*o = filch_options_init();
	o->max_workers = filch_sim_choose(4);
	return stop_options(s, o);
}

static inline const struct filch_options *any_options(struct stop *s, struct filch_options *o)
{
	*o = filch_options_init();
	o->chunk = filch_sim_choose(3);
	o->max_workers = filch_sim_choose(4);
	return stop_options(s, o);
}

/* The lowest item of the range that fails, or its end. */
static inline size_t failure(const struct job *j, size_t begin, size_t end)
{
	return j->fails_at >= end ? end : j->fails_at > begin ? j->fails_at : begin;
}

static inline int fail_from(const struct job *j, size_t begin, size_t end, filch_worker *w)
{
	const size_t i = failure(j, begin, end);

	return i < end ? filch_fail(w, i, (int)i + 1) : 0;
}

/* Whether that is what a loop over the items returns; if it was stopped, the code of any that failed. */
static inline bool is_code(const struct job *j, int code)
{
	if (is_stopped(j->stop, code))
		return true;
	if (j->stop->means && code > 0)
		return (unsigned)code > j->fails_at && (unsigned)code <= j->n;
	return code == (j->fails_at < j->n ? (int)j->fails_at + 1 : 0);
}

/* One of the calls of any_sort.c, any_pick.c, any_numbers.c. */
void sort_any(struct stop *s);
void pick_any(struct stop *s);
void add_any(struct stop *s);

/* any_algorithm.c: a call of some algorithm, which must come to what the serial form does. */
void make_any_algorithm(void);

#endif
