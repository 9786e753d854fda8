/* SPDX-License-Identifier: MIT */
#ifndef FILCH_TEST_BAD_INPUT_H
#define FILCH_TEST_BAD_INPUT_H
/*
 * What a bad call gets to spoil, and how it is seen that it did not.  bad_input_table.h has the calls;
 * whoever includes this runs them: test/bad_input.c one by one, test/sim/input.c in the simulator.
 *
 * He defines BAD_CHECK(condition), and looks for leaks.
 */
#include "pool.h"

#include <filch_algo.h>

#include <limits.h>
#include <math.h>
#include <string.h>

enum { N = 4 }; /* items of a good call */

union array {
	double f64[N];
	float f32[N];
	int64_t i64[N];
	uint64_t u64[N];
	int32_t i32[N];
	uint32_t u32[N];
	const char *text[N];
};

struct bad {
	filch_pool *pool;
	size_t n;     /* of the good call whose options are bad */
	unsigned ran; /* bodies, joins, comparisons: none may */
	union array in, out;
	int status[N];
	size_t first_error;
	struct filch_report report;
	struct filch_combinable combinable; /* all zero after an error */
	size_t index, none, counts[N];      /* what is documented to be n, or 0, after an error */
	filch_pool *created;                /* likewise NULL */
};

/* What is wrong: the arguments of a call of its own, or what all good calls can be given. */
enum wrong {
	OWN,
	CLOSING_POOL,
	PARENTS_POOL,
	NO_SIZE,
	ONE_BYTE,
	NO_REPORT_SIZE_YET,
	NEWER_OPTIONS,
	ENDLESS_OPTIONS,
	NEWER_REPORT,
	CHUNK_AND_MIN,
	CHUNK_AND_MAX,
	MIN_ABOVE_MAX,
	PAUSE_AND_CHUNK,
	COST_BELOW_0,
	COST_NAN,
	COST_INFINITE,
};

/* Which of the outputs that options can name the call knows at all. */
enum outputs { REPORT, ALL };

struct cell {
	const char *function, *sentence;
	int code;
	enum wrong wrong;
	enum outputs outputs;
	int (*own)(struct bad *b);
	int (*good)(struct bad *b, const struct filch_options *o);
};

/* ---- functions that must not be called ----------------------------------------------------- */

static int body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	((struct bad *)ctx)->ran++;
	return 0;
}

static int map_one(void *ctx, const void *in, void *out, filch_worker *w)
{
	(void)in, (void)out;
	return body(ctx, 0, 0, w);
}

static int task(void *ctx, filch_worker *w)
{
	return body(ctx, 0, 0, w);
}

static int each(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	(void)item, (void)feeder;
	return body(ctx, 0, 0, w);
}

static int mark(void *ctx, size_t begin, size_t end, bool *marks, filch_worker *w)
{
	(void)marks;
	return body(ctx, begin, end, w);
}

static int find(void *ctx, size_t begin, size_t end, size_t *found, filch_worker *w)
{
	(void)found;
	return body(ctx, begin, end, w);
}

static int key(void *ctx, size_t begin, size_t end, uint32_t *keys, filch_worker *w)
{
	(void)keys;
	return body(ctx, begin, end, w);
}

static int body2(void *ctx, const struct filch_tile *tile, filch_worker *w)
{
	(void)tile;
	return body(ctx, 0, 0, w);
}

static int body3(void *ctx, const struct filch_box *box, filch_worker *w)
{
	(void)box;
	return body(ctx, 0, 0, w);
}

static int add(void *ctx, size_t begin, size_t end, void *acc, filch_worker *w)
{
	(void)acc;
	return body(ctx, begin, end, w);
}

static void join(void *ctx, void *left, const void *right)
{
	(void)left, (void)right;
	body(ctx, 0, 0, NULL);
}

static void make(void *ctx, void *acc)
{
	join(ctx, acc, NULL);
}

static int compare(const void *a, const void *b, void *ctx)
{
	join(ctx, NULL, a);
	return a < b;
}

static filch_fn *const tasks[N] = {task, task, task, task};
static filch_fn *const tasks_but_one[N] = {task, task, NULL, task};
static const struct filch_reducer reducer = {.size = 8, .body = add, .join = join, .leaf = 1};
static const struct filch_scanner scanner = {.size = 8, .join = join};
static const size_t rows_alone[2] = {2, 0};

#define REDUCER(...) (&(const struct filch_reducer){__VA_ARGS__})
#define SCANNER(...) (&(const struct filch_scanner){__VA_ARGS__})

/* ---- calls that take more than an expression ------------------------------------------------- */

/* An answer that is no code, as one. */
#define ANSWERS(condition) ((condition) ? FILCH_OK : INT_MIN)

static int create_sized(struct bad *b, size_t size)
{
	struct filch_pool_options o = filch_pool_options_init();

	o.struct_size = size;
	return filch_pool_create(&b->created, &o);
}

static int destroy_inside(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)begin, (void)end, (void)w;
	return filch_pool_destroy(((struct bad *)ctx)->pool);
}

/* What cannot be had is NULL, and what is not there can be given back. */
static int scratch_without_end(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end;
	filch_scratch_back(w, NULL);
	return ANSWERS(!filch_scratch(w, SIZE_MAX) && !filch_scratch(w, SIZE_MAX / 2 + 1));
}

static int join_none(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)begin, (void)end;
	return filch_join_many(w, 0, NULL, NULL);
}

/* An item that is none of the range is none that failed. */
static int fail_beyond(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)end;
	return begin == 2 ? filch_fail(w, SIZE_MAX - 1, 7) : 0;
}

static int fail_before(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)ctx, (void)end;
	return begin == 2 ? filch_fail(w, 0, 7) : 0;
}

