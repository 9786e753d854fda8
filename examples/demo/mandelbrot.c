/* SPDX-License-Identifier: MIT */
/* A Mandelbrot picture: rows that differ in cost, and a file at the end. */
#include "compare.h"
#include "demo.h"
#include "queue.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITERATIONS = 800, CHANNELS = 3 };

struct picture {
	size_t width;
	size_t height;
	unsigned char *rgb;       /* height rows of width * CHANNELS bytes */
	unsigned char *reference; /* the serial loop's */
	struct queue *queue;
};

static size_t row_bytes(const struct picture *p)
{
	return p->width * CHANNELS;
}

/* How many steps the point stays in the circle of radius 2. */
static unsigned escape(double x, double y)
{
	double re = 0;
	double im = 0;
	unsigned steps = 0;

	for (; steps < ITERATIONS && re * re + im * im < 4; steps++) {
		const double next = re * re - im * im + x;

		im = 2 * re * im + y;
		re = next;
	}
	return steps;
}

/* From blue over white and orange to black, which is also the colour of the inside. */
static void paint(unsigned char *rgb, unsigned steps)
{
	const double t = (double)steps / (steps + 70.0);
	const double s = 1 - t;
	const double light = steps == ITERATIONS ? 0 : 255;

	rgb[0] = (unsigned char)(9 * s * t * t * t * light);
	rgb[1] = (unsigned char)(15 * s * s * t * t * light);
	rgb[2] = (unsigned char)(8.5 * s * s * s * t * light);
}

/* The valley of the seahorses. */
static void draw_row(struct picture *p, size_t row)
{
	const double step = 0.011 / (double)p->width;
	const double y = 0.1318 + step * ((double)p->height / 2 - (double)row);
	unsigned char *rgb = p->rgb + row * row_bytes(p);

	for (size_t column = 0; column < p->width; column++) {
		const double x = -0.7436 + step * ((double)column - (double)p->width / 2);

		paint(rgb + column * CHANNELS, escape(x, y));
	}
}

static int run_serial(void *job, const struct filch_options *options)
{
	const struct picture *p = job;

	(void)options;
	for (size_t row = 0; row < p->height; row++)
		draw_row(job, row);
	return 0;
}

static int draw_rows(void *ctx, size_t begin, size_t end, filch_worker *w)
{
	(void)w;
	for (size_t row = begin; row < end; row++)
		draw_row(ctx, row);
	return 0;
}

static int run_filch(void *job, const struct filch_options *options)
{
	const struct picture *p = job;

	return filch_for(NULL, p->height, draw_rows, job, options);
}

#ifdef _OPENMP
static int run_openmp(void *job, const struct filch_options *options)
{
	const struct picture *p = job;

	(void)options;
#pragma omp parallel for
	for (size_t row = 0; row < p->height; row++)
		draw_row(job, row);
	return 0;
}

static int run_openmp_dynamic(void *job, const struct filch_options *options)
{
	const struct picture *p = job;

	(void)options;
#pragma omp parallel for schedule(dynamic)
	for (size_t row = 0; row < p->height; row++)
		draw_row(job, row);
	return 0;
}
#endif

static void draw_queued(void *ctx, size_t row)
{
	draw_row(ctx, row);
}

static int run_queue(void *job, const struct filch_options *options)
{
	const struct picture *p = job;

	(void)options;
	queue_run(p->queue, p->height, draw_queued, job);
	return 0;
}

static void clear(void *job)
{
	struct picture *p = job;

	memset(p->rgb, 0x80, p->height * row_bytes(p));
}

static bool check(void *job)
{
	const struct picture *p = job;

	return memcmp(p->rgb, p->reference, p->height * row_bytes(p)) == 0;
}

static bool measure(struct picture *p, bool quick)
{
	struct way ways[] = {
		{.name = "serial loop", .run = run_serial},
		{.name = "filch", .run = run_filch, .by_filch = true},
#ifdef _OPENMP
		{.name = "OpenMP", .run = run_openmp},
		{.name = "OpenMP, dynamic", .run = run_openmp_dynamic},
#endif
		{.name = "queue, a task per item", .run = run_queue},
	};
	struct comparison c = {
		.ways = ways,
		.count = sizeof ways / sizeof *ways,
		.rounds = quick ? 1 : 5,
		.job = p,
		.clear = clear,
		.check = check,
	};

	return compare(&c);
}

static png_image describe(const struct picture *p)
{
	return (png_image){.version = PNG_IMAGE_VERSION,
	                   .width = (png_uint_32)p->width,
	                   .height = (png_uint_32)p->height,
	                   .format = PNG_FORMAT_RGB};
}

/* Writes what filch drew last, and reads it back. */
static bool write_png(struct picture *p, const char *path)
{
	png_image out = describe(p);
	png_image in = describe(p);
	bool same = false;

	if (png_image_write_to_file(&out, path, 0, p->rgb, 0, NULL)) {
		clear(p);
		same = png_image_begin_read_from_file(&in, path) &&
		       png_image_finish_read(&in, NULL, p->rgb, 0, NULL) && check(p);
	}
	if (same)
		printf("   the picture: %s\n", path);
	else
		printf("   the picture could not be written to %s: %s%s\n", path, out.message,
		       in.message);
	return same;
}

static bool draw(struct picture *p, const struct settings *s)
{
	p->rgb = malloc(p->height * row_bytes(p));
	p->reference = malloc(p->height * row_bytes(p));
	p->queue = queue_create(filch_pool_width(NULL));
	if (!p->rgb || !p->reference || !p->queue) {
		printf("   no memory or no threads for the picture\n");
		return false;
	}
	run_serial(p, NULL);
	memcpy(p->reference, p->rgb, p->height * row_bytes(p));
	return measure(p, s->quick) && (!s->png || write_png(p, s->png));
}

bool demo_mandelbrot(const struct settings *s)
{
	struct picture p = {.width = s->quick ? 300 : 960, .height = s->quick ? 200 : 640};
	const bool right = draw(&p, s);

	queue_destroy(p.queue);
	free(p.reference);
	free(p.rgb);
	return right;
}
