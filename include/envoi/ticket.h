/*
 * envoi - tickets: how sending a stanza ended
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TICKET_H
#define ENVOI_TICKET_H

#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_stanza;
struct envoi_stanza_error;
struct envoi_ticket;

/** How sending ended. */
enum envoi_ticket_state {
	ENVOI_TICKET_ACKNOWLEDGED, /**< processed by the server: see enum envoi_acknowledgement */
	ENVOI_TICKET_WRITTEN, /**< written; no acknowledgement is expected */
	/**
	 * the connection was lost, or the session freed, before the peer acknowledged it, and it is
	 * not sent again; a later process may send it from a journal (<envoi/journal.h>). So ends
	 * also a stanza of which no byte was written, if the journal could not record its end
	 */
	ENVOI_TICKET_UNKNOWN,
	/** no byte of it was written, and none will be: the connection was lost before, or a filter
	 * dropped it, or it is a message of type groupchat whose session has ended */
	ENVOI_TICKET_NOT_SENT,
	/** canceled, or the session was freed, before the stanza was given to a stream; no journal
	 * has it */
	ENVOI_TICKET_CANCELED,
	/**
	 * an error arrived for it: from the recipient, its bare address or its server, from the own
	 * account or server, or without sender (RFC 6120, section 8.3.1). The stanza may have been
	 * read nevertheless: a message to an account is delivered to several devices, and a server
	 * returns an error for each that did not take it. For other reasons see enum envoi_refusal
	 */
	ENVOI_TICKET_REFUSED,
};

/** How a stanza was acknowledged. */
enum envoi_acknowledgement {
	ENVOI_NOT_ACKNOWLEDGED = 0,
	/**
	 * XEP-0198: the server has taken responsibility for it. The request for it is sent at the
	 * end of the turn in which the stanza was given to the stream
	 */
	ENVOI_BY_STREAM_MANAGEMENT,
	/**
	 * the server has answered a ping that was sent after it (setting acknowledgement.ping), and
	 * so has processed the stanza (RFC 6120, section 10.1). The recipient and its server may
	 * not have it
	 */
	ENVOI_BY_ANSWER,
};

/** Why a ticket ended with ENVOI_TICKET_REFUSED. */
enum envoi_refusal {
	ENVOI_NOT_REFUSED = 0,
	ENVOI_REFUSED_BY_ERROR, /**< an error arrived, which the report has */
	/** it was not sent: it is longer than the server of the next stream accepts (XEP-0478) */
	ENVOI_REFUSED_TOO_LONG,
	/**
	 * it was sent, and not acknowledged: the server ended the stream with policy-violation or
	 * resource-constraint, and did so again when the stanza was sent alone. It is not sent a
	 * third time. The server may have processed it nevertheless
	 */
	ENVOI_REFUSED_BY_STREAM_ERROR,
};

/** What a ticket reports. Borrowed for the call. */
struct envoi_ticket_report {
	enum envoi_ticket_state state;
	/** of ACKNOWLEDGED; of REFUSED when it was acknowledged before the error arrived */
	enum envoi_acknowledgement acknowledged_by;
	/** of ENVOI_REFUSED_BY_ERROR: the error; else NULL. Also NULL where the stanza has none
	 * that can be read. Of a stanza that was skipped (ENVOI_EVENT_SKIPPED) it is
	 * undefined-condition, since its content was not read */
	const struct envoi_stanza_error *error;
	struct envoi_stanza *stanza; /**< of ENVOI_REFUSED_BY_ERROR: that of the error; else NULL */
	enum envoi_refusal refusal; /**< of REFUSED: the reason */
};

/** @return "acknowledged", "written", "unknown", "not-sent", "canceled", "refused"; static */
ENVOI_API const char *envoi_ticket_state_name(enum envoi_ticket_state state);

/** @return "stream-management", "answer"; "" for ENVOI_NOT_ACKNOWLEDGED; static */
ENVOI_API const char *envoi_acknowledgement_name(enum envoi_acknowledgement acknowledgement);

/** @return a text for a person: of REFUSED the text of the error, else the name of its condition,
 * of the other states an English clause; never NULL; borrowed as long as the report */
ENVOI_API const char *envoi_ticket_report_text(const struct envoi_ticket_report *report);

/** Reports how sending ended: once, from the loop or inside envoi_session_free(). Inside, the
 * ticket may be freed or used again, and any other object freed. */
typedef void envoi_ticket_fn(struct envoi_ticket *ticket, const struct envoi_ticket_report *report);

/**
 * Whether a message is sent again: the session of the server has ended before the message was
 * acknowledged, and another session of the same account starts within a day. The message has the
 * same id and a delay (XEP-0203), and, from its first sending on, an origin-id equal to the id
 * (XEP-0359), by which a recipient recognises it. Clients send messages again; other owners of
 * sessions choose by envoi_session_set_continued().
 *
 * Without stream management (XEP-0198) messages are kept for this until the server has answered a
 * ping that was sent after them (setting acknowledgement.ping).
 */
enum envoi_resend {
	/**
	 * the rule: messages of type chat and normal that have a body and not the hint `no-store`
	 * (XEP-0334), unless the setting resend.messages is false
	 */
	ENVOI_RESEND_BY_RULE = 0,
	ENVOI_RESEND_ALWAYS, /**< every message; sending another stanza with it is refused */
	ENVOI_RESEND_NEVER, /**< the ticket ends with ENVOI_TICKET_UNKNOWN */
};

/**
 * A request for a report of how sending a stanza ended. Owned by the sender; borrowed until @p done
 * is called.
 *
 * An error that arrives before the report ends the ticket with ENVOI_TICKET_REFUSED. A later one is
 * reported by ENVOI_EVENT_LATE_ERROR: within ten minutes, for the last 1,000 stanzas of the session
 * that had a ticket and an id, and ten times at most for each. (A server may return a message
 * minutes after its acknowledgement, when it detects that the recipient's connection is lost.)
 */
struct envoi_ticket {
	envoi_ticket_fn *done;
	void *user; /**< the sender's own */
	/**
	 * milliseconds for which the ticket stays open for an error after the stanza was
	 * acknowledged or written; 0: it reports at once. It reports earlier when the session ends
	 * and none follows
	 */
	uint64_t refusal_ms;
	enum envoi_resend resend; /**< of a message: whether it is sent again */
	void *entry; /* private; zeroed before use */
};

/**
 * Cancel a stanza that the stream has not taken yet: its ticket ends with ENVOI_TICKET_CANCELED,
 * from the loop.
 *
 * @retval ENVOI_ERR_STATE   the stream has taken it, or the ticket is not in use
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM  the session's journal (<envoi/journal.h>) could not
 *         store that it is canceled, so that the next process would send it. It still waits
 */
ENVOI_API int envoi_ticket_cancel(struct envoi_ticket *ticket);

/** Forgo the report: the ticket may be freed when this returns. Its stanza is sent as before; later
 * errors for it are not reported either. No effect when the ticket is not in use; allowed in its
 * function. */
ENVOI_API void envoi_ticket_forget(struct envoi_ticket *ticket);

#ifdef __cplusplus
}
#endif
#endif
