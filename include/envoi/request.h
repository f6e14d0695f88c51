/*
 * envoi - requests: an iq and its answer
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_REQUEST_H
#define ENVOI_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_answer;
struct envoi_payload_type;
struct envoi_request;
struct envoi_session;

/**
 * Reports how a request ended. Called once, from the loop or inside envoi_session_free(). Any
 * object may be freed inside.
 * @param user    passed to envoi_request()
 * @param answer  borrowed for the call
 */
typedef void envoi_answer_fn(void *user, const struct envoi_answer *answer);

ENVOI_SHADOW_BEGIN
/**
 * Send an iq get or set, and receive its answer (RFC 6120, section 8.2.3). Returns at once.
 *
 * An answer is accepted only from the entity that the request was sent to:
 * - a request without `to`: from the server or the account of the session, with or without
 *   resource, or without `from` (sections 8.1.2.1 and 10.3);
 * - a request to the account's bare address or its server: from that address, or without `from`;
 * - every other request: from exactly its `to`.
 * Other iqs with its id are ignored and counted (answers_ignored of struct envoi_session_stats).
 *
 * When the epoch of the session (envoi_session_epoch()) ends, a request that was given to a stream
 * ends with ENVOI_ERR_DISCONNECTED. One in the queue of a client that connects again is sent on the
 * next session.
 *
 * @param iq          taken, on failure too; NULL reports ENVOI_ERR_NOMEM. Its id is replaced by one
 *                    that cannot be guessed
 * @param expected    the payload type of the result, which is decoded before @p done is called;
 *                    NULL: the result is not decoded
 * @param timeout_ms  milliseconds until the request ends with ENVOI_ERR_TIMEOUT; 0: the setting
 *                    request.timeout
 * @param done        called exactly once
 * @param user        passed to @p done
 * @param ret_request NULL: not wanted; else valid until @p done has returned
 * @retval ENVOI_ERR_FULL  limits.requests requests are pending, or as envoi_send()
 * Other errors as envoi_send(). On failure @p done is not called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_request(struct envoi_session *session, struct envoi_stanza *iq,
	const struct envoi_payload_type *expected, uint64_t timeout_ms, envoi_answer_fn *done,
	void *user, struct envoi_request **ret_request);
ENVOI_SHADOW_END

/**
 * Make an iq with one payload, for envoi_request().
 *
 * @param kind   ENVOI_IQ_GET or ENVOI_IQ_SET
 * @param to     an address as text, prepared when the iq is sent; NULL: the account's server, which
 *               is the domain of the session's address. (An iq without `to` is for the account: RFC
 *               6120, section 8.1.1.1.)
 * @param value  of @p type; borrowed for the call; may be NULL for an empty type
 * @return the iq, owned by the caller; NULL: out of memory. A @p value that cannot be written makes
 *         envoi_request() return ENVOI_ERR_INVALID
 */
ENVOI_API struct envoi_stanza *envoi_request_iq(struct envoi_session *session,
	enum envoi_stanza_kind kind, const char *to, const struct envoi_payload_type *type,
	const void *value);

/**
 * Make an iq with one payload for the account itself, which is one without `to` (RFC 6120, section
 * 8.1.1.1). For sessions of clients. Parameters and result as of envoi_request_iq().
 */
ENVOI_API struct envoi_stanza *envoi_request_account_iq(struct envoi_session *session,
	enum envoi_stanza_kind kind, const struct envoi_payload_type *type, const void *value);

/** End a request with ENVOI_ERR_CANCELED: its function is called from the loop. A stanza that is in
 * the queue is not sent; a later answer is ignored. No effect inside its function; NULL is
 * allowed. */
ENVOI_API void envoi_request_cancel(struct envoi_request *request);

/* --- answers --- */

/** @return whether the answer is a result with a payload of the expected type, if one is
 * expected */
ENVOI_API bool envoi_answer_ok(const struct envoi_answer *answer);

/**
 * @return how the request ended
 * @retval ENVOI_OK
 * @retval ENVOI_ERR_STANZA        the peer answered with a stanza error
 * @retval ENVOI_ERR_PROTOCOL      the payload of the result is missing or malformed
 * @retval ENVOI_ERR_TIMEOUT       no answer came in time; if the stanza was in the
 *                                 queue, it is not sent
 * @retval ENVOI_ERR_CANCELED      envoi_request_cancel() was called, or the session was freed
 * @retval ENVOI_ERR_DISCONNECTED  the session of the server ended before an answer came
 * @retval ENVOI_ERR_INVALID       the request was in the queue, and is longer than the server of
 *                                 the next stream accepts (XEP-0478)
 * @retval ENVOI_ERR_NOMEM         the payload could not be decoded
 */
ENVOI_API int envoi_answer_code(const struct envoi_answer *answer);

/** @return a text for a person: the peer's text, else the name of its condition, else the text of
 * the code; never NULL; borrowed for the call, as all below */
ENVOI_API const char *envoi_answer_text(const struct envoi_answer *answer);

/** @return the result or error stanza; NULL: none was received */
ENVOI_API struct envoi_stanza *envoi_answer_stanza(const struct envoi_answer *answer);

/** @return the stanza error; NULL: the answer is not an error */
ENVOI_API const struct envoi_stanza_error *envoi_answer_error(const struct envoi_answer *answer);

/** @return the decoded payload of the expected type; NULL: there is none */
ENVOI_API const void *envoi_answer_payload(const struct envoi_answer *answer);

#ifdef __cplusplus
}
#endif
#endif
