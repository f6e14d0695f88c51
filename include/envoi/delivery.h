/*
 * envoi - deliveries: a received stanza in a handler, and replies to it
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_DELIVERY_H
#define ENVOI_DELIVERY_H

#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_delivery;
struct envoi_payload_type;
struct envoi_promise;
struct envoi_session;
struct envoi_stream;

/*
 * The function of a stanza row (<envoi/handler.h>) is called with a delivery, which is valid for
 * that call.
 *
 * An iq get or set has exactly one answer (RFC 6120, section 8.2.3). If no handler answers it, the
 * library does. An answer of the library for which the outbox has no room is dropped and counted
 * (replies_dropped of struct envoi_session_stats).
 */

/** @return the session that has received the stanza; borrowed */
ENVOI_API struct envoi_session *envoi_delivery_session(const struct envoi_delivery *delivery);
/** @return the stream that has received it, borrowed; NULL: the session no longer has it */
ENVOI_API struct envoi_stream *envoi_delivery_stream(const struct envoi_delivery *delivery);
/** @return the stanza; borrowed for the call: envoi_stanza_ref() keeps it */
ENVOI_API struct envoi_stanza *envoi_delivery_stanza(const struct envoi_delivery *delivery);
/** @return the decoded payload of a type that a matching row names: never NULL in the function of a
 * row with that type; NULL: no row has named @p type; borrowed from the stanza */
ENVOI_API const void *envoi_delivery_payload(
	const struct envoi_delivery *delivery, const struct envoi_payload_type *type);
/** @return the element that matches the row: that of the last step of its path, the first one at
 * its depth, or the first payload of its name or namespace; of an iq without those its payload;
 * NULL: the row matches any content; borrowed from the stanza */
ENVOI_API struct envoi_element *envoi_delivery_element(const struct envoi_delivery *delivery);

/* --- replying in the call --- */

/*
 * The result of these functions may be ignored, or returned by the handler: a request that was not
 * answered gets an automatic answer all the same.
 */

/**
 * Reply to a message with a text: send what envoi_message_reply_new() makes, which keeps type,
 * thread and language.
 *
 * @retval ENVOI_ERR_INVALID  the stanza is not a message, is of type error, or has no sender; or
 *                            @p body is NULL
 * @retval ENVOI_ERR_STATE    the epoch in which it came has ended
 * Other errors as envoi_send().
 */
ENVOI_API int envoi_reply_text(struct envoi_delivery *delivery, const char *body);

/**
 * Answer an iq with a result.
 *
 * @param type   of @p value; NULL: an empty result
 * @param value  borrowed for the call
 * @retval ENVOI_ERR_STATE    it was answered or deferred, or the epoch in which it came has ended
 * @retval ENVOI_ERR_INVALID  the stanza is not an iq get or set, or the value cannot be written
 * @retval ENVOI_ERR_FULL, ENVOI_ERR_NOMEM  as envoi_send()
 * After a failure other than ENVOI_ERR_STATE the iq is not answered yet.
 */
ENVOI_API int envoi_reply_result(
	struct envoi_delivery *delivery, const struct envoi_payload_type *type, const void *value);

/**
 * Answer a stanza with an error (RFC 6120, section 8.3): an iq get or set, or a message or presence
 * that is not of type error.
 *
 * @param condition  ENVOI_BAD_REQUEST, ...: as for envoi_stanza_error_new()
 * @param text       for a person; NULL: none
 * Errors as envoi_reply_result().
 */
ENVOI_API int envoi_reply_error(
	struct envoi_delivery *delivery, enum envoi_stanza_condition condition, const char *text);

/**
 * Answer an iq with a stanza made by envoi_iq_result_new() or envoi_stanza_error_new().
 *
 * @param reply  taken, on failure too; NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  also: @p reply is not an answer to this iq
 * Other errors as envoi_reply_result().
 */
ENVOI_API int envoi_reply(struct envoi_delivery *delivery, struct envoi_stanza *reply);

/* --- replying later --- */

/**
 * Defer the answer to an iq. End the promise exactly once, with one of the four functions below,
 * each of which frees it, on failure too.
 *
 * A promise belongs to the epoch in which the iq came (envoi_session_epoch()). After the epoch has
 * ended, or the session was freed, these functions send nothing, free the promise and return
 * ENVOI_ERR_STATE.
 *
 * @param[out] ret_promise  owned by the caller
 * @retval ENVOI_ERR_FULL     limits.deferred promises are open. If the handler returns this code,
 *                            the answer is resource-constraint
 * @retval ENVOI_ERR_STATE    it was answered or deferred, or the epoch has ended
 * @retval ENVOI_ERR_INVALID  the stanza is not an iq get or set
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_delivery_defer(
	struct envoi_delivery *delivery, struct envoi_promise **ret_promise);

/** @return the iq; borrowed until the promise is ended */
ENVOI_API struct envoi_stanza *envoi_promise_stanza(const struct envoi_promise *promise);

/** Answer with a result, as envoi_reply_result(). If the value cannot be written, or the server
 * does not accept the stanza, the answer is internal-server-error, and the code is returned. */
ENVOI_API int envoi_promise_result(
	struct envoi_promise *promise, const struct envoi_payload_type *type, const void *value);
/** Answer with an error, as envoi_reply_error(). */
ENVOI_API int envoi_promise_error(
	struct envoi_promise *promise, enum envoi_stanza_condition condition, const char *text);
/** Answer with a stanza, as envoi_reply(). If it is not an answer to the iq, or cannot be sent, the
 * answer is internal-server-error, and ENVOI_ERR_INVALID is returned. @param reply taken */
ENVOI_API int envoi_promise_reply(struct envoi_promise *promise, struct envoi_stanza *reply);
/** Answer with internal-server-error. NULL is allowed. */
ENVOI_API void envoi_promise_drop(struct envoi_promise *promise);

#ifdef __cplusplus
}
#endif
#endif
