/* SPDX-License-Identifier: MIT */
/*
 * soak [SECONDS]: calls of many kinds, one round after the other, for so long (2).  Every item is
 * accounted for, and once it has run for a while, memory, threads and open files stay as many as they
 * are.  The last line is the sum of it.
 */
#define _GNU_SOURCE
#include <filch_algo.h>

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Warm is what has run for a fifth of the time, and for so many rounds: each worker has done all by then. */
#ifdef FILCH_SANITIZED
enum { WARM_ROUNDS = 40 };
#else
enum { WARM_ROUNDS = 500 };
#endif
enum { ITEMS = 3000, WARM_PARTS = 5 };

static filch_pool *pools[3]; /* two that live as long as we do, and one that is new each round */
static uint64_t items, rounds;

static void expect(bool so, const char *what)
{
	if (so)
		return;
	printf("soak: not so after %llu rounds: %s\n0 passed, 1 failed\n",
	       (unsigned long long)rounds, what);
	exit(1);
}

/* ---- calls ------------------------------------------------------------------------------------- */

static int count_items(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	unsigned char *times = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		times[i]++;
	return 0;
}

static int fail_at_2000(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	for (size_t i = begin; i < end; i++) {
		count_items(ctx, i, i + 1, w);
		if (i == 2000)
			return filch_fail(w, i, 7);
	}
	return 0;
}

static void loop(filch_pool *pool)
{
	unsigned char times[ITEMS] = {0};

	expect(filch_for(pool, ITEMS, count_items, times, FILCH(.chunk = 1 + rounds % 40)) == 0,
	       "a loop returns 0");
	for (size_t i = 0; i < ITEMS; i++)
		expect(times[i] == 1, "an item runs once");
	memset(times, 0, sizeof times);
	expect(filch_for(pool, ITEMS, fail_at_2000, times, NULL) == 7, "a loop fails as it should");
	for (size_t i = 0; i < ITEMS; i++)
		expect(times[i] == 1 || (i > 2000 && !times[i]), "what is below a failure runs");
	items += 2 * ITEMS;
}

static int nest(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	unsigned char *times = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		if (filch_for(pools[i % 2], 100, count_items, times + 100 * i, FILCH(.chunk = 3)))
			return 1;
	return 0;
}

static void nested(filch_pool *pool)
{
	unsigned char times[ITEMS] = {0};

	expect(filch_for(pool, ITEMS / 100, nest, times, NULL) == 0, "nested loops return 0");
	for (size_t i = 0; i < ITEMS; i++)
		expect(times[i] == 1, "a nested item runs once");
	items += ITEMS;
}

struct fib {
	unsigned n;
	uint64_t is;
};

static int fib(void *arg, filch_worker *w)
{
	struct fib *f = arg, a = {f->n - 1, 0}, b = {f->n - 2, 0};

	f->is = f->n;
	if (f->n < 2)
		return 0;
	filch_join2(w, fib, &a, fib, &b);
	f->is = a.is + b.is;
	return 0;
}

static void forks(filch_pool *pool)
{
	struct fib f = {16, 0};

	expect(filch_run(pool, fib, &f, NULL) == 0 && f.is == 987, "fib(16) is 987");
	items += 1597;
}

static int feed(void *ctx, const void *item, struct filch_feeder *feeder, filch_worker *w)
{
	const unsigned i = *(const unsigned *)item;

	count_items(ctx, i, i + 1, w);
	for (unsigned child = 2 * i + 1; child <= 2 * i + 2 && child < ITEMS; child++)
		if (filch_feed(feeder, &child))
			return 1;
	return 0;
}

static void grows(filch_pool *pool)
{
	unsigned char times[ITEMS] = {0};
	const unsigned root = 0;

	expect(filch_for_each(pool, &root, 1, feed, times, NULL) == 0, "items that feed return 0");
	for (size_t i = 0; i < ITEMS; i++)
		expect(times[i] == 1, "an item that was fed runs once");
	items += ITEMS;
}

