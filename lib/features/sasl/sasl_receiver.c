/*
 * envoi - SASL, receiving side (RFC 6120, section 6)
 * SPDX-License-Identifier: MIT
 */
#include "features/sasl/sasl_receiver.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>
#include <envoi/mainloop.h>
#include <envoi/watch.h>

/** Of one stream. */
struct state {
	struct envoi_sasl_exchange *exchange; /* NULL: none is pending */
	const struct envoi_sasl_mechanism *mechanism;
	unsigned int rounds_left;
	unsigned int failures;
	char *user; /* the authenticated user; NULL: none, or anonymous */
	struct envoi_stream *stream; /* borrowed, while keys are derived */
	struct envoi_handler *handler;
	struct envoi_deferred work; /* continues the exchange */
	struct envoi_sasl_lookup lookup; /* `stream` set: it is open */
	int answered; /* code of the look-up: <0 ends the exchange */
};

static struct envoi__sasl_receiver *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi__sasl_receiver, base.handler);
}

/* --- offering --- */

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	struct envoi__sasl_receiver *receiver = from_handler(self);
	if (!envoi__sasl_may_go_on(stream, &receiver->policy)) {
		return ENVOI_OK;
	}
	struct envoi__sasl_bindings bindings;
	int r = envoi__sasl_bindings_get(&bindings, stream);
	if (r == ENVOI_OK) {
		struct envoi__sasl_offered offered;
		envoi__sasl_collect_offer(receiver, stream, &bindings, &offered);
		envoi__sasl_add_offer(features, &offered.offer);
		r = envoi_element_error(features);
	}
	envoi__sasl_bindings_finish(&bindings);
	return r;
}

/* --- answering --- */

/* The directory may free the stream. */
static void end_exchange(struct envoi__sasl_receiver *receiver, struct state *state)
{
	struct envoi_sasl_directory *directory = receiver->directory;
	struct envoi_sasl_exchange *exchange = state->exchange;
	bool is_open = state->lookup.stream != NULL;
	state->exchange = NULL;
	state->lookup.stream = NULL;
	state->answered = ENVOI_OK;
	envoi_deferred_cancel(&state->work);
	if (is_open && directory->impl->cancel != NULL) {
		directory->impl->cancel(directory, &state->lookup);
	}
	envoi_sasl_free(exchange);
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
	case ENVOI_ERR_INVALID:
		return "invalid-authzid";
	default:
		return "not-authorized";
	}
}

/* RFC 6120, section 6.4.5: the peer may retry. */
static int refuse(struct envoi_handler *self, struct envoi_stream *stream, struct state *state,
	const char *condition)
{
	struct envoi_context *context = envoi_stream_context(stream);
	unsigned int most = from_handler(self)->policy.values.max_attempts;
	struct envoi_element *failure = envoi_element_new(context, ENVOI_NS_SASL, "failure");
	envoi_element_add(failure, NULL, condition);
	int r = envoi_stream_send_element(stream, failure);
	envoi_element_unref(failure);
	if (r == ENVOI_OK && ++state->failures >= most) {
		r = envoi_stream_fail_with(stream, ENVOI_ERR_AUTH, ENVOI_STREAM_POLICY_VIOLATION,
			"too many failed authentications");
	}
	end_exchange(from_handler(self), state);
	return r;
}

