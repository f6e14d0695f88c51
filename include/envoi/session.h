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

ENVOI_API ENVOI_MUST_CHECK int envoi_session_new(struct envoi_session **ret_session,
	struct envoi_context *context, const struct envoi_settings *settings);
/** End requests, tickets and deferred answers with ENVOI_ERR_CANCELED, then free. NULL is allowed. */
ENVOI_API void envoi_session_free(struct envoi_session *session);

ENVOI_API struct envoi_context *envoi_session_context(const struct envoi_session *session);
/** @return the address in use: full once bound; NULL: none; borrowed until it changes */
ENVOI_API const struct envoi_jid *envoi_session_jid(const struct envoi_session *session);
ENVOI_API bool envoi_session_is_online(const struct envoi_session *session);

/* --- handlers --- */

/**
 * Attach a handler: its rows, events, timeouts and filters take effect with the next stanza.
 * @param handler  borrowed until removed or the session is freed
 * @retval ENVOI_ERR_EXISTS     it is attached
 * @retval ENVOI_ERR_NOT_FOUND  something it needs is not attached
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_add(
	struct envoi_session *session, struct envoi_handler *handler);
/** Detach: from now on nothing of it is called; allowed in its own callbacks. */
ENVOI_API void envoi_session_remove(struct envoi_session *session, struct envoi_handler *handler);

/* --- sending --- */

/** How sending ended. */
enum envoi_ticket_state {
	ENVOI_TICKET_ACKNOWLEDGED, /**< the peer said that it has it (XEP-0198) */
	ENVOI_TICKET_WRITTEN, /**< out of our hands; nobody acknowledges */
	ENVOI_TICKET_UNKNOWN, /**< was being written when the connection was lost */
	ENVOI_TICKET_NOT_SENT, /**< no byte of it left us */
	ENVOI_TICKET_CANCELED, /**< by envoi_ticket_cancel(), or the session was freed */
};

typedef void envoi_ticket_fn(struct envoi_ticket *ticket, enum envoi_ticket_state state);

/** Wants to know how sending ended: exactly once. The sender's own, until then. */
struct envoi_ticket {
	envoi_ticket_fn *done;
	void *user; /**< the sender's own */
	void *entry; /* private; zeroed before use */
};

/**
 * Queue a stanza. It is serialised now; a message or iq without id gets one.
 * @param stanza  taken: consumed on failure too; NULL reports ENVOI_ERR_NOMEM
 * @param ticket  NULL: none wanted
 * @retval ENVOI_ERR_STATE    not online
 * @retval ENVOI_ERR_FULL     the outbox is at its limit
 * @retval ENVOI_ERR_INVALID  its address is malformed, or a builder failed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_send(struct envoi_session *session,
	struct envoi_stanza *stanza, struct envoi_ticket *ticket);
/** Send a chat message. */
ENVOI_API ENVOI_MUST_CHECK int envoi_send_text(struct envoi_session *session, const char *to,
	const char *body, struct envoi_ticket *ticket);
/** Send a stanza with one payload. @param kind ENVOI_MESSAGE or ENVOI_PRESENCE */
ENVOI_API ENVOI_MUST_CHECK int envoi_send_payload(struct envoi_session *session,
	enum envoi_stanza_kind kind, const char *to, const struct envoi_payload_type *type,
	const void *value, struct envoi_ticket *ticket);
/** Take back what has not been written; ends the ticket with CANCELED. @retval ENVOI_ERR_STATE too late */
ENVOI_API int envoi_ticket_cancel(struct envoi_ticket *ticket);

/* --- requests --- */

