/* SPDX-License-Identifier: MIT */
/*
 * The promises of filch.h by number, P10 to P16: those about threads, who works, who
 * sleeps and who is woken.  The others are in promises.c; longer versions are in
 * signals.c (P10), nesting.c (P14) and faults.c (P15).
 */
#define _GNU_SOURCE
#include "support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

TestSuite(promises, .timeout = 600);

static int nothing(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end, (void)w;
	return 0;
}

/* The pool's threads, noted by a start hook. */
enum { WORKERS = 4 };

struct crew {
	filch_pool *pool;
	_Atomic pid_t ids[WORKERS];
	sigset_t masks[WORKERS];
};

static int note_thread(void *arg, unsigned id)
{
	struct crew *c = arg;

	if (!c)
		return 0;
	atomic_store(&c->ids[id], (pid_t)syscall(SYS_gettid));
	return pthread_sigmask(SIG_BLOCK, NULL, &c->masks[id]);
}

static void crew_open(struct crew *c)
{
	cr_assert_eq(
		filch_pool_create(&c->pool, FILCH_POOL(.workers = WORKERS, .on_start = note_thread,
	                                               .hook_arg = c)),
		0);
}

/* ---- P10: signals ---------------------------------------------------------------------- */

Test(promises, p10_workers_receive_no_signal_of_the_application)
{
	struct crew c = {0};

	crew_open(&c);
	for (unsigned id = 1; id < WORKERS; id++) {
		for (int signal = 1; signal < SIGRTMAX; signal++) { /* valgrind keeps the last */
			bool synchronous = signal == SIGSEGV || signal == SIGBUS ||
			                   signal == SIGFPE || signal == SIGILL ||
			                   signal == SIGTRAP || signal == SIGABRT ||
			                   signal == SIGSYS;
			bool of_the_system = signal == SIGKILL || signal == SIGSTOP ||
			                     (signal >= 32 && signal < SIGRTMIN);

			if (of_the_system)
				continue;
			cr_expect_eq(sigismember(&c.masks[id], signal),
			             !synchronous && signal != SIGPROF, "signal %d", signal);
		}
	}
	pool_close(c.pool);
}

/* ---- P11: time ---------------------------------------------------------------------------- */

static int jump_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)end, (void)w;
	wall_clock_jumps(*(int64_t *)ctx * (begin % 2 ? 1 : -1));
	sleep_ns(10000);
	return 0;
}

static const int64_t ten_years = 10ll * 365 * 24 * 3600;

/* F5 */
Test(promises, p11_a_wall_clock_that_jumps_ends_no_call_early)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);
		int64_t jump = ten_years;

		cr_expect_eq(filch_for(pool, 200, jump_body, &jump,
		                       FILCH(.chunk = 1, .timeout_ns = 3600000000000u)),
		             0);
		cr_expect_eq(filch_for(pool, 20, jump_body, &jump,
		                       FILCH(.pause_ns = 10000, .timeout_ns = 3600000000000u)),
		             0);
		wall_clock_jumps(0);
		pool_close(pool);
	}
}

static int back_in_time(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end;
	wall_clock_jumps(-ten_years);
	return wait_for_stop(w) ? 0 : 1;
}

Test(promises, p11_a_wall_clock_that_is_set_back_holds_no_call_up)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		filch_pool *pool = pool_of(widths[k]);

		cr_expect_eq(filch_for(pool, 1000, back_in_time, NULL,
		                       FILCH(.chunk = 1, .timeout_ns = 5000000)),
		             FILCH_ETIMEDOUT);
		wall_clock_jumps(0);
		pool_close(pool);
	}
}

/* ---- P12: idle ------------------------------------------------------------------------------ */

