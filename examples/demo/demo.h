/* SPDX-License-Identifier: MIT */
#ifndef DEMO_H
#define DEMO_H
/*
 * filch-demo: the same loops, run serially, by filch, and by what a user would write
 * instead.  Each part is a file of its own that shows these loops one below the other.
 */
#include <stdbool.h>
#include <stddef.h>

struct settings {
	bool quick;              /* a few seconds in all: less work, fewer rounds */
	const char *svg;         /* where the chart goes, or NULL */
	const char *png;         /* where the picture goes, or NULL */
	const char *sums;        /* where the SHA-256 sums go, or NULL */
	const char *const *dirs; /* what to hash */
	size_t dir_count;
};

/* The parts.  Each prints what it finds and returns false if any result was wrong. */
bool demo_sleep(const struct settings *s);
bool demo_twice(const struct settings *s);
bool demo_hash(const struct settings *s);
bool demo_mandelbrot(const struct settings *s);

#endif
