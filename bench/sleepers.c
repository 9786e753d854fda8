/* SPDX-License-Identifier: MIT */
/*
 * Question: ten items that wait 0.1 s each, on eight workers: how long does it take?
 * Expect two waves, 0.2 s, in the first call of a process, too, its pool and its threads
 * included.  Whoever tries an item first to learn what it costs loses a wave.
 */
#include "budget.h"
#include "question.h"

enum { SLEEPER_ITEMS = 10, SLEEPER_WORKERS = 8, ROUNDS_MAX = 7 };

#define SLEEP_NS 100000000u

static const unsigned own_rounds[LEVELS] = {3, 5, 7};
static const unsigned peer_rounds[LEVELS] = {1, 3, 5};

static const struct wire_request request = {.ask = WIRE_SINGLE,
                                            .body = BODY_SLEEP,
                                            .n = SLEEPER_ITEMS,
                                            .with_open = true,
                                            .sleep_ns = SLEEP_NS};

static double single(struct setting *s, const struct entrant *e, uint64_t *wrong)
{
	struct wire_request q = request;
	struct bench_pair p;

	q.contender = e->index;

	turns_ask(e->host, &q, &p);
	*wrong += p.wrong;
	s->wrong += p.wrong;
	return p.time_ns;
}

static unsigned rounds_of(const struct setting *s, const struct entrant *e)
{
	if (e->index == WIRE_CONTROL)
		return 1;
	return turns_is_own(e) ? own_rounds[s->level] : peer_rounds[s->level];
}

/* In each round a process of its own: its first call, opening the library included, and
 * its second. */
static void measure(struct setting *s, const struct entrant *e, struct record *first,
                    struct record *second)
{
	double a[ROUNDS_MAX], b[ROUNDS_MAX];
	const unsigned most = rounds_of(s, e);
	unsigned rounds = 0;

	for (unsigned k = 0; k < most && budget_allows(e, k); k++, rounds++) {
		struct host fresh;
		struct entrant own = *e;

		own.host = &fresh;
		if (!turns_start(&fresh, e->host->family, SLEEPER_WORKERS))
			s->wrong++;
		a[k] = single(s, &own, &first->wrong);
		b[k] = single(s, &own, &second->wrong);
		if (k == 0 && e->index != WIRE_CONTROL) /* which would sleep for a second */
			question_count(s, &own, &request);
		turns_end(&fresh);
		output_step("sleepers");
	}
	first->rounds = second->rounds = rounds;
	first->time_ns = bench_quartiles(a, rounds);
	second->time_ns = bench_quartiles(b, rounds);
}

static void row(struct setting *s, const struct entrant *e)
{
	struct record first = {"sleepers", "first call", e, "sleep", SLEEPER_ITEMS, .wrong = 0};
	struct record second = {"sleepers", "second call", e, "sleep", SLEEPER_ITEMS, .wrong = 0};

	measure(s, e, &first, &second);
	output_record(&first);
	output_record(&second);
	output_quiet();
	printf("%-18s %12.4f s %12.4f s\n", e->name, first.time_ns.median / 1e9,
	       second.time_ns.median / 1e9);
	if (e->index == WIRE_CONTROL || !turns_is_own(e))
		return;
	question_claim(s, "ten sleeps of 0.1 s on 8 workers, first call",
	               first.time_ns.median / 1e9, 0.205, "s");
	question_claim(s, "ten sleeps of 0.1 s on 8 workers, second call",
	               second.time_ns.median / 1e9, 0.205, "s");
}

void sleepers(struct setting *s)
{
	for (size_t k = 0; k < s->entrant_count; k++)
		output_expect(rounds_of(s, &s->entrants[k]));
	printf("\nsleepers: ten items that sleep 0.1 s, on 8 workers, each time in a process of "
	       "its "
	       "own\n%-18s %14s %14s\n",
	       "", "first call", "second call");
	for (size_t k = 0; k < s->entrant_count; k++)
		if (budget_allows(&s->entrants[k], 0))
			row(s, &s->entrants[k]);
	output_done();
}
