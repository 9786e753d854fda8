/* SPDX-License-Identifier: MIT */
/* Signals are the application's: workers receive none but the synchronous ones and SIGPROF. */
#define _GNU_SOURCE
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(signals, .timeout = 300);

enum { WORKERS = 5 };

/* What the pool's threads block, as a start hook finds it on each of them. */
struct crew {
	filch_pool *pool;
	sigset_t masks[WORKERS];
};

static _Thread_local bool is_of_the_pool;

static int note_mask(void *arg, unsigned id)
{
	struct crew *c = arg;

	is_of_the_pool = true;
	return pthread_sigmask(SIG_BLOCK, NULL, &c->masks[id]);
}

static void crew_init(struct crew *c)
{
	memset(c, 0, sizeof *c);
	cr_assert_eq(filch_pool_create(&c->pool, FILCH_POOL(.workers = WORKERS,
	                                                    .on_start = note_mask, .hook_arg = c)),
	             0);
}

static void expect_mask(const sigset_t *mask)
{
	static const int of_the_application[] = {
		SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,  SIGUSR2, SIGALRM, SIGVTALRM, SIGCHLD,
		SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGURG,  SIGIO,   SIGXCPU};
	static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF};

	for (size_t i = 0; i < COUNT_OF(of_the_application); i++)
		cr_expect(sigismember(mask, of_the_application[i]), "signal %d",
		          of_the_application[i]);
	for (int signal = SIGRTMIN; signal < SIGRTMAX; signal++) /* valgrind keeps the last */
		cr_expect(sigismember(mask, signal), "signal %d", signal);
	for (size_t i = 0; i < COUNT_OF(synchronous); i++)
		cr_expect_not(sigismember(mask, synchronous[i]), "signal %d", synchronous[i]);
}

static void expect_masks_of_a_new_crew(void)
{
	struct crew c;

	crew_init(&c);
	for (unsigned id = 1; id < WORKERS; id++)
		expect_mask(&c.masks[id]);
	pool_close(c.pool);
}

Test(signals, are_blocked_in_workers_but_for_the_synchronous_ones)
{
	expect_masks_of_a_new_crew();
}

Test(signals, are_blocked_in_workers_whatever_the_creator_blocks)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	expect_masks_of_a_new_crew();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int nothing(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	return 0;
}

static int fails_to_start(void *arg, unsigned id)
{
	(void)arg, (void)id;
	return 1;
}

