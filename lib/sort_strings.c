/* SPDX-License-Identifier: MIT */
/*
 * Strings by pointer: most comparisons are decided by the first bytes that are not the same in
 * all, and these are kept beside the pointer, as a number, so that the strings themselves are
 * seldom read.
 */
#include "loop.h"
#include "sort_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	SAMPLES = 32,        /* strings that a guess is made from */
	STRINGS_PLAIN = 900, /* strings for which this does not pay */
	STRINGS_PART = 2048
};

struct labelled {
	uint64_t head; /* eight bytes, the first one highest; zeros after the end */
	const char *text;
};

struct strings {
	const char **x;
	struct labelled *entries; /* twice as many as strings, or NULL */
	size_t n;
	size_t skip;       /* bytes that are the same in all */
	_Atomic int wrong; /* they are not; or the strings are not in order */
};

static int by_text(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_head(const void *a, const void *b, void *ctx)
{
	const struct labelled *x = a, *y = b;
	const size_t *skip = ctx;

	if (x->head != y->head)
		return x->head < y->head ? -1 : 1;
	return x->head & 0xff ? strcmp(x->text + *skip + 8, y->text + *skip + 8) : 0;
}

static uint64_t head_of(const char *text)
{
	uint64_t head = 0;
	unsigned i = 0;

	for (; i < 8 && text[i]; i++)
		head = head << 8 | (unsigned char)text[i];
	return i ? head << 8 * (8 - i) : 0;
}

/* How many first bytes of a few strings are the same; none ends among these. */
static size_t guess_skip(const struct strings *s)
{
	size_t skip = strlen(s->x[0]);

	for (size_t k = 1; k <= SAMPLES; k++) {
		const char *text = s->x[(s->n - 1) / SAMPLES * k];
		size_t i = 0;

		while (i < skip && text[i] == s->x[0][i])
			i++;
		skip = i;
	}
	return skip;
}

struct strings_part {
	struct strings *s;
	size_t begin, end;
	filch_fn *leaf;
};

static int strings_parts(void *arg, filch_worker *w)
{
	struct strings_part *p = arg, low = *p, high = *p;

	if (p->end - p->begin <= STRINGS_PART)
		return p->leaf(p, w);
	low.end = high.begin = p->begin + (p->end - p->begin) / 2;
	return filch_join2(w, strings_parts, &low, strings_parts, &high);
}

static int look_part(void *arg, filch_worker *w)
{
	const struct strings_part *p = arg;
	struct strings *s = p->s;

	(void)w;
	/* relaxed: only whether; the join orders it */
	for (size_t i = p->begin + !p->begin; i < p->end && !load_relaxed(&s->wrong); i++)
		if (strcmp(s->x[i - 1], s->x[i]) > 0)
			store_relaxed(&s->wrong, 1);
	return 0;
}

static bool in_order(struct strings *s, filch_worker *w)
{
	bool wrong;

	strings_parts(&(struct strings_part){s, 0, s->n, look_part}, w);
	wrong = load_relaxed(&s->wrong);
	store_relaxed(&s->wrong, 0);
	return !wrong;
}

static int fill_part(void *arg, filch_worker *w)
{
	const struct strings_part *p = arg;
	struct strings *s = p->s;

	(void)w;
	for (size_t i = p->begin; i < p->end; i++) {
		const char *text = s->x[i];

		if (strncmp(text, s->x[0], s->skip) != 0) {
			/* relaxed: the join orders it */
			store_relaxed(&s->wrong, 1);
			break;
		}
		s->entries[i] = (struct labelled){head_of(text + s->skip), text};
	}
	return 0;
}

static int empty_part(void *arg, filch_worker *w)
{
	const struct strings_part *p = arg;

	(void)w;
	for (size_t i = p->begin; i < p->end; i++)
		p->s->x[i] = p->s->entries[i].text;
	return 0;
}

static void fill(struct strings *s, filch_worker *w)
{
	struct strings_part all = {s, 0, s->n, fill_part};

	s->skip = guess_skip(s);
	strings_parts(&all, w);
	if (load_relaxed(&s->wrong)) {
		s->skip = 0;
		strings_parts(&all, w);
	}
}

static int strings_run(void *arg, filch_worker *w)
{
	struct strings *s = arg;
	struct order text = {by_text, NULL, sizeof *s->x};
	struct order head = {by_head, &s->skip, sizeof *s->entries};

	if (s->entries && in_order(s, w))
		return 0;
	if (s->entries) {
		fill(s, w);
		filch__sort_all(&head, (char *)s->entries, (char *)(s->entries + s->n), s->n, w);
		strings_parts(&(struct strings_part){s, 0, s->n, empty_part}, w);
	} else {
		filch__sort_in_place(&text, (char *)s->x, s->n, w);
	}
	return filch__stop_code(w);
}

int filch_sort_strings(filch_pool *pool, const char **x, size_t n,
                       const struct filch_options *options)
{
	struct strings s = {x, NULL, n, 0, 0};
	int code;

	if (n <= STRINGS_PLAIN || !x || n > PTRDIFF_MAX / sizeof *x)
		return filch_sort(pool, x, n, sizeof *x, by_text, NULL, options);
	if (n <= PTRDIFF_MAX / (2 * sizeof *s.entries))
		s.entries = malloc(2 * n * sizeof *s.entries);
	code = filch_run(pool, strings_run, &s, options);
	free(s.entries);
	return code;
}
