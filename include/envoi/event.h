/*
 * envoi - events of a session
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EVENT_H
#define ENVOI_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/export.h>
#include <envoi/failure.h>
#include <envoi/jid.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_session;
struct envoi_stanza;

/**
 * The events of a session. The first ones are in the order in which a login posts them.
 *
 * A session of the server lasts from ENVOI_EVENT_STARTED to ENVOI_EVENT_ENDED, over one or more
 * connections; ENVOI_EVENT_RESUMED is posted when it continues over a new connection (XEP-0198,
 * section 5). The session of a journal that was loaded has had its STARTED in an earlier process:
 * RESUMED or ENDED comes first then. A connection lasts from ENVOI_EVENT_CONNECTING to
 * ENVOI_EVENT_DISCONNECTED. After each ENVOI_EVENT_DISCONNECTED a client posts either
 * ENVOI_EVENT_SUSPENDED, when it will reconnect, or ENVOI_EVENT_STOPPED.
 *
 * ENDED, DISCONNECTED and STOPPED are posted even without memory, and inside envoi_client_free()
 * and envoi_session_free(); SUSPENDED is posted even without memory.
 */
enum envoi_event_type {
	ENVOI_NO_EVENT = 0,
	ENVOI_EVENT_CONNECTING, /**< a login has begun; @p text: the domain */
	/**
	 * a connection is established; @p text: the peer's address. Posted again when that fails
	 * before the login and another address is tried
	 */
	ENVOI_EVENT_CONNECTED,
	/** the peer's stream header was received; posted again after each restart */
	ENVOI_EVENT_STREAM_OPENED,
	/** TLS is established and the peer's certificate is trusted; @p text: "TLS1.3" */
	ENVOI_EVENT_SECURED,
	ENVOI_EVENT_AUTHENTICATED, /**< SASL succeeded on both sides; @p text: the mechanism */
	ENVOI_EVENT_BOUND, /**< the address is known; @p jid: the full one */
	/** a new session of the server, and a new epoch, envoi_session_epoch(); @p jid: the full
	 * one */
	ENVOI_EVENT_STARTED,
	ENVOI_EVENT_ROSTER, /**< client: the contact list was fetched */
	/** client: the contact list could not be fetched, or not all of it is held; @p text: why */
	ENVOI_EVENT_ROSTER_INCOMPLETE,
	ENVOI_EVENT_ROSTER_CHANGED, /**< client: a contact changed or was removed; @p jid: which */
	ENVOI_EVENT_AVAILABLE, /**< client: roster fetched, initial presence sent */
	/**
	 * a message or presence for which a handler returned an error, or whose payload is
	 * malformed; a stanza whose `from` is not an address; @p stanza, NULL for an iq without id;
	 * @p text: why
	 */
	ENVOI_EVENT_UNHANDLED,
	/**
	 * an error arrived for a sent stanza whose ticket has already reported (<envoi/ticket.h>);
	 * posted ten times at most for one stanza; @p text: the id; @p stanza: the error. The
	 * stanza may have been read nevertheless
	 */
	ENVOI_EVENT_LATE_ERROR,
	/**
	 * a stanza exceeded a limit and was not read: @p text: the limit; @p bytes: its size; @p
	 * stanza: without content, with the attributes from, to, id and type as far as they could
	 * be read, NULL for an iq without id or type; @p jid: its sender, NULL if it has none. A
	 * request was answered with not-acceptable; an answer has ended its request with
	 * ENVOI_ERR_LIMIT
	 */
	ENVOI_EVENT_SKIPPED,
	/**
	 * the session of the last STARTED has ended, and so have its promises and the requests that
	 * were sent. Exactly one for each STARTED, before the next one. It comes before
	 * DISCONNECTED when the session cannot be resumed; else when the server has refused to
	 * resume it, or before STOPPED
	 */
	ENVOI_EVENT_ENDED,
	/**
	 * the connection has ended or was not established; @p failure. Exactly one for each
	 * CONNECTING
	 */
	ENVOI_EVENT_DISCONNECTED,
	/**
	 * client: the client is offline and does not reconnect; @p failure: that of the last
	 * DISCONNECTED, or ENVOI_OK after envoi_client_disconnect(). Exactly one for each
	 * envoi_client_connect() that returned ENVOI_OK; the last event until the next
	 */
	ENVOI_EVENT_STOPPED,
	/**
	 * client: it will reconnect in @p retry_in_ms milliseconds; @p failure: of the last
	 * connection
	 */
	ENVOI_EVENT_SUSPENDED,
	/**
	 * the session of the last STARTED continues over a new connection, in the same epoch; @p
	 * jid: the full one
	 */
	ENVOI_EVENT_RESUMED,
	/**
	 * an event of the program or an extension: envoi_session_post(), envoi_session_emit();
	 * @p name, @p data
	 */
	ENVOI_EVENT_CUSTOM,
	/**
	 * the outbox uses more than three quarters of limits.outbox-stanzas or limits.outbox-bytes:
	 * sending should pause until ENVOI_EVENT_OUTBOX_LOW; at the limit it is refused
	 * (ENVOI_ERR_FULL)
	 */
	ENVOI_EVENT_OUTBOX_HIGH,
	/** after ENVOI_EVENT_OUTBOX_HIGH: it uses a quarter of both limits at most */
	ENVOI_EVENT_OUTBOX_LOW,
	/**
	 * client: the presence of a contact's resource, or of another resource of the account, has
	 * changed (<envoi/presence.h>); @p jid: its full address; a bare one from some gateways,
	 * and if all resources of a contact became unavailable; @p stanza; @p text: NULL, or the
	 * limit because of which it is not held
	 */
	ENVOI_EVENT_PRESENCE,
	/**
	 * client: a contact requests the account's presence, and the application has to answer
	 * (<envoi/subscription.h>); @p jid: the contact, bare; @p text: the contact's text for the
	 * user, or NULL; @p stanza. Once in a session for each open request
	 */
	ENVOI_EVENT_SUBSCRIPTION_REQUEST,
	/**
	 * client: a contact has approved the account's request; @p jid: the contact, bare; @p text,
	 * @p stanza: as of SUBSCRIPTION_REQUEST. Once for each request that the roster has as
	 * pending; where the roster is not complete (envoi_roster_is_complete()), for each approval
	 */
	ENVOI_EVENT_SUBSCRIPTION_APPROVED,
	/** client: a contact has refused the account's request, or revoked its approval; @p jid, @p
	 * text, @p stanza: as above */
	ENVOI_EVENT_SUBSCRIPTION_REFUSED,
	/** client: a contact has ended its subscription to the account's presence, or withdrawn its
	 * request; @p jid, @p text, @p stanza: as above */
	ENVOI_EVENT_SUBSCRIPTION_ENDED,
	ENVOI_EVENTS_END,
	/** of an event row only: every event is taken, ENVOI_EVENT_CUSTOM included */
	ENVOI_EVERY_EVENT,
};

