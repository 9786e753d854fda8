/* SPDX-License-Identifier: MIT */
#ifndef FILCH_ALGO_H
#define FILCH_ALGO_H
/* The algorithms: all headers in filch/, each of which can be included by itself. */
#include "filch.h"
#include "filch/combine.h"
#include "filch/each.h"
#include "filch/pick.h"
#include "filch/random.h"
#include "filch/reduce.h"
#include "filch/scan.h"
#include "filch/sort.h"
#include "filch/tiles.h"
#endif
