/* SPDX-License-Identifier: MIT */
/*
 * The simulator's promises about itself: a run is its seed, or its trail, and what failed is made
 * shorter.  Whether two runs were the same is told by a sum over all their steps.
 */
#define _POSIX_C_SOURCE 200809L
#include "scenario.h"
#include "sim/schedule.h"

#include <stdio.h>
#include <stdlib.h>

/* What a run was. */
struct seen {
	uint64_t sum;
	size_t length;
	bool failed;
};

/* What failed has stopped its session, and been made another: its scenario tells of it. */
static bool is_same(struct seen a, struct seen b)
{
	return (a.sum == b.sum && a.length == b.length) || a.failed || b.failed;
}

/* The last of so many runs that begin with this seed, or the one with this trail. */
static struct seen run(const struct scenario *s, uint64_t seed, uint64_t runs, const char *trail)
{
	const struct schedule *chosen;
	struct filch_sim_options o = s->options;
	bool failed;

	o.struct_size = sizeof o;
	o.quiet = true;
	o.seed = seed;
	o.runs = runs;
	o.replay = trail;
	failed = filch_sim(s->program, NULL, &o, NULL);
	chosen = filch__sim->schedule;
	return (struct seen){chosen->sum, chosen->length, failed};
}

static char *trail_now(void)
{
	const struct schedule *s = filch__sim->schedule;
	const size_t bytes = filch__schedule_print(s, NULL, 0) + 1;
	char *text = malloc(bytes);

	if (text)
		filch__schedule_print(s, text, bytes);
	return text;
}

static bool tell(const struct scenario *s, const char *what, bool fine)
{
	if (!fine)
		printf("engine: %s: %s\n", s->name, what);
	return fine;
}

/* After the runs that a session makes before it, alone, and by what was chosen in it. */
static bool is_its_seed_and_its_trail(const struct scenario *s, uint64_t seed)
{
	const struct seen last = run(s, 1, seed, NULL), alone = run(s, seed, 1, NULL);
	char *trail = trail_now();
	const struct seen again = run(s, seed + 1, 1, trail);

	free(trail);
	return tell(s, "alone it is another run", is_same(last, alone)) &&
	       tell(s, "by its trail it is another run", is_same(last, again));
}

/* A trail that fails as it was found, and one that is no longer. */
static bool fails_in_short(const struct scenario *s, uint64_t seed)
{
	struct filch_sim_options o = s->options;
	struct filch_sim_result found, again;
	bool fails = true;
	size_t special;

	o.struct_size = sizeof o;
	o.quiet = true;
	o.seed = seed;
	o.runs = 50000;
	if (!filch_sim(s->program, NULL, &o, &found))
		return tell(s, "nothing was found", false);
	special = filch__schedule_special(filch__sim->schedule);
	if (!tell(s, "it has become longer", special <= filch__sim->schedule->found))
		return false;
	/* A trail is one whoever reads it. */
	o.replay = found.order;
	for (o.order = FILCH_SIM_MIXED; fails && o.order <= FILCH_SIM_ALL; o.order++)
		fails = filch_sim(s->program, NULL, &o, &again) &&
		        filch__schedule_special(filch__sim->schedule) == special;
	return tell(s, "in short it does not fail", fails);
}

/* ---- long runs ---------------------------------------------------------------------------- */

static _Atomic unsigned place;

static void stores(void *none)
{
	(void)none;
	for (unsigned i = 0; i < 100000; i++)
		store_relaxed(&place, i);
}

static void stores_much(void *none)
{
	const unsigned t = filch_sim_thread(stores, none);

	stores(none);
	filch_sim_join(t);
	filch_sim_check(load_relaxed(&place) == 99999); /* or a compiler makes none of them */
}

/* Longer than any run is by itself, and than result.order has room for. */
static bool long_runs_are_their_trail(void)
{
	const struct scenario s = {.name = "a long run",
	                           .program = stores_much,
	                           .options = {.steps = 1000000, .order = FILCH_SIM_RANDOM}};

	return is_its_seed_and_its_trail(&s, 3) &&
	       tell(&s, "it is short", filch__sim->schedule->length > 1 << 17);
}

/* ---- all of it ------------------------------------------------------------------------------- */

enum { SHRUNK = 3 };

unsigned engine_run(const struct scenarios *const *rooms, size_t count, unsigned *tests)
{
	unsigned wrong = !long_runs_are_their_trail();
	uint64_t seed = 1;

	*tests = 1;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < rooms[i]->count; k++) {
			const struct scenario *s = &rooms[i]->scenario[k];

			for (unsigned n = 0; s->fails && n < SHRUNK; n++, ++*tests)
				wrong += !fails_in_short(s, 1 + 100 * n);
			if (s->fails)
				continue;
			wrong += !is_its_seed_and_its_trail(s, seed++);
			++*tests;
		}
	return wrong;
}
