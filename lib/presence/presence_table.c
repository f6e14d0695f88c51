/*
 * envoi - presences of contacts, by address
 * SPDX-License-Identifier: MIT
 */
#include "presence/presence_table.h"

#include <string.h>

struct envoi__presence_contact {
	struct envoi_jid *jid; /* bare; its text is the key of the map */
	struct envoi__list resources; /* available ones, the best first */
	size_t count;
	bool is_subscribed; /* the account was subscribed when a presence arrived */
	struct resource *last; /* unavailable; NULL while a resource is available */
};

struct resource {
	struct envoi_contact_presence shown;
	struct envoi__list in_table, in_contact;
	struct envoi__presence_contact *contact;
	size_t cost; /* in bytes */
	uint64_t update; /* number of its update: later ones are larger */
	char status[];
};

/* --- resources --- */

static size_t cost_of(const struct envoi_jid *jid, const char *status)
{
	return sizeof(struct resource) + strlen(envoi_jid_text(jid)) +
		(status == NULL ? 0 : strlen(status) + 1);
}

/* A status that there is no room for is left out. */
static const char *affordable_status(
	const struct envoi__presence_table *table, const struct envoi_stanza *stanza)
{
	const char *status = envoi_presence_status(stanza, NULL);
	size_t cost = cost_of(envoi_stanza_from(stanza), status);
	size_t most = table->limits.presence_bytes;
	return cost > most || table->bytes > most - cost ? NULL : status;
}

/* RFC 6121, section 4.7.2.1, from the least available to the most. NULL is plain presence. */
static const char *const shows[] = {"dnd", "xa", "away", NULL, "chat"};

static int rank_of_show(const char *show)
{
	for (int i = 0; i < (int)(sizeof(shows) / sizeof(shows[0])); i++) {
		if (show == NULL ? shows[i] == NULL
				 : shows[i] != NULL && strcmp(show, shows[i]) == 0) {
			return i;
		}
	}
	return rank_of_show(NULL);
}

/* @return NULL: out of memory */
static struct resource *resource_new(
	struct envoi__presence_table *table, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *jid = envoi_stanza_from(stanza);
	const char *status = affordable_status(table, stanza);
	size_t len = status == NULL ? 0 : strlen(status) + 1;
	struct resource *resource = envoi_alloc(table->context, sizeof(*resource) + len);
	if (resource == NULL) {
		return NULL;
	}
	*resource = (struct resource){
		.shown = {.jid = envoi_jid_ref(jid),
			.show = shows[rank_of_show(envoi_presence_show(stanza))],
			.status = status == NULL ? NULL : resource->status,
			.priority = envoi_presence_priority(stanza),
			.is_available = envoi_stanza_type(stanza) == ENVOI_TYPE_AVAILABLE,
			.received_ms = envoi_context_wall_clock_ms(table->context)},
		.cost = cost_of(jid, status),
		.update = ++table->updates,
	};
	memcpy(resource->status, status == NULL ? "" : status, len);
	table->bytes += resource->cost;
	return resource;
}

/* In no list. */
static void resource_free(struct envoi__presence_table *table, struct resource *resource)
{
	if (resource != NULL) {
		table->bytes -= resource->cost;
		envoi_jid_unref((struct envoi_jid *)(uintptr_t)resource->shown.jid);
		envoi_free(table->context, resource);
	}
}

static void drop_resource(struct envoi__presence_table *table, struct resource *resource)
{
	if (resource != NULL) {
		envoi__list_remove(&resource->in_table);
		envoi__list_remove(&resource->in_contact);
		resource->contact->count--;
		table->count--;
		resource_free(table, resource);
	}
}

static struct resource *resource_at(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct resource, in_contact);
}

static bool is_better(const struct resource *a, const struct resource *b)
{
	int a_rank = rank_of_show(a->shown.show), b_rank = rank_of_show(b->shown.show);
	if (a->shown.priority != b->shown.priority) {
		return a->shown.priority > b->shown.priority;
	}
	return a_rank != b_rank ? a_rank > b_rank : a->update > b->update;
}

/* --- contacts --- */

struct envoi__presence_contact *envoi__presence_contact_find(
	const struct envoi__presence_table *table, const struct envoi_jid *jid)
{
	return envoi__map_get(&table->contacts, envoi_jid_text(jid), envoi_jid_bare_len(jid));
}

struct envoi__presence_contact *envoi__presence_contact_next(
	const struct envoi__presence_table *table, size_t *position)
{
	return envoi__map_next(&table->contacts, position);
}

