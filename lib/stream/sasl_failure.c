/*
 * envoi - SASL, initiating side: how it ends when it does not succeed
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "base/failure.h"
#include "stream/peer_error.h"
#include "stream/sasl_initiator.h"

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
	const struct envoi__sasl_state *state, int code, const char *between, const char *words)
{
	const char *mechanism = state->request.mechanism->name;
	envoi_failure_set(failure, envoi_stream_context(stream), ENVOI_PHASE_SASL, code, "%s%s%s",
		mechanism, between, words);
	envoi__failure_put(failure->mechanism, sizeof(failure->mechanism), mechanism);
}

static int fail_saying(struct envoi_stream *stream, const struct envoi__sasl_state *state,
	int code, const char *words)
{
	struct envoi_failure failure;
	set_failure(&failure, stream, state, code, ": ", words);
	envoi_stream_fail(stream, &failure);
	return code;
}

int envoi__sasl_fail(
	struct envoi_stream *stream, const struct envoi__sasl_state *state, int code)
{
	const char *problem =
		state->exchange != NULL ? envoi_sasl_problem(state->exchange) : NULL;
	return fail_saying(stream, state, code, problem != NULL ? problem : words_for(code));
}

/* RFC 6120, section 6.4.4. The server would let us try again; we do not. */
int envoi__sasl_give_up(struct envoi_stream *stream, const struct envoi__sasl_state *state,
	int code, const char *words)
{
	int r = envoi__sasl_send(stream, "abort", NULL, NULL, ENVOI__SASL_EMPTY_AS_NOTHING);
	if (r < 0) {
		return r;
	}
	return words != NULL ? fail_saying(stream, state, code, words)
	                     : envoi__sasl_fail(stream, state, code);
}

/* RFC 6120, section 6.4.5 */
int envoi__sasl_refused(struct envoi_stream *stream, const struct envoi__sasl_state *state,
	const struct envoi_element *element)
{
	const struct envoi__peer_error said = envoi__peer_error_read(element, ENVOI_NS_SASL);
	struct envoi_failure failure;
	set_failure(&failure, stream, state, ENVOI_ERR_AUTH, " ", "refused by the server");
	envoi__peer_error_put(&said, &failure);
	failure.sasl_condition = envoi_sasl_condition_from_name(envoi__peer_error_name(&said));
	failure.retry = envoi_sasl_condition_meaning(failure.sasl_condition)->retry;
	envoi_stream_fail(stream, &failure);
	return ENVOI_ERR_AUTH;
}
