/* SPDX-License-Identifier: MIT */
/*
 * The chart of chunk sizes.  gnuplot draws; what is added is a style sheet, so that a
 * page that is dark gets light ink.
 */
#include "chart.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char style[] = "<style>\n"
			    "[fill=\"black\"] { fill: #24292f }\n"
			    "[stroke=\"black\"] { stroke: #57606a }\n"
			    "[color=\"black\"] { color: #57606a }\n"
			    "@media (prefers-color-scheme: dark) {\n"
			    "[fill=\"black\"] { fill: #e6edf3 }\n"
			    "[stroke=\"black\"] { stroke: #8b949e }\n"
			    "[color=\"black\"] { color: #8b949e }\n"
			    "}\n"
			    "</style>\n";

static double median_us(const struct comparison *c, size_t i)
{
	return (double)way_median_ns(&c->ways[i], c->rounds) * 1e-3;
}

/* The points of the curve, and one line across for each of the other ways. */
static void write_data(FILE *script, const struct comparison *c)
{
	fputs("$curve << END\n", script);
	for (size_t i = 0; i < c->count; i++) {
		if (c->ways[i].chunk)
			fprintf(script, "%zu %g\n", c->ways[i].chunk, median_us(c, i));
	}
	fputs("END\n", script);
}

static void write_plots(FILE *script, const struct comparison *c)
{
	/* Readable on white and on black; the serial loop is the wide one behind the others. */
	static const char *const line[] = {"lw 5 lc rgb '#a0a0a0'", "lw 2 lc rgb '#2f9e44'",
	                                   "lw 2 dt 2 lc rgb '#e8590c'",
	                                   "lw 2 dt 4 lc rgb '#ae3ec9'"};
	const size_t lines = sizeof line / sizeof *line;
	size_t next = 0;

	fputs("plot ", script);
	for (size_t i = 0; i < c->count; i++) {
		if (!c->ways[i].chunk)
			fprintf(script, "%g title '%s: %.3g us' %s, \\\n", median_us(c, i),
			        c->ways[i].name, median_us(c, i), line[next++ % lines]);
	}
	fputs("$curve with linespoints title 'filch, chunk fixed' "
	      "lw 2.5 pt 7 ps 0.7 lc rgb '#228be6'\n",
	      script);
}

static void write_script(FILE *script, const struct comparison *c)
{
	fputs("set terminal svg size 720,360 font 'sans-serif,13'\n"
	      "set title '10,000 items of x * 2: what the size of a chunk does'\n"
	      "set xlabel 'items in a chunk'\n"
	      "set ylabel 'microseconds for all of it'\n"
	      "set logscale xy\n"
	      "set xrange [0.8:5500]\n"
	      "set xtics (1, 16, 256, 4096)\n"
	      "set yrange [1:1000<*]\n"
	      "set border 3\n"
	      "set tics nomirror out\n"
	      "set key outside right top Left reverse samplen 2 spacing 1.4\n",
	      script);
	write_data(script, c);
	write_plots(script, c);
}

/* Runs gnuplot from one file to another; 0, or an errno: ENOENT if it is not installed. */
static int run_gnuplot(FILE *script, FILE *svg)
{
	char name[] = "gnuplot";
	char *argv[] = {name, NULL};
	posix_spawn_file_actions_t files;
	pid_t child;
	int status;
	int err = posix_spawn_file_actions_init(&files);

	if (err)
		return err;
	rewind(script);
	err = posix_spawn_file_actions_adddup2(&files, fileno(script), STDIN_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, fileno(svg), STDOUT_FILENO);
	if (!err)
		err = posix_spawnp(&child, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (err)
		return err;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return errno;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EIO;
}

/* Copies gnuplot's SVG, with the style sheet before the line that opens the drawing. */
static int add_style(FILE *svg, const char *path)
{
	char line[4096];
	bool styled = false;
	FILE *out = fopen(path, "w");

	if (!out)
		return errno;
	rewind(svg);
	while (fgets(line, sizeof line, svg)) {
		if (!styled && strncmp(line, "<g id=", 6) == 0) {
			fputs(style, out);
			styled = true;
		}
		fputs(line, out);
	}

	const bool failed = ferror(svg) || ferror(out) || !styled;

	return fclose(out) || failed ? EIO : 0;
}

static bool draw(FILE *script, FILE *svg, const char *path, const struct comparison *c)
{
	int err;

	write_script(script, c);
	if (fflush(script) != 0) {
		printf("   no chart: %s\n", strerror(errno));
		return false;
	}
	err = run_gnuplot(script, svg);
	if (err == ENOENT) {
		printf("   no chart: gnuplot is not installed (Debian: gnuplot-nox)\n");
		return true;
	}
	if (!err)
		err = add_style(svg, path);
	if (err)
		printf("   no chart in %s: %s\n", path, strerror(err));
	else
		printf("   the chart: %s\n", path);
	return !err;
}

bool chart_write(const char *path, const struct comparison *c)
{
	FILE *script = tmpfile();
	FILE *svg = tmpfile();
	const bool drawn = script && svg && draw(script, svg, path, c);

	if (!script || !svg)
		printf("   no chart: %s\n", strerror(errno));
	if (script)
		fclose(script);
	if (svg)
		fclose(svg);
	return drawn;
}
