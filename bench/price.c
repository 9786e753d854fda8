/* SPDX-License-Identifier: MIT */
/*
 * Question: what does it cost that nothing is hidden?  That all that was forked can be stolen at any
 * moment takes a look at each fork and join, and keeps the compiler from moving them about; bare.c has
 * two programs without.  Both run in turns, on one worker; at most 5 % more of fib, which does nothing
 * but fork, and none of quicksort, which has leaves.
 * It is more than the whole price: somebody who only ever shares at forks and joins has to look, too.
 */
#include "forkjoin.h"

#include <stdio.h>

static const struct {
	const struct program *p, *bare;
	double target;
} priced[] = {
	{&program_fib, &program_fib_bare, 1.05},
	{&program_quicksort, &program_quicksort_bare, 1.01},
};

/* As a row is called, and how it forks: with the looks, without. */
struct spelling {
	const char *name;
	double (*run)(filch_worker *w, int size);
	double (*bare_run)(filch_worker *w, int size);
};

static void ask(const struct program *p, const struct program *bare, struct spelling s,
                double target, filch_pool *one, int rounds)
{
	static double ns[2][FORKJOIN_ROUNDS_MOST], ratio[FORKJOIN_ROUNDS_MOST];
	char body[32];
	struct record r = {.body = body,
	                   .n = (uint64_t)p->size,
	                   .rounds = (size_t)rounds,
	                   .wrong = forkjoin_wrong};
	double expected;

	program_reset(p);
	expected = program_outcome(p, p->serial(p->size));
	for (int round = 0; round < rounds; round++) {
		for (int k = 0; k < 2; k++) {
			const bool is_bare = (k + round) % 2;

			ns[is_bare][round] = forkjoin_timed(
				is_bare ? bare : p, is_bare ? s.bare_run : s.run, one, expected);
		}
		ratio[round] = ns[0][round] / ns[1][round];
	}
	snprintf(body, sizeof body, "%s, %s", p->name, s.name);
	r.serial_ns = bench_quartiles(ns[1], r.rounds);
	r.time_ns = bench_quartiles(ns[0], r.rounds);
	r.ratio = bench_quartiles(ratio, r.rounds);
	r.wrong = forkjoin_wrong - r.wrong;
	forkjoin_record(&r, "nothing hidden", 1);
	printf("%-10s %-6s %6.3f (%5.3f to %5.3f), at most %.2f%s\n", p->name, s.name,
	       r.ratio.median, r.ratio.low, r.ratio.high, target,
	       forkjoin_judged(r.ratio.median <= target));
}

void forkjoin_ask_price(filch_pool *one, int rounds)
{
	printf("\nnothing hidden: 1 worker / the same without a look at who asks\n");
	for (size_t i = 0; i < sizeof priced / sizeof *priced; i++) {
		const struct program *p = priced[i].p, *bare = priced[i].bare;

		if (p->prepare && p->prepare(p->size))
			continue;
		ask(p, bare, (struct spelling){"typed", p->typed, bare->typed}, priced[i].target,
		    one, rounds);
		ask(p, bare, (struct spelling){"plain", p->plain, bare->plain}, priced[i].target,
		    one, rounds);
	}
}
