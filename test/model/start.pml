/* SPDX-License-Identifier: MIT */
/*
 * Threads: started when there is work and nobody for it, refused by the system at any time, and ended
 * with the pool.  filch__idle_notify(), start_another(), start_one(), end_threads() of lib.  docs/worker.md: W1,
 * docs/pool.md.  Each caller pushes PIECES; of what it is told that somebody comes for it does nothing
 * itself, so a piece that is forgotten leaves it waiting.
 *
 * sizes: THREADS=2 CALLERS=2 PIECES=2 | THREADS=3 CALLERS=2 PIECES=1 | THREADS=2 CALLERS=1 PIECES=3
 * broken: KEEPS_COUNT:end KEEPS_STARTED:end CLOSE_LATE:end NO_JOIN:assert NO_LAST_LOOK:end FORGETS_OTHERS:end
 */
#define ALL (CALLERS * PIECES)

byte work, done, left, searching, asleep, started;
bool claimable[THREADS], awake[THREADS], ended[THREADS], closing, exhausted, freed;
bool starting; /* the lock */

/* One who sleeps, if there is one. */
inline wake_one(woken, k)
{
	k = 0;
	woken = false;
	do
	:: k == THREADS || woken -> break
	:: else ->
		atomic {
			if
			:: claimable[k] -> claimable[k] = false; woken = true
			:: else -> k++
			fi
		}
	od;
	if
	:: woken ->
		atomic { searching++; asleep-- }
		awake[k] = true
	:: else
	fi;
	k = 0
}

/* One more thread, or none: the system may refuse it, and is not asked again then. */
inline start_one(there)
{
	if
	:: !exhausted && started < THREADS ->
		searching++;
		started++;
		if
		:: run worker(started - 1); there = true
		:: true -> /* refused */
#ifndef KEEPS_STARTED
			started--;
#endif
			exhausted = true;
#ifndef KEEPS_COUNT
			atomic { searching--; last = searching == 0 }
#ifndef FORGETS_OTHERS
			if
			:: last -> wake_one(woken, k)
			:: else
			fi
#endif
#endif
		fi
	:: else
	fi
}

/* Whether somebody comes for what was pushed. */
inline notify(there, k)
{
	there = searching > 0;
	if
	:: !there && asleep > 0 -> wake_one(there, k)
	:: else
	fi;
	if
	:: !there && started < THREADS ->
		atomic { !starting; starting = true }
		if
		:: searching > 0 -> there = true
		:: else -> start_one(there)
		fi;
		starting = false
	:: else
	fi;
	there = there || searching > 0;
	last = false; woken = false
}

/* One piece, if there is one. */
inline take(got)
{
	atomic {
		if
		:: work > 0 -> work--; got = true
		:: else -> got = false
		fi
	}
}

proctype worker(byte me)
{
	bool got, there, last, woken;
	byte k;
	do
	:: closing -> break
	:: else ->
		take(got);
		if
		:: got ->
			atomic { searching--; last = searching == 0 }
			if
			:: last && work > 0 -> notify(there, k)
			:: else
			fi;
			assert(!freed);
			done++;
			searching++
		:: else ->
			awake[me] = false;
			claimable[me] = true;
			atomic { searching--; asleep++ }
#ifdef NO_LAST_LOOK
			got = false;
#else
			got = work > 0 || closing;
#endif
			atomic {
				got = got && claimable[me];
				if
				:: got -> claimable[me] = false
				:: else
				fi
			}
			if
			:: got -> atomic { searching++; asleep-- }
			:: else -> awake[me]
			fi
		fi;
		got = false; there = false; last = false
	od;
	assert(!freed);
	searching--;
	ended[me] = true
}

proctype caller()
{
	byte n, k;
	bool there, last, woken;
	do
	:: n == PIECES -> break
	:: else ->
		n++;
		work++;
		notify(there, k);
		if
		:: !there -> /* it does that itself, or somebody else has */
			take(there);
			if
			:: there -> done++
			:: else
			fi
		:: else
		fi;
		there = false
	od;
	do
	:: done == ALL -> break
	:: exhausted && started == 0 -> /* there is nobody */
		take(there);
		if
		:: there -> done++
		:: else
		fi;
		there = false
	od;
	left++
}

init
{
	byte n;
	bool claimed;
	atomic {
		do
		:: n == CALLERS -> break
		:: else -> run caller(); n++
		od;
		n = 0
	}
	left == CALLERS;
#ifndef CLOSE_LATE
	closing = true;
#endif
	do
	:: n == THREADS -> break
	:: else ->
		atomic { claimed = claimable[n]; claimable[n] = false }
		if
		:: claimed ->
			atomic { searching++; asleep-- }
			awake[n] = true
		:: else
		fi;
		n++
	od;
#ifdef CLOSE_LATE
	closing = true;
#endif
	n = 0;
#ifndef NO_JOIN
	do
	:: n == started -> break
	:: else -> ended[n]; n++
	od;
#endif
	freed = true
}
