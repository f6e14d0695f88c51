/*
 * envoi - streams: closing (RFC 6120, section 4.4), failing, and reporting it
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/failure.h"

/* Nothing is handed over any more; `closed` of the transport follows. */
static void end(struct envoi_stream *stream)
{
	stream->life = ENVOI__STREAM_ENDING;
	stream->negotiating = NULL;
	stream->gain = (struct envoi__stream_gain){0};
	envoi_timer_stop(&stream->deadline);
}

static void send_tail(struct envoi_stream *stream)
{
	if (stream->output == ENVOI__OUTPUT_OPEN) {
		(void)stream->transport->impl->send_tail(stream->transport);
		envoi__tap_tail(&stream->tap, ENVOI_OUT);
		stream->output = ENVOI__OUTPUT_ENDED;
	}
}

static void close_transport(struct envoi_stream *stream, uint64_t linger_ms)
{
	stream->transport->impl->close(stream->transport, linger_ms);
}

static uint64_t start_closing(struct envoi_stream *stream)
{
	envoi__stream_start_close_timeout(stream);
	return envoi__stream_close_time_left(stream);
}

/* --- closing in order --- */

/* There is nothing of ours that could be closed with a tag. */
static void close_without_stream(struct envoi_stream *stream)
{
	uint64_t left_ms = start_closing(stream);
	end(stream);
	struct envoi_failure why;
	envoi_failure_set(&why, stream->context, ENVOI_PHASE_CLOSE, ENVOI_OK, NULL);
	envoi__kept_failure_copy(&stream->failure, stream->context, &why);
	if (stream->is_securing) {
		stream->transport->impl->abort(stream->transport, &why);
	} else {
		close_transport(stream, left_ms);
	}
}

void envoi_stream_prepare_close(struct envoi_stream *stream)
{
	if (envoi__stream_is_running(stream)) {
		envoi__stream_start_close_timeout(stream);
		envoi__stream_set_phase(stream, ENVOI_PHASE_CLOSE);
	}
}

void envoi_stream_close(struct envoi_stream *stream)
{
	if (!envoi__stream_is_running(stream)) {
		return;
	}
	envoi_stream_prepare_close(stream);
	stream->transport->impl->resume(
		stream->transport); /* the peer's closing tag must come in */
	if (stream->is_securing || stream->output == ENVOI__OUTPUT_NONE) {
		close_without_stream(stream);
		return;
	}
	send_tail(stream);
	stream->life = ENVOI__STREAM_CLOSING;
	stream->negotiating = NULL;
	stream->gain = (struct envoi__stream_gain){0};
}

static void keep_orderly_end(struct envoi_stream *stream, enum envoi__stream_life before)
{
	struct envoi_failure why;
	bool is_peers = before == ENVOI__STREAM_RUNNING;
	envoi_failure_set(&why, stream->context, stream->phase, ENVOI_OK, "%s",
		is_peers ? "the peer closed the stream" : "");
	why.retry = is_peers ? ENVOI_RETRY_LATER : why.retry;
	envoi__kept_failure_take(&stream->failure, stream->context, &why);
}

void envoi__stream_ended(struct envoi_stream *stream)
{
	enum envoi__stream_life before = stream->life;
	if (before >= ENVOI__STREAM_ENDING) {
		return;
	}
	stream->input = ENVOI__INPUT_ENDED;
	if (before == ENVOI__STREAM_RUNNING && stream->has_faulty_head) {
		envoi__stream_refuse_server_head(stream);
		return;
	}
	if (before == ENVOI__STREAM_RUNNING && !stream->is_ready) {
		envoi_stream_fail_with(stream, ENVOI_ERR_DISCONNECTED, ENVOI_STREAM_NO_CONDITION,
			"the peer closed the stream");
		return;
	}
	keep_orderly_end(stream, before);
	if (before == ENVOI__STREAM_RUNNING && stream->sink->impl->ending != NULL) {
		stream->sink->impl->ending(stream->sink);
	}
	if (stream->life >= ENVOI__STREAM_ENDING) {
		return; /* cut or freed inside */
	}
	uint64_t left_ms = start_closing(stream);
	end(stream);
	send_tail(stream);
	close_transport(stream, left_ms);
}

/* --- failing --- */

/* Section 4.9.1.2: an error belongs into a stream; one that has not begun is begun for it. */
static void send_error_and_tail(struct envoi_stream *stream, enum envoi_stream_condition condition)
{
	if (stream->output == ENVOI__OUTPUT_NONE && stream->role == ENVOI_RECEIVER &&
		envoi__stream_begin_for_error(stream) < 0) {
		return;
	}
	if (condition != ENVOI_STREAM_NO_CONDITION && stream->output == ENVOI__OUTPUT_OPEN) {
		envoi__stream_send_error(stream, condition);
	}
	send_tail(stream);
}

