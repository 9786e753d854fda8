/* SPDX-License-Identifier: MIT */
/*
 * What a port does about threads, CPUs and the process; test/platform_wait.c has waiting and
 * time.  What a system need not know (CPUs, names) is tested where the port knows it.
 */
#define _GNU_SOURCE
#include "platform.h"
#include "support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(platform, .init = filch__ticks_init, .timeout = 120);

/* Masks, places and names come together: a port that has them says where a thread is. */
static void only_where_places_are_known(void)
{
	if (filch__cpu_here() == PLATFORM_NO_CPU)
		cr_skip_test("this port knows no CPUs");
}

static void run_on_thread(void (*run)(void *), void *arg)
{
	struct platform_thread t;

	cr_assert(filch__thread_start(&t, 0, run, arg));
	filch__thread_join(&t);
}

/* The rest of a sigset_t is not the system's, and may hold anything. */
static bool same_signals(const sigset_t *a, const sigset_t *b)
{
	int s = 1;

	while (s < SIGRTMAX && sigismember(a, s) == sigismember(b, s))
		s++;
	return s == SIGRTMAX;
}

/* ---- threads -------------------------------------------------------------------------- */

static void set_flag(void *flag)
{
	*(int *)flag = 1;
}

Test(platform, joins_a_thread_when_all_it_did_is_visible)
{
	for (size_t i = 0; i < scaled(2000, 50); i++) {
		int flag = 0;

		run_on_thread(set_flag, &flag);
		cr_assert_eq(flag, 1);
	}
}

/* F1 */
Test(platform, starts_no_thread_if_the_system_has_none)
{
	const long blocks = memory_blocks();
	struct platform_thread t;
	sigset_t before, after;
	int flag = 0;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	fail_threads(1, true, EAGAIN);
	cr_expect_not(filch__thread_start(&t, 0, set_flag, &flag));
	cr_expect_eq(fail_no_more(), 1);
	fail_memory(1, true);
	cr_expect_not(filch__thread_start(&t, 0, set_flag, &flag));
	cr_expect_geq(fail_no_more(), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	cr_expect(same_signals(&before, &after));
	cr_expect_eq(memory_blocks(), blocks);
	cr_expect_eq(flag, 0);
}

static void measure_stack(void *bytes)
{
	pthread_attr_t attr;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstacksize(&attr, bytes);
	pthread_attr_destroy(&attr);
}

Test(platform, starts_a_thread_with_the_stack_that_was_asked_for_or_none)
{
	const size_t sizes[] = {0,
	                        1,
	                        4095,
	                        16384,
	                        100001,
	                        1 << 20,
	                        1 << 26,
	                        (size_t)1 << 46,
	                        SIZE_MAX / 2,
	                        SIZE_MAX - 1};
	struct platform_thread t;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		size_t bytes = 0;

		if (!filch__thread_start(&t, sizes[i], measure_stack, &bytes)) {
			cr_expect_gt(sizes[i], 1 << 26);
			continue;
		}
		filch__thread_join(&t);
		cr_expect_geq(bytes, sizes[i]);
		cr_expect_gt(bytes, 8192);
	}
}

struct masks {
	sigset_t signals;
	int cancel_state;
};

static void note_masks(void *arg)
{
	struct masks *m = arg;

	pthread_sigmask(SIG_SETMASK, NULL, &m->signals);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &m->cancel_state);
}

/* F2 */
Test(platform, starts_a_thread_that_only_synchronous_signals_and_sigprof_reach)
{
	const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
	struct masks m, mine, before;

	note_masks(&before);
	run_on_thread(note_masks, &m);
	note_masks(&mine);
	cr_expect(same_signals(&before.signals, &mine.signals));
	cr_expect_eq(m.cancel_state, PTHREAD_CANCEL_DISABLE);
	for (int s = 1; s < SIGRTMAX; s++) {
		bool is_open = s == SIGKILL || s == SIGSTOP || (s > SIGSYS && s < SIGRTMIN);

		for (size_t i = 0; i < COUNT_OF(open); i++)
			is_open |= s == open[i];
		cr_expect_eq(sigismember(&m.signals, s), !is_open, "signal %d", s);
	}
}

