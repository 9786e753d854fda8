/* SPDX-License-Identifier: MIT */
/*
 * The program around a library that forks: answers the driver's requests, see ../wire.h, until its
 * standard input ends.  It takes the number of workers as its argument.
 *
 * A round is a whole program beside its serial recursion, in turns as to who is first, after an
 * untimed start.  A series is of single forks and joins of nothing.  A single is a row of sleeps.
 */
#define _POSIX_C_SOURCE 200809L
#include "../programs/programs.h"
#include "../wire.h"
#include "forks.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct program *const forked[FORK_PROGRAMS] = {
	&program_fib,
	&program_tree,
	&program_queens,
	&program_quad,
};

static double now(void)
{
	return (double)bench_now();
}

static void sleep_for(uint64_t ns)
{
	const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	nanosleep(&t, NULL);
}

/* ---- programs -------------------------------------------------------------------------- */

/* Sums of doubles may differ in their last bits where languages differ in what they contract. */
static bool is_equal(double a, double b)
{
	return __builtin_fabs(a - b) <= 1e-12 * __builtin_fabs(b);
}

/* Small, so that everybody is awake and the code is there. */
static void warm_up(const struct forker *forker)
{
	forker->run[FORK_FIB](16);
}

static void round_of(const struct forker *forker, const struct wire_request *q,
                     struct bench_pair *out)
{
	const struct program *p = forked[q->program];
	double expected = 0, result = 0;

	if (p->prepare && p->prepare((int)q->n)) {
		out->wrong++;
		return;
	}
	for (int k = 0; k < 2; k++) {
		const bool serial = k == !q->serial_first;

		if (!serial)
			warm_up(forker);
		const double begin = now();

		if (serial)
			expected = p->serial((int)q->n);
		else
			result = forker->run[q->program]((int)q->n);
		*(serial ? &out->serial_ns : &out->time_ns) = now() - begin;
	}
	out->wrong += !is_equal(result, expected);
	if ((int)q->n == p->size && p->result != 0)
		out->wrong += expected != p->result;
}

/* The small one, whose result is known. */
static void check(const struct forker *forker, const struct wire_request *q, struct bench_pair *out)
{
	const struct program *p = forked[q->program];

	if (p->prepare && p->prepare(p->small))
		out->wrong++;
	else
		out->wrong += !is_equal(forker->run[q->program](p->small), p->serial(p->small));
	if (p->small_result != 0)
		out->wrong += p->serial(p->small) != p->small_result;
}

/* ---- single forks and joins --------------------------------------------------------------- */

struct series {
	const struct forker *forker;
	const struct wire_request *q;
	struct bench_sample *samples;
	uint64_t wrong;
};

static void count_call(void *calls)
{
	atomic_fetch_add_explicit((atomic_uint *)calls, 1, memory_order_relaxed);
}

/* The caller computes meanwhile; who else there is has nothing to do. */
static void compute_for(uint64_t ns)
{
	for (const double begin = now(); now() - begin < (double)ns;)
		;
}

static void fork_singly(void *arg)
{
	struct series *s = arg;
	atomic_uint calls = 0;

	for (unsigned i = 0; i < s->q->times; i++) {
		compute_for(s->q->ns);
		const double begin = now();

		s->forker->pair(count_call, &calls);
		s->samples[i].time_ns = now() - begin;
		s->samples[i].serial_ns = 0;
	}
	s->wrong += calls != 2 * s->q->times;
}

/* ---- a row of leaves that sleep --------------------------------------------------------------- */

struct leaves {
	const struct forker *forker;
	unsigned count;
	uint64_t ns;
	atomic_uint done;
};

static void leaf(void *arg)
{
	struct leaves *l = arg;

	sleep_for(l->ns);
	atomic_fetch_add(&l->done, 1);
}

static void fork_row(void *arg)
{
	struct leaves *l = arg;

	l->forker->row(l->count, leaf, l);
}

static void leaves_of(const struct forker *forker, const struct wire_request *q,
                      struct bench_pair *out)
{
	struct leaves l = {.forker = forker, .count = (unsigned)q->n, .ns = q->sleep_ns};

	warm_up(forker);
	sleep_for(BENCH_DRAIN_NS); /* nobody goes on looking for so long */
	const double begin = now();

	forker->enter(fork_row, &l);
	out->time_ns = now() - begin;
	out->serial_ns = (double)(q->n * q->sleep_ns);
	out->wrong += l.done != l.count;
}

/* ---- requests ------------------------------------------------------------------------------------ */

static bool transfer_in(void *to, size_t bytes)
{
	return fread(to, 1, bytes, stdin) == bytes;
}

static bool transfer_out(const void *from, size_t bytes)
{
	return fwrite(from, 1, bytes, stdout) == bytes && fflush(stdout) == 0;
}

static bool hello(void)
{
	struct wire_hello h = {.count = forker_family.count};

#ifdef __clang__
	snprintf(h.compiler, sizeof h.compiler, "%s", __VERSION__);
#else
	snprintf(h.compiler, sizeof h.compiler, "gcc %s", __VERSION__);
#endif
	snprintf(h.version, sizeof h.version, "%s", forker_family.version);
	for (unsigned k = 0; k < h.count; k++)
		snprintf(h.name[k], sizeof h.name[k], "%s", forker_family.forkers[k].name);
	return transfer_out(&h, sizeof h);
}

static bool answer(const struct wire_request *q)
{
	static struct bench_sample samples[BENCH_SAMPLES_MAX];
	const struct forker *forker = &forker_family.forkers[q->contender];
	struct series s = {forker, q, samples, 0};
	struct bench_pair out = {.wrong = 0};

	switch (q->ask) {
	case WIRE_ROUND:
		round_of(forker, q, &out);
		break;
	case WIRE_COUNT:
		check(forker, q, &out);
		break;
	case WIRE_SINGLE:
		leaves_of(forker, q, &out);
		break;
	case WIRE_SERIES:
		forker->enter(fork_singly, &s);
		out.wrong = s.wrong;
		break;
	default:
		return false;
	}
	return transfer_out(&out, sizeof out) &&
	       (q->ask != WIRE_SERIES || transfer_out(samples, q->times * sizeof *samples));
}

int main(int argc, char **argv)
{
	const unsigned workers = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	struct wire_request q;

	if (workers == 0) {
		fprintf(stderr, "%s is started by filch-bench\n", argv[0]);
		return 2;
	}
	forker_family.open(workers);
	setvbuf(stdin, NULL, _IONBF, 0);
	while (transfer_in(&q, sizeof q))
		if (!(q.ask == WIRE_HELLO ? hello() : answer(&q)))
			return 1;
	return 0;
}
