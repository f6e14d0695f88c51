/*
 * envoi - SASL, initiating side (RFC 6120, section 6)
 * SPDX-License-Identifier: MIT
 */
/*
 *	IDLE -> ASKING       a mechanism is chosen; the source of identities was asked
 *	ASKING -> EXCHANGING <auth/> was sent, and the exchange expects something
 *	       -> COMPLETE   <auth/> was sent, and our side is done (PLAIN)
 *	EXCHANGING -> EXCHANGING, COMPLETE   <challenge/>, answered with <response/>
 *	EXCHANGING, COMPLETE -> DONE         <success/>
 *
 * Everything else ends the stream. Authenticated is who has both: an exchange that is complete and
 * a <success/>.
 */
#include "stream/sasl.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "base/context.h"
#include "base/failure.h"
#include "crypto/sasl_choice.h"
#include "stream/peer_error.h"

#define NS_CHANNEL_BINDING "urn:xmpp:sasl-cb:0" /* XEP-0440 */

enum {
	MOST_OFFERED = 64,
	MOST_WANTED = 64,
};

struct sasl {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_sasl_credentials *credentials;
};

enum stage {
	IDLE,
	ASKING,
	EXCHANGING,
	COMPLETE,
	DONE,
};

/** Of one stream. */
struct state {
	enum stage stage;
	struct envoi_sasl_request request;
	const char *binding; /* of -PLUS; static */
	struct envoi_sasl_exchange *exchange;
	int64_t rounds_left;
	int begun; /* what beginning returned, for negotiate() when it is on the stack */
	bool is_finished; /* the stream has been freed in a callback */
};

static struct sasl *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct sasl, handler);
}

/* --- ending --- */

static int unexpected(struct envoi_stream *stream, const struct envoi_element *element)
{
	return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
		ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE, "<%s/> of SASL out of turn",
		envoi_element_name(element));
}

static const char *words_for(int code)
{
	switch (code) {
	case ENVOI_ERR_AUTH:
		return "the server has not proved that it knows the password";
	case ENVOI_ERR_PROTOCOL:
		return "a malformed message of the server";
	case ENVOI_ERR_LIMIT:
		return "an iteration count outside of sasl.min-iterations and sasl.max-iterations";
	case ENVOI_ERR_INVALID:
		return "the user name or the password has characters that are not allowed";
	case ENVOI_ERR_UNSUPPORTED:
		return "not available here";
	default:
		return envoi_error_text(code);
	}
}

static void set_failure(struct envoi_failure *failure, struct envoi_stream *stream,
	const struct state *state, int code, const char *between, const char *words)
{
	const char *mechanism = state->request.mechanism->name;
	envoi_failure_set(failure, envoi_stream_context(stream), ENVOI_PHASE_SASL, code, "%s%s%s",
		mechanism, between, words);
	envoi__failure_put(failure->mechanism, sizeof(failure->mechanism), mechanism);
}

static int fail_saying(
	struct envoi_stream *stream, const struct state *state, int code, const char *words)
{
	struct envoi_failure failure;
	set_failure(&failure, stream, state, code, ": ", words);
	envoi_stream_fail(stream, &failure);
	return code;
}

static int fail(struct envoi_stream *stream, const struct state *state, int code)
{
	return fail_saying(stream, state, code, words_for(code));
}

/* RFC 6120, section 6.4.4. The server would let us try again; we do not. */
static int give_up(
	struct envoi_stream *stream, const struct state *state, int code, const char *words)
{
	int r = envoi__sasl_send(stream, "abort", NULL, NULL, ENVOI__SASL_EMPTY_AS_NOTHING);
	return r < 0 ? r : fail_saying(stream, state, code, words);
}

/* --- choosing --- */

static size_t offered_mechanisms(
	const struct envoi_element *offer, const char **words, size_t room)
{
	size_t count = 0;
	for (const struct envoi_element *child = envoi_element_first(offer);
		child != NULL && count < room; child = envoi_element_next(child)) {
		const char *name = envoi_element_is(child, ENVOI_NS_SASL, "mechanism")
		                           ? envoi_element_text(child)
		                           : NULL;
		if (name != NULL) {
			words[count++] = name;
		}
	}
	return count;
}

static size_t listed_bindings(const struct envoi_element *list, const char **words, size_t room)
{
	size_t count = 0;
	for (const struct envoi_element *child = envoi_element_first(list);
		child != NULL && count < room; child = envoi_element_next(child)) {
		const char *type = envoi_element_is(child, NS_CHANNEL_BINDING, "channel-binding")
		                           ? envoi_element_attr(child, "type")
		                           : NULL;
		if (type != NULL) {
			words[count++] = type;
		}
	}
	return count;
}

