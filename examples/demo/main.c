/* SPDX-License-Identifier: MIT */
/* See demo.h.  This file reads the options and runs the parts. */
#include "compare.h"
#include "demo.h"
#include "print.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
	"Usage: filch-demo [OPTION]... [DIRECTORY]...\n"
	"Runs loops serially, by filch, and by what one would write instead; checks that\n"
	"the results are the same, and prints the times.  Takes less than a minute.\n"
	"\n"
	"DIRECTORY is what is hashed (default: /usr/share and /usr/include): its regular\n"
	"files, following no links and staying on its file system.\n"
	"\n"
	"  --svg FILE   write the chart of chunk sizes (needs gnuplot)\n"
	"  --png FILE   write the Mandelbrot picture\n"
	"  --out DIR    write both to DIR, and the SHA-256 sums: chunk-size.svg,\n"
	"               mandelbrot.png, sha256sums; DIR is made if it is not there\n"
	"  --quick      a few seconds in all: less work, fewer rounds\n"
	"  --help       this\n"
	"\n"
	"Exit status: 0 = all results right, 1 = not so, 2 = wrong usage.\n";

static const struct option known[] = {
	{"svg", required_argument, NULL, 's'}, {"png", required_argument, NULL, 'p'},
	{"out", required_argument, NULL, 'o'}, {"quick", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},      {NULL, 0, NULL, 0},
};

struct part {
	const char *title;
	bool (*run)(const struct settings *s);
};

static const struct part parts[] = {
	{"Ten items that sleep, on 8 workers", demo_sleep},
	{"10,000 items of x * 2, after three calls that do not count", demo_twice},
#ifdef WITH_NETTLE
	{"SHA-256 of files", demo_hash},
#endif
#ifdef WITH_PNG
	{"A Mandelbrot picture, an item per row", demo_mandelbrot},
#endif
};

static void print_left_out(void)
{
#ifndef _OPENMP
	puts("Built without OpenMP: nothing is compared with it.");
#endif
#ifndef WITH_NETTLE
	puts("Built without nettle (nettle-dev): no files are hashed.");
#endif
#ifndef WITH_PNG
	puts("Built without libpng (libpng-dev): no picture is drawn.");
#endif
}

static bool run_parts(const struct settings *s)
{
	const uint64_t begin = now_ns();
	bool right = true;
	char time[16];

	printf("filch %s, workers: %u.  Every result is checked.  In a round all ways take\n"
	       "turns.  The median of the rounds counts; where it is far from the best, other\n"
	       "programs kept the CPUs busy.\n",
	       filch_version(), filch_pool_width(NULL));
	print_left_out();
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		printf("\n%zu. %s\n", i + 1, parts[i].title);
		right = parts[i].run(s) && right;
	}
	format_time(time, sizeof time, now_ns() - begin);
	printf("\n%s, after %s.\n", right ? "All results are right" : "SOMETHING WENT WRONG", time);
	return right;
}

/* Sets *path to "dir/name", kept in `room`, unless another option has set it already. */
static int put_below(const char **path, char room[PATH_MAX], const char *dir, const char *name)
{
	const int length = snprintf(room, PATH_MAX, "%s/%s", dir, name);

	if (length < 0 || length >= PATH_MAX)
		return ENAMETOOLONG;
	if (!*path)
		*path = room;
	return 0;
}

static int write_below(struct settings *s, const char *dir)
{
	static char room[3][PATH_MAX];
	int err;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		return errno;
	err = put_below(&s->svg, room[0], dir, "chunk-size.svg");
	if (!err)
		err = put_below(&s->png, room[1], dir, "mandelbrot.png");
	return err ? err : put_below(&s->sums, room[2], dir, "sha256sums");
}

/* 0 = go on; otherwise the exit status plus 1. */
static int read_options(struct settings *s, int argc, char **argv)
{
	const char *out = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			s->svg = optarg;
			break;
		case 'p':
			s->png = optarg;
			break;
		case 'o':
			out = optarg;
			break;
		case 'q':
			s->quick = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			fputs(usage, stderr);
			return 3;
		}
	}

	const int err = out ? write_below(s, out) : 0;

	if (err)
		fprintf(stderr, "filch-demo: %s: %s\n", out, strerror(err));
	return err ? 3 : 0;
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {"/usr/share", "/usr/include"};
	struct settings s = {.dirs = usual, .dir_count = 2};
	const int end = read_options(&s, argc, argv);

	if (end)
		return end - 1;
	if (optind < argc) {
		s.dirs = (const char *const *)&argv[optind];
		s.dir_count = (size_t)(argc - optind);
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* a pipe sees how far we are, too */

	const bool right = run_parts(&s);

	return right && !ferror(stdout) ? 0 : 1;
}
