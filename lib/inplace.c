/* SPDX-License-Identifier: MIT */
/* Running a body where the caller stands; docs/loop.md. */
#include "inplace.h"

static PLATFORM_THREAD_LOCAL uint32_t samples;

struct visit *filch__visit_in(const struct entry *e)
{
	while (e && !(e->worker && e->worker->visit))
		e = e->outer;
	return e ? e->worker->visit : NULL;
}

/* As what a body runs that is called right here, by a call made inside another one. */
PLATFORM_NOINLINE static struct filch_worker handle_inside(const struct filch_pool *pool,
                                                           const struct entry *outer)
{
	struct filch_worker h = {.tasks = &filch__tasks_alone, .failed = SIZE_MAX};
	struct visit *around = filch__visit_in(outer);

	if (around) {
		h.tasks = around->handle.tasks;
		h.loop = around->handle.loop;
		h.begin = around->handle.begin;
	}
	if (!pool)
		pool = pool_default_if_any();
	for (const struct entry *e = filch__entry; e; e = e->outer)
		if (e->pool == pool && e->worker) {
			h.id = e->worker->id;
			break;
		}
	return h;
}

/* The same by a call made in `outer`: as the worker that the thread is already. */
static inline struct filch_worker handle_here(const struct filch_pool *pool,
                                              const struct entry *outer)
{
	/* From outside of all: what a guest is, too. */
	return outer ? handle_inside(pool, outer)
	             : (struct filch_worker){.tasks = &filch__tasks_alone, .failed = SIZE_MAX};
}

static inline int run_body_here(filch_body *body, void *ctx, size_t begin, size_t end,
                                struct filch_worker *h)
{
	const int code = body(ctx, begin, end, h);

	if (h->scratch.top)
		filch__scratch_end(&h->scratch, NULL);
	return code;
}

PLATFORM_NOINLINE static int run_clocked(size_t n, filch_body *body, void *ctx, uint64_t key,
                                         struct filch_worker *h)
{
	const uint64_t begin = platform_ticks();
	const int code = run_body_here(body, ctx, 0, n, h);

	if (!code)
		filch__cost_learn(key, n, platform_ns(platform_ticks() - begin));
	return code;
}

PLATFORM_HOT int filch__run_unclocked(const struct filch_pool *pool, const struct entry *outer,
                                      size_t n, filch_body *body, void *ctx, uint64_t key)
{
	struct filch_worker h = handle_here(pool, outer);

	samples = samples * 1664525 + 1013904223; /* by chance: calls may come in a rhythm */
	if (samples >> 28 || n == 1)
		return run_body_here(body, ctx, 0, n, &h);
	return run_clocked(n, body, ctx, key, &h);
}

bool filch__run_watched(struct call *c, uint64_t begin, int *code)
{
	const size_t probe = c->n / 8 ? chunk_round(c->n / 8) : 1;
	const double expected = (double)c->cost.ns * (double)probe;
	struct filch_worker h = handle_here(c->pool, c->outer);
	uint64_t now;

	*code = run_body_here(c->body, c->ctx, 0, probe, &h);
	if (*code || probe == c->n)
		return true;
	now = platform_ticks();
	c->done = probe;
	if (platform_ns(now - begin) > 4 * expected + UNCLOCKED_NS) {
		c->cost.ns = (float)(platform_ns(now - begin) / (double)probe);
		return false;
	}
	*code = run_body_here(c->body, c->ctx, probe, c->n, &h);
	if (!*code)
		filch__cost_learn(c->key, c->n, platform_ns(platform_ticks() - begin));
	return true;
}
