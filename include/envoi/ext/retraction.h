/*
 * envoi - XEP-0424: Message Retraction
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_RETRACTION_H
#define ENVOI_EXT_RETRACTION_H

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0424. */
#define ENVOI_NS_RETRACTION "urn:xmpp:message-retract:1"

/** The retraction of an earlier message (XEP-0424, section 3). */
struct envoi_retraction {
	char *id; /**< of that message: envoi_stanza_ids_for() for ENVOI_STANZA_IDS_RETRACTION */
	/** a moderator has retracted the message of another occupant (XEP-0425, section 5) */
	bool is_moderated;
};
/** Describes struct envoi_retraction: the element `retract`. */
ENVOI_API extern const struct envoi_payload_type envoi_retraction_type;

/** The element in place of a retracted message in an archive (section 4). */
struct envoi_retraction_tombstone {
	char *id; /**< of the message that retracted it */
	bool has_stamp;
	int64_t stamp_ms; /**< of the retraction: milliseconds since 1970-01-01T00:00:00Z */
};
/** Describes struct envoi_retraction_tombstone: the element `retracted`. */
ENVOI_API extern const struct envoi_payload_type envoi_retraction_tombstone_type;

/**
 * Get the retraction in a message.
 *
 * With is_moderated the sender is the room: servers pass on such an element of an occupant, which
 * this function ignores (XEP-0425, section 5). Without it the program retracts only a message of
 * the same sender (XEP-0424, section 5), which envoi_stanza_ids_is_from() verifies.
 *
 * @return borrowed from @p message; NULL: the message has none, is malformed, or of type error
 */
ENVOI_API const struct envoi_retraction *envoi_retraction_of(const struct envoi_stanza *message);

/**
 * Add a retraction to an outgoing message, which has the type and the recipient of the
 * conversation. It gets the hint `store` (XEP-0334).
 *
 * A body of the message is shown by clients that do not implement retractions: the program marks it
 * with envoi_fallback_add() and ENVOI_NS_RETRACTION.
 *
 * @param message       NULL reports ENVOI_ERR_NOMEM
 * @param original      the message of the user to retract, in a room as the room has reflected it;
 *                      as for envoi_stanza_ids_for()
 * @param room_assigns  as for envoi_stanza_ids_for()
 * @retval ENVOI_DECLINED     @p original has no id for this purpose (section 5.1): a retraction
 *                            cannot refer to it
 * @retval ENVOI_ERR_INVALID  @p message is already a retraction
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API int envoi_retraction_add(
	struct envoi_stanza *message, const struct envoi_stanza *original, bool room_assigns);

/** @return a handler that announces the extension in service discovery. It has no state, serves all
 * sessions and is never freed. No client has it by default. */
ENVOI_API struct envoi_handler *envoi_retraction_handler(void);

#ifdef __cplusplus
}
#endif
#endif
