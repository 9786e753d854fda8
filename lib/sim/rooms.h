/* SPDX-License-Identifier: MIT */
#ifndef FILCH_SIM_ROOMS_H
#define FILCH_SIM_ROOMS_H
/*
 * The library as the simulator sees it: rooms.c knows what must hold in its rooms, words.c what is
 * waited for there.
 */
#include "../pool.h"
#include "sim.h"

/* Whether the pool's memory is that of a pool, whole. */
bool filch__rooms_stand(const struct filch_pool *pool);

/* Its workers: those with threads, then guests; NULL if there is none in this place. */
unsigned filch__rooms_workers(const struct filch_pool *pool);
struct worker *filch__rooms_worker(const struct filch_pool *pool, unsigned i);

/* "pool/2", or of a guest "guest 0 of pool". */
void filch__rooms_name(const struct filch_pool *pool, unsigned i, char *text, size_t bytes);

/*
 * Each NULL, or what does not hold, though it should between any two steps; `quiet` when everybody
 * waits, so that nobody is in the middle of anything.
 */
const char *filch__deque_check(struct deque *d, bool quiet);
const char *filch__idle_check(const struct crew *crew, bool quiet);
const char *filch__tasks_check(struct worker *w, bool quiet);
const char *filch__loop_check(struct worker *w);
const char *filch__crew_check(const struct filch_pool *pool, bool quiet);

#endif
