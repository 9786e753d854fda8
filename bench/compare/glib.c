/* SPDX-License-Identifier: MIT */
/*
 * GLib's GThreadPool, as one writes it after a look at its reference: a push per item, a counter
 * that says when all are done, and a caller who only waits.
 *
 * The pool is exclusive.  Its threads are started with it and stay with it.  Those of any other
 * come with the first items, are lent to the other pools of the process, and end after some time
 * without work: some calls would start threads and some would not.
 */
#include "contender.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * So many items are pushed before they are waited for.  The queue needs memory for each of
 * them, and a caller may be faster at pushing than the workers at taking.
 */
enum { PUSHES_MAX = 100000 };

struct loop {
	const struct body *body;
	struct items *items;
	gint left; /* items that did not end yet; whoever ends the last one touches it no more */
};

struct task {
	struct loop *loop;
	size_t i;
};

static GThreadPool *pool;
static GMutex lock;
static GCond ended; /* some loop has */

static void run_task(gpointer data, gpointer unused)
{
	const struct task *task = data;
	struct loop *loop = task->loop;

	(void)unused;
	loop->body->range(loop->items, task->i, task->i + 1, NULL);
	if (!g_atomic_int_dec_and_test(&loop->left))
		return;
	g_mutex_lock(&lock);
	g_cond_broadcast(&ended);
	g_mutex_unlock(&lock);
}

static void open_pool(unsigned workers)
{
	GError *error = NULL;

	pool = g_thread_pool_new(run_task, NULL, (gint)workers, TRUE, &error);
	if (error) {
		fprintf(stderr, "g_thread_pool_new: %s\n", error->message);
		exit(1);
	}
}

static void run_some(struct loop *loop, size_t begin, size_t count)
{
	struct task *tasks = g_new(struct task, count);

	loop->left = (gint)count;
	for (size_t k = 0; k < count; k++) {
		tasks[k] = (struct task){loop, begin + k};
		g_thread_pool_push(pool, &tasks[k], NULL);
	}
	g_mutex_lock(&lock);
	while (g_atomic_int_get(&loop->left) > 0)
		g_cond_wait(&ended, &lock);
	g_mutex_unlock(&lock);
	g_free(tasks);
}

static int run(size_t n, const struct body *body, struct items *items)
{
	struct loop loop = {body, items, 0};

	for (size_t begin = 0; begin < n; begin += PUSHES_MAX)
		run_some(&loop, begin, n - begin < PUSHES_MAX ? n - begin : PUSHES_MAX);
	return 0;
}

static const struct contender contenders[] = {{"glib:push per item", run, NULL, NULL, NULL}};

#define VERSION(major, minor, micro)                                                               \
	G_STRINGIFY(major) "." G_STRINGIFY(minor) "." G_STRINGIFY(micro)

const struct family contender_family = {
	"GLib " VERSION(GLIB_MAJOR_VERSION, GLIB_MINOR_VERSION, GLIB_MICRO_VERSION), open_pool, 1,
	contenders, false};