static void sorts(filch_pool *pool)
{
	static uint64_t x[8 * ITEMS];
	uint64_t sum = 0;

	for (size_t i = 0; i < 8 * ITEMS; i++)
		sum += x[i] = (i + 1) * (2 * rounds + 1) * 0x9E3779B97F4A7C15u;
	expect(filch_sort_u64(pool, x, 8 * ITEMS, NULL) == 0, "a sort returns 0");
	for (size_t i = 0; i < 8 * ITEMS; i++) {
		expect(!i || x[i - 1] <= x[i], "numbers are sorted");
		sum -= x[i];
	}
	expect(sum == 0, "no number is lost");
	items += 8 * ITEMS;
}

static void one_round(void)
{
	filch_pool *pool;

	expect(filch_pool_create(&pools[2], FILCH_POOL(.workers = 1 + rounds % 4)) == 0,
	       "there is a pool");
	pool = pools[rounds % 3];
	loop(pool);
	nested(pool);
	forks(pool);
	grows(pool);
	sorts(pool);
	expect(filch_pool_destroy(pools[2]) == 0, "a pool is destroyed");
	rounds++;
}

/* ---- what stays as it is ------------------------------------------------------------------------- */

struct state {
	size_t used, resident, threads, files;
};

static size_t count_in(const char *folder)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	expect(d != NULL, "/proc can be read");
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static struct state look(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	struct state s = {.threads = count_in("/proc/self/task"),
	                  .files = count_in("/proc/self/fd")};
	size_t all = 0;

	expect(f && fscanf(f, "%zu %zu", &all, &s.resident) == 2, "/proc can be read");
	fclose(f);
	s.resident *= (size_t)sysconf(_SC_PAGESIZE);
	s.used = mallinfo2().uordblks;
	return s;
}

static void raise_to(struct state *most, struct state s)
{
	most->used = s.used > most->used ? s.used : most->used;
	most->resident = s.resident > most->resident ? s.resident : most->resident;
	most->threads = s.threads > most->threads ? s.threads : most->threads;
	most->files = s.files > most->files ? s.files : most->files;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print(const char *when, struct state s)
{
	printf("%s: %zu KiB in use, %zu KiB resident, %zu threads, %zu files; %llu rounds, %llu "
	       "items\n",
	       when, s.used >> 10, s.resident >> 10, s.threads - 2, s.files - 3,
	       (unsigned long long)rounds, (unsigned long long)items);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const double length = argc > 1 ? strtod(argv[1], NULL) : 2, begin = seconds();
	struct state warm = {0}, later = {0};

	expect(!filch_pool_create(&pools[0], FILCH_POOL(.workers = 4)), "there is a pool");
	expect(!filch_pool_create(&pools[1], FILCH_POOL(.workers = 16)), "there is a pool");
	while (rounds < WARM_ROUNDS || seconds() - begin < length / WARM_PARTS) {
		one_round();
		raise_to(&warm, look());
	}
	print("warm", warm);
	while (rounds < 2 * WARM_ROUNDS || seconds() - begin < length) {
		one_round();
		raise_to(&later, look());
	}
	print("later", later);
	/* A thread that was joined may be seen for a moment more, and take its stack's first pages. */
	expect(later.threads <= warm.threads + 4, "there are no more threads");
	expect(later.files == warm.files, "there are no more open files");
	/* A worker that has had little to do so far may still come to its own. */
	expect(later.used <= warm.used + (1 << 20), "no more memory is in use");
#ifndef FILCH_SANITIZED
	expect(later.resident <= warm.resident + (4 << 20), "no more memory is resident");
#endif
	expect(!filch_pool_destroy(pools[0]) && !filch_pool_destroy(pools[1]),
	       "pools are destroyed");
	puts("1 passed, 0 failed");
	return 0;
}
