/*
 * envoi - XEP-0297: Stanza Forwarding
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_STANZA_FORWARDING_H
#define ENVOI_EXT_STANZA_FORWARDING_H

#include <envoi/ext/delayed_delivery.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_STANZA_FORWARDING "urn:xmpp:forward:0"

/**
 * A message inside another stanza (XEP-0297, section 3). Everybody can write one: its sender and
 * its time are claims of the entity that forwards it. The extension that contains it says from
 * which entity it is to be trusted, and for what (section 7.2). It is never processed as a message
 * that was received (section 7.1).
 */
struct envoi_stanza_forwarding {
	/** when the forwarding entity received the message; NULL: not stated, or malformed */
	struct envoi_delayed_delivery *delay;
	/** `message` in `jabber:client`; NULL: another stanza was forwarded, or none */
	struct envoi_element *message;
};

/** Describes struct envoi_stanza_forwarding. */
ENVOI_API extern const struct envoi_payload_type envoi_stanza_forwarding_type;

/**
 * Get the message that was forwarded.
 *
 * @param forwarding        decoded from a stanza
 * @param[out] ret_message  a new reference, which keeps the stanza around it too; its addresses are
 *                          NULL where they are absent or malformed
 * @retval ENVOI_DECLINED  there is no message
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stanza_forwarding_message(
	struct envoi_stanza **ret_message, const struct envoi_stanza_forwarding *forwarding);

#ifdef __cplusplus
}
#endif
#endif
