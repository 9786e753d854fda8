/* SPDX-License-Identifier: MIT */
/*
 * What happens to a process: it forks, it ends.  A fork is one of the system, too, so that the child has a copy
 * of all there is; but what is chosen is one trail, through the child and then on in the parent, who
 * waits for it.  So the schedule is memory that both share.
 */
#include "schedule.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between these the linker puts what PLATFORM_AT_EXIT() named. */
extern void (*__start_filch_exit[])(void) __attribute__((weak));
extern void (*__stop_filch_exit[])(void) __attribute__((weak));

static void (*in_child)(void);

bool filch__sim_on_fork(void (*child)(void))
{
	in_child = child;
	return true;
}

/* Only this thread is left.  What the others did until now stands in its memory: nobody can tell any more
 * what it was before. */
static void lose_threads(void)
{
	struct sim *s = filch__sim;

	s->memory = filch__memory_new();
	if (!s->memory)
		_exit(1);
	filch__memory_begin(s->memory);
	sim_self()->fence = 0;
	s->first = s->current;
	for (unsigned i = 0; i < s->threads; i++) {
		if (i == s->current)
			continue;
		if (s->thread[i].state != SIM_DONE)
			s->thread[i].state = SIM_GONE;
		clock_join(&sim_self()->clock, &s->thread[i].clock);
	}
}

static void await_child(pid_t child)
{
	struct sim *s = filch__sim;
	const struct verdict *v = &s->schedule->verdict;

	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (!v->ended)
		filch__sim_fail("a fork's child has ended by itself");
	if (!v->failed)
		return;
	memcpy(s->who, v->who, sizeof s->who);
	filch__sim_fail("in a fork's child: %s", v->message);
}

unsigned filch_sim_fork(void)
{
	struct sim *s = filch__sim;
	pid_t child;

	SIM_ENTER();
	filch__sim_point();
	s->schedule->verdict.ended = false;
	child = fork();
	if (child < 0)
		filch__sim_fail("the system has no process for a fork's child");
	if (child) {
		await_child(child);
		return 0;
	}
	s->forked = true;
	lose_threads();
	if (in_child)
		in_child();
	return 1;
}

void filch__sim_end_child(void)
{
	const struct sim *s = filch__sim;
	struct verdict *v = &s->schedule->verdict;

	v->failed = s->failed;
	memcpy(v->who, s->who, sizeof v->who);
	memcpy(v->message, s->message, sizeof v->message);
	v->ended = true;
	_exit(0);
}

void filch_sim_exit(void)
{
	for (void (**f)(void) = __start_filch_exit; f < __stop_filch_exit; f++)
		(*f)();
}
