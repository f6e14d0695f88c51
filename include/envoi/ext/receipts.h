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

/** Namespace of XEP-0184. */
#define ENVOI_NS_RECEIPTS "urn:xmpp:receipts"

/** A receipt: a message was delivered to a client of its recipient (XEP-0184, section 5). */
struct envoi_receipts_received {
	char *id; /**< of that message: envoi_stanza_ids_for() for ENVOI_STANZA_IDS_RECEIPT */
};
/** Describes struct envoi_receipts_received: the element `received`. */
ENVOI_API extern const struct envoi_payload_type envoi_receipts_received_type;

/**
 * Request a receipt for an outgoing message. No receipt may come, or one from each client of the
 * recipient (section 4).
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  the message is of type groupchat (section 5.3), or is itself a receipt
 *                            (section 5.4)
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API int envoi_receipts_request(struct envoi_stanza *message);

/**
 * Get the id of the message that a receipt acknowledges.
 *
 * Any entity can send a receipt. It is valid only if its sender is the recipient of the message
 * with that id, which envoi_stanza_ids_is_from() verifies.
 *
 * @return borrowed from @p message; NULL: the message is no receipt, is malformed, or of type error
 */
ENVOI_API const char *envoi_receipts_id(const struct envoi_stanza *message);

/**
 * Get the handler that announces receipts in service discovery, and sends a receipt for each
 * message that requests one. No client has it by default.
 *
 * A receipt reveals that the client is online. It is sent only to contacts that see the presence of
 * the client (envoi_client_shows_presence_to()); a session without a client sends none. Messages of
 * these kinds get no receipt:
 *
 * - of type groupchat or error;
 * - without an id;
 * - from the own account;
 * - receipts;
 * - copies (XEP-0280) and items of an archive (section 5.5), which are not delivered as messages;
 * - messages whose delivery an earlier row has stopped.
 *
 * @return stateless; serves the sessions of all clients; never freed
 */
ENVOI_API struct envoi_handler *envoi_receipts_handler(void);

#ifdef __cplusplus
}
#endif
#endif
