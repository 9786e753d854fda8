/* SPDX-License-Identifier: MIT */
#ifndef FILCH_IDLE_H
#define FILCH_IDLE_H
/*
 * Who is looking for work, who is asleep, who is woken, and why nobody is forgotten:
 * every word about sleeping is in this room (docs/idle.md has the protocol and its
 * proof).  It knows sleepers, not workers.
 *
 * A worker without work:               Who has promised work (pushed it):
 *   1 idle_search_begin()                1 push
 *   2 look, look, look ...               2 idle_notify(): looks at the state; somebody
 *   3 idle_sleep(): announces itself,      searches: done; somebody is asleep: wakes one
 *     looks one last time, sleeps
 *   4 idle_search_end() when it found
 *     something
 */
#include "atomic.h"
#include "platform.h"

#include <stdalign.h>

enum { SLEEPERS_MAX = 1024, SLEEPER_WORDS = SLEEPERS_MAX / 64 };

/* Waking is dearer the longer one has slept: it is learned for up to 0.1, 1, 10 ms, and more. */
enum { DEPTHS = 4 };

enum { AWAKE = 0, PARKED = 1 };

/* One that can sleep.  Belongs to the pool, so that a late waker touches nothing that is gone. */
struct sleeper {
	alignas(CACHE_LINE) _Atomic uint32_t
		park;                /* PARKED by its owner; AWAKE by who claimed it */
	_Atomic uint32_t end;        /* the same for one who waits for an end: AWAKE by
	                                            * anybody, be it late, at any time */
	_Atomic uint64_t woken_at;   /* ticks; written by who wakes it */
	uint64_t asleep_at;          /* ticks; its own */
	_Atomic bool helping;        /* counted as searching, but busy for a moment */
	_Atomic unsigned woken_from; /* the CPU of who did */
	struct platform_place place; /* his who claimed it, then its own again */
};

struct idle {
	alignas(CACHE_LINE) _Atomic uint64_t state;   /* asleep + searching << 32 */
	_Atomic uint64_t bits[SLEEPER_WORDS];         /* who may be woken: set by the sleeper,
	                                             * cleared by who claims him, or himself */
	alignas(CACHE_LINE) struct sleeper **sleeper; /* by number; the crew's */
	unsigned sleepers;
	unsigned searchers_max;           /* more than so many do not search at once */
	unsigned wanted_max;              /* nor are more than so many on their way */
	uint64_t spin_ns;                 /* 0 = by the cost of a wake-up */
	_Atomic uint64_t last_sleep;      /* ticks: when somebody last went to sleep */
	_Atomic float wake_ns[DEPTHS];    /* what a wake-up costs the waker: learned */
	_Atomic float latency_ns[DEPTHS]; /* from there until the sleeper works: learned */
	_Atomic float patience;           /* part of the time to search that is used: learned */
	_Atomic float handover_ns;        /* from a push until one who searches has it: learned */
	bool narrow;                      /* few enough to look at each of them */
	unsigned cpus;
	bool roomy;          /* there is a CPU for each worker */
	_Atomic bool packed; /* the kernel has put sleepers where their wakers are */
};

/* ---- policy: arithmetic, for the model of larger machines, too ------------------------------- */

enum { SEARCHERS_MOST = 8, NARROW_MOST = 8 };

/* At most half of the CPUs, and not many, look for work: each look takes lines away from who
 * works.  One worker may always look, and one who finds something has the next one woken. */
static inline unsigned idle_most_searchers(unsigned sleepers, unsigned cpus)
{
	const unsigned half = cpus / 2 < SEARCHERS_MOST ? cpus / 2 : SEARCHERS_MOST;
	const unsigned most = half < sleepers ? half : sleepers;

	return most ? most : 1;
}

/*
 * Alone it takes T.  With a helper: the waker loses s, the helper comes after L, and what
 * is left then is halved: s + L + (T - L) / 2.  Less than T if T > L + 2 s; with a
 * quarter more since neither is known that well.
 */
static inline double idle_break_even(double latency_ns, double wake_ns)
{
	return 1.25 * (latency_ns + 2 * wake_ns);
}

/*
 * How many should look, or be on their way, for one who holds left_ns of work when waking takes
 * latency_ns: as many as have work for that long, but at most `most`.  Each of them wakes others
 * in turn, so that all of a large machine are awake soon.
 */
static inline unsigned idle_searchers_wanted(double left_ns, double latency_ns, unsigned most)
{
	const double wanted = left_ns / latency_ns;

	return wanted >= (double)most ? most : wanted > 1 ? (unsigned)wanted : 1;
}

/* Whether `calling` threads from outside and so many of our own are more than there are CPUs; one
 * that calls is no crowd. */
static inline bool idle_is_crowd(unsigned calling, unsigned awake, unsigned cpus)
{
	return calling > 1 && calling + awake > cpus;
}

/* ---- the room ------------------------------------------------------------------------------ */

void filch__idle_init(struct idle *idle, struct sleeper **sleeper, unsigned sleepers, unsigned cpus,
                      uint64_t spin_ns);

static inline unsigned idle_searching(struct idle *idle)
{
	return (unsigned)(load_relaxed(&idle->state) >> 32);
}

static inline unsigned idle_asleep(struct idle *idle)
{
	return (unsigned)load_relaxed(&idle->state);
}

