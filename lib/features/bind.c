/*
 * envoi - resource binding (RFC 6120, section 7)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/features.h>

#include "features/feature_payloads.h"
#include "features/iq.h"
#include "stanza/own_handler.h"

struct bind {
	struct envoi__own_handler own;
	char *resource; /* NULL: the server chooses */
	bool any_address;
	struct envoi_bind_hook *hook;
};

/** Of one stream. */
struct state {
	struct envoi__iq iq; /* initiating side */
	char *asked; /* receiving side: id of the open request; NULL: none */
};

static struct bind *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct bind, own.handler);
}

/* --- initiating side --- */

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)features;
	if (offer == NULL) {
		return ENVOI_OK;
	}
	struct state *state = envoi_stream_feature_state(stream, self);
	const struct envoi__bind request = {.resource = from_handler(self)->resource};
	int r = envoi__iq_send(stream, &state->iq, &envoi__bind_type, &request);
	return r < 0 ? r : ENVOI_AGAIN;
}

/*
 * Bound to another account than the user's, the client would send and receive for that account. An
 * anonymous login has no localpart to compare with.
 */
static bool is_expected(
	const struct bind *bind, const struct envoi_jid *local, const struct envoi_jid *bound)
{
	if (envoi_jid_is_bare(bound)) {
		return false;
	}
	if (bind->any_address || local == NULL) {
		return true;
	}
	return envoi_jid_local(local) == NULL ? envoi_jid_equal_domain(local, bound)
					      : envoi_jid_equal_bare(local, bound);
}

/* @return as envoi_payload_parse(), or ENVOI_ERR_PROTOCOL: there is no address */
static int read_address(const struct envoi_jid **ret_jid, const struct envoi_element *result)
{
	const void *value;
	const struct envoi_element *payload = envoi_element_child(result, ENVOI_NS_BIND, "bind");
	if (payload == NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	int r = envoi_payload_parse(&value, &envoi__bind_type, payload, NULL);
	if (r == ENVOI_OK) {
		*ret_jid = ((const struct envoi__bind *)value)->jid;
	}
	return r == ENVOI_OK && *ret_jid == NULL ? ENVOI_ERR_PROTOCOL : r;
}

static int take_result(
	struct envoi_handler *self, struct envoi_stream *stream, const struct envoi_element *result)
{
	const struct envoi_jid *bound = NULL;
	int r = read_address(&bound, result);
	if (r == ENVOI_ERR_PROTOCOL || r == ENVOI_ERR_LIMIT) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT,
			"the server bound no valid address");
	}
	if (r < 0) {
		return r;
	}
	if (!is_expected(from_handler(self), envoi_stream_local(stream), bound)) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_UNDEFINED_CONDITION,
			"the server bound an address that is not the account's: %s",
			envoi_jid_text(bound));
	}
	envoi_stream_set_local(stream, bound);
	envoi_stream_feature_done(stream, self, ENVOI_STREAM_BOUND, ENVOI_NEXT_FEATURE, NULL);
	return ENVOI_OK;
}

static int take_answer(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	int r = envoi__iq_take_answer(stream, &state->iq, element);
	return r == ENVOI_OK ? take_result(self, stream, element) : r;
}

/* --- receiving side --- */

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)stream;
	if (from_handler(self)->hook != NULL) {
		envoi_element_add(features, ENVOI_NS_BIND, "bind");
	}
	return envoi_element_error(features);
}

static int take_request(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_bind_hook *hook = from_handler(self)->hook;
	struct state *state = envoi_stream_feature_state(stream, self);
	const struct envoi_element *payload = envoi_element_child(element, ENVOI_NS_BIND, "bind");
	if (payload == NULL || hook == NULL || !envoi__iq_is_set(element)) {
		return ENVOI_DECLINED;
	}
	const char *id = envoi_element_attr(element, "id");
	if (state->asked != NULL) {
		return envoi__iq_send_error(stream, id, ENVOI_NOT_ALLOWED);
	}
	const void *value;
	int r = envoi_payload_parse(&value, &envoi__bind_type, payload, NULL);
	if (r == ENVOI_ERR_NOMEM) {
		return r;
	}
	if (r < 0) {
		return envoi__iq_send_error(stream, id, ENVOI_BAD_REQUEST);
	}
	state->asked = envoi_strndup(envoi_stream_context(stream), id, strlen(id));
	if (state->asked == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *resource = ((const struct envoi__bind *)value)->resource;
	bool is_chosen = resource != NULL && resource[0] != '\0';
	hook->impl->wanted(hook, stream, self, is_chosen ? resource : NULL);
	return ENVOI_OK;
}

int envoi_bind_answer(struct envoi_stream *stream, struct envoi_handler *handler,
	const struct envoi_jid *jid, enum envoi_stanza_condition condition)
{
	struct state *state = envoi_stream_feature_state(stream, handler);
	if (state == NULL || state->asked == NULL) {
		return ENVOI_ERR_STATE;
	}
	char *id = state->asked;
	state->asked = NULL;
	const struct envoi__bind result = {.jid = jid};
	int r = jid != NULL ? envoi__iq_send_result(stream, id, &envoi__bind_type, &result)
			    : envoi__iq_send_error(stream, id, condition);
	envoi_free(envoi_stream_context(stream), id);
	if (jid != NULL && r == ENVOI_OK) {
		envoi_stream_set_local(stream, jid);
		envoi_stream_feature_done(
			stream, handler, ENVOI_STREAM_BOUND, ENVOI_NEXT_FEATURE, NULL);
	}
	return r;
}

/* --- the handler --- */

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *its_state)
{
	(void)self;
	struct state *state = its_state;
	envoi_free(envoi_stream_context(stream), state->asked);
	state->asked = NULL;
}

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_BIND,
	.name = "bind",
	.order = ENVOI_ORDER_BIND,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.state_size = sizeof(struct state),
	.offer = offer,
	.negotiate = negotiate,
	.finish = finish,
};

static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_CLIENT,
		.name = "iq",
		.roles = 1u << ENVOI_INITIATOR,
		.necessary = ENVOI_STREAM_AUTHENTICATED,
		.forbidden = ENVOI_STREAM_BOUND,
		.handle = take_answer,
	},
	{
		.ns = ENVOI_NS_CLIENT,
		.name = "iq",
		.roles = 1u << ENVOI_RECEIVER,
		.necessary = ENVOI_STREAM_AUTHENTICATED,
		.forbidden = ENVOI_STREAM_BOUND,
		.handle = take_request,
	},
	{.name = NULL},
};

static void destroy(struct envoi_handler *self)
{
	struct bind *bind = from_handler(self);
	envoi_free(bind->own.context, bind->resource);
	envoi__own_handler_free(self);
}

static const struct envoi_handler_impl bind_impl = {
	.name = "bind",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

int envoi_bind_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_bind_options *options)
{
	struct bind *bind = envoi__own_handler_new(sizeof(*bind), &bind_impl, context);
	if (bind == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *resource = options->resource;
	bind->resource = resource == NULL ? NULL
					  : envoi_strndup(context, resource, strlen(resource));
	if (resource != NULL && bind->resource == NULL) {
		destroy(&bind->own.handler);
		return ENVOI_ERR_NOMEM;
	}
	bind->any_address = options->any_address;
	bind->hook = options->hook;
	*ret_handler = &bind->own.handler;
	return ENVOI_OK;
}
