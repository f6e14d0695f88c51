/*
 * envoi - outbox: serialised stanzas that wait to be sent
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_OUTBOX_H
#define ENVOI_SESSION_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/session.h>

#include "base/list.h"
#include "mainloop/event_queue.h"

struct envoi_stream;

/**
 * Embedded in its session. A stanza waits until the stream takes it. The entry of a stanza with a
 * ticket stays until the stream reports it as written.
 */
struct envoi__outbox {
	struct envoi_context *context; /* borrowed */
	struct envoi__event_queue *queue; /* borrowed: reports how tickets ended */
	struct envoi__list waiting, given;
	size_t count, bytes; /* of those that wait */
	size_t count_limit, bytes_limit;
	uint64_t given_count, written_count; /* stanzas, by this stream */
	/** The last waiting stanza was taken back. */
	void (*emptied)(struct envoi__outbox *outbox);
};

void envoi__outbox_init(struct envoi__outbox *outbox, struct envoi_context *context,
	struct envoi__event_queue *queue, void (*emptied)(struct envoi__outbox *outbox));

/**
 * Append a stanza.
 * @param ticket  NULL: none
 * @retval ENVOI_ERR_FULL, ENVOI_ERR_NOMEM  nothing was changed
 */
int envoi__outbox_add(
	struct envoi__outbox *outbox, struct envoi_ticket *ticket, const char *xml, size_t len);

/** End a ticket for a stanza that is not sent. @retval ENVOI_ERR_NOMEM it is as before */
int envoi__outbox_swallow(struct envoi__outbox *outbox, struct envoi_ticket *ticket);

/**
 * Give the stream as much as it takes.
 * @retval ENVOI_OK     nothing waits any more
 * @retval ENVOI_AGAIN  the stream is full: to be called again when it has drained
 * @retval <0           the stream refused the stanza that is still first
 */
int envoi__outbox_feed(struct envoi__outbox *outbox, struct envoi_stream *stream);

/** @p count more stanzas are written. */
void envoi__outbox_written(struct envoi__outbox *outbox, size_t count);

/** The epoch has ended: UNKNOWN for what the stream had, NOT_SENT for the rest. */
void envoi__outbox_lose(struct envoi__outbox *outbox);

/** The stream has ended, another may resume: UNKNOWN for what it had, the rest waits. */
void envoi__outbox_suspend(struct envoi__outbox *outbox);

/** End all tickets with CANCELED. */
void envoi__outbox_cancel_all(struct envoi__outbox *outbox);

#endif
