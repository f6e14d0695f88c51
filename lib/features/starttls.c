/*
 * envoi - STARTTLS (RFC 6120, section 5)
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/interfaces/features.h>
#include <envoi/tls.h>

#include "stanza/own_handler.h"

struct starttls {
	struct envoi__own_handler own;
	struct envoi_tls_config *config; /* NULL: no TLS */
	bool required;
};

/** Of one stream. */
struct state {
	bool is_asked;
};

static struct starttls *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct starttls, own.handler);
}

static int send_empty(struct envoi_stream *stream, const char *name)
{
	struct envoi_element *element = envoi_element_new(
		envoi_stream_context(stream), ENVOI_NS_TLS, name);
	int r = envoi_stream_send_element(stream, element);
	envoi_element_unref(element);
	return r;
}

static int refuse(struct envoi_stream *stream, const char *why)
{
	struct envoi_failure failure;
	envoi_failure_set(
		&failure, envoi_stream_context(stream), ENVOI_PHASE_TLS, ENVOI_ERR_TLS, "%s", why);
	envoi_stream_fail(stream, &failure);
	return ENVOI_ERR_TLS;
}

/* --- initiating side --- */

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)features;
	struct starttls *starttls = from_handler(self);
	if (starttls->config == NULL) {
		return envoi_element_child(offer, NULL, "required") == NULL
			? ENVOI_OK
			: refuse(stream, "the server requires TLS, and the settings forbid it");
	}
	if (offer == NULL) {
		return starttls->required ? refuse(stream, "the server offers no TLS") : ENVOI_OK;
	}
	int r = send_empty(stream, "starttls");
	if (r < 0) {
		return r;
	}
	struct state *state = envoi_stream_feature_state(stream, self);
	state->is_asked = true;
	return ENVOI_AGAIN;
}

static int unexpected(struct envoi_stream *stream, const struct envoi_element *element)
{
	return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
		ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE, "unexpected <%s/> of STARTTLS",
		envoi_element_name(element));
}

/* Section 5.4.2.3 */
static int take_proceed(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	if (!state->is_asked) {
		return unexpected(stream, element);
	}
	state->is_asked = false;
	return envoi_stream_start_tls(stream, self, from_handler(self)->config);
}

/* Section 5.4.2.2 */
static int take_failure(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	return state->is_asked ? refuse(stream, "the server cannot start TLS")
			       : unexpected(stream, element);
}

/* --- receiving side --- */

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	struct starttls *starttls = from_handler(self);
	bool is_possible = starttls->config != NULL &&
		envoi_stream_transport(stream)->impl->start_tls != NULL;
	if (!is_possible) {
		return ENVOI_OK;
	}
	struct envoi_element *element = envoi_element_add(features, ENVOI_NS_TLS, "starttls");
	if (starttls->required) {
		envoi_element_add(element, NULL, "required");
	}
	return envoi_element_error(features);
}

static int take_starttls(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	struct starttls *starttls = from_handler(self);
	if (starttls->config == NULL) {
		int r = send_empty(stream, "failure");
		return r < 0 ? r : refuse(stream, "the peer asked for TLS, which was not offered");
	}
	int r = send_empty(stream, "proceed");
	return r < 0 ? r : envoi_stream_start_tls(stream, self, starttls->config);
}

/* --- the handler --- */

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_TLS,
	.name = "starttls",
	.order = ENVOI_ORDER_TLS,
	.forbidden = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_TLS,
	.state_size = sizeof(struct state),
	.offer = offer,
	.negotiate = negotiate,
};

static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_TLS,
		.name = "proceed",
		.roles = 1u << ENVOI_INITIATOR,
		.forbidden = ENVOI_STREAM_SECURE,
		.handle = take_proceed,
	},
	{
		.ns = ENVOI_NS_TLS,
		.name = "failure",
		.roles = 1u << ENVOI_INITIATOR,
		.forbidden = ENVOI_STREAM_SECURE,
		.handle = take_failure,
	},
	{
		.ns = ENVOI_NS_TLS,
		.name = "starttls",
		.roles = 1u << ENVOI_RECEIVER,
		.forbidden = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED,
		.handle = take_starttls,
	},
	{.name = NULL},
};

static void destroy(struct envoi_handler *self)
{
	envoi_tls_config_unref(from_handler(self)->config);
	envoi__own_handler_free(self);
}

static const struct envoi_handler_impl starttls_impl = {
	.name = "starttls",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

int envoi_starttls_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_starttls_options *options)
{
	struct starttls *starttls = envoi__own_handler_new(
		sizeof(*starttls), &starttls_impl, context);
	if (starttls == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	starttls->config = options->config != NULL ? envoi_tls_config_ref(options->config) : NULL;
	starttls->required = options->required;
	*ret_handler = &starttls->own.handler;
	return ENVOI_OK;
}
