/* SPDX-License-Identifier: MIT */
/* A bar for the terminal, with the public header alone, but for what is asked of the system. */
#include "filch.h"

#include "platform.h"

enum { BAR_CELLS = 30 };

/* 3725 seconds as "1:02:05". */
static void print_time(double seconds)
{
	const unsigned long s = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 1000000000;

	if (s >= 3600)
		fprintf(stderr, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		fprintf(stderr, "%lu:%02lu", s / 60, s % 60);
}

static void print_rate(double per_second)
{
	static const char units[] = {' ', 'k', 'M', 'G', 'T'};
	unsigned i = 0;

	while (per_second >= 1000 && i + 1 < sizeof units) {
		per_second /= 1000;
		i++;
	}
	fprintf(stderr, " %5.3g%c/s", per_second, units[i]);
}

void filch_progress_bar(void *arg, const struct filch_progress *p)
{
	const double part = p->total ? (double)p->done / (double)p->total : 1;
	const double seconds = (double)p->elapsed_ns / 1e9;
	const int full = (int)(part * BAR_CELLS);

	(void)arg;
	if (!filch__stderr_is_terminal())
		return;
	fprintf(stderr, "\r%s%s[%.*s%*s] %3d%%", p->label ? p->label : "", p->label ? " " : "",
	        full, "##############################", BAR_CELLS - full, "", (int)(part * 100));
	if (seconds > 0)
		print_rate((double)p->done / seconds);
	if (p->finished) {
		fprintf(stderr, " in ");
		print_time(seconds);
	} else if (p->done) {
		print_time(seconds * (1 - part) / part);
		fprintf(stderr, " left");
	}
	/* Blanks over what a longer line may have left. */
	fprintf(stderr, "    %s", p->finished ? "\n" : "");
}
