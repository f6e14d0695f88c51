/*
 * envoi - entity capabilities: the entities that have sent hashes
 * SPDX-License-Identifier: MIT
 *
 * Private headers: a hash map and a list, of which there are no public ones.
 */
#include <stdio.h>
#include <string.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/roster.h>
#include <envoi/stanza.h>
#include <envoi/values.h>

#include "caps_entities.h"

static struct envoi__caps_entity *entity_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__caps_entity, link);
}

struct envoi__caps_entity *envoi__caps_find_entity(
	const struct envoi__caps_entities *self, const char *jid)
{
	return envoi__map_get(&self->by_jid, jid, strlen(jid));
}

static void drop_own(struct envoi__caps_entities *self, struct envoi__caps_entity *entity)
{
	if (entity->own != NULL) {
		self->own_weight -= entity->own->weight;
		envoi__caps_known_unref(entity->own);
		entity->own = NULL;
	}
}

static void entity_free(struct envoi__caps_entities *self, struct envoi__caps_entity *entity)
{
	drop_own(self, entity);
	envoi_free(self->context, entity->jid);
	envoi_free(self->context, entity->node);
	envoi_free(self->context, entity->key);
	envoi_free(self->context, entity);
}

void envoi__caps_drop(struct envoi__caps_entities *self, struct envoi__caps_entity *entity)
{
	if (entity != NULL) {
		(void)envoi__map_remove(&self->by_jid, entity->jid, strlen(entity->jid));
		envoi__list_remove(&entity->link);
		self->count--;
		entity_free(self, entity);
	}
}

/* @return the one to be dropped first; NULL: there is none */
static struct envoi__caps_entity *oldest_of(const struct envoi__caps_entities *self)
{
	const struct envoi__list *list = envoi__list_is_empty(&self->others) ? &self->contacts
									     : &self->others;
	return envoi__list_is_empty(list) ? NULL : entity_of(list->next);
}

void envoi__caps_drop_all(struct envoi__caps_entities *self)
{
	struct envoi__caps_entity *entity;
	while ((entity = oldest_of(self)) != NULL) {
		envoi__caps_drop(self, entity);
	}
}

static char *copy(struct envoi__caps_entities *self, const char *text)
{
	return envoi_strndup(self->context, text, strlen(text));
}

/* @return NULL: out of memory */
static char *print(struct envoi__caps_entities *self, const char *a, const char *b, const char *c)
{
	size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
	char *text = envoi_alloc(self->context, size);
	if (text != NULL) {
		snprintf(text, size, "%s%s%s", a, b, c);
	}
	return text;
}

/* XEP-0390, section 4.3. @return whether there is a hash that can be verified */
static bool key_of_set(struct envoi__caps_entities *self, struct envoi__caps_entity *entity,
	const struct envoi_caps_set *set)
{
	char value[ENVOI__CAPS_DIGEST_SIZE];
	for (size_t i = 0; i < set->hash_count; i++) {
		const struct envoi_caps_hash *hash = &set->hashes[i];
		char prefix[64];
		if (!envoi__caps_has_algorithm(hash->algo) ||
			envoi_base64_encoded_size(hash->value.len) > sizeof(value)) {
			continue;
		}
		snprintf(prefix, sizeof(prefix), "urn:xmpp:caps#%s.", hash->algo);
		envoi_base64_encode(value, hash->value.data, hash->value.len);
		entity->key = print(self, prefix, value, "");
		entity->node = entity->key == NULL ? NULL : copy(self, entity->key);
		return true;
	}
	return false;
}

/* XEP-0115, section 5.4: without a hash function that is known the answer is for the entity. */
static void key_of_caps(struct envoi__caps_entities *self, struct envoi__caps_entity *entity,
	const struct envoi_caps *caps)
{
	entity->node = print(self, caps->node, "#", caps->ver);
	if (envoi__caps_has_algorithm(caps->hash) && strlen(caps->ver) < ENVOI__CAPS_DIGEST_SIZE) {
		entity->key = print(self, caps->hash, " ", caps->ver);
	}
}

static struct envoi__caps_entity *entity_new(
	struct envoi__caps_entities *self, const struct envoi_stanza *presence)
{
	const void *set = NULL, *caps = NULL;
	int has_set = envoi_stanza_decode(presence, &envoi_caps_set_type, &set);
	int has_caps = envoi_stanza_decode(presence, &envoi_caps_type, &caps);
	struct envoi__caps_entity *entity = has_set == ENVOI_OK || has_caps == ENVOI_OK
		? envoi_alloc_zeroed(self->context, sizeof(*entity))
		: NULL;
	if (entity == NULL) {
		return NULL;
	}
	envoi__list_init(&entity->link);
	entity->jid = copy(self, envoi_jid_text(envoi_stanza_from(presence)));
	entity->bare_len = envoi_jid_bare_len(envoi_stanza_from(presence));
	bool is_second = has_set == ENVOI_OK && key_of_set(self, entity, set);
	if (!is_second && has_caps == ENVOI_OK) {
		key_of_caps(self, entity, caps);
	}
	if (entity->jid == NULL || entity->node == NULL) {
		entity_free(self, entity);
		return NULL;
	}
	return entity;
}

