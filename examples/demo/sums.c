/* SPDX-License-Identifier: MIT */
/* See hashing.h: the sums as a file. */
#include "hashing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* In the form of sha256sum(1), which can check it; a name with a line break is escaped. */
static void write_sum(FILE *out, const struct digest *d, const char *path)
{
	if (strpbrk(path, "\n\r\\"))
		putc('\\', out);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		fprintf(out, "%02x", d->sum[i]);
	fputs("  ", out);
	for (; *path; path++) {
		if (*path == '\n')
			fputs("\\n", out);
		else if (*path == '\r')
			fputs("\\r", out);
		else if (*path == '\\')
			fputs("\\\\", out);
		else
			putc(*path, out);
	}
	putc('\n', out);
}

bool hashing_write_sums(const struct hashing *h, const char *path)
{
	FILE *out = fopen(path, "w");
	bool failed = !out;

	for (size_t i = 0; out && i < h->n; i++) {
		if (h->reference[i].error == 0)
			write_sum(out, &h->reference[i], h->files.path[i]);
	}
	if (out) {
		failed = ferror(out);
		failed = fclose(out) || failed;
	}
	if (failed)
		printf("   the sums could not be written to %s: %s\n", path, strerror(errno));
	else
		printf("   the sums, for sha256sum -c: %s\n", path);
	return !failed;
}
