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

#define ENVOI_NS_LAST_ACTIVITY "jabber:iq:last"

/** An answer. What it means depends on the address that was asked: envoi_last_activity_get(). */
struct envoi_last_activity {
	uint64_t seconds;
	char *status; /**< of the last unavailable presence, for a person; NULL: none */
};

/** Describes struct envoi_last_activity. */
ENVOI_API extern const struct envoi_payload_type envoi_last_activity_type;

/**
 * Ask for the last activity of an entity (sections 3 to 5).
 *
 * @param to  a bare address: the seconds since the account has logged out, 0 while it is online; a
 *            full address: since a person has used the client; a domain, or NULL for that of the
 *            session: since the service has started
 * @param timeout_ms   milliseconds; 0: the setting request.timeout
 * @param done         called exactly once, as for envoi_request(); envoi_answer_payload() is a
 *                     struct envoi_last_activity, borrowed. Entities whose presence the account
 *                     may not see answer with `forbidden`
 * @param user         passed to @p done
 * @param ret_request  NULL: not wanted; else as for envoi_request()
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_last_activity_get(struct envoi_session *session,
	const char *to, uint64_t timeout_ms, envoi_answer_fn *done, void *user,
	struct envoi_request **ret_request);

/**
 * Answers with the time since the last call of envoi_last_activity_note(), or since the extension
 * came into use. For sessions of clients. Use it with envoi_session_use(session,
 * &envoi_last_activity_extension, NULL); a person has to be able to switch it off (section 7).
 *
 * Only the own account and entities that see the presence of the client
 * (envoi_client_shows_presence_to()) are answered. All others get service-unavailable, as if it was
 * not in use.
 */
ENVOI_API extern const struct envoi_extension envoi_last_activity_extension;

/** Note that a person uses the client now. Without effect while the extension is not in use. */
ENVOI_API void envoi_last_activity_note(struct envoi_session *session);

#ifdef __cplusplus
}
#endif
#endif
