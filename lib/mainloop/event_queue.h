/*
 * envoi - event queue
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_EVENT_QUEUE_H
#define ENVOI_MAINLOOP_EVENT_QUEUE_H

#include <stddef.h>

#include <envoi/watch.h>

#include "base/list.h"

/** One event; embedded in the object that carries it. The queue owns it once it is posted. */
struct envoi__event_entry {
	struct envoi__list link;
	bool is_restoring; /* as in the queue, during its dispatch */

	/** Deliver it: once, from the loop. May post, flush and finish the queue. */
	void (*dispatch)(struct envoi__event_entry *entry);

	/** Free it; after dispatch, or without one when the queue is finished first. The queue may
	 * have been freed by then. */
	void (*destroy)(struct envoi__event_entry *entry);
};

/**
 * Events in the order in which they were posted, delivered by a deferred call. Those posted
 * during delivery are delivered next turn. Embedded in its owner.
 */
struct envoi__event_queue {
	struct envoi_loop *loop;
	struct envoi_deferred deferred;
	struct envoi__list entries;
	size_t count;
	bool *is_gone; /* of the delivery on the stack */
	bool is_restoring; /* the entry on the stack goes on with what restores a session */
};

void envoi__event_queue_init(struct envoi__event_queue *queue, struct envoi_loop *loop);

/** Destroy what was not delivered. Works on a zeroed queue, and in a dispatch. */
void envoi__event_queue_finish(struct envoi__event_queue *queue);

/** @param entry taken */
void envoi__event_queue_post(struct envoi__event_queue *queue, struct envoi__event_entry *entry);

/** Take out one that is in the queue: the caller owns it. */
void envoi__event_queue_remove(struct envoi__event_queue *queue, struct envoi__event_entry *entry);

/** Deliver all that is there now, without the loop: for an owner that is being freed. */
void envoi__event_queue_flush(struct envoi__event_queue *queue);

#endif
