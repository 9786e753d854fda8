/* SPDX-License-Identifier: MIT */
/* Waiting and waking, locks made of that, and time in nanoseconds and ticks. */
#define _GNU_SOURCE
#include "platform.h"
#include "support.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

TestSuite(platform_wait, .init = filch__ticks_init, .timeout = 120);

enum { THREADS = 8 };

/* ---- waiting ---------------------------------------------------------------------------------- */

Test(platform_wait, is_over_at_once_if_the_word_has_changed)
{
	_Atomic uint32_t word = 1;

	filch__wait(&word, 0, 0);
	filch__wait(&word, 2, UINT64_MAX);
}

/* F5 */
Test(platform_wait, is_over_at_the_deadline)
{
	const uint64_t end = filch__now_ns() + 5000000;
	_Atomic uint32_t word = 0;

	filch__wait(&word, 0, 1);
	filch__wait(&word, 0, filch__now_ns() - 1);
	while (filch__now_ns() < end)
		filch__wait(&word, 0, end);
}

struct bell {
	_Atomic uint32_t word;
	atomic_uint here, heard;
	uint64_t deadline_ns;
};

static void *wait_for_bell(void *arg)
{
	struct bell *b = arg;

	atomic_fetch_add(&b->here, 1);
	while (load_acquire(&b->word) == 0)
		filch__wait(&b->word, 0, b->deadline_ns);
	atomic_fetch_add(&b->heard, 1);
	return NULL;
}

static void *ring(void *arg)
{
	struct bell *b = arg;

	wait_for(&b->here, THREADS);
	store_release(&b->word, 1);
	filch__wake(&b->word);
	return NULL;
}

static void *wait_or_ring(void *arg)
{
	static atomic_uint who;

	return atomic_fetch_add(&who, 1) % (THREADS + 1) ? wait_for_bell(arg) : ring(arg);
}

/* F3 */
Test(platform_wait, is_over_for_all_who_are_woken)
{
	for (size_t i = 0; i < scaled(1000, 50); i++) {
		struct bell b = {.deadline_ns = i % 2 ? UINT64_MAX : 0};

		on_threads(THREADS + 1, wait_or_ring, &b);
		cr_assert_eq(atomic_load(&b.heard), THREADS);
	}
}

/* F4 */
Test(platform_wait, is_over_even_if_the_word_is_gone)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *word = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(word, MAP_FAILED);
	filch__wake(word);
	munmap(word, page);
	filch__wake(word);
}

static _Atomic uint32_t turn;

/* Changes the word, then wakes; nobody sleeps through it. */
static void *take_turns(void *arg)
{
	static atomic_uint who;
	const uint32_t me = atomic_fetch_add(&who, 1);

	for (uint32_t i = 0; i < *(uint32_t *)arg; i++) {
		uint32_t t;

		while ((t = load_acquire(&turn)) % 2 != me)
			filch__wait(&turn, t, 0);
		store_release(&turn, t + 1);
		filch__wake(&turn);
	}
	return NULL;
}

/* F3 */
Test(platform_wait, misses_none_of_a_hundred_thousand_changes)
{
	uint32_t turns = (uint32_t)scaled(100000, 1000);

	on_threads(2, take_turns, &turns);
	cr_expect_eq(load_relaxed(&turn), 2 * turns);
}

static void ignore(int signal)
{
	(void)signal;
}

Test(platform_wait, until_a_deadline_is_not_cut_short_by_signals)
{
	const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = ignore};
	uint64_t end = filch__now_ns() + 20000000;

	filch__sleep_until(0);
	filch__sleep_until(1);
	filch__sleep_until(filch__now_ns());
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	filch__sleep_until(end);
	cr_expect_geq(filch__now_ns(), end);
	setitimer(ITIMER_REAL, &never, NULL);
}

/* ---- locks ---------------------------------------------------------------------------------------- */

static struct lock lock;
static unsigned long guarded; /* a plain variable */

static void count_guarded(size_t times)
{
	for (size_t i = times; i > 0; i--) {
		unsigned long before;

		lock_take(&lock);
		before = guarded;
		if (i % 1000 == 0)
			sched_yield(); /* so that others come while it is held */
		else if (i % 2)
			platform_pause();
		guarded = before + 1;
		lock_release(&lock);
	}
}

