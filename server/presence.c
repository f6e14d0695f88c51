/*
 * envoi-server - who is available
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"

/* To each available resource of an account. */
static void send_to_available(struct envoi__account *account, const struct envoi_stanza *presence)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->presence != NULL) {
			(void)envoi__resource_send(at, presence, account->jid, NULL, NULL);
		}
	}
}

/* --- sending --- */

static void set_presence(struct envoi__resource *resource, struct envoi_stanza *presence)
{
	envoi_stanza_unref(resource->presence);
	resource->presence = presence == NULL ? NULL : envoi_stanza_ref(presence);
}

/* A new resource learns of the others (RFC 6121, section 4.2.2). */
static void introduce_others(struct envoi__resource *resource)
{
	struct envoi__account *account = resource->account;
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at != resource && at->presence != NULL) {
			(void)envoi__resource_send(
				resource, at->presence, account->jid, NULL, NULL);
		}
	}
}

static void become_available(struct envoi__resource *resource, struct envoi_stanza *presence)
{
	bool is_initial = resource->presence == NULL;
	set_presence(resource, presence);
	send_to_available(resource->account, presence);
	if (is_initial) {
		introduce_others(resource);
	}
	envoi__offline_deliver(resource->account);
}

/* The resource itself gets no copy: its client may have closed the stream already. */
static void become_unavailable(struct envoi__resource *resource, struct envoi_stanza *presence)
{
	if (resource->presence != NULL) {
		set_presence(resource, NULL);
		send_to_available(resource->account, presence);
	}
}

void envoi__presence_send(const struct envoi__routed *routed)
{
	struct envoi__resource *resource = routed->sender;
	enum envoi_stanza_type type = envoi_stanza_type(routed->stanza);
	if (envoi_stanza_to(routed->stanza) != NULL) {
		envoi__route(routed);
	} else if (type == ENVOI_TYPE_AVAILABLE) {
		become_available(resource, routed->stanza);
	} else if (type == ENVOI_TYPE_UNAVAILABLE) {
		become_unavailable(resource, routed->stanza);
	} else {
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
	}
}

void envoi__presence_end(struct envoi__resource *resource)
{
	struct envoi_stanza *presence;
	if (resource->presence == NULL) {
		return;
	}
	presence = envoi_presence_new(resource->server->context, ENVOI_TYPE_UNAVAILABLE, NULL);
	envoi_stanza_set_from(presence, envoi_jid_text(envoi__resource_jid(resource)));
	become_unavailable(resource, presence);
	envoi_stanza_unref(presence);
}

/* --- delivering --- */

void envoi__presence_deliver(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	struct envoi__resource *resource = envoi__resource_find(routed->server, to);
	enum envoi_stanza_type type = envoi_stanza_type(routed->stanza);
	if (type != ENVOI_TYPE_AVAILABLE && type != ENVOI_TYPE_UNAVAILABLE &&
		type != ENVOI_TYPE_ERROR) {
		return;
	}
	if (resource != NULL) {
		(void)envoi__resource_send(resource, routed->stanza, NULL, NULL, routed->sender);
	} else if (envoi_jid_is_bare(to) && type != ENVOI_TYPE_ERROR) {
		send_to_available(account, routed->stanza);
	}
}
