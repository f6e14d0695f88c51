/*
 * envoi - sessions: handlers, and sending
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_H
#define ENVOI_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/stanza.h>
#include <envoi/ticket.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Handlers, pending requests and the outbox of one address. Streams come and go below it. A client
 * has one: envoi_client_session(). <envoi/interfaces/session.h> is for components, servers and
 * others that make sessions of their own; <envoi/request.h> and <envoi/delivery.h> have requests
 * and replies.
 */
struct envoi_session;

/** @return the context that the session was made in; borrowed; lives as long as the session */
ENVOI_API struct envoi_context *envoi_session_context(const struct envoi_session *session);
/** @return the address in use: the full one from binding on, until another one is bound; NULL:
 * none; borrowed until it changes */
ENVOI_API const struct envoi_jid *envoi_session_jid(const struct envoi_session *session);
/** @return the domain of that address, which is the account's server; NULL: there is no address;
 * borrowed until the address changes */
ENVOI_API const char *envoi_session_domain(const struct envoi_session *session);
/** @return whether a stream carries stanzas; a suspended session takes them, too */
ENVOI_API bool envoi_session_is_online(const struct envoi_session *session);

/**
 * @return whether a stanza comes from the account of the session itself: it has no `from`, or that
 *         is the bare address of the account (RFC 6120, section 8.1.2.1). Pushes, copies of
 *         messages and notifications of the account's own nodes count only then: any entity can
 *         send stanzas that look like them. False while the session has no address
 */
ENVOI_API bool envoi_session_is_from_account(
	const struct envoi_session *session, const struct envoi_stanza *stanza);

/**
 * @return the number of the epoch, which changes when the session of the server ends, not when it
 *         is resumed. Never 0. The end of an epoch ends its promises, and the requests that were
 *         given to a stream
 */
ENVOI_API uint64_t envoi_session_epoch(const struct envoi_session *session);

/** Set a pointer of the program's own; the library does not use it. @param user  NULL at first */
ENVOI_API void envoi_session_set_user(struct envoi_session *session, void *user);
/** @return what envoi_session_set_user() has set */
ENVOI_API void *envoi_session_user(const struct envoi_session *session);

/** What a session holds and has counted. */
struct envoi_session_stats {
	/** received and given to the transport, by all streams; those of negotiation included */
	uint64_t stanzas_in, stanzas_out;
	/** iq results and errors that answer no pending request, or come from another address */
	uint64_t answers_ignored;
	uint64_t replies_dropped; /**< automatic answers for which there was no room */
	uint64_t unhandled; /**< ENVOI_EVENT_UNHANDLED */
	uint64_t skipped; /**< ENVOI_EVENT_SKIPPED */
	size_t requests; /**< pending */
	size_t deferred; /**< promises not ended */
	size_t outbox_stanzas, outbox_bytes; /**< waiting to be taken by the stream */
	/** taken by a stream, and not acknowledged yet (XEP-0198) */
	size_t unacknowledged_stanzas, unacknowledged_bytes;
};

/** Fill in *ret_stats. */
ENVOI_API void envoi_session_get_stats(
	const struct envoi_session *session, struct envoi_session_stats *ret_stats);

/**
 * Explain a failure of the session's functions (attaching a handler, sending, requesting) and of
 * those of the roster, the presences and the subscriptions that are attached to it.
 * @return why the last call that failed was refused, for a person: "message/body: U+0001 at byte 0
 *         is not allowed in XML", "handler \"bot\": stanzas[2]: no kind"; of a session that has
 *         refused nothing, the text of ENVOI_OK; borrowed until the next call on the session
 */
ENVOI_API const char *envoi_session_problem(const struct envoi_session *session);

/* --- handlers --- */

/**
 * Attach a handler. It takes part once all handlers that it names in `needs` are attached, whatever
 * the order of adding; the order of calls is that in which handlers begin to take part. Its rows,
 * events, timeouts and filters take effect with the next stanza; its stream feature and rows of
 * stream elements with the next stream of a client.
 *
 * @param handler  borrowed until it is removed or the session is freed
 * @retval ENVOI_ERR_EXISTS     it is attached
 * @retval ENVOI_ERR_INVALID    a row of one of its tables could never be called: it has no kind,
 *                              event, interval or function, a type that its kind does not have,
 *                              an empty name, or a malformed path; or the handler needs itself,
 *                              through others that wait. envoi_session_problem() names table, row
 *                              and reason, or the handlers of the circle
 * @retval ENVOI_ERR_STATE      the session is being freed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_add(
	struct envoi_session *session, struct envoi_handler *handler);
/**
 * Detach a handler: none of its functions is called any more, also not by the stream, and it may be
 * freed; allowed in its own callbacks. No effect if it is not attached. A stream that negotiates
 * the handler's feature at that time fails with ENVOI_ERR_CANCELED.
 */
