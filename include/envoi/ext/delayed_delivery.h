/*
 * envoi - XEP-0203: Delayed Delivery
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_DELAYED_DELIVERY_H
#define ENVOI_EXT_DELAYED_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/payload.h>
#include <envoi/session.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0203. */
#define ENVOI_NS_DELAYED_DELIVERY "urn:xmpp:delay"

/** A delay (XEP-0203, section 2): a message or presence was sent earlier than it was delivered. */
struct envoi_delayed_delivery {
	/** when the stanza was sent: milliseconds since 1970-01-01T00:00:00Z */
	int64_t stamp_ms;
	struct envoi_jid *from; /**< the entity that sent or delayed the stanza; NULL: not stated */
	char *reason; /**< for a person, at most 1,000 bytes; NULL: none */
};

/** Describes struct envoi_delayed_delivery, for envoi_stanza_encode() and rows. */
ENVOI_API extern const struct envoi_payload_type envoi_delayed_delivery_type;

/**
 * Get the time at which a message or presence was sent, as one entity states it: the earliest stamp
 * of the delays whose `from` is that entity. A stanza may have several delays: of the server that
 * stored it, and of the sender's client that sent it again. Delays without `from` and malformed
 * ones are ignored.
 *
 * The stamp is a claim: a server may pass on a delay that the sender of the stanza has forged.
 *
 * @param from         the entity, compared with its resource
 * @param[out] ret_ms  milliseconds since 1970-01-01T00:00:00Z; unchanged without such a delay
 * @return whether there is such a delay
 */
ENVOI_API bool envoi_delayed_delivery_stated_by(
	const struct envoi_stanza *stanza, const struct envoi_jid *from, int64_t *ret_ms);

/**
 * Get the time to show for a message or presence: the earliest stamp that the server or the account
 * of the session states, or, for a message of type groupchat, the room of its sender (XEP-0203,
 * section 3). Delays of other entities are ignored; envoi_delayed_delivery_stated_by() returns
 * them.
 *
 * @param[out] ret_ms  as envoi_delayed_delivery_stated_by()
 * @return false: there is no such delay, so the stanza was sent when it was received
 */
ENVOI_API bool envoi_delayed_delivery_sent_at(
	const struct envoi_session *session, const struct envoi_stanza *stanza, int64_t *ret_ms);

#ifdef __cplusplus
}
#endif
#endif
