/*
 * envoi - the contacts of a roster, by address
 * SPDX-License-Identifier: MIT
 */
#include "roster/contacts.h"

#include <string.h>

#include "roster/roster_payload.h"

struct contact {
	struct envoi_jid *key; /* stays when the item is replaced: the map borrows its text */
	struct envoi_roster_item *item; /* an envoi_payload_dup() */
};

static void contact_free(struct envoi_context *context, struct contact *contact)
{
	if (contact != NULL) {
		envoi_payload_free(&envoi__roster_item_type, contact->item);
		envoi_jid_unref(contact->key);
		envoi_free(context, contact);
	}
}

void envoi__contacts_init(struct envoi__contacts *contacts, struct envoi_context *context)
{
	envoi__map_init(&contacts->by_address, context);
}

void envoi__contacts_finish(struct envoi__contacts *contacts)
{
	size_t position = 0;
	struct contact *contact;
	while ((contact = envoi__map_next(&contacts->by_address, &position)) != NULL) {
		contact_free(contacts->by_address.context, contact);
	}
	envoi__map_finish(&contacts->by_address);
}

static int add(struct envoi__map *map, struct envoi_roster_item *item)
{
	struct contact *contact = envoi_alloc(map->context, sizeof(*contact));
	if (contact == NULL) {
		envoi_payload_free(&envoi__roster_item_type, item);
		return ENVOI_ERR_NOMEM;
	}
	*contact = (struct contact){.key = envoi_jid_ref(item->jid), .item = item};
	const char *key = envoi_jid_text(contact->key);
	int r = envoi__map_add(map, key, strlen(key), contact);
	if (r < 0) {
		contact_free(map->context, contact);
	}
	return r;
}

int envoi__contacts_keep(
	struct envoi__contacts *contacts, const struct envoi_roster_item *item, size_t max_items)
{
	struct envoi__map *map = &contacts->by_address;
	const char *key = envoi_jid_text(item->jid);
	struct contact *old = envoi__map_get(map, key, strlen(key));
	if (old == NULL && map->count >= max_items) {
		return ENVOI_ERR_LIMIT;
	}
	struct envoi_roster_item *copy = envoi_payload_dup(
		map->context, &envoi__roster_item_type, item);
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (old == NULL) {
		return add(map, copy);
	}
	envoi_payload_free(&envoi__roster_item_type, old->item);
	old->item = copy;
	return ENVOI_OK;
}

void envoi__contacts_remove(struct envoi__contacts *contacts, const struct envoi_jid *jid)
{
	const char *key = envoi_jid_text(jid);
	struct envoi__map *map = &contacts->by_address;
	contact_free(map->context, envoi__map_remove(map, key, strlen(key)));
}

const struct envoi_roster_item *envoi__contacts_find(
	const struct envoi__contacts *contacts, const struct envoi_jid *jid)
{
	const char *key = envoi_jid_text(jid);
	const struct contact *contact = envoi__map_get(&contacts->by_address, key, strlen(key));
	if (contact == NULL) {
		contact = envoi__map_get(&contacts->by_address, key, envoi_jid_bare_len(jid));
	}
	return contact == NULL ? NULL : contact->item;
}

const struct envoi_roster_item *envoi__contacts_next(
	const struct envoi__contacts *contacts, size_t *position)
{
	const struct contact *contact = envoi__map_next(&contacts->by_address, position);
	return contact == NULL ? NULL : contact->item;
}
