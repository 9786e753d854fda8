/* SPDX-License-Identifier: MIT */
/* See budget.h. */
#include "budget.h"

static uint64_t end;               /* of the run; 0 = never */
static uint64_t own_end, peer_end; /* of the question */
static unsigned shares_left;

void budget_begin(uint64_t ns, unsigned shares)
{
	end = bench_now() + ns;
	shares_left = shares;
}

void budget_next(unsigned shares)
{
	const uint64_t now = bench_now();
	const uint64_t left = end > now ? end - now : 0;

	if (shares_left == 0)
		return;
	own_end = now + left * shares / shares_left;
	peer_end = now + left * shares / shares_left * 2 / 3;
	shares_left -= shares;
}

bool budget_allows(const struct entrant *e, unsigned round)
{
	if (end == 0)
		return true;
	if (round == 0)
		return turns_is_own(e) || bench_now() < end;
	return bench_now() < (turns_is_own(e) ? own_end : peer_end);
}
