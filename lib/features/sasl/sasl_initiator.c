/*
 * envoi - SASL, initiating side (RFC 6120, section 6)
 * SPDX-License-Identifier: MIT
 */
#include "features/sasl/sasl_initiator.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>

#include "sasl/sasl.h"
#include "sasl/sasl_history.h"
#include "stream/stream.h"

static struct envoi__sasl *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi__sasl, base.handler);
}

static int unexpected(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	bool is_in_clear = !envoi__sasl_may_go_on(stream, &from_handler(self)->policy);
	return envoi_stream_fail_with(stream, is_in_clear ? ENVOI_ERR_TLS : ENVOI_ERR_PROTOCOL,
		ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE, "unexpected <%s/> of SASL%s",
		envoi_element_name(element), is_in_clear ? ", and before TLS" : "");
}

/* --- going on --- */

static void work(struct envoi_deferred *deferred);

/* The source may answer at once, and may free everything but the memory of the stream. */
static void ask(
	struct envoi__sasl *sasl, struct envoi__sasl_state *state, enum envoi__sasl_stage stage)
{
	state->stage = stage;
	state->begun = ENVOI_AGAIN;
	state->request.stream = state->stream;
	state->request.feature = &sasl->base.handler;
	state->request.domain = envoi_stream_peer_domain(state->stream);
	state->request.is_again = stage == ENVOI__SASL_ASKING_AGAIN;
	state->request.has_keys = !state->request.is_again &&
		envoi__sasl_history_keys(sasl->history, state->request.mechanism->name) != NULL;
	struct envoi_stream *stream = state->stream;
	if (envoi__stream_enter(stream)) {
		sasl->credentials->impl->request(sasl->credentials, &state->request);
		if (state->request.stream != NULL) {
			envoi__stream_wait_for(stream, "password", state->password_ms);
		}
		envoi__stream_leave(stream);
	}
}

/* One slice of the derivation in each turn of the loop. */
static void work_later(struct envoi__sasl_state *state)
{
	state->stage = ENVOI__SASL_WORKING;
	state->uses_keys = false;
	envoi_deferred_post(
		&state->work, envoi_context_loop(envoi_stream_context(state->stream)), work);
}

/* One step of the exchange. @param in NULL: no message, more is to be computed */
static int advance(
	struct envoi__sasl *sasl, struct envoi__sasl_state *state, const struct envoi_buffer *in)
{
	struct envoi_stream *stream = state->stream;
	struct envoi_context *context = envoi_context_ref(sasl->base.context);
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	int r = envoi_sasl_step(state->exchange, in != NULL ? envoi_buffer_data(in) : NULL,
		in != NULL ? envoi_buffer_len(in) : 0, &out);
	if (r == ENVOI_OK || r == ENVOI_AGAIN) {
		state->stage = r == ENVOI_OK ? ENVOI__SASL_COMPLETE : ENVOI__SASL_EXCHANGING;
		r = envoi__sasl_keep_sent(state, &out);
		r = r < 0 ? r
			  : envoi__sasl_send(
				    stream, "response", NULL, &out, ENVOI__SASL_EMPTY_AS_NOTHING);
		r = r < 0 ? envoi__sasl_fail(stream, state, r) : ENVOI_OK;
	} else if (r < 0) {
		r = envoi__sasl_abort(stream, state, r, NULL);
	} else if (r == ENVOI_SASL_BUSY) {
		work_later(state);
		r = ENVOI_OK;
	} else {
		ask(sasl, state, ENVOI__SASL_ASKING_AGAIN);
		r = ENVOI_OK;
	}
	envoi_buffer_wipe(&out);
	envoi_context_unref(context);
	return r;
}

static void work(struct envoi_deferred *deferred)
{
	struct envoi__sasl_state *state = ENVOI_CONTAINER_OF(
		deferred, struct envoi__sasl_state, work);
	struct envoi__sasl *sasl = from_handler(state->request.feature);
	struct envoi_stream *stream = state->stream;
	if (envoi__stream_enter(stream)) {
		int r = advance(sasl, state, NULL);
		if (r < 0) {
			envoi_stream_fail_with(
				stream, r, ENVOI_STREAM_NO_CONDITION, "%s", envoi_error_text(r));
		}
		envoi__stream_leave(stream);
	}
}

static void take_password(struct envoi__sasl_state *state, const char *password)
{
	int r = password != NULL ? envoi_sasl_give_password(state->exchange, password)
				 : ENVOI_ERR_AUTH;
	if (r == ENVOI_OK) {
		work_later(state);
	} else {
		envoi__sasl_abort(state->stream, state, r,
			password == NULL ? "the server needs the password, which is not known"
					 : NULL);
	}
}