struct name {
	const char *name;
	unsigned id;
	const char *shown;
};

static void take_name(void *arg)
{
	struct name *n = arg;
	char text[32] = "";

	filch__thread_name(n->name, n->id);
	pthread_getname_np(pthread_self(), text, sizeof text);
	if (strcmp(text, n->shown) == 0 && threads_named(n->shown, NULL, 0) == 1)
		n->shown = NULL;
}

Test(platform, shortens_names_but_not_numbers)
{
	struct name names[] = {{"filch", 3, "filch/3"},
	                       {"", 0, "/0"},
	                       {"abcdefghijklm", 1, "abcdefghijklm/1"},
	                       {"abcdefghijklmn", 2, "abcdefghijklm/2"}, /* 1 may not be gone yet */
	                       {"abcdefghijklmnopqrstuvwxyz", 1023, "abcdefghij/1023"},
	                       {"%s%n", 4294967295u, "%s%n/4294967295"},
	                       {"abcdef", 4294967295u, "abcd/4294967295"}};

	only_where_places_are_known();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		run_on_thread(take_name, &names[i]);
		cr_expect_null(names[i].shown, "not %s", names[i].shown);
	}
}

/* ---- CPUs ------------------------------------------------------------------------------- */

static cpu_set_t mask_now(void)
{
	cpu_set_t mask;

	sched_getaffinity(0, sizeof mask, &mask);
	return mask;
}

/* Pins the calling thread to where it is. */
static cpu_set_t pin_here(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	return one;
}

static void note_mask(void *mask)
{
	*(cpu_set_t *)mask = mask_now();
}

/* What a pinned thread finds: the mask of a thread that it starts, and a count. */
struct pinned {
	cpu_set_t mask;
	unsigned count;
	bool started;
};

static void *start_while_pinned(void *arg)
{
	struct pinned *p = arg;
	struct platform_thread t;

	pin_here();
	p->count = filch__affinity_count();
	p->started = filch__thread_start(&t, 0, note_mask, &p->mask);
	if (p->started)
		filch__thread_join(&t);
	return NULL;
}

/* F2 */
Test(platform, starts_threads_on_all_cpus_of_the_process_from_one_that_is_pinned)
{
	const cpu_set_t all = mask_now();
	struct pinned p;

	only_where_places_are_known();
	on_threads(1, start_while_pinned, &p);
	cr_assert(p.started);
	cr_expect(CPU_EQUAL(&p.mask, &all));
	cr_expect_eq(p.count, (unsigned)CPU_COUNT(&all));
}

Test(platform, of_a_pinned_process_has_one_cpu)
{
	cpu_set_t one, mask;

	only_where_places_are_known();
	one = pin_here();
	run_on_thread(note_mask, &mask);
	cr_expect(CPU_EQUAL(&mask, &one));
	cr_expect_eq(filch__affinity_count(), 1);
}

