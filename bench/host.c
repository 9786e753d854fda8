/* SPDX-License-Identifier: MIT */
/*
 * The program around a family of contenders: answers the driver's requests one by one,
 * with the measuring core, until its standard input ends.  It takes the number of
 * workers as its argument, and opens the library at the first request that needs it.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool transfer_in(void *to, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		const ssize_t got = read(STDIN_FILENO, (char *)to + done, bytes - done);

		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static bool transfer_out(const void *from, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		const ssize_t put = write(STDOUT_FILENO, (const char *)from + done, bytes - done);

		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return true;
}

/*
 * The serial loop behind the least that a library can be: a function on a page of its own that
 * looks at something of its thread.
 */
__attribute__((noinline, aligned(4096))) static int run_serial(size_t n, const struct body *body,
                                                               struct items *items)
{
	static _Thread_local volatile unsigned calls;

	calls++;
	return body->range(items, 0, n, NULL);
}

__attribute__((noinline)) static int sum_serial(size_t n, const double *x, double *sum)
{
	*sum = bodies_sum(x, n);
	return 0;
}

static const struct contender control = {"a mere call", run_serial, NULL, NULL, sum_serial};

static const char *compiler(void)
{
#ifdef __clang__
	return __VERSION__;
#else
	return "gcc " __VERSION__;
#endif
}

static bool is_of_libc(const char *path)
{
	static const char *const names[] = {"/libc.so", "/libm.so", "/ld-linux", "linux-vdso"};

	for (size_t k = 0; k < sizeof names / sizeof *names; k++)
		if (strstr(path, names[k]))
			return true;
	return *path == '\0'; /* the program itself */
}

static int add_library(struct dl_phdr_info *info, size_t size, void *bytes)
{
	(void)size;
	for (int k = 0; k < info->dlpi_phnum && !is_of_libc(info->dlpi_name); k++)
		if (info->dlpi_phdr[k].p_type == PT_LOAD)
			*(double *)bytes += (double)info->dlpi_phdr[k].p_memsz;
	return 0;
}

static bool hello(void)
{
	struct wire_hello h = {.count = (unsigned)contender_family.count,
	                       .nests = contender_family.nests};

	if (h.count > WIRE_CONTENDERS_MAX) {
		fprintf(stderr, "more contenders than WIRE_CONTENDERS_MAX\n");
		return false;
	}
	dl_iterate_phdr(add_library, &h.library_bytes);

	snprintf(h.version, sizeof h.version, "%s", contender_family.version);
	snprintf(h.compiler, sizeof h.compiler, "%s", compiler());
	for (unsigned k = 0; k < h.count; k++) {
		snprintf(h.name[k], sizeof h.name[k], "%s", contender_family.contenders[k].name);
		h.has_second[k] = contender_family.contenders[k].run_second;
		h.enters[k] = contender_family.contenders[k].enter;
		h.sums[k] = contender_family.contenders[k].sum;
	}
	return transfer_out(&h, sizeof h);
}

/* How many numbers the loop writes. */
static size_t outputs(const struct wire_request *q)
{
	size_t count = q->body == BODY_SUM ? 1 : (size_t)q->n;

	for (unsigned k = 1; q->body == BODY_NESTED && k < q->nest.levels; k++)
		count *= q->nest.width[k];
	return count;
}

static void measure(const struct wire_request *q, struct items *items, struct bench_pair *out,
                    struct bench_sample *samples)
{
	const struct bench_loop loop = {
		.contender = q->contender == WIRE_CONTROL
	                             ? &control
	                             : &contender_family.contenders[q->contender],
		.body = &bodies[q->body],
		.items = items,
		.n = (size_t)q->n,
		.outputs = outputs(q),
		.at_once = q->at_once,
	};

	memcpy(items->steps, q->steps, sizeof items->steps);
	items->sleep_ns = q->sleep_ns;
	items->chunk = (size_t)q->chunk;
	items->nest = q->nest;
	bench_items_fill(items, loop.outputs * (q->callers > 0 ? q->callers : 1));
	shapes_prepare(items, q->body, q->shape);
	bench_numbers(items, q->body == BODY_SUM ? (size_t)q->n : 0);
	switch (q->ask) {
	case WIRE_ROUND:
		bench_round(&loop, q->mode, q->ns, q->serial_first, out);
		break;
	case WIRE_COUNT:
		out->wrong = bench_count(&loop);
		break;
	case WIRE_SINGLE:
		bench_single(&loop, out);
		break;
	case WIRE_PERIODIC:
		bench_periodic(&loop, q->ns, q->times, out);
		break;
	case WIRE_IDLE:
		bench_idle(&loop, q->ns, out);
		break;
	case WIRE_SERIES:
		bench_series(&loop, q->mode, q->ns, q->calls, q->times, q->serial_first, out,
		             samples);
		break;
	case WIRE_WAKE:
		bench_wake(&loop, q->mode, q->ns, q->times, out, samples);
		break;
	case WIRE_CALLERS:
		bench_callers(&loop, q->width, q->callers, q->second, q->ns, out);
		break;
	case WIRE_HELLO:
		break;
	}
}

/* A request, on its way to the thread that calls the loops, and the answer. */
struct job {
	struct wire_request q;
	struct items *items;
	uint64_t opening; /* when that began; 0 = it was open */
	struct bench_pair out;
	struct bench_sample samples[BENCH_SAMPLES_MAX];
};

static void work(void *arg)
{
	struct job *job = arg;
	const double opening = job->opening > 0 ? (double)(bench_now() - job->opening) : 0;

	job->out = (struct bench_pair){.wrong = 0};
	measure(&job->q, job->items, &job->out, job->samples);
	if (job->q.with_open)
		job->out.time_ns += opening;
}

/* Opens the library if that was not done, and works on this thread or on one of its workers. */
static void dispatch(struct job *job, unsigned workers)
{
	static bool open;

	job->opening = 0;
	if (job->q.contender == WIRE_CONTROL) {
		work(job);
		return;
	}
	if (!open) {
		job->opening = bench_now();
		contender_family.open(workers);
		open = true;
	}
	if (contender_family.contenders[job->q.contender].enter)
		contender_family.contenders[job->q.contender].enter(work, job);
	else
		work(job);
}

static bool answer(const struct job *job)
{
	const bool is_series = job->q.ask == WIRE_SERIES || job->q.ask == WIRE_WAKE;

	return transfer_out(&job->out, sizeof job->out) &&
	       (!is_series || transfer_out(job->samples, job->q.times * sizeof *job->samples));
}

int main(int argc, char **argv)
{
	const unsigned workers = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	struct items items = {.sleep_ns = 0};
	struct job job = {.items = &items};

	if (workers == 0) {
		fprintf(stderr, "%s is started by filch-bench\n", argv[0]);
		return 2;
	}
	bench_items_init(&items);
	while (transfer_in(&job.q, sizeof job.q)) {
		if (job.q.ask == WIRE_HELLO) {
			if (!hello())
				return 1;
			continue;
		}
		dispatch(&job, workers);
		if (!answer(&job))
			return 1;
	}
	return 0;
}
