/*
 * envoi - XEP-0444: Message Reactions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_REACTIONS_H
#define ENVOI_EXT_REACTIONS_H

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0444. */
#define ENVOI_NS_REACTIONS "urn:xmpp:reactions:0"

/** The most reactions of one sender to one message. */
#define ENVOI_REACTIONS_LIMIT 100
/** The most bytes of a reaction. */
#define ENVOI_REACTIONS_BYTES 128

/** All reactions of one sender to one message (XEP-0444, section 3). They replace earlier ones. */
struct envoi_reactions {
	char *id; /**< of that message: envoi_stanza_ids_for() for ENVOI_STANZA_IDS_REACTION */
	char **texts; /**< emojis; those received may contain duplicates and empty texts */
	size_t text_count; /**< 0: the sender has removed all reactions */
};
/** Describes struct envoi_reactions. Longer texts than ENVOI_REACTIONS_BYTES are left out. */
ENVOI_API extern const struct envoi_payload_type envoi_reactions_type;

/**
 * Get the reactions in a message.
 *
 * They replace all earlier reactions of the same sender to the message with that id: of the same
 * bare address, in a room of the same occupant (envoi_stanza_ids_is_from()). Those in a delayed
 * message (XEP-0203) do not replace newer ones (section 4.1). The message with that id may arrive
 * later.
 *
 * @return borrowed from @p message; NULL: the message has none, has more than
 *         ENVOI_REACTIONS_LIMIT, is malformed, or of type error, which rejects reactions (section
 *         3.3)
 */
ENVOI_API const struct envoi_reactions *envoi_reactions_of(const struct envoi_stanza *message);

/** Visit the distinct reactions, in order. @param[in,out] position 0 to begin. @return borrowed
 * from @p reactions; NULL: none is left */
ENVOI_API const char *envoi_reactions_next(
	const struct envoi_reactions *reactions, size_t *position);

/**
 * Add reactions to an outgoing message, which has the type and the recipient of the conversation.
 * It gets the hint `store` (XEP-0334), unless the original has the hint `no-store` (section 4).
 *
 * @param message       NULL reports ENVOI_ERR_NOMEM
 * @param original      as for envoi_stanza_ids_for()
 * @param room_assigns  as for envoi_stanza_ids_for()
 * @param texts         all emojis of the user for the original; borrowed for the call
 * @param count         at most ENVOI_REACTIONS_LIMIT; 0 removes all reactions of the user
 * @retval ENVOI_DECLINED     @p original has no id for this purpose (section 4.2): a reaction
 *                            cannot refer to it
 * @retval ENVOI_ERR_INVALID  a text is empty, too long or a duplicate; there are too many texts; or
 *                            the message already has reactions
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API int envoi_reactions_add(struct envoi_stanza *message, const struct envoi_stanza *original,
	bool room_assigns, const char *const *texts, size_t count);

/** @return a handler that announces the extension in service discovery. It has no state, serves all
 * sessions and is never freed. No client has it by default. */
ENVOI_API struct envoi_handler *envoi_reactions_handler(void);

#ifdef __cplusplus
}
#endif
#endif
