/* SPDX-License-Identifier: MIT */
/* What others took of the machine, by the counters of Linux; silent elsewhere. */
#define _DEFAULT_SOURCE
#include "quiet.h"

#include "bench.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double own_seconds(void)
{
	struct rusage self, ended;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &ended);
	return seconds(self.ru_utime) + seconds(self.ru_stime) + seconds(ended.ru_utime) +
	       seconds(ended.ru_stime);
}

void quiet_begin(struct quiet *q)
{
	const double tick = (double)sysconf(_SC_CLK_TCK);
	unsigned long long user, nice, system, idle, wait, irq, soft, stolen;
	FILE *f = fopen("/proc/stat", "r");

	q->known = f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
	                       &system, &idle, &wait, &irq, &soft, &stolen) == 8;
	if (f)
		fclose(f);
	if (!q->known)
		return;
	q->seconds = (double)bench_now() / 1e9;
	q->busy = (double)(user + nice + system + irq + soft) / tick;
	q->stolen = (double)stolen / tick;
	q->own = own_seconds();
}

void quiet_print(const struct quiet *begin)
{
	struct quiet now;

	quiet_begin(&now);
	if (!begin->known || !now.known)
		return;
	const double wall = now.seconds - begin->seconds;
	const double others = now.busy - begin->busy - (now.own - begin->own);

	printf("meanwhile, for %.0f s, other processes used %.2f CPUs and other machines %.2f%s\n",
	       wall, others / wall, (now.stolen - begin->stolen) / wall,
	       others / wall > 0.05 ? ": not a quiet machine" : "");
}