Test(platform, counts_the_cpus)
{
	const cpu_set_t all = mask_now();
	const unsigned count = filch__affinity_count();

	cr_expect_eq(filch__cpus_online(), (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
	cr_expect(count == 0 || count == (unsigned)CPU_COUNT(&all));
}

static void expect_stays(struct platform_place *place, unsigned cpu)
{
	const cpu_set_t before = mask_now();
	cpu_set_t after;

	filch__place_off(place, cpu);
	cr_expect_not(place->moved);
	filch__place_back(place);
	after = mask_now();
	cr_expect(CPU_EQUAL(&before, &after));
}

/* F6 */
Test(platform, takes_a_thread_off_a_cpu_and_back)
{
	const cpu_set_t before = mask_now();
	struct platform_place place;
	cpu_set_t now;

	filch__place_init(&place);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &before) || filch__cpu_here() == PLATFORM_NO_CPU ||
		    CPU_COUNT(&before) == 1) {
			expect_stays(&place, cpu);
			continue;
		}
		filch__place_off(&place, cpu);
		cr_expect(place.moved);
		now = mask_now();
		cr_expect_eq(CPU_COUNT(&now), CPU_COUNT(&before) - 1);
		cr_expect(!CPU_ISSET(cpu, &now) && filch__cpu_here() != cpu);
		filch__place_back(&place);
		cr_expect_not(place.moved);
		filch__place_back(&place);
		now = mask_now();
		cr_expect(CPU_EQUAL(&before, &now));
	}
	expect_stays(&place, CPU_SETSIZE);
	expect_stays(&place, PLATFORM_NO_CPU);
	expect_stays(&place, UINT32_MAX);
}

/* F6 */
Test(platform, leaves_a_thread_with_one_cpu_there)
{
	struct platform_place place;

	filch__place_init(&place);
	pin_here();
	expect_stays(&place, filch__cpu_here());
}

/* A thread that lives until it is told to end, and leaves its last mask. */
struct guinea_pig {
	struct platform_place place;
	atomic_uint placed, end;
	cpu_set_t mask;
};

static void wait_and_note(void *arg)
{
	struct guinea_pig *g = arg;

	filch__place_init(&g->place);
	atomic_store(&g->placed, 1);
	wait_for(&g->end, 1);
	g->mask = mask_now();
}

Test(platform, takes_another_thread_off_a_cpu_and_back)
{
	const cpu_set_t before = mask_now();
	struct guinea_pig g = {.end = 0};
	struct platform_thread t;
	cpu_set_t mine;

	only_where_places_are_known();
	cr_assert(filch__thread_start(&t, 0, wait_and_note, &g));
	cr_assert(wait_for(&g.placed, 1));
	for (int i = 0; i < 1000; i++) {
		filch__place_off(&g.place, filch__cpu_here());
		cr_assert_eq(g.place.moved, CPU_COUNT(&before) > 1);
		filch__place_back(&g.place);
	}
	atomic_store(&g.end, 1);
	filch__thread_join(&t);
	mine = mask_now();
	cr_expect(CPU_EQUAL(&g.mask, &before));
	cr_expect(CPU_EQUAL(&mine, &before));
}

/* ---- the process ------------------------------------------------------------------------------------ */

Test(platform, reads_the_environment)
{
	setenv("FILCH_TEST_VARIABLE", "a value", 1);
	cr_expect_str_eq(filch__env("FILCH_TEST_VARIABLE"), "a value");
	unsetenv("FILCH_TEST_VARIABLE");
	cr_expect_null(filch__env("FILCH_TEST_VARIABLE"));
}

static unsigned forks;

static void count_fork(void)
{
	forks++;
}

static int forks_seen(void *arg)
{
	(void)arg;
	return (int)forks;
}

Test(platform, tells_the_child_of_each_fork)
{
	cr_assert(filch__on_fork(count_fork));
	cr_expect_eq(in_fork(forks_seen, NULL), 1);
	cr_expect_eq(in_fork(forks_seen, NULL), 1);
	cr_expect_eq(forks, 0);
}

Test(platform, has_zeroed_memory_that_starts_on_a_cache_line)
{
	for (size_t bytes = 1; bytes < 1 << 20; bytes += 1 + bytes / 7)
		for (int i = 0; i < 4; i++) {
			char *memory = filch__alloc(bytes);

			cr_assert(memory && (uintptr_t)memory % CACHE_LINE == 0);
			cr_assert(!memory[0] && !memcmp(memory, memory + 1, bytes - 1));
			memset(memory, 0xff, bytes);
			filch__free(memory);
		}
	filch__free(NULL);
	fail_memory(1, true);
	cr_expect_null(filch__alloc(1));
	fail_no_more();
}
