/* SPDX-License-Identifier: MIT */
/* Which options make sense together. */
#include "given.h"
#include "loop.h"

static bool sensible(const struct filch_options *o)
{
	if (o->chunk && (o->min_chunk || o->max_chunk))
		return false;
	if (o->min_chunk && o->max_chunk && o->min_chunk > o->max_chunk)
		return false;
	if (o->pause_ns && (o->chunk > 1 || o->min_chunk > 1))
		return false;
	return o->cost_ns >= 0 && o->cost_ns < 1e18;
}

int filch__options_read(struct filch_options *o, const struct filch_options *user, size_t n)
{
	if (!options_given(o, user) || !sensible(o))
		return FILCH_EINVAL;
	if (o->status && n > SIZE_MAX / sizeof *o->status)
		return FILCH_EINVAL;
	return FILCH_OK;
}
