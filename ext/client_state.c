/*
 * envoi - XEP-0352: Client State Indication, version 1.0.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/client_state.h>

#include <envoi/context.h>
#include <envoi/interfaces/stream.h>
#include <envoi/xml.h>

struct client_state {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_stream *stream; /* whose server offers the feature; NULL: none */
	bool is_active; /* as the program has set it */
	bool is_known_active; /* as the server knows it */
};

static struct client_state *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct client_state, handler);
}

/* Section 4.2 */
static int send_state(struct client_state *self)
{
	if (self->is_active == self->is_known_active) {
		return ENVOI_OK;
	}
	struct envoi_element *element = envoi_element_new(
		self->context, ENVOI_NS_CLIENT_STATE, self->is_active ? "active" : "inactive");
	int r = envoi_stream_send_element(self->stream, element);
	envoi_element_unref(element);
	if (r == ENVOI_OK) {
		self->is_known_active = self->is_active;
	}
	return r;
}

static int negotiate(struct envoi_handler *handler, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)features;
	struct client_state *self = from_handler(handler);
	if (offer == NULL) {
		return ENVOI_OK;
	}
	self->stream = stream;
	self->is_known_active = true;
	return ENVOI_OK;
}

/* Section 5: a resumption does not restore the state. It is sent behind what announces the session.
 */
static void restore(struct envoi_handler *handler, struct envoi_session *session, bool is_resumed)
{
	(void)is_resumed;
	struct client_state *self = from_handler(handler);
	int r = self->stream != NULL ? send_state(self) : ENVOI_OK;
	if (r < 0) {
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"the client state was not sent: %s", envoi_error_text(r));
	}
	(void)session;
}

static void finish(struct envoi_handler *handler, struct envoi_stream *stream, void *state)
{
	(void)state;
	struct client_state *self = from_handler(handler);
	if (self->stream == stream) {
		self->stream = NULL;
	}
}

/* Section 4.1 allows it after the login; before binding the server has nothing to delay. */
static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_CLIENT_STATE,
	.name = "csi",
	.order = ENVOI_ORDER_LAST,
	.necessary = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.negotiate = negotiate,
	.finish = finish,
};

static void destroy(struct envoi_handler *handler)
{
	struct client_state *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl client_state_impl = {
	.name = "client-state",
	.stream_feature = &feature,
	.restore = restore,
	.destroy = destroy,
};

int envoi_client_state_handler_new(
	struct envoi_handler **ret_handler, struct envoi_context *context)
{
	struct client_state *self = envoi_alloc(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*self = (struct client_state){
		.handler = ENVOI_HANDLER(&client_state_impl),
		.context = envoi_context_ref(context),
		.is_active = true,
	};
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

int envoi_client_state_set(struct envoi_handler *handler, bool is_active)
{
	struct client_state *self = from_handler(handler);
	self->is_active = is_active;
	return self->stream != NULL ? send_state(self) : ENVOI_DECLINED;
}

bool envoi_client_state_is_offered(const struct envoi_handler *handler)
{
	union {
		const struct envoi_handler *given;
		struct envoi_handler *ours;
	} pointer = {.given = handler};
	return from_handler(pointer.ours)->stream != NULL;
}
