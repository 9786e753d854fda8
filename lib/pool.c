/* SPDX-License-Identifier: MIT */
/* Opening, closing, entering and leaving; what may fail, fails here.  docs/pool.md. */
#include "pool.h"

#include "cpus.h"

#include <stdio.h>
#include <string.h>

struct filch_pool *_Atomic filch__default_pool;
static struct lock default_lock; /* guards the creation of the default pool */
struct lock filch__stats_lock;
static _Atomic bool process_ends;

/* ---- fork ---------------------------------------------------------------------------------- */

/* Only this thread is left.  Whatever pools there were are the parent's. */
static void in_child(void)
{
	fetch_add_relaxed(&filch__forks, 1);
	store_relaxed(&filch__default_pool, NULL);
	store_relaxed(&default_lock.state, 0);
	store_relaxed(&filch__stats_lock.state, 0);
	filch__entry = NULL;
}

bool filch__pool_closes(struct filch_pool *pool)
{
	return load_relaxed(&pool->crew.closing);
}

/* ---- width ----------------------------------------------------------------------------------- */

/* Others decide what stands in the environment and what cgroups are called, and we may say it on a
 * terminal. */
static void make_plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void filch__width_read(struct width *width)
{
	const char *env = filch__env("FILCH_WORKERS");
	unsigned affinity = filch__affinity_count();
	struct filch__cpus cpus;

	filch__cpus_read("", affinity ? affinity : filch__cpus_online(), &cpus);
	width->workers = cpus.count;
	snprintf(width->cpus, sizeof width->cpus, "%s", cpus.source);
	if (!env)
		snprintf(width->env, sizeof width->env, "not set");
	else if (filch__cpus_parse_workers(env, &width->workers))
		snprintf(width->env, sizeof width->env, "%.16s", env);
	else
		snprintf(width->env, sizeof width->env,
		         "\"%.32s\", ignored: not a number from 1 to %u", env, FILCH_MAX_WORKERS);
	make_plain(width->cpus);
	make_plain(width->env);
}

/* ---- threads -------------------------------------------------------------------------------------- */

/* Runs the start hook and tells the creator, who waits for it; false if it failed. */
static bool run_start_hook(struct filch_pool *pool, unsigned id)
{
	int error = 0, none = 0;

	if (!pool->hooks.on_start)
		return true;
	error = pool->hooks.on_start(pool->hooks.hook_arg, id);
	if (error)
		cas_relaxed(&pool->hook_error, &none, error);
	/* release: pairs with the acquire in start_with_hooks(): the error is there, and those of
	 * all who were counted before. */
	fetch_add_release(&pool->hooks_run, 1);
	filch__wake(&pool->hooks_run);
	return !error;
}

static void worker_thread(void *worker)
{
	struct worker *w = worker;
	struct filch_pool *pool = (struct filch_pool *)w->crew;
	struct entry e = {.pool = pool, .worker = w};

	filch__thread_name(pool->name, w->id);
	filch__place_init(&w->sleeper.place);
	filch__entry = &e;
	if (!run_start_hook(pool, w->id)) {
		filch__idle_search_end(&pool->crew.idle);
		return;
	}
	filch__worker_main(w);
	if (pool->hooks.on_stop)
		pool->hooks.on_stop(pool->hooks.hook_arg, w->id);
}

/* One more thread, if one with an id below `limit` is to be had.  It counts as searching before
 * it runs, so that nobody wakes or starts one more for the same work. */
static bool start_one(struct filch_pool *pool, unsigned limit)
{
	struct crew *crew = &pool->crew;
	const unsigned i = load_relaxed(&crew->started);

	if (pool->exhausted || i >= crew->threads || i + 1 >= limit)
		return false;
	filch__idle_search_begin(&crew->idle);
	/* seq_cst: pairs with the load in filch__find().  Before the thread runs: what it will push is to
	 * be seen by all who look. */
	store_seq_cst(&crew->started, i + 1);
	if (filch__thread_start(&crew->worker[i].thread, pool->stack_bytes, worker_thread,
	                        &crew->worker[i]))
		return true;
	store_relaxed(&crew->started, i); /* an empty deque was looked at in vain */
	pool->exhausted = true;
	/* Others have counted on him meanwhile, and woken nobody. */
	if (filch__idle_search_end(&crew->idle))
		filch__idle_notify(&crew->idle, crew->threads, 1);
	return false;
}

