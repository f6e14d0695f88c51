/*
 * envoi - sessions: what outlives a stream
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_H
#define ENVOI_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/event.h>
#include <envoi/handler.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_answer;
struct envoi_delivery;
struct envoi_promise;
struct envoi_request;
struct envoi_settings;
struct envoi_stream;
struct envoi_ticket;

/**
 * Handlers, router, pending requests and the outbox of one address. A client and a component have
 * one; a server has one for each connected resource. Streams come and go below it.
 */
struct envoi_session;

/**
 * Make a session, offline.
 *
 * @param context   a reference is taken
 * @param settings  limits.requests, limits.deferred, limits.outbox-*, limits.output-bytes,
 *                  request.timeout are read, now; borrowed; NULL: defaults
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_new(struct envoi_session **ret_session,
	struct envoi_context *context, const struct envoi_settings *settings);

/**
 * Free it; NULL is allowed; allowed inside every callback.
 *
 * Its stream is freed at once. Then, before this returns, requests and tickets end with
 * ENVOI_ERR_CANCELED and ENVOI_TICKET_CANCELED, and an ENVOI_EVENT_DISCONNECTED that is still
 * queued is told; calls on the session from these callbacks return ENVOI_ERR_STATE. Promises stay
 * valid and do nothing any more. Nothing calls back afterwards. Inside a callback of the session,
 * the memory goes when that returns.
 */
ENVOI_API void envoi_session_free(struct envoi_session *session);

/** @return the context that it was made in; borrowed, as long as the session */
ENVOI_API struct envoi_context *envoi_session_context(const struct envoi_session *session);
/** @return the address in use: full once bound, and until another one is; NULL: none; borrowed
 * until it changes */
ENVOI_API const struct envoi_jid *envoi_session_jid(const struct envoi_session *session);
/** @return the domain of that address, which names the account's server; NULL: there is no address;
 * borrowed until the address changes */
ENVOI_API const char *envoi_session_domain(const struct envoi_session *session);
/** @return whether stanzas can be sent */
ENVOI_API bool envoi_session_is_online(const struct envoi_session *session);

/** What a session holds, and what it has seen. */
struct envoi_session_stats {
	uint64_t stanzas_in, stanzas_out;
	/** results and errors that nobody asked for, or from somebody else */
	uint64_t answers_ignored;
	uint64_t replies_dropped; /**< automatic answers for which there was no room */
	uint64_t unhandled; /**< ENVOI_EVENT_UNHANDLED */
	size_t requests; /**< that wait for their answers now */
	size_t deferred; /**< promises that wait for ours */
	size_t outbox_stanzas, outbox_bytes; /**< that wait to be taken by the stream */
};

/** Fill in *ret_stats. */
ENVOI_API void envoi_session_get_stats(
	const struct envoi_session *session, struct envoi_session_stats *ret_stats);

/**
 * Explain a failure of the session's functions: of attaching a handler, sending, requesting.
 * @return why the last call that failed was refused, for a person: "message/body: U+0001 at byte 0
 *         is not allowed in XML", "handler \"bot\": stanzas[2]: no kind"; of a session that has
 *         refused nothing, the text of ENVOI_OK; borrowed until the next call on the session
 */
ENVOI_API const char *envoi_session_problem(const struct envoi_session *session);

/* --- handlers --- */

/**
 * Attach a handler: its rows, events, timeouts and filters take effect with the next stanza.
 * @param handler  borrowed until removed or the session is freed
 * @retval ENVOI_ERR_EXISTS     it is attached
 * @retval ENVOI_ERR_NOT_FOUND  something it needs is not attached
 * @retval ENVOI_ERR_INVALID    a row of one of its tables could never be called: it has no kind,
 *                              event, interval or function, a type that its kind does not have, or
 *                              half a name; envoi_session_problem() names table, row and reason
 * @retval ENVOI_ERR_STATE      the session is being freed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_add(
	struct envoi_session *session, struct envoi_handler *handler);
/**
 * Detach: from now on nothing of it is called, by the stream neither, and it may be freed; allowed
 * in its own callbacks. Nothing if it is not attached. A stream whose negotiation of its feature is
 * pending fails with ENVOI_ERR_CANCELED.
 */
ENVOI_API void envoi_session_remove(struct envoi_session *session, struct envoi_handler *handler);

/* --- sending --- */

