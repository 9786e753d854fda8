/* SPDX-License-Identifier: MIT */
/* Sleeping and waking; the protocol, drawn and proved, is in docs/idle.md. */
#include "idle.h"

/* What to believe before it was measured: by how long the sleeper has slept. */
static const double depth_ns[DEPTHS - 1] = {1e5, 1e6, 1e7};
static const float wake_ns_first[DEPTHS] = {4e3f, 8e3f, 10e3f, 12e3f};
static const float latency_ns_first[DEPTHS] = {15e3f, 30e3f, 50e3f, 80e3f};

#define LATENCY_NS_LEAST 5000.0f
#define PATIENCE_LEAST 0.25f
#define HANDOVER_NS_FIRST 200.0f
#define HANDOVER_NS_MOST 2000.0
#define SPIN_NS_LEAST 20000.0
#define SPIN_NS_MOST 200000.0
#define SPIN_DEPTH 2 /* a worker spins as long as waking it from this depth would take */

#define ASLEEP ((uint64_t)1)
#define SEARCHING ((uint64_t)1 << 32)

static unsigned asleep_in(uint64_t state)
{
	return (unsigned)state;
}

static unsigned searching_in(uint64_t state)
{
	return (unsigned)(state >> 32);
}

void filch__idle_init(struct idle *idle, struct sleeper **sleeper, unsigned sleepers, unsigned cpus,
                      uint64_t spin_ns)
{
	idle->sleeper = sleeper;
	idle->sleepers = sleepers;
	idle->searchers_max = idle_most_searchers(sleepers, cpus);
	idle->wanted_max = cpus / 2 ? cpus / 2 : 1;
	idle->cpus = cpus;
	idle->roomy = sleepers < cpus;
	idle->narrow = sleepers <= NARROW_MOST;
	idle->spin_ns = spin_ns;
	for (int i = 0; i < DEPTHS; i++) {
		store_relaxed(&idle->wake_ns[i], wake_ns_first[i]);
		store_relaxed(&idle->latency_ns[i], latency_ns_first[i]);
	}
	store_relaxed(&idle->handover_ns, HANDOVER_NS_FIRST);
	store_relaxed(&idle->patience, 1.0f);
}

uint64_t filch__idle_spin_ns(struct idle *idle)
{
	double ns = load_relaxed(&idle->wake_ns[SPIN_DEPTH]) +
	            load_relaxed(&idle->latency_ns[SPIN_DEPTH]);

	if (idle->spin_ns)
		return idle->spin_ns;
	ns = ns < SPIN_NS_LEAST ? SPIN_NS_LEAST : ns > SPIN_NS_MOST ? SPIN_NS_MOST : ns;
	return (uint64_t)ns;
}

static double break_even_ns(struct idle *idle, int depth)
{
	return idle_break_even(load_relaxed(&idle->latency_ns[depth]),
	                       load_relaxed(&idle->wake_ns[depth]));
}

static int depth_of(uint64_t ticks)
{
	const double ns =
		(int64_t)ticks > 0 ? platform_ns(ticks) : 0; /* clocks were read in turn */
	int depth = 0;

	while (depth < DEPTHS - 1 && ns > depth_ns[depth])
		depth++;
	return depth;
}

static int depth_now(struct idle *idle, uint64_t now)
{
	return depth_of(now - load_relaxed(&idle->last_sleep));
}

double filch__idle_break_even_ns(struct idle *idle)
{
	return break_even_ns(idle, depth_now(idle, platform_ticks()));
}

/* One wake-up that was held up for ever so long must not stop us from waking for good. */
bool filch__idle_wake_pays(struct idle *idle, double alone_ns, uint64_t now)
{
	const int depth = depth_now(idle, now);
	const float latency = load_relaxed(&idle->latency_ns[depth]);

	if (alone_ns > break_even_ns(idle, depth))
		return true;
	if (alone_ns > latency_ns_first[depth] && latency > latency_ns_first[depth])
		store_relaxed(&idle->latency_ns[depth], latency - latency / 64);
	return false;
}

bool filch__idle_burst_pays(struct idle *idle, struct burst *burst, double ns)
{
	const double paid = (double)filch__idle_spin_ns(idle);
	const double gain = ns / 2 - SHARING_HANDOVERS * load_relaxed(&idle->handover_ns);
	bool dense;

	if (gain <= 0)
		return false;
	if (!burst->calls++)
		burst->since = platform_ticks();
	burst->forgone_ns += gain;
	burst->work_ns += ns;
	if (burst->forgone_ns < paid)
		return false;
	/* Who is woken would not fall asleep before the next one: what counts is between them. */
	dense = platform_ns(platform_ticks() - burst->since) <
	        burst->work_ns - ns + (double)burst->calls * paid / 2;
	*burst = (struct burst){0};
	return dense;
}

/* ---- what a wake-up costs ---------------------------------------------------------------- */

