/*
 * envoi - byte streams: input
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <stdio.h>

#include <envoi/context.h>

#include "transport/bytestream/framing.h"

enum {
	ERROR_LINGER_MS = 1000, /* for a stream error to reach the peer */
	END_LINGER_MS = 1000, /* for pending output after the peer's end */
};

int envoi__byte_stream_renew_parser(struct envoi__byte_stream *bytes)
{
	struct envoi_xml_parser *parser;
	int r = envoi_xml_parser_new(&parser, bytes->base.context, &bytes->limits);
	if (r < 0) {
		return r;
	}
	r = envoi__byte_stream_feed_root(bytes, parser);
	if (r < 0) {
		envoi_xml_parser_free(parser);
		return r;
	}
	if (!envoi__guard_is_idle(&bytes->guard) && bytes->retired == NULL) {
		bytes->retired = bytes->parser;
	} else {
		envoi_xml_parser_free(bytes->parser);
	}
	bytes->parser = parser;
	bytes->last_byte = '\0';
	bytes->peer_ended = false;
	return ENVOI_OK;
}

void envoi__byte_stream_break_channel(struct envoi__byte_stream *bytes, int code, const char *text)
{
	struct envoi_failure broken;
	envoi_failure_set(&broken, bytes->base.context,
		bytes->tls_state == BYTE_STREAM_HANDSHAKE ? ENVOI_PHASE_TLS : ENVOI_PHASE_NONE,
		code, "%s", text);
	envoi__byte_stream_break_output(bytes);
	envoi__byte_stream_end_input(bytes, &broken);
}

void envoi__byte_stream_update_reading(struct envoi__byte_stream *bytes)
{
	bool is_open = bytes->state == BYTE_STREAM_MOVING || bytes->state == BYTE_STREAM_CLOSING;
	bool is_paused = bytes->is_paused && bytes->tls_state != BYTE_STREAM_HANDSHAKE;
	bool is_held = bytes->state == BYTE_STREAM_MOVING &&
		(is_paused || bytes->has_backlog || bytes->holder.is_held);
	bool wanted = !bytes->input_over && !is_held;
	if (is_open && wanted != bytes->is_reading) {
		bytes->is_reading = wanted;
		int r = bytes->channel->impl->want_read(bytes->channel, wanted);
		if (r < 0) {
			envoi__byte_stream_break_channel(
				bytes, r, "reading cannot be switched on or off");
		}
	}
}

/* Deadlines go on: an element that does not end, and output that is not taken, would else keep
 * their memory for ever. */
static void on_hold(struct envoi__holder *holder, bool is_held)
{
	struct envoi__byte_stream *bytes = ENVOI_CONTAINER_OF(
		holder, struct envoi__byte_stream, holder);
	envoi__byte_stream_update_reading(bytes);
	if (!is_held) {
		bytes->is_released = true;
		envoi__byte_stream_wake(bytes);
	}
}

static void on_end(struct envoi__holder *holder)
{
	struct envoi__byte_stream *bytes = ENVOI_CONTAINER_OF(
		holder, struct envoi__byte_stream, holder);
	bytes->is_unaffordable = true;
	if (envoi__guard_is_idle(&bytes->guard)) {
		envoi__byte_stream_enter(bytes);
		envoi__byte_stream_end_unaffordable(bytes);
		envoi__byte_stream_leave(bytes);
	} else {
		envoi__byte_stream_wake(bytes);
	}
}

const struct envoi__holder_impl envoi__byte_stream_holder_impl = {.hold = on_hold, .end = on_end};

bool envoi__byte_stream_is_held(const struct envoi_transport *transport)
{
	return byte_stream_of_const(transport)->holder.is_held;
}

void envoi__byte_stream_refuse_input(struct envoi__byte_stream *bytes, int code,
	enum envoi_stream_condition condition, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, bytes->base.context, ENVOI_PHASE_NONE, code, "%s", text);
	why.stream_condition = condition;
	const char *name = envoi_stream_condition_name(condition);
	if (name != NULL) {
		snprintf(why.condition, sizeof(why.condition), "%s", name);
		envoi__byte_stream_write_stream_error(bytes, condition);
	}
	envoi__byte_stream_begin_close(bytes, &why, ERROR_LINGER_MS);
}

/* The parser goes at once, before the end has reached the peer. */
void envoi__byte_stream_end_unaffordable(struct envoi__byte_stream *bytes)
{
	if (!bytes->is_unaffordable || bytes->state != BYTE_STREAM_MOVING) {
		return;
	}
	envoi__byte_stream_refuse_input(bytes, ENVOI_ERR_LIMIT, ENVOI_STREAM_RESOURCE_CONSTRAINT,
		"all connections together hold too much memory (listener.memory)");
	envoi_xml_parser_free(bytes->parser);
	bytes->parser = NULL;
}

