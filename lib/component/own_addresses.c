/*
 * envoi - a component: the table of its addresses, their presence and their contacts
 * SPDX-License-Identifier: MIT
 */
#include "component/own_addresses.h"

#include <stdint.h>
#include <string.h>

#include <envoi/component_presence.h>
#include <envoi/context.h>

static struct envoi__own_address *address_of_due(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__own_address, due_link);
}

static struct envoi__own_contact *contact_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__own_contact, link);
}

/* --- addresses --- */

struct envoi__own_address *envoi__own_address_find(
	const struct envoi__own_addresses *addresses, const struct envoi_jid *jid)
{
	return envoi__map_get(&addresses->by_jid, envoi_jid_text(jid), envoi_jid_bare_len(jid));
}

static struct envoi__own_address *make_address(
	struct envoi__own_addresses *addresses, const struct envoi_jid *jid)
{
	size_t len = envoi_jid_bare_len(jid);
	struct envoi__own_address *address = envoi_alloc_zeroed(
		addresses->context, sizeof(*address) + len + 1);
	if (address == NULL) {
		return NULL;
	}
	envoi__list_init(&address->due_link);
	envoi__list_init(&address->contacts);
	memcpy(address->jid, envoi_jid_text(jid), len);
	if (envoi__map_add(&addresses->by_jid, address->jid, len, address) < 0) {
		envoi_free(addresses->context, address);
		return NULL;
	}
	return address;
}

static struct envoi__own_address *find_or_make(
	struct envoi__own_addresses *addresses, const struct envoi_jid *jid)
{
	struct envoi__own_address *address = envoi__own_address_find(addresses, jid);
	return address != NULL ? address : make_address(addresses, jid);
}

static void drop_if_empty(
	struct envoi__own_addresses *addresses, struct envoi__own_address *address)
{
	if (address->resources == NULL && envoi__list_is_empty(&address->contacts)) {
		(void)envoi__map_remove(&addresses->by_jid, address->jid, strlen(address->jid));
		envoi_free(addresses->context, address);
	}
}

/* --- presence --- */

static struct envoi__own_resource **find_resource(
	struct envoi__own_address *address, const char *jid)
{
	struct envoi__own_resource **place = &address->resources;
	while (*place != NULL && strcmp((*place)->jid, jid) != 0) {
		place = &(*place)->next;
	}
	return place;
}

static void drop_resource(
	struct envoi__own_addresses *addresses, struct envoi__own_resource **place)
{
	struct envoi__own_resource *resource = *place;
	*place = resource->next;
	envoi_stanza_unref(resource->presence);
	envoi_free(addresses->context, resource);
}

/* An address that is being sent begins again with its first contact. */
static void make_due(struct envoi__own_addresses *addresses, struct envoi__own_address *address)
{
	if (addresses->due.next == &address->due_link) {
		addresses->has_begun = false;
	} else if (envoi__list_is_empty(&address->due_link)) {
		envoi__list_append(&addresses->due, &address->due_link);
		addresses->due_count++;
	}
}

static struct envoi__own_resource *make_resource(
	struct envoi__own_addresses *addresses, struct envoi__own_resource **place, const char *jid)
{
	size_t size = strlen(jid) + 1;
	struct envoi__own_resource *resource = envoi_alloc_zeroed(
		addresses->context, sizeof(*resource) + size);
	if (resource != NULL) {
		memcpy(resource->jid, jid, size);
		*place = resource;
	}
	return resource;
}

