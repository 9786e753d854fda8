/* SPDX-License-Identifier: MIT */
/* Who waits for whom, by name: what is said when nobody goes on. */
#include "rooms.h"

#include <stdarg.h>
#include <stdio.h>

/* What is being written, as long as there is room. */
struct text {
	char *at;
	size_t bytes;
};

static void say(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->bytes, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->bytes)
		n = t->bytes ? (int)t->bytes - 1 : 0;
	t->at += n;
	t->bytes -= (size_t)n;
}

void filch__rooms_name(const struct filch_pool *pool, unsigned i, char *text, size_t bytes)
{
	if (i < pool->crew.threads)
		snprintf(text, bytes, "%s/%u", pool->name, i + 1);
	else
		snprintf(text, bytes, "guest %u of %s", i - pool->crew.threads, pool->name);
}

static void say_thread(struct text *t, unsigned i)
{
	const struct sim_thread *thread = &filch__sim->thread[i];

	say(t, "thread %u", i);
	if (thread->name[0])
		say(t, " (%s)", thread->name);
}

/* ---- words of a pool ---------------------------------------------------------------------- */

static bool has_part_in(const struct worker *w, struct loop *call)
{
	for (const struct visit *v = w->visit; v; v = v->outer)
		for (struct loop *l = v->handle.loop; l; l = load_relaxed(&l->parent))
			if (l == call)
				return true;
	return false;
}

/* Who of the others is in a body of the call, or of one below it. */
static void say_helpers(struct text *t, const struct filch_pool *pool, struct worker *waits,
                        struct loop *call)
{
	char name[SIM_NAME];
	unsigned count = 0;

	for (unsigned i = 0; call && i < filch__rooms_workers(pool); i++) {
		const struct worker *w = filch__rooms_worker(pool, i);

		if (!w || w == waits || !has_part_in(w, call))
			continue;
		filch__rooms_name(pool, i, name, sizeof name);
		say(t, "%s %s", count++ ? "," : ", where there is", name);
	}
	if (!count)
		say(t, ", where there is nobody else");
}

static void say_end(struct text *t, const struct filch_pool *pool, struct worker *w)
{
	filch_task *task = w->wait ? w->wait->task : NULL;
	struct loop *call = task ? load_relaxed(task_call(task)) : w->wait ? w->wait->loop : NULL;

	say(t, task ? "the end of its task" : "the end of its call");
	if (call && !task)
		say(t, ", %zu of %zu left", (size_t)load_relaxed(&call->remaining), call->grains);
	say_helpers(t, pool, w, call);
}

static bool say_word_of_worker(struct text *t, const struct filch_pool *pool, unsigned i,
                               const void *word)
{
	struct worker *w = filch__rooms_worker(pool, i);
	char name[SIM_NAME];

	if (!w)
		return false;
	filch__rooms_name(pool, i, name, sizeof name);
	if (word == &w->sleeper.park)
		say(t, "work");
	else if (word == &w->sleeper.end)
		say_end(t, pool, w);
	else if (word == &w->taken)
		say(t, "%s to leave", name);
	else if (word == &w->tasks.lock)
		say(t, "the lock of the tasks of %s", name);
	else
		return false;
	return true;
}

static bool say_word_of_pool(struct text *t, const struct filch_pool *pool, const void *word)
{
	if (word == &pool->starting)
		return say(t, "the lock of %s", pool->name), true;
	if (word == &pool->hooks_run)
		return say(t, "the start hooks of %s", pool->name), true;
	for (unsigned i = 0; i < filch__rooms_workers(pool); i++)
		if (say_word_of_worker(t, pool, i, word))
			return true;
	return false;
}

/* ---- any word ------------------------------------------------------------------------------- */

static void say_place(struct text *t, const void *word)
{
	const struct sim *s = filch__sim;
	const size_t offset = (size_t)((const char *)word - s->stacks);

	say(t, "the word at %p", word);
	if (offset < (size_t)SIM_THREADS * SIM_STACK) {
		say(t, " on the stack of ");
		say_thread(t, (unsigned)(offset / SIM_STACK));
	}
}

static void say_word(struct text *t, const void *word)
{
	const struct sim *s = filch__sim;
	bool known = false;

	for (unsigned k = 0; k < s->pools && !known; k++)
		known = filch__rooms_stand(s->pool[k]) && say_word_of_pool(t, s->pool[k], word);
	if (!known)
		say_place(t, word);
}

/* Whoever else has: of a lock its holder, of who sleeps the one who woke it last time. */
static void say_changer(struct text *t, const void *word, unsigned waits)
{
	const int by = filch__sim_changed_by(word, waits);

	if (by < 0)
		return;
	say(t, ", last changed by ");
	say_thread(t, (unsigned)by);
}

static void say_wait(struct text *t, unsigned i)
{
	const struct sim_thread *thread = &filch__sim->thread[i];

	say(t, "\n  ");
	say_thread(t, i);
	say(t, " waits for ");
	if (thread->state == SIM_JOINS) {
		say(t, "the end of ");
		say_thread(t, thread->joins);
		if (filch__sim->thread[thread->joins].state == SIM_GONE)
			say(t, ", which the fork has left behind");
	} else {
		say_word(t, thread->word);
		say_changer(t, thread->word, i);
	}
	say(t, ", at %#lx", (unsigned long)filch__sim_place(thread->caller));
}

void filch__sim_who_waits(char *text, size_t bytes)
{
	const struct sim *s = filch__sim;
	struct text t = {text, bytes};

	text[0] = '\0';
	for (unsigned i = 0; i < s->threads; i++)
		if (s->thread[i].state == SIM_JOINS || s->thread[i].state == SIM_WAITS)
			say_wait(&t, i);
}
