/*
 * envoi-server - directed presence (RFC 6121, section 4.6)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "inside.h"

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
void envoi__directed_withdraw(struct envoi__resource *resource, const struct envoi_jid *from)
{
	struct envoi_server *server = resource->server;
	struct directed *directed;
	while ((directed = first_directed(resource)) != NULL) {
		struct envoi_stanza *presence = envoi__presence_unavailable(
			server, from, directed->jid);
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

void envoi__directed_send(const struct envoi__routed *routed)
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

void envoi__directed_hide(struct envoi__resource *resource,
	bool (*is_hidden)(const struct envoi_jid *jid, const void *user), const void *user)
{
	struct envoi__table_link *next, *link = envoi__table_next(&resource->directed, NULL);
	for (; link != NULL; link = next) {
		struct directed *directed = ENVOI_CONTAINER_OF(link, struct directed, link);
		next = envoi__table_next(&resource->directed, link);
		if (is_hidden(directed->jid, user)) {
			struct envoi_stanza *presence = envoi__presence_unavailable(
				resource->server, envoi__resource_jid(resource), directed->jid);
			drop_directed(resource, directed);
			envoi__route_made(resource->server, presence);
		}
	}
}
