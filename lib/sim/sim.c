/* SPDX-License-Identifier: MIT */
/* Runs: from the same state each time, until one fails; then in a shorter order that fails, too. */
#include "../atomic.h"
#include "schedule.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct sim *filch__sim;

/* When a run begins; a century later if all that counts is old. */
#define BEGINNING ((uint64_t)1 << (COUNTS_FROM ? 62 : 30))

/* What the linker says of the program: its global variables, ours among them. */
extern char __data_start[], _end[], __executable_start[];

struct image {
	char *begin, *copy;
	size_t bytes;
};

/* ---- threads ---------------------------------------------------------------------------------- */

_Noreturn void filch__sim_leave(void)
{
	struct sim *s = filch__sim;
	void *none;

	s->running = false;
	filch__sim_switch(&none, s->main_sp);
	abort();
}

_Noreturn void filch__sim_fail(const char *format, ...)
{
	struct sim *s = filch__sim;
	va_list args;

	s->running = false; /* what follows is not watched */
	va_start(args, format);
	vsnprintf(s->message, sizeof s->message, format, args);
	va_end(args);
	s->failed = true;
	filch__sim_leave();
}

uintptr_t filch__sim_place(const void *who)
{
	return (uintptr_t)who - (uintptr_t)__executable_start - 1;
}

void filch__sim_trace(const char *what, const volatile void *p, uint64_t value, int order)
{
	static const char *const orders[] = {"relaxed", "",        "acquire",
	                                     "release", "acq_rel", "seq_cst"};
	struct sim *s = filch__sim;

	filch__schedule_note((uintptr_t)p);
	filch__schedule_note(value);
	filch__schedule_note(s->now << 8 | s->current << 4 | (unsigned)(order + 1));
	if (!s->options->trace)
		return;
	s->running = false;
	fprintf(stderr, "%6llu %10llu  thread %u %s %p = %#llx %s  %#lx\n",
	        (unsigned long long)s->steps, (unsigned long long)(s->now - BEGINNING), s->current,
	        what, (const void *)(uintptr_t)p, (unsigned long long)value,
	        order < 0 ? "" : orders[order], (unsigned long)filch__sim_place(s->who[0]));
	s->running = true;
}

static bool all_done(const struct sim *s)
{
	for (unsigned i = 0; i < s->threads; i++)
		if (s->thread[i].state != SIM_DONE && s->thread[i].state != SIM_GONE)
			return false;
	return true;
}

static void begin_thread(void)
{
	struct sim_thread *self = sim_self();

	self->run(self->arg);
	/* Nothing of the program's is left. */
	self->floor = filch__sim->stacks + (size_t)(filch__sim->current + 1) * SIM_STACK;
	filch__sim_point();
	self->state = SIM_DONE;
	if (all_done(filch__sim))
		filch__sim_leave();
	filch__sim_block();
	abort();
}

unsigned filch__sim_start(void (*run)(void *), void *arg)
{
	struct sim *s = filch__sim;
	const unsigned i = s->threads;
	struct sim_thread *t = &s->thread[i];

	if (i == SIM_THREADS)
		return 0;
	memset(t, 0, sizeof *t);
	memcpy(t->tls, s->tls, sizeof t->tls);
	t->state = SIM_READY;
	t->run = run;
	t->arg = arg;
	t->priority = (int64_t)(filch__sim_random() >> 2);
	t->clock.at[i] = 1;
	t->sp = filch__sim_stack(s->stacks + (size_t)i * SIM_STACK, SIM_STACK, begin_thread);
	s->threads++;
	if (i)
		filch__sim_hand_over(sim_self(), t);
	return i;
}

void filch__sim_await(unsigned thread, const void *caller)
{
	struct sim *s = filch__sim;

	filch__sim_point();
	if (s->thread[thread].state != SIM_DONE) {
		sim_self()->state = SIM_JOINS;
		sim_self()->joins = thread;
		sim_self()->caller = caller;
		filch__sim_block();
	}
	filch__sim_hand_over(&s->thread[thread], sim_self());
}

/* ---- one run ------------------------------------------------------------------------------------ */

struct session {
	void (*program)(void *);
	void *arg;
	struct filch_sim_options options;
	struct filch_sim_result *result;
	struct image image;
	uint64_t seed;
};

static void run_program(void *session)
{
	const struct session *n = session;
	struct sim *s = filch__sim;

	n->program(n->arg);
	for (unsigned i = 1; i < s->threads; i++)
		if (s->thread[i].ours && s->thread[i].state != SIM_DONE &&
		    s->thread[i].state != SIM_GONE)
			filch_sim_join(i);
}

