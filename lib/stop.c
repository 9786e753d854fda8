/* SPDX-License-Identifier: MIT */
/* What stops a call: a failure, a token, a deadline, a call around it; docs/loop.md. */
#include "loop.h"

void filch__loop_stop_from(struct loop *loop, size_t item)
{
	size_t was = load_relaxed(&loop->stop_from);

	while (item < was && !cas_relaxed(&loop->stop_from, &was, item))
		;
}

static void stop_all(struct loop *loop, int reason)
{
	store_relaxed(&loop->reason, reason);
	filch__loop_stop_from(loop, 0);
}

/* Looks at the token and the clock, if the call has any. */
static void look_outside(struct loop *loop)
{
	if (loop->options->cancel && filch_is_cancelled(loop->options->cancel))
		stop_all(loop, FILCH_ECANCELED);
	else if (loop->deadline_ns && filch__now_ns() >= loop->deadline_ns)
		stop_all(loop, FILCH_ETIMEDOUT);
}

bool filch__loop_stopped(struct loop *loop, size_t begin)
{
	for (struct loop *l = loop; l; l = l->around) {
		if (l->options->cancel || l->deadline_ns)
			look_outside(l);
		if (begin >= load_relaxed(&l->stop_from)) {
			/* A call inside one that was stopped is cancelled as a whole. */
			if (l != loop)
				stop_all(loop, FILCH_ECANCELED);
			return true;
		}
		begin = l->around_begin;
	}
	return false;
}

bool filch_stopping(const filch_worker *w)
{
	return w->loop && filch__loop_stopped(w->loop, w->begin);
}

/* A token is a plain int to the user, so that it may be zeroed like anything of his. */
static _Atomic int *flag_of(const filch_cancel *token)
{
	_Static_assert(sizeof(_Atomic int) == sizeof(int), "an atomic int is an int in memory");
	return (_Atomic int *)(uintptr_t)&token->flag_;
}

void filch_cancel_now(filch_cancel *token)
{
	/* release: pairs with the acquire below: who sees the flag sees why it was set. */
	store_release(flag_of(token), 1);
}

bool filch_is_cancelled(const filch_cancel *token)
{
	/* acquire: pairs with the release above. */
	return load_acquire(flag_of(token)) != 0;
}
