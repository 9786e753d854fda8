/* SPDX-License-Identifier: MIT */
#ifndef FILCH_CPUS_H
#define FILCH_CPUS_H
/*
 * How many CPUs this process may use: the smaller of its affinity mask, which the
 * caller brings along, and the tightest CPU quota of its cgroup and of all the cgroups
 * around it (version 1 and 2).  pool.c asks once, before the first pool; filch_explain()
 * tells the user what decided.
 *
 * Always: 1 <= count <= 1024, whatever the files say.  A file that is missing, cannot be
 * read or holds nonsense sets no limit.  Nothing here fails, prints or allocates, and no
 * file stays open.  Where there are no cgroups there are no such files, and no quota.
 */
#include <stdbool.h>

struct filch__cpus {
	unsigned count;    /* what a pool of width 0 gets: 1 .. 1024 */
	unsigned affinity; /* CPUs in the process's mask, 0 = unknown */
	double quota;      /* CPUs of the tightest cgroup quota, 0 = none */
	char source[256];  /* in words: which mask or file decided */
};

/*
 * Fills *out.  `root` is put before the names of all files: "" in earnest, in a test a folder
 * with proc/ and sys/ in it.  A quota is rounded down, but never to 0; an unknown mask counts
 * as 1 CPU if there is no quota either.  The source is one of
 *
 *     affinity mask: 2 CPUs
 *     cgroup quota 1.50 CPUs (/sys/fs/cgroup/a/cpu.max)
 *     unknown: no affinity mask, no cgroup quota
 *
 * Any thread may call it.  Takes some 13 KiB of stack.
 */
void filch__cpus_read(const char *root, unsigned affinity, struct filch__cpus *out);

/*
 * Strict: a decimal number from 1 to 1024 with nothing around it, neither blanks nor a sign
 * nor zeros.  False for anything else, NULL among it; *out is untouched then.
 */
bool filch__cpus_parse_workers(const char *text, unsigned *out);

#endif
