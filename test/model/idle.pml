/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and waking as in lib/idle.c: filch__idle_sleep(), filch__idle_notify(), wake(),
 * filch__idle_search_end() with filch__stop_searching() of lib/crew.c, and filch__idle_wake_all().
 * docs/idle.md: I1, I2, I7.  A caller pushes TASKS pieces, does those that nobody is there for, and waits
 * for the rest; then it closes.  Who waits for ever is an invalid end state.
 *
 * Each thing that a fence or a seq_cst order keeps in its place is moved by one of the names after
 * "broken" below, each look that is made again is left out by one: each must give a counterexample.
 *
 * sizes: WORKERS=2 TASKS=3 | WORKERS=3 TASKS=2
 * broken: NO_LAST_LOOK:end LOOK_FIRST:end NOTIFY_FIRST:end END_WITHOUT_LOOK:end END_LOOKS_FIRST:end CLOSE_LATE:end NO_CLAIM:assert WAKE_ONE:end
 */
byte work, done, searching, asleep;
bool bit_set[WORKERS], parked[WORKERS], closing;
bool one_lasts; /* one piece lasts until all others are done */

inline wake_first(woke)
{
	d_step { i = 0; woke = false }
	do
	:: i == WORKERS -> break
	:: else ->
		atomic { /* a bit that is not seen set is not claimed */
			if
			:: bit_set[i] -> bit_set[i] = false; claimed = true
			:: else -> i++
			fi
		}
		if
		:: claimed ->
			d_step { asleep--; searching++ }
			d_step { parked[i] = false; woke = true; claimed = false }
			break
		:: else
		fi
	od;
	i = 0
}

/* told: somebody else sees to what was pushed before. */
inline notify(told)
{
	d_step { told = searching > 0; sleeps = !told && asleep > 0 }
	if
	:: sleeps -> sleeps = false; wake_first(told)
	:: else
	fi
}

inline take(got)
{
	atomic { if :: work > 0 -> work--; got = true :: else -> got = false fi }
}

inline end_search()
{
#ifdef END_LOOKS_FIRST
	more = work > 0;
#endif
	atomic { searching--; last = searching == 0 }
#ifdef END_WITHOUT_LOOK
	last = false;
#endif
	if
	:: last ->
#ifndef END_LOOKS_FIRST
		more = work > 0;
#endif
		if
		:: more -> notify(got)
		:: else
		fi
	:: else
	fi;
	d_step { last = false; more = false; got = false }
}

proctype worker(byte me)
{
	bool got, stays, mine, last, more, sleeps, claimed, lasts;
	byte i;
	do
	:: closing -> break
	:: else ->
		take(got);
		if
		:: got ->
			end_search();
			atomic { if :: !one_lasts -> one_lasts = true; lasts = true :: true fi }
			if
			:: lasts -> lasts = false; done == TASKS - 1
			:: else
			fi;
			done++;
			searching++
		:: else ->
#ifdef LOOK_FIRST
			stays = work > 0 || closing;
#endif
			parked[me] = true;
			bit_set[me] = true;
			atomic { searching--; asleep++ }
#ifdef NO_LAST_LOOK
			stays = false;
#else
#ifndef LOOK_FIRST
			stays = work > 0 || closing;
#endif
#endif
			if
			:: stays ->
#ifdef NO_CLAIM
				bit_set[me] = false; mine = true;
#else
				atomic { if :: bit_set[me] -> bit_set[me] = false; mine = true :: else fi }
#endif
			:: else
			fi;
			stays = false;
			if
			:: mine -> parked[me] = false; d_step { asleep--; searching++; mine = false }
			:: else -> !parked[me]
			fi
		fi
	od;
	searching--
}

init
{
	byte n, i;
	bool told, got, sleeps, claimed;
	atomic {
		searching = WORKERS;
		n = 0;
		do
		:: n < WORKERS -> run worker(n); n++
		:: else -> break
		od;
		n = 0
	}
	do
	:: n == TASKS -> break
	:: else ->
#ifdef NOTIFY_FIRST
		notify(told);
		work++;
#else
		atomic { work++ }
		notify(told);
#endif
		if
		:: told
		:: else ->
			take(got);
			if :: got -> atomic { done++ } :: else fi
		fi;
		n++
	od;
	done == TASKS;
	assert(work == 0);
#ifndef CLOSE_LATE
	closing = true;
#endif
	do
	:: wake_first(told);
		if
#ifdef WAKE_ONE
		:: true -> break
#else
		:: !told -> break
		:: else
#endif
		fi
	od;
#ifdef CLOSE_LATE
	closing = true;
#endif
	_nr_pr == 1;
	assert(searching == 0 && asleep == 0)
}
