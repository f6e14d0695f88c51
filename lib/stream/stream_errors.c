/*
 * envoi - streams: stream errors (RFC 6120, section 4.9)
 * SPDX-License-Identifier: MIT
 */
#include "base/failure.h"
#include "stream/peer_error.h"
#include "stream/redirect.h"
#include "stream/stream.h"

/* --- in --- */

bool envoi__stream_is_proven(const struct envoi_stream *stream)
{
	const unsigned int needed = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED;
	struct envoi_tls_info info;
	envoi_stream_tls_info(stream, &info);
	return (stream->bits & needed) == needed &&
		(info.version == NULL || envoi_tls_is_verified(&info));
}

/*
 * Section 4.9.3.19. Before TLS and the login an attacker between may have sent it, and following it
 * gives the attacker all further attempts.
 */
static void take_redirect(
	struct envoi_stream *stream, struct envoi_failure *failure, const char *text)
{
	const char *why = "the server redirects to an invalid host";
	int r = envoi__redirect_parse(failure->redirect_host, sizeof(failure->redirect_host),
		&failure->redirect_port, text != NULL ? text : "");
	if (r == ENVOI_OK && envoi__stream_is_proven(stream)) {
		why = "the server redirects to another host";
		failure->retry = ENVOI_RETRY_NOW;
	} else if (r == ENVOI_OK) {
		why = "not followed: before TLS and the login are complete, an attacker may have sent it";
	}
	if (!failure->is_peer_text) {
		envoi__failure_put(failure->text, sizeof(failure->text), why);
	}
}

void envoi__stream_error_in(struct envoi_stream *stream, const struct envoi_element *error)
{
	struct envoi__peer_error said = envoi__peer_error_read(
		error, ENVOI_NS_STREAM_ERRORS, stream->lang);
	enum envoi_stream_condition condition = envoi_stream_condition_from_name(
		envoi__peer_error_name(&said));
	struct envoi_failure failure;
	envoi_failure_set(&failure, stream->context, stream->phase, ENVOI_ERR_STREAM, "%s", "");
	envoi__peer_error_put(&said, &failure);
	failure.stream_condition = condition;
	failure.retry = envoi_stream_condition_meaning(condition)->retry;
	if (condition == ENVOI_STREAM_SEE_OTHER_HOST) {
		take_redirect(stream, &failure, envoi_element_text(said.condition));
	}
	envoi__stream_fail_with_text(stream, &failure, ENVOI_STREAM_NO_CONDITION);
}

/* --- out --- */

void envoi__stream_send_error(struct envoi_stream *stream, enum envoi_stream_condition condition)
{
	struct envoi_element *error = envoi_element_new(stream->context, ENVOI_NS_STREAMS, "error");
	envoi_element_add(error, ENVOI_NS_STREAM_ERRORS, envoi_stream_condition_name(condition));
	if (envoi_stream_send_element(stream, error) < 0) {
		envoi_log(stream->context, ENVOI_LOG_WARNING, ENVOI_LOG_STREAM,
			"a stream error could not be sent");
	}
	envoi_element_unref(error);
}