/*
 * The same, unless somebody searches by now: who came here first may have started him, and
 * he sees what was pushed before this call.
 */
static bool start_another(struct crew *crew, unsigned limit)
{
	_Static_assert(offsetof(struct filch_pool, crew) == 0,
	               "a crew's pool stands where it does");
	struct filch_pool *pool = (struct filch_pool *)crew;
	bool started = false;

	lock_take(&pool->starting);
	if (!filch__idle_somebody_looks(&crew->idle))
		started = start_one(pool, limit);
	lock_release(&pool->starting);
	return started;
}

static void end_threads(struct filch_pool *pool)
{
	struct crew *crew = &pool->crew;

	/* seq_cst: pairs with the load in filch__pool_enter(), for guests; its release part with
	 * the acquire in the workers' last look before they sleep. */
	store_seq_cst(&crew->closing, true);
	filch__idle_wake_all(&crew->idle);
	for (unsigned i = 0; i < load_relaxed(&crew->started); i++)
		filch__thread_join(&crew->worker[i].thread);
}

/* ---- life ------------------------------------------------------------------------------------------- */

static void pool_free(struct filch_pool *pool)
{
	struct crew *crew = &pool->crew;

	for (unsigned i = 0; crew->worker && i < crew->threads; i++)
		filch__worker_finish(&crew->worker[i]);
	for (unsigned i = 0; i < GUESTS_MAX; i++)
		if (load_relaxed(&crew->guest[i])) {
			filch__worker_finish(load_relaxed(&crew->guest[i]));
			filch__free(load_relaxed(&crew->guest[i]));
		}
	filch__free(crew->worker);
	filch__free(crew->sleepers);
	store_relaxed(&pool->crew.alive, 0);
	filch__free(pool);
}

static bool crew_init(struct crew *crew, unsigned workers, uint64_t spin_ns)
{
	const unsigned threads = workers - 1;
	const unsigned cpus = filch__affinity_count();

	crew->start_another = start_another;
	crew->forks = load_relaxed(&filch__forks);
	if (threads) {
		crew->worker = filch__alloc(threads * sizeof *crew->worker);
		crew->sleepers = filch__alloc(threads * sizeof(struct sleeper *));
		if (!crew->worker || !crew->sleepers)
			return false;
	}
	crew->threads = threads;
	for (unsigned i = 0; i < threads; i++) {
		filch__worker_init(&crew->worker[i], crew, i + 1);
		crew->sleepers[i] = &crew->worker[i].sleeper;
	}
	filch__idle_init(&crew->idle, crew->sleepers, threads, cpus ? cpus : filch__cpus_online(),
	                 spin_ns);
	return true;
}

static bool watch_forks(void)
{
	static _Atomic bool watched;

	/* Two threads may both come here: in_child() twice is as good as once, a lock held over a
	 * fork() would not be. */
	if (!load_relaxed(&watched))
		store_relaxed(&watched, filch__on_fork(in_child));
	return load_relaxed(&watched);
}

static struct filch_pool *pool_new(const struct filch_pool_options *o, unsigned workers)
{
	struct filch_pool *pool = filch__alloc(sizeof *pool);

	if (!pool)
		return NULL;
	pool->stack_bytes = o->stack_bytes;
	pool->spin_ns = o->spin_ns;
	pool->hooks = *o;
	snprintf(pool->name, sizeof pool->name, "%s", o->name ? o->name : "filch");
	if (!crew_init(&pool->crew, workers, o->spin_ns)) {
		pool_free(pool);
		return NULL;
	}
	store_relaxed(&pool->crew.alive, CREW_ALIVE);
	return pool;
}

