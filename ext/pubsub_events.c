/*
 * envoi - publish-subscribe: events
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/pubsub.h>

#include <string.h>

#include <envoi/context.h>
#include <envoi/delivery.h>

struct listener {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_jid *service;
	char *node; /* NULL: all */
	envoi_pubsub_event_fn *notify;
	void *user;
};

static bool is_of_node(const struct listener *self, const struct envoi_pubsub_event *event)
{
	const char *node = envoi_pubsub_event_node(event);
	return self->node == NULL || (node != NULL && strcmp(node, self->node) == 0);
}

/* Everything may be freed in the function of the program. */
static int on_event(struct envoi_handler *handler, struct envoi_delivery *in)
{
	const struct listener *self = ENVOI_CONTAINER_OF(handler, struct listener, handler);
	const struct envoi_pubsub_event *event = envoi_delivery_payload(
		in, &envoi_pubsub_event_type);
	const struct envoi_jid *from = envoi_stanza_from(envoi_delivery_stanza(in));
	if (envoi_jid_equal(from, self->service) && is_of_node(self, event)) {
		self->notify(envoi_delivery_session(in), self->user, from, event);
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
	envoi_jid_unref(self->service);
	envoi_free(context, self->node);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl listener_impl = {.stanzas = stanzas, .destroy = destroy};

int envoi_pubsub_events_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_jid *service, const char *node, envoi_pubsub_event_fn *notify,
	void *user)
{
	if (service == NULL || notify == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct listener *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->node = node == NULL ? NULL : envoi_strndup(context, node, strlen(node));
	if (node != NULL && self->node == NULL) {
		envoi_free(context, self);
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &listener_impl;
	self->context = envoi_context_ref(context);
	self->service = envoi_jid_ref(service);
	self->notify = notify;
	self->user = user;
	*ret_handler = &self->handler;
	return ENVOI_OK;
}