static void go_on_with(
	struct envoi__sasl_state *state, int code, const struct envoi_sasl_identity *identity)
{
	if (code < 0) {
		state->begun = envoi_stream_fail_with(state->stream, code,
			ENVOI_STREAM_NO_CONDITION, "no identity to log in with: %s",
			envoi_error_text(code));
	} else if (state->stage == ENVOI__SASL_ASKING_AGAIN) {
		take_password(state, identity->password);
	} else {
		state->begun = envoi__sasl_begin(
			from_handler(state->request.feature), state, identity);
	}
}

/* The wait for the application is over, if the stream had to wait. */
static void settle(struct envoi__sasl_state *state)
{
	struct envoi_sasl_credentials *credentials =
		from_handler(state->request.feature)->credentials;
	state->request.stream = NULL;
	if (state->stream->awaited != NULL) {
		envoi__stream_wait_for(state->stream, NULL, 0);
	}
	if (credentials->impl->answered != NULL) {
		credentials->impl->answered(credentials, &state->request);
	}
}

void envoi_sasl_answer(
	struct envoi_sasl_request *request, int code, const struct envoi_sasl_identity *identity)
{
	struct envoi_stream *stream = request->stream;
	if (stream == NULL || !envoi__stream_enter(stream)) {
		return;
	}
	struct envoi__sasl_state *state = ENVOI_CONTAINER_OF(
		request, struct envoi__sasl_state, request);
	settle(state);
	if (!state->is_finished) {
		go_on_with(state, code, identity);
	}
	envoi__stream_leave(stream);
}

/* The offer is read again when the identity has come. */
static struct envoi_element *keep(const struct envoi_element *features)
{
	union {
		const struct envoi_element *given;
		struct envoi_element *counted;
	} pointer = {.given = features};
	return envoi_element_ref(pointer.counted);
}

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	struct envoi__sasl *sasl = from_handler(self);
	struct envoi__sasl_state *state = envoi_stream_feature_state(stream, self);
	if (offer == NULL) {
		return ENVOI_OK;
	}
	if (!envoi__sasl_may_go_on(stream, &sasl->policy)) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_TLS, ENVOI_STREAM_NO_CONDITION,
			"no login without TLS, unless the setting tls.mode is none");
	}
	if (state->stage != ENVOI__SASL_IDLE) {
		return ENVOI_ERR_STATE;
	}
	state->stream = stream;
	state->features = keep(features);
	state->rounds_left = sasl->policy.values.max_rounds;
	state->password_ms = sasl->policy.values.password_timeout_ms;
	int r = envoi__sasl_select(sasl, stream, state, features);
	if (r < 0) {
		return r;
	}
	ask(sasl, state, ENVOI__SASL_ASKING);
	return state->is_finished ? ENVOI_AGAIN : state->begun;
}

/* --- elements of the server --- */

static bool expects_message(const struct envoi__sasl_state *state)
{
	return state->stage == ENVOI__SASL_EXCHANGING || state->stage == ENVOI__SASL_COMPLETE;
}

/* RFC 6120, section 6.4.3 */
static int take_challenge(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi__sasl_state *state = envoi_stream_feature_state(stream, self);
	if (!expects_message(state)) {
		return unexpected(self, stream, element);
	}
	if (state->stage == ENVOI__SASL_COMPLETE) {
		return envoi__sasl_abort(stream, state, ENVOI_ERR_PROTOCOL,
			"a challenge after the end of the exchange");
	}
	if (state->rounds_left-- == 0) {
		return envoi__sasl_abort(
			stream, state, ENVOI_ERR_LIMIT, "more challenges than sasl.max-rounds");
	}
	struct envoi_context *context = envoi_context_ref(envoi_stream_context(stream));
	struct envoi_buffer in;
	envoi_buffer_init(&in, context, 0);
	int r = envoi__sasl_read(element, &in, NULL);
	if (r == ENVOI_OK) {
		r = advance(from_handler(self), state, &in);
	} else {
		r = envoi__sasl_abort(
			stream, state, r == ENVOI_ERR_INVALID ? ENVOI_ERR_PROTOCOL : r, NULL);
	}
	envoi_buffer_wipe(&in);
	envoi_context_unref(context);
	return r;
}

/* The data of <success/> must complete an incomplete exchange; without data the server has proved
 * nothing. */
static int conclude(struct envoi__sasl_state *state, const struct envoi_buffer *data, bool has_data)
{
	if (state->stage == ENVOI__SASL_COMPLETE) {
		return envoi_buffer_len(data) == 0 ? ENVOI_OK : ENVOI_ERR_PROTOCOL;
	}
	if (!has_data) {
		return ENVOI_ERR_AUTH;
	}
	struct envoi_buffer out;
	envoi_buffer_init(&out, data->context, 0);
	int r = envoi_sasl_step(
		state->exchange, envoi_buffer_data(data), envoi_buffer_len(data), &out);
	bool says_more = envoi_buffer_len(&out) > 0;
	envoi_buffer_wipe(&out);
	return r > 0 || (r == ENVOI_OK && says_more) ? ENVOI_ERR_PROTOCOL : r;
}

