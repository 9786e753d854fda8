/* SPDX-License-Identifier: MIT */
/* What codes say in words. */
#include "filch.h"

#include <stdlib.h>

const char *filch_strerror(int code)
{
	switch (code) {
	case FILCH_OK:
		return "done";
	case FILCH_EINVAL:
		return "an argument or option makes no sense";
	case FILCH_ENOMEM:
		return "no memory for a pool";
	case FILCH_ECANCELED:
		return "cancelled before all items had started";
	case FILCH_ETIMEDOUT:
		return "timed out before all items had started";
	case FILCH_ECLOSED:
		return "the pool is being destroyed";
	case FILCH_EDEADLK:
		return "a pool cannot be destroyed from inside itself";
	case FILCH_EFORK:
		return "the pool belongs to the parent of a fork";
	case FILCH_EHOOK:
		return "a start hook failed";
	case FILCH_ESKIPPED:
		return "this item never started";
	default:
		return "stopped by the body";
	}
}

const char *filch_version(void)
{
	return FILCH_VERSION;
}

/* Records on a stack that is gone: to go on would be to run whatever stands there now. */
void filch_misused_(const char *how)
{
	fprintf(stderr, "filch: %s\n", how);
	abort();
}
