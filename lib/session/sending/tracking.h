/*
 * envoi - tracking: the outcome of stanzas that were sent with a ticket
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SENDING_TRACKING_H
#define ENVOI_SESSION_SENDING_TRACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/stanza.h>
#include <envoi/ticket.h>

#include "base/list.h"
#include "mainloop/event_queue.h"

enum {
	ENVOI__TRACKING_REMEMBERED = 1000, /* stanzas whose tickets have ended */
	ENVOI__TRACKING_REMEMBERED_MS = 10 * 60 * 1000,
	ENVOI__TRACKING_LATE_ERRORS =
		10, /* reported of one stanza: several devices may return it */
};

struct envoi__outbox_entry;

/**
 * A stanza that was sent with a ticket. It belongs to the outbox until that settles it; then it
 * waits for a refusal if the ticket says so, reports, and is remembered for errors that come later.
 */
struct envoi__tracked {
	struct envoi__event_entry report; /* in the queue */
	struct envoi__list link; /* in one of the lists of the table */
	struct envoi__list bucket_link; /* among those whose id has the same hash */
	struct envoi_context *context; /* a reference */
	struct envoi__tracking *table; /* NULL: the session is being freed */
	struct envoi__outbox_entry *entry; /* NULL: the outbox does not have it */
	struct envoi_ticket *ticket; /* NULL: has reported */
	struct envoi_timer timer; /* the end of waiting for a refusal */
	uint64_t settled_ms;
	enum envoi_ticket_state state;
	enum envoi_acknowledgement acknowledged_by;
	enum envoi_refusal refusal;
	enum envoi_stanza_kind kind;
	unsigned int late_errors; /* that were reported */
	struct envoi_jid *to; /* NULL: the own account or server */
	struct envoi_stanza *error; /* that refused it */
	char id[]; /* "": none */
};

/** The tracked stanzas of a session; embedded in it. */
struct envoi__tracking {
	struct envoi_context *context; /* borrowed */
	struct envoi__event_queue *queue; /* borrowed: makes the reports */
	struct envoi__list *buckets; /* by hash of the id; made with the first ticket */
	struct envoi__list sent; /* that the outbox has, or had when they were posted */
	struct envoi__list waiting; /* for refusals */
	struct envoi__list remembered; /* in order of reporting */
	size_t remembered_count;
	/** An error came for a stanza whose ticket has reported. */
	void (*late)(struct envoi__tracking *tracking, struct envoi_stanza *error);
};

void envoi__tracking_init(struct envoi__tracking *tracking, struct envoi_context *context,
	struct envoi__event_queue *queue,
	void (*late)(struct envoi__tracking *tracking, struct envoi_stanza *error));

/** Free the table; reports that are still queued are destroyed with the queue, before or later. */
void envoi__tracking_finish(struct envoi__tracking *tracking);

/**
 * Track a stanza, with its id and address complete.
 * @param ticket  in use from now on
 * @retval ENVOI_ERR_NOMEM  nothing was changed
 */
int envoi__tracking_add(struct envoi__tracking *tracking, struct envoi__tracked **ret_tracked,
	struct envoi_ticket *ticket, const struct envoi_stanza *stanza);

/** The stanza was not queued: free it without a report. NULL is allowed. */
void envoi__tracked_drop(struct envoi__tracked *tracked);

/** The outbox does not have the stanza any more. A ticket that waits for refusals stays open if
 * the stanza was sent. @param by of ENVOI_TICKET_ACKNOWLEDGED */
void envoi__tracked_settle(struct envoi__tracked *tracked, enum envoi_ticket_state state,
	enum envoi_acknowledgement by);

/**
 * Find the stanza that an error answers, and end its ticket with ENVOI_TICKET_REFUSED, or report
 * that the error is late. An error counts when it comes from the recipient, its bare address or
 * domain, from the own account or server, or has no sender (RFC 6120, section 8.3.1).
 *
 * @param error  of type error
 * @param own    our own full address, or NULL
 */
void envoi__tracking_take_error(
	struct envoi__tracking *tracking, struct envoi_stanza *error, const struct envoi_jid *own);

/** No refusal can arrive any more: report the outcome of those that wait for one. */
void envoi__tracking_end_waiting(struct envoi__tracking *tracking);

#endif
