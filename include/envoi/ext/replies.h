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

/** Namespace of XEP-0461. */
#define ENVOI_NS_REPLIES "urn:xmpp:reply:0"

/** A reference to the message that a reply answers (XEP-0461, section 3). */
struct envoi_replies_reply {
	/** author of that message, as the sender of the reply states it; NULL: not stated */
	struct envoi_jid *to;
	char *id; /**< of that message: envoi_stanza_ids_for() for ENVOI_STANZA_IDS_REPLY */
};
/** Describes struct envoi_replies_reply: the element `reply`. */
ENVOI_API extern const struct envoi_payload_type envoi_replies_reply_type;

/**
 * Get the reference to the message that a reply answers.
 *
 * If the conversation has no message with that id, the program shows the reply as it is, with its
 * fallback. Otherwise envoi_fallback_strip() (<envoi/ext/fallback.h>) with ENVOI_NS_REPLIES removes
 * the fallback.
 *
 * @return borrowed from @p message; NULL: the message is no reply, is malformed, or of type error
 */
ENVOI_API const struct envoi_replies_reply *envoi_replies_of(const struct envoi_stanza *message);

/**
 * Mark an outgoing message as a reply to another one.
 *
 * @param message       NULL reports ENVOI_ERR_NOMEM
 * @param original      received or sent, as for envoi_stanza_ids_for()
 * @param room_assigns  as for envoi_stanza_ids_for()
 * @retval ENVOI_DECLINED     @p original has no id for this purpose (section 4.1): a reply cannot
 *                            refer to it
 * @retval ENVOI_ERR_INVALID  @p message is already a reply
 * @retval <0  otherwise the first failure of the message
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