/* How long to look for work before sleeping: about what a wake-up costs. */
uint64_t filch__idle_spin_ns(struct idle *idle);

/*
 * How long to look this time: all of that when looking paid of late, down to a quarter when
 * it did not.  Calls that come every few milliseconds would else burn as much as they run.
 */
static inline double idle_search_ns(struct idle *idle)
{
	return load_relaxed(&idle->patience) * (double)filch__idle_spin_ns(idle);
}

/*
 * Before another look.  Where there are more workers than CPUs, who looks stands behind those who
 * work: else he would have the CPU for a turn of some milliseconds, while another one
 * holds what is joined soon.
 */
static inline void idle_pause(const struct idle *idle)
{
	if (idle->roomy)
		platform_pause();
	else
		filch__yield();
}

/* For one who is counted: whether there are not too many. */
static inline bool idle_may_search(struct idle *idle)
{
	return idle_searching(idle) <= idle->searchers_max;
}

/* What came of it: something was found, or he goes to sleep. */
void filch__idle_searched(struct idle *idle, bool found);

/* A searching worker took what was pushed so long ago. */
void filch__idle_learn_handover(struct idle *idle, double ns);

static inline double idle_handover_ns(struct idle *idle)
{
	return load_relaxed(&idle->handover_ns);
}

#define SHARING_HANDOVERS 3 /* what sharing a loop takes, there and back */

/*
 * Whether that is worth it for half of a loop of so many ns; a no is worn down by asking, as
 * below.  So is what just pays while nobody searches: who sleeps may not be woken for so little,
 * and nothing be learned.
 */
static inline bool idle_sharing_pays(struct idle *idle, double alone_ns)
{
	const float ns = load_relaxed(&idle->handover_ns);
	const double least = 2 * SHARING_HANDOVERS * (double)ns;

	if (alone_ns > 2 * least || (alone_ns > least && idle_searching(idle)))
		return true;
	store_relaxed(&idle->handover_ns, ns - ns / 2048);
	return alone_ns > least;
}

/* How long a loop must still take, done alone, before waking a helper gains anything. */
double filch__idle_break_even_ns(struct idle *idle);

/* Whether that is so; a no is worn down by asking, so that what was learned is tried again. */
bool filch__idle_wake_pays(struct idle *idle, double alone_ns, uint64_t now);

/* What a calling thread forwent in its last calls. */
struct burst {
	uint64_t since; /* ticks at the first of them */
	uint32_t calls;
	double work_ns, forgone_ns;
};

/*
 * Loops too short to wake somebody for add up when they come in quick succession: each
 * forgoes half of its time, but for the hand-overs, and once that has cost as much as a wake-up,
 * one is paid, for the loops to come (ski rental).  Whether that is now, in a call of `ns`.
 */
bool filch__idle_burst_pays(struct idle *idle, struct burst *burst, double ns);

/* Counts the caller among those who look.  False: there are enough of them, sleep at once. */
bool filch__idle_search_begin(struct idle *idle);

/* True if he was the last: then others may have trusted that he would see what they pushed,
 * and he is to see whether there is more than he found, and notify. */
bool filch__idle_search_end(struct idle *idle);

/*
 * The sleeper of this number, who is counted as searching, sleeps until woken; he is
 * counted as searching again afterwards.  `look` is asked once after he has announced
 * himself, and if there is something to do he does not sleep.  Nor if he has not `searched`,
 * since there were enough without him, and now there are not: of two who make way for each
 * other one stays.
 */
void filch__idle_sleep(struct idle *idle, unsigned number, bool searched, bool (*look)(void *),
                       void *arg);

/*
 * For a worker about to help one who is, or was, on `cpu`: if that is where it is itself, it
 * moves, for a moment or for good.
 */
void filch__idle_step_aside(struct idle *idle, unsigned cpu);

/* How many are wanted by one who holds alone_ns of work now, 1 at least. */
unsigned filch__idle_wanted(struct idle *idle, double alone_ns, uint64_t now);

/*
 * Whether `wanted` > 0 will see what was pushed before this call: SEARCHER if so many search, WOKEN
 * if this woke one of the first `limit` sleepers; if none is there, SEARCHER if anybody
 * searches, else NOBODY.
 */
enum notified { NOTIFIED_NOBODY, NOTIFIED_SEARCHER, NOTIFIED_WOKEN };
enum notified filch__idle_notify(struct idle *idle, unsigned limit, unsigned wanted);

/* Whether somebody searches, and is not only counted as one. */
bool filch__idle_somebody_looks(struct idle *idle);

/* Wakes all there are, whatever they do. */
void filch__idle_wake_all(struct idle *idle);

/* ---- one who waits for an end ---------------------------------------------------------- */

/*
 * The owner sleeps unless `ended` says yes, until somebody calls filch__idle_release() on
 * him, or the deadline (0 = none) passes; may return for no reason.  Who pushes something
 * that would make `ended` say yes, and then calls filch__idle_notify(), sees him parked, or
 * was before that look.
 */
void filch__idle_park(struct sleeper *s, bool (*ended)(void *), void *arg, uint64_t deadline_ns);

static inline bool idle_is_parked(struct sleeper *s)
{
	/* seq_cst: pairs with the store in filch__idle_park(). */
	return load_seq_cst(&s->end) == PARKED;
}

/* Wakes him if he is parked; to be called after what he waits for was stored, seq_cst. */
bool filch__idle_release(struct sleeper *s);

#endif
