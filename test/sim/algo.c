/* SPDX-License-Identifier: MIT */
/* Algorithms: the serial result in every order, small and cut small. */
#include "scenario.h"

#include <filch_algo.h>

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

/* ---- reduce -------------------------------------------------------------------------------------- */

/* The items in order: joined in any other one it would be another string. */
struct text {
	char text[ITEMS + 1];
};

static int add_letters(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	struct text *t = acc;

	(void)ctx, (void)w;
	for (size_t i = begin; i < end; i++)
		t->text[strlen(t->text)] = (char)('a' + i);
	return 0;
}

static void join_letters(void *ctx, void *left, const void *right)
{
	struct text *t = left;
	const struct text *r = right;
	const size_t n = strlen(t->text);

	(void)ctx;
	for (size_t i = 0; r->text[i]; i++)
		t->text[n + i] = r->text[i];
}

static void reduction_keeps_the_order(void *arg)
{
	static const struct filch_reducer letters = {
		.size = sizeof(struct text), .body = add_letters, .join = join_letters, .leaf = 1};
	struct text t;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_reduce(pool, 7, &letters, NULL, &t, NULL) == 0);
	filch_sim_check(strcmp(t.text, "abcdefg") == 0);
	close_pool();
}

static int fail_at_4(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	(void)ctx, (void)acc, (void)w;
	return begin <= 4 && end > 4 ? 40 : begin <= 6 && end > 6 ? 60 : 0;
}

static void reduction_fails_as_a_loop_does(void *arg)
{
	static const struct filch_reducer failing = {
		.size = sizeof(struct text), .body = fail_at_4, .join = join_letters, .leaf = 1};
	struct text t;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_reduce(pool, 8, &failing, NULL, &t, NULL) == 40);
	close_pool();
}

/* ---- items that add items --------------------------------------------------------------------------- */

static int visit(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	const unsigned i = *(const unsigned *)item, left = 2 * i + 1, right = 2 * i + 2;

	(void)w;
	((struct ran *)ctx)->times[i]++;
	if (left < 7 && filch_feed(feeder, &left))
		return 1;
	return right < 7 && filch_feed(feeder, &right) ? 1 : 0;
}

static void items_add_items(void *arg)
{
	const unsigned root = 0;
	struct ran r = {{0}};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_for_each(pool, &root, 1, visit, &r, NULL) == 0);
	ran_once(&r, 7);
	close_pool();
}

static int run_one(void *arg, filch_worker *w)
{
	(void)w;
	++*(unsigned *)arg;
	return 0;
}

static void functions_run_once(void *arg)
{
	filch_fn *const fn[5] = {run_one, run_one, run_one, run_one, run_one};
	struct ran r = {{0}};
	void *const args[5] = {&r.times[0], &r.times[1], &r.times[2], &r.times[3], &r.times[4]};

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_invoke(pool, 5, fn, args, NULL) == 0);
	ran_once(&r, 5);
	close_pool();
}

/* ---- find, filter --------------------------------------------------------------------------------------- */

static int is_at_5(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	(void)ctx, (void)w;
	for (size_t i = begin; i < end; i++)
		if (i == 5 || i == 9) {
			*found = i;
			return 0;
		}
	return 0;
}

static void the_first_is_found(void *arg)
{
	size_t index = 0;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_find(pool, 12, is_at_5, NULL, &index, FILCH(.chunk = 1)) == 0);
	filch_sim_check(index == 5);
	close_pool();
}

/* ---- one accumulator for each worker ---------------------------------------------------------------------- */

static struct filch_combinable combined;

static int add_to_mine(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	unsigned *mine = filch_combinable_mine(&combined, w);

	(void)ctx;
	for (size_t i = begin; i < end; i++)
		*mine += (unsigned)i;
	return 0;
}

static void join_sums(void *ctx, void *left, const void *right)
{
	(void)ctx;
	*(unsigned *)left += *(const unsigned *)right;
}

static void sums_are_combined(void *arg)
{
	unsigned sum = 0;

	(void)arg;
	open_pool(3);
	filch_sim_check(filch_combinable_create(&combined, pool, sizeof(unsigned), NULL, NULL) ==
	                0);
	filch_sim_check(filch_for(pool, 7, add_to_mine, NULL, FILCH(.chunk = 1)) == 0);
	filch_combinable_join(&combined, join_sums, &sum);
	filch_sim_check(sum == 21);
	filch_combinable_destroy(&combined);
	close_pool();
}

/* ---- refusals ------------------------------------------------------------------------------------------------ */

static void memory_may_be_refused(void *arg)
{
	static const struct filch_reducer letters = {.size = 4 * sizeof(struct text),
	                                             .body = add_letters,
	                                             .join = join_letters,
	                                             .leaf = 1};
	struct text t[4];
	int code;

	(void)arg;
	if (filch_pool_create(&pool, FILCH_POOL(.workers = 3)))
		return;
	code = filch_reduce(pool, 6, &letters, NULL, t, NULL);
	filch_sim_check(code == 0 || code == FILCH_ENOMEM);
	filch_sim_check(code || strcmp(t[0].text, "abcdef") == 0);
	close_pool();
}

SCENARIOS(algo_scenarios,
          SCENARIO("algo: a reduction keeps the order", reduction_keeps_the_order, .fails = false),
          SCENARIO("algo: a reduction fails as a loop does", reduction_fails_as_a_loop_does,
                   .fails = false),
          SCENARIO("algo: items add items", items_add_items, .fails = false),
          SCENARIO("algo: functions run once", functions_run_once, .fails = false),
          SCENARIO("algo: the first is found", the_first_is_found, .fails = false),
          SCENARIO("algo: sums are combined", sums_are_combined, .fails = false),
          SCENARIO("algo: memory may be refused", memory_may_be_refused,
                   .options = {.faults = true}))
