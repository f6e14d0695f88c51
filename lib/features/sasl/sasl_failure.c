/*
 * envoi - SASL, initiating side: failures
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "base/context.h"
#include "base/failure.h"
#include "features/sasl/sasl_initiator.h"
#include "sasl/sasl_history.h"
#include "stream/peer_error.h"

static const char *words_for(int code)
{
	switch (code) {
	case ENVOI_ERR_AUTH:
		return "the server has not proved that it knows the password";
	case ENVOI_ERR_PROTOCOL:
		return "the server sent a malformed message";
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
	const struct envoi__sasl_state *state, int code, const char *between, const char *words)
{
	const char *mechanism = state->request.mechanism->name;
	envoi_failure_set(failure, envoi_stream_context(stream), ENVOI_PHASE_SASL, code, "%s%s%s",
		mechanism, between, words);
	envoi__failure_put(failure->mechanism, sizeof(failure->mechanism), mechanism);
}

static int fail_with_text(struct envoi_stream *stream, const struct envoi__sasl_state *state,
	int code, const char *words)
{
	struct envoi_failure failure;
	set_failure(&failure, stream, state, code, ": ", words);
	envoi_stream_fail(stream, &failure);
	return code;
}

int envoi__sasl_fail(struct envoi_stream *stream, const struct envoi__sasl_state *state, int code)
{
	const char *problem = state->exchange != NULL ? envoi_sasl_problem(state->exchange) : NULL;
	return fail_with_text(stream, state, code, problem != NULL ? problem : words_for(code));
}

/* RFC 6120, section 6.4.4. The server would allow a retry, which is not made. */
int envoi__sasl_abort(struct envoi_stream *stream, const struct envoi__sasl_state *state, int code,
	const char *words)
{
	int r = envoi__sasl_send(stream, "abort", NULL, NULL, ENVOI__SASL_EMPTY_AS_NOTHING);
	if (r < 0) {
		return r;
	}
	return words != NULL ? fail_with_text(stream, state, code, words)
			     : envoi__sasl_fail(stream, state, code);
}

/* --- refused --- */

int envoi__sasl_keep_sent(struct envoi__sasl_state *state, const struct envoi_buffer *data)
{
	const struct envoi_sasl_mechanism *mechanism = state->request.mechanism;
	size_t len = envoi_buffer_len(data);
	if (!mechanism->needs_secure || mechanism->means != ENVOI_SASL_PASSWORD || len == 0) {
		return ENVOI_OK;
	}
	envoi__sasl_forget_sent(state, envoi_stream_context(state->stream));
	state->sent = envoi_alloc(envoi_stream_context(state->stream), len);
	if (state->sent == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(state->sent, envoi_buffer_data(data), len);
	state->sent_len = len;
	return ENVOI_OK;
}

void envoi__sasl_forget_sent(struct envoi__sasl_state *state, struct envoi_context *context)
{
	if (state->sent != NULL) {
		envoi__wipe(state->sent, state->sent_len);
		envoi_free(context, state->sent);
		state->sent = NULL;
	}
}

static void put_redacted(struct envoi_stream *stream, const struct envoi__sasl_state *state,
	const struct envoi__peer_error *said, struct envoi_failure *failure)
{
	struct envoi_context *context = envoi_stream_context(stream);
	const char *text = envoi_element_text(said->text);
	size_t size = strlen(text) + 1;
	char *copy = envoi_strndup(context, text, size - 1);
	bool is_redacted = copy != NULL &&
		envoi__sasl_redact(context, copy, state->sent, state->sent_len) == ENVOI_OK;
	envoi__failure_put(
		failure->text, sizeof(failure->text), is_redacted ? copy : "(not shown)");
	if (copy != NULL) {
		envoi__wipe(copy, size);
		envoi_free(context, copy);
	}
}

/* Whether the refused keys are those of an earlier login, and not derived from a password that was
 * given since: a short derivation ends within the step that began it. */
static bool has_used_keys(const struct envoi__sasl *sasl, const struct envoi__sasl_state *state)
{
	if (!state->uses_keys || state->exchange == NULL) {
		return false;
	}
	const struct envoi_sasl_keys *kept = envoi__sasl_history_keys(
		sasl->history, state->request.mechanism->name);
	const struct envoi_sasl_exchange_impl *impl = state->exchange->impl;
	struct envoi_sasl_keys used;
	if (kept == NULL || impl->get_keys == NULL ||
		impl->get_keys(state->exchange, &used) != ENVOI_OK) {
		return true;
	}
	return used.key_len == kept->key_len &&
		envoi__equal_secret(used.client_key, kept->client_key, kept->key_len);
}

/* The password may have been changed without the salt: the next login uses the password. */
static void drop_keys(struct envoi__sasl *sasl, const struct envoi__sasl_state *state,
	struct envoi_failure *failure)
{
	envoi__sasl_history_drop(sasl->history, state->request.mechanism->name);
	unsigned int means = sasl->credentials->impl->means(sasl->credentials);
	if ((means & ENVOI_SASL_PASSWORD) != 0) {
		failure->retry = ENVOI_RETRY_NOW;
	}
}

/* RFC 6120, section 6.4.5 */
int envoi__sasl_refused(struct envoi__sasl *sasl, const struct envoi__sasl_state *state,
	const struct envoi_element *element)
{
	struct envoi_stream *stream = state->stream;
	const struct envoi__peer_error said = envoi__peer_error_read(
		element, ENVOI_NS_SASL, envoi_stream_lang(stream));
	struct envoi_failure failure;
	set_failure(&failure, stream, state, ENVOI_ERR_AUTH, " ", "refused by the server");
	envoi__peer_error_put(&said, &failure);
	if (failure.is_peer_text && state->sent != NULL) {
		put_redacted(stream, state, &said, &failure);
	}
	failure.sasl_condition = envoi_sasl_condition_from_name(envoi__peer_error_name(&said));
	failure.retry = envoi_sasl_condition_meaning(failure.sasl_condition)->retry;
	if (failure.sasl_condition == ENVOI_SASL_NOT_AUTHORIZED && has_used_keys(sasl, state)) {
		drop_keys(sasl, state, &failure);
	}
	envoi_stream_fail(stream, &failure);
	return ENVOI_ERR_AUTH;
}