Test(signals, blocked_in_the_thread_that_calls_are_left_as_they_were)
{
	sigset_t some, before, after;
	filch_pool *pool;

	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	sigaddset(&some, SIGFPE);
	pthread_sigmask(SIG_BLOCK, &some, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	pool = pool_of(4);
	cr_expect_eq(filch_for(pool, 1000, nothing, NULL, FILCH(.chunk = 1)), 0);
	pool_close(pool);
	cr_expect_eq(filch_pool_create(&pool, FILCH_POOL(.workers = 3, .on_start = fails_to_start)),
	             FILCH_EHOOK);
	cr_expect_eq(filch_for(NULL, 1000, nothing, NULL, NULL), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int signal = 1; signal < SIGRTMIN; signal++)
		cr_expect_eq(sigismember(&before, signal), sigismember(&after, signal));
}

/* ---- many of them ---------------------------------------------------------------------- */

static atomic_uint handled, handled_elsewhere;
static pthread_t receiver; /* the one thread that may run a handler */

static void handler(int signal)
{
	(void)signal;
	atomic_fetch_add(&handled, 1);
	if (!pthread_equal(pthread_self(), receiver))
		atomic_fetch_add(&handled_elsewhere, 1);
}

static void handle(int signal, void (*by)(int signal), int flags)
{
	struct sigaction action = {.sa_handler = by, .sa_flags = flags};

	sigemptyset(&action.sa_mask);
	cr_assert_eq(sigaction(signal, &action, NULL), 0);
}

/* SIGALRM by real time, or SIGPROF by time spent on CPUs; 0 is off. */
static void tick(bool profiling, long microseconds)
{
	struct itimerval every = {{0, microseconds}, {0, microseconds}};

	cr_assert_eq(profiling ? setitimer(ITIMER_PROF, &every, NULL)
	                       : setitimer(ITIMER_REAL, &every, NULL),
	             0);
}

static int tally_slowly(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	tally_body(ctx, begin, end, w);
	sleep_ns(2000);
	return 0;
}

/* Loops of all kinds, until so many handlers have run. */
static void run_loops(filch_pool *pool, unsigned signals)
{
	struct tally t;

	tally_init(&t, 500);
	for (int round = 0; round < 10 || atomic_load(&handled) < signals; round++) {
		const struct filch_options *kinds[] = {
			NULL, FILCH(.chunk = 1), FILCH(.timeout_ns = 60000000000u),
			FILCH(.pause_ns = 100000), FILCH(.max_workers = 2)};

		tally_clear(&t);
		t.n = round % 5 == 3 ? 20 : 500;
		cr_assert_eq(filch_for(pool, t.n, tally_slowly, &t, kinds[round % 5]), 0);
		tally_expect_once(&t);
	}
	tally_finish(&t);
}

static void storm(int flags)
{
	struct crew c;

	atomic_store(&handled, 0);
	crew_init(&c);
	handle(SIGALRM, handler, flags);
	tick(false, 500);
	run_loops(c.pool, (unsigned)scaled(300, 30));
	tick(false, 0);
	pool_close(c.pool);
}

Test(signals, by_the_hundred_disturb_no_loop)
{
	receiver = pthread_self();
	storm(0);
	storm(SA_RESTART);
	cr_expect_eq(atomic_load(&handled_elsewhere), 0, "a handler ran on a worker");
}

/* ---- a million of them ----------------------------------------------------------------- */

/* One after the other, so that the system cannot make one of two: each is handled, and counted. */
struct sender {
	int signal;
	bool to_all; /* to the process, or to the receiver only */
	unsigned times;
	atomic_uint handled;
};

static struct sender senders[2] = {{.signal = SIGUSR1}, {.signal = SIGUSR2, .to_all = true}};

static void count_of_sender(int signal)
{
	atomic_fetch_add(&senders[signal == senders[1].signal].handled, 1);
	atomic_fetch_add(&handled, 1);
	if (is_of_the_pool)
		atomic_fetch_add(&handled_elsewhere, 1);
}

static void *send_all(void *sender)
{
	struct sender *s = sender;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (unsigned i = 0; i < s->times; i++) {
		if (s->to_all ? kill(getpid(), s->signal) : pthread_kill(receiver, s->signal))
			abort();
		while (atomic_load(&s->handled) == i)
			sched_yield();
	}
	return NULL;
}

static void bombard(filch_pool *pool, int flags, unsigned times)
{
	pthread_t threads[COUNT_OF(senders)];

	atomic_store(&handled, 0);
	for (size_t i = 0; i < COUNT_OF(senders); i++) {
		handle(senders[i].signal, count_of_sender, flags);
		senders[i].times = times;
		atomic_store(&senders[i].handled, 0);
		cr_assert_eq(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	run_loops(pool, COUNT_OF(senders) * times);
	for (size_t i = 0; i < COUNT_OF(senders); i++)
		pthread_join(threads[i], NULL);
	cr_expect_eq(atomic_load(&handled), COUNT_OF(senders) * times);
	tell_count(atomic_load(&handled), "signals");
}

Test(signals, by_the_hundred_thousand_disturb_no_loop)
{
	const unsigned times = (unsigned)scaled(25000, 500);
	struct crew c;

	receiver = pthread_self();
	crew_init(&c);
	bombard(c.pool, 0, times);
	bombard(c.pool, SA_RESTART, times);
	cr_expect_eq(atomic_load(&handled_elsewhere), 0, "a handler ran on a worker");
	pool_close(c.pool);
}

/* ---- others ------------------------------------------------------------------------------ */

/* These workers do get: a profiler wants to see them. */
Test(signals, of_a_profiler_disturb_no_loop)
{
	struct crew c;
	struct tally t;

	receiver = pthread_self();
	crew_init(&c);
	handle(SIGPROF, handler, SA_RESTART);
	tick(true, 1000);
	tally_init(&t, 300000);
	for (size_t round = 0; round < scaled(60, 10); round++) {
		tally_clear(&t);
		cr_assert_eq(filch_for(c.pool, t.n, tally_body, &t, FILCH(.chunk = 100)), 0);
		tally_expect_once(&t);
	}
	tick(true, 0);
	tally_finish(&t);
	pool_close(c.pool);
}

/* All threads of the program block it, so it can only wait, or go where it must not. */
Test(signals, that_the_program_blocks_stay_pending)
{
	struct crew c;
	sigset_t one, pending;

	receiver = pthread_self();
	handle(SIGUSR1, handler, 0);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	crew_init(&c);
	for (int round = 0; round < 50; round++) {
		cr_assert_eq(kill(getpid(), SIGUSR1), 0);
		cr_assert_eq(filch_for(c.pool, 200, nothing, NULL, FILCH(.chunk = 1)), 0);
		sigpending(&pending);
		cr_assert(sigismember(&pending, SIGUSR1));
	}
	cr_expect_eq(atomic_load(&handled), 0);
	pool_close(c.pool);
}

/* ---- stopped and continued ------------------------------------------------------------------ */

/* Stops and continues its parent so often. */
static pid_t start_tormentor(size_t times)
{
	const pid_t victim = getpid();
	pid_t tormentor = fork();

	if (tormentor != 0)
		return tormentor;
	for (size_t i = 0; i < times; i++) {
		if (getppid() != victim)
			_exit(1);
		sleep_ns(500000);
		kill(victim, SIGSTOP);
		sleep_ns(500000);
		kill(victim, SIGCONT);
	}
	_exit(0);
}

CHILD(loops_while_it_is_stopped_and_continued)
{
	const size_t times = scaled(200, 100);
	const pid_t tormentor = start_tormentor(times);
	filch_pool *pool = pool_of(4);
	struct tally t;
	int code = 0, status = 1;

	tally_init(&t, 500);
	for (size_t round = 0; !code && (round < 10 || waitpid(tormentor, &status, WNOHANG) == 0);
	     round++) {
		tally_clear(&t);
		code = filch_for(pool, t.n, tally_slowly, &t, round % 2 ? FILCH(.chunk = 1) : NULL);
		code |= tally_first_not(&t, 0, t.n, 1) != t.n;
	}
	tally_finish(&t);
	tell_count(times, "stops");
	return code | (status != 0) | filch_pool_destroy(pool);
}

Test(signals, that_stop_and_continue_the_process_disturb_no_loop)
{
	struct outcome o;

	run_child(&o, "loops_while_it_is_stopped_and_continued", NULL);
	cr_expect_eq(o.status, 0, "%d %s", o.status, o.err);
	fputs(o.err, stderr);
}
