/*
 * envoi - XEP-0184: Message Delivery Receipts
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_RECEIPTS_H
#define ENVOI_EXT_RECEIPTS_H

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_RECEIPTS "urn:xmpp:receipts"

/** A message was delivered to a client of its recipient (XEP-0184, section 5). */
struct envoi_receipts_received {
	char *id; /**< for ENVOI_STANZA_IDS_RECEIPT of envoi_stanza_ids_for() */
};
/** Describes struct envoi_receipts_received: the element `received`. */
ENVOI_API extern const struct envoi_payload_type envoi_receipts_received_type;

/**
 * Ask for a receipt for a message that is going to be sent. None may come, or several, one of each
 * client (section 4).
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  it is of type groupchat (section 5.3), or is itself a receipt (section
 *                            5.4)
 * @retval <0  else the first failure of the message
 */
ENVOI_API int envoi_receipts_request(struct envoi_stanza *message);

/**
 * @return the id in a receipt; NULL: the message is none, or malformed, or of type error, whose
 *         content is what this side has sent. Everybody can send one: it counts from the recipient
 *         of the message with that id only, envoi_stanza_ids_is_from()
 */
ENVOI_API const char *envoi_receipts_id(const struct envoi_stanza *message);

/**
 * @return a handler that announces receipts in service discovery, and sends one for each message
 *         that asks for it. It has no state, serves the sessions of all clients and is never freed.
 *         No client has it by default.
 *
 * A receipt reveals that the client is online. It is sent to those that see its presence
 * (envoi_client_shows_presence_to()), and in a session without a client to nobody. None is sent for
 * messages of type groupchat or error, without id, of the own account, or that are receipts
 * themselves; and none for copies (XEP-0280) and for what an archive returns (section 5.5), which
 * are not delivered as messages. It is sent when the row of the handler is called: not for a
 * message that another row has stopped before.
 */
ENVOI_API struct envoi_handler *envoi_receipts_handler(void);

#ifdef __cplusplus
}
#endif
#endif
