/* SPDX-License-Identifier: MIT */
/*
 * The books of a call, without any worker: what a visit ran, skipped and saw fail, whatever
 * order its chunks come in, and what the call returns for it in the end.
 */
#include "loop.h"
#include "support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;
static struct filch_options options;

/* Memory for a loop is whatever was there before. */
static void begin(void)
{
	loop = filch__alloc(sizeof *loop);
	memset(loop, 0x55, sizeof *loop);
	options = filch_options_init();
}

static void end(void)
{
	filch__free(loop);
}

TestSuite(loop_books, .init = begin, .fini = end, .timeout = 120);

static void loop_begin_inside(struct loop *around, size_t around_begin, size_t n, filch_body *body,
                              void *ctx)
{
	loop->owner = NULL;
	loop->around = around;
	loop->around_begin = around_begin;
	store_relaxed(&loop->parent, around);
	store_relaxed(&loop->depth, around ? load_relaxed(&around->depth) + 1 : 0);
	filch__loop_init(loop, n, body, ctx, &options, true);
}

static void loop_begin(size_t n, filch_body *body, void *ctx)
{
	loop_begin_inside(NULL, 0, n, body, ctx);
}

static struct visit visit_of(unsigned id)
{
	return (struct visit){.handle = {.loop = loop, .id = id, .placed = true},
	                      .chunk_min = SIZE_MAX};
}

static void run(struct visit *v, size_t first, size_t after)
{
	filch__loop_run(v, (struct range){first, after});
}

/* ---- grains ---------------------------------------------------------------------------- */

struct seen {
	size_t begin, end, calls;
};

static int see(void *ctx, size_t first, size_t after, filch_worker *w)
{
	struct seen *s = ctx;

	(void)w;
	*s = (struct seen){first, after, s->calls + 1};
	return 0;
}

static void expect_grains(size_t n, size_t chunk)
{
	struct visit v;
	struct seen s = {0, 0, 0};

	options.chunk = chunk;
	loop_begin(n, see, &s);
	cr_assert_eq(loop->grains, (n - 1) / chunk + 1);
	cr_assert_eq(load_relaxed(&loop->remaining), loop->grains);
	v = visit_of(0);
	run(&v, 0, 1);
	cr_assert(s.begin == 0 && s.end == (chunk < n ? chunk : n));
	run(&v, loop->grains - 1, loop->grains);
	cr_assert(s.begin == (n - 1) / chunk * chunk && s.end == n);
	run(&v, 0, loop->grains);
	cr_assert(s.begin == 0 && s.end == n && s.calls == 3);
	cr_assert_eq(v.accounted, loop->grains + 2);
}

Test(loop_books, count_grains_of_any_size)
{
	for (size_t n = SIZE_MAX; n > 0; n = n / 3 * 2)
		for (size_t chunk = SIZE_MAX; chunk > 0; chunk = chunk / 7 * 4 + chunk % 2) {
			expect_grains(n, chunk);
			if (chunk == 1)
				break;
		}
}

Test(loop_books, bound_chunks_in_grains)
{
	loop_begin(1000, see, NULL);
	cr_expect(loop->grain == 1 && loop->most == SIZE_MAX && !loop->cut);
	options.min_chunk = 10;
	loop_begin(1000, see, NULL);
	cr_expect(loop->grain == 10 && loop->most == SIZE_MAX && loop->grains == 100);
	options.max_chunk = 39;
	loop_begin(1000, see, NULL);
	cr_expect(loop->grain == 10 && loop->most == 3 && loop->cut);
	options.min_chunk = 0;
	options.max_chunk = 1;
	loop_begin(1000, see, NULL);
	cr_expect(loop->grain == 1 && loop->most == 1);
}

/* ---- what ran --------------------------------------------------------------------------- */

enum { VISITS = 5 };

/* Cuts the grains at random and has visitors run the pieces in random order; says how many. */
static size_t run_shuffled(struct visit *visits, uint64_t *seed)
{
	struct range pieces[1000], rest = {0, loop->grains};
	size_t count = 0;

	while (range_size(rest))
		pieces[count++] = range_take(
			&rest,
			1 + random_below(seed, range_size(rest) < 20 ? range_size(rest) : 20),
			random_below(seed, 2));
	for (size_t i = count; i > 0; i--) {
		const size_t k = random_below(seed, i);

		filch__loop_run(&visits[random_below(seed, VISITS)], pieces[k]);
		pieces[k] = pieces[i - 1];
	}
	return count;
}

static void begin_visits(struct visit *visits)
{
	for (unsigned i = 0; i < VISITS; i++)
		visits[i] = visit_of(i * 200);
}

