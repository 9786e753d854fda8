/* SPDX-License-Identifier: MIT */
/* Loops: each item once, the code of the lowest that failed, in every order. */
#include "scenario.h"
#include "worker.h"

#include <string.h>

static filch_pool *pool;

static void open_pool(unsigned workers)
{
	filch_sim_check(filch_pool_create(&pool, FILCH_POOL(.workers = workers)) == 0);
}

static void close_pool(void)
{
	filch_sim_check(filch_pool_destroy(pool) == 0);
}

static int run_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	(void)w;
	filch_sim_check(begin < end);
	for (size_t i = begin; i < end; i++)
		r->times[i]++;
	return 0;
}

static void every_item_runs_once(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for(pool, 8, run_items, &r, NULL) == 0);
	ran_once(&r, 8);
	close_pool();
}

static void every_item_runs_once_alone(void *arg)
{
	struct ran r = {{0}};

	(void)arg;
	open_pool(4);
	filch_sim_check(filch_for(pool, 6, run_items, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 6);
	close_pool();
}

/* One call after the other, so that what was learned and who is awake differ. */
static void calls_follow_each_other(void *arg)
{
	(void)arg;
	open_pool(3);
	for (int k = 0; k < 6; k++) {
		struct ran r = {{0}};

		filch_sim_check(filch_for(pool, 5, run_items, &r, NULL) == 0);
		ran_once(&r, 5);
	}
	close_pool();
}

static void two_call_at_once_one(void *none)
{
	struct ran r = {{0}};

	(void)none;
	filch_sim_check(filch_for(pool, 4, run_items, &r, FILCH(.chunk = 1)) == 0);
	ran_once(&r, 4);
}

static void two_call_at_once(void *arg)
{
	unsigned t;

	(void)arg;
	open_pool(3);
	t = filch_sim_thread(two_call_at_once_one, NULL);
	two_call_at_once_one(NULL);
	filch_sim_join(t);
	close_pool();
}

/* ---- failures -------------------------------------------------------------------------------- */

static int fail_at_3_and_5(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	struct ran *r = ctx;

	for (size_t i = begin; i < end; i++) {
		r->times[i]++;
		if (i == 3 || i == 5)
			return filch_fail(w, i, (int)i);
	}
	return 0;
}

static void lowest_failure_counts(void *arg)
{
	struct ran r = {{0}};
	size_t first = 0;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for(pool, 8, fail_at_3_and_5, &r,
	                          FILCH(.chunk = 1, .first_error = &first)) == 3);
	filch_sim_check(first == 3);
	ran_once(&r, 4);
	for (unsigned i = 4; i < 8; i++)
		filch_sim_check(r.times[i] <= 1);
	close_pool();
}

static void all_run_if_it_keeps_going(void *arg)
{
	struct ran r = {{0}};
	int status[6];

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for(pool, 6, fail_at_3_and_5, &r,
	                          FILCH(.keep_going = true, .chunk = 1, .status = status)) == 3);
	ran_once(&r, 6);
	for (int i = 0; i < 6; i++)
		filch_sim_check(status[i] == (i == 3 || i == 5 ? i : 0));
	close_pool();
}

static filch_cancel token;

static void cancels(void *none)
{
	(void)none;
	filch_cancel_now(&token);
}

/* Each item has run, or was skipped and says so. */
static void check_status(const struct ran *r, const int *status, unsigned n, bool whole)
{
	for (unsigned i = 0; i < n; i++) {
		filch_sim_check(r->times[i] <= 1);
		filch_sim_check(status[i] == (r->times[i] ? 0 : FILCH_ESKIPPED));
		filch_sim_check(r->times[i] || !whole);
	}
}

static void cancelled_items_say_so(void *arg)
{
	struct ran r = {{0}};
	int status[6], code;
	unsigned t;

	(void)arg;
	open_pool(3);
	t = filch_sim_thread(cancels, NULL);
	code = filch_for(pool, 6, run_items, &r,
	                 FILCH(.chunk = 1, .cancel = &token, .status = status));
	filch_sim_check(code == 0 || code == FILCH_ECANCELED);
	check_status(&r, status, 6, code == 0);
	filch_sim_join(t);
	close_pool();
}

static void late_items_say_so(void *arg)
{
	struct ran r = {{0}};
	int status[6], code;

	(void)arg;
	open_pool(2);
	code = filch_for(pool, 6, run_items, &r,
	                 FILCH(.chunk = 1, .timeout_ns = 20000, .status = status));
	filch_sim_check(code == 0 || code == FILCH_ETIMEDOUT);
	check_status(&r, status, 6, code == 0);
	close_pool();
}

static void report_adds_up(void *arg)
{
	struct filch_report report;
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for(pool, 7, run_items, &r, FILCH(.report = &report)) == 0);
	ran_once(&r, 7);
	filch_sim_check(report.items == 7 && report.failures == 0 && report.chunks >= 1);
	filch_sim_check(report.workers >= 1 && report.workers <= 3);
	filch_sim_check(report.chunk_min <= report.chunk_max && report.chunk_max <= 7);
	close_pool();
}

