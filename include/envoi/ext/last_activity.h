/*
 * envoi - XEP-0012: Last Activity
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_LAST_ACTIVITY_H
#define ENVOI_EXT_LAST_ACTIVITY_H

#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0012. */
#define ENVOI_NS_LAST_ACTIVITY "jabber:iq:last"

/** The answer to envoi_last_activity_get(). */
struct envoi_last_activity {
	uint64_t seconds; /**< since when depends on the address of the request */
	char *status; /**< of the last unavailable presence, for a person; NULL: none */
};

/** Describes struct envoi_last_activity. */
ENVOI_API extern const struct envoi_payload_type envoi_last_activity_type;

/**
 * Request the last activity of an entity (sections 3 to 5).
 *
 * The seconds in the answer are counted:
 *
 * - for a bare address since the account has logged out; 0 while it is online;
 * - for a full address since the user was last active at that client;
 * - for a domain since the service has started.
 *
 * @param to           a bare or full address, or a domain; NULL: the domain of the session's
 *                     address
 * @param timeout_ms   milliseconds; 0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request(); envoi_answer_payload() is a
 *                     struct envoi_last_activity, borrowed. The error is `forbidden` if the account
 *                     may not see the presence of the entity
 * @param user         passed to @p done
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_last_activity_get(struct envoi_session *session,
	const char *to, uint64_t timeout_ms, envoi_answer_fn *done, void *user,
	struct envoi_request **ret_request);

/**
 * Answers requests with the time since the last call of envoi_last_activity_note(), or since the
 * extension came into use. For sessions of clients. Use it with envoi_session_use(session,
 * &envoi_last_activity_extension, NULL). The user has to be able to switch it off (section 7).
 *
 * Only the own account and contacts that see the presence of the client
 * (envoi_client_shows_presence_to()) get an answer. All others get service-unavailable, as without
 * the extension.
 */
ENVOI_API extern const struct envoi_extension envoi_last_activity_extension;

/** Note that the user is active now. No effect while the extension is not in use. */
ENVOI_API void envoi_last_activity_note(struct envoi_session *session);

#ifdef __cplusplus
}
#endif
#endif
