/* SPDX-License-Identifier: MIT */
/* filch: the programs of ../programs in their two spellings. */
#include "../programs/programs.h"
#include "forks.h"

#include <stdio.h>
#include <stdlib.h>

static filch_pool *pool;

/* Whoever entered; one thread at a time does. */
static filch_worker *inside;

static void open_pool(unsigned workers)
{
	if (filch_pool_create(&pool, FILCH_POOL(.workers = workers))) {
		fprintf(stderr, "filch has no pool of %u workers\n", workers);
		exit(1);
	}
}

/* ---- programs ----------------------------------------------------------------------- */

struct job {
	double (*run)(filch_worker *w, int size);
	int size;
	double result;
};

static int run_job(void *arg, filch_worker *w)
{
	struct job *job = arg;

	job->result = job->run(w, job->size);
	return 0;
}

static double run(double (*program)(filch_worker *w, int size), int size)
{
	struct job job = {program, size, -1};

	filch_run(pool, run_job, &job, NULL);
	return job.result;
}

#define SPELLINGS(name)                                                                            \
	static double name##_typed(int size)                                                       \
	{                                                                                          \
		return run(program_##name.typed, size);                                            \
	}                                                                                          \
	static double name##_plain(int size)                                                       \
	{                                                                                          \
		return run(program_##name.plain, size);                                            \
	}

SPELLINGS(fib)
SPELLINGS(tree)
SPELLINGS(queens)
SPELLINGS(quad)

/* ---- single tasks --------------------------------------------------------------------- */

struct call {
	fork_fn *f;
	void *arg;
};

static int run_inside(void *arg, filch_worker *w)
{
	struct call *call = arg;

	inside = w;
	call->f(call->arg);
	return 0;
}

static void enter(fork_fn *f, void *arg)
{
	struct call call = {f, arg};

	filch_run(pool, run_inside, &call, NULL);
}

static int run_call(void *arg, filch_worker *w)
{
	const struct call *call = arg;

	(void)w;
	call->f(call->arg);
	return 0;
}

static void pair(fork_fn *f, void *arg)
{
	struct call call = {f, arg};
	filch_task t;

	filch_fork(inside, &t, run_call, &call);
	f(arg);
	filch_join(inside, &t);
}

enum { ROW_MOST = 64 };

static void row(unsigned count, fork_fn *f, void *arg)
{
	struct call call = {f, arg};
	filch_task t[ROW_MOST];
	filch_worker *w = inside;

	for (unsigned i = 0; i < count; i++)
		filch_fork(w, &t[i], run_call, &call);
	for (unsigned i = count; i--;)
		filch_join(w, &t[i]);
}

static const struct forker forkers[] = {
	{"filch", {fib_typed, tree_typed, queens_typed, quad_typed}, enter, pair, row},
	{"filch:plain", {fib_plain, tree_plain, queens_plain, quad_plain}, enter, pair, row},
};

const struct forker_family forker_family = {"filch " FILCH_VERSION, open_pool, 2, forkers};
