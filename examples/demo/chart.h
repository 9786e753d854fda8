/* SPDX-License-Identifier: MIT */
#ifndef CHART_H
#define CHART_H
#include "compare.h"

/*
 * Draws time against chunk size as SVG, by gnuplot; ways without a chunk size become
 * lines across.  Says so and goes on if there is no gnuplot; false, after a message,
 * if the file could not be written.
 */
bool chart_write(const char *path, const struct comparison *c);

#endif