/* How often the pool's threads were put on a CPU. */
static uint64_t switches(const struct crew *c)
{
	uint64_t sum = 0;

	for (unsigned id = 1; id < WORKERS; id++)
		sum += thread_status(atomic_load(&c->ids[id]), "\nvoluntary_ctxt_switches:") +
		       thread_status(atomic_load(&c->ids[id]), "nonvoluntary_ctxt_switches:");
	return sum;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* I5 */
Test(promises, p12_an_idle_pool_burns_nothing)
{
	struct crew c = {0};
	uint64_t before = 0, now = 1, cpu;

	crew_open(&c);
	for (int round = 0; round < 20; round++)
		cr_expect_eq(filch_for(c.pool, 1000, nothing, NULL, FILCH(.chunk = 1)), 0);
	/* They may look for work for a while; then nothing happens any more, for ever. */
	for (int tries = 0; tries < 300 && before != now; tries++) {
		before = now;
		sleep_ns(200000000);
		now = switches(&c);
	}
	cr_expect_eq(before, now, "they do not come to rest");
	cpu = cpu_ns();
	sleep_ns(1000000000);
	cr_expect_eq(switches(&c), now, "somebody woke up");
	cr_expect_lt(cpu_ns() - cpu, 20000000u);
	pool_close(c.pool);
}

/* ---- P13: asleep ------------------------------------------------------------------------------ */

struct meeting {
	atomic_uint here;
	unsigned all;
};

/* Returns when enough others run, too: work that certainly is worth a wake-up. */
static int meet_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct meeting *m = ctx;

	(void)begin, (void)end, (void)w;
	return meet(&m->here, m->all) ? 0 : 1;
}

Test(promises, p13_work_that_is_worth_it_wakes_those_who_sleep)
{
	for (unsigned width = 2; width <= 16; width *= 2) {
		filch_pool *pool = pool_of(width);

		for (size_t round = 0; round < scaled(100, 10); round++) {
			struct meeting m = {.all = width};

			sleep_ns(round % 4 ? 1000000 : 10000);
			cr_assert_eq(filch_for(pool, width, meet_body, &m,
			                       round % 2 ? FILCH(.chunk = 1) : NULL),
			             0);
		}
		pool_close(pool);
	}
}

/* Every call is the first one: threads come while others already have work for them. */
Test(promises, p13_work_that_is_worth_it_makes_all_threads_that_a_new_pool_can_have)
{
	for (size_t round = 0; round < scaled(2000, 50); round++) {
		unsigned width = (unsigned)(2 + round % 9);
		filch_pool *pool = pool_of(width);
		struct meeting m = {.all = width};

		cr_assert_eq(filch_for(pool, width, meet_body, &m, NULL), 0);
		pool_close(pool);
	}
}

/* ---- P14: locks and stacks ---------------------------------------------------------------------- */

struct guarded {
	filch_pool *pool;
	pthread_mutex_t mutex; /* tells its holder if it takes it again */
};

static _Thread_local unsigned bodies_here;
static atomic_uint most_bodies_here;

static int counted(int (*call)(struct guarded *), struct guarded *g)
{
	unsigned here = ++bodies_here;
	int code;

	for (unsigned most = atomic_load(&most_bodies_here);
	     here > most && !atomic_compare_exchange_weak(&most_bodies_here, &most, here);)
		;
	code = call(g);
	bodies_here--;
	return code;
}

static int rest(struct guarded *g)
{
	(void)g;
	sleep_ns(1000);
	return 0;
}

static int inner_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	return counted(rest, ctx);
}

static int call_locked(struct guarded *g)
{
	int code = pthread_mutex_lock(&g->mutex);

	if (!code)
		code = filch_for(g->pool, 20, inner_body, g, FILCH(.chunk = 1));
	pthread_mutex_unlock(&g->mutex);
	return code;
}

static int outer_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	return counted(call_locked, ctx);
}

/* W2 */
Test(promises, p14_a_lock_may_be_held_over_a_call_and_no_stack_grows)
{
	for (size_t k = 0; k < COUNT_OF(widths); k++) {
		struct guarded g = {.pool = pool_of(widths[k])};
		pthread_mutexattr_t strict;

		pthread_mutexattr_init(&strict);
		pthread_mutexattr_settype(&strict, PTHREAD_MUTEX_ERRORCHECK);
		pthread_mutex_init(&g.mutex, &strict);
		cr_expect_eq(filch_for(g.pool, 200, outer_body, &g, FILCH(.chunk = 1)), 0);
		pthread_mutex_destroy(&g.mutex);
		pthread_mutexattr_destroy(&strict);
		pool_close(g.pool);
	}
	cr_expect_eq(atomic_load(&most_bodies_here), 2, "the nesting of the program, no more");
}