/** An event. Which members are set follows from its type; the others are zeroed. */
struct envoi_event {
	enum envoi_event_type type;
	struct envoi_session *session;
	const char *text; /**< see the type; NULL: none. Borrowed for the call, as all here */
	const struct envoi_jid *jid;
	const struct envoi_stanza *stanza;
	const struct envoi_failure *failure;
	uint64_t bytes;
	uint64_t retry_in_ms; /**< SUSPENDED: from the posting to the next attempt */
	const char *name; /**< CUSTOM: as it was posted; else NULL */
	void *data; /**< CUSTOM: as it was posted; else NULL */
};

/** @return "connecting", "disconnected", ...; static */
ENVOI_API const char *envoi_event_name(enum envoi_event_type type);

/* --- events of the program and of extensions --- */

/** Frees the data of a custom event. It must not call the library. */
typedef void envoi_event_data_fn(void *data);

/**
 * Queue an ENVOI_EVENT_CUSTOM for the event rows of the session's handlers. It is delivered from
 * the loop, in the order of posting with all other events, and before the next stanza. While the
 * session is being freed it is not delivered.
 *
 * @param name       identifies the event: a namespace of the program ("urn:example:alarm") cannot
 *                   collide with others; not empty; copied
 * @param data       passed to the rows as event->data; taken, on failure too; may be NULL
 * @param free_data  called once with @p data, behind the last row or where the event is dropped;
 *                   NULL: @p data is borrowed until then
 * @retval ENVOI_ERR_INVALID  @p name is NULL or empty
 * @retval ENVOI_ERR_STATE    the session is being freed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_post(struct envoi_session *session, const char *name,
	void *data, envoi_event_data_fn *free_data);

/**
 * Call the event rows for an ENVOI_EVENT_CUSTOM at once, before this returns: ahead of events that
 * are queued. It is the one exception to the rule that callbacks come from the loop: the rows are
 * called inside the function that emits.
 *
 * @param name  as of envoi_session_post(); borrowed for the call
 * @param data  passed to the rows as event->data, which is not const: rows for an event whose data
 *              is constant must not change it. Borrowed for the call; may be NULL
 * @retval ENVOI_ERR_CANCELED  a row has freed the session: the caller must not use it
 * @retval ENVOI_ERR_INVALID   @p name is NULL or empty
 * @retval ENVOI_ERR_STATE     the session is being freed
 */
ENVOI_API int envoi_session_emit(struct envoi_session *session, const char *name, const void *data);

#ifdef __cplusplus
}
#endif
#endif
