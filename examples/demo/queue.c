/* SPDX-License-Identifier: MIT */
/* See queue.h. */
#include "queue.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct task {
	queue_item *item;
	void *ctx;
	size_t i;
};

struct queue {
	pthread_mutex_t mutex; /* held for every look at what follows */
	pthread_cond_t work;   /* there is a task, or it is time to close */
	pthread_cond_t done;   /* pending fell to 0 */
	struct task *task;     /* head .. tail - 1 are queued */
	size_t head;
	size_t tail;
	size_t room;
	size_t pending; /* queued or running */
	bool closing;
	unsigned threads;
	pthread_t thread[];
};

static void *work(void *arg)
{
	struct queue *q = arg;

	pthread_mutex_lock(&q->mutex);
	for (;;) {
		while (q->head == q->tail && !q->closing)
			pthread_cond_wait(&q->work, &q->mutex);
		if (q->head == q->tail)
			break;

		const struct task t = q->task[q->head++];

		pthread_mutex_unlock(&q->mutex);
		t.item(t.ctx, t.i);
		pthread_mutex_lock(&q->mutex);
		if (--q->pending == 0)
			pthread_cond_signal(&q->done);
	}
	pthread_mutex_unlock(&q->mutex);
	return NULL;
}

/* Room for one more task; what has been taken is overwritten once all of it has. */
static bool make_room(struct queue *q)
{
	if (q->head == q->tail)
		q->head = q->tail = 0;
	if (q->tail < q->room)
		return true;

	const size_t room = q->room ? 2 * q->room : 64;
	struct task *task =
		room > SIZE_MAX / sizeof *task ? NULL : realloc(q->task, room * sizeof *task);

	if (!task)
		return false;
	q->task = task;
	q->room = room;
	return true;
}

static bool push(struct queue *q, struct task t)
{
	pthread_mutex_lock(&q->mutex);

	const bool fits = make_room(q);

	if (fits) {
		q->task[q->tail++] = t;
		q->pending++;
	}
	pthread_mutex_unlock(&q->mutex);
	if (fits)
		pthread_cond_signal(&q->work);
	return fits;
}

void queue_run(struct queue *q, size_t n, queue_item *item, void *ctx)
{
	for (size_t i = 0; i < n; i++) {
		if (!push(q, (struct task){.item = item, .ctx = ctx, .i = i}))
			item(ctx, i);
	}
	pthread_mutex_lock(&q->mutex);
	while (q->pending)
		pthread_cond_wait(&q->done, &q->mutex);
	pthread_mutex_unlock(&q->mutex);
}

struct queue *queue_create(unsigned threads)
{
	struct queue *q = calloc(1, sizeof *q + threads * sizeof *q->thread);

	if (!q)
		return NULL;
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->work, NULL);
	pthread_cond_init(&q->done, NULL);
	while (q->threads < threads && !pthread_create(&q->thread[q->threads], NULL, work, q))
		q->threads++;
	if (q->threads)
		return q;
	queue_destroy(q);
	return NULL;
}

void queue_destroy(struct queue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->mutex);
	q->closing = true;
	pthread_mutex_unlock(&q->mutex);
	pthread_cond_broadcast(&q->work);
	for (unsigned i = 0; i < q->threads; i++)
		pthread_join(q->thread[i], NULL);
	pthread_cond_destroy(&q->done);
	pthread_cond_destroy(&q->work);
	pthread_mutex_destroy(&q->mutex);
	free(q->task);
	free(q);
}