static void hand_over_head(struct envoi__byte_stream *bytes, const struct envoi_xml_item *item)
{
	struct envoi_stream_head head;
	enum envoi_stream_condition condition = envoi_stream_head_read(&head, item);
	if (condition != ENVOI_STREAM_NO_CONDITION) {
		envoi__byte_stream_refuse_input(
			bytes, ENVOI_ERR_PROTOCOL, condition, "that is no stream header");
		return;
	}
	struct envoi_transport_sink *sink = bytes->base.sink;
	sink->impl->opened(sink, &head);
}

static void hand_over(struct envoi__byte_stream *bytes, struct envoi_xml_item *item)
{
	struct envoi_transport_sink *sink = bytes->base.sink;
	if (envoi__byte_stream_hand_over_framed(bytes, item)) {
		envoi_element_unref(item->element);
		return;
	}
	switch (item->kind) {
	case ENVOI_XML_HEAD:
		hand_over_head(bytes, item);
		break;
	case ENVOI_XML_ELEMENT:
		sink->impl->element(sink, item->element);
		break;
	case ENVOI_XML_END:
		bytes->peer_ended = true;
		sink->impl->ended(sink);
		break;
	case ENVOI_XML_SKIPPED:
		sink->impl->skipped(sink, item->element, item->bytes, item->limit);
		break;
	}
	envoi_element_unref(item->element);
}

static void describe_end(const struct envoi__byte_stream *bytes, struct envoi_failure *why)
{
	enum envoi_phase phase = ENVOI_PHASE_NONE;
	const char *text = "the connection ended without the end of the stream";
	if (bytes->tls_state == BYTE_STREAM_HANDSHAKE) {
		phase = ENVOI_PHASE_TLS;
		text = envoi__byte_stream_has_question(bytes)
			? "the peer did not wait for the trust decision"
			: "the peer ended the connection in the TLS handshake";
	} else if (envoi__byte_stream_has_incomplete(bytes)) {
		text = "the connection ended in the middle of an element";
	} else if (bytes->tls_state == BYTE_STREAM_SEALED && !bytes->peer_closed_tls) {
		text = "the connection was cut off: neither the stream nor TLS was ended";
	}
	envoi_failure_set(why, bytes->base.context, phase, ENVOI_ERR_DISCONNECTED, "%s", text);
}

/* The channel has ended or is broken, and all earlier elements were handed over. */
static void end_connection(struct envoi__byte_stream *bytes)
{
	struct envoi_failure why;
	envoi__kept_failure_give(&bytes->broken, &why);
	if (bytes->peer_ended) {
		envoi_failure_finish(&why);
		envoi__byte_stream_begin_close(bytes, &why, END_LINGER_MS);
		return;
	}
	if (why.code == ENVOI_OK) {
		describe_end(bytes, &why);
	}
	if (bytes->tls_state == BYTE_STREAM_TLS_FAILED || bytes->framing != NULL) {
		/* the alert is sent, or the end of the framing's protocol */
		envoi__byte_stream_begin_close(bytes, &why, ERROR_LINGER_MS);
		return;
	}
	envoi__byte_stream_finish_now(bytes, &why);
}

static bool may_deliver(const struct envoi__byte_stream *bytes)
{
	return bytes->state == BYTE_STREAM_MOVING && !bytes->is_paused;
}

static void report_activity(struct envoi__byte_stream *bytes)
{
	struct envoi_transport_sink *sink = bytes->base.sink;
	if (may_deliver(bytes)) {
		sink->impl->activity(sink);
	}
}

void envoi__byte_stream_report_release(struct envoi__byte_stream *bytes)
{
	if (bytes->is_released) {
		bytes->is_released = false;
		report_activity(bytes);
	}
}

/* The connection is cut: after a stream error the session could not be resumed. */
static void end_without_memory(struct envoi__byte_stream *bytes)
{
	envoi__byte_stream_break_channel(bytes, ENVOI_ERR_NOMEM, envoi_error_text(ENVOI_ERR_NOMEM));
}

/* @param r  ENVOI_AGAIN: no item is complete; ENVOI_END, or a failure */
static void end_delivery(struct envoi__byte_stream *bytes, int r)
{
	if (r == ENVOI_END) {
		envoi__byte_stream_end_frames(bytes);
	} else if (r == ENVOI_ERR_NOMEM) {
		end_without_memory(bytes);
	} else if (r < 0 && bytes->framing != NULL && bytes->framing->text != NULL) {
		envoi__byte_stream_refuse_frame(bytes, r);
	} else if (r < 0) {
		envoi__byte_stream_refuse_input(bytes, r, envoi_xml_parser_condition(bytes->parser),
			envoi_xml_parser_error_text(bytes->parser));
	}
}