/* The last thing that visits do; whoever brings `remaining` to zero has ended the call. */
static void end_visits(struct visit *visits)
{
	for (unsigned i = 0; i < VISITS; i++) {
		filch__loop_account(&visits[i]);
		fetch_sub_seq_cst(&loop->remaining, visits[i].accounted);
	}
	cr_assert_eq(load_relaxed(&loop->remaining), 0);
}

/* L1 */
Test(loop_books, add_up_whoever_runs_what)
{
	uint64_t seed = test_seed();

	for (size_t i = 0; i < scaled(2000, 100); i++) {
		struct visit visits[VISITS];
		unsigned workers = 0;
		struct tally t;
		size_t chunks;

		tally_init(&t, 1 + random_below(&seed, 1000));
		options.chunk = random_below(&seed, 8);
		loop_begin(t.n, tally_body, &t);
		begin_visits(visits);
		chunks = run_shuffled(visits, &seed);
		end_visits(visits);
		tally_expect_once(&t);
		for (unsigned k = 0; k < VISITS; k++)
			workers += visits[k].chunks > 0;
		cr_assert_eq(load_relaxed(&loop->ran), t.n);
		cr_assert_eq(load_relaxed(&loop->chunks), chunks);
		cr_assert_eq(filch__loop_workers(loop), workers);
		cr_assert(load_relaxed(&loop->chunk_min) <= t.n / chunks &&
		          load_relaxed(&loop->chunk_max) >= t.n / chunks);
		cr_assert(load_relaxed(&loop->skipped) == 0 && load_relaxed(&loop->failures) == 0);
		cr_assert_eq(filch__loop_result(loop), 0);
		tally_finish(&t);
	}
}

/* ---- what failed -------------------------------------------------------------------------- */

/* Items fail as the seed says, in ranges that say which or do not. */
struct failing {
	struct tally t;
	uint64_t seed;
	unsigned one_in;
	bool tells;
};

static int code_of(const struct failing *f, size_t i)
{
	uint64_t state = f->seed ^ i * 0x9e3779b97f4a7c15u;

	return random_below(&state, f->one_in) == 0 ? (int)(i % 100) + 1 : 0;
}

static int fail_at_some(void *ctx, size_t first, size_t after, filch_worker *w)
{
	struct failing *f = ctx;

	for (size_t i = first; i < after; i++) {
		tally_range(&f->t, i, i + 1);
		if (code_of(f, i))
			return f->tells ? filch_fail(w, i, code_of(f, i)) : code_of(f, i);
	}
	return 0;
}

static size_t lowest_failure(const struct failing *f)
{
	size_t i = 0;

	while (i < f->t.n && !code_of(f, i))
		i++;
	return i;
}

/* With ranges of one item, or that tell: each status is what happened to its item. */
static void expect_statuses(const struct failing *f, const int *status)
{
	size_t ran = 0, failures = 0;

	for (size_t i = 0; i < f->t.n; i++) {
		const bool once = atomic_load(&f->t.times[i]) == 1;

		cr_assert_eq(status[i], once ? code_of(f, i) : FILCH_ESKIPPED, "item %zu", i);
		ran += once;
		failures += once && code_of(f, i);
	}
	cr_assert_eq(load_relaxed(&loop->ran), ran);
	cr_assert_eq(load_relaxed(&loop->skipped), f->t.n - ran);
	cr_assert_eq(load_relaxed(&loop->failures), failures);
}

static void expect_serial_outcome(struct failing *f, size_t chunk, bool keep_going)
{
	int *status = malloc(f->t.n * sizeof *status);
	const size_t lowest = lowest_failure(f);
	uint64_t order = f->seed;
	struct visit visits[VISITS];
	size_t first = 77;

	options = filch_options_init();
	options.chunk = chunk;
	options.keep_going = keep_going;
	options.status = status;
	options.first_error = &first;
	loop_begin(f->t.n, fail_at_some, f);
	begin_visits(visits);
	run_shuffled(visits, &order);
	end_visits(visits);
	cr_assert_eq(filch__loop_result(loop), lowest < f->t.n ? code_of(f, lowest) : 0);
	cr_assert_eq(first, lowest);
	cr_assert_eq(tally_first_not(&f->t, 0, lowest, 1), lowest, "all below it ran");
	cr_assert(!keep_going || tally_first_not(&f->t, 0, f->t.n, 1) == f->t.n);
	expect_statuses(f, status);
	free(status);
}

