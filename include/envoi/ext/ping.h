/*
 * envoi - XEP-0199: XMPP Ping
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_PING_H
#define ENVOI_EXT_PING_H

#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_PING "urn:xmpp:ping"

/**
 * Ask whether somebody answers (XEP-0199, sections 4.1 to 4.4).
 *
 * An error, too, shows that somebody is there who answers for @p to: service-unavailable comes from
 * an entity that knows no pings (section 4.2). envoi_answer_ok() tells only of a pong.
 *
 * @param to           a full or bare address, or a server's; NULL: the own account's server
 * @param timeout_ms   0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request()
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * Errors as envoi_request(): then @p done is not called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_ping(struct envoi_session *session, const char *to,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request);

/** The handler that answers pings. It has no state: one for all sessions, never freed. A client
 * has it attached. */
ENVOI_API struct envoi_handler *envoi_ping_handler(void);

#ifdef __cplusplus
}
#endif
#endif