ENVOI_API void envoi_session_remove(struct envoi_session *session, struct envoi_handler *handler);

/** @return the handler of that name that takes part; NULL: there is none; borrowed */
ENVOI_API struct envoi_handler *envoi_session_find(
	const struct envoi_session *session, const char *name);

/**
 * Check whether attached handlers wait for a handler that is not attached. envoi_client_connect()
 * does this check.
 * @retval ENVOI_ERR_NOT_FOUND  envoi_session_problem() names a handler and what it needs
 */
ENVOI_API int envoi_session_check_needs(struct envoi_session *session);

/**
 * Use an extension: attach its handler, after those of the extensions on which it depends, unless
 * they are attached already. Uses are counted, those by other extensions too. Where a handler of
 * the extension's name is attached by the application, that one is used, and is not removed; after
 * the application has removed it, the next use makes another one.
 *
 * @param extension   as long-lived as the session
 * @param[out] ret_handler  NULL: not wanted; else the handler, borrowed
 * @retval ENVOI_ERR_INVALID  the extension depends on itself, through the extensions that
 *                            envoi_session_problem() names
 * @retval ENVOI_ERR_STATE    the session is being freed, or was freed inside `make`
 * @retval ENVOI_ERR_NOMEM
 * Other errors as its `make` and envoi_session_add(). On failure nothing is attached.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_use(struct envoi_session *session,
	const struct envoi_extension *extension, struct envoi_handler **ret_handler);
/**
 * Undo one envoi_session_use(). With the last use the handler is removed and destroyed, and the use
 * of what it depends on ends as well; allowed in the handler's own callbacks. Without effect if the
 * extension is not used. Freeing the session ends all uses.
 */
ENVOI_API void envoi_session_unuse(
	struct envoi_session *session, const struct envoi_extension *extension);

/**
 * Call `features_changed` of the session's handlers: what service discovery announces has changed,
 * and not because a handler was attached or removed. For handlers that announce more than their
 * `uris`.
 */
ENVOI_API void envoi_session_note_features(struct envoi_session *session);

/**
 * Set a pointer of the handler's own for this session, where one handler is attached to many. It
 * lasts until the handler is removed.
 * @param user  NULL at first
 * @retval ENVOI_ERR_NOT_FOUND  the handler is not attached
 */
ENVOI_API int envoi_session_set_handler_user(
	struct envoi_session *session, const struct envoi_handler *handler, void *user);
/** @return what envoi_session_set_handler_user() has set; NULL: the handler is not attached */
ENVOI_API void *envoi_session_handler_user(
	const struct envoi_session *session, const struct envoi_handler *handler);

/**
 * Send a stream-level element: one that is not a stanza, as extensions of the stream define them
 * (RFC 6120, section 4.9 and XEP-0198 for example). It goes to the stream at once, ahead of stanzas
 * that wait in the outbox; it is not acknowledged and not sent again.
 *
 * @param element  borrowed for the call; NULL reports ENVOI_ERR_NOMEM; a tree that has failed
 *                 reports its failure
 * @retval ENVOI_ERR_STATE    the session is not online
 * @retval ENVOI_ERR_INVALID  it is a stanza, or malformed: envoi_session_problem() says which
 * @retval ENVOI_ERR_FULL     the transport has no room
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_session_send_element(
	struct envoi_session *session, const struct envoi_element *element);

/* --- acknowledging what was received (XEP-0198) --- */

struct envoi_hold;

/**
 * Hold the acknowledgement of the stanza that is being delivered, in the function of a stanza row
 * or filter. A stanza counts as handled when its delivery returns, and the server then removes it.
 * A held stanza, and all that follow it, are acknowledged after envoi_hold_release() only: when the
 * program or the connection ends before, the server delivers them again at the next login. A
 * resumed session does not deliver a second time what it has delivered.
 *
 * Without stream management a hold has no effect. Each hold is released, also after its session has
 * ended or was freed: then the release only frees it.
 *
 * @param[out] ret_hold  to be released: it stays valid when the session ends
 * @retval ENVOI_ERR_STATE  no stanza is being delivered
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_hold(
	struct envoi_session *session, struct envoi_hold **ret_hold);
/** Count the stanza as handled: it is acknowledged as soon as no earlier stanza is held. Frees the
 * hold; NULL is allowed. */