/* L2 */
Test(loop_books, end_as_the_serial_loop_would)
{
	uint64_t seed = test_seed();

	for (size_t i = scaled(3000, 200); i > 0; i--) {
		struct failing f = {.seed = random_next(&seed),
		                    .one_in = 2 + (unsigned)random_below(&seed, 400),
		                    .tells = true};

		tally_init(&f.t, 1 + random_below(&seed, 600));
		expect_serial_outcome(&f, random_below(&seed, 4), i % 2);
		tally_finish(&f.t);
	}
}

Test(loop_books, put_an_untold_failure_at_the_beginning_of_its_range)
{
	struct failing f = {.seed = 1, .one_in = 1};
	int status[30];
	struct visit v;

	tally_init(&f.t, COUNT_OF(status));
	options.status = status;
	options.chunk = 10;
	options.keep_going = true;
	loop_begin(f.t.n, fail_at_some, &f);
	v = visit_of(3);
	run(&v, 1, 3);
	run(&v, 0, 1);
	filch__loop_account(&v);
	cr_expect_eq(filch__loop_result(loop), code_of(&f, 0));
	for (size_t i = 0; i < COUNT_OF(status); i++)
		cr_expect_eq(status[i], code_of(&f, i < 10 ? 0 : 10), "item %zu", i);
	cr_expect_eq(load_relaxed(&loop->ran), f.t.n);
	cr_expect_eq(load_relaxed(&loop->failures), 2);
	tally_finish(&f.t);
}

/* ---- what is stopped ------------------------------------------------------------------------ */

static int fail_at_once(void *ctx, size_t first, size_t after, filch_worker *w)
{
	(void)after;
	return filch_fail(w, first, *(int *)ctx);
}

Test(loop_books, trim_all_that_is_stopped_at_once)
{
	int code = 9;
	struct visit v;

	loop_begin(SIZE_MAX, fail_at_once, &code);
	v = visit_of(0);
	run(&v, 1000, 1001);
	v.near = (struct range){1001, SIZE_MAX};
	filch__loop_trim(&v);
	cr_expect_eq(range_size(v.near), 0);
	cr_expect_eq(v.accounted, SIZE_MAX - 1000);
	cr_expect_eq(v.skipped, SIZE_MAX - 1001);
	v.near = (struct range){0, 1000};
	filch__loop_trim(&v);
	cr_expect_eq(range_size(v.near), 1000, "what is below goes on");
	run(&v, 500, 501);
	filch__loop_trim(&v);
	cr_expect(v.near.begin == 0 && v.near.end == 501);
	filch__loop_account(&v);
	cr_expect_eq(filch__loop_result(loop), 9);
}

Test(loop_books, of_a_stopped_call_skip_all_that_has_not_started)
{
	filch_cancel token = {0};
	struct seen s = {0, 0, 0};
	struct visit v;

	options.cancel = &token;
	loop_begin(100, see, &s);
	v = visit_of(0);
	run(&v, 10, 20);
	filch_cancel_now(&token);
	run(&v, 20, 100);
	run(&v, 0, 10);
	filch__loop_account(&v);
	cr_expect(s.begin == 10 && s.end == 20 && s.calls == 1);
	cr_expect_eq(load_relaxed(&loop->skipped), 90);
	cr_expect_eq(filch__loop_result(loop), FILCH_ECANCELED);
}

Test(loop_books, of_a_call_out_of_time_say_so)
{
	struct seen s = {0, 0, 0};
	struct visit v;

	options.timeout_ns = 1;
	loop_begin(100, see, &s);
	v = visit_of(0);
	filch__sleep_until(filch__now_ns() + 1000);
	run(&v, 0, 100);
	filch__loop_account(&v);
	cr_expect_eq(s.calls, 0);
	cr_expect_eq(filch__loop_result(loop), FILCH_ETIMEDOUT);
}

/* A call inside item 50 of another one: stopped with it, and by what fails below 50 (L3). */
Test(loop_books, see_what_stops_the_calls_around)
{
	const struct {
		size_t failed;
		bool stops;
	} cases[] = {{0, true}, {48, true}, {49, true}, {50, false}, {99, false}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct loop *outer = loop;
		struct seen s = {0, 0, 0};
		struct visit v;
		int code = 9;

		options = filch_options_init();
		loop_begin(100, fail_at_once, &code);
		v = visit_of(0);
		run(&v, cases[i].failed, cases[i].failed + 1);
		loop = filch__alloc(sizeof *loop);
		loop_begin_inside(outer, 50, 10, see, &s);
		v = visit_of(1);
		run(&v, 0, 10);
		filch__loop_account(&v);
		cr_expect_eq(s.calls, !cases[i].stops);
		cr_expect_eq(filch__loop_result(loop), cases[i].stops ? FILCH_ECANCELED : 0);
		filch__free(loop);
		loop = outer;
	}
}