static size_t wanted_mechanisms(
	const struct envoi_settings *settings, const char **words, size_t room)
{
	size_t count = 0;
	const char *word;
	while (count < room &&
		(word = envoi_settings_word(settings, "sasl.mechanisms", count)) != NULL) {
		words[count++] = word;
	}
	return count;
}

/* Whether what is sent reaches nobody but a server whose certificate was verified. */
static bool is_verified(const struct envoi_stream *stream, struct envoi_tls_info *ret_info)
{
	*ret_info = (struct envoi_tls_info){0};
	const struct envoi_transport *transport = envoi_stream_transport(stream);
	if (transport->impl->tls_info != NULL) {
		transport->impl->tls_info(transport, ret_info);
	}
	/* Secure without TLS is a transport of which its maker says so. */
	return (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0 &&
	       (ret_info->version == NULL || ret_info->verified);
}

static int choose(struct sasl *sasl, struct envoi_stream *stream, struct state *state,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	const char *offered[MOST_OFFERED], *wanted[MOST_WANTED], *listed[MOST_OFFERED];
	const struct envoi_element *list =
		envoi_element_child(features, NS_CHANNEL_BINDING, "sasl-channel-binding");
	struct envoi__sasl_bindings bindings;
	struct envoi_tls_info info;
	int r = envoi__sasl_bindings_get(&bindings, stream);
	if (r < 0) {
		goto done;
	}
	struct envoi__sasl_situation situation = {
		.wanted = {wanted, wanted_mechanisms(sasl->settings, wanted, MOST_WANTED)},
		.binding_policy = (enum envoi__sasl_binding_policy)envoi_settings_int(
			sasl->settings, "sasl.channel-binding"),
		.allow_plain = envoi_settings_int(sasl->settings, "sasl.allow-plain") != 0,
		.means = sasl->credentials->impl->means(sasl->credentials),
		.offered = {offered, offered_mechanisms(offer, offered, MOST_OFFERED)},
		.lists_bindings = list != NULL,
		.listed_bindings = {listed, listed_bindings(list, listed, MOST_OFFERED)},
		.is_secure = is_verified(stream, &info),
		.own_bindings = {bindings.types, bindings.count},
	};
	situation.tls_version = info.version;
	struct envoi__sasl_choice choice;
	char why[256];
	r = envoi__sasl_choose(&choice, sasl->context, &situation, why, sizeof(why));
	if (r < 0) {
		envoi_stream_fail_with(stream, r, ENVOI_STREAM_NO_CONDITION, "%s", why);
		goto done;
	}
	state->request.mechanism = choice.mechanism;
	state->binding = choice.binding;
	envoi_log(sasl->context, ENVOI_LOG_INFO, ENVOI_LOG_SASL, "%s%s%s", choice.mechanism->name,
		choice.binding != NULL ? " with " : "",
		choice.binding != NULL ? choice.binding : "");

done:
	envoi__sasl_bindings_finish(&bindings);
	return r;
}

/* --- beginning --- */

static const struct envoi_sasl_binding *find_binding(
	const struct envoi__sasl_bindings *bindings, const char *type)
{
	for (size_t i = 0; type != NULL && i < bindings->count; i++) {
		if (strcmp(bindings->list[i].type, type) == 0) {
			return &bindings->list[i];
		}
	}
	return NULL;
}

static int start_exchange(struct sasl *sasl, struct envoi_stream *stream, struct state *state,
	const struct envoi_sasl_identity *identity)
{
	const struct envoi_jid *local = envoi_stream_local(stream);
	const char *authcid = identity->authcid;
	struct envoi__sasl_bindings bindings;
	int r = envoi__sasl_bindings_get(&bindings, stream);
	if (r == ENVOI_OK) {
		const struct envoi_sasl_binding *binding = find_binding(&bindings, state->binding);
		struct envoi_sasl_parameters parameters = {
			.role = ENVOI_INITIATOR,
			.authcid = authcid == NULL && local != NULL ? envoi_jid_local(local)
		                                                    : authcid,
			.authzid = identity->authzid,
			.password = identity->password,
			.hostname = envoi_stream_peer_domain(stream),
			.bindings = binding,
			.binding_count = binding != NULL,
			.min_iterations = (unsigned int)envoi_settings_int(
				sasl->settings, "sasl.min-iterations"),
			.max_iterations = (unsigned int)envoi_settings_int(
				sasl->settings, "sasl.max-iterations"),
		};
		r = envoi_sasl_start(
			&state->exchange, sasl->context, state->request.mechanism, &parameters);
	}
	envoi__sasl_bindings_finish(&bindings);
	return r;
}

/* RFC 6120, section 6.4.2: with the initial response, if the mechanism has one. */
static int send_auth(struct envoi_stream *stream, struct state *state)
{
	const struct envoi_sasl_mechanism *mechanism = state->request.mechanism;
	struct envoi_buffer data;
	envoi_buffer_init(&data, envoi_stream_context(stream), 0);
	int r = ENVOI_AGAIN;
	if (mechanism->client_first) {
		r = envoi_sasl_step(state->exchange, NULL, 0, &data);
	}
	if (r >= 0) {
		state->stage = r == ENVOI_OK ? COMPLETE : EXCHANGING;
		r = envoi__sasl_send(stream, "auth", mechanism->name,
			mechanism->client_first ? &data : NULL, ENVOI__SASL_EMPTY_AS_EQUALS_SIGN);
	}
	envoi_buffer_wipe(&data);
	return r;
}

static int begin(struct sasl *sasl, struct envoi_stream *stream, struct state *state,
	const struct envoi_sasl_identity *identity)
{
	int r = start_exchange(sasl, stream, state, identity);
	if (r == ENVOI_OK) {
		r = send_auth(stream, state);
	}
	return r < 0 ? fail(stream, state, r) : ENVOI_AGAIN;
}

void envoi_sasl_answer(struct envoi_sasl_request *request, int code,
	const struct envoi_sasl_identity *identity)
{
	struct envoi_stream *stream = request->stream;
	if (stream == NULL) {
		return;
	}
	request->stream = NULL;
	struct state *state = ENVOI_CONTAINER_OF(request, struct state, request);
	if (code < 0) {
		state->begun = envoi_stream_fail_with(stream, code, ENVOI_STREAM_NO_CONDITION,
			"no identity to log in with: %s", envoi_error_text(code));
	} else {
		state->begun = begin(from_handler(request->feature), stream, state, identity);
	}
}

/* Nothing of ours is touched after the source was asked: it may have freed everything. */
static int ask(struct sasl *sasl, struct envoi_stream *stream, struct state *state)
{
	state->stage = ASKING;
	state->begun = ENVOI_AGAIN;
	state->request.stream = stream;
	state->request.feature = &sasl->handler;
	state->request.domain = envoi_stream_peer_domain(stream);
	sasl->credentials->impl->request(sasl->credentials, &state->request);
	return state->is_finished ? ENVOI_AGAIN : state->begun;
}

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	struct sasl *sasl = from_handler(self);
	struct state *state = envoi_stream_feature_state(stream, self);
	if (offer == NULL) {
		return ENVOI_OK;
	}
	if (!envoi__sasl_may_go_on(stream, sasl->settings)) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_TLS, ENVOI_STREAM_NO_CONDITION,
			"no login without TLS, unless the setting tls.mode is none");
	}
	if (state->stage != IDLE) {
		return ENVOI_ERR_STATE;
	}
	state->rounds_left = envoi_settings_int(sasl->settings, "sasl.max-rounds");
	int r = choose(sasl, stream, state, offer, features);
	return r < 0 ? r : ask(sasl, stream, state);
}

