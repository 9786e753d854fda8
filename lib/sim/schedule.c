/* SPDX-License-Identifier: MIT */
/*
 * Who goes on.  All that is left open in a run is decided by filch__sim_choose(), whose answers
 * are the trail: a run with the same trail is the same run.  An answer of 0 is always the
 * ordinary one (the same thread goes on, the newest store is seen, nothing fails), so a trail of
 * few other ones is one that a person can follow.  The answers depend on the seed of the run
 * and on nothing that was before it.
 */
#include "schedule.h"

#include <string.h>
#include <sys/mman.h>

struct schedule *filch__schedule_new(void)
{
	struct schedule *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
	                          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return s == MAP_FAILED ? NULL : s;
}

uint64_t filch__sim_random(void)
{
	uint64_t z = (filch__sim->schedule->random += 0x9E3779B97F4A7C15u); /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

void filch__schedule_reset(struct schedule *s, uint64_t usual)
{
	s->length = s->prefix = 0;
	s->usual = usual;
}

void filch__schedule_note(uint64_t what)
{
	struct schedule *s = filch__sim->schedule;

	s->sum = (s->sum ^ what) * 0x9E3779B97F4A7C15u;
	s->sum ^= s->sum >> 32;
}

/* Steps among which the priorities of this run drop: where nothing is known, some number. */
static uint64_t range_of_drops(const struct schedule *s)
{
	const uint64_t some = (uint64_t)200 << filch__sim_random() % 6;

	return s->usual ? s->usual : some;
}

void filch__schedule_begin(struct schedule *s, uint64_t seed, bool again)
{
	static const uint64_t likely[] = {2, 4, 12, 40};
	const struct filch_sim_options *o = filch__sim->options;

	s->random = seed * 0x2545F4914F6CDD1Du;
	s->replay = again ? RUN_AGAIN : s->prefix ? RUN_PREFIX : RUN_FRESH;
	s->order = o->order != FILCH_SIM_MIXED ? o->order
	           : seed % 2                  ? FILCH_SIM_RANDOM
	                                       : FILCH_SIM_PCT;
	s->depth = o->depth                    ? o->depth
	           : s->order == FILCH_SIM_ALL ? 2
	                                       : 2 + (unsigned)(seed / 2 % 3);
	if (s->depth > 8 && s->order == FILCH_SIM_PCT)
		s->depth = 8;
	s->likely = likely[filch__sim_random() % 4];
	s->lowest = 0;
	s->spent = 0;
	s->asked = 0;
	s->sum = 0;
	if (!again) {
		const uint64_t range = range_of_drops(s);

		for (unsigned i = 0; i < 8; i++)
			s->drop[i] = i + 1 < s->depth ? filch__sim_random() % range : UINT64_MAX;
	}
	if (again)
		s->prefix = s->length;
	s->length = 0;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static unsigned random_choice(struct schedule *s, enum sim_choice why, unsigned n)
{
	static const uint64_t rarely[] = {0, 3, 8, 10, 1};
	const uint64_t one_in = why == SIM_THREAD ? s->likely : rarely[why];

	return filch__sim_random() % one_in ? 0 : (unsigned)(filch__sim_random() % n);
}

/* What the program asks for, and was given to it. */
static bool is_given(enum sim_choice why)
{
	return why == SIM_USER && filch__sim->options->input;
}

static unsigned given(const struct schedule *s, unsigned n)
{
	const struct filch_sim_options *o = filch__sim->options;

	return s->asked <= o->input_bytes ? o->input[s->asked - 1] % n : 0;
}

/* Ordinary, where all orders are tried, but for what others can tell apart. */
static unsigned first_choice(struct schedule *s, enum sim_choice why, unsigned n)
{
	if (is_given(why) && s->replay != RUN_AGAIN)
		return given(s, n);
	if (s->replay == RUN_AGAIN || s->order == FILCH_SIM_ALL)
		return 0;
	return random_choice(s, why, n);
}

static unsigned record(struct schedule *s, enum sim_choice why, unsigned n, unsigned chosen)
{
	if (s->length == SIM_TRAIL)
		filch__sim_fail("more than %u choices in one run", SIM_TRAIL);
	s->trail[s->length++] = (struct choice){(uint8_t)why, (uint8_t)n, (uint8_t)chosen,
	                                        (uint8_t)(s->free ? 0 : s->spent)};
	return chosen;
}

/* Of which only the first `tried` are tried where all orders are. */
static unsigned choose(enum sim_choice why, unsigned n, unsigned tried)
{
	struct schedule *s = filch__sim->schedule;

	if (n <= 1)
		return 0;
	s->asked += why == SIM_USER;
	if (s->replay != RUN_FRESH && s->length < s->prefix) {
		const unsigned chosen = s->trail[s->length].chosen;

		return record(s, why, tried, chosen < n ? chosen : 0);
	}
	return record(s, why, tried, first_choice(s, why, n));
}

unsigned filch__sim_choose(enum sim_choice why, unsigned n)
{
	return choose(why, n, n);
}

/* ---- all orders ---------------------------------------------------------------------------- */

/* What is left to be tried at a choice that was made, within the bound; time, faults and what was given
 * are not. */
static bool has_more(const struct schedule *s, const struct choice *c)
{
	if (c->why == SIM_TIME || c->why == SIM_FAULT || is_given(c->why) ||
	    c->chosen + 1u >= c->of)
		return false;
	return c->why != SIM_THREAD || c->chosen || c->spent < s->depth;
}

bool filch__schedule_next(struct schedule *s)
{
	s->prefix = 0;
	if (s->order != FILCH_SIM_ALL)
		return true;
	while (s->length && !has_more(s, &s->trail[s->length - 1]))
		s->length--;
	if (!s->length)
		return false;
	s->trail[s->length - 1].chosen++;
	s->prefix = s->length;
	return true;
}

/* ---- threads ----------------------------------------------------------------------------------- */

static bool can_run(const struct sim_thread *t)
{
	const struct sim *s = filch__sim;

	switch (t->state) {
	case SIM_READY:
		return true;
	case SIM_WAITS:
		return t->deadline && t->deadline <= s->now;
	case SIM_JOINS:
		return s->thread[t->joins].state == SIM_DONE;
	default:
		return false;
	}
}

/* Those that can run, beginning with the current one, into `who`. */
static unsigned candidates(unsigned *who)
{
	const struct sim *s = filch__sim;
	unsigned count = 0;

	for (unsigned k = 0, i = s->current; k < s->threads; k++, i++) {
		i = i < s->threads ? i : 0;
		if (can_run(&s->thread[i]))
			who[count++] = i;
	}
	return count;
}

static void go_on_with(unsigned next)
{
	struct sim *s = filch__sim;
	struct sim_thread *from = sim_self(), *to = &s->thread[next];

	if (to->state != SIM_READY) {
		to->state = SIM_READY;
		to->word = NULL;
	}
	if (to == from)
		return;
	s->switches++;
	memcpy(from->tls, s->tls_here, s->tls_bytes);
	memcpy(s->tls_here, to->tls, s->tls_bytes);
	s->current = next;
	filch__sim_switch(&from->sp, to->sp);
}

/* Time goes on to when the next one wakes by himself; false if nobody does. */
static bool pass_time(void)
{
	struct sim *s = filch__sim;
	uint64_t next = 0;

	for (unsigned i = 0; i < s->threads; i++) {
		const struct sim_thread *t = &s->thread[i];

		if (t->state == SIM_WAITS && t->deadline && (!next || t->deadline < next))
			next = t->deadline;
	}
	if (next > s->now)
		s->now = next;
	return next != 0;
}

static unsigned by_priority(const struct sim *s, const unsigned *who, unsigned count)
{
	unsigned best = 0;

	for (unsigned i = 1; i < count; i++)
		if (s->thread[who[i]].priority > s->thread[who[best]].priority)
			best = i;
	return best;
}

static bool chooses_by_priority(const struct schedule *s)
{
	return s->order == FILCH_SIM_PCT && s->replay == RUN_FRESH;
}

/* One of them: by priority where that decides, else the first one is preferred, and where all
 * orders are tried only the first `tried` are. */
static unsigned pick(const unsigned *who, unsigned count, unsigned tried, bool free)
{
	struct sim *s = filch__sim;
	struct schedule *sch = s->schedule;
	unsigned chosen;

	if (count == 1)
		return who[0];
	sch->free = free;
	if (chooses_by_priority(sch)) {
		for (unsigned i = 0; i + 1 < sch->depth; i++)
			if (sch->drop[i] == s->steps)
				sim_self()->priority = --sch->lowest;
		return who[record(sch, SIM_THREAD, count, by_priority(s, who, count))];
	}
	/* To leave one who could go on is what is counted. */
	if (sch->order == FILCH_SIM_ALL && !free && sch->spent >= sch->depth &&
	    sch->length >= sch->prefix)
		return who[record(sch, SIM_THREAD, count, 0)];
	chosen = choose(SIM_THREAD, count, tried);
	sch->free = false;
	sch->spent += chosen && !free && sch->spent < 255;
	return who[chosen];
}

static void step(void)
{
	struct sim *s = filch__sim;
	const uint64_t most = s->options->steps ? s->options->steps : 100000;

	if (s->changed)
		filch__rooms_check(false);
	s->changed = false;
	s->now++;
	if (++s->steps > most)
		filch__sim_fail("no end after %llu steps", (unsigned long long)most);
}

void filch__sim_point(void)
{
	unsigned who[SIM_THREADS], count;

	step();
	count = candidates(who);
	go_on_with(pick(who, count, count, false));
}

void filch__sim_pause(void)
{
	static const uint64_t ns[] = {2000, 100, 40000};
	struct sim *s = filch__sim;
	unsigned who[SIM_THREADS], count;

	step();
	s->now += ns[filch__sim_choose(SIM_TIME, 3)];
	count = candidates(who);
	if (count == 1)
		return;
	if (chooses_by_priority(s->schedule))
		sim_self()->priority = --s->schedule->lowest;
	/* The others first; where all orders are tried, no other. */
	memmove(who, who + 1, (count - 1) * sizeof *who);
	who[count - 1] = s->current;
	go_on_with(pick(who, count, count - 1, true));
}

void filch__sim_block(void)
{
	const struct sim *s = filch__sim;
	unsigned who[SIM_THREADS], count;
	char why[SIM_MESSAGE - 32];

	step();
	while (!(count = candidates(who))) {
		if (pass_time()) {
			filch__rooms_check(true);
			continue;
		}
		/* What is left belongs to the process, as a default pool does. */
		if (s->options->leaks && s->thread[s->first].state == SIM_DONE)
			filch__sim_leave();
		filch__sim_who_waits(why, sizeof why);
		filch__sim_fail("all wait%s", why);
	}
	go_on_with(pick(who, count, count, true));
}

void filch__sim_wake(const void *word)
{
	struct sim *s = filch__sim;

	for (unsigned i = 0; i < s->threads; i++)
		if (s->thread[i].state == SIM_WAITS && s->thread[i].word == word)
			s->thread[i].state = SIM_READY;
}