/* With hooks, threads start now, and the pool is only as good as all of their hooks. */
static int start_with_hooks(struct filch_pool *pool)
{
	uint32_t run;

	for (bool more = true; more;)
		more = start_one(pool, FILCH_MAX_WORKERS);
	/* acquire: pairs with the release in run_start_hook(). */
	while ((run = load_acquire(&pool->hooks_run)) < load_relaxed(&pool->crew.started))
		filch__wait(&pool->hooks_run, run, 0);
	return load_relaxed(&pool->hook_error) ? FILCH_EHOOK : FILCH_OK;
}

int filch_pool_create(filch_pool **out, const struct filch_pool_options *options)
{
	struct filch_pool_options o = filch_pool_options_init();
	struct filch_pool *pool;
	struct width width = {.workers = 0};
	struct platform_instant begin;
	int error = FILCH_OK;

	if (!out)
		return FILCH_EINVAL;
	*out = NULL;
	if (options) {
		if (options->struct_size < sizeof options->struct_size ||
		    options->struct_size > sizeof o)
			return FILCH_EINVAL;
		memcpy(&o, options, options->struct_size);
	}
	if (o.workers > FILCH_MAX_WORKERS)
		return FILCH_EINVAL;
	begin = filch__ticks_begin();
	if (!watch_forks())
		return FILCH_ENOMEM;
	if (!o.workers)
		filch__width_read(&width);
	pool = pool_new(&o, o.workers ? o.workers : width.workers);
	filch__ticks_end(begin);
	if (!pool)
		return FILCH_ENOMEM;
	if (o.on_start)
		error = start_with_hooks(pool);
	if (error) {
		end_threads(pool);
		pool_free(pool);
		return error;
	}
	*out = pool;
	return FILCH_OK;
}

int filch_pool_destroy(filch_pool *pool)
{
	int error = pool ? pool_error(pool) : FILCH_OK;

	if (!pool || error)
		return error;
	if (filch__pool_holds_caller(pool))
		return FILCH_EDEADLK;
	/* seq_cst: pairs with the load in filch__pool_enter(). */
	store_seq_cst(&pool->crew.closing, true);
	filch__guests_await(&pool->crew);
	end_threads(pool);
	pool_free(pool);
	return FILCH_OK;
}

unsigned filch_pool_width(filch_pool *pool)
{
	struct filch_pool *p = filch__pool_of(pool);
	unsigned threads;

	if (!p || pool_error(p) == FILCH_ECLOSED)
		return 1; /* the caller alone: no memory, or the process ends */
	if (pool_error(p))
		return 0;
	lock_take(&p->starting);
	threads = p->exhausted ? load_relaxed(&p->crew.started) : p->crew.threads;
	lock_release(&p->starting);
	return threads + 1;
}

/* ---- the default pool ------------------------------------------------------------------------------ */

static struct filch_pool *default_create(void)
{
	struct filch_pool *pool, *mine = NULL;

	if (load_relaxed(&process_ends) || filch_pool_create(&mine, NULL))
		return NULL;
	lock_take(&default_lock);
	pool = load_relaxed(&filch__default_pool);
	if (!pool) {
		/* release: pairs with the acquire in pool_default_if_any(). */
		store_release(&filch__default_pool, mine);
		pool = mine;
		mine = NULL;
	}
	lock_release(&default_lock);
	filch_pool_destroy(mine); /* another thread was faster */
	return pool;
}

struct filch_pool *filch__pool_of(filch_pool *pool)
{
	if (!pool)
		pool = pool_default_if_any();
	return pool ? pool : default_create();
}

PLATFORM_AT_EXIT(at_exit);

/*
 * Ends the default pool's threads when the process ends, or when the library that we are
 * a part of is unloaded, unless somebody still uses them.  Its memory stays for threads
 * that may yet come: they find the pool closed and do their work alone.
 */
static void at_exit(void)
{
	struct filch_pool *pool = pool_default_if_any();

	store_relaxed(&process_ends, true);
	if (!pool || filch__entry || crew_is_orphaned(&pool->crew))
		return;
	/* seq_cst: pairs with the load in filch__pool_enter(), as in filch_pool_destroy(). */
	store_seq_cst(&pool->crew.closing, true);
	if (filch__guests_any(&pool->crew))
		return;
	end_threads(pool);
}
