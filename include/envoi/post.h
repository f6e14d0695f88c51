/*
 * envoi - calls from other threads
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_POST_H
#define ENVOI_POST_H

#include <stddef.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_loop;

/**
 * A queue of calls that other threads leave for the thread of a loop, which makes them. This is how
 * a thread that does long work returns its result: doc/threads.md.
 *
 * A context and everything made in it belong to one thread. Other threads may call the functions of
 * this header alone, envoi_post_queue_new() excepted. A queue costs one descriptor, on Linux only
 * (eventfd(2)); a program without queues has no locks.
 */
struct envoi_post_queue;

/** A posted call. @param user  of envoi_loop_post() */
typedef void envoi_post_fn(void *user);

/**
 * Make a queue; on the loop's thread.
 *
 * envoi_loop_run() does not end by itself while a reference to a queue exists: a call may come.
 *
 * @param[out] ret_queue  with one reference of the caller. It may outlive the loop and its context;
 *                        its memory is of malloc(3), because any thread may release the last one
 * @param capacity  the most calls that may be pending, at least 1; room for them is made now, so
 *                  that posting needs no memory
 * @retval ENVOI_ERR_INVALID  @p capacity is 0 or more than 1,000,000
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   too many descriptors are open
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_post_queue_new(
	struct envoi_post_queue **ret_queue, struct envoi_loop *loop, size_t capacity);

/** Take one more reference, for a thread that will post; on any thread. @return @p queue */
ENVOI_API struct envoi_post_queue *envoi_post_queue_ref(struct envoi_post_queue *queue);

/** Release a reference; on any thread; NULL is allowed. Calls that are pending are made all the
 * same. @return NULL */
ENVOI_API struct envoi_post_queue *envoi_post_queue_unref(struct envoi_post_queue *queue);

/**
 * Have a function called on the loop's thread, from the loop; on any thread.
 *
 * Calls are made in the order of posting, those that are pending before the turn in this turn. When
 * the loop is freed first, with its context, @p drop is called in place of @p run, on the thread
 * that frees it. One of both is called exactly once.
 *
 * @param run   called once, from the loop; every function of the library may be called inside
 * @param drop  frees @p user; it must not use the loop, its context, or what was made in it. NULL:
 *              there is nothing to free
 * @param user  taken on success
 * @retval ENVOI_ERR_FULL      the queue is at its capacity. @p user is still the caller's, who may
 *                             try again later
 * @retval ENVOI_ERR_CANCELED  the loop was freed. @p user is still the caller's
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_post(
	struct envoi_post_queue *queue, envoi_post_fn *run, envoi_post_fn *drop, void *user);

#ifdef __cplusplus
}
#endif
#endif