/* --- what the server says --- */

static int respond(struct envoi_stream *stream, struct state *state,
	const struct envoi_element *element, struct envoi_buffer *in, struct envoi_buffer *out)
{
	int r = envoi__sasl_read(element, in, NULL);
	if (r == ENVOI_OK) {
		r = envoi_sasl_step(
			state->exchange, envoi_buffer_data(in), envoi_buffer_len(in), out);
	} else if (r == ENVOI_ERR_INVALID) {
		r = ENVOI_ERR_PROTOCOL;
	}
	if (r < 0) {
		return give_up(stream, state, r, words_for(r));
	}
	if (r == ENVOI_OK) {
		state->stage = COMPLETE;
	}
	r = envoi__sasl_send(stream, "response", NULL, out, ENVOI__SASL_EMPTY_AS_NOTHING);
	return r < 0 ? fail(stream, state, r) : ENVOI_OK;
}

/* RFC 6120, section 6.4.3 */
static int take_challenge(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->stage != EXCHANGING && state->stage != COMPLETE) {
		return unexpected(stream, element);
	}
	if (state->stage == COMPLETE) {
		return give_up(stream, state, ENVOI_ERR_PROTOCOL, "a challenge after the end");
	}
	if (state->rounds_left-- <= 0) {
		return give_up(stream, state, ENVOI_ERR_LIMIT, "more challenges than sasl.max-rounds");
	}
	struct envoi_buffer in, out;
	envoi_buffer_init(&in, envoi_stream_context(stream), 0);
	envoi_buffer_init(&out, envoi_stream_context(stream), 0);
	int r = respond(stream, state, element, &in, &out);
	envoi_buffer_wipe(&in);
	envoi_buffer_wipe(&out);
	return r;
}

