/* SPDX-License-Identifier: MIT */
/*
 * The end of a call: leave() of lib/worker.c, has_ended() of lib/wait.c, filch__idle_park() and
 * filch__idle_release() of lib/idle.c.  docs/latch.md: E1, E3, E4; docs/idle.md: I3, I4.  An owner makes
 * two calls in the same memory; thieves each do one grain of a call.  Nobody touches a call after its
 * end, and the owner does not sleep for ever.
 *
 * sizes: THIEVES=2 | THIEVES=3
 * broken: LOOK_FIRST:end NO_RELEASE:end TOUCH_AFTER:assert READ_THEN_WRITE:end
 */
byte remaining, call;
bool parked;

proctype thief(byte mine)
{
	byte left, here;
	/* It has claimed a grain of this call, which therefore has not ended. */
	assert(call == mine);
#ifdef READ_THEN_WRITE
	here = remaining;
	left = here - 1;
	remaining = left;
#else
	atomic { remaining--; left = remaining }
#endif
	if
	:: left == 0 ->
#ifdef TOUCH_AFTER
		assert(call == mine);
#endif
		/* The sleeper is the pool's: it may be woken late. */
#ifndef NO_RELEASE
		if
		:: parked -> atomic { if :: parked -> parked = false :: else fi }
		:: else
		fi
#endif
	:: else
	fi
}

inline make_call(number)
{
	byte t = 0;
	bool over;
	atomic {
		call = number;
		remaining = THIEVES;
		do
		:: t < THIEVES -> run thief(number); t++
		:: else -> break
		od
	}
	do
	:: remaining == 0 -> break
	:: else ->
#ifdef LOOK_FIRST
		over = remaining == 0;
		parked = true;
#else
		parked = true;
		over = remaining == 0;
#endif
		if
		:: over
		:: else -> !parked
		fi;
		parked = false
	od;
	call = 0
}

init
{
	make_call(1);
	make_call(2);
	_nr_pr == 1
}
