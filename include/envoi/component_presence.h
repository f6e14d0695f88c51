/*
 * envoi - presence of a component's addresses
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_COMPONENT_PRESENCE_H
#define ENVOI_COMPONENT_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/component.h>
#include <envoi/jid.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * For presence and subscriptions (RFC 6121, sections 3 and 4) a component is the server of its
 * addresses. The component keeps the presence of each own address and the subscriptions between own
 * addresses and contacts, and does what sections 3 and 4 require of a server:
 *
 * - Probes are answered (section 4.3.2), and a contact whose request is approved gets the presence.
 * - A change of presence is sent to the contacts that are subscribed. When a session starts, the
 *   presence of all own addresses is sent again, because the server has kept none of it.
 *   Unavailable presence may have been lost with the connection (section 4.5.2): it is sent again,
 *   for the latest 10,000 addresses, unless the server has answered a ping that was sent after it
 *   (setting acknowledgement.ping).
 * - envoi_component_disconnect() first makes all own addresses unavailable at their contacts. No
 *   server does this on behalf of a component. At most close.timeout is used for it.
 * - Presence to many contacts is sent while the outbox has room: it pauses at
 *   ENVOI_EVENT_OUTBOX_HIGH and continues at ENVOI_EVENT_OUTBOX_LOW.
 * - Subscription stanzas are sent between bare addresses. Received ones may have resources, and may
 *   come in any order.
 *
 * Nothing is stored: a program keeps subscriptions itself (`changed`), and loads them before it
 * connects. Presence from contacts is delivered to stanza rows.
 *
 * Addresses are given as text and prepared. An own address is one of the component's domain.
 * Functions fail with ENVOI_ERR_INVALID if an address is malformed or not of that domain, and with
 * ENVOI_ERR_NOMEM; others are documented.
 */

/** A subscription between an own address and a contact; OR of these bits. */
enum envoi_component_subscription {
	ENVOI_COMPONENT_FROM = 1, /**< the contact receives the presence of the own address */
	ENVOI_COMPONENT_TO = 2, /**< the own address receives the presence of the contact */
	ENVOI_COMPONENT_PENDING_OUT = 4, /**< the own address has requested it */
	ENVOI_COMPONENT_PENDING_IN = 8, /**< the contact has requested it: no answer yet */
};

/** What becomes of a request for presence. */
enum envoi_component_verdict {
	ENVOI_COMPONENT_APPROVE,
	ENVOI_COMPONENT_REFUSE,
	/** the request stays open for envoi_component_approve() or envoi_component_refuse(); a
	 * probe is not answered */
	ENVOI_COMPONENT_DEFER,
};

struct envoi_component_presence_hook;

/** The application's part. Called from the loop; the component may be freed inside. */
struct envoi_component_presence_hook_impl {
	/**
	 * OPTIONAL. A contact requests the presence of an own address, and is not subscribed.
	 * Without this function a request to an address whose presence is set is approved, another
	 * one is refused.
	 * @param own, contact  bare; borrowed for the call
	 * @param is_probe      the request is a probe: the contact's server has the contact as
	 *                      subscribed, for example because the program has lost its data. A
	 *                      refusal ends that subscription
	 */
	enum envoi_component_verdict (*requested)(struct envoi_component_presence_hook *hook,
		struct envoi_component *component, const struct envoi_jid *own,
		const struct envoi_jid *contact, bool is_probe);
	/** OPTIONAL. A subscription was changed, by the contact or by one of the functions below,
	 * except envoi_component_load_subscription(). @param subscription  bits; 0: none */
	void (*changed)(struct envoi_component_presence_hook *hook,
		struct envoi_component *component, const struct envoi_jid *own,
		const struct envoi_jid *contact, unsigned int subscription);
};

/** Base of every hook; embedded first. */
struct envoi_component_presence_hook {
	const struct envoi_component_presence_hook_impl *impl;
};

/** Set the hook. @param hook  borrowed, must outlive the component; NULL: none */
ENVOI_API void envoi_component_set_presence_hook(
	struct envoi_component *component, struct envoi_component_presence_hook *hook);

/**
 * Set the presence of an own address, and send it to the contacts that are subscribed to the bare
 * address: from the loop, or at the start of the next session.
 *
 * @param own       bare, or with a resource; each resource has a presence of its own
 * @param presence  available; its payload is sent, its addresses are not. A reference is taken: one
 *                  stanza may serve many addresses, and is not to be changed any more. NULL: the
 *                  address becomes unavailable
 * @retval ENVOI_ERR_INVALID  also: @p presence is no available presence
 */
ENVOI_API int envoi_component_set_presence(
	struct envoi_component *component, const char *own, struct envoi_stanza *presence);

/** Set a subscription that the program has stored; nothing is sent.
 * @param own, contact  resources in them have no effect; the same applies to all functions below
 * @param subscription  bits; 0: none */
ENVOI_API int envoi_component_load_subscription(struct envoi_component *component, const char *own,
	const char *contact, unsigned int subscription);
/** @return the bits of a subscription; 0: none, or an invalid address */
ENVOI_API unsigned int envoi_component_subscription(
	const struct envoi_component *component, const char *own, const char *contact);

/** Approve a contact (section 3.1.4), and send it the presence.
 * Other errors as envoi_send(): nothing has changed. The same applies to all functions below. */
ENVOI_API int envoi_component_approve(
	struct envoi_component *component, const char *own, const char *contact);
/** Refuse the request of a contact, or end its subscription (sections 3.1.4 and 3.2). */
ENVOI_API int envoi_component_refuse(
	struct envoi_component *component, const char *own, const char *contact);
/** Request the presence of a contact (section 3.1). */
ENVOI_API int envoi_component_subscribe(
	struct envoi_component *component, const char *own, const char *contact);
/** End the own subscription to a contact, or take back the request (section 3.3). */
ENVOI_API int envoi_component_unsubscribe(
	struct envoi_component *component, const char *own, const char *contact);

/** What a component holds. */
struct envoi_component_stats {
	size_t addresses; /**< bare own addresses, with presence or subscriptions */
	size_t contacts; /**< subscriptions, at most limits.component-contacts */
	size_t unsent; /**< addresses whose change of presence is still being sent */
};

/** Fill in *ret_stats. */
ENVOI_API void envoi_component_get_stats(
	const struct envoi_component *component, struct envoi_component_stats *ret_stats);

#ifdef __cplusplus
}
#endif
#endif
