/*
 * envoi - XEP-0359: Unique and Stable Stanza IDs
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_STANZA_IDS_H
#define ENVOI_EXT_STANZA_IDS_H

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

#ifdef __cplusplus
}
#endif
#endif
