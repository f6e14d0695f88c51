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

#define ENVOI_NS_STANZA_IDS "urn:xmpp:sid:0"

/** An id that an account or a room has assigned to a message (XEP-0359, section 2.1). */
struct envoi_stanza_ids_assigned {
	char *id;
	struct envoi_jid *by; /**< the entity that claims to have assigned it */
};
/** Describes struct envoi_stanza_ids_assigned: the element `stanza-id`. */
ENVOI_API extern const struct envoi_payload_type envoi_stanza_ids_assigned_type;

/** The id that the sender's client gave a message (section 2.2). */
struct envoi_stanza_ids_origin {
	char *id;
};
/** Describes struct envoi_stanza_ids_origin: the element `origin-id`. */
ENVOI_API extern const struct envoi_payload_type envoi_stanza_ids_origin_type;

/**
 * Get the id that one entity has assigned to a message: the account's in a conversation of two, the
 * room's for a message of type groupchat (section 3, rule 7). It identifies the message in the
 * archive of that entity (XEP-0313).
 *
 * The sender can write such an element, too. It is genuine only where @p by removes those that it
 * has not made itself, which it announces by the feature ENVOI_NS_STANZA_IDS in service discovery:
 * section 6 asks a program to verify that before it relies on the id. Ids of other entities are
 * never to be used for @p by.
 *
 * @param by  the bare address of the account or room
 * @return borrowed from @p message; NULL: there is none, it is malformed, or there are two that
 *         claim to be of @p by (section 3, rule 4)
 */
ENVOI_API const char *envoi_stanza_ids_assigned_by(
	const struct envoi_stanza *message, const struct envoi_jid *by);

ENVOI_SHADOW_BEGIN
/**
 * Get the id that the sender's client gave a message. It is the same when the client sends the
 * message again, and when a room reflects it. Each sender can use any id (section 6): compare it
 * among messages of one sender only.
 *
 * @return borrowed from @p message; NULL: none, or malformed
 */
ENVOI_API const char *envoi_stanza_ids_origin(const struct envoi_stanza *message);
ENVOI_SHADOW_END

/**
 * Give a message of this side an origin-id that is equal to its id, before it is sent. A message
 * without id gets one. Nothing if it has an origin-id.
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  the id is empty
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM  as envoi_id_make()
 * @retval <0  else the first failure of the message
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
 * Get the id by which other messages refer to a message. The rule of each specification:
 *
 *	purpose     between two              in a room (type groupchat)
 *	CORRECTION  the message's id         the message's id
 *	RECEIPT     the message's id         none: they are not recommended there
 *	MARKER      the message's id         the room's stanza-id
 *	REPLY       origin-id, else its id   the room's stanza-id
 *	REACTION    origin-id, else its id   the room's stanza-id
 *	RETRACTION  the message's id         the room's stanza-id; where the room assigns none, the
 *	                                     origin-id
 *
 * A message that corrects another one is referred to by the id of the first (XEP-0308, section 4,
 * and XEP-0444, section 4): the program calls this for the first message.
 *
 * Ids are chosen by senders: two messages may have the same one. Look for them in the conversation
 * that the reference came in only.
 *
 * @param message       received or sent; of a room the one that the room has sent
 * @param room_assigns  whether the room announces ENVOI_NS_STANZA_IDS in service discovery: where
 *                      it does not, a stanza-id is a forgery. Without effect between two
 * @return borrowed from @p message; NULL: nothing can refer to it for that purpose, or it is of
 *         type error
 */
ENVOI_API const char *envoi_stanza_ids_for(const struct envoi_stanza *message,
	enum envoi_stanza_ids_purpose purpose, bool room_assigns);

/**
 * Verify that a message comes from an entity: that it may correct or retract what that entity has
 * sent, or reports a receipt or marker of what was sent to it. The bare addresses have to be equal,
 * and in a room, or with an occupant of a room, the full ones (XEP-0308, section 4). Another person
 * may have taken the nick in the meantime: in rooms a program also compares the occupant ids of
 * XEP-0421, or keeps track of leaving and joining.
 *
 * @param entity      sender of the message that is referred to, or its recipient
 * @param is_of_room  whether the conversation is one with an occupant of a room; always for type
 *                    groupchat
 * @return false also for a message of type error, and for one without sender
 */
ENVOI_API bool envoi_stanza_ids_is_from(
	const struct envoi_stanza *message, const struct envoi_jid *entity, bool is_of_room);

#ifdef __cplusplus
}
#endif
#endif
