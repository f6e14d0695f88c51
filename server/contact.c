/*
 * envoi-server - copies of contacts
 * SPDX-License-Identifier: MIT
 */
#include "contact.h"

#include <string.h>

static size_t size_of(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

/* @param[in,out] room  where the next text goes */
static const char *kept(char **room, const char *text)
{
	size_t size = size_of(text);
	char *at = *room;
	if (text == NULL) {
		return NULL;
	}
	memcpy(at, text, size);
	*room += size;
	return at;
}

static size_t room_for(const struct envoi_store_contact *value)
{
	size_t size = value->group_count * sizeof(value->groups[0]) + size_of(value->jid) +
		size_of(value->name) + size_of(value->request);
	for (size_t i = 0; i < value->group_count; i++) {
		size += size_of(value->groups[i]);
	}
	return size;
}

struct envoi__server_contact *envoi__server_contact_new(
	struct envoi_context *context, const struct envoi_store_contact *value)
{
	struct envoi__server_contact *contact = envoi_alloc(
		context, sizeof(*contact) + room_for(value));
	if (contact == NULL) {
		return NULL;
	}
	const char **groups = (const char **)(contact + 1);
	char *room = (char *)(groups + value->group_count);
	*contact = (struct envoi__server_contact){.value = *value};
	contact->value.jid = kept(&room, value->jid);
	contact->value.name = kept(&room, value->name);
	contact->value.request = kept(&room, value->request);
	for (size_t i = 0; i < value->group_count; i++) {
		groups[i] = kept(&room, value->groups[i]);
	}
	contact->value.groups = groups;
	return contact;
}

struct envoi__server_contact *envoi__server_contact_find(
	const struct envoi__table *contacts, const char *jid, size_t len)
{
	struct envoi__table_link *link = envoi__table_find(contacts, jid, len);
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct envoi__server_contact, link);
}

bool envoi__server_contact_drop(struct envoi__table *contacts, const char *jid, size_t len)
{
	struct envoi__server_contact *contact = envoi__server_contact_find(contacts, jid, len);
	if (contact == NULL) {
		return false;
	}
	envoi__table_remove(contacts, &contact->link);
	envoi_free(contacts->context, contact);
	return true;
}

int envoi__server_contact_put(struct envoi__table *contacts,
	const struct envoi_store_contact *value, struct envoi__server_contact **ret_contact)
{
	struct envoi__server_contact *contact = envoi__server_contact_new(contacts->context, value);
	if (contact == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__server_contact *before = envoi__server_contact_find(
		contacts, value->jid, strlen(value->jid));
	int r = envoi__table_add(contacts, &contact->link, contact->value.jid);
	if (r < 0) {
		envoi_free(contacts->context, contact);
		return r;
	}
	if (before != NULL) {
		envoi__table_remove(contacts, &before->link);
		envoi_free(contacts->context, before);
	}
	if (ret_contact != NULL) {
		*ret_contact = contact;
	}
	return ENVOI_OK;
}

struct envoi_jid *envoi__server_contact_jid(
	struct envoi_context *context, const struct envoi_store_contact *value)
{
	struct envoi_jid *jid = NULL;
	return envoi_jid_from_text(&jid, context, value->jid) < 0 ? NULL : jid;
}

void envoi__server_contacts_finish(struct envoi__table *contacts)
{
	struct envoi__table_link *link = envoi__table_next(contacts, NULL);
	while (link != NULL) {
		struct envoi__table_link *next = envoi__table_next(contacts, link);
		envoi_free(contacts->context,
			ENVOI_CONTAINER_OF(link, struct envoi__server_contact, link));
		link = next;
	}
	envoi__table_finish(contacts);
}
