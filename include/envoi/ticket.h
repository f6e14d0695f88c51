/*
 * envoi - tickets: how sending a stanza ended
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TICKET_H
#define ENVOI_TICKET_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_ticket;

/** How sending ended. */
enum envoi_ticket_state {
	ENVOI_TICKET_ACKNOWLEDGED, /**< the peer has acknowledged it (XEP-0198) */
	ENVOI_TICKET_WRITTEN, /**< written; the peer acknowledges nothing */
	ENVOI_TICKET_UNKNOWN, /**< the connection was lost while it was being written */
	/** no byte of it was written: the connection was lost before, or a filter swallowed it */
	ENVOI_TICKET_NOT_SENT,
	ENVOI_TICKET_CANCELED, /**< by envoi_ticket_cancel(), or the session was freed */
};

/** What a ticket reports. Borrowed for the call. */
struct envoi_ticket_report {
	enum envoi_ticket_state state;
};

/** Reports how sending ended: once, from the loop or inside envoi_session_free(). The ticket may be
 * freed or used again inside, and everything else freed. */
typedef void envoi_ticket_fn(struct envoi_ticket *ticket, const struct envoi_ticket_report *report);

/** Asks for a report of how sending a stanza ended. The sender's; borrowed until @p done is called.
 *  */
struct envoi_ticket {
	envoi_ticket_fn *done;
	void *user; /**< the sender's own */
	void *entry; /* private; zeroed before use */
};

/** Take back a stanza that the stream has not taken yet: its ticket ends with
 * ENVOI_TICKET_CANCELED, from the loop.
 * @retval ENVOI_ERR_STATE  the stream has taken it, or the ticket is not in use */
ENVOI_API int envoi_ticket_cancel(struct envoi_ticket *ticket);

#ifdef __cplusplus
}
#endif
#endif
