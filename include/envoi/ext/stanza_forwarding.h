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

/** Namespace of XEP-0297. */
#define ENVOI_NS_STANZA_FORWARDING "urn:xmpp:forward:0"

/**
 * A message inside another stanza (XEP-0297, section 3). Its sender and its time are claims of the
 * entity that forwards it, and any entity can forge them. The extension that contains it specifies
 * which entities are trusted, and for what (section 7.2). It is never processed as a received
 * message (section 7.1).
 */
struct envoi_stanza_forwarding {
	/** when the forwarding entity received the message; NULL: not stated, or malformed */
	struct envoi_delayed_delivery *delay;
	/** the element `message` of `jabber:client`; NULL: another stanza was forwarded, or none */
	struct envoi_element *message;
};

/** Describes struct envoi_stanza_forwarding. */
ENVOI_API extern const struct envoi_payload_type envoi_stanza_forwarding_type;

/**
 * Get the message that was forwarded.
 *
 * @param[out] ret_message  a new reference, which also keeps the stanza around the message; absent
 *                          or malformed addresses of the message are NULL
 * @param forwarding        decoded from a stanza
 * @retval ENVOI_DECLINED  there is no message
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stanza_forwarding_message(
	struct envoi_stanza **ret_message, const struct envoi_stanza_forwarding *forwarding);

#ifdef __cplusplus
}
#endif
#endif