struct counters {
	size_t times;
	atomic_uint here, all;
};

static void *count_together(void *arg)
{
	struct counters *c = arg;

	if (meet(&c->here, atomic_load(&c->all)))
		count_guarded(c->times);
	return NULL;
}

Test(platform_wait, for_a_lock_lets_one_thread_in_at_a_time)
{
	for (unsigned n = 1; n <= THREADS; n *= 2) {
		struct counters c = {.times = scaled(3000000, 3000) / n, .all = n};

		guarded = 0;
		on_threads(n, count_together, &c);
		cr_expect_eq(guarded, n * c.times);
		cr_expect_eq(load_relaxed(&lock.state), 0);
	}
}

static int take_zeroed_lock(void *arg)
{
	(void)arg;
	store_relaxed(&lock.state, 0);
	lock_take(&lock);
	lock_release(&lock);
	return load_relaxed(&lock.state) == 0 ? 0 : 1;
}

static void *hold_and_fork(void *result)
{
	lock_take(&lock);
	*(int *)result = in_fork(take_zeroed_lock, NULL);
	lock_release(&lock);
	return NULL;
}

Test(platform_wait, for_a_lock_that_the_child_of_a_fork_zeroed_is_over_at_once)
{
	for (int i = 0; i < 10; i++) {
		int result = -1;

		on_threads(1, hold_and_fork, &result);
		cr_expect_eq(result, 0);
	}
	count_guarded(1);
	cr_expect_eq(guarded, 1);
}

/* ---- time ----------------------------------------------------------------------------------------- */

/* A processor may read its counter before it has read what was handed over. */
static uint64_t ticks_in_order(void)
{
#if defined(__x86_64__)
	__builtin_ia32_lfence();
#endif
	return platform_ticks();
}

static _Atomic uint64_t latest;

static void *never_before_latest(void *wrong)
{
	for (size_t i = scaled(300000, 1000); i > 0; i--) {
		const uint64_t seen = load_acquire(&latest), now = ticks_in_order();

		if (now < seen)
			atomic_fetch_add((atomic_uint *)wrong, 1);
		store_release(&latest, now);
		if (i % 5000 == 0)
			sched_yield();
	}
	return NULL;
}

Test(platform_wait, in_ticks_never_goes_back_from_thread_to_thread)
{
	atomic_uint wrong = 0;

	on_threads(4, never_before_latest, &wrong);
	cr_expect_eq(atomic_load(&wrong), 0);
}

Test(platform_wait, in_ticks_never_goes_back_from_cpu_to_cpu)
{
	cpu_set_t all;
	uint64_t before = platform_ticks();
	uint64_t clock = filch__now_ns();

	cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
	for (int i = 0; i < 1000; i++)
		for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			cpu_set_t one;

			if (!CPU_ISSET(cpu, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
			cr_assert_geq(platform_ticks(), before);
			cr_assert_geq(filch__now_ns(), clock);
			before = platform_ticks();
			clock = filch__now_ns();
		}
}

/* Both are read twice 50 ms apart; the second time until little else came in between. */
Test(platform_wait, in_ticks_is_as_long_as_by_the_clock)
{
	uint64_t ticks = platform_ticks(), clock = filch__now_ns(), end_ticks, end;
	double ratio;

	for (int i = 0; i < 100 && platform_ns(platform_ticks() - ticks) > 20000; i++)
		ticks = platform_ticks(), clock = filch__now_ns();
	filch__sleep_until(clock + 50000000);
	for (int i = 0; i < 100; i++) {
		end_ticks = platform_ticks();
		end = filch__now_ns();
		if (platform_ns(platform_ticks() - end_ticks) < 20000)
			break;
	}
	ratio = platform_ns(end_ticks - ticks) / (double)(end - clock);
	cr_expect_float_eq(ratio, 1, 0.01, "%g ns for a nanosecond", ratio);
}

static void *init_ticks(void *arg)
{
	(void)arg;
	filch__ticks_init();
	atomic_fetch_add((atomic_uint *)arg, platform_ns(1000000) > 0);
	return NULL;
}

Test(platform_wait, in_ticks_has_a_rate_that_many_threads_find_at_once, .init = NULL)
{
	atomic_uint right = 0;

	on_threads(THREADS, init_ticks, &right);
	cr_expect_eq(atomic_load(&right), THREADS);
}