/** How a request ended; borrowed for the callback. */
typedef void envoi_answer_fn(void *user, const struct envoi_answer *answer);
/** @return whether a result came */
ENVOI_API bool envoi_answer_ok(const struct envoi_answer *answer);
/** @return ENVOI_OK, or ENVOI_ERR_STANZA, TIMEOUT, CANCELED, DISCONNECTED, PROTOCOL (malformed payload) */
ENVOI_API int envoi_answer_code(const struct envoi_answer *answer);
/** @return words for a person; never NULL */
ENVOI_API const char *envoi_answer_text(const struct envoi_answer *answer);
/** @return the result or error stanza, or NULL */
ENVOI_API struct envoi_stanza *envoi_answer_stanza(const struct envoi_answer *answer);
/** @return the stanza error, or NULL */
ENVOI_API const struct envoi_stanza_error *envoi_answer_error(const struct envoi_answer *answer);
/** @return the decoded payload of the type that was asked for, or NULL */
ENVOI_API const void *envoi_answer_payload(const struct envoi_answer *answer);

/**
 * Send an iq get or set and wait for its answer (RFC 6120, section 8.2.3): believed only from whom
 * was asked.
 * @param iq          taken
 * @param expected    payload of the result, decoded before the callback; NULL: not decoded
 * @param timeout_ms  0: the setting request.timeout
 * @param done        called exactly once, from the loop, or inside envoi_session_free()
 * @param ret_request NULL: not wanted; else valid until @p done has been called
 * Errors as envoi_send(): then @p done is not called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_request(struct envoi_session *session,
	struct envoi_stanza *iq, const struct envoi_payload_type *expected, uint64_t timeout_ms,
	envoi_answer_fn *done, void *user, struct envoi_request **ret_request);
/** End with ENVOI_ERR_CANCELED, from the loop. */
ENVOI_API void envoi_request_cancel(struct envoi_request *request);

/* --- deliveries --- */

ENVOI_API struct envoi_session *envoi_delivery_session(const struct envoi_delivery *delivery);
ENVOI_API struct envoi_stream *envoi_delivery_stream(const struct envoi_delivery *delivery);
/** @return borrowed; envoi_stanza_ref() to keep it */
ENVOI_API struct envoi_stanza *envoi_delivery_stanza(const struct envoi_delivery *delivery);
/** @return the payload decoded for the row that names @p type; never NULL there; borrowed from the stanza */
ENVOI_API const void *envoi_delivery_payload(
	const struct envoi_delivery *delivery, const struct envoi_payload_type *type);
/** @return the payload element that matched the row, or NULL */
ENVOI_API struct envoi_element *envoi_delivery_element(const struct envoi_delivery *delivery);

/** Answer a message with a text of the same type and thread, from the same session. */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply_text(struct envoi_delivery *delivery, const char *body);
/** Answer an iq with a result; @p type NULL: an empty one. @retval ENVOI_ERR_STATE answered already */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply_result(struct envoi_delivery *delivery,
	const struct envoi_payload_type *type, const void *value);
/** Answer with an error. @param text NULL: none */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply_error(struct envoi_delivery *delivery,
	enum envoi_stanza_condition condition, const char *text);
/** Answer an iq with a stanza of one's own, made by envoi_iq_result_new(). @param reply taken */
ENVOI_API ENVOI_MUST_CHECK int envoi_reply(
	struct envoi_delivery *delivery, struct envoi_stanza *reply);

/**
 * Answer later. The promise is ended exactly once, by one of the four below; when the session is
 * freed or the stream is lost first, it is still valid and ending it does nothing.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_delivery_defer(
	struct envoi_delivery *delivery, struct envoi_promise **ret_promise);
ENVOI_API struct envoi_stanza *envoi_promise_stanza(const struct envoi_promise *promise);
ENVOI_API int envoi_promise_result(struct envoi_promise *promise,
	const struct envoi_payload_type *type, const void *value);
ENVOI_API int envoi_promise_error(struct envoi_promise *promise,
	enum envoi_stanza_condition condition, const char *text);
ENVOI_API int envoi_promise_reply(struct envoi_promise *promise, struct envoi_stanza *reply);
/** Answer with internal-server-error: the exactly one reply is given in any case. */
ENVOI_API void envoi_promise_drop(struct envoi_promise *promise);

#ifdef __cplusplus
}
#endif
#endif