/* An average of about the last eight; one wild sample counts as four times what was believed. */
static void learn(_Atomic float *average, double ns)
{
	float was = load_relaxed(average);
	float seen = ns < 4 * was ? (float)ns : 4 * was;

	store_relaxed(average, was + (seen - was) / 8);
}

/* The sleeper works again: how long did that take? */
static void learn_latency(struct idle *idle, struct sleeper *s)
{
	const uint64_t woken_at = load_relaxed(&s->woken_at);
	const double ns = platform_ns(platform_ticks() - woken_at);

	learn(&idle->latency_ns[depth_of(woken_at - s->asleep_at)],
	      ns > LATENCY_NS_LEAST ? ns : LATENCY_NS_LEAST);
}

void filch__idle_searched(struct idle *idle, bool found)
{
	const float was = load_relaxed(&idle->patience);
	float now = found ? 2 * was : was / 2;

	now = now > 1 ? 1 : now < PATIENCE_LEAST ? PATIENCE_LEAST : now;
	if (now != was)
		store_relaxed(&idle->patience, now);
}

void filch__idle_learn_handover(struct idle *idle, double ns)
{
	const float was = load_relaxed(&idle->handover_ns);

	/* What all callers read is not to be written by each thief. */
	if (ns > 0.9 * (double)was && ns < 1.25 * (double)was)
		return;
	/* More is not the way of a cache line but a thread that was not running; less is the truth. */
	if (ns < (double)was)
		store_relaxed(&idle->handover_ns, (was + (float)ns) / 2);
	else if (ns < HANDOVER_NS_MOST)
		learn(&idle->handover_ns, ns);
}

/* ---- where to run ----------------------------------------------------------------------- */

/* The sleeper runs again: beside its waker, or where its waker is? */
static void settle(struct idle *idle, struct sleeper *s)
{
	if (s->place.moved)
		filch__place_back(&s->place);
	else if (idle->roomy && !load_relaxed(&idle->packed) &&
	         filch__cpu_here() == load_relaxed(&s->woken_from))
		store_relaxed(&idle->packed, true);
}

void filch__idle_step_aside(struct idle *idle, unsigned cpu)
{
	struct platform_place place;

	if (!idle->roomy || cpu == PLATFORM_NO_CPU || filch__cpu_here() != cpu)
		return;
	store_relaxed(&idle->packed, true);
	filch__place_init(&place);
	filch__place_off(&place, cpu);
	filch__place_back(&place);
}

/* ---- looking --------------------------------------------------------------------------------- */

bool filch__idle_search_begin(struct idle *idle)
{
	/* seq_cst, like all that changes the state: then each load of it in filch__idle_notify()
	 * sees the latest, which pairs with the looks that follow these changes. */
	return searching_in(fetch_add_seq_cst(&idle->state, SEARCHING)) < idle->searchers_max;
}

bool filch__idle_search_end(struct idle *idle)
{
	/* seq_cst: with the look that follows it pairs with the push and the load of the state in
	 * filch__idle_notify(): who still counted on us had pushed before, and we see what. */
	return searching_in(fetch_add_seq_cst(&idle->state, -SEARCHING)) == 1;
}

/* ---- sleeping ---------------------------------------------------------------------------------- */

static _Atomic uint64_t *word_of(struct idle *idle, unsigned number)
{
	return &idle->bits[number / 64];
}

static uint64_t bit_of(unsigned number)
{
	return (uint64_t)1 << number % 64;
}

/* Clears the sleeper's bit; true for the one who did, and who therefore answers for him. */
static bool claim(struct idle *idle, unsigned number)
{
	const uint64_t bit = bit_of(number);

	/* acquire: pairs with the release in filch__idle_sleep(): what we write to him comes after he
	 * parked.  Others who clear a bit of this word before us stand in between, and as
	 * read-modify-writes pass that release on. */
	return fetch_and_acquire(word_of(idle, number), ~bit) & bit;
}

void filch__idle_sleep(struct idle *idle, unsigned number, bool searched, bool (*look)(void *),
                       void *arg)
{
	struct sleeper *s = idle->sleeper[number];
	uint64_t before;
	bool slept;

	store_relaxed(&s->park, PARKED);
	/* seq_cst: its release part pairs with claim(): who claims us finds us parked.  With the
	 * look below it pairs with the store and the load of the bits in filch__idle_wake_all(). */
	fetch_or_seq_cst(word_of(idle, number), bit_of(number));
	/* seq_cst: with the look that follows it pairs with the push and the load of the state in
	 * filch__idle_notify(): either he sees us asleep, or we see what he pushed. */
	before = fetch_add_seq_cst(&idle->state, ASLEEP - SEARCHING);

	s->asleep_at = platform_ticks();
	store_relaxed(&idle->last_sleep, s->asleep_at);
	slept = !look(arg) && (searched || searching_in(before) > idle->searchers_max);
	if (!slept && claim(idle, number)) {
		/* Nobody was about to wake us: we leave by ourselves. */
		store_relaxed(&s->park, AWAKE);
		/* seq_cst: pairs with the load in filch__idle_notify(). */
		fetch_add_seq_cst(&idle->state, SEARCHING - ASLEEP);
		return;
	}
	/* acquire: pairs with the release in wake(): the waker has done all that he does to us. */
	while (load_acquire(&s->park) == PARKED)
		filch__wait(&s->park, PARKED, 0);
	settle(idle, s);
	if (slept)
		learn_latency(idle, s);
}

