/* SPDX-License-Identifier: MIT */
#ifndef QUEUE_H
#define QUEUE_H
/*
 * What a user would write without a library: threads that take tasks from one queue,
 * under a mutex and with a condition to wait on.  A task per item.
 */
#include <stdbool.h>
#include <stddef.h>

struct queue;

typedef void queue_item(void *ctx, size_t i);

/* NULL if there is no memory or no thread. */
struct queue *queue_create(unsigned threads);

/* Nobody may be waiting, and nothing may be queued.  NULL is fine. */
void queue_destroy(struct queue *q);

/* The loop: for each i < n a task that calls item(ctx, i).  Returns when all have run. */
void queue_run(struct queue *q, size_t n, queue_item *item, void *ctx);

#endif