/* Keep what both sides have proved. The login is valid without it: a failure is logged only. */
static void learn(struct envoi__sasl *sasl, const struct envoi__sasl_state *state)
{
	struct envoi_sasl_keys keys;
	if (sasl->history == NULL) {
		return;
	}
	int r = envoi__sasl_history_raise_pin(
		sasl->history, state->choice.mechanism, state->choice.binding);
	if (r == ENVOI_OK && sasl->policy.values.keep_keys &&
		envoi_sasl_get_keys(state->exchange, &keys) == ENVOI_OK) {
		r = envoi__sasl_history_keep(sasl->history, &keys);
	}
	if (r < 0) {
		envoi_log(sasl->base.context, ENVOI_LOG_WARNING, ENVOI_LOG_SASL,
			"pin and keys of this login are lost: %s", envoi_error_text(r));
	}
}

static void forget_exchange(struct envoi__sasl_state *state, struct envoi_context *context)
{
	envoi__sasl_forget_sent(state, context);
	envoi_sasl_free(state->exchange);
	state->exchange = NULL;
	state->features = envoi_element_unref(state->features);
}

/* RFC 6120, section 6.4.6 */
static int take_success(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi__sasl_state *state = envoi_stream_feature_state(stream, self);
	if (!expects_message(state)) {
		return unexpected(self, stream, element);
	}
	struct envoi_buffer data;
	envoi_buffer_init(&data, envoi_stream_context(stream), 0);
	bool has_data = false;
	int r = envoi__sasl_read(element, &data, &has_data);
	if (r == ENVOI_OK) {
		r = conclude(state, &data, has_data);
	} else if (r == ENVOI_ERR_INVALID) {
		r = ENVOI_ERR_PROTOCOL;
	}
	envoi_buffer_wipe(&data);
	if (r < 0) {
		return envoi__sasl_fail(stream, state, r);
	}
	state->stage = ENVOI__SASL_DONE;
	learn(from_handler(self), state);
	forget_exchange(state, envoi_stream_context(stream));
	envoi_stream_feature_done(stream, self, ENVOI_STREAM_AUTHENTICATED, ENVOI_NEXT_RESTART,
		state->request.mechanism->name);
	return ENVOI_OK;
}

static int take_failure(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	const struct envoi__sasl_state *state = envoi_stream_feature_state(stream, self);
	return expects_message(state) ? envoi__sasl_refused(from_handler(self), state, element)
				      : unexpected(self, stream, element);
}

/* --- the handler --- */

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *its_state)
{
	struct envoi__sasl *sasl = from_handler(self);
	struct envoi__sasl_state *state = its_state;
	state->is_finished = true;
	bool is_asked = state->request.stream != NULL;
	state->request.stream = NULL;
	envoi_deferred_cancel(&state->work);
	forget_exchange(state, envoi_stream_context(stream));
	if (is_asked) {
		/* Last: the application may free the handler, and the source with it. */
		sasl->credentials->impl->cancel(sasl->credentials, &state->request);
	}
}

static const struct envoi_stream_feature feature = {
	ENVOI__SASL_FEATURE,
	.state_size = sizeof(struct envoi__sasl_state),
	.negotiate = negotiate,
	.finish = finish,
};

static const struct envoi_stream_element_row rows[] = {
	ENVOI__SASL_ROW(ENVOI_INITIATOR, "challenge", take_challenge),
	ENVOI__SASL_ROW(ENVOI_INITIATOR, "success", take_success),
	ENVOI__SASL_ROW(ENVOI_INITIATOR, "failure", take_failure),
	{.name = NULL},
};

static void destroy(struct envoi_handler *self)
{
	struct envoi__sasl *sasl = from_handler(self);
	envoi_sasl_credentials_destroy(sasl->credentials);
	envoi_settings_free(sasl->settings);
	envoi__own_handler_free(self);
}

static const struct envoi_handler_impl sasl_impl = {
	.name = "sasl",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

void envoi_sasl_feature_set_history(
	struct envoi_handler *handler, struct envoi_sasl_history *history)
{
	from_handler(handler)->history = history;
}

int envoi_sasl_feature_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_settings *settings, struct envoi_sasl_credentials *credentials)
{
	bool is_complete = envoi__sasl_credentials_are_complete(credentials);
	struct envoi__sasl *sasl = is_complete
		? envoi__own_handler_new(sizeof(*sasl), &sasl_impl, context)
		: NULL;
	if (sasl == NULL) {
		envoi_sasl_credentials_destroy(credentials);
		return is_complete ? ENVOI_ERR_NOMEM : ENVOI_ERR_INVALID;
	}
	sasl->credentials = credentials;
	int r = envoi_settings_dup(&sasl->settings, settings);
	if (r < 0) {
		destroy(&sasl->base.handler);
		return r;
	}
	envoi__sasl_policy_read(&sasl->policy, sasl->settings);
	*ret_handler = &sasl->base.handler;
	return ENVOI_OK;
}
