/* SPDX-License-Identifier: MIT */
/*
 * The deque of lib/deque.h: deque_push(), filch__deque_grow(), deque_pop(), deque_peek() and deque_claim().
 * docs/deque.md: D1.  The owner pushes TASKS, pops when it likes, and at last all that is left; its
 * stores wait in a store buffer, in their order, until something drains that, as on x86.  Thieves take the
 * oldest.  The indices wrap around at 16, and begin just before that; there are two slots, and
 * after they were too few four.  Each task is taken once.
 *
 * sizes: TASKS=4 THIEVES=1 | TASKS=3 THIEVES=2 | TASKS=5 THIEVES=1
 * broken: POP_UNFENCED:assert POP_LAST_FREELY:assert BOTTOM_FIRST:assert SLOT_LATE:assert NO_ROOM:assert NO_SECOND_LOOK:assert GROW_LATE:assert
 */
#define FIRST 14
#define LESS(a, b) (((a) - (b)) & 15) /* from 8 on it is negative */
#define SLOT(buffer, i) (buffer -> 2 + ((i) & 3) : ((i) & 1))

byte top = FIRST, bottom = FIRST, buffer, slot[6]; /* what thieves see */
chan stores = [8] of { byte, byte };               /* where and what; 6: bottom, 7: buffer */
byte ran[TASKS + 1], finished;

inline apply(where, what)
{
	if
	:: where < 6 -> slot[where] = what
	:: where == 6 -> bottom = what
	:: where == 7 -> buffer = what
	fi
}

/* A full barrier: a seq_cst store, or a read-modify-write. */
inline drain()
{
	d_step {
		do
		:: nempty(stores) -> stores?where, what; apply(where, what)
		:: empty(stores) -> break
		od;
		where = 0; what = 0
	}
}

inline take(task)
{
	assert(task != 0);
	ran[task]++;
	assert(ran[task] == 1)
}

active proctype owner()
{
	byte b = FIRST, seen = FIRST, n, t, i, own[6], where, what;
	bool large, won, room, ends;
	do
	:: n < TASKS && !ends ->
		n++;
		room = true;
#ifndef NO_ROOM
		if
		:: LESS(b + 1, seen) > (large -> 4 : 2) ->
			seen = top;
			if
			:: LESS(b + 1, seen) > (large -> 4 : 2) && large -> room = false
			:: LESS(b + 1, seen) > (large -> 4 : 2) && !large ->
#ifdef GROW_LATE
				stores!7, 1;
#endif
				i = top;
				do
				:: i == b -> break
				:: else ->
					own[2 + (i & 3)] = own[i & 1];
					stores!(2 + (i & 3)), own[i & 1];
					i = (i + 1) & 15
				od;
				large = true;
#ifndef GROW_LATE
				stores!7, 1
#endif
			:: else
			fi
		:: else
		fi;
#endif
		if
		:: room ->
			i = SLOT(large, b);
			own[i] = n;
#ifdef SLOT_LATE
			b = (b + 1) & 15;
			stores!6, b;
			drain();
			stores!i, n
#else
			stores!i, n;
			b = (b + 1) & 15;
			stores!6, b;
			drain()
#endif
		:: else -> take(n) /* no memory: it stays with its owner */
		fi;
		i = 0
	:: true ->
		b = (b - 1) & 15;
		stores!6, b;
#ifndef POP_UNFENCED
		drain();
#endif
		t = top;
		won = false;
		if
		:: LESS(b, t) > 0 && LESS(b, t) < 8 -> take(own[SLOT(large, b)])
		:: else ->
			if
			:: LESS(b, t) == 0 ->
#ifdef POP_LAST_FREELY
				top = (t + 1) & 15; won = true
#else
				drain();
				atomic {
					if
					:: top == t -> top = (t + 1) & 15; won = true
					:: else
					fi
				}
#endif
			:: else
			fi;
			if
			:: won -> take(own[SLOT(large, b)])
			:: !won && n == TASKS -> ends = true
			:: else
			fi;
			b = (b + 1) & 15;
			stores!6, b
		fi;
		t = 0; won = false;
		if
		:: ends -> break
		:: else
		fi
	od;
	drain();
	finished++
}

active proctype drains()
{
	byte where, what;
	do
	:: finished > THIEVES -> break
	:: atomic { stores?where, what; apply(where, what); where = 0; what = 0 }
	od
}

active [THIEVES] proctype thief()
{
	byte t, b, from, task;
	do
	:: finished > 0 && LESS(bottom, top) == 0 -> break
	:: else ->
#ifdef BOTTOM_FIRST
		b = bottom;
		t = top;
#else
		t = top;
		b = bottom;
#endif
		if
		:: LESS(b, t) > 0 && LESS(b, t) < 8 ->
			from = buffer;
			task = slot[SLOT(from, t)];
			if
#ifndef NO_SECOND_LOOK
			:: top != t
#endif
			:: else ->
				assert(task != 0); /* what is looked at was written, taken or not */
				atomic {
					if
					:: top == t -> top = (t + 1) & 15
					:: else -> task = 0
					fi
				}
				if
				:: task != 0 -> take(task)
				:: else
				fi
			fi
		:: else
		fi;
		t = 0; b = 0; from = 0; task = 0
	od;
	finished++
}

/* Nothing is left behind. */
active proctype after()
{
	byte n = 1;
	finished > THIEVES;
	do
	:: n > TASKS -> break
	:: else -> assert(ran[n] == 1); n++
	od
}
