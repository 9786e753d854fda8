/* SPDX-License-Identifier: MIT */
/*
 * filch_count() and filch_histogram(): each worker counts for itself, and the counts are added up.
 *
 * Bins that are many for the items would cost each worker a memory of its own, mostly empty.  Then the
 * keys are written down, and counted by the caller; or if that is a cache miss for each, they are
 * sorted by their upper bits into 256 buckets: each is a range of bins for one worker to count.
 */
#include "call.h"
#include "pack.h"

#include <stdlib.h>
#include <string.h>

/* ---- count --------------------------------------------------------------------------------- */

/* What one worker has counted; alone in its line. */
struct tale {
	size_t count;
	char apart[64 - sizeof(size_t)];
};

struct counting {
	filch_count_fn *f;
	void *ctx;
	struct tale *tales;
	size_t width;
};

static int count_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct counting *c = ctx;
	const size_t id = c->width > 1 ? filch_worker_id(w) : 0;
	size_t k = 0;
	const int code = c->f(c->ctx, begin, end, &k, w);

	c->tales[id].count += k;
	return code;
}

static int count_many(struct counting *c, filch_pool *pool, size_t n, size_t *count,
                      struct filch_options *o)
{
	struct tale one = {0};
	int code;

	c->width = filch_pool_width(pool);
	c->tales = c->width > 1 ? calloc(c->width, sizeof *c->tales) : NULL;
	if (!c->tales) {
		c->tales = &one;
		c->width = 1;
		o->max_workers = 1;
	}
	code = call_whole(pool, n, count_body, c, o, (uintptr_t)c->f);
	for (size_t i = 0; i < c->width && !code; i++)
		*count += c->tales[i].count;
	if (c->tales != &one)
		free(c->tales);
	return code;
}

struct few_counts {
	const struct counting *c;
	size_t *count;  /* [begin] of each range that was counted */
	uint16_t *next; /* [begin]: where it ended */
};

static int few_counts_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct few_counts *f = ctx;

	f->count[begin] = 0;
	f->next[begin] = (uint16_t)end;
	return f->c->f(f->c->ctx, begin, end, &f->count[begin], w);
}

/* No worker has to be known: each range has a place on the stack. */
static int count_few(const struct counting *c, filch_pool *pool, size_t n, size_t *count)
{
	size_t counts[PICK_ITEMS];
	uint16_t next[PICK_ITEMS];
	struct few_counts few = {c, counts, next};
	const int code = call_whole(pool, n, few_counts_body, &few, NULL, (uintptr_t)c->f);

	for (size_t i = 0; i < n && !code; i = next[i])
		*count += counts[i];
	return code;
}

int filch_count(filch_pool *pool, size_t n, filch_count_fn *f, void *ctx, size_t *count,
                const struct filch_options *options)
{
	struct counting c = {.f = f, .ctx = ctx};
	struct filch_options o;
	int code;

	if (count)
		*count = 0;
	if (!f || !count)
		return FILCH_EINVAL;
	if (n <= PICK_ITEMS && !options)
		return count_few(&c, pool, n, count);
	code = filch__pick_options(&o, options);
	return code ? code : count_many(&c, pool, n, count, &o);
}

/* ---- histogram: bins for each worker ---------------------------------------------------------- */

struct histogram {
	filch_key_fn *key;
	void *ctx;
	size_t bins, *counts;
	size_t **own;   /* each worker's bins; NULL until it has some */
	size_t width;   /* 1: counts themselves */
	uint32_t *keys; /* as they come */
};

static void keys_count(const uint32_t *keys, size_t n, size_t *counts, size_t bins)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i] < bins)
			counts[keys[i]]++;
}

/* What asking for a key and counting it costs; asking alone costs what the function does. */
static uintptr_t bins_cost(const struct histogram *h)
{
	return (uintptr_t)h->key + 1;
}

static int bins_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct histogram *h = ctx;
	const size_t id = h->width > 1 ? filch_worker_id(w) : 0;
	uint32_t keys[PICK_ITEMS];

	for (size_t i = begin, n; i < end; i += n) {
		int code;

		n = end - i < PICK_ITEMS ? end - i : PICK_ITEMS;
		filch_fail(w, i, 0); /* where it failed, unless it says so itself */
		code = h->key(h->ctx, i, i + n, keys, w);
		if (code)
			return code;
		keys_count(keys, n, h->own[id], h->bins);
	}
	return 0;
}