/* `closed` reports it. */
static void keep_failure(struct envoi_stream *stream, const struct envoi_failure *failure)
{
	struct envoi_failure kept;
	envoi_failure_copy(&kept, failure);
	if (kept.condition[0] == '\0' && kept.stream_condition != ENVOI_STREAM_NO_CONDITION) {
		envoi__failure_put(kept.condition, sizeof(kept.condition),
			envoi_stream_condition_name(kept.stream_condition));
	}
	envoi__kept_failure_take(&stream->failure, stream->context, &kept);
	envoi_log(stream->context, ENVOI_LOG_INFO, ENVOI_LOG_STREAM, "failed in phase %s: %s %s",
		envoi_phase_name(failure->phase), envoi_error_name(failure->code), failure->text);
}

static void abort_transport(struct envoi_stream *stream)
{
	struct envoi_failure room;
	end(stream);
	stream->transport->impl->abort(
		stream->transport, envoi__kept_failure_show(&stream->failure, &room));
}

void envoi__stream_fail_with_text(struct envoi_stream *stream, const struct envoi_failure *failure,
	enum envoi_stream_condition condition)
{
	if (stream->life >= ENVOI__STREAM_ENDING) {
		return;
	}
	bool is_cut = stream->is_securing ||
		(stream->life == ENVOI__STREAM_CLOSING && failure->code == ENVOI_ERR_TIMEOUT);
	keep_failure(stream, failure);
	if (is_cut) {
		abort_transport(stream);
	} else {
		send_error_and_tail(stream, condition);
		end(stream);
		/* a peer that has not answered in time is not waited for again */
		close_transport(
			stream, failure->code == ENVOI_ERR_TIMEOUT ? 0 : start_closing(stream));
	}
}

void envoi_stream_fail(struct envoi_stream *stream, const struct envoi_failure *failure)
{
	envoi__stream_fail_with_text(stream, failure, failure->stream_condition);
}

void envoi_stream_cut(struct envoi_stream *stream, const struct envoi_failure *failure)
{
	if (stream->life < ENVOI__STREAM_ENDING) {
		keep_failure(stream, failure);
		abort_transport(stream);
	}
}

int envoi_stream_fail_with(struct envoi_stream *stream, int code,
	enum envoi_stream_condition condition, const char *format, ...)
{
	char text[1024] = ""; /* cut where it is copied, at a character's border */
	if (format != NULL) {
		va_list args;
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
	}
	struct envoi_failure failure;
	envoi_failure_set(&failure, stream->context, stream->phase, code, "%s", text);
	failure.stream_condition = condition;
	envoi_stream_fail(stream, &failure);
	return code;
}

void envoi__stream_fail_for(struct envoi_stream *stream, int code)
{
	static const struct {
		int code;
		enum envoi_stream_condition condition;
	} conditions[] = {
		{ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT},
		{ENVOI_ERR_XML, ENVOI_STREAM_INVALID_XML},
		{ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION},
		{ENVOI_ERR_NOMEM, ENVOI_STREAM_RESOURCE_CONSTRAINT},
		{ENVOI_ERR_FULL, ENVOI_STREAM_RESOURCE_CONSTRAINT},
	};
	enum envoi_stream_condition condition = ENVOI_STREAM_NO_CONDITION;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		if (conditions[i].code == code) {
			condition = conditions[i].condition;
		}
	}
	envoi_stream_fail_with(stream, code, condition, NULL);
}

/* --- telling --- */

/* The transport ended by itself: it knows why, the stream knows how far it had come. */
static void take_transport_failure(struct envoi_stream *stream, const struct envoi_failure *why)
{
	struct envoi_failure kept;
	if (why->code == ENVOI_OK) {
		envoi_failure_set(&kept, stream->context, stream->phase, ENVOI_ERR_DISCONNECTED,
			"the connection ended without the stream's closing tag");
	} else {
		envoi_failure_copy(&kept, why);
		envoi__failure_set_phase(&kept, stream->phase);
	}
	envoi__kept_failure_take(&stream->failure, stream->context, &kept);
}

void envoi__stream_report_closed(struct envoi_stream *stream, const struct envoi_failure *why)
{
	if (stream->life < ENVOI__STREAM_ENDING) {
		take_transport_failure(stream, why);
	}
	end(stream);
	stream->life = ENVOI__STREAM_CLOSED;
	struct envoi_failure room;
	stream->sink->impl->closed(stream->sink, envoi__kept_failure_show(&stream->failure, &room));
}
