/*
 * envoi-server - who is available (RFC 6121, section 4)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "inside.h"

/* --- to whom --- */

/* @param except  gets none; NULL: all do */
static void send_to_available(struct envoi__account *account, const struct envoi_stanza *presence,
	const struct envoi__resource *except)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->presence != NULL && at != except) {
			(void)envoi__resource_send(at, presence, account->jid, NULL, NULL);
		}
	}
}

/* @param jid  bare. An account that is not in memory has no available resource */
static void send_to_contact(struct envoi_server *server, const struct envoi_jid *jid,
	const struct envoi_stanza *presence)
{
	struct envoi__account *account = jid == NULL
		? NULL
		: envoi__account_loaded(server, jid); /* NULL: no memory */
	if (account != NULL && !envoi__blocking_stops(account, presence)) {
		send_to_available(account, presence, NULL);
	}
}

static struct envoi_jid *jid_of(
	struct envoi_server *server, const struct envoi_store_contact *contact)
{
	struct envoi_jid *jid = NULL;
	return envoi_jid_from_text(&jid, server->context, contact->jid) < 0 ? NULL : jid;
}

/* To the contacts that may see it (section 4.2.2). */
static void send_to_contacts(struct envoi__account *account, const struct envoi_stanza *presence)
{
	const struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&account->contacts, link)) != NULL) {
		const struct envoi_store_contact *contact =
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value;
		if ((contact->subscription & ENVOI_STORE_FROM) != 0) {
			struct envoi_jid *jid = jid_of(account->server, contact);
			if (!envoi__blocking_has(account, jid)) {
				send_to_contact(account->server, jid, presence);
			}
			envoi_jid_unref(jid);
		}
	}
}

static struct envoi_stanza *unavailable_from(
	struct envoi_server *server, const struct envoi_jid *from, const struct envoi_jid *to)
{
	struct envoi_stanza *presence = envoi_presence_new(
		server->context, ENVOI_TYPE_UNAVAILABLE, to == NULL ? NULL : envoi_jid_text(to));
	envoi_stanza_set_from(presence, envoi_jid_text(from));
	return presence;
}

void envoi__presence_tell(
	struct envoi__account *account, const struct envoi_jid *contact, bool is_available)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->presence != NULL) {
			struct envoi_stanza *presence = is_available
				? envoi_stanza_ref(at->presence)
				: unavailable_from(account->server, envoi__resource_jid(at), NULL);
			send_to_contact(account->server, contact, presence);
			envoi_stanza_unref(presence);
		}
	}
}

/* --- directed presence (section 4.6) --- */

/* An entity that a resource has sent presence to. */
struct directed {
	struct envoi__table_link link;
	struct envoi_jid *jid; /* a reference */
};

static struct directed *find_directed(
	const struct envoi__resource *resource, const char *jid, size_t len)
{
	struct envoi__table_link *link = envoi__table_find(&resource->directed, jid, len);
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct directed, link);
}

static void drop_directed(struct envoi__resource *resource, struct directed *directed)
{
	envoi__table_remove(&resource->directed, &directed->link);
	envoi_jid_unref(directed->jid);
	envoi_free(resource->server->context, directed);
}

static int add_directed(struct envoi__resource *resource, const struct envoi_jid *jid)
{
	struct envoi_context *context = resource->server->context;
	if (resource->directed.count >= resource->server->values.directed) {
		return ENVOI_ERR_FULL;
	}
	if (resource->directed.context == NULL &&
		envoi__table_init(&resource->directed, context) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	struct directed *directed = envoi_alloc_zeroed(context, sizeof(*directed));
	if (directed == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	directed->jid = envoi_jid_ref(jid);
	int r = envoi__table_add(
		&resource->directed, &directed->link, envoi_jid_text(directed->jid));
	if (r < 0) {
		envoi_jid_unref(directed->jid);
		envoi_free(context, directed);
	}
	return r;
}

static struct directed *first_directed(const struct envoi__resource *resource)
{
	struct envoi__table_link *link = envoi__table_next(&resource->directed, NULL);
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct directed, link);
}

void envoi__presence_forget_directed(struct envoi__resource *resource)
{
	struct directed *directed;
	while ((directed = first_directed(resource)) != NULL) {
		drop_directed(resource, directed);
	}
	if (resource->directed.context != NULL) {
		envoi__table_finish(&resource->directed);
	}
}

/* Section 4.6.3: who has received it learns that the resource is unavailable. */
static void withdraw_directed(struct envoi__resource *resource, const struct envoi_jid *from)
{
	struct envoi_server *server = resource->server;
	struct directed *directed;
	while ((directed = first_directed(resource)) != NULL) {
		struct envoi_stanza *presence = unavailable_from(server, from, directed->jid);
		drop_directed(resource, directed);
		envoi__route_made(server, presence);
	}
}

bool envoi__presence_is_directed(
	const struct envoi__resource *resource, const struct envoi_jid *jid)
{
	const char *text = envoi_jid_text(jid);
	return find_directed(resource, text, strlen(text)) != NULL ||
		find_directed(resource, text, envoi_jid_bare_len(jid)) != NULL;
}

static void send_directed(const struct envoi__routed *routed)
{
	struct envoi__resource *resource = routed->sender;
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	const char *text = envoi_jid_text(to);
	struct directed *known = find_directed(resource, text, strlen(text));
	enum envoi_stanza_type type = envoi_stanza_type(routed->stanza);
	int r = ENVOI_OK;
	if (type == ENVOI_TYPE_UNAVAILABLE && known != NULL) {
		drop_directed(resource, known);
	} else if (type == ENVOI_TYPE_AVAILABLE && known == NULL) {
		r = add_directed(resource, to);
	}
	if (r < 0) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
	} else {
		envoi__route(routed);
	}
}