static int histogram_alone(struct histogram *h, filch_pool *pool, size_t n, struct filch_options *o)
{
	h->own = &h->counts;
	h->width = 1;
	o->max_workers = 1;
	if (h->bins)
		memset(h->counts, 0, h->bins * sizeof *h->counts);
	return call_whole(pool, n, bins_body, h, o, bins_cost(h));
}

static int add_up_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct histogram *h = ctx;

	(void)w;
	memcpy(h->counts + begin, h->own[0] + begin, (end - begin) * sizeof *h->counts);
	for (size_t id = 1; id < h->width; id++)
		for (size_t i = begin; i < end; i++)
			h->counts[i] += h->own[id][i];
	return 0;
}

/* What has to be done once all keys are there is done, whatever became of the pool. */
static void finish_for(filch_pool *pool, size_t n, filch_body *body, void *ctx,
                       const struct filch_options *o)
{
	struct filch_options bare = filch_options_init();

	bare.max_workers = o->max_workers;
	if (filch_for(pool, n, body, ctx, &bare))
		body(ctx, 0, n, NULL);
}

static int histogram_own(struct histogram *h, filch_pool *pool, size_t n, struct filch_options *o)
{
	/* A line between the bins of two workers. */
	const size_t stride = h->bins + 64 / sizeof(size_t);
	size_t *memory = calloc(h->width, stride * sizeof *memory);
	size_t **own = malloc(h->width * sizeof *own);
	int code;

	if (memory && own) {
		for (size_t id = 0; id < h->width; id++)
			own[id] = memory + id * stride;
		h->own = own;
		code = call_whole(pool, n, bins_body, h, o, bins_cost(h));
		if (!code)
			finish_for(pool, h->bins, add_up_body, h, o);
	} else {
		code = histogram_alone(h, pool, n, o);
	}
	free(own);
	free(memory);
	return code;
}

/* ---- histogram: many bins ------------------------------------------------------------------------ */

enum { BUCKETS = 256, SEGMENT = 32768 };

/* The keys in segments, and where each of them puts its keys for each bucket. */
struct sorting {
	const struct histogram *h;
	size_t n;
	unsigned shift; /* a key's bucket is what is above */
	uint32_t *sorted;
	size_t *at; /* [segment * BUCKETS + bucket] */
	size_t end[BUCKETS];
};

static size_t segment_end(const struct sorting *s, size_t segment)
{
	return s->n - segment * SEGMENT < SEGMENT ? s->n : (segment + 1) * SEGMENT;
}

static int tally_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct sorting *s = ctx;

	(void)w;
	for (size_t g = begin; g < end; g++) {
		size_t *at = s->at + g * BUCKETS;

		memset(at, 0, BUCKETS * sizeof *at);
		for (size_t i = g * SEGMENT; i < segment_end(s, g); i++)
			if (s->h->keys[i] < s->h->bins)
				at[s->h->keys[i] >> s->shift]++;
	}
	return 0;
}

static int sort_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct sorting *s = ctx;

	(void)w;
	for (size_t g = begin; g < end; g++) {
		size_t at[BUCKETS];

		memcpy(at, s->at + g * BUCKETS, sizeof at);
		for (size_t i = g * SEGMENT; i < segment_end(s, g); i++)
			if (s->h->keys[i] < s->h->bins)
				s->sorted[at[s->h->keys[i] >> s->shift]++] = s->h->keys[i];
	}
	return 0;
}

static int bucket_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct sorting *s = ctx;
	const struct histogram *h = s->h;

	(void)w;
	for (size_t b = begin; b < end; b++) {
		const size_t first = b << s->shift, next = (b + 1) << s->shift;
		const size_t from = b ? s->end[b - 1] : 0;

		if (first < h->bins)
			memset(h->counts + first, 0,
			       ((next < h->bins ? next : h->bins) - first) * sizeof *h->counts);
		keys_count(s->sorted + from, s->end[b] - from, h->counts, h->bins);
	}
	return 0;
}