static int fails_at(struct bad *b, filch_body *fails)
{
	size_t first = 0;
	const int code = filch_for(b->pool, N, fails, b, FILCH(.chunk = 1, .first_error = &first));

	return first == 2 ? code : INT_MIN;
}

static int stop_nothing(struct filch_combinable *c, int code)
{
	filch_combinable_join(c, join, NULL);
	filch_combinable_destroy(c);
	return code;
}

/* ---- what is wrong ------------------------------------------------------------------------------ */

static const struct filch_options *options_with(enum wrong wrong, enum outputs outputs,
                                                struct bad *b, struct filch_options *o)
{
	static const struct {
		size_t struct_size, report_size, chunk, least, most;
		double cost;
		uint64_t pause;
	} as[] = {
		[NO_SIZE] = {.struct_size = 0},
		[ONE_BYTE] = {.struct_size = 1},
		[NO_REPORT_SIZE_YET] = {.struct_size = sizeof(size_t)},
		[NEWER_OPTIONS] = {.struct_size = sizeof(struct filch_options) + 1},
		[ENDLESS_OPTIONS] = {.struct_size = SIZE_MAX},
		[NEWER_REPORT] = {.report_size = sizeof(struct filch_report) + 1},
		[CHUNK_AND_MIN] = {.chunk = 1, .least = 1},
		[CHUNK_AND_MAX] = {.chunk = 1, .most = 1},
		[MIN_ABOVE_MAX] = {.least = 9, .most = 8},
		[PAUSE_AND_CHUNK] = {.chunk = SIZE_MAX, .pause = 1},
		[COST_BELOW_0] = {.cost = -1},
		[COST_NAN] = {.cost = (double)NAN},
		[COST_INFINITE] = {.cost = (double)INFINITY},
	};

	if (wrong < NO_SIZE)
		return NULL;
	*o = filch_options_init();
	if (wrong <= ENDLESS_OPTIONS)
		o->struct_size = as[wrong].struct_size;
	if (wrong == NEWER_REPORT)
		o->report_size = as[wrong].report_size;
	o->chunk = as[wrong].chunk;
	o->min_chunk = as[wrong].least;
	o->max_chunk = as[wrong].most;
	o->cost_ns = as[wrong].cost;
	o->pause_ns = as[wrong].pause;
	o->report = &b->report;
	o->status = outputs == ALL ? b->status : NULL;
	o->first_error = outputs == ALL ? &b->first_error : NULL;
	return o;
}

/* As it is in the child of a fork(), and while another thread destroys it. */
static void spoil(filch_pool *pool, enum wrong wrong, bool spoilt)
{
	if (wrong == PARENTS_POOL)
		pool->crew.forks += spoilt ? 1 : UINT32_MAX;
	if (wrong == CLOSING_POOL)
		store_relaxed(&pool->crew.closing, spoilt);
}

/* ---- one cell ------------------------------------------------------------------------------------- */

static bool has_changed(const struct bad *now, const struct bad *before)
{
	const struct filch_combinable none = {.ctx_ = NULL};

	return memcmp(&now->in, &before->in,
	              offsetof(struct bad, combinable) - offsetof(struct bad, in)) != 0 ||
	       now->combinable.slots_ != none.slots_ || now->combinable.width_ != none.width_ ||
	       (now->index != before->index && now->index != now->n) ||
	       (now->none != before->none && now->none != 0) ||
	       (now->counts[0] != before->counts[0] && now->counts[0] != 0) ||
	       (now->created != before->created && now->created);
}

static void call_badly(const struct cell *c, struct bad *b)
{
	struct filch_options o;
	struct bad before;
	int code;

	memset(&b->in, 0x5a, sizeof *b - offsetof(struct bad, in));
	b->combinable = (struct filch_combinable){.ctx_ = NULL};
	b->ran = 0;
	before = *b;
	code = c->own ? c->own(b) : c->good(b, options_with(c->wrong, c->outputs, b, &o));
	BAD_CHECK(code == c->code);
	BAD_CHECK(b->ran == 0);
	BAD_CHECK(!has_changed(b, &before));
}

struct inside {
	const struct cell *cell;
	filch_pool *pool;
};

static int call_badly_inside(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct inside *i = ctx;
	struct bad b = {.pool = i->pool, .n = N};

	(void)begin, (void)end, (void)w;
	call_badly(i->cell, &b);
	return 0;
}

static int count_ran(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	fetch_add_relaxed((_Atomic unsigned *)ctx, (unsigned)(end - begin));
	return 0;
}

static void use_well(filch_pool *pool)
{
	_Atomic unsigned ran = 0;

	BAD_CHECK(filch_for(pool, 8, count_ran, &ran, FILCH(.chunk = 1)) == 0);
	BAD_CHECK(load_relaxed(&ran) == 8);
}

/* Whether the cell is about a pool that is not as it should be. */
static bool cell_spoils(const struct cell *c)
{
	return c->wrong == CLOSING_POOL || c->wrong == PARENTS_POOL;
}

/* From outside, for no items too, and from inside a body.  A pool that is spoilt has no threads yet, who
 * might take it for what it seems, and leave. */
static void run_cell(const struct cell *c, filch_pool *pool)
{
	struct bad b = {.pool = pool, .n = N}, empty = {.pool = pool};
	struct inside inside = {c, pool};

	if (!cell_spoils(c))
		use_well(pool);
	spoil(pool, c->wrong, true);
	call_badly(c, &b);
	call_badly(c, &empty);
	spoil(pool, c->wrong, false);
	if (!cell_spoils(c))
		BAD_CHECK(filch_for(pool, 1, call_badly_inside, &inside, NULL) == 0);
	use_well(pool);
}

#endif
