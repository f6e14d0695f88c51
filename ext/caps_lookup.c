/*
 * envoi - entity capabilities: asking for what a hash stands for
 * SPDX-License-Identifier: MIT
 *
 * Private headers: a hash map and a list, of which there are no public ones.
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/request.h>

#include "caps_entities.h"

/** Entities with one hash are asked one after the other until one has given an answer to it. */
struct lookup {
	struct envoi__list link; /* in the lookups of @p entities */
	struct envoi_context *context;
	struct envoi__caps_entities *entities; /* NULL: they were freed */
	struct envoi_request *request;
	struct envoi__list waiters;
	const struct envoi_jid *asked; /* of the first waiter */
	char *key; /* NULL: for this address alone */
};

struct waiter {
	struct envoi__list link;
	struct envoi_jid *jid;
	envoi_caps_fn *done;
	void *user;
};

/* --- reporting --- */

static struct waiter *waiter_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct waiter, link);
}

static void waiter_free(struct lookup *lookup, struct waiter *waiter)
{
	envoi__list_remove(&waiter->link);
	envoi_jid_unref(waiter->jid);
	envoi_free(lookup->context, waiter);
}

static void lookup_free(struct lookup *lookup)
{
	struct envoi_context *context = lookup->context;
	while (!envoi__list_is_empty(&lookup->waiters)) {
		waiter_free(lookup, waiter_of(lookup->waiters.next));
	}
	envoi__list_remove(&lookup->link);
	envoi_free(context, lookup->key);
	envoi_free(context, lookup);
	envoi_context_unref(context);
}

/* Report to the waiters of a list, inside which anything may be freed. */
static void report(struct lookup *lookup, struct envoi__list *waiters, int code,
	const struct envoi_disco_info *info)
{
	while (!envoi__list_is_empty(waiters)) {
		struct waiter *waiter = waiter_of(waiters->next);
		envoi_caps_fn *done = waiter->done;
		void *user = waiter->user;
		waiter_free(lookup, waiter);
		done(user, code, info);
	}
}

static void end(struct lookup *lookup, int code, const struct envoi_disco_info *info)
{
	struct envoi__list waiters;
	envoi__list_remove(&lookup->link);
	envoi__list_move_all(&waiters, &lookup->waiters);
	report(lookup, &waiters, code, info);
	lookup_free(lookup);
}

static void on_info(void *user, const struct envoi_answer *answer);

static int ask(struct lookup *lookup)
{
	const struct envoi__caps_entities *self = lookup->entities;
	lookup->asked = waiter_of(lookup->waiters.next)->jid;
	const char *to = envoi_jid_text(lookup->asked);
	const struct envoi__caps_entity *entity = envoi__caps_find_entity(self, to);
	return envoi_disco_info_get(self->session, to, entity == NULL ? NULL : entity->node, 0,
		on_info, lookup, &lookup->request);
}

/* Take those that wait for the address that was asked. */
static void take_asked(struct envoi__list *taken, struct lookup *lookup)
{
	struct envoi_jid *asked = envoi_jid_ref(lookup->asked);
	struct envoi__list *link = lookup->waiters.next;
	envoi__list_init(taken);
	while (link != &lookup->waiters) {
		struct waiter *waiter = waiter_of(link);
		link = link->next;
		if (envoi_jid_equal(waiter->jid, asked)) {
			envoi__list_remove(&waiter->link);
			envoi__list_append(taken, &waiter->link);
		}
	}
	envoi_jid_unref(asked);
}

/* The others are no worse off than before: the next one is asked. */
static void end_asked(struct lookup *lookup, int code, const struct envoi_disco_info *info)
{
	struct envoi__list taken;
	take_asked(&taken, lookup);
	if (envoi__list_is_empty(&lookup->waiters) || lookup->entities == NULL) {
		envoi__list_move_all(&lookup->waiters, &taken);
		end(lookup, code, info);
		return;
	}
	int r = ask(lookup);
	if (r < 0) {
		struct envoi__list rest;
		envoi__list_remove(&lookup->link);
		envoi__list_move_all(&rest, &lookup->waiters);
		report(lookup, &taken, code, info);
		report(lookup, &rest, r, NULL);
		lookup_free(lookup);
		return;
	}
	struct lookup memory = {.context = envoi_context_ref(lookup->context)};
	report(&memory, &taken, code, info);
	envoi_context_unref(memory.context);
}

/* --- answers --- */

/* XEP-0390, section 4.1: a language may be that of an element around the identity. */
static void inherit_languages(
	struct envoi_disco_identity *identities, size_t count, const struct envoi_element *query)
{
	const struct envoi_element *child = envoi_element_first(query);
	for (size_t i = 0; i < count && child != NULL; child = envoi_element_next(child)) {
		if (envoi_element_is(child, ENVOI_NS_DISCO_INFO, "identity")) {
			identities[i++].lang = (char *)(uintptr_t)envoi_element_lang(child);
		}
	}
}

