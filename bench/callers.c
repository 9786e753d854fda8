/* SPDX-License-Identifier: MIT */
/* Several threads that call at once, see bench.h. */
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLERS_MAX = 64 };

/* What a thread that calls does, and its part of the items. */
struct caller {
	struct bench_loop loop;
	struct items items;
	struct contender contender;
	uint64_t calls, wrong;
};

/*
 * The threads are made once and stay: libraries keep something for each thread that ever called
 * them, and some do not survive that it ends while others call.
 */
static struct caller *work[CALLERS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned ready, running;
static atomic_bool begin, end;

static void call_again_and_again(struct caller *c)
{
	bench_batch(&c->loop, 1, &c->wrong); /* pools are made, threads are known */
	pthread_mutex_lock(&lock);
	ready++;
	pthread_cond_broadcast(&changed);
	while (!atomic_load(&begin))
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	while (!atomic_load(&end)) {
		bench_batch(&c->loop, 1, &c->wrong);
		c->calls++;
	}
}

static void *caller_thread(void *arg)
{
	struct caller **mine = arg;

	pthread_mutex_lock(&lock);
	for (;;) {
		while (!*mine)
			pthread_cond_wait(&changed, &lock);
		struct caller *c = *mine;

		pthread_mutex_unlock(&lock);
		call_again_and_again(c);
		pthread_mutex_lock(&lock);
		*mine = NULL;
		running--;
		pthread_cond_broadcast(&changed);
	}
	return NULL;
}

static void have_threads(unsigned count)
{
	static unsigned threads;

	for (; threads < count; threads++) {
		pthread_t thread;

		if (threads == CALLERS_MAX ||
		    pthread_create(&thread, NULL, caller_thread, &work[threads])) {
			fprintf(stderr, "bench: no thread for a caller\n");
			exit(1);
		}
	}
}

static struct caller *prepare(const struct bench_loop *loop, unsigned count, bool second)
{
	struct caller *callers = calloc(count, sizeof *callers);

	if (!callers || loop->n * count > BENCH_ITEMS_MAX) {
		fprintf(stderr, "bench: no room for the items of %u callers\n", count);
		exit(1);
	}
	for (unsigned k = 0; k < count; k++) {
		struct caller *c = &callers[k];

		c->items = *loop->items;
		c->items.in += k * loop->n;
		c->items.in2 += k * loop->n;
		c->items.out += k * loop->n;
		c->loop = *loop;
		c->loop.items = &c->items;
		if (loop->contender) {
			c->contender = *loop->contender;
			if (second && k % 2 == 1)
				c->contender.run = c->contender.run_second;
			c->loop.contender = &c->contender;
		}
	}
	return callers;
}

/* Whether what the caller's last call wrote is what the serial loop writes. */
static bool is_right(struct caller *c)
{
	const uint64_t sum = bench_digest(&c->loop);

	c->loop = bench_serial(&c->loop);
	bench_spoil(&c->loop);
	bench_batch(&c->loop, 1, &c->wrong);
	return bench_digest(&c->loop) == sum;
}

static uint64_t run(struct caller *callers, unsigned count, uint64_t ns)
{
	have_threads(count);
	pthread_mutex_lock(&lock);
	atomic_store(&begin, false);
	atomic_store(&end, false);
	ready = 0;
	running = count;
	for (unsigned k = 0; k < count; k++)
		work[k] = &callers[k];
	pthread_cond_broadcast(&changed);
	while (ready < count)
		pthread_cond_wait(&changed, &lock);
	const uint64_t began = bench_now();

	atomic_store(&begin, true);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	bench_pause(BENCH_SLEEP, ns);
	atomic_store(&end, true);
	pthread_mutex_lock(&lock);
	while (running > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return bench_now() - began;
}

/* The time by the number of calls; by how much the one with the fewest is behind the median. */
static double measure(const struct bench_loop *loop, unsigned count, bool second, uint64_t ns,
                      double *unfair, uint64_t *wrong)
{
	struct caller *callers = prepare(loop, count, second);
	double *calls = malloc(count * sizeof *calls);
	const uint64_t took = run(callers, count, ns);
	double all = 0, fewest = 1e18;

	for (unsigned k = 0; calls && k < count; k++) {
		*wrong += !is_right(&callers[k]) + callers[k].wrong;
		calls[k] = (double)callers[k].calls;
		all += calls[k];
		fewest = calls[k] < fewest ? calls[k] : fewest;
	}
	*unfair = calls ? bench_quartiles(calls, count).median / (fewest > 0 ? fewest : 0.1) : 0;
	*wrong += !calls || all == 0;
	free(calls);
	free(callers);
	return (double)took / (all > 0 ? all : 1);
}

void bench_callers(const struct bench_loop *loop, unsigned width, unsigned callers, bool second,
                   uint64_t ns, struct bench_pair *out)
{
	const struct bench_loop serial = bench_serial(loop);
	double of_serial;

	bench_pause(BENCH_SLEEP, BENCH_DRAIN_NS); /* nobody spins beside the serial loops */
	out->serial_ns = measure(&serial, width, false, ns, &of_serial, &out->wrong);
	out->time_ns = measure(loop, callers, second, ns, &out->also, &out->wrong);
}
