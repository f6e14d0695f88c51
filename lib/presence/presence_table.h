/*
 * envoi - presences of contacts, by address
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRESENCE_PRESENCE_TABLE_H
#define ENVOI_PRESENCE_PRESENCE_TABLE_H

#include <envoi/presence.h>
#include <envoi/stanza.h>

#include "base/list.h"
#include "base/map.h"
#include "presence/presence_settings.h"

struct envoi__presence_contact;

struct envoi__presence_table {
	struct envoi_context *context; /* borrowed */
	struct envoi__presence_settings limits;
	struct envoi__map contacts; /* by bare address */
	struct envoi__list available; /* resources, in the order of their updates */
	size_t count, bytes; /* of available resources; of all that is held */
	uint64_t updates, refused;
};

void envoi__presence_table_init(struct envoi__presence_table *table, struct envoi_context *context);

/** Drop everything; the table can be used on. */
void envoi__presence_table_clear(struct envoi__presence_table *table);

/** @return the contact with the bare address of @p jid; NULL: it is not in the table */
struct envoi__presence_contact *envoi__presence_contact_find(
	const struct envoi__presence_table *table, const struct envoi_jid *jid);

/** Visit every contact, in no order; dropping the visited one is allowed. @param[in,out] position 0
 * to begin. @return NULL at the end */
struct envoi__presence_contact *envoi__presence_contact_next(
	const struct envoi__presence_table *table, size_t *position);

/** @return the address of one of its presences, with its resource */
const struct envoi_jid *envoi__presence_contact_jid(const struct envoi__presence_contact *contact);

/** @return whether envoi__presence_contact_subscribe() was called: presence is held because of a
 * subscription, not because it was directed here */
bool envoi__presence_contact_is_subscribed(const struct envoi__presence_contact *contact);
void envoi__presence_contact_subscribe(struct envoi__presence_contact *contact);

void envoi__presence_contact_drop(
	struct envoi__presence_table *table, struct envoi__presence_contact *contact);

/**
 * Take an available presence into the table.
 *
 * @param stanza      with a sender; not kept
 * @param[out] limit  the limit for which it is not held; NULL: it is held
 * @retval ENVOI_ERR_NOMEM  nothing changed
 */
int envoi__presence_table_keep(struct envoi__presence_table *table,
	const struct envoi_stanza *stanza, const char **ret_limit);

/**
 * Drop the resource that an unavailable presence is from, every resource where it is from a bare
 * address, and hold it as the last of a contact without available resource.
 *
 * @param[out] ret_change  whether a resource was dropped
 * @retval ENVOI_ERR_NOMEM  the resource is dropped, the last presence is not held
 */
int envoi__presence_table_leave(
	struct envoi__presence_table *table, const struct envoi_stanza *stanza, bool *ret_change);

/** As envoi_presences_find(), next_of(), next() and last(). */
const struct envoi_contact_presence *envoi__presence_table_find(
	const struct envoi__presence_table *table, const struct envoi_jid *jid);
const struct envoi_contact_presence *envoi__presence_table_next_of(
	const struct envoi__presence_table *table, const struct envoi_jid *jid,
	const struct envoi_contact_presence *previous);
const struct envoi_contact_presence *envoi__presence_table_next(
	const struct envoi__presence_table *table, const struct envoi_contact_presence *previous);
const struct envoi_contact_presence *envoi__presence_table_last(
	const struct envoi__presence_table *table, const struct envoi_jid *jid);

#endif
