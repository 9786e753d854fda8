/* SPDX-License-Identifier: MIT */
/* Real input: the SHA-256 of every file below some directories. */
#include "compare.h"
#include "demo.h"
#include "hashing.h"
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int run_serial(void *job, const struct filch_options *options)
{
	struct hashing *h = job;

	(void)options;
	for (size_t i = 0; i < h->n; i++)
		digest_file(&h->result[i], h->files.path[i]);
	return 0;
}

static int run_filch(void *job, const struct filch_options *options)
{
	struct hashing *h = job;
	struct filch_options o = options ? *options : filch_options_init();

	o.keep_going = true; /* a file that cannot be read stops nothing */

	const int code = filch_map(NULL, h->files.path, h->n, h->result, hashing_item, NULL, &o);

	return code < 0 ? code : 0;
}

#ifdef _OPENMP
static int run_openmp(void *job, const struct filch_options *options)
{
	struct hashing *h = job;

	(void)options;
#pragma omp parallel for
	for (size_t i = 0; i < h->n; i++)
		digest_file(&h->result[i], h->files.path[i]);
	return 0;
}

static int run_openmp_dynamic(void *job, const struct filch_options *options)
{
	struct hashing *h = job;

	(void)options;
#pragma omp parallel for schedule(dynamic)
	for (size_t i = 0; i < h->n; i++)
		digest_file(&h->result[i], h->files.path[i]);
	return 0;
}
#endif

static void hash_queued(void *ctx, size_t i)
{
	struct hashing *h = ctx;

	digest_file(&h->result[i], h->files.path[i]);
}

static int run_queue(void *job, const struct filch_options *options)
{
	struct hashing *h = job;

	(void)options;
	queue_run(h->queue, h->n, hash_queued, h);
	return 0;
}

static void clear(void *job)
{
	hashing_clear(job);
}

/* A digest that differs from the reference is right only if the file does, too, by now. */
static bool explain(struct hashing *h, size_t i)
{
	struct digest now;

	digest_file(&now, h->files.path[i]);
	if (h->result[i].error == NOT_RUN)
		return false;
	if (digest_same_file(&now, &h->reference[i]) && h->result[i].error != EBUSY &&
	    h->reference[i].error != EBUSY)
		return false;
	h->reference[i] = now;
	h->changed++;
	return true;
}

static bool check(void *job)
{
	struct hashing *h = job;

	for (size_t i = 0; i < h->n; i++) {
		if (!digest_equal(&h->result[i], &h->reference[i]) && !explain(h, i))
			return false;
	}
	return true;
}

static bool measure(struct hashing *h, bool quick)
{
	struct way ways[] = {
		{.name = "serial loop", .run = run_serial},
		{.name = "filch", .run = run_filch, .by_filch = true},
#ifdef _OPENMP
		{.name = "OpenMP", .run = run_openmp},
		{.name = "OpenMP, dynamic", .run = run_openmp_dynamic},
#endif
		{.name = "queue, a task per item", .run = run_queue},
	};
	struct comparison c = {
		.ways = ways,
		.count = sizeof ways / sizeof *ways,
		.rounds = quick ? 1 : 3,
		.job = h,
		.clear = clear,
		.check = check,
	};

	return compare(&c);
}

static bool hash_files(struct hashing *h, const struct settings *s)
{
	h->result = malloc(h->files.n * sizeof *h->result);
	h->reference = malloc(h->files.n * sizeof *h->reference);
	h->queue = queue_create(filch_pool_width(NULL));
	if (!h->result || !h->reference || !h->queue) {
		printf("   no memory or no threads for %zu files\n", h->files.n);
		return false;
	}
	if (!hashing_read_all(h, s))
		return false;
	hashing_make_reference(h, s);
	if (!measure(h, s->quick))
		return false;
	if (h->changed)
		printf("   %zu files changed meanwhile; they were read again\n", h->changed);
	return !s->sums || hashing_write_sums(h, s->sums);
}

bool demo_hash(const struct settings *s)
{
	struct hashing h = {.n = 0};
	bool right = true;

	for (size_t i = 0; i < s->dir_count; i++) {
		const int err = files_add(&h.files, s->dirs[i]);

		if (err)
			printf("   %s: %s\n", s->dirs[i], strerror(err));
	}
	files_sort(&h.files);
	if (h.files.too_large)
		printf("   left out: %zu files above 64 MiB\n", h.files.too_large);
	if (h.files.unreadable)
		printf("   left out: %zu directories that may not be read\n", h.files.unreadable);
	if (h.files.n)
		right = hash_files(&h, s);
	else
		printf("   no files to hash\n");
	queue_destroy(h.queue);
	free(h.reference);
	free(h.result);
	files_free(&h.files);
	return right;
}