/* The sleeper was claimed by us: until the release he touches none of this. */
static void wake(struct idle *idle, unsigned number)
{
	struct sleeper *s = idle->sleeper[number];
	const uint64_t before = platform_ticks();
	const int depth = depth_now(idle, before);
	const unsigned here = filch__cpu_here();

	/* seq_cst: pairs with the load in filch__idle_notify(). */
	fetch_add_seq_cst(&idle->state, SEARCHING - ASLEEP);
	store_relaxed(&s->woken_at, before);
	store_relaxed(&s->woken_from, here);
	if (load_relaxed(&idle->packed))
		filch__place_off(&s->place, here);
	/* release: pairs with the acquire in filch__idle_sleep(). */
	store_release(&s->park, AWAKE);
	filch__wake(&s->park);
	learn(&idle->wake_ns[depth], platform_ns(platform_ticks() - before));
}

/* Claims and wakes the first sleeper below `limit`; the first, so that few threads stay warm. */
static bool wake_first(struct idle *idle, unsigned limit)
{
	for (unsigned word = 0; word * 64 < limit; word++) {
		/* seq_cst: pairs with the setting of the bit, before the sleeper's last look. */
		uint64_t bits = load_seq_cst(&idle->bits[word]);

		for (unsigned i = 0; bits && i < 64 && word * 64 + i < limit; i++)
			if (bits & bit_of(i) && claim(idle, word * 64 + i)) {
				wake(idle, word * 64 + i);
				return true;
			}
	}
	return false;
}

/*
 * How many of those who are counted as searching are not busy, but no more than `enough`.  In a
 * wide pool nobody is who is counted (is_short() in worker.c).  Relaxed, and so perhaps a moment
 * old: who is busy will be back in another, unless he is wrong about what he does.
 */
static unsigned looking(struct idle *idle, uint64_t state, unsigned enough)
{
	const unsigned counted = searching_in(state);
	unsigned busy = 0;

	for (unsigned i = 0; idle->narrow && i < idle->sleepers && busy < counted; i++)
		busy += load_relaxed(&idle->sleeper[i]->helping);
	return counted - busy < enough ? counted - busy : enough;
}

unsigned filch__idle_wanted(struct idle *idle, double alone_ns, uint64_t now)
{
	return idle_searchers_wanted(
		alone_ns, load_relaxed(&idle->latency_ns[depth_now(idle, now)]), idle->wanted_max);
}

enum notified filch__idle_notify(struct idle *idle, unsigned limit, unsigned wanted)
{
	/* seq_cst: pairs with the read-modify-writes in filch__idle_sleep(), filch__idle_search_end()
	 * and the store in filch__idle_park(); the push before it was a seq_cst store, too. */
	const uint64_t state = load_seq_cst(&idle->state);

	if (limit > idle->sleepers)
		limit = idle->sleepers;
	/* One who may not help with this is no help. */
	if (limit == idle->sleepers && looking(idle, state, wanted) == wanted)
		return NOTIFIED_SEARCHER;
	if (asleep_in(state) && wake_first(idle, limit))
		return NOTIFIED_WOKEN;
	return looking(idle, state, 1) ? NOTIFIED_SEARCHER : NOTIFIED_NOBODY;
}

void filch__idle_wake_all(struct idle *idle)
{
	/* Who has not announced himself yet sees, in his last look, why we came. */
	while (wake_first(idle, idle->sleepers))
		;
}

bool filch__idle_somebody_looks(struct idle *idle)
{
	/* seq_cst: pairs with the read-modify-write in filch__idle_search_end(), as in notify. */
	return looking(idle, load_seq_cst(&idle->state), 1);
}

/* ---- one who waits for an end -------------------------------------------------------------------- */

void filch__idle_park(struct sleeper *s, bool (*ended)(void *), void *arg, uint64_t deadline_ns)
{
	/* seq_cst: with the look in ended() pairs with the store of the end, or a push, and the load
	 * of this word in filch__idle_release(): one of us sees the other. */
	store_seq_cst(&s->end, PARKED);
	/* Relaxed: only whether to sleep depends on it, and who does not looks again. */
	if (!ended(arg) && load_relaxed(&s->end) == PARKED)
		filch__wait(&s->end, PARKED, deadline_ns);
	store_relaxed(&s->end, AWAKE);
}

bool filch__idle_release(struct sleeper *s)
{
	/* seq_cst: pairs with the store in filch__idle_park(). */
	if (!idle_is_parked(s) || exchange_seq_cst(&s->end, AWAKE) != PARKED)
		return false;
	filch__wake(&s->end);
	return true;
}