/* ---- P15: no threads ------------------------------------------------------------------------------ */

Test(promises, p15_without_any_thread_everything_still_runs)
{
	struct filch_report r;
	filch_pool *pool;
	struct tally t;

	tally_init(&t, 10000);
	fail_threads(1, true, EAGAIN);
	pool = pool_of(8);
	cr_expect_eq(filch_for(pool, t.n, tally_body, &t, FILCH(.chunk = 1, .report = &r)), 0);
	fail_no_more();
	tally_expect_once(&t);
	cr_expect_eq(r.workers, 1);
	tally_finish(&t);
	pool_close(pool);
}

/* ---- P16: nothing is hidden behind a body that runs ------------------------------------------------- */

Test(promises, p16_ten_items_that_block_are_on_eight_workers_at_once)
{
	struct meeting first = {.all = 8};
	filch_pool *pool = pool_of(8);

	cr_expect_eq(filch_for(pool, 10, meet_body, &first, NULL), 0, "the first call of all");
	for (int round = 0; round < 50; round++) {
		struct meeting m = {.all = 8};

		cr_assert_eq(filch_for(pool, 10, meet_body, &m, NULL), 0);
	}
	pool_close(pool);
}

/*
 * One item is held back until all that are not in the same range have run.  The others are
 * so short that nobody may be woken for them: here somebody always looks.
 */
struct held {
	struct tally t;
	size_t item;
	atomic_uint others;
};

static int held_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct held *h = ctx;

	tally_body(&h->t, begin, end, w);
	if (begin <= h->item && h->item < end)
		return wait_for(&h->others, (unsigned)(h->t.n - (end - begin))) ? 0 : 1;
	atomic_fetch_add(&h->others, (unsigned)(end - begin));
	return 0;
}

static void expect_not_hidden(filch_pool *pool, size_t n, size_t item,
                              const struct filch_options *options)
{
	struct held h = {.item = item};

	tally_init(&h.t, n);
	cr_assert_eq(filch_for(pool, n, held_body, &h, options), 0, "item %zu of %zu", item, n);
	tally_expect_once(&h.t);
	tally_finish(&h.t);
}

/* W1 */
Test(promises, p16_no_item_waits_behind_one_that_runs)
{
	const size_t lengths[] = {2, 3, 10, 100, 1000};

	for (size_t k = 1; k < COUNT_OF(widths); k++) {
		filch_pool *pool;

		cr_assert_eq(filch_pool_create(&pool, FILCH_POOL(.workers = widths[k],
		                                                 .on_start = note_thread,
		                                                 .spin_ns = 60000000000u)),
		             0);
		for (size_t i = 0; i < COUNT_OF(lengths); i++) {
			const size_t n = lengths[i];
			const size_t items[] = {0, 1, n / 2, n - 2, n - 1};

			for (size_t j = 0; j < COUNT_OF(items); j++)
				expect_not_hidden(pool, n, items[j], FILCH(.cost_ns = 1e6));
		}
		pool_close(pool);
	}
}

/* Two levels: the calls inside one long item are as open to thieves as the item itself. */
static int meet_inside(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct crew *c = ctx;
	struct meeting m = {.all = WORKERS};

	(void)begin, (void)end, (void)w;
	return filch_for(c->pool, WORKERS, meet_body, &m, NULL);
}

/* W1 */
Test(promises, p16_nothing_of_a_nested_call_is_hidden_either)
{
	struct crew c = {0};

	crew_open(&c);
	for (int round = 0; round < 50; round++)
		cr_assert_eq(filch_for(c.pool, 1, meet_inside, &c, NULL), 0);
	pool_close(c.pool);
}