static bool is_same(const struct envoi__caps_entity *a, const struct envoi__caps_entity *b)
{
	return strcmp(a->node, b->node) == 0 &&
		(a->key == NULL ? b->key == NULL : b->key != NULL && strcmp(a->key, b->key) == 0);
}

static bool is_contact(const struct envoi__caps_entities *self, const struct envoi_jid *jid)
{
	struct envoi_client *client = envoi_session_client(self->session);
	const struct envoi_roster_item *item = client == NULL
		? NULL
		: envoi_roster_find(envoi_client_roster(client), jid);
	return envoi_jid_equal_bare(jid, envoi_session_jid(self->session)) ||
		(item != NULL && item->subscription != ENVOI_SUBSCRIPTION_NONE);
}

static void append(struct envoi__caps_entities *self, struct envoi__caps_entity *entity,
	const struct envoi_jid *jid)
{
	envoi__list_append(is_contact(self, jid) ? &self->contacts : &self->others, &entity->link);
}

static void add(struct envoi__caps_entities *self, struct envoi__caps_entity *entity,
	const struct envoi_jid *jid)
{
	if (envoi__map_add(&self->by_jid, entity->jid, strlen(entity->jid), entity) < 0) {
		entity_free(self, entity);
		return;
	}
	append(self, entity, jid);
	if (++self->count > ENVOI_CAPS_MOST_ENTITIES) {
		envoi__caps_drop(self, oldest_of(self));
	}
}

void envoi__caps_take(struct envoi__caps_entities *self, const struct envoi_stanza *presence)
{
	const struct envoi_jid *from = envoi_stanza_from(presence);
	struct envoi__caps_entity *old = envoi__caps_find_entity(self, envoi_jid_text(from));
	struct envoi__caps_entity *now = entity_new(self, presence);
	if (old != NULL && now != NULL && is_same(old, now)) {
		envoi__list_remove(&old->link);
		append(self, old, from);
		entity_free(self, now);
		return;
	}
	envoi__caps_drop(self, old);
	if (now != NULL) {
		add(self, now, from);
	}
}

const struct envoi_disco_info *envoi__caps_find_known(
	struct envoi__caps_entities *self, const struct envoi__caps_entity *entity)
{
	struct envoi__caps_known *known = entity == NULL ? NULL : entity->own;
	if (known == NULL && entity != NULL && entity->key != NULL && self->cache != NULL) {
		known = envoi__caps_cache_get(self->cache, entity->key);
	}
	return known == NULL ? NULL : known->info;
}

int envoi__caps_make_cache(struct envoi__caps_entities *self)
{
	return self->cache != NULL ? ENVOI_OK : envoi_caps_cache_new(&self->cache, self->context);
}

static bool is_of(const struct envoi__caps_entity *entity, const struct envoi_jid *account)
{
	return entity->bare_len == envoi_jid_bare_len(account) &&
		strncmp(entity->jid, envoi_jid_text(account), entity->bare_len) == 0;
}

static size_t own_weight_of(const struct envoi__list *list, const struct envoi_jid *account)
{
	size_t weight = 0;
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		const struct envoi__caps_entity *entity = entity_of(link);
		weight += entity->own != NULL && is_of(entity, account) ? entity->own->weight : 0;
	}
	return weight;
}

/* Drop what is kept of the entities of a list, the oldest one first. */
static void make_room(struct envoi__caps_entities *self, struct envoi__list *list, size_t weight)
{
	for (struct envoi__list *link = list->next;
		link != list && self->own_weight + weight > ENVOI_CAPS_MOST_OWN_BYTES;
		link = link->next) {
		drop_own(self, entity_of(link));
	}
}

/* An account has a part of the room; an entity that is no contact takes none from a contact. */
static bool has_room(struct envoi__caps_entities *self, const struct envoi_jid *jid, size_t weight)
{
	size_t sum = weight + own_weight_of(&self->contacts, jid) +
		own_weight_of(&self->others, jid);
	if (sum > ENVOI_CAPS_MOST_OWN_OF_ACCOUNT) {
		return false;
	}
	make_room(self, &self->others, weight);
	if (is_contact(self, jid)) {
		make_room(self, &self->contacts, weight);
	}
	return self->own_weight + weight <= ENVOI_CAPS_MOST_OWN_BYTES;
}

/* What was not verified is kept while the entity announces the same hash. */
void envoi__caps_keep_own(struct envoi__caps_entities *self, const struct envoi_jid *jid,
	const char *key, struct envoi__caps_known *known)
{
	struct envoi__caps_entity *entity = envoi__caps_find_entity(self, envoi_jid_text(jid));
	bool is_asked = entity != NULL &&
		(key == NULL ? entity->key == NULL
			     : entity->key != NULL && strcmp(entity->key, key) == 0);
	if (!is_asked) {
		return;
	}
	drop_own(self, entity);
	if (has_room(self, jid, known->weight)) {
		entity->own = envoi__caps_known_ref(known);
		self->own_weight += known->weight;
	}
}
