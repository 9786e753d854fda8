/* SPDX-License-Identifier: MIT */
/* A pool of one's own, whose workers each count into memory of their own: no locks, no atomics. */
#include <filch.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 4, LETTERS = 26 };

struct census {
	const char *text;
	size_t *count[WORKERS]; /* an array per worker; written by that worker alone */
};

/* A hook: runs on each of the pool's threads before its first work. */
static int set_up(void *arg, unsigned id)
{
	struct census *c = arg;

	c->count[id] = calloc(LETTERS, sizeof *c->count[id]);
	return c->count[id] ? 0 : 1;
}

static void tear_down(void *arg, unsigned id)
{
	struct census *c = arg;

	free(c->count[id]);
	c->count[id] = NULL;
}

static int count_letters(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct census *c = ctx;
	size_t *count = c->count[filch_worker_id(w)];

	for (size_t i = begin; i < end; i++)
		count[c->text[i] - 'a']++;
	return 0;
}

/* Adds up what the workers counted; a worker whose thread could not be created has nothing. */
static size_t total(const struct census *c, size_t letter)
{
	size_t sum = 0;

	for (size_t id = 0; id < WORKERS; id++)
		sum += c->count[id] ? c->count[id][letter] : 0;
	return sum;
}

static bool count_right(const struct census *c, size_t n)
{
	bool right = true;

	for (size_t letter = 0; letter < LETTERS; letter++)
		right = right && total(c, letter) == n / LETTERS;
	return right;
}

int main(void)
{
	static char text[LETTERS * 100000];
	struct census c = {.text = text};
	filch_pool *pool;

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % LETTERS);

	/* The thread that calls is worker 0 and not the pool's: its memory is ours to set up. */
	int code = set_up(&c, 0);

	if (!code)
		code = filch_pool_create(&pool, FILCH_POOL(.workers = WORKERS, .name = "census",
		                                           .on_start = set_up, .on_stop = tear_down,
		                                           .hook_arg = &c));
	if (code) {
		fprintf(stderr, "own_pool: %s\n", filch_strerror(code));
		return 1;
	}
	code = filch_for(pool, sizeof text, count_letters, &c, NULL);

	const bool right = count_right(&c, sizeof text);

	printf("%u workers counted %zu times \"a\": %s\n", filch_pool_width(pool), total(&c, 0),
	       filch_strerror(code));
	code = filch_pool_destroy(pool);
	tear_down(&c, 0);
	return code || !right;
}
