/*
 * envoi - a component: the table of its addresses, their presence and their contacts
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_COMPONENT_OWN_ADDRESSES_H
#define ENVOI_COMPONENT_OWN_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/jid.h>
#include <envoi/stanza.h>

#include "base/list.h"
#include "base/map.h"
#include "component/departed.h"

/** The presence of one full address, or of the bare one. */
struct envoi__own_resource {
	struct envoi__own_resource *next;
	struct envoi_stanza *presence; /* NULL: unavailable, until that is sent */
	bool is_due; /* to be sent to the contacts */
	char jid[];
};

/** A bare address of the component. Small: there may be very many. */
struct envoi__own_address {
	struct envoi__list due_link; /* while resources are due */
	struct envoi__list contacts;
	struct envoi__own_resource *resources;
	char jid[];
};

/** A subscription. The last two members are its key in the table. */
struct envoi__own_contact {
	struct envoi__list link; /* of the address */
	unsigned int subscription; /* bits; never 0 */
	struct envoi__own_address *address;
	char jid[]; /* bare */
};

/** Embedded in the component; zeroed before its initialisation. */
struct envoi__own_addresses {
	struct envoi_context *context; /* borrowed */
	struct envoi__map by_jid, contacts;
	struct envoi__list due; /* addresses with resources that are due */
	size_t due_count, contact_limit;
	struct envoi__departed departed;
	/* what comes next of the first due address, once that has begun */
	bool has_begun;
	struct envoi__own_contact *at; /* NULL: all contacts were passed */
	struct envoi__own_resource *at_resource; /* NULL: all of this contact were passed */
};

void envoi__own_addresses_init(
	struct envoi__own_addresses *addresses, struct envoi_context *context);
void envoi__own_addresses_finish(struct envoi__own_addresses *addresses);

/** @return the entry of a bare address, of the bare part of @p jid; NULL: there is none */
struct envoi__own_address *envoi__own_address_find(
	const struct envoi__own_addresses *addresses, const struct envoi_jid *jid);

/** Set the presence of @p jid, which is due then.
 * @param presence  a reference is taken; NULL: unavailable; no effect if it was not available
 * @retval ENVOI_ERR_NOMEM  nothing changed */
int envoi__own_addresses_set(struct envoi__own_addresses *addresses, const struct envoi_jid *jid,
	struct envoi_stanza *presence);

/** @return the bits of a subscription between bare addresses; 0: none */
unsigned int envoi__own_subscription(const struct envoi__own_addresses *addresses,
	const struct envoi_jid *own, const struct envoi_jid *contact);

/** Set the bits. @retval ENVOI_ERR_FULL  limits.component-contacts @retval ENVOI_ERR_NOMEM */
int envoi__own_subscription_set(struct envoi__own_addresses *addresses, const struct envoi_jid *own,
	const struct envoi_jid *contact, unsigned int subscription);

/** On a new connection, unavailable presence is due again that the server may not have. */
void envoi__own_addresses_departed_due(struct envoi__own_addresses *addresses);

/** All resources of all addresses are due again. */
void envoi__own_addresses_all_due(struct envoi__own_addresses *addresses);

/** A presence to be sent; borrowed until the table changes. */
struct envoi__own_due {
	const char *from, *to;
	struct envoi_stanza *presence; /* NULL: unavailable */
};

/** Take the next presence to be sent. @return false: there is none */
bool envoi__own_addresses_take(
	struct envoi__own_addresses *addresses, struct envoi__own_due *ret_due);
/** What was taken was not sent: the presence of @p own is due again at all its contacts. */
void envoi__own_addresses_untake(
	struct envoi__own_addresses *addresses, const struct envoi_jid *own);

#endif