/* The server's last word must complete what is not complete; a server that only says that all is
 * well has proved nothing. */
static int conclude(struct state *state, const struct envoi_buffer *data, bool has_data)
{
	if (state->stage == COMPLETE) {
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
	return r == ENVOI_AGAIN || (r == ENVOI_OK && says_more) ? ENVOI_ERR_PROTOCOL : r;
}

/* RFC 6120, section 6.4.6 */
static int take_success(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->stage != EXCHANGING && state->stage != COMPLETE) {
		return unexpected(stream, element);
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
		return fail(stream, state, r);
	}
	state->stage = DONE;
	envoi_sasl_free(state->exchange);
	state->exchange = NULL;
	envoi_stream_feature_done(
		stream, self, ENVOI_STREAM_AUTHENTICATED, true, state->request.mechanism->name);
	return ENVOI_OK;
}

/* RFC 6120, section 6.4.5 */
static int take_failure(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct state *state = envoi_stream_feature_state(stream, self);
	if (state->stage != EXCHANGING && state->stage != COMPLETE) {
		return unexpected(stream, element);
	}
	const struct envoi__peer_error said = envoi__peer_error_read(element, ENVOI_NS_SASL);
	struct envoi_failure failure;
	set_failure(&failure, stream, state, ENVOI_ERR_AUTH, " ", "refused by the server");
	envoi__peer_error_put(&said, &failure);
	failure.sasl_condition = envoi_sasl_condition_from_name(envoi__peer_error_name(&said));
	failure.retry = envoi_sasl_condition_meaning(failure.sasl_condition)->retry;
	envoi_stream_fail(stream, &failure);
	return ENVOI_ERR_AUTH;
}

/* --- the handler --- */

static void finish(struct envoi_handler *self, struct envoi_stream *stream, void *its_state)
{
	(void)stream;
	struct sasl *sasl = from_handler(self);
	struct state *state = its_state;
	state->is_finished = true;
	if (state->request.stream != NULL) {
		state->request.stream = NULL;
		if (sasl->credentials->impl->cancel != NULL) {
			sasl->credentials->impl->cancel(sasl->credentials, &state->request);
		}
	}
	envoi_sasl_free(state->exchange);
	state->exchange = NULL;
}

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_SASL,
	.name = "mechanisms",
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.state_size = sizeof(struct state),
	.negotiate = negotiate,
	.finish = finish,
};

#define ROW(element, function)                                                          \
	{                                                                               \
		.ns = ENVOI_NS_SASL, .name = (element), .roles = 1u << ENVOI_INITIATOR, \
		.forbidden = ENVOI_STREAM_AUTHENTICATED, .handle = (function),          \
	}

static const struct envoi_stream_element_row rows[] = {
	ROW("challenge", take_challenge),
	ROW("success", take_success),
	ROW("failure", take_failure),
	{.name = NULL},
};

static void destroy(struct envoi_handler *self)
{
	struct sasl *sasl = from_handler(self);
	struct envoi_context *context = sasl->context;
	envoi_sasl_credentials_destroy(sasl->credentials);
	envoi_settings_free(sasl->settings);
	envoi_free(context, sasl);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl sasl_impl = {
	.name = "sasl",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

int envoi_sasl_feature_new(struct envoi_handler **ret_handler, struct envoi_context *context,
	const struct envoi_settings *settings, struct envoi_sasl_credentials *credentials)
{
	struct sasl *sasl = envoi_alloc(context, sizeof(*sasl));
	if (sasl == NULL) {
		envoi_sasl_credentials_destroy(credentials);
		return ENVOI_ERR_NOMEM;
	}
	*sasl = (struct sasl){
		.handler = ENVOI_HANDLER(&sasl_impl),
		.context = envoi_context_ref(context),
		.credentials = credentials,
	};
	int r = envoi_settings_dup(&sasl->settings, settings);
	if (r < 0) {
		destroy(&sasl->handler);
		return r;
	}
	*ret_handler = &sasl->handler;
	return ENVOI_OK;
}