/* From how many each segment has of each bucket to where it puts them. */
static void sorting_place(struct sorting *s, size_t segments)
{
	size_t to = 0;

	for (size_t b = 0; b < BUCKETS; b++) {
		for (size_t g = 0; g < segments; g++) {
			const size_t count = s->at[g * BUCKETS + b];

			s->at[g * BUCKETS + b] = to;
			to += count;
		}
		s->end[b] = to;
	}
}

static bool histogram_sorted(const struct histogram *h, filch_pool *pool, size_t n,
                             const struct filch_options *o)
{
	const size_t segments = n / SEGMENT + (n % SEGMENT != 0);
	struct sorting s = {.h = h, .n = n};
	bool done = false;

	while ((h->bins - 1) >> s.shift >= BUCKETS)
		s.shift++;
	s.sorted = malloc(n * sizeof *s.sorted);
	s.at = malloc(segments * BUCKETS * sizeof *s.at);
	if (s.sorted && s.at) {
		finish_for(pool, segments, tally_body, &s, o);
		sorting_place(&s, segments);
		finish_for(pool, segments, sort_body, &s, o);
		finish_for(pool, BUCKETS, bucket_body, &s, o);
		done = true;
	}
	free(s.at);
	free(s.sorted);
	return done;
}

static int keys_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct histogram *h = ctx;

	return h->key(h->ctx, begin, end, h->keys + begin, w);
}

/* When most counts are a cache miss; else one worker counts as fast as it can be sorted. */
static bool is_worth_sorting(const struct histogram *h, size_t n)
{
	return h->bins > 262144 && n >= 1048576;
}

static int histogram_many(struct histogram *h, filch_pool *pool, size_t n, struct filch_options *o)
{
	int code;

	h->keys = n <= SIZE_MAX / sizeof *h->keys ? malloc(n * sizeof *h->keys) : NULL;
	if (!h->keys)
		return histogram_alone(h, pool, n, o);
	code = call_whole(pool, n, keys_body, h, o, (uintptr_t)h->key);
	if (!code && !(is_worth_sorting(h, n) && histogram_sorted(h, pool, n, o))) {
		memset(h->counts, 0, h->bins * sizeof *h->counts);
		keys_count(h->keys, n, h->counts, h->bins);
	}
	free(h->keys);
	return code;
}

/* ---- histogram -------------------------------------------------------------------------------------- */

static int histogram_few(struct histogram *h, filch_pool *pool, size_t n)
{
	uint32_t keys[PICK_ITEMS];
	int code;

	h->keys = keys;
	code = call_whole(pool, n, keys_body, h, NULL, (uintptr_t)h->key);
	if (h->bins)
		memset(h->counts, 0, h->bins * sizeof *h->counts);
	if (!code)
		keys_count(keys, n, h->counts, h->bins);
	return code;
}

static int histogram_any(struct histogram *h, filch_pool *pool, size_t n,
                         const struct filch_options *options)
{
	struct filch_options o;
	int code = filch__pick_options(&o, options);

	if (code)
		return code;
	h->width = filch_pool_width(pool);
	if (h->width <= 1 || !h->bins)
		return histogram_alone(h, pool, n, &o);
	/* Else what it takes to clear and add them up is more than is gained. */
	if (h->bins <= n / 8 / h->width)
		return histogram_own(h, pool, n, &o);
	return histogram_many(h, pool, n, &o);
}

int filch_histogram(filch_pool *pool, size_t n, filch_key_fn *key, void *ctx, size_t bins,
                    size_t *counts, const struct filch_options *options)
{
	struct histogram h = {.key = key, .ctx = ctx, .bins = bins, .counts = counts};
	int code;

	if (!key || (!counts && bins) || bins > UINT32_MAX)
		return FILCH_EINVAL;
	if (n <= PICK_ITEMS && !options)
		return histogram_few(&h, pool, n);
	code = histogram_any(&h, pool, n, options);
	if (code && bins)
		memset(counts, 0, bins * sizeof *counts);
	return code;
}
