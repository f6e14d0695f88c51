/*
 * envoi - XEP-0085: Chat State Notifications
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_CHAT_STATES_H
#define ENVOI_EXT_CHAT_STATES_H

#include <envoi/handler.h>
#include <envoi/session.h>
#include <envoi/stanza.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0085. */
#define ENVOI_NS_CHAT_STATES "http://jabber.org/protocol/chatstates"

/** What a user does in a conversation (XEP-0085, section 2). */
enum envoi_chat_states_state {
	ENVOI_CHAT_STATES_NONE = 0,
	ENVOI_CHAT_STATES_ACTIVE,
	ENVOI_CHAT_STATES_COMPOSING,
	ENVOI_CHAT_STATES_PAUSED,
	ENVOI_CHAT_STATES_INACTIVE,
	ENVOI_CHAT_STATES_GONE,
};

/** @return the name of the element: "active", "composing", ...; "" for ENVOI_CHAT_STATES_NONE;
 *         static */
ENVOI_API const char *envoi_chat_states_name(enum envoi_chat_states_state state);

/**
 * Get the state of the sender of a message. In a copy of a message that another client of the
 * account has sent (XEP-0280) it is the state of that client.
 *
 * @return ENVOI_CHAT_STATES_NONE for a message without a state, with several (section 5.6) or of
 *         type error, and for `gone` in a room (section 5.5)
 */
ENVOI_API enum envoi_chat_states_state envoi_chat_states_of(const struct envoi_stanza *message);

/** The most conversations whose states a session holds; the oldest one is dropped. */
#define ENVOI_CHAT_STATES_LIMIT 256

/**
 * Sends the states of the user by the rules of section 5, and announces the extension in service
 * discovery. Use it with envoi_session_use(session, &envoi_chat_states_extension, NULL). No client
 * has it by default: states reveal what the user does.
 *
 * It adds `active` to each outgoing message of type chat with a body and without a state, until a
 * message of the contact arrives without a state (section 5.1). Contacts are distinguished by their
 * bare addresses.
 */
ENVOI_API extern const struct envoi_extension envoi_chat_states_extension;

/**
 * Send a state without a message.
 *
 * @param type  ENVOI_TYPE_CHAT or ENVOI_TYPE_GROUPCHAT
 * @param to    the contact, or the room
 * @retval ENVOI_OK           sent
 * @retval ENVOI_DECLINED     not sent: it is the last state that was sent to @p to (section 5.3),
 *                            or no state of the contact has arrived (section 5.1)
 * @retval ENVOI_ERR_STATE    the extension is not used, or as envoi_send()
 * @retval ENVOI_ERR_INVALID  @p to is not an address; @p type or @p state is not one of these; or
 *                            the state is `gone` in a room (section 5.5)
 * Other errors as envoi_send().
 */
ENVOI_API int envoi_chat_states_send(struct envoi_session *session, enum envoi_stanza_type type,
	const char *to, enum envoi_chat_states_state state);

/**
 * Set whether a contact implements the extension, for example as service discovery reports it.
 * @retval ENVOI_ERR_STATE    the extension is not used
 * @retval ENVOI_ERR_INVALID  @p jid is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API int envoi_chat_states_set_supported(
	struct envoi_session *session, const struct envoi_jid *jid, bool is_supported);

#ifdef __cplusplus
}
#endif
#endif
