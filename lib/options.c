/* SPDX-License-Identifier: MIT */
/* Options as they come from a program, perhaps built against another version of the header. */
#include "loop.h"

#include <string.h>

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
	*o = filch_options_init();
	if (!user)
		return FILCH_OK;
	/* A program built against an older header passes a shorter struct; one against a newer
	 * header wants what we do not have. */
	if (user->struct_size < offsetof(struct filch_options, label) ||
	    user->struct_size > sizeof *o || user->report_size > sizeof(struct filch_report))
		return FILCH_EINVAL;
	memcpy(o, user, user->struct_size);
	if (!sensible(o))
		return FILCH_EINVAL;
	if (o->status && n > SIZE_MAX / sizeof *o->status)
		return FILCH_EINVAL;
	return FILCH_OK;
}
