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
 * A queue of calls that other threads post and a loop makes. A thread that does long work returns
 * its result by it: doc/guide/threads.md.
 *
 * A context and all objects in it are used in one thread. Other threads may call only the functions
 * of this header except envoi_post_queue_new(). A queue has one descriptor (eventfd(2), on Linux
 * only) and a lock; a program without queues has neither.
 */
struct envoi_post_queue;

/** A posted call. @param user  passed to envoi_loop_post() */
typedef void envoi_post_fn(void *user);

/**
 * Make a queue. Call it in the loop's thread.
 *
 * envoi_loop_run() does not end by itself while there is a reference to a queue, because a call may
 * be posted.
 *
 * @param[out] ret_queue  a new reference. The queue may outlive the loop and its context. It is
 *                        allocated with malloc(3), because any thread may drop the last reference
 * @param capacity  the largest number of pending calls, from 1 to 1,000,000; memory for them is
 *                  allocated now, so that posting needs none
 * @retval ENVOI_ERR_INVALID  @p capacity is 0 or more than 1,000,000
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   too many descriptors are open
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_post_queue_new(
	struct envoi_post_queue **ret_queue, struct envoi_loop *loop, size_t capacity);

/** Take a reference, in any thread. @return @p queue */
ENVOI_API struct envoi_post_queue *envoi_post_queue_ref(struct envoi_post_queue *queue);

/** Drop a reference, in any thread; NULL is allowed. Pending calls are made nevertheless. @return
 * NULL */
ENVOI_API struct envoi_post_queue *envoi_post_queue_unref(struct envoi_post_queue *queue);

/**
 * Post a call, which the loop makes in its thread. May be called in any thread.
 *
 * Calls are made in the order of posting; a turn of the loop makes those that are pending when it
 * begins. If the loop is freed before, with its context, @p drop is called in place of @p run, in
 * the thread that frees the loop. Exactly one of both is called, once.
 *
 * @param run   called from the loop; every function of the library may be called inside
 * @param drop  frees @p user; it must not use the loop, its context, or objects in it. NULL: there
 *              is nothing to free
 * @param user  passed to @p run or @p drop; taken on success only
 * @retval ENVOI_ERR_FULL      @p capacity calls are pending; the caller may post again later
 * @retval ENVOI_ERR_CANCELED  the loop was freed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_post(
	struct envoi_post_queue *queue, envoi_post_fn *run, envoi_post_fn *drop, void *user);

#ifdef __cplusplus
}
#endif
#endif