/* --- the presence of a resource --- */

static void set_presence(struct envoi__resource *resource, struct envoi_stanza *presence)
{
	envoi_stanza_unref(resource->presence);
	resource->presence = presence == NULL ? NULL : envoi_stanza_ref(presence);
}

static void introduce(struct envoi__resource *resource, const struct envoi__account *account)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at != resource && at->presence != NULL) {
			(void)envoi__resource_send(
				resource, at->presence, resource->account->jid, NULL, NULL);
		}
	}
}

static bool shows_presence_to(const struct envoi__account *account, const struct envoi_jid *jid)
{
	const struct envoi__server_contact *contact = envoi__roster_find(account, jid);
	return contact != NULL && (contact->value.subscription & ENVOI_STORE_FROM) != 0 &&
		!envoi__blocking_has(account, jid);
}

/* What probes of the contacts would bring (section 4.3). */
static void introduce_contacts(struct envoi__resource *resource)
{
	struct envoi__account *account = resource->account;
	const struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&account->contacts, link)) != NULL) {
		const struct envoi_store_contact *contact =
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value;
		struct envoi_jid *jid = (contact->subscription & ENVOI_STORE_TO) != 0
			? jid_of(account->server, contact)
			: NULL;
		struct envoi__account *other = jid == NULL
			? NULL
			: envoi__account_loaded(account->server, jid);
		if (other != NULL && shows_presence_to(other, account->jid) &&
			!envoi__blocking_has(account, jid)) {
			introduce(resource, other);
		}
		envoi_jid_unref(jid);
	}
}

static void become_available(struct envoi__resource *resource, struct envoi_stanza *presence)
{
	bool is_initial = resource->presence == NULL;
	set_presence(resource, presence);
	send_to_contacts(resource->account, presence);
	send_to_available(resource->account, presence, NULL);
	if (is_initial) {
		introduce(resource, resource->account);
		introduce_contacts(resource);
		envoi__subscription_remind(resource);
	}
	envoi__offline_deliver(resource->account);
}

/* Section 4.5.2. */
static void become_unavailable(struct envoi__resource *resource, struct envoi_stanza *presence)
{
	if (resource->presence != NULL) {
		send_to_contacts(resource->account, presence);
		send_to_available(resource->account, presence, NULL);
		set_presence(resource, NULL);
	}
	withdraw_directed(resource, envoi_stanza_from(presence));
}

void envoi__presence_send(const struct envoi__routed *routed)
{
	enum envoi_stanza_type type = envoi_stanza_type(routed->stanza);
	if (envoi_stanza_to(routed->stanza) == NULL) {
		if (type == ENVOI_TYPE_AVAILABLE) {
			become_available(routed->sender, routed->stanza);
		} else if (type == ENVOI_TYPE_UNAVAILABLE) {
			become_unavailable(routed->sender, routed->stanza);
		} else {
			envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
		}
	} else if (envoi__subscription_is(routed->stanza)) {
		envoi__subscription_send(routed);
	} else {
		send_directed(routed);
	}
}

void envoi__presence_end(struct envoi__resource *resource)
{
	struct envoi_stanza *presence;
	if (resource->presence == NULL && resource->directed.count == 0) {
		return;
	}
	presence = unavailable_from(resource->server, envoi__resource_jid(resource), NULL);
	if (presence != NULL) {
		become_unavailable(resource, presence);
	}
	envoi_stanza_unref(presence);
}

/* --- delivering --- */

/* Section 4.3.2. The sender is the only one that gets the answers. */
static void answer_probe(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_jid *from = envoi_stanza_from(routed->stanza);
	struct envoi__resource *at = NULL;
	bool is_available = false;
	if (!envoi_jid_equal_bare(from, account->jid) && !shows_presence_to(account, from)) {
		return;
	}
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->presence != NULL) {
			is_available = true;
			envoi__route_copy(routed->server, at->presence, from);
		}
	}
	if (!is_available) {
		envoi__route_answer(
			routed->server, unavailable_from(routed->server, account->jid, from));
	}
}

static void deliver_availability(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	struct envoi__resource *resource = envoi__resource_find(routed->server, to);
	if (resource != NULL) {
		(void)envoi__resource_send(resource, routed->stanza, NULL, NULL, routed->sender);
	} else if (envoi_jid_is_bare(to) && envoi_stanza_type(routed->stanza) != ENVOI_TYPE_ERROR) {
		send_to_available(account, routed->stanza, NULL);
	}
}

void envoi__presence_deliver(const struct envoi__routed *routed, struct envoi__account *account)
{
	switch (envoi_stanza_type(routed->stanza)) {
	case ENVOI_TYPE_AVAILABLE:
	case ENVOI_TYPE_UNAVAILABLE:
	case ENVOI_TYPE_ERROR:
		deliver_availability(routed, account);
		break;
	case ENVOI_TYPE_PROBE:
		answer_probe(routed, account);
		break;
	case ENVOI_TYPE_UNKNOWN:
		break;
	default:
		envoi__subscription_take(routed, account);
		break;
	}
}