static int succeed(struct envoi_handler *self, struct envoi_stream *stream, struct state *state,
	const struct envoi_buffer *data)
{
	struct envoi_context *context = envoi_stream_context(stream);
	const char *user = envoi_sasl_authcid(state->exchange);
	envoi_free(context, state->user);
	state->user = user != NULL ? envoi_strndup(context, user, strlen(user)) : NULL;
	end_exchange(from_handler(self), state);
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

/* --- the account --- */

static void work(struct envoi_deferred *deferred);

/* Continues from the loop. */
static void continue_later(
	struct envoi_handler *self, struct envoi_stream *stream, struct state *state)
{
	state->stream = stream;
	state->handler = self;
	envoi_deferred_post(&state->work, envoi_context_loop(envoi_stream_context(stream)), work);
}

void envoi_sasl_lookup_answer(
	struct envoi_sasl_lookup *lookup, int code, const struct envoi_sasl_account *account)
{
	struct state *state = ENVOI_CONTAINER_OF(lookup, struct state, lookup);
	struct envoi_stream *stream = lookup->stream;
	if (stream == NULL) {
		return;
	}
	lookup->stream = NULL;
	if (code == ENVOI_OK || code == ENVOI_ERR_NOT_FOUND) {
		code = envoi_sasl_give_account(state->exchange, code == ENVOI_OK ? account : NULL);
	}
	state->answered = code;
	continue_later(lookup->feature, stream, state);
}

void envoi_sasl_lookup_answer_password(struct envoi_sasl_lookup *lookup, const char *password)
{
	const struct envoi_sasl_account account = {.password = password};
	envoi_sasl_lookup_answer(
		lookup, password != NULL ? ENVOI_OK : ENVOI_ERR_NOT_FOUND, &account);
}

/* The stream may be freed when it returns. */
static void look_up(struct envoi_handler *self, struct envoi_stream *stream, struct state *state)
{
	struct envoi_sasl_directory *directory = from_handler(self)->directory;
	const struct envoi_jid *local = envoi_stream_local(stream);
	state->lookup = (struct envoi_sasl_lookup){
		.authcid = envoi_sasl_authcid(state->exchange),
		.domain = local != NULL ? envoi_jid_domain(local) : NULL,
		.mechanism = state->mechanism,
		.stream = stream,
		.feature = self,
	};
	if (directory == NULL) {
		envoi_sasl_lookup_answer(&state->lookup, ENVOI_ERR_NOT_FOUND, NULL);
	} else {
		directory->impl->look_up(directory, &state->lookup);
	}
}

/* --- the exchange --- */

/* @param in  NULL: the peer has sent no data */
static int go_on(struct envoi_handler *self, struct envoi_stream *stream, struct state *state,
	const struct envoi_buffer *in)
{
	struct envoi_context *context = envoi_context_ref(envoi_stream_context(stream));
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	int r = envoi_sasl_step(state->exchange, in != NULL ? envoi_buffer_data(in) : NULL,
		in != NULL ? envoi_buffer_len(in) : 0, &out);
	if (r == ENVOI_SASL_NEEDS_ACCOUNT) {
		look_up(self, stream, state);
		r = ENVOI_OK;
	} else if (r == ENVOI_SASL_BUSY) {
		continue_later(self, stream, state);
		r = ENVOI_OK;
	} else if (r == ENVOI_AGAIN) {
		r = envoi__sasl_send(stream, "challenge", NULL, &out, ENVOI__SASL_EMPTY_AS_NOTHING);
	} else if (r == ENVOI_OK) {
		r = succeed(self, stream, state, &out);
	} else {
		r = refuse(self, stream, state, condition_for(r));
	}
	envoi_buffer_wipe(&out);
	envoi_context_unref(context);
	return r;
}

static void work(struct envoi_deferred *deferred)
{
	struct state *state = ENVOI_CONTAINER_OF(deferred, struct state, work);
	struct envoi_stream *stream = state->stream;
	int r = state->answered < 0
		? refuse(state->handler, stream, state, "temporary-auth-failure")
		: go_on(state->handler, stream, state, NULL);
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
		r = refuse(self, stream, state, "incorrect-encoding");
	}
	envoi_buffer_wipe(&in);
	envoi_context_unref(context);
	return r;
}

