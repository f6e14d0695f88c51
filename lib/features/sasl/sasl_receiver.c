/*
 * envoi - SASL, receiving side (RFC 6120, section 6)
 * SPDX-License-Identifier: MIT
 */
#include "features/sasl/sasl_feature.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>
#include <envoi/mainloop.h>
#include <envoi/watch.h>

#define NS_CHANNEL_BINDING "urn:xmpp:sasl-cb:0" /* XEP-0440 */

enum {
	MOST_FAILURES = 5, /* RFC 6120, section 6.4.5 */
	MOST_OFFERED = 64,
};

/* The offer to one connection. */
struct offered {
	const char *mechanisms[MOST_OFFERED], *bindings[ENVOI__SASL_BINDINGS];
	struct envoi_sasl_offer offer;
};

struct receiver {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_settings *settings; /* a copy */
	struct envoi__sasl_policy policy; /* its texts are of the copy */
	struct envoi_sasl_accounts accounts;
};

/** Of one stream. */
struct state {
	struct envoi_sasl_exchange *exchange; /* NULL: none is pending */
	const struct envoi_sasl_mechanism *mechanism;
	unsigned int rounds_left;
	unsigned int failures;
	char *user; /* the authenticated user; NULL: none, or anonymous */
	struct envoi_stream *stream; /* borrowed, while keys are derived */
	struct envoi_handler *handler;
	struct envoi_deferred work; /* continues the derivation */
	bool is_stepping; /* lookup() may be called, and may free the stream */
	bool is_finished;
};

static struct receiver *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct receiver, handler);
}

/* --- offering --- */

static bool can_bind(const struct envoi_sasl_mechanism *mechanism, const char *type)
{
	const char *const *known = mechanism->bindings;
	while (known != NULL && *known != NULL && strcmp(*known, type) != 0) {
		known++;
	}
	return known != NULL && *known != NULL;
}

static bool can_bind_any(
	const struct envoi_sasl_mechanism *mechanism, const struct envoi__sasl_bindings *bindings)
{
	for (size_t i = 0; i < bindings->count; i++) {
		if (can_bind(mechanism, bindings->types[i])) {
			return true;
		}
	}
	return false;
}

