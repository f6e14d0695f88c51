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
	struct envoi__map groups; /* by name: how many contacts each has */
	size_t bytes; /* that the contacts take, texts and structs */
	uint64_t lists; /* of groups, that were entered: finds a group that one names twice */
};

/** The most that may be held. */
struct envoi__contacts_limits {
	size_t items, bytes;
};

void envoi__contacts_init(struct envoi__contacts *contacts, struct envoi_context *context);
/** Free all; the contacts can be used on. */
void envoi__contacts_finish(struct envoi__contacts *contacts);

/**
 * Add a contact, or replace the one with the same address.
 * @param item  copied
 * @retval ENVOI_ERR_LIMIT  a limit would be exceeded; nothing changed
 * @retval ENVOI_ERR_NOMEM  nothing changed
 */
int envoi__contacts_keep(struct envoi__contacts *contacts, const struct envoi_roster_item *item,
	const struct envoi__contacts_limits *limits);

/** Remove the contact with exactly this address, if there is one. */
void envoi__contacts_remove(struct envoi__contacts *contacts, const struct envoi_jid *jid);

/** @return the contact with this address, else the one with its bare address; or NULL */
const struct envoi_roster_item *envoi__contacts_find(
	const struct envoi__contacts *contacts, const struct envoi_jid *jid);

/**
 * @return whether the contact's approval of the account's request is awaited: the request is
 *         pending, or was until the last change, which made the account subscribed. It is not
 *         awaited any more
 */
bool envoi__contacts_take_approval(
	const struct envoi__contacts *contacts, const struct envoi_jid *jid);

/** As envoi_roster_next(). */
const struct envoi_roster_item *envoi__contacts_next(
	const struct envoi__contacts *contacts, size_t *position);

/** As envoi_roster_next_group(). */
const char *envoi__contacts_next_group(
	const struct envoi__contacts *contacts, size_t *position, size_t *ret_members);

#endif