/* ---- map ----------------------------------------------------------------------------------------- */

static int twice(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)ctx, (void)w;
	*(int *)out = 2 * *(const int *)in;
	return 0;
}

static void results_stand_in_place(void *arg)
{
	int in[6] = {1, 2, 3, 4, 5, 6}, out[6] = {0};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_map(pool, in, 6, out, twice, NULL, FILCH(.chunk = 2)) == 0);
	for (int i = 0; i < 6; i++)
		filch_sim_check(out[i] == 2 * in[i]);
	close_pool();
}

/* ---- the end --------------------------------------------------------------------------------- */

static struct crew crew;
static struct worker two[2];
static struct sleeper *sleepers[2] = {&two[0].sleeper, &two[1].sleeper};

static void open_crew(void)
{
	crew.forks = load_relaxed(&filch__forks);
	crew.threads = 2;
	crew.worker = two;
	crew.sleepers = sleepers;
	store_relaxed(&crew.started, 2);
	for (unsigned i = 0; i < 2; i++)
		filch__worker_init(&two[i], &crew, i + 1);
	filch__idle_init(&crew.idle, sleepers, 2, 4, 1);
}

static void begin_call(struct loop *loop, struct ran *r, const struct filch_options *o)
{
	loop->owner = &two[0];
	store_relaxed(&loop->helpers, FILCH_MAX_WORKERS);
	filch__loop_init(loop, 1, run_items, r, o, false);
}

static void steals_and_runs(void *none)
{
	struct chunk c;

	(void)none;
	filch_sim_check(filch__find(&two[1], NULL, &c, true));
	filch__worker_help(&two[1], c);
}

/* All of it was stolen: the thief leaves while the owner lies down, who then begins another call where
 * the first one was. */
static void last_one_out_and_the_owner(void *arg)
{
	const struct filch_options *o = FILCH(.chunk = 1);
	struct ran r[2] = {{{0}}};
	struct loop *loop;
	unsigned t;

	open_crew();
	loop = filch__worker_open(&two[0]);
	begin_call(loop, &r[0], o);
	filch_sim_check(deque_push(&two[0].deque, &(struct chunk){loop, {0, 1}}, 1));
	t = filch_sim_thread(steals_and_runs, arg);
	filch_sim_check(filch__worker_wait(&two[0], &(struct wait){.loop = loop}));
	ran_once(&r[0], 1);
	begin_call(loop, &r[1], o);
	filch__worker_close(&two[0]);
	filch_sim_join(t);
}

/* ---- a race of the program's own -------------------------------------------------------------------- */

static int add_to(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t i = begin; i < end; i++)
		*(int *)ctx += (int)i;
	return 0;
}

static void a_sum_without_a_lock(void *arg)
{
	int sum = 0;

	(void)arg;
	open_pool(3);
	filch_for(pool, 4, add_to, &sum, FILCH(.chunk = 1));
	close_pool();
	filch_sim_check(sum == 6);
}

/* ---- a token ------------------------------------------------------------------------------------- */

static filch_cancel given_up;
static int why_given_up;

static void gives_up(void *none)
{
	(void)none;
	why_given_up = 7;
	filch_cancel_now(&given_up);
}

static void token_brings_what_was_done_before(void *arg)
{
	unsigned t;

	(void)arg;
	t = filch_sim_thread(gives_up, NULL);
	while (!filch_is_cancelled(&given_up))
		filch__sleep_until(filch__now_ns() + 1000);
	filch_sim_check(why_given_up == 7);
	filch_sim_join(t);
}

SCENARIOS(loop_scenarios,
          SCENARIO("loop: a token brings what was done before", token_brings_what_was_done_before,
                   .fails = false),
          SCENARIO("loop: the last one out and the owner", last_one_out_and_the_owner,
                   .whole = true),
          SCENARIO("loop: every item runs once", every_item_runs_once, .fails = false),
          SCENARIO("loop: every item runs once, alone", every_item_runs_once_alone, .fails = false),
          SCENARIO("loop: calls follow each other", calls_follow_each_other, .fails = false),
          SCENARIO("loop: two call at once", two_call_at_once, .fails = false),
          SCENARIO("loop: the lowest failure counts", lowest_failure_counts, .fails = false),
          SCENARIO("loop: all run if it keeps going", all_run_if_it_keeps_going, .fails = false),
          SCENARIO("loop: cancelled items say so", cancelled_items_say_so, .fails = false),
          SCENARIO("loop: late items say so", late_items_say_so, .fails = false),
          SCENARIO("loop: a report adds up", report_adds_up, .fails = false),
          SCENARIO("map: results stand in place", results_stand_in_place, .fails = false),
          SCENARIO("program: a sum without a lock", a_sum_without_a_lock, .fails = true))
