/* SPDX-License-Identifier: MIT */
/* against.h where Jansson was not found. */
#include "against.h"

struct against *against_open(const char *path)
{
	fprintf(stderr, "%s: filch-bench was built without Jansson (Debian: libjansson-dev)\n",
	        path);
	return NULL;
}

bool against_print(struct against *earlier, FILE *records)
{
	return earlier && records;
}

void against_close(struct against *earlier)
{
	(void)earlier;
}