bool envoi__presence_contact_is_subscribed(const struct envoi__presence_contact *contact)
{
	return contact->is_subscribed;
}

void envoi__presence_contact_subscribe(struct envoi__presence_contact *contact)
{
	contact->is_subscribed = true;
}

const struct envoi_jid *envoi__presence_contact_jid(const struct envoi__presence_contact *contact)
{
	return contact->last != NULL ? contact->last->shown.jid
				     : resource_at(contact->resources.next)->shown.jid;
}

static void drop_resources(
	struct envoi__presence_table *table, struct envoi__presence_contact *contact)
{
	while (!envoi__list_is_empty(&contact->resources)) {
		drop_resource(table, resource_at(contact->resources.next));
	}
}

static void drop_last(struct envoi__presence_table *table, struct envoi__presence_contact *contact)
{
	resource_free(table, contact->last);
	contact->last = NULL;
}

static void contact_free(
	struct envoi__presence_table *table, struct envoi__presence_contact *contact)
{
	drop_resources(table, contact);
	drop_last(table, contact);
	envoi_jid_unref(contact->jid);
	envoi_free(table->context, contact);
}

void envoi__presence_contact_drop(
	struct envoi__presence_table *table, struct envoi__presence_contact *contact)
{
	const char *key = envoi_jid_text(contact->jid);
	envoi__map_remove(&table->contacts, key, strlen(key));
	contact_free(table, contact);
}

static void drop_empty(struct envoi__presence_table *table, struct envoi__presence_contact *contact)
{
	if (contact->count == 0 && contact->last == NULL) {
		envoi__presence_contact_drop(table, contact);
	}
}

