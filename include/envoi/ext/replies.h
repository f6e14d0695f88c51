/*
 * envoi - XEP-0461: Message Replies
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_REPLIES_H
#define ENVOI_EXT_REPLIES_H

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_REPLIES "urn:xmpp:reply:0"

/** The message is a reply to another one (XEP-0461, section 3). */
struct envoi_replies_reply {
	struct envoi_jid
		*to; /**< author of that message, as the sender states it; NULL: not stated */
	char *id; /**< for ENVOI_STANZA_IDS_REPLY of envoi_stanza_ids_for() */
};
/** Describes struct envoi_replies_reply: the element `reply`. */
ENVOI_API extern const struct envoi_payload_type envoi_replies_reply_type;

/**
 * @return what a message is a reply to; borrowed from it; NULL: it is none, or malformed, or of
 *         type error. A program that does not know a message with that id in the conversation
 *         shows the reply as it is, with its fallback (<envoi/ext/fallback.h>, for
 *         ENVOI_NS_REPLIES)
 */
ENVOI_API const struct envoi_replies_reply *envoi_replies_of(const struct envoi_stanza *message);

/**
 * Mark a message that is going to be sent as a reply to another one.
 *
 * @param message       NULL reports ENVOI_ERR_NOMEM
 * @param original      received or sent, as for envoi_stanza_ids_for()
 * @param room_assigns  as of envoi_stanza_ids_for()
 * @retval ENVOI_DECLINED     nothing can be a reply to it: it has no id for this purpose (section
 *                            4.1)
 * @retval ENVOI_ERR_INVALID  the message is a reply already
 * @retval <0  else the first failure of the message
 */
ENVOI_API int envoi_replies_add(
	struct envoi_stanza *message, const struct envoi_stanza *original, bool room_assigns);

/** @return a handler that announces the extension in service discovery. It has no state, serves all
 * sessions and is never freed. No client has it by default. */
ENVOI_API struct envoi_handler *envoi_replies_handler(void);

#ifdef __cplusplus
}
#endif
#endif
