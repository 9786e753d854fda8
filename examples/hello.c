/* SPDX-License-Identifier: MIT */
/* The smallest useful program: a loop over an array, on all CPUs if that pays. */
#include <filch.h>
#include <stdio.h>

static int twice(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	double *x = ctx;

	(void)w;
	for (size_t i = begin; i < end; i++)
		x[i] *= 2;
	return 0;
}

int main(void)
{
	static double x[1000000];
	const size_t n = sizeof x / sizeof *x;
	struct filch_report report;

	for (size_t i = 0; i < n; i++)
		x[i] = (double)i;

	const int code = filch_for(NULL, n, twice, x, FILCH(.report = &report));

	for (size_t i = 0; i < n; i++) {
		if (x[i] != 2 * (double)i)
			return 1;
	}
	printf("%zu items: %s\n%s\n", n, filch_strerror(code), report.verdict);
	return code;
}