static int add_contact(struct envoi__presence_contact **ret_contact,
	struct envoi__presence_table *table, const struct envoi_jid *jid)
{
	struct envoi__presence_contact *contact = envoi_alloc_zeroed(
		table->context, sizeof(*contact));
	if (contact == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__list_init(&contact->resources);
	int r = envoi_jid_bare(&contact->jid, jid);
	if (r == ENVOI_OK) {
		const char *key = envoi_jid_text(contact->jid);
		r = envoi__map_add(&table->contacts, key, strlen(key), contact);
	}
	if (r < 0) {
		contact_free(table, contact);
		return r;
	}
	*ret_contact = contact;
	return ENVOI_OK;
}

static int find_or_add(struct envoi__presence_contact **ret_contact,
	struct envoi__presence_table *table, const struct envoi_jid *jid)
{
	*ret_contact = envoi__presence_contact_find(table, jid);
	return *ret_contact != NULL ? ENVOI_OK : add_contact(ret_contact, table, jid);
}

static struct resource *find_resource(
	const struct envoi__presence_contact *contact, const struct envoi_jid *jid)
{
	for (struct envoi__list *link = contact->resources.next; link != &contact->resources;
		link = link->next) {
		if (envoi_jid_equal(resource_at(link)->shown.jid, jid)) {
			return resource_at(link);
		}
	}
	return NULL;
}

static struct resource *longest_ago(const struct envoi__presence_contact *contact)
{
	struct resource *found = NULL;
	for (struct envoi__list *link = contact->resources.next; link != &contact->resources;
		link = link->next) {
		struct resource *resource = resource_at(link);
		found = found == NULL || resource->update < found->update ? resource : found;
	}
	return found;
}

/* --- the table --- */

void envoi__presence_table_init(struct envoi__presence_table *table, struct envoi_context *context)
{
	*table = (struct envoi__presence_table){.context = context};
	envoi__map_init(&table->contacts, context);
	envoi__list_init(&table->available);
}

void envoi__presence_table_clear(struct envoi__presence_table *table)
{
	size_t position = 0;
	struct envoi__presence_contact *contact;
	while ((contact = envoi__map_next(&table->contacts, &position)) != NULL) {
		contact_free(table, contact);
	}
	envoi__map_finish(&table->contacts);
}

static void insert(struct envoi__presence_table *table, struct envoi__presence_contact *contact,
	struct resource *resource)
{
	struct envoi__list *at = contact->resources.next;
	while (at != &contact->resources && is_better(resource_at(at), resource)) {
		at = at->next;
	}
	resource->contact = contact;
	envoi__list_insert_before(at, &resource->in_contact);
	envoi__list_append(&table->available, &resource->in_table);
	contact->count++;
	table->count++;
	drop_last(table, contact);
}

/* Its former presence gives way, or another resource. */
static void make_room(struct envoi__presence_table *table, struct envoi__presence_contact *contact,
	const struct envoi_jid *jid)
{
	drop_resource(table, find_resource(contact, jid));
	while (contact->count >= table->limits.resources) {
		drop_resource(table, longest_ago(contact));
	}
}

/* @return the limit that is exceeded with one more resource, whose bytes are counted; NULL: none */
static const char *exceeded(const struct envoi__presence_table *table)
{
	if (table->count >= table->limits.presences) {
		return "limits.presences";
	}
	return table->bytes > table->limits.presence_bytes ? "limits.presence-bytes" : NULL;
}

static void refuse(struct envoi__presence_table *table, struct resource *resource,
	struct envoi__presence_contact *contact)
{
	table->refused++;
	resource_free(table, resource);
	drop_empty(table, contact);
}

int envoi__presence_table_keep(struct envoi__presence_table *table,
	const struct envoi_stanza *stanza, const char **ret_limit)
{
	struct envoi__presence_contact *contact;
	int r = find_or_add(&contact, table, envoi_stanza_from(stanza));
	if (r < 0) {
		return r;
	}
	struct resource *resource = resource_new(table, stanza);
	if (resource == NULL) {
		drop_empty(table, contact);
		return ENVOI_ERR_NOMEM;
	}
	make_room(table, contact, resource->shown.jid);
	*ret_limit = exceeded(table);
	if (*ret_limit != NULL) {
		refuse(table, resource, contact);
	} else {
		insert(table, contact, resource);
	}
	return ENVOI_OK;
}

static int keep_last(struct envoi__presence_table *table, struct envoi__presence_contact *contact,
	const struct envoi_stanza *stanza)
{
	drop_last(table, contact);
	struct resource *last = resource_new(table, stanza);
	if (last == NULL) {
		drop_empty(table, contact);
		return ENVOI_ERR_NOMEM;
	}
	if (table->bytes > table->limits.presence_bytes) {
		refuse(table, last, contact);
	} else {
		contact->last = last;
	}
	return ENVOI_OK;
}

int envoi__presence_table_leave(
	struct envoi__presence_table *table, const struct envoi_stanza *stanza, bool *ret_change)
{
	const struct envoi_jid *jid = envoi_stanza_from(stanza);
	struct envoi__presence_contact *contact;
	size_t before = table->count;
	int r = find_or_add(&contact, table, jid);
	*ret_change = false;
	if (r < 0) {
		return r;
	}
	if (envoi_jid_is_bare(jid)) {
		drop_resources(table, contact);
	} else {
		drop_resource(table, find_resource(contact, jid));
	}
	*ret_change = table->count != before;
	return contact->count == 0 ? keep_last(table, contact, stanza) : ENVOI_OK;
}

/* --- reading --- */

const struct envoi_contact_presence *envoi__presence_table_find(
	const struct envoi__presence_table *table, const struct envoi_jid *jid)
{
	const struct envoi__presence_contact *contact = envoi__presence_contact_find(table, jid);
	const struct resource *found = contact == NULL ? NULL : find_resource(contact, jid);
	return found == NULL ? NULL : &found->shown;
}

static const struct resource *resource_of(const struct envoi_contact_presence *shown)
{
	return ENVOI_CONTAINER_OF_CONST(shown, struct resource, shown);
}

const struct envoi_contact_presence *envoi__presence_table_next_of(
	const struct envoi__presence_table *table, const struct envoi_jid *jid,
	const struct envoi_contact_presence *previous)
{
	const struct envoi__presence_contact *contact = envoi__presence_contact_find(table, jid);
	if (contact == NULL) {
		return NULL;
	}
	struct envoi__list *link = previous == NULL ? contact->resources.next
						    : resource_of(previous)->in_contact.next;
	return link == &contact->resources ? NULL : &resource_at(link)->shown;
}

const struct envoi_contact_presence *envoi__presence_table_next(
	const struct envoi__presence_table *table, const struct envoi_contact_presence *previous)
{
	struct envoi__list *link = previous == NULL ? table->available.next
						    : resource_of(previous)->in_table.next;
	return link == &table->available
		? NULL
		: &ENVOI_CONTAINER_OF(link, struct resource, in_table)->shown;
}

const struct envoi_contact_presence *envoi__presence_table_last(
	const struct envoi__presence_table *table, const struct envoi_jid *jid)
{
	const struct envoi__presence_contact *contact = envoi__presence_contact_find(table, jid);
	return contact == NULL || contact->last == NULL ? NULL : &contact->last->shown;
}