static void begin_run(struct session *n, bool again)
{
	struct sim *s = filch__sim;

	memcpy(n->image.begin, n->image.copy, n->image.bytes);
	filch__schedule_begin(s->schedule, n->seed, again);
	filch__memory_begin(s->memory);
	filch__heap_begin(s->heap);
	s->threads = s->current = s->first = 0;
	s->pools = 0;
	s->changed = false;
	s->now = BEGINNING;
	s->steps = s->switches = s->stale = 0;
	s->failed = false;
	s->message[0] = '\0';
	s->who[0] = s->who[1] = NULL;
	filch__sim_start(run_program, n);
}

/* From inside, or by a signal: the frame of this one is still there. */
static void go(void)
{
	struct sim *s = filch__sim;

	if (sigsetjmp(s->crash, 1))
		return;
	s->running = true;
	filch__sim_switch(&s->main_sp, s->thread[0].sp);
}

static bool run_fails(struct session *n, bool again)
{
	struct sim *s = filch__sim;

	begin_run(n, again);
	memcpy(s->tls_here, s->tls, s->tls_bytes);
	go();
	s->running = false;
	if (s->forked)
		filch__sim_end_child();
	if (!s->failed && !s->options->leaks && filch__heap_left(s->heap)) {
		s->failed = true;
		snprintf(s->message, sizeof s->message, "%u blocks of memory are left",
		         filch__heap_left(s->heap));
	}
	n->result->runs++;
	n->result->steps += s->steps;
	n->result->switches += s->switches;
	n->result->stale += s->stale;
	return s->failed;
}

static bool fails_again(void *session)
{
	return run_fails(session, true);
}

/* ---- signals -------------------------------------------------------------------------------------- */

static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { CAUGHT = sizeof caught / sizeof caught[0] };

static void crashed(int number)
{
	struct sim *s = filch__sim;

	if (!s->running) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	s->running = false;
	s->failed = true;
	snprintf(s->message, sizeof s->message, "signal %d in thread %u", number, s->current);
	siglongjmp(s->crash, 1);
}

static void catch_signals(struct sigaction before[CAUGHT])
{
	struct sigaction a = {.sa_flags = SA_ONSTACK | SA_NODEFER};

	a.sa_handler = crashed;
	sigemptyset(&a.sa_mask);
	for (int i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &a, &before[i]);
}

static void release_signals(const struct sigaction before[CAUGHT])
{
	for (int i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &before[i], NULL);
}

/* ---- a session ------------------------------------------------------------------------------------- */

static void tell_place(const void *who)
{
	if (who)
		fprintf(stderr, "  at %p: addr2line -fipe PROGRAM %#lx\n", who,
		        (unsigned long)filch__sim_place(who));
}

/* However long it is. */
static void tell_trail(const struct schedule *s)
{
	const size_t bytes = filch__schedule_print(s, NULL, 0) + 1;
	char *text = malloc(bytes);

	if (text)
		filch__schedule_print(s, text, bytes);
	fprintf(stderr, ", .replay = \"%s\"\n", text ? text : "(no memory for it)");
	free(text);
}

static void tell(const struct session *n, const char *name)
{
	const struct filch_sim_result *r = n->result;
	const struct schedule *s = filch__sim->schedule;

	fprintf(stderr, "%s: %s\n", name ? name : "sim", r->message);
	tell_place(filch__sim->who[0]);
	tell_place(filch__sim->who[1]);
	fprintf(stderr,
	        "  seed %llu, run %llu, %zu choices of %zu that were special; again: .seed = %llu",
	        (unsigned long long)r->seed, (unsigned long long)r->runs,
	        filch__schedule_special(s), s->found, (unsigned long long)r->seed);
	tell_trail(s);
}

static void failed(struct session *n)
{
	struct filch_sim_result *r = n->result;
	struct sim *s = filch__sim;
	const struct filch_sim_result before = *r;

	s->schedule->found = filch__schedule_special(s->schedule);
	if (!n->options.replay)
		filch__schedule_shrink(s->schedule, fails_again, n);
	*r = before; /* what it took to find it */
	r->seed = n->seed;
	memcpy(r->message, s->message, sizeof r->message);
	if (filch__schedule_print(s->schedule, r->order, sizeof r->order) >= sizeof r->order)
		r->order[0] = '\0'; /* half of it would be another order */
	if (!n->options.quiet)
		tell(n, n->options.name);
}