static int set_available(struct envoi__own_addresses *addresses, const struct envoi_jid *jid,
	struct envoi_stanza *presence)
{
	struct envoi__own_address *address = find_or_make(addresses, jid);
	if (address == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__own_resource **place = find_resource(address, envoi_jid_text(jid));
	struct envoi__own_resource *resource = *place != NULL
		? *place
		: make_resource(addresses, place, envoi_jid_text(jid));
	if (resource == NULL) {
		drop_if_empty(addresses, address);
		return ENVOI_ERR_NOMEM;
	}
	struct envoi_stanza *before = resource->presence;
	resource->presence = envoi_stanza_ref(presence);
	envoi_stanza_unref(before);
	resource->is_due = true;
	make_due(addresses, address);
	return ENVOI_OK;
}

int envoi__own_addresses_set(struct envoi__own_addresses *addresses, const struct envoi_jid *jid,
	struct envoi_stanza *presence)
{
	if (presence != NULL) {
		return set_available(addresses, jid, presence);
	}
	struct envoi__own_address *address = envoi__own_address_find(addresses, jid);
	struct envoi__own_resource *resource = address == NULL
		? NULL
		: *find_resource(address, envoi_jid_text(jid));
	if (resource != NULL && resource->presence != NULL) {
		resource->presence = envoi_stanza_unref(resource->presence);
		resource->is_due = true;
		make_due(addresses, address);
	}
	return ENVOI_OK;
}

/* --- subscriptions --- */

/* The key: the address of the own entry, and the contact's text behind it. */
enum {
	KEY_OFFSET = offsetof(struct envoi__own_contact, address),
	KEY_HEAD = offsetof(struct envoi__own_contact, jid) - KEY_OFFSET,
	KEY_MOST = KEY_HEAD + 3071, /* of an address: RFC 7622, section 3.1 */
};

static const char *key_of(const struct envoi__own_contact *contact)
{
	return (const char *)contact + KEY_OFFSET;
}

static size_t make_key(char key[KEY_MOST], const struct envoi__own_address *address,
	const struct envoi_jid *contact)
{
	size_t len = envoi_jid_bare_len(contact);
	memcpy(key, &address, sizeof(address));
	memcpy(key + KEY_HEAD, envoi_jid_text(contact), len);
	return KEY_HEAD + len;
}

static struct envoi__own_contact *find_contact(const struct envoi__own_addresses *addresses,
	const struct envoi__own_address *address, const struct envoi_jid *contact)
{
	char key[KEY_MOST];
	return address == NULL
		? NULL
		: envoi__map_get(&addresses->contacts, key, make_key(key, address, contact));
}

unsigned int envoi__own_subscription(const struct envoi__own_addresses *addresses,
	const struct envoi_jid *own, const struct envoi_jid *contact)
{
	const struct envoi__own_contact *entry = find_contact(
		addresses, envoi__own_address_find(addresses, own), contact);
	return entry == NULL ? 0 : entry->subscription;
}

static int make_contact(struct envoi__own_addresses *addresses, struct envoi__own_address *address,
	const struct envoi_jid *jid, unsigned int subscription)
{
	size_t len = envoi_jid_bare_len(jid);
	struct envoi__own_contact *contact = envoi_alloc_zeroed(
		addresses->context, sizeof(*contact) + len + 1);
	if (contact == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	contact->subscription = subscription;
	contact->address = address;
	memcpy(contact->jid, envoi_jid_text(jid), len);
	int r = envoi__map_add(&addresses->contacts, key_of(contact), KEY_HEAD + len, contact);
	if (r < 0) {
		envoi_free(addresses->context, contact);
		return r;
	}
	envoi__list_append(&address->contacts, &contact->link);
	return ENVOI_OK;
}

static void go_to_contact(struct envoi__own_addresses *addresses,
	struct envoi__own_address *address, struct envoi__list *link)
{
	addresses->at = link == &address->contacts ? NULL : contact_of(link);
	addresses->at_resource = address->resources;
}

static void drop_contact(struct envoi__own_addresses *addresses, struct envoi__own_contact *contact)
{
	struct envoi__own_address *address = contact->address;
	if (addresses->has_begun && addresses->at == contact) {
		go_to_contact(addresses, address, contact->link.next);
	}
	(void)envoi__map_remove(
		&addresses->contacts, key_of(contact), KEY_HEAD + strlen(contact->jid));
	envoi__list_remove(&contact->link);
	envoi_free(addresses->context, contact);
	drop_if_empty(addresses, address);
}

static int add_contact(struct envoi__own_addresses *addresses, const struct envoi_jid *own,
	const struct envoi_jid *contact, unsigned int subscription)
{
	if (addresses->contacts.count >= addresses->contact_limit) {
		return ENVOI_ERR_FULL;
	}
	struct envoi__own_address *address = find_or_make(addresses, own);
	if (address == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = make_contact(addresses, address, contact, subscription);
	if (r < 0) {
		drop_if_empty(addresses, address);
	}
	return r;
}

int envoi__own_subscription_set(struct envoi__own_addresses *addresses, const struct envoi_jid *own,
	const struct envoi_jid *contact, unsigned int subscription)
{
	struct envoi__own_contact *entry = find_contact(
		addresses, envoi__own_address_find(addresses, own), contact);
	if (entry == NULL) {
		return subscription == 0 ? ENVOI_OK
					 : add_contact(addresses, own, contact, subscription);
	}
	if (subscription == 0) {
		drop_contact(addresses, entry);
	} else {
		entry->subscription = subscription;
	}
	return ENVOI_OK;
}

/* --- what is due --- */

static struct envoi__own_address *first_due(const struct envoi__own_addresses *addresses)
{
	return envoi__list_is_empty(&addresses->due) ? NULL : address_of_due(addresses->due.next);
}

void envoi__own_addresses_all_due(struct envoi__own_addresses *addresses)
{
	size_t position = 0;
	for (struct envoi__own_address *address;
		(address = envoi__map_next(&addresses->by_jid, &position)) != NULL;) {
		struct envoi__own_resource *resource = address->resources;
		for (; resource != NULL; resource = resource->next) {
			resource->is_due = true;
			make_due(addresses, address);
		}
	}
}

/* RFC 6121, section 4.5.2: all contacts that have the presence of the address get this one. */
static void remember_departed(struct envoi__own_addresses *addresses,
	const struct envoi__own_address *address, const char *jid)
{
	if (!envoi__list_is_empty(&address->contacts)) {
		envoi__departed_add(&addresses->departed, jid);
	}
}

/* Where it is available again, its presence says so. */
static void make_departed_due(struct envoi__own_addresses *addresses, const struct envoi_jid *jid)
{
	struct envoi__own_address *address = envoi__own_address_find(addresses, jid);
	struct envoi__own_resource **place = address == NULL
		? NULL
		: find_resource(address, envoi_jid_text(jid));
	struct envoi__own_resource *resource = place == NULL || *place != NULL
		? NULL
		: make_resource(addresses, place, envoi_jid_text(jid));
	if (resource != NULL) {
		resource->is_due = true;
		make_due(addresses, address);
	}
}

void envoi__own_addresses_departed_due(struct envoi__own_addresses *addresses)
{
	struct envoi__departed *departed = &addresses->departed;
	const char *text;
	while ((text = envoi__departed_first(departed, UINT64_MAX)) != NULL) {
		struct envoi_jid *jid;
		if (envoi_jid_from_text(&jid, addresses->context, text) == ENVOI_OK) {
			make_departed_due(addresses, jid);
			envoi_jid_unref(jid);
		}
		envoi__departed_drop_first(departed);
	}
}

static void drop_unavailable(
	struct envoi__own_addresses *addresses, struct envoi__own_address *address)
{
	struct envoi__own_resource **place = &address->resources;
	while (*place != NULL) {
		(*place)->is_due = false;
		if ((*place)->presence == NULL) {
			remember_departed(addresses, address, (*place)->jid);
			drop_resource(addresses, place);
		} else {
			place = &(*place)->next;
		}
	}
}

/* All its contacts were passed. */
static void end_due(struct envoi__own_addresses *addresses, struct envoi__own_address *address)
{
	addresses->has_begun = false;
	envoi__list_remove(&address->due_link);
	addresses->due_count--;
	drop_unavailable(addresses, address);
	drop_if_empty(addresses, address);
}

static bool is_wanted(const struct envoi__own_contact *contact)
{
	return (contact->subscription & ENVOI_COMPONENT_FROM) != 0;
}

/* @return the next due resource for a contact that wants it; NULL: all contacts were passed */
static struct envoi__own_resource *next_resource(
	struct envoi__own_addresses *addresses, struct envoi__own_address *address)
{
	if (!addresses->has_begun) {
		addresses->has_begun = true;
		go_to_contact(addresses, address, address->contacts.next);
	}
	while (addresses->at != NULL) {
		struct envoi__own_resource *resource = addresses->at_resource;
		if (resource == NULL || !is_wanted(addresses->at)) {
			go_to_contact(addresses, address, addresses->at->link.next);
		} else if (!resource->is_due) {
			addresses->at_resource = resource->next;
		} else {
			return resource;
		}
	}
	return NULL;
}

bool envoi__own_addresses_take(
	struct envoi__own_addresses *addresses, struct envoi__own_due *ret_due)
{
	struct envoi__own_address *address;
	while ((address = first_due(addresses)) != NULL) {
		struct envoi__own_resource *resource = next_resource(addresses, address);
		if (resource != NULL) {
			*ret_due = (struct envoi__own_due){
				resource->jid, addresses->at->jid, resource->presence};
			addresses->at_resource = resource->next;
			return true;
		}
		end_due(addresses, address);
	}
	return false;
}

void envoi__own_addresses_untake(
	struct envoi__own_addresses *addresses, const struct envoi_jid *own)
{
	struct envoi__own_address *address = envoi__own_address_find(addresses, own);
	struct envoi__own_resource *resource = address == NULL
		? NULL
		: *find_resource(address, envoi_jid_text(own));
	if (resource != NULL) {
		resource->is_due = true;
		make_due(addresses, address);
	}
}

/* --- all --- */

void envoi__own_addresses_init(
	struct envoi__own_addresses *addresses, struct envoi_context *context)
{
	addresses->context = context;
	addresses->contact_limit = SIZE_MAX;
	envoi__map_init(&addresses->by_jid, context);
	envoi__map_init(&addresses->contacts, context);
	envoi__list_init(&addresses->due);
	envoi__departed_init(&addresses->departed, context);
}

static void free_address(struct envoi__own_addresses *addresses, struct envoi__own_address *address)
{
	while (address->resources != NULL) {
		drop_resource(addresses, &address->resources);
	}
	while (!envoi__list_is_empty(&address->contacts)) {
		struct envoi__own_contact *contact = contact_of(address->contacts.next);
		envoi__list_remove(&contact->link);
		envoi_free(addresses->context, contact);
	}
	envoi_free(addresses->context, address);
}

void envoi__own_addresses_finish(struct envoi__own_addresses *addresses)
{
	size_t position = 0;
	for (struct envoi__own_address *address;
		(address = envoi__map_next(&addresses->by_jid, &position)) != NULL;) {
		free_address(addresses, address);
	}
	envoi__departed_finish(&addresses->departed);
	envoi__map_finish(&addresses->by_jid);
	envoi__map_finish(&addresses->contacts);
}
