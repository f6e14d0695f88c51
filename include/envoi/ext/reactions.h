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

#define ENVOI_NS_REACTIONS "urn:xmpp:reactions:0"

/** The most reactions of a sender to a message, and bytes of each. */
#define ENVOI_REACTIONS_LIMIT 100
#define ENVOI_REACTIONS_BYTES 128

/** All reactions of one sender to one message (XEP-0444, section 3): they replace earlier ones. */
struct envoi_reactions {
	char *id; /**< of that message, for ENVOI_STANZA_IDS_REACTION of envoi_stanza_ids_for() */
	char **texts; /**< emojis; duplicates and empty ones are possible in received ones */
	size_t text_count; /**< 0: the sender has removed all */
};
/** Describes struct envoi_reactions. Texts of more than ENVOI_REACTIONS_BYTES are left out. */
ENVOI_API extern const struct envoi_payload_type envoi_reactions_type;

/**
 * @return the reactions in a message; borrowed from it; NULL: it has none, or is malformed, has
 *         more than ENVOI_REACTIONS_LIMIT, or is of type error, with which reactions are rejected
 *         (section 3.3). They replace all of the same sender for that message: between two those
 *         with the same bare address, in a room those of the same occupant
 *         (envoi_stanza_ids_is_from()). A delayed message (XEP-0203) does not replace newer ones
 *         (section 4.1). The message may be unknown as yet
 */
ENVOI_API const struct envoi_reactions *envoi_reactions_of(const struct envoi_stanza *message);

/** Visit the distinct reactions, in order. @param[in,out] position 0 to begin. @return borrowed
 * from @p reactions; NULL: none is left */
ENVOI_API const char *envoi_reactions_next(
	const struct envoi_reactions *reactions, size_t *position);

/**
 * Add reactions to a message that is going to be sent, of the type and to the recipient of the
 * conversation. It gets the hint to be stored, unless the original has the hint not to (section 4).
 *
 * @param message       NULL reports ENVOI_ERR_NOMEM
 * @param original      as for envoi_stanza_ids_for()
 * @param room_assigns  as of envoi_stanza_ids_for()
 * @param texts         emojis, all that are to be in effect; borrowed for the call
 * @param count         0: removes all of this side; at most ENVOI_REACTIONS_LIMIT
 * @retval ENVOI_DECLINED     nobody can react to it: it has no id for this purpose (section 4.2)
 * @retval ENVOI_ERR_INVALID  a text is empty, too long, or there twice, there are too many, or the
 *                            message has reactions already
 * @retval <0  else the first failure of the message
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
