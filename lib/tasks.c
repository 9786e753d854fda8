/* SPDX-License-Identifier: MIT */
/* Sharing forked tasks; docs/fork.md has the protocol and its proof. */
#include "tasks.h"

PLATFORM_THREAD_LOCAL struct filch_tasks filch__tasks_alone;

/* False in the child of a fork(): there is nobody to share with, and who is gone may hold the lock. */
static bool lock_tasks(struct tasks *ts)
{
	struct loop *call = load_relaxed(&ts->call);

	if (call && loop_is_orphaned(call))
		return false;
	lock_take(&ts->lock);
	return true;
}

static bool is_shared(filch_task *t)
{
	return older_is_mark(load_relaxed(task_older(t)));
}

/* Of those on the list: older ones than a shared one are shared. */
static size_t count_private(filch_task *newest)
{
	size_t count = 0;

	for (filch_task *t = newest; t && !is_shared(t); t = load_relaxed(task_older(t)))
		count++;
	return count;
}

/* The oldest of the `count` private tasks but the `keep` newest; each then leads to the next newer. */
static filch_task *turn_round(filch_task *newest, size_t count, size_t keep)
{
	filch_task *newer = NULL, *t = newest;

	for (size_t i = 0; i < count; i++) {
		filch_task *older = load_relaxed(task_older(t));

		if (i >= keep) {
			t->call_ = newer;
			newer = t;
		}
		t = older;
	}
	return newer;
}

/* How many of so many, the newest ones, stay private. */
static size_t kept(size_t count, enum share what)
{
	switch (what) {
	case SHARE_ALL:
		return 0;
	case SHARE_NOTHING:
		return count;
	case SHARE_HALF_BUT_NEWEST:
		return count == 1 ? 1 : count / 2;
	default:
		return count / 2;
	}
}

/* Under the lock, by the owner, or while the owner stands still. */
static bool share(struct tasks *ts, struct deque *d, void *worker, enum share what)
{
	/* acquire: pairs with the releases in filch_push_() and filch_take_(): the records are whole, and
	 * the deque is as its owner left it.  So is the call, which is read after it: the owner, who stands
	 * still from its next fork or join on, may have begun another one until then. */
	filch_task *newest = older_unmarked(load_acquire(tasks_newest(ts)));
	struct loop *call = load_relaxed(&ts->call);
	const size_t count = count_private(newest);
	const size_t keep = kept(count, what);
	filch_task *t = turn_round(newest, count, keep), *newer, *older;

	if (t && (!load_relaxed(&ts->border) || deque_is_empty(d)))
		store_relaxed(&ts->waits_since, platform_ticks());
	for (; t; t = newer) {
		struct chunk c = {call, {(size_t)t, (size_t)t}};

		newer = t->call_;
		t->call_ = NULL;
		t->worker_ = worker;
		t->done_ = 0;
		older = load_relaxed(task_older(t));
		/* Before anybody can take it: in the child of a fork() the owner asks no lock whether
		 * one who is gone had begun it. */
		store_relaxed(task_older(t), older_marked(older));
		if (!deque_push(d, &c, 1)) {
			store_relaxed(task_older(t), older);
			break; /* no memory: it and the rest stay private */
		}
		/* release: pairs with the acquire in tasks_hidden(). */
		store_release(&ts->border, t);
	}
	return count;
}

/* Under the lock: something was shared, or looked for. */
static void count_answer(struct tasks *ts)
{
	/* release: pairs with the acquire in filch__tasks_expose(). */
	store_release(&ts->answered, load_relaxed(&ts->answered) + 1);
}

/* The owner, under the lock.  The count comes last: who sees it and asks after that is not overwritten. */
static void answered(struct tasks *ts)
{
	/* Where nothing can be exposed all is shared at once, by him who is always asked.
	 * seq_cst: pairs with the load in tasks_ask(). */
	store_seq_cst(tasks_asked(ts), filch__barrier_missing());
	count_answer(ts);
}

void filch__tasks_answer(struct tasks *ts, struct deque *d, void *worker, enum share what)
{
	const bool locked = lock_tasks(ts);

	if (locked)
		share(ts, d, worker, what);
	answered(ts);
	if (locked)
		lock_release(&ts->lock);
}

bool filch__tasks_take(struct tasks *ts, struct deque *d, void *worker, filch_task *t)
{
	const bool locked = lock_tasks(ts);
	const bool mine = !is_shared(t);

	if (mine) {
		if (locked)
			share(ts, d, worker, SHARE_HALF);
		answered(ts);
	} else {
		filch_task *older = older_unmarked(load_relaxed(task_older(t)));

		store_relaxed(tasks_newest(ts), older);
		store_relaxed(&ts->border, older);
	}
	if (locked)
		lock_release(&ts->lock);
	return mine;
}

bool filch__tasks_expose(struct tasks *ts, struct deque *d, void *worker)
{
	/* acquire: pairs with the release in answered(): what we store below comes after what was
	 * stored there. */
	const uint32_t before = load_acquire(&ts->answered);
	bool found;

	if (!tasks_hidden(ts))
		return false;
	store_relaxed(tasks_asked(ts), 1);
	/* From here on each fork and join of the owner sees that it is asked; what it did before
	 * is visible here. */
	if (!filch__barrier())
		return false;
	lock_take(&ts->lock);
	found = load_relaxed(&ts->answered) != before; /* it heard us after all */
	/* It stays asked until it has looked: its join may have read that a task is private, and we may
	 * go to sleep with nothing found, since it is in the middle of a join. */
	if (!found && share(ts, d, worker, SHARE_ALL)) {
		found = true;
		count_answer(ts);
	}
	lock_release(&ts->lock);
	return found;
}
