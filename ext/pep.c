/*
 * envoi - XEP-0163: Personal Eventing Protocol, version 1.2.2
 * SPDX-License-Identifier: MIT
 *
 * Events. pep_store.c stores items.
 */
#include <envoi/ext/pep.h>

#include <stdio.h>
#include <string.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/roster.h>

#define NOTIFY "+notify"

struct listener {
	struct envoi_handler handler;
	struct envoi_handler_impl impl;
	const char *uris[2]; /* the interest */
	struct envoi_context *context;
	char *node;
	unsigned int who;
	envoi_pubsub_event_fn *notify;
	void *user;
};

static const struct listener *from_handler(const struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF_CONST(handler, struct listener, handler);
}

/* Section 4.3: contacts send events from their bare addresses. */
static bool is_contact(struct envoi_session *session, const struct envoi_jid *from)
{
	struct envoi_client *client = envoi_session_client(session);
	if (client == NULL || from == NULL || !envoi_jid_is_bare(from)) {
		return false;
	}
	const struct envoi_roster_item *item = envoi_roster_find(envoi_client_roster(client), from);
	return item != NULL &&
		(item->subscription == ENVOI_SUBSCRIPTION_TO ||
			item->subscription == ENVOI_SUBSCRIPTION_BOTH);
}

static bool is_of_node(const struct listener *self, const struct envoi_pubsub_event *event)
{
	const char *node = envoi_pubsub_event_node(event);
	return node != NULL && strcmp(node, self->node) == 0;
}

/* Everything may be freed in the function of the program. */
static int on_event(struct envoi_handler *handler, struct envoi_delivery *in)
{
	const struct listener *self = from_handler(handler);
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_stanza *message = envoi_delivery_stanza(in);
	const struct envoi_pubsub_event *event = envoi_delivery_payload(
		in, &envoi_pubsub_event_type);
	bool is_own = envoi_session_is_from_account(session, message);
	const struct envoi_jid *from = is_own ? NULL : envoi_stanza_from(message);
	bool is_wanted = is_own
		? (self->who & ENVOI_PEP_OWN) != 0
		: (self->who & ENVOI_PEP_CONTACTS) != 0 && is_contact(session, from);
	if (is_wanted && is_of_node(self, event)) {
		self->notify(session, self->user, from, event);
	}
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .payload = &envoi_pubsub_event_type, .handle = on_event},
	ENVOI_ROWS_END,
};

static void destroy(struct envoi_handler *handler)
{
	struct listener *self = ENVOI_CONTAINER_OF(handler, struct listener, handler);
	struct envoi_context *context = self->context;
	envoi_free(context, self->node);
	envoi_free(context, self);
	envoi_context_unref(context);
}

/* @return the node, and behind its NUL the feature; NULL: out of memory */
static char *print_node(struct envoi_context *context, const char *node)
{
	size_t len = strlen(node);
	char *text = envoi_alloc(context, 2 * len + sizeof(NOTIFY) + 1);
	if (text != NULL) {
		memcpy(text, node, len + 1);
		snprintf(text + len + 1, len + sizeof(NOTIFY), "%s" NOTIFY, node);
	}
	return text;
}

int envoi_pep_events_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const char *node, unsigned int who, envoi_pubsub_event_fn *notify, void *user)
{
	if (node == NULL || node[0] == '\0' || who == 0 || notify == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct listener *self = envoi_alloc_zeroed(context, sizeof(*self));
	char *text = self == NULL ? NULL : print_node(context, node);
	if (text == NULL) {
		envoi_free(context, self);
		return ENVOI_ERR_NOMEM;
	}
	self->node = text;
	self->uris[0] = text + strlen(node) + 1;
	self->impl = (struct envoi_handler_impl){
		.stanzas = stanzas, .uris = self->uris, .destroy = destroy};
	self->handler.impl = &self->impl;
	self->context = envoi_context_ref(context);
	self->who = who;
	self->notify = notify;
	self->user = user;
	*ret_handler = &self->handler;
	return ENVOI_OK;
}
