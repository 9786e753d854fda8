/* SPDX-License-Identifier: MIT */
/*
 * replay FOLDER...: the inputs that are kept, each once, in the order of their names; the last line is
 * the sum of it.  One that fails ends the program, after its name.
 */
#define _GNU_SOURCE
#include "target.h"

#include <dirent.h>
#include <string.h>

enum { MOST = 1 << 16 };

static unsigned passed;

static void replay(const char *folder, const char *name)
{
	static uint8_t bytes[MOST];
	char path[1024];
	uint8_t *exact;
	size_t size;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f)
		return;
	size = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	fprintf(stderr, "%s\r", name);
	/* Just as long as it is, so that a byte more is one too many. */
	exact = malloc(size + !size);
	expect(exact != NULL);
	memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	passed++;
}

static void replay_all(const char *folder)
{
	struct dirent **entry;
	const int n = scandir(folder, &entry, NULL, alphasort);

	expect(n >= 0);
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.')
			replay(folder, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay_all(argv[i]);
	printf("%u passed, %u failed\n", passed, passed == 0);
	return passed == 0;
}
