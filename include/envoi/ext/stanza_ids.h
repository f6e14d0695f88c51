/*
 * envoi - XEP-0359: Unique and Stable Stanza IDs
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_STANZA_IDS_H
#define ENVOI_EXT_STANZA_IDS_H

#include <stdbool.h>

#include <envoi/payload.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0359. */
#define ENVOI_NS_STANZA_IDS "urn:xmpp:sid:0"

/** An id that an account or a room has assigned to a message (XEP-0359, section 2.1). */
struct envoi_stanza_ids_assigned {
	char *id;
	struct envoi_jid *by; /**< the entity that claims to have assigned it */
};
/** Describes struct envoi_stanza_ids_assigned: the element `stanza-id`. */
ENVOI_API extern const struct envoi_payload_type envoi_stanza_ids_assigned_type;

/** The id that the sender's client has assigned to a message (section 2.2). */
struct envoi_stanza_ids_origin {
	char *id;
};
/** Describes struct envoi_stanza_ids_origin: the element `origin-id`. */
ENVOI_API extern const struct envoi_payload_type envoi_stanza_ids_origin_type;

/**
 * Get the id that one entity has assigned to a message: the room for a message of type groupchat,
 * otherwise the own account (section 3, rule 7). It identifies the message in the archive of that
 * entity (XEP-0313).
 *
 * The sender of a message can forge the element. It is genuine only if @p by announces the feature
 * ENVOI_NS_STANZA_IDS in service discovery, because such an entity removes forged ones. A program
 * has to verify that before it relies on the id (section 6).
 *
 * @param by  the bare address of the account or room
 * @return borrowed from @p message; NULL: there is none, it is malformed, or two of them name @p by
 *         (section 3, rule 4)
 */
ENVOI_API const char *envoi_stanza_ids_assigned_by(
	const struct envoi_stanza *message, const struct envoi_jid *by);

ENVOI_SHADOW_BEGIN
/**
 * Get the id that the sender's client has assigned to a message. It does not change if the client
 * sends the message again, or if a room reflects it. A sender can use any id (section 6): compare
 * it only with those of messages of the same sender.
 *
 * @return borrowed from @p message; NULL: none, or malformed
 */
ENVOI_API const char *envoi_stanza_ids_origin(const struct envoi_stanza *message);
ENVOI_SHADOW_END

/**
 * Add an origin-id to an outgoing message, equal to its id. A message without id gets an id first.
 * No effect if it has an origin-id.
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  the id is empty
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM  as envoi_id_make()
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stanza_ids_add_origin(
	struct envoi_context *context, struct envoi_stanza *message);

/** The elements that refer to another message by an id. */
enum envoi_stanza_ids_purpose {
	ENVOI_STANZA_IDS_CORRECTION = 1, /**< XEP-0308, section 4 */
	ENVOI_STANZA_IDS_RECEIPT, /**< XEP-0184, sections 5.3 and 7 */
	ENVOI_STANZA_IDS_MARKER, /**< XEP-0333, sections 4.2 and 4.3 */
	ENVOI_STANZA_IDS_REPLY, /**< XEP-0461, section 4.1 */
	ENVOI_STANZA_IDS_REACTION, /**< XEP-0444, section 4.2 */
	ENVOI_STANZA_IDS_RETRACTION, /**< XEP-0424, section 5.1 */
};

/**
 * Get the id by which other messages refer to a message, by the rule of each specification:
 *
 *	purpose     outside of rooms         in a room (type groupchat)
 *	CORRECTION  the message's id         the message's id
 *	RECEIPT     the message's id         none: they are not recommended there
 *	MARKER      the message's id         the room's stanza-id
 *	REPLY       origin-id, else its id   the room's stanza-id
 *	REACTION    origin-id, else its id   the room's stanza-id
 *	RETRACTION  the message's id         the room's stanza-id; where the room assigns none, the
 *	                                     origin-id
 *
 * References to a message that was corrected use the id of its first version (XEP-0308, section 4,
 * and XEP-0444, section 4): the program calls this function with the first version.
 *
 * Senders choose ids, and two messages may have the same id. Look up a reference only in the
 * conversation in which it has arrived.
 *
 * @param message       received or sent; in a room as the room has reflected it
 * @param room_assigns  whether the room announces ENVOI_NS_STANZA_IDS in service discovery;
 *                      otherwise a stanza-id may be a forgery. No effect outside of rooms
 * @return borrowed from @p message; NULL: it has no id for that purpose, or is of type error
 */
ENVOI_API const char *envoi_stanza_ids_for(const struct envoi_stanza *message,
	enum envoi_stanza_ids_purpose purpose, bool room_assigns);

/**
 * Verify that the sender of a message is a given entity. A correction or retraction is valid from
 * the sender of the message that it refers to; a receipt or marker from the recipient of that
 * message.
 *
 * Bare addresses are compared, and in a room or with an occupant of a room full addresses
 * (XEP-0308, section 4). In rooms another user may have taken the nick in the meantime: the program
 * also compares the occupant ids of XEP-0421, or tracks leaving and joining.
 *
 * @param entity      sender or recipient of the message that is referred to
 * @param is_of_room  true: the conversation is one with an occupant of a room. Messages of type
 *                    groupchat are always compared in this way
 * @return false also for a message of type error, and for one without sender
 */
ENVOI_API bool envoi_stanza_ids_is_from(
	const struct envoi_stanza *message, const struct envoi_jid *entity, bool is_of_room);

#ifdef __cplusplus
}
#endif
#endif