bool envoi__byte_stream_has_incomplete(const struct envoi__byte_stream *bytes)
{
	return envoi_xml_parser_has_pending(bytes->parser) ||
		(bytes->framing != NULL && bytes->framing->impl->has_pending(bytes->framing));
}

bool envoi__byte_stream_is_receiving(const struct envoi_transport *transport)
{
	const struct envoi__byte_stream *bytes = byte_stream_of_const(transport);
	return bytes->parser != NULL && envoi__byte_stream_has_incomplete(bytes);
}

void envoi__byte_stream_deliver(struct envoi__byte_stream *bytes)
{
	bytes->has_backlog = false;
	unsigned int left = bytes->options.slice_stanzas;
	bool has_new = false;
	if (bytes->secured_unreported && may_deliver(bytes)) {
		bytes->secured_unreported = false;
		bytes->base.sink->impl->secured(bytes->base.sink);
	}
	while (may_deliver(bytes) && !bytes->peer_ended) {
		struct envoi_xml_item item;
		int r = envoi__byte_stream_next_item(bytes, &item);
		if (r != ENVOI_OK) {
			end_delivery(bytes, r);
			break;
		}
		hand_over(bytes, &item);
		has_new = true;
		if (--left == 0 && may_deliver(bytes)) {
			bytes->has_backlog = true;
			envoi__byte_stream_wake(bytes);
			break;
		}
	}
	if (may_deliver(bytes)) {
		envoi__byte_stream_time_element(bytes, has_new);
	}
	if (may_deliver(bytes) && bytes->input_over && !bytes->has_backlog) {
		end_connection(bytes);
	}
	envoi__byte_stream_update_reading(bytes);
}

void envoi__byte_stream_parse(struct envoi__byte_stream *bytes, const char *data, size_t len)
{
	bytes->last_byte = data[len - 1];
	bytes->element_bytes += len;
	if (bytes->framing == NULL) {
		envoi_xml_parser_feed(bytes->parser, data, len);
	} else if (bytes->framing->impl->received(bytes->framing, data, len) < 0) {
		end_without_memory(bytes);
	}
}

void envoi__byte_stream_received(struct envoi__byte_stream *bytes, const char *data, size_t len)
{
	envoi__byte_stream_enter(bytes);
	if (len > 0 && bytes->state == BYTE_STREAM_MOVING && !bytes->peer_ended &&
		!bytes->input_over) {
		if (bytes->tls == NULL) {
			envoi__byte_stream_parse(bytes, data, len);
		} else {
			envoi__byte_stream_unseal(bytes, data, len);
		}
		report_activity(bytes);
		envoi__byte_stream_deliver(bytes);
		envoi__byte_stream_bound_record(bytes);
	}
	envoi__byte_stream_leave(bytes);
}

void envoi__byte_stream_end_input(struct envoi__byte_stream *bytes, struct envoi_failure *broken)
{
	if (!bytes->input_over && bytes->broken.code == ENVOI_OK) {
		envoi__kept_failure_take(&bytes->broken, bytes->base.context, broken);
	} else {
		envoi_failure_finish(broken);
	}
	bytes->input_over = true;
	envoi__byte_stream_update_reading(bytes);
	envoi__byte_stream_wake(bytes);
}

void envoi__byte_stream_ended(struct envoi__byte_stream *bytes)
{
	struct envoi_failure end = {.code = ENVOI_OK};
	envoi__byte_stream_enter(bytes);
	envoi__byte_stream_end_input(bytes, &end);
	envoi__byte_stream_leave(bytes);
}

void envoi__byte_stream_broken(struct envoi__byte_stream *bytes, int code, const char *text)
{
	envoi__byte_stream_enter(bytes);
	envoi__byte_stream_break_channel(bytes, code, text);
	envoi__byte_stream_leave(bytes);
}

void envoi__byte_stream_set_limits(
	struct envoi_transport *transport, const struct envoi_xml_limits *limits)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	bytes->limits = *limits;
	/* wider ones are those of a peer that has logged in */
	bytes->holder.is_settled = limits->stanza_bytes > bytes->options.limits.stanza_bytes;
	envoi__byte_stream_set_most_bytes(bytes);
	if (bytes->parser != NULL) {
		envoi_xml_parser_set_limits(bytes->parser, limits);
	}
}

void envoi__byte_stream_pause(struct envoi_transport *transport)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	bytes->is_paused = true;
	envoi_timer_stop(&bytes->element_timer);
	envoi__byte_stream_update_reading(bytes);
}

void envoi__byte_stream_resume(struct envoi_transport *transport)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	if (bytes->is_paused) {
		bytes->is_paused = false;
		envoi__byte_stream_wake(bytes);
	}
}
