/* SPDX-License-Identifier: MIT */
/*
 * Coming, going and closing: filch__pool_enter(), filch__pool_leave() and await_guest() of
 * lib/guest.c, filch_pool_destroy() and end_threads() of lib/pool.c.  docs/pool.md: O2.  Guests come once
 * each, at any time, two to a place; who closes waits for those inside, and then nobody is, or
 * comes in any more.
 *
 * sizes: GUESTS=2 PLACES=1 | GUESTS=3 PLACES=2
 * broken: NO_LOOK:assert LOOK_BEFORE_TAKING:assert CLOSE_AFTER:assert NO_WAKE:end TAKE_TWICE:assert
 */
#define FREE 0
#define TAKEN 1
#define AWAITED 2

byte taken[PLACES], inside[PLACES];
bool closing, closed, woken[PLACES];

proctype guest(byte place)
{
	bool in, refused;
	byte was;
#ifdef LOOK_BEFORE_TAKING
	refused = closing;
#endif
#ifdef TAKE_TWICE
	if :: taken[place] == FREE -> in = true; taken[place] = TAKEN :: else fi;
#else
	atomic { if :: taken[place] == FREE -> taken[place] = TAKEN; in = true :: else fi }
#endif
	if
	:: in ->
#ifdef NO_LOOK
		refused = false;
#else
#ifndef LOOK_BEFORE_TAKING
		refused = closing;
#endif
#endif
		if
		:: !refused ->
			inside[place]++;
			assert(inside[place] == 1 && !closed);
			inside[place]--
		:: else
		fi;
		atomic { was = taken[place]; taken[place] = FREE }
#ifndef NO_WAKE
		if :: was == AWAITED -> woken[place] = true :: else fi
#endif
	:: else
	fi
}

init
{
	byte n = 0;
	bool waits;
	atomic {
		do
		:: n < GUESTS -> run guest(n % PLACES); n++
		:: else -> break
		od;
		n = 0
	}
#ifndef CLOSE_AFTER
	closing = true;
#endif
	do
	:: n == PLACES -> break
	:: else ->
		waits = false;
		atomic {
			woken[n] = false;
			if :: taken[n] != FREE -> taken[n] = AWAITED; waits = true :: else fi
		}
		if
		:: waits -> woken[n]
		:: else -> n++
		fi
	od;
#ifdef CLOSE_AFTER
	closing = true;
#endif
	closed = true;
	_nr_pr == 1
}