static int start_exchange(struct envoi__sasl_receiver *receiver, struct envoi_stream *stream,
	struct state *state, const struct envoi_sasl_mechanism *mechanism,
	const struct envoi__sasl_bindings *bindings)
{
	const struct envoi_jid *local = envoi_stream_local(stream);
	const struct envoi__sasl_settings *values = &receiver->policy.values;
	struct envoi__sasl_offered offered;
	struct envoi_buffer certified;
	envoi_buffer_init(&certified, receiver->base.context, 0);
	int r = envoi__sasl_certified(&certified, stream);
	envoi__sasl_collect_offer(receiver, stream, bindings, &offered);
	bool may_bind = values->channel_binding != ENVOI__SASL_BINDING_NEVER;
	struct envoi_sasl_parameters parameters = {
		.role = ENVOI_RECEIVER,
		.certified = envoi_buffer_data(&certified),
		.hostname = local != NULL ? envoi_jid_domain(local) : NULL,
		.bindings = bindings->list,
		.binding_count = may_bind && offered.offer.lists_bindings ? bindings->count : 0,
		.offer = &offered.offer,
		.min_iterations = values->min_iterations,
		.decoys = receiver->directory != NULL ? receiver->directory->decoys : NULL,
	};
	state->mechanism = mechanism;
	state->rounds_left = values->max_rounds;
	if (r == ENVOI_OK) {
		r = envoi_sasl_start(
			&state->exchange, receiver->base.context, mechanism, &parameters);
	}
	envoi_buffer_finish(&certified);
	return r;
}

/* RFC 6120, section 6.4.2 */
static int take_auth(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi__sasl_receiver *receiver = from_handler(self);
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->exchange != NULL) {
		return refuse(self, stream, state, "malformed-request");
	}
	const char *name = envoi_element_attr(element, "mechanism");
	const struct envoi_sasl_mechanism *mechanism = name != NULL
		? envoi_sasl_find(receiver->base.context, name)
		: NULL;
	struct envoi__sasl_bindings bindings;
	int r = envoi__sasl_bindings_get(&bindings, stream);
	bool is_known = r == ENVOI_OK &&
		envoi__sasl_is_offered(receiver, stream, mechanism, &bindings);
	if (is_known) {
		r = start_exchange(receiver, stream, state, mechanism, &bindings);
	}
	envoi__sasl_bindings_finish(&bindings);
	if (r < 0) {
		return refuse(self, stream, state, "temporary-auth-failure");
	}
	return is_known ? take_data(self, stream, state, element, false)
			: refuse(self, stream, state, "invalid-mechanism");
}

/* RFC 6120, section 6.4.3 */
static int take_response(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->exchange == NULL || state->rounds_left-- == 0) {
		return refuse(self, stream, state, "malformed-request");
	}
	return take_data(self, stream, state, element, true);
}

/* RFC 6120, section 6.4.4 */
static int take_abort(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	return refuse(self, stream, envoi_stream_feature_state(stream, self), "aborted");
}

const char *envoi_sasl_user(struct envoi_stream *stream, const struct envoi_handler *handler)
{
	const struct state *state = envoi_stream_feature_state(stream, handler);
	return state != NULL ? state->user : NULL;
}

/* --- the handler --- */

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *its_state)
{
	struct state *state = its_state;
	envoi_free(envoi_stream_context(stream), state->user);
	state->user = NULL;
	/* Last: the application may free the handler, and the directory with it. */
	end_exchange(from_handler(self), state);
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
	envoi_settings_free(from_handler(self)->settings);
	envoi__own_handler_free(self);
}

static const struct envoi_handler_impl receiver_impl = {
	.name = "sasl",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

int envoi_sasl_receiver_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_settings *settings, struct envoi_sasl_directory *directory)
{
	struct envoi__sasl_receiver *receiver = envoi__own_handler_new(
		sizeof(*receiver), &receiver_impl, context);
	if (receiver == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	receiver->directory = directory;
	int r = envoi_settings_dup(&receiver->settings, settings);
	if (r < 0) {
		destroy(&receiver->base.handler);
		return r;
	}
	envoi__sasl_policy_read(&receiver->policy, receiver->settings);
	*ret_handler = &receiver->base.handler;
	return ENVOI_OK;
}
