/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_STOPPING_H
#define FILCH_TEST_STOPPING_H
/*
 * Algorithms while they are stopped: by a token, a timeout, or a call around them.  Each returns
 * the code for that, or 0 and a result that is whole, also if its functions leave early when they
 * are told to stop; nothing is lost, and the next call is one like any other.
 */
#include "support.h"

#include <filch_algo.h>

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_NS = 1000000, ALL_MOST = 140000 };

/* Each of 0 .. n - 1 is there. */
static inline void expect_all(const uint32_t *x, size_t n)
{
	static bool seen[ALL_MOST];
	bool good = true; /* an assertion takes as long as a hundred of them */

	memset(seen, 0, n);
	for (size_t i = 0; i < n; i++) {
		good = good && x[i] < n && !seen[x[i]];
		seen[good ? x[i] : 0] = true;
	}
	cr_assert(good, "one of %zu is missing", n);
}

enum means { CANCELLED, TIMED, AROUND, MEANS };

/* What stops a call, and when. */
struct stop {
	enum means means;
	filch_cancel token;  /* the call's, or that of the call around it */
	atomic_size_t steps; /* left until it is stopped */
	bool polite;         /* functions leave when they are told to stop */
	uint64_t after_ns;   /* when a thread stops it, if nothing of ours is called */
};

/* A call, which checks what has come of it, and returns its code. */
typedef int call_fn(filch_pool *pool, struct stop *s, const struct filch_options *o);

struct algorithm {
	const char *name;
	call_fn *call;
	size_t steps; /* that it may be stopped at; 0: at any time */
};

static void step(struct stop *s)
{
	if (atomic_fetch_sub_explicit(&s->steps, 1, memory_order_relaxed) != 1)
		return;
	if (s->means == TIMED)
		sleep_ns(2 * LIMIT_NS);
	else
		filch_cancel_now(&s->token);
}

static void *stop_later(void *stop)
{
	struct stop *s = stop;

	sleep_ns(s->after_ns);
	filch_cancel_now(&s->token);
	return NULL;
}

/* ---- one call ------------------------------------------------------------------------------ */

struct stopped {
	const struct algorithm *a;
	filch_pool *pool;
	struct stop s;
	const struct filch_options *options;
	int code;
};

static int make_call(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct stopped *c = ctx;

	(void)begin, (void)end, (void)w;
	c->code = c->a->call(c->pool, &c->s, c->options);
	return 0;
}

/* At some time in the middle, or so late that it has ended. */
static void stop_call(struct stopped *c, uint64_t *seed)
{
	const size_t limit = c->a->steps ? LIMIT_NS : 1 + random_below(seed, 400000);
	const bool by_thread = !c->a->steps && c->s.means != TIMED;
	struct filch_options o = filch_options_init();
	pthread_t thread;

	c->s.after_ns = random_below(seed, 400000);
	atomic_store(&c->s.steps, 1 + random_below(seed, c->a->steps + 1));
	if (c->s.means == CANCELLED)
		o.cancel = &c->s.token;
	o.timeout_ns = c->s.means == TIMED ? limit : random_below(seed, 2) * 60000000000;
	c->options = c->s.means == AROUND && random_below(seed, 2) ? NULL : &o;
	if (by_thread)
		cr_assert_eq(pthread_create(&thread, NULL, stop_later, &c->s), 0);
	if (c->s.means == AROUND)
		filch_for(c->pool, 1, make_call, c, FILCH(.cancel = &c->s.token));
	else
		make_call(c, 0, 1, NULL);
	if (by_thread)
		pthread_join(thread, NULL);
}

static void stop_one(const struct algorithm *a, filch_pool *pool, unsigned round, uint64_t *seed)
{
	struct stopped c = {.a = a, .pool = pool};
	int code;

	c.s.means = (enum means)(round % MEANS);
	c.s.polite = round / MEANS % 2;
	code = c.s.means == TIMED ? FILCH_ETIMEDOUT : FILCH_ECANCELED;
	stop_call(&c, seed);
	cr_assert(c.code == 0 || c.code == code, "%s: %d", a->name, c.code);
	atomic_store(&c.s.steps, 0); /* never, from now on */
	cr_assert_eq(a->call(pool, &c.s, NULL), 0, "%s", a->name);
}

static void stop_each(const struct algorithm *algorithms, size_t n)
{
	uint64_t seed = test_seed();

	for (size_t k = 0; k + 1 < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		for (size_t i = 0; i < n; i++) {
			if (random_below(&seed, thinned()) != 0)
				continue;
			for (unsigned round = 0; round < scaled(2, 1) * 2 * MEANS; round++)
				stop_one(&algorithms[i], pool, round, &seed);
		}
		pool_close(pool);
	}
}

#endif
