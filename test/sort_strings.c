/* SPDX-License-Identifier: MIT */
/* filch_sort_strings(): the order of strcmp(), stable, whatever the strings have in common. */
#include "support.h"

#include <filch/sort.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(sort_strings, .timeout = 300);

enum { ROOM = 40 };

static const size_t counts[] = {0, 1, 2, 100, 900, 901, 1024, 2049, 10007, 50000};

/* From few letters, some above 127, after a prefix that all share, all but one, or none do. */
static void make(char *text, unsigned kind, size_t i, uint64_t *seed)
{
	static const char letters[] = "ab\xff\x01";
	size_t n = random_below(seed, kind == 3 ? 3 : 14), at = 0;

	if (kind == 1 || (kind == 2 && i != 777))
		at = (size_t)snprintf(text, ROOM, "/usr/share/doc/");
	while (n-- > 0)
		text[at++] = letters[random_below(seed, 4)];
	text[at] = '\0';
}

static int by_text_and_place(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int code = strcmp(x, y);

	return code ? code : (x > y) - (x < y);
}

static void check(filch_pool *pool, size_t n, unsigned kind, bool poor, uint64_t *seed)
{
	char *texts = malloc(n * ROOM + 1);
	const char **x = malloc((n + 1) * sizeof *x), **expected = malloc((n + 1) * sizeof *x);

	cr_assert(texts && x && expected);
	for (size_t i = 0; i < n; i++) {
		make(texts + i * ROOM, kind, i, seed);
		x[i] = expected[i] = texts + i * ROOM;
	}
	qsort(expected, n, sizeof *x, by_text_and_place);
	if (poor)
		fail_memory(1, true);
	cr_assert_eq(filch_sort_strings(pool, x, n, NULL), 0);
	fail_no_more();
	cr_assert(memcmp(x, expected, n * sizeof *x) == 0, "%zu, kind %u", n, kind);
	cr_assert_eq(filch_sort_strings(pool, x, n, NULL), 0);
	cr_assert(memcmp(x, expected, n * sizeof *x) == 0, "%zu, kind %u, again", n, kind);
	free(texts);
	free(x);
	free(expected);
}

static void check_all(bool poor)
{
	uint64_t seed = test_seed();

	for (unsigned width = 1; width <= 8; width++) {
		filch_pool *pool = pool_of(width);

		for (size_t i = 0; i < COUNT_OF(counts); i++)
			for (unsigned kind = (width + (unsigned)i) % 2; kind < 4; kind += 2)
				if (random_below(&seed, thinned()) == 0)
					check(pool, counts[i], kind, poor, &seed);
		pool_close(pool);
	}
}

Test(sort_strings, is_the_stable_serial_one)
{
	check_all(false);
}

Test(sort_strings, needs_no_memory)
{
	check_all(true);
}

/* Also between the parts in which order is looked for. */
Test(sort_strings, sees_a_single_place_out_of_order)
{
	enum { N = 3000 };
	static char texts[N][8];
	const char *x[N];

	for (size_t i = 0; i < N; i++)
		snprintf(texts[i], sizeof texts[i], "%05zu", i);
	for (size_t k = 1; k < N; k += thinned()) {
		for (size_t i = 0; i < N; i++)
			x[i] = texts[i];
		x[k - 1] = texts[k];
		x[k] = texts[k - 1];
		cr_assert_eq(filch_sort_strings(NULL, x, N, NULL), 0);
		for (size_t i = 0; i < N; i++)
			cr_assert(x[i] == texts[i], "swapped at %zu", k);
	}
}

Test(sort_strings, loses_no_string_when_time_is_up)
{
	enum { N = 50000 };
	uint64_t seed = test_seed();
	char *texts = malloc((size_t)N * ROOM);
	const char **x = malloc(N * sizeof *x), **y = malloc(N * sizeof *y);

	cr_assert(texts && x && y);
	for (uint64_t limit = 1000; limit < 100000000; limit *= 2) {
		for (size_t i = 0; i < N; i++) {
			make(texts + i * ROOM, 1, i, &seed);
			x[i] = y[i] = texts + i * ROOM;
		}
		if (filch_sort_strings(NULL, x, N, FILCH(.timeout_ns = limit)) != 0)
			qsort(x, N, sizeof *x, by_text_and_place);
		qsort(y, N, sizeof *y, by_text_and_place);
		cr_assert(memcmp(x, y, N * sizeof *x) == 0);
	}
	free(texts);
	free(x);
	free(y);
}

Test(sort_strings, says_what_makes_no_sense)
{
	const char *x[2] = {"b", "a"};

	cr_expect_eq(filch_sort_strings(NULL, NULL, 2, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort_strings(NULL, x, SIZE_MAX / 2, NULL), FILCH_EINVAL);
	cr_expect_eq(filch_sort_strings(NULL, NULL, 0, NULL), 0);
	cr_expect_eq(filch_sort_strings(NULL, x, 2, NULL), 0);
	cr_expect_str_eq(x[0], "a");
}
