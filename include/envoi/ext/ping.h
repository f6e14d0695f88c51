/*
 * envoi - XEP-0199: XMPP Ping
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_PING_H
#define ENVOI_EXT_PING_H

#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0199. */
#define ENVOI_NS_PING "urn:xmpp:ping"

/**
 * Send a ping (XEP-0199, sections 4.1 to 4.4).
 *
 * The answer is a pong if envoi_answer_ok() is true. An entity that does not support pings answers
 * with service-unavailable (section 4.2), and a server answers with the same error for a resource
 * that is offline: the error does not show that @p to is reachable.
 *
 * @param to           a bare or full address, or a domain; NULL: the domain of the session's
 *                     address, which is the account's server
 * @param timeout_ms   milliseconds; 0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request()
 * @param user         passed to @p done
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_ping(struct envoi_session *session, const char *to,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request);

/** @return the handler that answers pings. It has no state, serves all sessions and is never freed.
 * Each client has it by default. */
ENVOI_API struct envoi_handler *envoi_ping_handler(void);

#ifdef __cplusplus
}
#endif
#endif
