/*
 * envoi - streams: phases and their deadlines, limits before and after login
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <inttypes.h>
#include <stdio.h>

static void read_limits(
	struct envoi_xml_limits *limits, const struct envoi_settings *settings, const char *group)
{
	static const char *const names[] = {"stanza-bytes", "tag-bytes", "depth", "attributes",
		"children", "name-bytes", "names"};
	int64_t values[sizeof(names) / sizeof(names[0])];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[64];
		snprintf(name, sizeof(name), "%s.%s", group, names[i]);
		values[i] = envoi_settings_int(settings, name);
	}
	*limits = (struct envoi_xml_limits){
		.stanza_bytes = (size_t)values[0],
		.tag_bytes = (size_t)values[1],
		.depth = (unsigned int)values[2],
		.attributes = (unsigned int)values[3],
		.children = (unsigned int)values[4],
		.name_bytes = (unsigned int)values[5],
		.names = (unsigned int)values[6],
	};
}

static void set_limits(struct envoi_stream *stream, const struct envoi_xml_limits *limits)
{
	if (stream->transport->impl->set_limits != NULL) {
		stream->transport->impl->set_limits(stream->transport, limits);
	}
}

void envoi__stream_read_settings(struct envoi_stream *stream, const struct envoi_settings *settings)
{
	static const struct {
		enum envoi_phase phase;
		const char *name;
	} timeouts[] = {
		{ENVOI_PHASE_STREAM, "stream.timeout"},
		{ENVOI_PHASE_TLS, "tls.timeout"},
		{ENVOI_PHASE_SASL, "sasl.timeout"},
		{ENVOI_PHASE_BIND, "bind.timeout"},
		{ENVOI_PHASE_CLOSE, "close.timeout"},
	};
	for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
		stream->timeouts_ms[timeouts[i].phase] = (uint64_t)envoi_settings_int(
			settings, timeouts[i].name);
	}
	stream->decision_ms = (uint64_t)envoi_settings_int(settings, "tls.decision-timeout");
	struct envoi_xml_limits before_login;
	read_limits(&before_login, settings, "limits.before-login");
	read_limits(&stream->limits, settings, "limits");
	set_limits(stream, &before_login);
}

void envoi__stream_widen_limits(struct envoi_stream *stream)
{
	set_limits(stream, &stream->limits);
}

/* "within 300 ms", "within 20 s" */
static void set_timed_out(struct envoi_failure *failure, const struct envoi_stream *stream,
	const char *what, const char *which, uint64_t waited_ms)
{
	bool is_short = waited_ms < 1000;
	envoi_failure_set(failure, stream->context, stream->phase, ENVOI_ERR_TIMEOUT,
		"%s%s within %" PRIu64 " %s", what, which,
		is_short ? waited_ms : (waited_ms + 500) / 1000, is_short ? "ms" : "s");
	failure->stream_condition = ENVOI_STREAM_CONNECTION_TIMEOUT;
}

static void on_deadline(struct envoi_timer *timer)
{
	struct envoi_stream *stream = ENVOI_CONTAINER_OF(timer, struct envoi_stream, deadline);
	struct envoi_failure failure;
	if (!envoi__stream_enter(stream)) {
		return;
	}
	if (stream->awaited != NULL) {
		set_timed_out(&failure, stream, "no ", stream->awaited, stream->awaited_ms);
		failure.retry = ENVOI_RETRY_AFTER_USER;
	} else {
		set_timed_out(&failure, stream, "the peer did not answer", "",
			stream->timeouts_ms[stream->phase]);
	}
	envoi_stream_fail(stream, &failure);
	envoi__stream_leave(stream);
}

static void start_deadline(struct envoi_stream *stream, uint64_t timeout_ms)
{
	if (timeout_ms == 0) {
		envoi_timer_stop(&stream->deadline);
	} else {
		envoi_timer_start(&stream->deadline, envoi_context_loop(stream->context),
			timeout_ms, on_deadline);
	}
}

void envoi__stream_set_phase(struct envoi_stream *stream, enum envoi_phase phase)
{
	bool is_final = stream->phase == ENVOI_PHASE_CLOSE;
	if (stream->phase != phase && !is_final) {
		stream->phase = phase;
		stream->awaited = NULL;
		start_deadline(stream, stream->timeouts_ms[phase]);
	}
}

static uint64_t now_ms(const struct envoi_stream *stream)
{
	return envoi_loop_now_ms(envoi_context_loop(stream->context));
}

void envoi__stream_start_close_timeout(struct envoi_stream *stream)
{
	if (stream->close_at_ms == 0) {
		stream->close_at_ms = now_ms(stream) + stream->timeouts_ms[ENVOI_PHASE_CLOSE];
	}
}

uint64_t envoi__stream_close_time_left(const struct envoi_stream *stream)
{
	uint64_t now = now_ms(stream);
	return stream->close_at_ms > now ? stream->close_at_ms - now : 0;
}

void envoi__stream_wait_for(struct envoi_stream *stream, const char *awaited, uint64_t timeout_ms)
{
	if (envoi__stream_is_running(stream) && stream->close_at_ms == 0) {
		stream->awaited = awaited;
		stream->awaited_ms = timeout_ms;
		start_deadline(
			stream, awaited != NULL ? timeout_ms : stream->timeouts_ms[stream->phase]);
	}
}