static bool is_wanted(const char *mechanisms, const char *name)
{
	for (const char *word = mechanisms; *word != '\0'; word += strlen(word) + 1) {
		if (strcmp(word, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_offered(const struct receiver *receiver, const struct envoi_stream *stream,
	const struct envoi_sasl_mechanism *mechanism, const struct envoi__sasl_bindings *bindings)
{
	bool is_secure = (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0;
	const struct envoi__sasl_settings *values = &receiver->policy.values;
	if (mechanism == NULL || mechanism->is_initiators ||
		!is_wanted(values->mechanisms, mechanism->name) ||
		!envoi__sasl_may_go_on(stream, &receiver->policy)) {
		return false;
	}
	/* Client certificates are not requested. */
	if (mechanism->means == ENVOI_SASL_CERTIFICATE || (mechanism->needs_secure && !is_secure)) {
		return false;
	}
	if (strcmp(mechanism->name, "PLAIN") == 0 && !values->allow_plain) {
		return false;
	}
	return mechanism->bindings == NULL ||
		(values->channel_binding != ENVOI__SASL_BINDING_NEVER &&
			can_bind_any(mechanism, bindings));
}

static bool is_known_to_bind(struct envoi_context *context, const char *type)
{
	const struct envoi_sasl_mechanism *mechanism;
	size_t position = 0;
	do {
		mechanism = envoi_sasl_next(context, &position);
	} while (mechanism != NULL && !can_bind(mechanism, type));
	return mechanism != NULL;
}

/* The bindings are listed (XEP-0440, section 2) if any offered mechanism is a -PLUS one: those that
 * some mechanism supports. */
static void collect_offer(const struct receiver *receiver, const struct envoi_stream *stream,
	const struct envoi__sasl_bindings *bindings, struct offered *ret_offered)
{
	struct envoi_sasl_offer *offer = &ret_offered->offer;
	*offer = (struct envoi_sasl_offer){
		.mechanisms = ret_offered->mechanisms, .bindings = ret_offered->bindings};
	for (const char *name = receiver->policy.values.mechanisms;
		*name != '\0' && offer->mechanism_count < MOST_OFFERED; name += strlen(name) + 1) {
		const struct envoi_sasl_mechanism *mechanism = envoi_sasl_find(
			receiver->context, name);
		if (is_offered(receiver, stream, mechanism, bindings)) {
			ret_offered->mechanisms[offer->mechanism_count++] = name;
			offer->lists_bindings = offer->lists_bindings ||
				mechanism->bindings != NULL;
		}
	}
	for (size_t i = 0; offer->lists_bindings && i < bindings->count; i++) {
		if (is_known_to_bind(receiver->context, bindings->types[i])) {
			ret_offered->bindings[offer->binding_count++] = bindings->types[i];
		}
	}
}

static void add_offer(struct envoi_element *features, const struct envoi_sasl_offer *offer)
{
	struct envoi_element *list = envoi_element_add(features, ENVOI_NS_SASL, "mechanisms");
	for (size_t i = 0; i < offer->mechanism_count; i++) {
		envoi_element_add_with_text(list, NULL, "mechanism", offer->mechanisms[i]);
	}
	if (offer->lists_bindings) {
		list = envoi_element_add(features, NS_CHANNEL_BINDING, "sasl-channel-binding");
	}
	for (size_t i = 0; i < offer->binding_count; i++) {
		envoi_element_set(envoi_element_add(list, NULL, "channel-binding"), "type",
			offer->bindings[i]);
	}
}

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	struct receiver *receiver = from_handler(self);
	if (!envoi__sasl_may_go_on(stream, &receiver->policy)) {
		return ENVOI_OK;
	}
	struct envoi__sasl_bindings bindings;
	int r = envoi__sasl_bindings_get(&bindings, stream);
	if (r == ENVOI_OK) {
		struct offered offered;
		collect_offer(receiver, stream, &bindings, &offered);
		add_offer(features, &offered.offer);
		r = envoi_element_error(features);
	}
	envoi__sasl_bindings_finish(&bindings);
	return r;
}

/* --- answering --- */

static void end_exchange(struct state *state)
{
	envoi_sasl_free(state->exchange);
	state->exchange = NULL;
}

static const char *condition_for(int code)
{
	switch (code) {
	case ENVOI_ERR_NOMEM:
	case ENVOI_ERR_SYSTEM:
		return "temporary-auth-failure";
	case ENVOI_ERR_PROTOCOL:
	case ENVOI_ERR_LIMIT:
		return "malformed-request";
	default:
		return "not-authorized";
	}
}

/* RFC 6120, section 6.4.5: the peer may retry a few times. */
static int refuse(struct envoi_stream *stream, struct state *state, const char *condition)
{
	struct envoi_context *context = envoi_stream_context(stream);
	struct envoi_element *failure = envoi_element_new(context, ENVOI_NS_SASL, "failure");
	envoi_element_add(failure, NULL, condition);
	end_exchange(state);
	envoi_deferred_cancel(&state->work);
	int r = envoi_stream_send_element(stream, failure);
	envoi_element_unref(failure);
	if (r == ENVOI_OK && ++state->failures >= MOST_FAILURES) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_AUTH, ENVOI_STREAM_POLICY_VIOLATION,
			"too many failed authentications");
	}
	return r;
}

static int succeed(struct envoi_handler *self, struct envoi_stream *stream, struct state *state,
	const struct envoi_buffer *data)
{
	struct envoi_context *context = envoi_stream_context(stream);
	const char *user = envoi_sasl_authcid(state->exchange);
	envoi_free(context, state->user);
	state->user = user != NULL ? envoi_strndup(context, user, strlen(user)) : NULL;
	end_exchange(state);
	if (user != NULL && state->user == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	bool has_data = envoi_buffer_len(data) > 0;
	int r = envoi_stream_set_user(stream, state->user);
	if (r == ENVOI_OK) {
		r = envoi__sasl_send(stream, "success", NULL, has_data ? data : NULL,
			ENVOI__SASL_EMPTY_AS_NOTHING);
	}
	if (r == ENVOI_OK) {
		envoi_stream_feature_done(stream, self, ENVOI_STREAM_AUTHENTICATED,
			ENVOI_NEXT_RESTART, state->mechanism->name);
	}
	return r;
}

/* @param in  NULL: the peer has sent no data */
static int step(struct state *state, const struct envoi_buffer *in, struct envoi_buffer *out)
{
	struct envoi_sasl_exchange *exchange = state->exchange;
	state->is_stepping = true;
	int r = envoi_sasl_step(exchange, in != NULL ? envoi_buffer_data(in) : NULL,
		in != NULL ? envoi_buffer_len(in) : 0, out);
	state->is_stepping = false;
	if (state->is_finished) {
		end_exchange(state);
	}
	return r;
}

static void work(struct envoi_deferred *deferred);

static int go_on(struct envoi_handler *self, struct envoi_stream *stream, struct state *state,
	const struct envoi_buffer *in)
{
	struct envoi_context *context = envoi_context_ref(envoi_stream_context(stream));
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	int r = step(state, in, &out);
	if (state->is_finished) {
		r = ENVOI_OK;
	} else if (r == ENVOI_SASL_BUSY) {
		state->stream = stream;
		state->handler = self;
		envoi_deferred_post(&state->work, envoi_context_loop(context), work);
		r = ENVOI_OK;
	} else if (r == ENVOI_AGAIN) {
		r = envoi__sasl_send(stream, "challenge", NULL, &out, ENVOI__SASL_EMPTY_AS_NOTHING);
	} else if (r == ENVOI_OK) {
		r = succeed(self, stream, state, &out);
	} else {
		r = refuse(stream, state, condition_for(r));
	}
	envoi_buffer_wipe(&out);
	envoi_context_unref(context);
	return r;
}

static void work(struct envoi_deferred *deferred)
{
	struct state *state = ENVOI_CONTAINER_OF(deferred, struct state, work);
	struct envoi_stream *stream = state->stream;
	int r = go_on(state->handler, stream, state, NULL);
	if (r < 0) {
		envoi_stream_fail_with(
			stream, r, ENVOI_STREAM_NO_CONDITION, "%s", envoi_error_text(r));
	}
}

/* Reads, then steps. @param needs_data  an empty element means empty data */
static int take_data(struct envoi_handler *self, struct envoi_stream *stream, struct state *state,
	const struct envoi_element *element, bool needs_data)
{
	struct envoi_context *context = envoi_context_ref(envoi_stream_context(stream));
	struct envoi_buffer in;
	envoi_buffer_init(&in, context, 0);
	bool has_data;
	int r = envoi__sasl_read(element, &in, &has_data);
	envoi__sasl_wipe_element(element);
	if (r == ENVOI_OK) {
		r = go_on(self, stream, state, has_data || needs_data ? &in : NULL);
	} else if (r == ENVOI_ERR_INVALID) {
		r = refuse(stream, state, "incorrect-encoding");
	}
	envoi_buffer_wipe(&in);
	envoi_context_unref(context);
	return r;
}

static int start_exchange(struct receiver *receiver, struct envoi_stream *stream,
	struct state *state, const struct envoi_sasl_mechanism *mechanism,
	const struct envoi__sasl_bindings *bindings)
{
	const struct envoi_jid *local = envoi_stream_local(stream);
	const struct envoi__sasl_settings *values = &receiver->policy.values;
	struct offered offered;
	collect_offer(receiver, stream, bindings, &offered);
	bool may_bind = values->channel_binding != ENVOI__SASL_BINDING_NEVER;
	struct envoi_sasl_parameters parameters = {
		.role = ENVOI_RECEIVER,
		.hostname = local != NULL ? envoi_jid_domain(local) : NULL,
		.bindings = bindings->list,
		.binding_count = may_bind && offered.offer.lists_bindings ? bindings->count : 0,
		.offer = &offered.offer,
		.min_iterations = values->min_iterations,
		.lookup = receiver->accounts.lookup,
		.lookup_user = receiver->accounts.user,
	};
	state->mechanism = mechanism;
	state->rounds_left = values->max_rounds;
	return envoi_sasl_start(&state->exchange, receiver->context, mechanism, &parameters);
}

/* RFC 6120, section 6.4.2 */
static int take_auth(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct receiver *receiver = from_handler(self);
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->exchange != NULL) {
		return refuse(stream, state, "malformed-request");
	}
	const char *name = envoi_element_attr(element, "mechanism");
	const struct envoi_sasl_mechanism *mechanism = name != NULL
		? envoi_sasl_find(receiver->context, name)
		: NULL;
	struct envoi__sasl_bindings bindings;
	int r = envoi__sasl_bindings_get(&bindings, stream);
	bool is_known = r == ENVOI_OK && is_offered(receiver, stream, mechanism, &bindings);
	if (is_known) {
		r = start_exchange(receiver, stream, state, mechanism, &bindings);
	}
	envoi__sasl_bindings_finish(&bindings);
	if (r < 0) {
		return refuse(stream, state, "temporary-auth-failure");
	}
	return is_known ? take_data(self, stream, state, element, false)
			: refuse(stream, state, "invalid-mechanism");
}

/* RFC 6120, section 6.4.3 */
static int take_response(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->exchange == NULL || state->rounds_left-- == 0) {
		return refuse(stream, state, "malformed-request");
	}
	return take_data(self, stream, state, element, true);
}

/* RFC 6120, section 6.4.4 */
static int take_abort(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	return refuse(stream, envoi_stream_feature_state(stream, self), "aborted");
}

const char *envoi_sasl_user(struct envoi_stream *stream, const struct envoi_handler *handler)
{
	const struct state *state = envoi_stream_feature_state(stream, handler);
	return state != NULL ? state->user : NULL;
}

/* --- the handler --- */

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *its_state)
{
	(void)self;
	struct state *state = its_state;
	state->is_finished = true;
	envoi_deferred_cancel(&state->work);
	if (!state->is_stepping) {
		end_exchange(state);
	}
	envoi_free(envoi_stream_context(stream), state->user);
	state->user = NULL;
}