/*
 * How many steps a run takes, about, where that decides when priorities change: by a few runs that
 * are the same whatever session they stand in, and whatever comes of them.  Of a program that
 * is given its choices nothing is learned: they change from call to call.
 */
static uint64_t usual_steps(struct session *n)
{
	enum { PROBES = 4 };
	const struct filch_sim_options o = n->options;
	const struct filch_sim_result before = *n->result;
	const uint64_t seed = n->seed;
	uint64_t steps;

	if (o.order == FILCH_SIM_RANDOM || o.order == FILCH_SIM_ALL || o.replay || o.input)
		return 0;
	n->options.order = FILCH_SIM_RANDOM;
	n->options.trace = false;
	for (n->seed = 1; n->seed <= PROBES; n->seed++)
		run_fails(n, false);
	steps = (n->result->steps - before.steps) / PROBES;
	n->options = o;
	n->seed = seed;
	*n->result = before;
	return steps + 1;
}

static int session_run(struct session *n)
{
	const struct filch_sim_options *o = &n->options;
	const uint64_t most = o->runs ? o->runs : o->order == FILCH_SIM_ALL ? UINT64_MAX : 1000;

	if (o->replay) {
		if (!filch__schedule_parse(filch__sim->schedule, o->replay))
			return FILCH_EINVAL;
		if (!run_fails(n, true))
			return 0;
		failed(n);
		return 1;
	}
	while (n->result->runs < most) {
		if (run_fails(n, false)) {
			failed(n);
			return 1;
		}
		if (!filch__schedule_next(filch__sim->schedule)) {
			n->result->complete = true;
			return 0;
		}
		n->seed++;
	}
	return 0;
}

extern char __start_filch_tls[] __attribute__((weak)), __stop_filch_tls[] __attribute__((weak));

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool open_sim(void)
{
	struct sim *s = map(sizeof *s);

	if (!s)
		return false;
	s->stacks = map((size_t)SIM_THREADS * SIM_STACK);
	s->memory = filch__memory_new();
	s->heap = filch__heap_new();
	s->schedule = filch__schedule_new();
	s->tls_here = __start_filch_tls;
	s->tls_bytes = (size_t)(__stop_filch_tls - __start_filch_tls);
	if (!s->stacks || !s->memory || !s->heap || !s->schedule || s->tls_bytes > sizeof s->tls)
		return false;
	memcpy(s->tls, s->tls_here, s->tls_bytes);
	filch__sim = s;
	return true;
}

static bool options_of(struct filch_sim_options *o, const struct filch_sim_options *user)
{
	memset(o, 0, sizeof *o);
	if (user && (user->struct_size < sizeof user->struct_size || user->struct_size > sizeof *o))
		return false;
	if (user)
		memcpy(o, user, user->struct_size);
	return true;
}

int filch_sim(void (*program)(void *), void *arg, const struct filch_sim_options *options,
              struct filch_sim_result *result)
{
	struct session n = {.program = program, .arg = arg};
	struct filch_sim_result own;
	struct sigaction before[CAUGHT];
	stack_t stack = {.ss_size = 64 * 1024}, stack_before;
	int code;

	if (!program || !options_of(&n.options, options) || (!filch__sim && !open_sim()))
		return FILCH_EINVAL;
	if (filch__sim->running)
		return FILCH_EINVAL;
	n.result = result ? result : &own;
	memset(n.result, 0, sizeof *n.result);
	n.seed = n.options.seed ? n.options.seed : 1;
	filch__sim->options = &n.options;
	filch__schedule_reset(filch__sim->schedule, 0);
	n.image.begin = __data_start;
	n.image.bytes = (size_t)(_end - __data_start);
	n.image.copy = map(n.image.bytes);
	stack.ss_sp = map(stack.ss_size);
	if (!n.image.copy || !stack.ss_sp)
		return FILCH_EINVAL;
	memcpy(n.image.copy, n.image.begin, n.image.bytes);
	sigaltstack(&stack, &stack_before);
	catch_signals(before);
	filch__schedule_reset(filch__sim->schedule, usual_steps(&n));
	code = session_run(&n);
	memcpy(n.image.begin, n.image.copy, n.image.bytes);
	release_signals(before);
	sigaltstack(&stack_before, NULL);
	munmap(stack.ss_sp, stack.ss_size);
	munmap(n.image.copy, n.image.bytes);
	return code;
}
