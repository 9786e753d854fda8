/* SPDX-License-Identifier: MIT */
/*
 * Tasks that are private, and how others come to them: filch_push_() and filch_take_() of
 * include/filch/fork.h, filch__tasks_answer(), filch__tasks_take() and filch__tasks_expose() of
 * lib/tasks.c.  docs/fork.md: J1, J2, J5.  The owner forks TASKS and joins them, newest first; its store
 * of `newest` waits in a store buffer until something drains that, as on x86: a locked instruction of
 * its own, or the barrier that a thief has made in it.  Thieves ask, expose, and take the
 * oldest.  Each task runs once.
 *
 * sizes: TASKS=3 THIEVES=1 | TASKS=2 THIEVES=2
 * broken: NO_BARRIER:assert NO_COUNT:assert COUNT_FIRST:assert NO_MARK:assert ASK_LATE:assert TAKES_BACK:assert
 */
byte buffered, newest; /* tasks 1 .. newest are on the list; what the owner has, and what others see */
byte border;           /* tasks 1 .. border are shared */
bool asked, lock, marked[TASKS + 1];
byte answered, next = 1, bottom; /* chunks next .. bottom are on the deque; that of task t is t */
byte ran[TASKS + 1], finished;

inline drain() { newest = buffered }

inline take_lock() { atomic { !lock; lock = true } }

/* Shares what is private, by what is seen of the list, but the `keep` newest. */
inline share(seen, keep, shared)
{
	shared = 0;
	do
	:: border + keep < seen -> /* it may be less: its owner is about to join the one at the border */
		border++;
		marked[border] = true;
		bottom = border;
		shared++
	:: else -> break
	od
}

/* The owner, who keeps the newer half. */
inline share_half(count)
{
	if
	:: newest > border -> count = (newest - border) / 2
	:: else -> count = 0
	fi;
	kept = count;
	share(newest, kept, count)
}

inline answer()
{
#ifdef COUNT_FIRST
	answered = (answered + 1) % 8;
	asked = false
#else
	asked = false;
	answered = (answered + 1) % 8
#endif
}

active proctype owner()
{
	byte n, count, kept;
	bool mine, seen = false;
	do
	:: n == TASKS -> break
	:: else ->
		n++;
		marked[n] = false;
		buffered = n;
		if
		:: asked ->
			take_lock(); drain();
			share_half(count);
			answer();
			lock = false
		:: else
		fi
	od;
	do
	:: n == 0 -> break
	:: else ->
#ifndef NO_MARK
		seen = marked[n]; /* read before the list is shorter */
#endif
		buffered = n - 1;
		seen = seen || asked;
		mine = true;
		if
		:: seen ->
			take_lock(); drain();
			mine = !marked[n];
			if
			:: mine -> share_half(count); answer()
			:: else -> border = n - 1
			fi;
			lock = false
		:: else
		fi;
		if
		:: mine -> ran[n]++
		:: else ->
			/* The chunk: from the bottom, if no thief has it. */
			atomic {
				if
				:: next <= bottom -> bottom--; mine = true
				:: else
				fi
			}
			if
			:: mine -> ran[n]++
			:: else -> ran[n] > 0
			fi
		fi;
		assert(ran[n] == 1);
		n--
	od;
	drain();
	finished = true
}

proctype drains()
{
	do
	:: finished -> break
	:: newest != buffered -> drain()
	od
}

proctype thief()
{
	byte before, shared, t;
	bool got;
	do
	:: finished -> break
	:: else ->
		got = false;
		atomic {
			if
			:: next <= bottom -> t = next; next++; got = true
			:: else
			fi
		}
		if
		:: got -> ran[t]++; break
		:: else ->
			before = answered;
			if
			:: newest != border ->
#ifndef ASK_LATE
				asked = true;
#endif
#ifndef NO_BARRIER
				drain();
#endif
				take_lock();
#ifdef ASK_LATE
				asked = true;
#endif
				if
#ifndef NO_COUNT
				:: answered != before
#endif
				:: else ->
					share(newest, 0, shared);
					if
#ifdef TAKES_BACK
					:: shared > 0 -> answer()
#else
					:: shared > 0 -> answered = (answered + 1) % 8 /* it stays asked */
#endif
					:: else
					fi
				fi;
				lock = false
			:: else
			fi
		fi
	od
}

init
{
	byte n = 0;
	atomic {
		run drains();
		do
		:: n < THIEVES -> run thief(); n++
		:: else -> break
		od
	}
}
