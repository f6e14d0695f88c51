/*
 * envoi - streams: stream errors (RFC 6120, section 4.9)
 * SPDX-License-Identifier: MIT
 */
#include "stream/peer_error.h"
#include "stream/stream.h"

#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"

/* --- in --- */

void envoi__stream_error_in(struct envoi_stream *stream, const struct envoi_element *error)
{
	struct envoi__peer_error said = envoi__peer_error_read(error, NS_STREAM_ERRORS);
	enum envoi_stream_condition condition =
		envoi_stream_condition_from_name(envoi__peer_error_name(&said));
	struct envoi_failure failure;
	envoi_failure_set(
		&failure, stream->context, stream->phase, ENVOI_ERR_STREAM, "%s", "");
	envoi__peer_error_put(&said, &failure);
	failure.stream_condition = condition;
	failure.retry = envoi_stream_condition_meaning(condition)->retry;
	envoi__stream_fail_saying(stream, &failure, ENVOI_STREAM_NO_CONDITION);
}

/* --- out --- */

void envoi__stream_send_error(
	struct envoi_stream *stream, enum envoi_stream_condition condition)
{
	struct envoi_element *error = envoi_element_new(stream->context, ENVOI_NS_STREAMS, "error");
	envoi_element_add(error, NS_STREAM_ERRORS, envoi_stream_condition_name(condition));
	if (envoi_stream_send_element(stream, error) < 0) {
		envoi_log(stream->context, ENVOI_LOG_WARNING, ENVOI_LOG_STREAM,
			"a stream error could not be sent");
	}
	envoi_element_unref(error);
}
