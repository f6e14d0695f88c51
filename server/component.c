/*
 * envoi-server - components (XEP-0114)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/accept_component.h>
#include <envoi/context.h>

#include "inside.h"

/** A component that may connect. */
struct envoi__component {
	struct envoi__table_link link; /* by its domain */
	struct envoi_jid *jid; /* a reference */
	size_t secret_len;
	char secret[]; /* wiped when it is freed */
};

static struct envoi__component *find(const struct envoi_server *server, const char *domain)
{
	struct envoi__table_link *link = envoi__table_find(
		&server->components, domain, strlen(domain));
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct envoi__component, link);
}

/* --- the directory --- */

static void look_up(
	struct envoi_component_directory *directory, struct envoi_component_lookup *lookup)
{
	const struct envoi_server *server = ENVOI_CONTAINER_OF(
		directory, struct envoi_server, component_directory);
	const struct envoi__component *found = find(server, lookup->domain);
	if (found != NULL) {
		envoi_component_lookup_answer(lookup, ENVOI_OK, found->secret);
	} else {
		envoi_component_lookup_answer(lookup, ENVOI_ERR_NOT_FOUND, NULL);
	}
}

static const struct envoi_component_directory_impl directory_impl = {.look_up = look_up};

int envoi__components_init(struct envoi_server *server)
{
	server->component_directory.impl = &directory_impl;
	int r = envoi__table_init(&server->components, server->context);
	return r < 0
		? r
		: envoi_acceptor_set_components(server->acceptor, &server->component_directory);
}

/* --- making --- */

static void free_component(struct envoi_server *server, struct envoi__component *component)
{
	envoi_jid_unref(component->jid);
	explicit_bzero(component->secret, component->secret_len);
	envoi_free(server->context, component);
}

void envoi__components_free(struct envoi_server *server)
{
	struct envoi__table_link *link;
	while ((link = envoi__table_next(&server->components, NULL)) != NULL) {
		envoi__table_remove(&server->components, link);
		free_component(server, ENVOI_CONTAINER_OF(link, struct envoi__component, link));
	}
	if (server->components.context != NULL) {
		envoi__table_finish(&server->components);
	}
}

static int add(struct envoi_server *server, struct envoi_jid *jid, const char *secret)
{
	size_t len = strlen(secret);
	struct envoi__component *component = envoi_alloc_zeroed(
		server->context, sizeof(*component) + len + 1);
	if (component == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	component->jid = envoi_jid_ref(jid);
	component->secret_len = len;
	memcpy(component->secret, secret, len);
	int r = envoi__table_add(
		&server->components, &component->link, envoi_jid_text(component->jid));
	if (r < 0) {
		free_component(server, component);
	}
	return r;
}

int envoi_server_add_component(struct envoi_server *server, const char *domain, const char *secret)
{
	struct envoi_jid *jid = NULL;
	if (domain == NULL || secret == NULL || *secret == '\0') {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_jid_from_parts(&jid, server->context, NULL, domain, NULL);
	if (r == ENVOI_OK &&
		(envoi_jid_equal(jid, server->domain) ||
			find(server, envoi_jid_text(jid)) != NULL)) {
		r = ENVOI_ERR_EXISTS;
	}
	if (r == ENVOI_OK) {
		r = add(server, jid, secret);
	}
	envoi_jid_unref(jid);
	return r;
}

/* --- routing --- */

bool envoi__component_serves(const struct envoi_server *server, const struct envoi_jid *jid)
{
	return find(server, envoi_jid_domain(jid)) != NULL;
}

struct envoi__resource *envoi__component_of(
	const struct envoi_server *server, const struct envoi_jid *jid)
{
	struct envoi_accepted *accepted = envoi__component_serves(server, jid)
		? envoi_acceptor_component(server->acceptor, jid)
		: NULL;
	return accepted == NULL ? NULL : envoi_accepted_user(accepted);
}

const struct envoi_jid *envoi__component_next(
	const struct envoi_server *server, const struct envoi_jid *after)
{
	struct envoi__component *last = after == NULL ? NULL : find(server, envoi_jid_text(after));
	struct envoi__table_link *link = envoi__table_next(
		&server->components, last == NULL ? NULL : &last->link);
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct envoi__component, link)->jid;
}

/* remote-server-timeout is of type wait: the component is expected to come back. */
void envoi__component_deliver(const struct envoi__routed *routed)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	struct envoi__resource *component = envoi__component_of(routed->server, to);
	if (component == NULL ||
		envoi__resource_send(component, routed->stanza, NULL, NULL, routed->sender) < 0) {
		envoi__route_refuse(routed, ENVOI_REMOTE_SERVER_TIMEOUT);
	}
}
