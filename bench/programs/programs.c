/* SPDX-License-Identifier: MIT */
/* All of them, in the order of the table. */
#include "programs.h"

const struct program *const programs[] = {
	&program_fib,    &program_tree,     &program_queens,    &program_quad,
	&program_uts_t1, &program_uts_t3,   &program_quicksort, &program_mergesort,
	&program_matmul, &program_strassen, &program_heat,      &program_lu,
};

const unsigned programs_count = sizeof programs / sizeof *programs;
