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

#define ENVOI_NS_RETRACTION "urn:xmpp:message-retract:1"

/** The sender retracts a message (XEP-0424, section 3). */
struct envoi_retraction {
	char *id; /**< of that message, for ENVOI_STANZA_IDS_RETRACTION of envoi_stanza_ids_for() */
	/** a moderator has retracted the message of another occupant (XEP-0425, section 5) */
	bool is_moderated;
};
/** Describes struct envoi_retraction: the element `retract`. */
ENVOI_API extern const struct envoi_payload_type envoi_retraction_type;

/** What an archive has in place of a retracted message (section 4). */
struct envoi_retraction_tombstone {
	char *id; /**< of the retraction's message */
	bool has_stamp;
	int64_t stamp_ms; /**< of the retraction: milliseconds since 1970-01-01T00:00:00Z */
};
/** Describes struct envoi_retraction_tombstone: the element `retracted`. */
ENVOI_API extern const struct envoi_payload_type envoi_retraction_tombstone_type;

/**
 * @return the retraction in a message; borrowed from it; NULL: it has none, or is malformed, or of
 *         type error. One with is_moderated comes from the room itself: servers pass on such an
 *         element of a participant, which is left out here (XEP-0425, section 5). Others the
 *         program applies to a message of the same sender only (XEP-0424, section 5):
 *         envoi_stanza_ids_is_from()
 */
ENVOI_API const struct envoi_retraction *envoi_retraction_of(const struct envoi_stanza *message);

/**
 * Make a message that is going to be sent, of the type and to the recipient of the conversation, a
 * retraction. It gets the hint to be stored.
 *
 * @param message       NULL reports ENVOI_ERR_NOMEM. Without a body clients that do not implement
 *                      retractions show nothing; for one with a body the program adds
 *                      envoi_fallback_add() for ENVOI_NS_RETRACTION
 * @param original      sent by this side, in a room as it came back; as for envoi_stanza_ids_for()
 * @param room_assigns  as of envoi_stanza_ids_for()
 * @retval ENVOI_DECLINED     it cannot be retracted: it has no id for this purpose (section 5.1)
 * @retval ENVOI_ERR_INVALID  the message is a retraction already
 * @retval <0  else the first failure of the message
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
