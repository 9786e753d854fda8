/* SPDX-License-Identifier: MIT */
#ifndef FILCH_GIVEN_H
#define FILCH_GIVEN_H
/* Options as they come from a program, perhaps built against another version of the header. */
#include <filch.h>

#include <stddef.h>
#include <string.h>

/*
 * Fills in *o from what was given, NULL = nothing; false if that makes no sense.  A program built
 * against an older header passes a shorter struct; one against a newer header wants what we do
 * not have.
 */
static inline bool options_given(struct filch_options *o, const struct filch_options *user)
{
	*o = filch_options_init();
	if (!user)
		return true;
	if (user->struct_size < offsetof(struct filch_options, label) ||
	    user->struct_size > sizeof *o || user->report_size > sizeof(struct filch_report))
		return false;
	memcpy(o, user, user->struct_size);
	return true;
}

#endif
