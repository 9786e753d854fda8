/* SPDX-License-Identifier: MIT */
/*
 * Two programs of fork and join, fib and quicksort, once more, whose forks and joins look for nobody:
 * without the look at `asked_` and at the mark of a shared task, and without the order between them and the
 * list that lets others look at it at any moment (docs/fork.md).  What is left is the list: a fork puts
 * its record in front, a join takes it off.  For price.c, and for pools of one worker only: what
 * another one took would run twice.
 *
 * Both looks stand in FILCH_RARELY_(), and the order is a fence of the compiler's, so that
 * they are gone from filch/fork.h where this file says so, and nowhere else.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __builtin_expect(condition, expected) 0
#define __atomic_signal_fence(order) ((void)0)

#define program_fib program_fib_bare
#define program_quicksort program_quicksort_bare

#include "programs/fib.c"
#include "programs/quicksort.c"
