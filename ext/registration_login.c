/*
 * envoi - In-Band Registration: before the login
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/stream.h>

#include "registration_parts.h"

enum state {
	IDLE, /* or the account is made */
	REQUESTED, /* the fields */
	ASKED, /* the application */
	SUBMITTED,
};

struct login {
	struct envoi_handler handler;
	struct envoi_context *context;
	const struct envoi_registration_login_events *events;
	void *user;
	bool is_made;
	struct envoi_stream *stream; /* of the state; NULL: IDLE */
	enum state state;
	char id[ENVOI_ID_SIZE]; /* of the request that is pending */
};

static const struct envoi_handler_impl login_impl;

static struct login *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct login, handler);
}

/* Section 3.1.1: a server knows the sender by the connection. */
static int send(struct login *self, struct envoi_stream *stream, const char *type,
	const struct envoi_registration *registration)
{
	int r = envoi_id_make(self->context, self->id);
	if (r < 0) {
		return r;
	}
	struct envoi_element *iq = envoi_element_new(self->context, ENVOI_NS_CLIENT, "iq");
	envoi_element_set(iq, "type", type);
	envoi_element_set(iq, "id", self->id);
	envoi_element_set(iq, "to", envoi_stream_peer_domain(stream));
	envoi_payload_add(iq, &envoi_registration_type, registration, NULL);
	r = envoi_stream_send_element(stream, iq);
	envoi_element_unref(iq);
	return r;
}

static int negotiate(struct envoi_handler *handler, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	struct login *self = from_handler(handler);
	const struct envoi_registration nothing = {.form = NULL};
	(void)offer;
	(void)features;
	if (self->is_made || self->stream != NULL) {
		return ENVOI_OK;
	}
	int r = send(self, stream, "get", &nothing);
	if (r < 0) {
		return r;
	}
	self->stream = stream;
	self->state = REQUESTED;
	return ENVOI_AGAIN;
}

/* --- answers --- */

static int refuse(
	struct login *self, struct envoi_stream *stream, const struct envoi_stanza_error *error)
{
	if (self->state == REQUESTED) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_STANZA, ENVOI_STREAM_NO_CONDITION,
			"the server does not register accounts: %s",
			error->text != NULL ? error->text
					    : envoi_stanza_condition_name(error->condition));
	}
	self->state = ASKED;
	self->events->asked(self->user, NULL, error); /* may free anything */
	return ENVOI_OK;
}

static int ask(struct login *self, struct envoi_stream *stream, const struct envoi_stanza *iq)
{
	const void *fields;
	int r = envoi_stanza_decode(iq, &envoi_registration_type, &fields);
	if (r != ENVOI_OK) {
		return envoi_stream_fail_with(stream, r < 0 ? r : ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_NO_CONDITION,
			"the server's answer states no fields for a registration");
	}
	self->state = ASKED;
	self->events->asked(self->user, fields, NULL); /* may free anything */
	return ENVOI_OK;
}

static int finish_login(struct login *self, struct envoi_stream *stream)
{
	self->is_made = true;
	self->state = IDLE;
	self->stream = NULL;
	envoi_stream_feature_done(stream, &self->handler, 0, ENVOI_NEXT_FEATURE, NULL);
	if (self->events->registered != NULL) {
		self->events->registered(self->user); /* may free anything */
	}
	return ENVOI_OK;
}

static int take(struct login *self, struct envoi_stream *stream, const struct envoi_stanza *iq)
{
	struct envoi_stanza_error error;
	if (envoi_stanza_get_error(iq, &error)) {
		return refuse(self, stream, &error);
	}
	if (envoi_stanza_kind(iq) != ENVOI_IQ_RESULT) {
		return ENVOI_DECLINED;
	}
	return self->state == REQUESTED ? ask(self, stream, iq) : finish_login(self, stream);
}

static int on_iq(struct envoi_handler *handler, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct login *self = from_handler(handler);
	const char *id = envoi_element_attr(element, "id");
	struct envoi_stanza *iq;
	bool is_pending = self->state == REQUESTED || self->state == SUBMITTED;
	if (self->stream != stream || !is_pending || id == NULL || strcmp(id, self->id) != 0) {
		return ENVOI_DECLINED;
	}
	int r = envoi_stanza_from_element(&iq, (struct envoi_element *)(uintptr_t)element);
	if (r != ENVOI_OK) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_PROTOCOL;
	}
	r = take(self, stream, iq);
	envoi_stanza_unref(iq);
	return r;
}

static void finish(struct envoi_handler *handler, struct envoi_stream *stream, void *state)
{
	struct login *self = from_handler(handler);
	(void)state;
	if (self->stream == stream) {
		self->stream = NULL;
		self->state = IDLE;
	}
}

/* --- the handler --- */

static const struct envoi_stream_feature feature = {
	.ns = "http://jabber.org/features/iq-register",
	.name = "register",
	.order = ENVOI_ORDER_SASL - 10,
	.necessary = ENVOI_STREAM_SECURE,
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.negotiate = negotiate,
	.finish = finish,
};
static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_CLIENT,
		.name = "iq",
		.roles = 1u << ENVOI_INITIATOR,
		.necessary = ENVOI_STREAM_SECURE,
		.forbidden = ENVOI_STREAM_AUTHENTICATED,
		.handle = on_iq,
	},
	{.name = NULL},
};

static void destroy(struct envoi_handler *handler)
{
	struct login *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl login_impl = {
	.name = "registration",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

int envoi_registration_login_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_registration_login_events *events, void *user)
{
	if (events == NULL || events->asked == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct login *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &login_impl;
	self->context = envoi_context_ref(context);
	self->events = events;
	self->user = user;
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

int envoi_registration_login_submit(
	struct envoi_handler *handler, const struct envoi_registration *registration)
{
	struct login *self = from_handler(handler);
	struct envoi_registration sent;
	int r = envoi__registration_choose(&sent, registration);
	if (r < 0) {
		return r;
	}
	if (self->state != ASKED) {
		return ENVOI_ERR_STATE;
	}
	r = send(self, self->stream, "set", &sent);
	if (r == ENVOI_OK) {
		self->state = SUBMITTED;
	}
	return r;
}

void envoi_registration_login_give_up(struct envoi_handler *handler)
{
	struct login *self = from_handler(handler);
	if (self->state == ASKED) {
		(void)envoi_stream_fail_with(self->stream, ENVOI_ERR_CANCELED,
			ENVOI_STREAM_NO_CONDITION, "the registration was given up");
	}
}
