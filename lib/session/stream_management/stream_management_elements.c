/*
 * envoi - stream management (XEP-0198): <a/>, <r/>, and faults of the peer
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "session/session.h"
#include "stream/stream.h"

struct envoi_session *envoi__sm_session_of(const struct envoi_stream *stream)
{
	return stream->sink->impl == &envoi__session_sink_impl
		? ENVOI_CONTAINER_OF(stream->sink, struct envoi_session, sink)
		: NULL;
}

/* --- faults --- */

int envoi__sm_refuse(struct envoi_stream *stream, const struct envoi_element *element)
{
	return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
		ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE, "stream management: an unexpected <%s/>",
		envoi_element_name(element));
}

/* Section 6 of version 1.6: undefined-condition with the number that is too high. */
static void send_too_high(struct envoi_stream *stream, uint32_t h, uint32_t sent)
{
	char text[ENVOI_INT_SIZE];
	struct envoi_element *error = envoi_element_new(stream->context, ENVOI_NS_STREAMS, "error");
	envoi_element_add(error, ENVOI_NS_STREAM_ERRORS,
		envoi_stream_condition_name(ENVOI_STREAM_UNDEFINED_CONDITION));
	struct envoi_element *child = envoi_element_add(
		error, ENVOI__NS_SM, "handled-count-too-high");
	envoi_element_set(child, "h", envoi_uint_print(text, h));
	envoi_element_set(child, "send-count", envoi_uint_print(text, sent));
	if (envoi_stream_send_element(stream, error) < 0) {
		envoi_log(stream->context, ENVOI_LOG_WARNING, ENVOI_LOG_STREAM,
			"a stream error could not be sent");
	}
	envoi_element_unref(error);
}

/* The two sides do not agree on what was sent: nothing can be resumed. */
static int fail_for_h(
	struct envoi_session *session, struct envoi_stream *stream, uint32_t h, uint64_t sent)
{
	struct envoi_failure failure;
	uint64_t acknowledged = session->sm.acknowledged;
	bool is_ahead = h - (uint32_t)acknowledged <= INT32_MAX;
	envoi_failure_set(&failure, stream->context, stream->phase, ENVOI_ERR_PROTOCOL,
		"the peer acknowledges stanza %" PRIu32 ", of %" PRIu32 " to %" PRIu32, h,
		(uint32_t)acknowledged, (uint32_t)sent);
	failure.stream_condition = ENVOI_STREAM_UNDEFINED_CONDITION;
	if (is_ahead) {
		snprintf(failure.application, sizeof(failure.application), "%s",
			"handled-count-too-high");
		snprintf(
			failure.application_ns, sizeof(failure.application_ns), "%s", ENVOI__NS_SM);
		send_too_high(stream, h, (uint32_t)sent);
	}
	envoi_session_set_resumable(session, false);
	envoi__stream_fail_with_text(stream, &failure,
		is_ahead ? ENVOI_STREAM_NO_CONDITION : ENVOI_STREAM_UNDEFINED_CONDITION);
	return ENVOI_ERR_PROTOCOL;
}

/* What an earlier stream has sent counts, sent again or not: the peer may have held it back, and
 * acknowledges it now. @return the number, ENVOI_ERR_PROTOCOL after failing the stream */
static int read_h(struct envoi_session *session, struct envoi_stream *stream, const char *text,
	uint64_t *ret_number)
{
	const struct envoi__sm *sm = &session->sm;
	uint64_t h, sent = envoi__sm_sent_number(session);
	uint64_t most = sent > sm->sent_most ? sent : sm->sent_most;
	if (envoi_uint_parse(text, 0, UINT32_MAX, &h) < 0) {
		envoi_session_set_resumable(session, false);
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT,
			"stream management: the peer acknowledges \"%.32s\"",
			text != NULL ? text : "");
	}
	uint32_t more = (uint32_t)h - (uint32_t)sm->acknowledged;
	if (more > most - sm->acknowledged) {
		return fail_for_h(session, stream, (uint32_t)h, most);
	}
	*ret_number = sm->acknowledged + more;
	return ENVOI_OK;
}

static void acknowledge(struct envoi_session *session, uint64_t number)
{
	struct envoi__sm *sm = &session->sm;
	bool are_more = number != sm->acknowledged;
	sm->acknowledged = number;
	if (are_more) {
		envoi__journal_acknowledged(session, number);
	}
	envoi__outbox_acknowledge(&session->outbox, number - sm->out.base + sm->out.at);
}

/* The next stream goes on behind the number: what the last one had not sent again by then is never
 * sent again. */
int envoi__sm_take_last_h(
	struct envoi_session *session, struct envoi_stream *stream, const char *text)
{
	uint64_t number = 0, sent = envoi__sm_sent_number(session);
	int r = read_h(session, stream, text, &number);
	if (r == ENVOI_OK) {
		acknowledge(session, number);
		envoi__outbox_acknowledge_waiting(
			&session->outbox, number > sent ? number - sent : 0);
	}
	return r;
}

/* Both sides count what this stream sends: all of it is sent again, even where the number says that
 * the peer has it. Then it is acknowledged once more. */
static int take_h(struct envoi_session *session, struct envoi_stream *stream, const char *text)
{
	uint64_t number = 0, sent = envoi__sm_sent_number(session);
	int r = read_h(session, stream, text, &number);
	if (r == ENVOI_OK) {
		acknowledge(session, number < sent ? number : sent);
	}
	return r;
}

/* --- <a/> and <r/> --- */

static bool is_enabled(const struct envoi_session *session)
{
	return session != NULL && session->sm.state == ENVOI__SM_ENABLED;
}

int envoi__sm_take_answer(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	(void)self;
	if (session != NULL && session->sm.was_refused) {
		/* Prosody closes a session that it could not resume with the same count again, as
		 * section 4 wants it for any session. */
		return ENVOI_OK;
	}
	if (!is_enabled(session)) {
		return envoi__sm_refuse(stream, element);
	}
	int r = take_h(session, stream, envoi_element_attr(element, "h"));
	if (r == ENVOI_OK) {
		session->sm.is_requesting = false;
		envoi__sm_sent(session);
		envoi__session_acknowledged(session);
	}
	return r;
}

int envoi__sm_take_request(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_session *session = envoi__sm_session_of(stream);
	(void)self;
	if (!is_enabled(session)) {
		return envoi__sm_refuse(stream, element);
	}
	envoi__sm_answer_soon(session);
	return ENVOI_OK;
}
