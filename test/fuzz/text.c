/* SPDX-License-Identifier: MIT */
/*
 * Whatever the library reads that others have written, by the first byte: the files of cgroups, quotas,
 * the environment, options, names, codes, and the trails of the simulator.
 */
#define _GNU_SOURCE
#include "text.h"

#include "../../lib/sim/schedule.h"
#include "cpus.h"
#include "pool.h"
#include "report.h"

#include <pthread.h>
#include <string.h>

void next_bytes(struct bytes *b, void *out, size_t size)
{
	const size_t there = b->left < size ? b->left : size;

	memset(out, 0, size);
	if (there)
		memcpy(out, b->at, there);
	b->at += there;
	b->left -= there;
}

char *rest_as_string(struct bytes *b)
{
	const size_t size = b->left;
	char *text = malloc(size + 1);

	expect(text != NULL);
	next_bytes(b, text, size);
	text[size] = '\0';
	return text;
}

/* ---- the environment ------------------------------------------------------------------------------ */

/* The number of which it is the one way to write it, 0 if there is none from 1 to 1024. */
static unsigned width_said(const char *text)
{
	for (unsigned n = 1; n <= FILCH_MAX_WORKERS; n++) {
		char written[8];

		snprintf(written, sizeof written, "%u", n);
		if (strcmp(text, written) == 0)
			return n;
	}
	return 0;
}

static void fuzz_workers(struct bytes *b)
{
	char *text = rest_as_string(b);
	const unsigned said = width_said(text);
	struct width width;
	unsigned n = 77;

	expect(filch__cpus_parse_workers(text, &n) == (said != 0) && n == (said ? said : 77));
	expect(!setenv("FILCH_WORKERS", text, 1));
	filch__width_read(&width);
	expect(width.workers >= 1 && width.workers <= FILCH_MAX_WORKERS);
	expect(!said || width.workers == said);
	expect(!said == (strstr(width.env, "ignored: ") != NULL));
	free(text);
}

static void fuzz_explain(struct bytes *b)
{
	char *text = rest_as_string(b), *said = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&said, &length);

	expect(out && !setenv("FILCH_WORKERS", text, 1));
	filch_explain(out);
	expect(!fclose(out) && strlen(said) == length && strstr(said, "$FILCH_WORKERS"));
	free(said);
	free(text);
}

/* ---- names, codes ---------------------------------------------------------------------------------- */

/* Whether this port names threads at all. */
static bool are_named(void)
{
	char seen[16] = "";

	filch__thread_name("n", 1);
	return !pthread_getname_np(pthread_self(), seen, sizeof seen) && strcmp(seen, "n/1") == 0;
}

/* "NAME/ID", and the name is what is cut. */
static void fuzz_name(struct bytes *b)
{
	static int named; /* 0 = not known yet */
	char number[16], seen[16];
	unsigned id;
	char *name;
	size_t kept;

	next_bytes(b, &id, sizeof id);
	name = rest_as_string(b);
	snprintf(number, sizeof number, "/%u", id);
	kept = sizeof seen - 1 - strlen(number);
	kept = kept < strlen(name) ? kept : strlen(name);
	named = named ? named : are_named() ? 1 : -1;
	filch__thread_name(name, id);
	expect(!pthread_getname_np(pthread_self(), seen, sizeof seen));
	expect(named < 0 || (strncmp(seen, name, kept) == 0 && strcmp(seen + kept, number) == 0));
	free(name);
}

static void fuzz_code(struct bytes *b)
{
	int code;

	next_bytes(b, &code, sizeof code);
	expect(filch_strerror(code) && *filch_strerror(code));
}

/* ---- a trail ----------------------------------------------------------------------------------------- */

/* What can be read is written in such a way that the same is read again. */
static void fuzz_trail(struct bytes *b)
{
	static struct schedule *once, *again;
	char *text = rest_as_string(b), *written = malloc(1 << 16);

	once = once ? once : calloc(2, sizeof *once);
	expect(once && written);
	again = once + 1;
	if (filch__schedule_parse(once, text) && filch__schedule_print(once, written, 1 << 16)) {
		expect(filch__schedule_parse(again, written));
		while (once->length && !once->trail[once->length - 1].chosen)
			once->length--; /* ordinary ones at the end are not written */
		expect(again->length == once->length || !once->length);
		for (size_t i = 0; i < once->length; i++)
			expect(again->trail[i].chosen == once->trail[i].chosen);
	}
	free(written);
	free(text);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kind[])(struct bytes *) = {
		fuzz_machine,      fuzz_quota, fuzz_workers, fuzz_explain, fuzz_call_options,
		fuzz_pool_options, fuzz_name,  fuzz_code,    fuzz_trail};
	struct bytes b = {data, size};

	kind[next_byte(&b) % (sizeof kind / sizeof kind[0])](&b);
	return 0;
}
