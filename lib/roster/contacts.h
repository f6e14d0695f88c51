/*
 * envoi - the contacts of a roster, by address
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROSTER_CONTACTS_H
#define ENVOI_ROSTER_CONTACTS_H

#include <envoi/roster.h>

#include "base/map.h"

struct envoi__contacts {
	struct envoi__map by_address;
};

void envoi__contacts_init(struct envoi__contacts *contacts, struct envoi_context *context);
void envoi__contacts_finish(struct envoi__contacts *contacts);

/**
 * Add a contact, or replace the one with the same address.
 * @param item       copied
 * @param max_items  contacts that may be held
 * @retval ENVOI_ERR_LIMIT  there are as many already; nothing changed
 * @retval ENVOI_ERR_NOMEM  nothing changed
 */
int envoi__contacts_keep(
	struct envoi__contacts *contacts, const struct envoi_roster_item *item, size_t max_items);

/** Remove the contact with exactly this address, if there is one. */
void envoi__contacts_remove(struct envoi__contacts *contacts, const struct envoi_jid *jid);

/** @return the contact with this address, else the one with its bare address; or NULL */
const struct envoi_roster_item *envoi__contacts_find(
	const struct envoi__contacts *contacts, const struct envoi_jid *jid);

/** As envoi_roster_next(). */
const struct envoi_roster_item *envoi__contacts_next(
	const struct envoi__contacts *contacts, size_t *position);

#endif
