/*
 * envoi-server - copies of contacts
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SERVER_CONTACT_H
#define ENVOI_SERVER_CONTACT_H

#include <envoi/interfaces/store.h>
#include <envoi/jid.h>

#include "table.h"

/** A contact in a table, by its jid. One block of memory. */
struct envoi__server_contact {
	struct envoi__table_link link;
	struct envoi_store_contact value;
};

/** Copy a contact, for a table. @return NULL: out of memory; free it with envoi_free() */
struct envoi__server_contact *envoi__server_contact_new(
	struct envoi_context *context, const struct envoi_store_contact *value);
/** @return the contact of a jid of @p len bytes; NULL: none */
struct envoi__server_contact *envoi__server_contact_find(
	const struct envoi__table *contacts, const char *jid, size_t len);
/** Put a copy of a contact into a table, in place of the one of its jid.
 * @param[out] ret_contact  NULL: not wanted
 * @retval ENVOI_ERR_NOMEM */
int envoi__server_contact_put(struct envoi__table *contacts,
	const struct envoi_store_contact *value, struct envoi__server_contact **ret_contact);
/** Remove the contact of a jid, if there is one. @return whether there was one */
bool envoi__server_contact_drop(struct envoi__table *contacts, const char *jid, size_t len);
/** @return the address of a contact, a reference; NULL: out of memory */
struct envoi_jid *envoi__server_contact_jid(
	struct envoi_context *context, const struct envoi_store_contact *value);
/** Free all contacts of a table, and the table. */
void envoi__server_contacts_finish(struct envoi__table *contacts);

#endif
