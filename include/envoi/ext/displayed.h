/*
 * envoi - XEP-0490: Message Displayed Synchronization
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_DISPLAYED_H
#define ENVOI_EXT_DISPLAYED_H

#include <stdbool.h>

#include <envoi/ext/pep.h>
#include <envoi/ext/pubsub.h>
#include <envoi/ext/stanza_ids.h>
#include <envoi/payload.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The namespace, and the name of the node. */
#define ENVOI_NS_DISPLAYED "urn:xmpp:mds:displayed:0"
/** A feature of the own account: envoi_displayed_assist() may be used. */
#define ENVOI_NS_DISPLAYED_ASSIST "urn:xmpp:mds:server-assist:0"

/** The payload of an item: the last displayed message of a chat. */
struct envoi_displayed {
	struct envoi_stanza_ids_assigned stanza_id;
};
/** Describes struct envoi_displayed. */
ENVOI_API extern const struct envoi_payload_type envoi_displayed_type;

/**
 * Store the last displayed message of a chat, for the other clients of the account (section 4.2).
 * The node is private (envoi_pep_store()).
 *
 * @param chat  the bare address of the contact or of the room; for private messages in a room the
 *              full address of the occupant
 * @param room  whether the room has assigned @p id: then its bare address is `by`, else that of the
 *              account
 * @param id    the id that was assigned to the message (envoi_stanza_ids_assigned_by())
 * @param done  called once, as for envoi_pep_store()
 * @param user  passed to @p done
 * @retval ENVOI_ERR_INVALID  @p chat or @p id is NULL, or @p id is empty
 * @retval ENVOI_ERR_STATE    also: the session has no address
 * Other errors as envoi_pep_store().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_displayed_set(struct envoi_session *session,
	const struct envoi_jid *chat, bool room, const char *id, envoi_pep_fn *done, void *user);

/**
 * Request the stored states (section 4.4). A program calls it at the beginning of each new session,
 * for the changes that were made in the meantime. Later changes come as events of the node
 * ENVOI_NS_DISPLAYED from the own account: envoi_pep_events_new().
 *
 * @param done  called exactly once, as for envoi_request(); envoi_answer_payload() is a struct
 *              envoi_pubsub, whose items envoi_displayed_read() reads. The error item-not-found
 *              means that nothing is stored
 * @param user  passed to @p done
 * Errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_displayed_get(
	struct envoi_session *session, envoi_answer_fn *done, void *user);

/**
 * Read an item of the node.
 *
 * The program has to ignore an item with an unknown message, or with an older message than the last
 * displayed one (section 5.1): the state moves forward only.
 *
 * @param[out] ret_chat  a new reference to the address of the chat
 * @param[out] ret_id    the id of the message; borrowed from @p item
 * @retval ENVOI_DECLINED  the item has another payload or is malformed, or its id was assigned
 *                         neither by the account nor by the room
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_displayed_read(struct envoi_jid **ret_chat,
	const char **ret_id, const struct envoi_session *session,
	const struct envoi_pubsub_item *item);

/**
 * Add the state of a chat to an outgoing message: the server stores it and removes the element
 * (section 4.5). Use it only if the own account announces ENVOI_NS_DISPLAYED_ASSIST: other servers
 * pass the element on to the contact. The message has to have another child, a displayed marker
 * (<envoi/ext/markers.h>) for example.
 *
 * @param message  to the bare address of the chat; NULL reports ENVOI_ERR_NOMEM
 * @param by, id   as of envoi_displayed_set(): @p by is the account's bare address, or that of the
 *                 room
 * @retval ENVOI_ERR_INVALID  the stanza is not a message, is not addressed to a bare address, or
 *                            has no child; or @p by or @p id is NULL, or @p id is empty
 * Other errors as envoi_stanza_encode().
 */
ENVOI_API int envoi_displayed_assist(
	struct envoi_stanza *message, const struct envoi_jid *by, const char *id);

#ifdef __cplusplus
}
#endif
#endif
