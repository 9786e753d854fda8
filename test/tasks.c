/* SPDX-License-Identifier: MIT */
/* The list of forked tasks: what is shared, in which order, and who stands still meanwhile. */
#define _GNU_SOURCE
#include "support.h"

#include "tasks.h"

#include <criterion/criterion.h>

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

TestSuite(tasks, .timeout = 60);

enum { MANY = 100 };

/* An owner, its deque, and one that stands for its worker. */
static struct tasks tasks;
static struct deque deque;
static struct loop call;
static int worker;
static filch_task task[MANY];

static void begin(void)
{
	filch__deque_init(&deque, 0);
	store_relaxed(&tasks.call, &call);
	call.forks = load_relaxed(&filch__forks);
}

/* What the inline functions do while nobody asks. */
static void fork_quietly(filch_task *t)
{
	store_relaxed(tasks_asked(&tasks), 0);
	filch_push_(&tasks.open, t, tasks.open.newest_);
}

static void fork_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fork_quietly(&task[i]);
}

static void expect_shared(unsigned from, unsigned to)
{
	struct chunk c = {NULL, {0, 0}};
	uint64_t ticket = 0;

	for (unsigned i = from; i < to; i++) {
		cr_assert(deque_peek(&deque, &c, &ticket));
		cr_assert(deque_claim(&deque, ticket));
		cr_expect(chunk_is_task(c));
		cr_expect_eq(chunk_task(c), &task[i], "oldest first");
		cr_expect_eq(c.loop, &call);
		cr_expect_eq(task[i].worker_, &worker);
		cr_expect_eq(load_relaxed(task_done(&task[i])), 0);
		cr_expect_null(load_relaxed(task_call(&task[i])));
	}
	cr_expect_not(deque_peek(&deque, &c, &ticket));
}

Test(tasks, the_older_half_is_shared_and_no_longer_asked_for)
{
	begin();
	fork_all(5);
	tasks_ask(&tasks);
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_HALF);
	cr_expect_eq(load_relaxed(tasks_asked(&tasks)), filch__barrier_missing());
	expect_shared(0, 3);
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_HALF);
	expect_shared(3, 4);
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_HALF_BUT_NEWEST);
	expect_shared(4, 4);
	cr_expect(tasks_hidden(&tasks));
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_ALL);
	expect_shared(4, 5);
	cr_expect_not(tasks_hidden(&tasks));
}

/* J1 */
Test(tasks, a_private_task_is_its_joins_and_the_others_are_shared)
{
	begin();
	fork_all(4);
	store_relaxed(tasks_newest(&tasks), task[3].older_);
	cr_expect(filch__tasks_take(&tasks, &deque, &worker, &task[3]));
	expect_shared(0, 2);
}

Test(tasks, a_shared_task_is_taken_off_the_list_by_its_join)
{
	begin();
	fork_all(3);
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_ALL);
	for (unsigned i = 3; i--;) {
		/* As the inline function does, mark and all. */
		store_relaxed(tasks_newest(&tasks), load_relaxed(task_older(&task[i])));
		cr_expect_not(filch__tasks_take(&tasks, &deque, &worker, &task[i]));
		cr_expect_eq(load_relaxed(tasks_newest(&tasks)), i ? &task[i - 1] : NULL);
		cr_expect_not(tasks_hidden(&tasks));
	}
}

Test(tasks, nothing_is_shared_while_a_join_of_a_shared_task_is_on_its_way)
{
	begin();
	fork_all(MANY);
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_ALL);
	/* It read older_ before the mark was there, or after. */
	for (unsigned i = MANY; i--;) {
		filch_task *marked = load_relaxed(task_older(&task[i]));

		store_relaxed(tasks_newest(&tasks), older_unmarked(marked));
		cr_expect(tasks_hidden(&tasks), "so it seems to others");
		cr_expect_not(filch__tasks_expose(&tasks, &deque, &worker));
		store_relaxed(tasks_newest(&tasks), marked);
		cr_expect_not(filch__tasks_expose(&tasks, &deque, &worker));
		cr_expect_not(filch__tasks_take(&tasks, &deque, &worker, &task[i]));
	}
	expect_shared(0, MANY);
}

/* J5 */
Test(tasks, what_is_hidden_is_exposed_all_of_it)
{
	begin();
	if (!filch__barrier())
		cr_skip_test("this system has no barrier for other threads");
	cr_expect_not(filch__tasks_expose(&tasks, &deque, &worker));
	fork_all(MANY);
	cr_expect(filch__tasks_expose(&tasks, &deque, &worker));
	expect_shared(0, MANY);
	cr_expect_not(filch__tasks_expose(&tasks, &deque, &worker));
}

#ifdef __linux__
/* To ask for barriers takes until all CPUs have been through the scheduler when there are threads. */
Test(tasks, can_be_exposed_without_asking_the_system_first)
{
	if (filch__barrier_missing())
		cr_skip_test("this system has no barrier for other threads");
	cr_expect_eq(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0,
	             "the process had asked before it had threads");
}
#endif

/* J7 */
Test(tasks, without_memory_the_rest_stays_private)
{
	begin();
	fork_all(MANY);
	fail_memory(1, true);
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_ALL);
	if (!fail_no_more())
		cr_skip_test("valgrind has the memory");
	expect_shared(0, DEQUE_SLOTS_INSIDE);
	cr_expect(tasks_hidden(&tasks));
	filch__tasks_answer(&tasks, &deque, &worker, SHARE_ALL);
	expect_shared(DEQUE_SLOTS_INSIDE, MANY);
	filch__deque_finish(&deque);
}