/** How sending ended. */
enum envoi_ticket_state {
	ENVOI_TICKET_ACKNOWLEDGED, /**< the peer said that it has it (XEP-0198) */
	ENVOI_TICKET_WRITTEN, /**< out of our hands; nobody acknowledges */
	ENVOI_TICKET_UNKNOWN, /**< was being written when the connection was lost */
	/** no byte of it left us: the connection was lost before, or a filter swallowed it */
	ENVOI_TICKET_NOT_SENT,
	ENVOI_TICKET_CANCELED, /**< by envoi_ticket_cancel(), or the session was freed */
};

/** From the loop, or inside envoi_session_free(). The ticket may be freed or used again here. */
typedef void envoi_ticket_fn(struct envoi_ticket *ticket, enum envoi_ticket_state state);

/** Wants to know how sending ended: exactly once. The sender's own, until then. */
struct envoi_ticket {
	envoi_ticket_fn *done;
	void *user; /**< the sender's own */
	void *entry; /* private; zeroed before use */
};

/**
 * Queue a stanza. It is serialised now; a message or iq without id gets one, and `to` its
 * canonical form. To send a stanza that was received, send a copy.
 *
 * @param stanza  taken: consumed on failure too; NULL reports ENVOI_ERR_NOMEM
 * @param ticket  NULL: none wanted. Borrowed until it has been told; not when this fails
 * @retval ENVOI_ERR_STATE    not online
 * @retval ENVOI_ERR_FULL     the outbox is at its limit (limits.outbox-stanzas,
 *                            limits.outbox-bytes), or the stanza alone is longer than
 *                            limits.output-bytes
 * @retval ENVOI_ERR_INVALID  its address is malformed, a builder failed, an iq get or set has not
 *                            exactly one payload, an iq result more than one (RFC 6120, section
 *                            8.2.3), or the ticket is in use: envoi_session_problem() says which
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_send(
	struct envoi_session *session, struct envoi_stanza *stanza, struct envoi_ticket *ticket);
/** Send a chat message. Errors as envoi_send(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_send_text(struct envoi_session *session, const char *to,
	const char *body, struct envoi_ticket *ticket);
/** Send a stanza with one payload. @param kind ENVOI_MESSAGE (of type normal) or ENVOI_PRESENCE
 * (available). Errors as envoi_send(); ENVOI_ERR_INVALID also for a value that cannot be written */
ENVOI_API ENVOI_MUST_CHECK int envoi_send_payload(struct envoi_session *session,
	enum envoi_stanza_kind kind, const char *to, const struct envoi_payload_type *type,
	const void *value, struct envoi_ticket *ticket);
/** Take back what no stream has taken yet: the ticket ends with CANCELED, from the loop.
 * @retval ENVOI_ERR_STATE  too late, or the ticket is not in use */
ENVOI_API int envoi_ticket_cancel(struct envoi_ticket *ticket);

/* --- requests --- */

/** How a request ended; borrowed for the callback. */
typedef void envoi_answer_fn(void *user, const struct envoi_answer *answer);
/** @return whether a result came */
ENVOI_API bool envoi_answer_ok(const struct envoi_answer *answer);
/** @return ENVOI_OK, or ENVOI_ERR_STANZA, TIMEOUT, CANCELED, DISCONNECTED, PROTOCOL (the payload is
 * missing or malformed), NOMEM (it could not be decoded) */
ENVOI_API int envoi_answer_code(const struct envoi_answer *answer);
/** @return words for a person: the peer's text, else its condition, else what went wrong here;
 * never NULL; borrowed, as all below */
ENVOI_API const char *envoi_answer_text(const struct envoi_answer *answer);
/** @return the result or error stanza, or NULL */
ENVOI_API struct envoi_stanza *envoi_answer_stanza(const struct envoi_answer *answer);
/** @return the stanza error, or NULL */
ENVOI_API const struct envoi_stanza_error *envoi_answer_error(const struct envoi_answer *answer);
/** @return the decoded payload of the type that was asked for, or NULL */
ENVOI_API const void *envoi_answer_payload(const struct envoi_answer *answer);

/**
 * Send an iq get or set and wait for its answer (RFC 6120, section 8.2.3).
 *
 * An answer counts only from whom was asked. Asked without `to`: from our server or our own
 * account, with or without resource, or without `from`; our own bare address or our server: also
 * without `from`; everybody else: from exactly that address. Others, and other types than result
 * and error, change nothing.
 *
 * When the stream ends first, the request ends with ENVOI_ERR_DISCONNECTED.
 *
 * @param iq          taken; it gets an id that cannot be guessed, whatever id it has
 * @param expected    payload of the result, decoded before the callback; NULL: not decoded
 * @param timeout_ms  0: the setting request.timeout
 * @param done        called exactly once, from the loop, or inside envoi_session_free()
 * @param ret_request NULL: not wanted; else valid until @p done has returned
 * Errors as envoi_send(), ENVOI_ERR_FULL also when limits.requests are pending: then @p done is
 * not called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_request(struct envoi_session *session, struct envoi_stanza *iq,
	const struct envoi_payload_type *expected, uint64_t timeout_ms, envoi_answer_fn *done,
	void *user, struct envoi_request **ret_request);
/** End with ENVOI_ERR_CANCELED, from the loop; nothing if it has ended. NULL is allowed. */
ENVOI_API void envoi_request_cancel(struct envoi_request *request);

