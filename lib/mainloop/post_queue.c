/*
 * envoi - calls from other threads
 * SPDX-License-Identifier: MIT
 *
 * A loop holds a reference to each of its queues until that is the last one and nothing is pending,
 * or until it is freed. So a queue is freed on the thread that releases it last.
 */
#include <envoi/post.h>

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#define MOST_CALLS 1000000

struct call {
	envoi_post_fn *run, *drop;
	void *user;
};

struct envoi_post_queue {
	/* of the loop's thread */
	struct envoi_loop *loop;
	struct envoi_watch watch;
	struct envoi_post_queue *next; /* in the loop's list */

	pthread_mutex_t lock; /* for what follows */
	unsigned int references; /* one is the loop's until is_closed */
	bool is_closed; /* no call comes any more */
	int fd; /* readable when something has changed */
	size_t first, count, capacity; /* of a ring */
	struct call calls[];
};

static void free_queue(struct envoi_post_queue *queue)
{
	close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

/* --- under the lock --- */

/* The counter of an eventfd is full after 2^64 - 2 of these: then it is readable anyhow. */
static void wake_loop(struct envoi_post_queue *queue)
{
	uint64_t one = 1;
	ssize_t written = write(queue->fd, &one, sizeof(one));
	(void)written;
}

static int append(struct envoi_post_queue *queue, struct call call)
{
	if (queue->is_closed) {
		return ENVOI_ERR_CANCELED;
	}
	if (queue->count == queue->capacity) {
		return ENVOI_ERR_FULL;
	}
	queue->calls[(queue->first + queue->count) % queue->capacity] = call;
	queue->count++;
	wake_loop(queue);
	return ENVOI_OK;
}

static bool take_first(struct envoi_post_queue *queue, struct call *ret_call)
{
	if (queue->count == 0) {
		return false;
	}
	*ret_call = queue->calls[queue->first];
	queue->first = (queue->first + 1) % queue->capacity;
	queue->count--;
	return true;
}

/* --- any thread --- */

int envoi_loop_post(
	struct envoi_post_queue *queue, envoi_post_fn *run, envoi_post_fn *drop, void *user)
{
	pthread_mutex_lock(&queue->lock);
	int r = append(queue, (struct call){.run = run, .drop = drop, .user = user});
	pthread_mutex_unlock(&queue->lock);
	return r;
}

struct envoi_post_queue *envoi_post_queue_ref(struct envoi_post_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->references++;
	pthread_mutex_unlock(&queue->lock);
	return queue;
}

/* The loop, whose reference is the last one then, lets go of it in its own thread. */
struct envoi_post_queue *envoi_post_queue_unref(struct envoi_post_queue *queue)
{
	if (queue == NULL) {
		return NULL;
	}
	pthread_mutex_lock(&queue->lock);
	unsigned int left = --queue->references;
	if (left == 1) {
		wake_loop(queue);
	}
	pthread_mutex_unlock(&queue->lock);
	if (left == 0) {
		free_queue(queue);
	}
	return NULL;
}

/* --- the loop's thread --- */

static bool take_call(struct envoi_post_queue *queue, struct call *ret_call)
{
	pthread_mutex_lock(&queue->lock);
	bool is_there = take_first(queue, ret_call);
	pthread_mutex_unlock(&queue->lock);
	return is_there;
}

/* Those that are posted afterwards make the descriptor readable again. */
static size_t count_pending(struct envoi_post_queue *queue)
{
	uint64_t counter;
	pthread_mutex_lock(&queue->lock);
	ssize_t len = read(queue->fd, &counter, sizeof(counter));
	size_t pending = queue->count;
	pthread_mutex_unlock(&queue->lock);
	(void)len;
	return pending;
}

static bool is_released(struct envoi_post_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	bool is_released = queue->references == 1 && queue->count == 0;
	pthread_mutex_unlock(&queue->lock);
	return is_released;
}

static void remove_from_list(struct envoi_post_queue *queue)
{
	struct envoi_post_queue **link = &queue->loop->post_queues;
	while (*link != queue) {
		link = &(*link)->next;
	}
	*link = queue->next;
}

static void close_queue(struct envoi_post_queue *queue)
{
	struct call call;
	envoi_watch_stop(&queue->watch);
	remove_from_list(queue);
	pthread_mutex_lock(&queue->lock);
	queue->is_closed = true;
	pthread_mutex_unlock(&queue->lock);
	while (take_call(queue, &call)) {
		if (call.drop != NULL) {
			call.drop(call.user);
		}
	}
	envoi_post_queue_unref(queue);
}

static void on_ready(struct envoi_watch *watch, unsigned int ready)
{
	struct envoi_post_queue *queue = ENVOI_CONTAINER_OF(watch, struct envoi_post_queue, watch);
	struct call call;
	(void)ready;
	for (size_t left = count_pending(queue); left > 0 && take_call(queue, &call); left--) {
		call.run(call.user);
	}
	if (is_released(queue)) {
		close_queue(queue);
	}
}

static void close_all(struct envoi_loop *loop)
{
	while (loop->post_queues != NULL) {
		close_queue(loop->post_queues);
	}
}

/* --- making one --- */

static int start(struct envoi_post_queue *queue, struct envoi_loop *loop)
{
	queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->fd < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	int r = envoi_watch_start(&queue->watch, loop, queue->fd, ENVOI_IO_READ, on_ready);
	if (r < 0) {
		close(queue->fd);
		return r;
	}
	queue->loop = loop;
	queue->next = loop->post_queues;
	loop->post_queues = queue;
	loop->close_post_queues = close_all;
	return ENVOI_OK;
}

int envoi_post_queue_new(
	struct envoi_post_queue **ret_queue, struct envoi_loop *loop, size_t capacity)
{
	if (capacity == 0 || capacity > MOST_CALLS) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_post_queue *queue = calloc(1, sizeof(*queue) + capacity * sizeof(struct call));
	if (queue == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = start(queue, loop);
	if (r < 0) {
		free(queue);
		return r;
	}
	pthread_mutex_init(&queue->lock, NULL);
	queue->references = 2; /* the caller's and the loop's */
	queue->capacity = capacity;
	*ret_queue = queue;
	return ENVOI_OK;
}
