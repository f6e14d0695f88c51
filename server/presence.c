/*
 * envoi-server - who is available (RFC 6121, section 4)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "inside.h"

/* --- to whom --- */

/* @return whether presence of a resource may be sent to one of another account: neither has blocked
 * the other (XEP-0191). An entry may name one resource */
static bool may_see(const struct envoi__resource *to, const struct envoi__account *account,
	const struct envoi_jid *from)
{
	return to->account == account ||
		(!envoi__blocking_has(to->account, from) &&
			!envoi__blocking_has(account, envoi__resource_jid(to)));
}

/* @param account  whose presence it is; NULL: of one that may not be in memory */
static void send_to_available(struct envoi__account *to, const struct envoi_stanza *presence,
	const struct envoi__account *account)
{
	const struct envoi_jid *from = envoi_stanza_from(presence);
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(to, at)) != NULL) {
		if (at->presence != NULL && (account == NULL || may_see(at, account, from))) {
			(void)envoi__resource_send(at, presence, to->jid, NULL, NULL);
		}
	}
}

/* @param jid  bare. An account that is not in memory has no available resource */
static void send_to_contact(const struct envoi__account *account, const struct envoi_jid *jid,
	const struct envoi_stanza *presence)
{
	if (jid == NULL || presence == NULL) {
		return; /* no memory */
	}
	struct envoi__account *to = envoi__account_loaded(account->server, jid);
	struct envoi__resource *component = envoi__component_of(account->server, jid);
	if (to != NULL) {
		send_to_available(to, presence, account);
	} else if (component != NULL && !envoi__blocking_has(account, jid)) {
		(void)envoi__resource_send(component, presence, jid, NULL, NULL);
	}
}

/* To the contacts that may see it (section 4.2.2). */
static void send_to_contacts(struct envoi__account *account, const struct envoi_stanza *presence)
{
	const struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&account->contacts, link)) != NULL) {
		const struct envoi_store_contact *contact =
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value;
		if ((contact->subscription & ENVOI_STORE_FROM) != 0) {
			struct envoi_jid *jid = envoi__server_contact_jid(
				account->server->context, contact);
			send_to_contact(account, jid, presence);
			envoi_jid_unref(jid);
		}
	}
}

struct envoi_stanza *envoi__presence_unavailable(
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
				: envoi__presence_unavailable(
					  account->server, envoi__resource_jid(at), NULL);
			send_to_contact(account, contact, presence);
			envoi_stanza_unref(presence);
		}
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
		if (at != resource && at->presence != NULL &&
			may_see(resource, account, envoi__resource_jid(at))) {
			(void)envoi__resource_send(
				resource, at->presence, resource->account->jid, NULL, NULL);
		}
	}
}

static bool shows_presence_to(const struct envoi__account *account, const struct envoi_jid *jid)
{
	const struct envoi__server_contact *contact = envoi__roster_find(account, jid);
	return contact != NULL && (contact->value.subscription & ENVOI_STORE_FROM) != 0;
}

/* Section 4.3.1: a component has its own presence. */
static void probe(struct envoi__resource *resource, const struct envoi_jid *jid)
{
	struct envoi_server *server = resource->server;
	if (!envoi__blocking_has(resource->account, jid)) {
		struct envoi_stanza *presence = envoi_presence_new(
			server->context, ENVOI_TYPE_PROBE, envoi_jid_text(jid));
		envoi_stanza_set_from(presence, envoi_jid_text(resource->account->jid));
		envoi__route_made(server, presence);
	}
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
			? envoi__server_contact_jid(account->server->context, contact)
			: NULL;
		struct envoi__account *other = jid == NULL
			? NULL
			: envoi__account_loaded(account->server, jid);
		if (other != NULL && shows_presence_to(other, account->jid)) {
			introduce(resource, other);
		} else if (jid != NULL && envoi__component_serves(account->server, jid)) {
			probe(resource, jid);
		}
		envoi_jid_unref(jid);
	}
}

static void become_available(struct envoi__resource *resource, struct envoi_stanza *presence)
{
	bool is_initial = resource->presence == NULL;
	set_presence(resource, presence);
	send_to_contacts(resource->account, presence);
	send_to_available(resource->account, presence, resource->account);
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
		send_to_available(resource->account, presence, resource->account);
		set_presence(resource, NULL);
	}
	envoi__directed_withdraw(resource, envoi_stanza_from(presence));
}

void envoi__presence_show(
	struct envoi__account *account, struct envoi__resource *to, bool is_available)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		struct envoi_stanza *presence = NULL;
		if (at->presence != NULL && may_see(to, account, envoi__resource_jid(at))) {
			presence = is_available ? envoi_stanza_ref(at->presence)
						: envoi__presence_unavailable(account->server,
							  envoi__resource_jid(at), NULL);
		}
		if (presence != NULL) {
			(void)envoi__resource_send(to, presence, to->account->jid, NULL, NULL);
		}
		envoi_stanza_unref(presence);
	}
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
		envoi__directed_send(routed);
	}
}

void envoi__presence_end(struct envoi__resource *resource)
{
	struct envoi_stanza *presence;
	if (resource->presence == NULL && resource->directed.count == 0) {
		return;
	}
	presence = envoi__presence_unavailable(
		resource->server, envoi__resource_jid(resource), NULL);
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
	if (!envoi_jid_equal_bare(from, account->jid) &&
		(!shows_presence_to(account, from) || envoi__blocking_has(account, from))) {
		return;
	}
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->presence != NULL) {
			is_available = true;
			envoi__route_copy(routed->server, at->presence, from);
		}
	}
	if (!is_available) {
		envoi__route_answer(routed->server,
			envoi__presence_unavailable(routed->server, account->jid, from));
	}
}

static void deliver_availability(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	struct envoi__resource *resource = envoi__resource_find(routed->server, to);
	if (resource != NULL) {
		(void)envoi__resource_send(resource, routed->stanza, NULL, NULL, routed->sender);
	} else if (envoi_jid_is_bare(to) && envoi_stanza_type(routed->stanza) != ENVOI_TYPE_ERROR) {
		send_to_available(account, routed->stanza,
			routed->sender == NULL ? NULL : routed->sender->account);
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
