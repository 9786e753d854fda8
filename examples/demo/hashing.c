/* SPDX-License-Identifier: MIT */
/* See hashing.h: what comes before the measurement. */
#include "hashing.h"
#include "compare.h"
#include "demo.h"
#include "print.h"

#include <stdlib.h>
#include <string.h>

void hashing_clear(struct hashing *h)
{
	memset(h->result, 0xa5, h->n * sizeof *h->result);
	for (size_t i = 0; i < h->n; i++)
		h->result[i].error = NOT_RUN;
}

int hashing_item(void *ctx, const void *in, void *out, filch_worker *w)
{
	char *const *path = in;

	(void)ctx;
	(void)w;
	return digest_file(out, *path);
}

/* Whether filch's status array says of each file what its result does. */
static bool statuses_agree(const struct hashing *h, const int *status)
{
	for (size_t i = 0; i < h->files.n; i++) {
		const int error = h->result[i].error;

		if (status[i] != (error == NOT_RUN ? FILCH_ESKIPPED : error)) {
			printf("   WRONG STATUS: %d instead of %d for ", status[i], error);
			print_name(h->files.path[i]);
			putchar('\n');
			return false;
		}
	}
	return true;
}

static void drop_unreached(struct hashing *h, const int *status)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->files.n; i++) {
		if (status[i] == FILCH_ESKIPPED)
			free(h->files.path[i]);
		else
			h->files.path[kept++] = h->files.path[i];
	}
	h->files.n = kept;
}

static bool read_all(struct hashing *h, uint64_t timeout_ns, int *status)
{
	const size_t n = h->files.n;
	const uint64_t begin = now_ns();
	char time[16];

	h->n = n;
	hashing_clear(h);

	const int code = filch_map(NULL, h->files.path, n, h->result, hashing_item, NULL,
	                           FILCH(.label = "reading", .keep_going = true, .status = status,
	                                 .timeout_ns = timeout_ns, .progress = filch_progress_bar));

	format_time(time, sizeof time, now_ns() - begin);
	if ((code < 0 && code != FILCH_ETIMEDOUT) || !statuses_agree(h, status)) {
		printf("   first pass: %s\n", filch_strerror(code));
		return false;
	}
	drop_unreached(h, status);
	printf("   first pass: %zu of %zu files in %s\n", h->files.n, n, time);
	return true;
}

bool hashing_read_all(struct hashing *h, const struct settings *s)
{
	int *status = malloc(h->files.n * sizeof *status);
	const uint64_t timeout_ns = s->quick ? 2000000000 : 10000000000;
	const bool right = status && read_all(h, timeout_ns, status);

	if (!status)
		printf("   no memory for %zu files\n", h->files.n);
	free(status);
	return right;
}

void hashing_make_reference(struct hashing *h, const struct settings *s)
{
	const uint64_t budget_ns = s->quick ? 100000000 : 2000000000;
	const uint64_t end = now_ns() + budget_ns;
	uint64_t bytes = 0;
	size_t errors = 0;
	char amount[16];
	char time[16];

	for (h->n = 0; h->n < h->files.n && (h->n == 0 || now_ns() < end); h->n++) {
		const struct digest *d = &h->reference[h->n];

		errors += digest_file(&h->reference[h->n], h->files.path[h->n]) != 0;
		bytes += d->bytes;
	}
	format_bytes(amount, sizeof amount, bytes);
	format_time(time, sizeof time, budget_ns);
	printf("   measured: %zu files of %s in all", h->n, amount);
	if (h->n < h->files.n)
		printf(", as many as a serial loop hashes in %s", time);
	printf("\n");
	if (errors)
		printf("   %zu of them cannot be read\n", errors);
}
