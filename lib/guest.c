/* SPDX-License-Identifier: MIT */
/* How outside threads come into a pool, and leave it; docs/pool.md. */
#include "pool.h"

#define FREE 0u
#define TAKEN 1u
#define TAKEN_AWAITED 2u /* somebody sleeps until the guest leaves */

PLATFORM_THREAD_LOCAL struct entry *filch__entry;

/* ---- places ------------------------------------------------------------------------------- */

/* Threads are spread over the places, each always tries its own first. */
static unsigned first_place(void)
{
	static _Atomic unsigned threads = (unsigned)COUNTS_FROM;
	static PLATFORM_THREAD_LOCAL unsigned place; /* one more than it, 0 = none yet */

	if (!place)
		place = 1 + fetch_add_relaxed(&threads, 1) % GUESTS_MAX;
	return place - 1;
}

static struct worker *guest_create(struct filch_pool *pool, unsigned i)
{
	struct crew *crew = &pool->crew;
	struct worker *g;

	lock_take(&pool->starting);
	g = load_relaxed(&crew->guest[i]);
	if (!g && (g = filch__alloc(sizeof *g))) {
		filch__worker_init(g, crew, 0);
		/* seq_cst, both: pair with the loads in filch__find() and victim(): who sees what the guest
		 * will push sees the guest.  The release part pairs with the acquire in guest_take(). */
		store_seq_cst(&crew->guest[i], g);
		if (load_relaxed(&crew->guests_used) <= i)
			store_seq_cst(&crew->guests_used, i + 1);
	}
	lock_release(&pool->starting);
	return g;
}

static struct worker *guest_take(struct filch_pool *pool)
{
	const unsigned first = first_place();

	for (unsigned k = 0; k < GUESTS_MAX; k++) {
		const unsigned i = (first + k) % GUESTS_MAX;
		uint32_t state = FREE;
		/* acquire: pairs with the release in guest_create(). */
		struct worker *g = load_acquire(&pool->crew.guest[i]);

		if (!g && !(g = guest_create(pool, i)))
			return NULL;
		/* seq_cst: with the load of closing that follows it pairs with await_guest(); its
		 * acquire part pairs with the release in filch__pool_leave(). */
		if (cas_seq_cst(&g->taken, &state, TAKEN))
			return g;
	}
	return NULL;
}

/* ---- coming and going --------------------------------------------------------------------- */

/* The worker that the thread is in the pool, wherever on its stack. */
static struct worker *worker_in(const struct filch_pool *pool)
{
	for (struct entry *e = filch__entry; e; e = e->outer)
		if (e->pool == pool && e->worker)
			return e->worker;
	return NULL;
}

struct worker *filch__pool_enter(struct filch_pool *pool, struct entry *e)
{
	*e = (struct entry){.pool = pool, .worker = worker_in(pool), .outer = filch__entry};
	if (!e->worker) {
		e->worker = guest_take(pool);
		e->guest = true;
	}
	if (!e->worker)
		return NULL;
	filch__entry = e;
	/* seq_cst: pairs with the store in filch_pool_destroy(), at_exit(). */
	if (e->guest && load_seq_cst(&pool->crew.closing)) {
		filch__pool_leave(e);
		return NULL;
	}
	return e->worker;
}

void filch__pool_leave(struct entry *e)
{
	filch__entry = e->outer;
	/* seq_cst: its release part pairs with the acquire part of the CAS in guest_take(): the
	 * next guest finds the place as we leave it; and with await_guest().  The pool may be
	 * gone from here on. */
	if (e->guest && exchange_seq_cst(&e->worker->taken, FREE) == TAKEN_AWAITED)
		filch__wake(&e->worker->taken);
}

bool filch__pool_holds_caller(const struct filch_pool *pool)
{
	struct entry *e = filch__entry;

	while (e && e->pool != pool)
		e = e->outer;
	return e;
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Waits until nobody is in the i-th place. */
static void await_guest(struct crew *crew, unsigned i)
{
	/* seq_cst: pairs with the store in guest_create(), which the guest makes before it looks whether
	 * the pool closes. */
	struct worker *g = load_seq_cst(&crew->guest[i]);
	uint32_t taken;

	/* seq_cst, both: pair with the CAS and the load of closing in filch__pool_enter(): a guest
	 * sees that the pool closes, or we see the guest.  The acquire part of the load pairs with
	 * the exchange in filch__pool_leave(): what the guest did is done. */
	while (g && (taken = load_seq_cst(&g->taken)) != FREE)
		if (taken == TAKEN_AWAITED || cas_seq_cst(&g->taken, &taken, TAKEN_AWAITED))
			filch__wait(&g->taken, TAKEN_AWAITED, 0);
}

void filch__guests_await(struct crew *crew)
{
	for (unsigned i = 0; i < GUESTS_MAX; i++)
		await_guest(crew, i);
}

bool filch__guests_any(struct crew *crew)
{
	for (unsigned i = 0; i < GUESTS_MAX; i++) {
		/* seq_cst: pairs with the store in guest_create(), as in await_guest(). */
		struct worker *g = load_seq_cst(&crew->guest[i]);

		/* seq_cst: pairs with the CAS in guest_take(). */
		if (g && load_seq_cst(&g->taken) != FREE)
			return true;
	}
	return false;
}
