/* SPDX-License-Identifier: MIT */
/* How far is it?  Once with the ready-made bar, once with a callback of one's own. */
#include <filch.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS = 2000, TERMS = 60000 };

/* The sum of 1/k^2 up to a number of terms that grows with i: some milliseconds at most. */
static int basel(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	double *sum = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++) {
		sum[i] = 0;
		for (size_t k = 1; k <= i * (TERMS / ITEMS); k++)
			sum[i] += 1 / ((double)k * (double)k);
	}
	return 0;
}

/* What our callback has heard.  It runs on the calling thread: plain variables will do. */
struct heard {
	size_t reports;
	size_t done;
	bool finished;
	bool went_back;
};

static void hear(void *arg, const struct filch_progress *p)
{
	struct heard *h = arg;

	h->reports++;
	h->went_back = h->went_back || p->done < h->done;
	h->done = p->done;
	h->finished = p->finished;
	printf("%s: %zu of %zu items after %.0f ms%s\n", p->label, p->done, p->total,
	       (double)p->elapsed_ns * 1e-6, p->finished ? ", done" : "");
}

int main(void)
{
	static double sum[ITEMS];
	static double again[ITEMS];
	struct heard h = {.reports = 0};
	int code = filch_for(NULL, ITEMS, basel, sum,
	                     FILCH(.label = "basel", .progress = filch_progress_bar));

	if (!code)
		code = filch_for(NULL, ITEMS, basel, again,
		                 FILCH(.label = "again", .progress = hear, .progress_arg = &h));
	if (code || memcmp(sum, again, sizeof sum) != 0)
		return 1;
	printf("the last sum is %.4f\n", sum[ITEMS - 1]); /* on its way to pi^2 / 6 = 1.6449... */
	return !h.finished || h.done != ITEMS || h.went_back || sum[ITEMS - 1] < 1.6448;
}
