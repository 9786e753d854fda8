/* SPDX-License-Identifier: MIT */
/* filch_filter(): what is picked is packed, and the rest is dropped. */
#include "pack.h"

int filch_filter_sized(filch_pool *pool, const void *items, size_t item_bytes, size_t n, void *out,
                       size_t *kept, filch_mark_fn *mark, void *ctx,
                       const struct filch_options *options)
{
	struct pick p = {
		.p = {.items = items, .out = out, .bytes = item_bytes}, .mark = mark, .ctx = ctx};
	struct filch_options o;
	size_t count = 0;
	int code = FILCH_EINVAL;

	if (mark && filch__pick_fits(items, item_bytes, n) && (out || !n))
		code = options ? filch__pick_options(&o, options) : 0;
	if (!code)
		code = filch__pick(&p, pool, n, &count, options ? &o : NULL);
	if (kept)
		*kept = count;
	return code;
}
