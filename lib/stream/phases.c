/*
 * envoi - streams: phases and their deadlines, limits before and after login
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <inttypes.h>
#include <stdio.h>

#include "net/net_settings.h"
#include "sasl/sasl_settings.h"
#include "stream/stream_settings.h"
#include "xml/xml_settings.h"

static void set_limits(struct envoi_stream *stream, const struct envoi_xml_limits *limits)
{
	if (stream->transport->impl->set_limits != NULL) {
		stream->transport->impl->set_limits(stream->transport, limits);
	}
}

void envoi__stream_read_settings(struct envoi_stream *stream, const struct envoi_settings *settings)
{
	struct envoi__stream_settings own;
	struct envoi__net_settings net;
	struct envoi__sasl_settings sasl;
	struct envoi__xml_settings xml;
	envoi_settings_read(settings, envoi__stream_setting_table, &own);
	envoi__net_settings_read(&net, settings);
	envoi__sasl_settings_read(&sasl, settings);
	envoi__xml_settings_read(&xml, settings);
	stream->timeouts_ms[ENVOI_PHASE_STREAM] = own.stream_timeout_ms;
	stream->timeouts_ms[ENVOI_PHASE_TLS] = net.tls_timeout_ms;
	stream->timeouts_ms[ENVOI_PHASE_SASL] = sasl.timeout_ms;
	stream->timeouts_ms[ENVOI_PHASE_BIND] = own.bind_timeout_ms;
	stream->timeouts_ms[ENVOI_PHASE_CLOSE] = own.close_timeout_ms;
	stream->decision_ms = net.decision_timeout_ms;
	stream->limits = xml.after_login;
	set_limits(stream, &xml.before_login);
}

void envoi__stream_widen_limits(struct envoi_stream *stream)
{
	struct envoi_xml_limits limits = stream->limits;
	bool has_stanzas = stream->is_ready || (stream->bits & ENVOI_STREAM_BOUND) != 0;
	if (stream->role != ENVOI_INITIATOR || !has_stanzas) {
		limits.skip_bytes = 0;
	}
	set_limits(stream, &limits);
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
	if (stream->has_faulty_head && stream->phase == ENVOI_PHASE_STREAM) {
		envoi__stream_refuse_server_head(stream);
		envoi__stream_leave(stream);
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

void envoi__stream_limit_deadline(struct envoi_stream *stream, uint64_t timeout_ms)
{
	uint64_t phase_ms = stream->timeouts_ms[stream->phase];
	if (stream->close_at_ms == 0 && timeout_ms < phase_ms) {
		start_deadline(stream, timeout_ms);
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