static int verify_inherited(struct envoi__caps_known **ret_known, const struct lookup *lookup,
	const struct envoi_disco_info *info, const struct envoi_element *query)
{
	struct envoi_disco_info explicit = *info;
	explicit.identities = envoi_alloc(
		lookup->context, (info->identity_count + 1) * sizeof(explicit.identities[0]));
	if (explicit.identities == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (info->identity_count > 0) {
		memcpy(explicit.identities, info->identities,
			info->identity_count * sizeof(explicit.identities[0]));
	}
	inherit_languages(explicit.identities, info->identity_count, query);
	int r = envoi__caps_verify(ret_known, lookup->context, lookup->key, &explicit);
	envoi_free(lookup->context, explicit.identities);
	return r;
}

/* @return as envoi__caps_verify() */
static int verify(struct envoi__caps_known **ret_known, const struct lookup *lookup,
	const struct envoi_disco_info *info, const struct envoi_element *query)
{
	int r = envoi__caps_verify(ret_known, lookup->context, lookup->key, info);
	if (r == ENVOI_DECLINED && strncmp(lookup->key, "urn:", 4) == 0) {
		struct envoi__caps_known *inherited = NULL;
		int second = verify_inherited(&inherited, lookup, info, query);
		if (second == ENVOI_OK) {
			envoi__caps_known_unref(*ret_known);
			*ret_known = inherited;
			return ENVOI_OK;
		}
		envoi__caps_known_unref(inherited);
	}
	return r;
}

/* As a copy for one entity. The weight is that of a hash input. */
static int know_own(struct envoi__caps_known **ret_known, struct envoi_context *context,
	const struct envoi_disco_info *info)
{
	return envoi__caps_verify(ret_known, context, "", info);
}

static int learn(struct envoi__caps_known **ret_known, struct lookup *lookup,
	const struct envoi_answer *answer)
{
	struct envoi__caps_entities *self = lookup->entities;
	const struct envoi_disco_info *info = envoi_answer_payload(answer);
	const struct envoi_element *query = envoi_stanza_payload(envoi_answer_stanza(answer));
	int r = lookup->key == NULL ? know_own(ret_known, lookup->context, info)
				    : verify(ret_known, lookup, info, query);
	if (self == NULL || r < 0) {
		return r;
	}
	if (r == ENVOI_OK && envoi__caps_make_cache(self) == ENVOI_OK) {
		envoi__caps_cache_put(self->cache, lookup->key, *ret_known);
	} else if (r == ENVOI_DECLINED) {
		envoi__caps_keep_own(self, lookup->asked, lookup->key, *ret_known);
	}
	return r;
}

static void on_info(void *user, const struct envoi_answer *answer)
{
	struct lookup *lookup = user;
	struct envoi__caps_known *known = NULL;
	lookup->request = NULL;
	if (!envoi_answer_ok(answer)) {
		int code = envoi_answer_code(answer);
		if (code == ENVOI_ERR_CANCELED || code == ENVOI_ERR_DISCONNECTED) {
			end(lookup, code, NULL);
		} else {
			end_asked(lookup, code, NULL);
		}
		return;
	}
	int r = learn(&known, lookup, answer);
	if (r == ENVOI_OK) {
		end(lookup, ENVOI_OK, known->info);
	} else {
		end_asked(lookup, r < 0 ? r : ENVOI_OK, r < 0 ? NULL : known->info);
	}
	envoi__caps_known_unref(known);
}

static struct lookup *find_lookup(struct envoi__caps_entities *self, const char *key)
{
	struct envoi__list *link = self->lookups.next;
	for (; key != NULL && link != &self->lookups; link = link->next) {
		struct lookup *lookup = ENVOI_CONTAINER_OF(link, struct lookup, link);
		if (lookup->key != NULL && strcmp(lookup->key, key) == 0) {
			return lookup;
		}
	}
	return NULL;
}

static struct lookup *lookup_new(struct envoi__caps_entities *self, const char *key)
{
	struct lookup *lookup = envoi_alloc_zeroed(self->context, sizeof(*lookup));
	char *own = lookup == NULL || key == NULL ? NULL
						  : envoi_strndup(self->context, key, strlen(key));
	if (lookup == NULL || (key != NULL && own == NULL)) {
		envoi_free(self->context, lookup);
		return NULL;
	}
	lookup->context = envoi_context_ref(self->context);
	lookup->entities = self;
	lookup->key = own;
	envoi__list_init(&lookup->waiters);
	envoi__list_append(&self->lookups, &lookup->link);
	return lookup;
}

static int add_waiter(
	struct lookup *lookup, const struct envoi_jid *jid, envoi_caps_fn *done, void *user)
{
	struct waiter *waiter = envoi_alloc_zeroed(lookup->context, sizeof(*waiter));
	if (waiter == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	waiter->jid = envoi_jid_ref(jid);
	waiter->done = done;
	waiter->user = user;
	envoi__list_append(&lookup->waiters, &waiter->link);
	return ENVOI_OK;
}

static int begin(struct envoi__caps_entities *self, const char *key, const struct envoi_jid *jid,
	envoi_caps_fn *done, void *user)
{
	struct lookup *lookup = lookup_new(self, key);
	int r = lookup == NULL ? ENVOI_ERR_NOMEM : add_waiter(lookup, jid, done, user);
	if (r == ENVOI_OK) {
		r = ask(lookup);
	}
	if (r < 0 && lookup != NULL) {
		lookup_free(lookup);
	}
	return r < 0 ? r : ENVOI_AGAIN;
}

int envoi__caps_look_up(struct envoi__caps_entities *self, const struct envoi_jid *jid,
	envoi_caps_fn *done, void *user)
{
	const struct envoi__caps_entity *entity = envoi__caps_find_entity(
		self, envoi_jid_text(jid));
	const char *key = entity == NULL ? NULL : entity->key;
	struct lookup *lookup = find_lookup(self, key);
	if (lookup == NULL) {
		return begin(self, key, jid, done, user);
	}
	int r = add_waiter(lookup, jid, done, user);
	return r < 0 ? r : ENVOI_AGAIN;
}

void envoi__caps_cancel_lookups(struct envoi__caps_entities *self)
{
	while (!envoi__list_is_empty(&self->lookups)) {
		struct lookup *lookup = ENVOI_CONTAINER_OF(self->lookups.next, struct lookup, link);
		envoi__list_remove(&lookup->link);
		lookup->entities = NULL;
		envoi_request_cancel(lookup->request);
	}
}
