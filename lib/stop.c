/* SPDX-License-Identifier: MIT */
/* What stops a call: a failure, a token, a deadline, a call around it; docs/loop.md. */
#include "loop.h"

void filch__loop_stop_from(struct loop *loop, size_t item)
{
	lower_to(&loop->stop_from, item);
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

/* Of the call, and of those around it up to `top`, the items that this is a part of are not whole. */
static void note_cut(struct loop *loop, size_t begin, const struct loop *top)
{
	lower_to(&loop->cut_from, begin);
	for (; loop != top; loop = loop->around)
		lower_to(&loop->around->cut_from, loop->around_begin);
}

bool filch__loop_stopped(struct loop *loop, size_t begin)
{
	size_t item = begin;

	for (struct loop *l = loop; l; l = l->around) {
		if (l->options->cancel || l->deadline_ns)
			look_outside(l);
		if (item >= load_relaxed(&l->stop_from)) {
			/* A call inside one that was stopped is cancelled as a whole. */
			if (l != loop)
				stop_all(loop, FILCH_ECANCELED);
			note_cut(loop, begin, l);
			return true;
		}
		item = l->around_begin;
	}
	return false;
}

bool filch_stopping(const filch_worker *w)
{
	return w->loop && filch__loop_stopped(w->loop, w->begin);
}

static int reason_of(struct loop *loop)
{
	const int reason = load_relaxed(&loop->reason);

	/* For no reason of its own: a call around it was stopped. */
	return reason ? reason : FILCH_ECANCELED;
}

int filch__stop_code(const filch_worker *w)
{
	return filch_stopping(w) ? reason_of(w->loop) : FILCH_OK;
}

int filch__loop_cut(struct loop *loop)
{
	return load_relaxed(&loop->cut_from) < loop->first_error ? reason_of(loop) : FILCH_OK;
}

int filch__loop_result(struct loop *loop)
{
	if (loop->options->first_error)
		*loop->options->first_error =
			loop->first_error == SIZE_MAX ? loop->items : loop->first_error;
	if (loop->code)
		return loop->code;
	return load_relaxed(&loop->skipped) ? reason_of(loop) : FILCH_OK;
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