static const struct envoi_stream_feature feature = {
	ENVOI__SASL_FEATURE,
	.state_size = sizeof(struct state),
	.offer = offer,
	.finish = finish,
};

static const struct envoi_stream_element_row rows[] = {
	ENVOI__SASL_ROW(ENVOI_RECEIVER, "auth", take_auth),
	ENVOI__SASL_ROW(ENVOI_RECEIVER, "response", take_response),
	ENVOI__SASL_ROW(ENVOI_RECEIVER, "abort", take_abort),
	{.name = NULL},
};

static void destroy(struct envoi_handler *self)
{
	struct receiver *receiver = from_handler(self);
	struct envoi_context *context = receiver->context;
	envoi_settings_free(receiver->settings);
	envoi_free(context, receiver);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl receiver_impl = {
	.name = "sasl",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

int envoi_sasl_receiver_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_settings *settings, const struct envoi_sasl_accounts *accounts)
{
	struct receiver *receiver = envoi_alloc(context, sizeof(*receiver));
	if (receiver == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*receiver = (struct receiver){
		.handler = ENVOI_HANDLER(&receiver_impl),
		.context = envoi_context_ref(context),
		.accounts = *accounts,
	};
	int r = envoi_settings_dup(&receiver->settings, settings);
	if (r < 0) {
		destroy(&receiver->handler);
		return r;
	}
	envoi__sasl_policy_read(&receiver->policy, receiver->settings);
	*ret_handler = &receiver->handler;
	return ENVOI_OK;
}
