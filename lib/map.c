/* SPDX-License-Identifier: MIT */
/* filch_map(): a loop whose body goes item by item, and can end before any of them. */
#include "loop.h"

struct map {
	char *items; /* const to those who call us, and to f */
	char *results;
	size_t item_bytes, result_bytes;
	filch_map_fn *f;
	void *ctx;
};

/* An array of elements without size may be NULL, to which nothing may be added. */
static char *element(char *array, size_t i, size_t bytes)
{
	return bytes ? array + i * bytes : array;
}

static int map_body(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	const struct map *m = ctx;

	for (size_t i = begin; i < end; i++) {
		int code;

		if (loop_cut_before(w, i))
			return FILCH_ECANCELED;
		code = m->f(m->ctx, element(m->items, i, m->item_bytes),
		            element(m->results, i, m->result_bytes), w);
		if (code)
			return filch_fail(w, i, code);
	}
	return 0;
}

static bool fits(const void *array, size_t n, size_t bytes)
{
	return !n || !bytes || (array && n <= SIZE_MAX / bytes);
}

int filch_map_sized(filch_pool *pool, const void *items, size_t item_bytes, size_t n, void *results,
                    size_t result_bytes, filch_map_fn *f, void *ctx,
                    const struct filch_options *options)
{
	struct map m = {(char *)(uintptr_t)items, results, item_bytes, result_bytes, f, ctx};

	if (!f || !fits(items, n, item_bytes) || !fits(results, n, result_bytes))
		return FILCH_EINVAL;
	return filch_for_as(pool, n, map_body, &m, options, (uintptr_t)f);
}
