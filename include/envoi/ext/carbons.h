/*
 * envoi - XEP-0280: Message Carbons
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_CARBONS_H
#define ENVOI_EXT_CARBONS_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/ext/stanza_forwarding.h>
#include <envoi/handler.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0280. */
#define ENVOI_NS_CARBONS "urn:xmpp:carbons:2"

/**
 * Copies of the messages that other clients of the account receive and send. Use it with
 * envoi_session_use(session, &envoi_carbons_extension, NULL), before or after the login.
 *
 * It enables carbons with each new session of the server (XEP-0280, section 4); a resumed session
 * keeps them. Each copy is reported once, as the custom event ENVOI_CARBONS_COPY, inside the
 * delivery of the message around it: envoi_session_hold() holds the acknowledgement of that. The
 * message around a copy reaches no row of stanzas.
 *
 * A copy is accepted only from the account itself (section 11). A copy from another entity is a
 * forgery: it is dropped with the message that contains it, and counted, and the first one is
 * logged. Copies of these messages are dropped, too:
 *
 * - of messages between other accounts;
 * - of messages of type groupchat, which the room sends to each client (section 6.1);
 * - the `sent` copy of a message that the account sent to its own bare address: this client
 *   receives the message itself, or a `received` copy of it.
 *
 * A copy must not be answered automatically (section 10.4), and no receipt is sent for it.
 */
ENVOI_API extern const struct envoi_extension envoi_carbons_extension;

/** Name of the custom event for a copy; its data is a struct envoi_carbons_copy. */
#define ENVOI_CARBONS_COPY "urn:xmpp:carbons:2#copy"

/** A copy of a message. Borrowed for the call of the event's row. */
struct envoi_carbons_copy {
	/** true: another client of the account sent it; false: it was received for another one */
	bool is_sent;
	/** the message as it was sent, of any type but groupchat; envoi_stanza_ref() keeps it */
	struct envoi_stanza *message;
	bool is_delayed; /**< the message was sent at @p sent_ms; otherwise it was sent now */
	/** milliseconds since 1970-01-01T00:00:00Z: as the server states it for the copy, otherwise
	 * as envoi_delayed_delivery_sent_at() returns for the message */
	int64_t sent_ms;
};

/** Name of the custom event for a change of envoi_carbons_state(); its data is NULL. */
#define ENVOI_CARBONS_STATE "urn:xmpp:carbons:2#state"

/** Whether the server sends copies. */
enum envoi_carbons_state {
	ENVOI_CARBONS_OFF = 0, /**< not requested, or disabled */
	ENVOI_CARBONS_PENDING, /**< the server has not answered yet */
	ENVOI_CARBONS_ON, /**< the server has enabled them */
	/** the server has refused, does not implement them, or has not answered in time; requested
	 * again in the next session */
	ENVOI_CARBONS_FAILED,
};

/** @return the state in the current session of the server; off where the extension is not used */
ENVOI_API enum envoi_carbons_state envoi_carbons_state(const struct envoi_session *session);

/** @return the number of forged copies that were dropped since the extension is in use */
ENVOI_API uint64_t envoi_carbons_refused(const struct envoi_session *session);

/**
 * Enable or disable copies, now and in each later session. The initial state is enabled.
 *
 * @retval ENVOI_OK         requested; ENVOI_CARBONS_STATE reports the outcome
 * @retval ENVOI_DECLINED   the session is not online: requested with the next connection
 * @retval ENVOI_ERR_STATE  the extension is not used
 * Other errors as envoi_request(): requested with the next connection.
 */
ENVOI_API int envoi_carbons_set(struct envoi_session *session, bool is_enabled);

/**
 * Exclude an outgoing message from copies to other clients of the account and of the recipient
 * (section 9). The hint `no-copy` is added only if the recipient has a resource (XEP-0334, section
 * 4.3). A server may send copies nevertheless.
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @return ENVOI_OK, or the first failure of the message
 */
ENVOI_API int envoi_carbons_exclude(struct envoi_stanza *message);

/** The element `received` or `sent` (sections 7 and 8). */
struct envoi_carbons_wrapper {
	struct envoi_stanza_forwarding forwarded;
};
/** Describes struct envoi_carbons_wrapper: a copy of a message that was received. */
ENVOI_API extern const struct envoi_payload_type envoi_carbons_received_type;
/** A copy of a message that was sent. */
ENVOI_API extern const struct envoi_payload_type envoi_carbons_sent_type;

#ifdef __cplusplus
}
#endif
#endif
