/* SPDX-License-Identifier: MIT */
/*
 * One who waits for the end of its own call, or of a task that another took; docs/worker.md says with
 * what it helps meanwhile, docs/latch.md why it does not wait in vain.
 */
#include "worker.h"

/* Looks at the deques once in so many pauses: a look takes their lines away from who works there. */
enum { LOOK_EVERY = 4 };

static bool has_ended(const struct wait *wait)
{
	/* seq_cst, both: pair with the subtraction in leave() and the store in filch__task_end(),
	 * both for what the thieves did and for the sleeping. */
	return wait->task ? load_seq_cst(task_done(wait->task)) != 0
	                  : load_seq_cst(&wait->loop->remaining) == 0;
}

static bool expose_below(struct worker *w, const struct wait *wait, bool surely)
{
	struct loop *below = filch__waited_for(wait);

	return below && filch__expose(w, below, surely);
}

/* The end has come, or there is something below that w could help with. */
static bool need_not_wait(void *worker)
{
	struct worker *w = worker;
	struct chunk c;

	return has_ended(w->wait) || filch__find(w, w->wait, &c, false) ||
	       expose_below(w, w->wait, true);
}

static void sleep_for(struct worker *w, const struct wait *wait)
{
	w->wait = wait;
	/* Seen by who sees him parked, which comes after it. */
	store_relaxed(&w->waiting, filch__waited_for(wait));
	filch__idle_park(&w->sleeper, need_not_wait, w,
	                 wait->loop ? filch__loop_progress_due(wait->loop) : 0);
	store_relaxed(&w->waiting, NULL);
}

bool filch__worker_wait(struct worker *w, const struct wait *wait)
{
	const double spin_ns = (double)filch__idle_spin_ns(&w->crew->idle);
	uint64_t since = platform_ticks();
	double expose_at = EXPOSE_NS;
	unsigned look = 0; /* pauses until the next look at the deques */
	struct chunk c;

	while (!has_ended(wait)) {
		const double ns = platform_ns(platform_ticks() - since);

		if (crew_is_orphaned(w->crew))
			return false;
		if (!look-- && (look = LOOK_EVERY - 1, filch__find(w, wait, &c, true))) {
			filch__worker_help(w, c);
			since = platform_ticks();
			expose_at = EXPOSE_NS;
			look = 0;
		} else if (ns > expose_at) {
			expose_at = ns + EXPOSE_NS;
			expose_below(w, wait, false);
		} else if (ns < spin_ns) {
			platform_pause();
		} else {
			sleep_for(w, wait);
			since = platform_ticks(); /* woken for the end, or to help: look at once */
			expose_at = EXPOSE_NS;
			look = 0;
		}
		if (wait->loop)
			filch__loop_progress(wait->loop, false);
	}
	return true;
}