ENVOI_API void envoi_hold_release(struct envoi_hold *hold);

/* --- sending --- */

/**
 * Queue a stanza. It is serialised now. A message or iq without id gets one, and `to` its canonical
 * form. To send a stanza that was received, send a copy.
 *
 * The result of this and the functions below may be ignored where nothing depends on it: a refusal
 * is logged.
 *
 * @param stanza  taken, on failure too; NULL reports ENVOI_ERR_NOMEM
 * @param ticket  NULL: no report is wanted. Else borrowed until its function is called, if ENVOI_OK
 * @retval ENVOI_ERR_STATE    the session is neither online nor suspended: while the server keeps it
 *                            without a connection (XEP-0198), stanzas wait for its resumption
 * @retval ENVOI_ERR_FULL     the outbox is at its limit (limits.outbox-stanzas,
 *                            limits.outbox-bytes), or the stanza alone is longer than
 *                            limits.output-bytes
 * @retval ENVOI_ERR_INVALID  its address is malformed, a builder failed, an iq get or set has not
 *                            exactly one payload, an iq result more than one (RFC 6120, section
 *                            8.2.3), the stanza is longer than the server accepts (XEP-0478), or
 *                            the ticket is in use: envoi_session_problem() says which
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_send(
	struct envoi_session *session, struct envoi_stanza *stanza, struct envoi_ticket *ticket);
/** Send a message of type chat. @param to, body  as for envoi_message_new(). Errors as
 * envoi_send(). */
ENVOI_API int envoi_send_text(struct envoi_session *session, const char *to, const char *body,
	struct envoi_ticket *ticket);
/**
 * Send a stanza with one payload.
 * @param kind   ENVOI_MESSAGE (of type normal) or ENVOI_PRESENCE (available)
 * @param value  of @p type; borrowed for the call
 * @retval ENVOI_ERR_INVALID  another kind, a value that cannot be written, or as envoi_send()
 * Other errors as envoi_send().
 */
ENVOI_API int envoi_send_payload(struct envoi_session *session, enum envoi_stanza_kind kind,
	const char *to, const struct envoi_payload_type *type, const void *value,
	struct envoi_ticket *ticket);

/**
 * Do not read from the peer of a session while the outbox of another one is high: for servers and
 * gateways that send to one what the other has sent. Call it after each envoi_send() to @p target.
 *
 * It has an effect when the outbox of @p target is above three quarters of a limit
 * (ENVOI_EVENT_OUTBOX_HIGH was posted), both sessions are online, and @p session does not wait
 * already. Nothing of its peer is delivered from then on, and the connection is not read. Reading
 * continues, from the loop, when the outbox of @p target is low (a quarter of both limits), when
 * one of the sessions loses its stream or closes, or after throttle.timeout of @p session. After
 * such a timeout no session waits for @p target until its outbox is low: what it cannot take is
 * refused with ENVOI_ERR_FULL.
 *
 * Two sessions may wait for each other, and a session for itself: the timeout ends it.
 *
 * It pauses the transport of the stream: a program that does so itself does not call this.
 */
ENVOI_API void envoi_session_throttle(struct envoi_session *session, struct envoi_session *target);

/** @return whether the session is not read because of envoi_session_throttle() */
ENVOI_API bool envoi_session_is_throttled(const struct envoi_session *session);

/**
 * Request the server to keep the session for a time in which this side may send nothing: before a
 * program is suspended, for example. Of the library's transports BOSH supports it (XEP-0124,
 * section 10), with servers that announce a `maxpause`.
 *
 * The server answers the requests that it holds, and queues stanzas for this side until the end of
 * the pause. The link is not checked in the meantime (liveness.*). The request for the pause is
 * sent in the next turns of the loop. Stanzas may be sent during the pause: their request contains
 * the rest of the pause again. After @p ms the pause ends, and the next request is sent. It has to
 * reach the server within a quarter of `maxpause`, 10 s at most, or the server ends the session. A
 * later call replaces the time.
 *
 * @param ms           0: end the pause now
 * @param[out] ret_ms  the time until the end of the pause: @p ms, or the longest that leaves that
 *                     reserve within `maxpause`; NULL: not wanted
 * @retval ENVOI_ERR_STATE        the session is not online
 * @retval ENVOI_ERR_UNSUPPORTED  the transport or the server has no pauses
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_pause(
	struct envoi_session *session, uint64_t ms, uint64_t *ret_ms);

#ifdef __cplusplus
}
#endif
#endif