/* --- deliveries --- */

/*
 * A delivery is a stanza on its way to handlers; it lives as long as the call of the handler.
 *
 * An iq get or set is answered exactly once, whatever its handler does; automatic answers that the
 * outbox has no room for are dropped (envoi_session_stats).
 */

/** @return the session that it came to; borrowed */
ENVOI_API struct envoi_session *envoi_delivery_session(const struct envoi_delivery *delivery);
/** @return the stream that it came from; NULL: that is gone */
ENVOI_API struct envoi_stream *envoi_delivery_stream(const struct envoi_delivery *delivery);
/** @return borrowed; envoi_stanza_ref() to keep it */
ENVOI_API struct envoi_stanza *envoi_delivery_stanza(const struct envoi_delivery *delivery);
/** @return the payload decoded for the row that names @p type: never NULL there, NULL for a type
 * that no row asked for; borrowed from the stanza */
ENVOI_API const void *envoi_delivery_payload(
	const struct envoi_delivery *delivery, const struct envoi_payload_type *type);
/** @return the first payload element that matched the row; of an iq its payload; or NULL */
ENVOI_API struct envoi_element *envoi_delivery_element(const struct envoi_delivery *delivery);

/**
 * Answer a message with a text of the same type and thread, to the full address that it came from;
 * to the room, when it is of type groupchat.
 *
 * @retval ENVOI_ERR_INVALID  no message, one of type error, or without sender
 * Else as envoi_send().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply_text(struct envoi_delivery *delivery, const char *body);
/**
 * Answer an iq with a result.
 *
 * @param type  NULL: an empty result
 * @retval ENVOI_ERR_STATE    it was answered or deferred, or the stream is gone
 * @retval ENVOI_ERR_INVALID  no request, or the value cannot be written: not answered yet
 * @retval ENVOI_ERR_FULL, ENVOI_ERR_NOMEM  likewise
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply_result(
	struct envoi_delivery *delivery, const struct envoi_payload_type *type, const void *value);
/** Answer with an error, a message or presence too (but not one of type error: ENVOI_ERR_INVALID).
 * @param text NULL: none. Errors as envoi_reply_result() */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply_error(
	struct envoi_delivery *delivery, enum envoi_stanza_condition condition, const char *text);
/** Answer an iq with a stanza of one's own, made by envoi_iq_result_new() or
 * envoi_stanza_error_new(). @param reply taken. Errors as envoi_reply_result() */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply(
	struct envoi_delivery *delivery, struct envoi_stanza *reply);

/**
 * Answer an iq later. The promise is ended exactly once, by one of the four below, which free it
 * in any case. When the session is freed or the stream is lost first, it is still valid, and ending
 * it returns ENVOI_ERR_STATE and does nothing else.
 *
 * @retval ENVOI_ERR_FULL     limits.deferred are open: return it, and resource-constraint is
 *                            answered
 * @retval ENVOI_ERR_STATE    it was answered or deferred
 * @retval ENVOI_ERR_INVALID  no request
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_delivery_defer(
	struct envoi_delivery *delivery, struct envoi_promise **ret_promise);
/** @return the request; borrowed until the promise is ended */
ENVOI_API struct envoi_stanza *envoi_promise_stanza(const struct envoi_promise *promise);
/** A value that cannot be written is answered with internal-server-error, and its code returned. */
ENVOI_API int envoi_promise_result(
	struct envoi_promise *promise, const struct envoi_payload_type *type, const void *value);
/** Answer with an error, as envoi_stanza_error_new() makes it. @param text  NULL: none */
ENVOI_API int envoi_promise_error(
	struct envoi_promise *promise, enum envoi_stanza_condition condition, const char *text);
/** @param reply taken; one that is no answer to the request is handled as a bad value above */
ENVOI_API int envoi_promise_reply(struct envoi_promise *promise, struct envoi_stanza *reply);
/** Answer with internal-server-error: the exactly one reply is given in any case. NULL is
 * allowed. */
ENVOI_API void envoi_promise_drop(struct envoi_promise *promise);

#ifdef __cplusplus
}
#endif
#endif
