/*
 * envoi - transports of octets: what comes in
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <stdio.h>

#include <envoi/context.h>

enum {
	ERROR_LINGER_MS = 1000, /* for a stream error to reach the peer */
	END_LINGER_MS = 1000, /* for the rest to reach a peer that sends no more */
};

int octets_renew_parser(struct envoi_byte_stream *octets)
{
	struct envoi_xml_parser *parser;
	int r = envoi_xml_parser_new(&parser, octets->base.context, &octets->limits);
	if (r < 0) {
		return r;
	}
	if (!envoi__guard_is_idle(&octets->guard) && octets->retired == NULL) {
		octets->retired = octets->parser;
	} else {
		envoi_xml_parser_free(octets->parser);
	}
	octets->parser = parser;
	octets->last_octet = '\0';
	octets->peer_ended = false;
	return ENVOI_OK;
}

void octets_break_channel(struct envoi_byte_stream *octets, int code, const char *text)
{
	struct envoi_failure broken;
	envoi_failure_set(&broken, octets->base.context,
		octets->tls_state == OCTETS_HANDSHAKE ? ENVOI_PHASE_TLS : ENVOI_PHASE_NONE, code,
		"%s", text);
	octets_break_output(octets);
	octets_end_input(octets, &broken);
}

void octets_update_reading(struct envoi_byte_stream *octets)
{
	bool is_open = octets->state == OCTETS_MOVING || octets->state == OCTETS_CLOSING;
	bool is_paused = octets->is_paused && octets->tls_state != OCTETS_HANDSHAKE;
	bool is_held = octets->state == OCTETS_MOVING && (is_paused || octets->has_backlog);
	bool wanted = !octets->input_over && !is_held;
	if (is_open && wanted != octets->is_reading) {
		octets->is_reading = wanted;
		int r = octets->channel->impl->want_read(octets->channel, wanted);
		if (r < 0) {
			octets_break_channel(octets, r, "reading cannot be switched on or off");
		}
	}
}

void octets_refuse_input(struct envoi_byte_stream *octets, int code,
	enum envoi_stream_condition condition, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, octets->base.context, ENVOI_PHASE_NONE, code, "%s", text);
	why.stream_condition = condition;
	const char *name = envoi_stream_condition_name(condition);
	if (name != NULL) {
		snprintf(why.condition, sizeof(why.condition), "%s", name);
		octets_write_stream_error(octets, condition);
	}
	octets_begin_close(octets, &why, ERROR_LINGER_MS);
}

static void hand_over_head(struct envoi_byte_stream *octets, const struct envoi_xml_item *item)
{
	struct envoi_stream_head head;
	enum envoi_stream_condition condition = envoi_stream_head_read(&head, item);
	if (condition != ENVOI_STREAM_NO_CONDITION) {
		octets_refuse_input(
			octets, ENVOI_ERR_PROTOCOL, condition, "that is no stream header");
		return;
	}
	struct envoi_transport_sink *sink = octets->base.sink;
	sink->impl->opened(sink, &head);
}

static void hand_over(struct envoi_byte_stream *octets, struct envoi_xml_item *item)
{
	struct envoi_transport_sink *sink = octets->base.sink;
	switch (item->kind) {
	case ENVOI_XML_HEAD:
		hand_over_head(octets, item);
		break;
	case ENVOI_XML_ELEMENT:
		sink->impl->element(sink, item->element);
		break;
	case ENVOI_XML_END:
		octets->peer_ended = true;
		sink->impl->ended(sink);
		break;
	case ENVOI_XML_SKIPPED:
		sink->impl->skipped(sink, item->element, item->bytes, item->limit);
		break;
	}
	envoi_element_unref(item->element);
}

static void describe_end(const struct envoi_byte_stream *octets, struct envoi_failure *why)
{
	enum envoi_phase phase = ENVOI_PHASE_NONE;
	const char *text = "the connection ended without the end of the stream";
	if (octets->tls_state == OCTETS_HANDSHAKE) {
		phase = ENVOI_PHASE_TLS;
		text = octets_has_question(octets)
			? "the peer did not wait for the trust decision"
			: "the peer ended the connection in the TLS handshake";
	} else if (envoi_xml_parser_has_pending(octets->parser)) {
		text = "the connection ended in the middle of an element";
	} else if (octets->tls_state == OCTETS_SEALED && !octets->peer_closed_tls) {
		text = "the connection was cut off: neither the stream nor TLS was ended";
	}
	envoi_failure_set(why, octets->base.context, phase, ENVOI_ERR_DISCONNECTED, "%s", text);
}

/* The channel has ended or broken down, and all that came before has been handed over. */
static void end_connection(struct envoi_byte_stream *octets)
{
	struct envoi_failure why;
	envoi_failure_move(&why, &octets->broken);
	if (octets->peer_ended) {
		envoi_failure_finish(&why);
		octets_begin_close(octets, &why, END_LINGER_MS);
		return;
	}
	if (why.code == ENVOI_OK) {
		describe_end(octets, &why);
	}
	if (octets->tls_state == OCTETS_TLS_FAILED) {
		octets_begin_close(octets, &why, ERROR_LINGER_MS); /* the alert goes out */
		return;
	}
	octets_finish_now(octets, &why);
}

static bool may_deliver(const struct envoi_byte_stream *octets)
{
	return octets->state == OCTETS_MOVING && !octets->is_paused;
}

void octets_deliver(struct envoi_byte_stream *octets)
{
	octets->has_backlog = false;
	unsigned int left = octets->options.slice_stanzas;
	bool has_new = false;
	if (octets->secured_unreported && may_deliver(octets)) {
		octets->secured_unreported = false;
		octets->base.sink->impl->secured(octets->base.sink);
	}
	while (may_deliver(octets) && !octets->peer_ended) {
		struct envoi_xml_item item;
		int r = envoi_xml_parser_next(octets->parser, &item);
		if (r == ENVOI_AGAIN) {
			break;
		}
		if (r < 0) {
			octets_refuse_input(octets, r, envoi_xml_parser_condition(octets->parser),
				envoi_xml_parser_error_text(octets->parser));
			break;
		}
		hand_over(octets, &item);
		has_new = true;
		if (--left == 0 && may_deliver(octets)) {
			octets->has_backlog = true;
			octets_wake(octets);
			break;
		}
	}
	if (may_deliver(octets)) {
		octets_time_element(octets, has_new);
	}
	if (may_deliver(octets) && octets->input_over && !octets->has_backlog) {
		end_connection(octets);
	}
	octets_update_reading(octets);
}

static void report_activity(struct envoi_byte_stream *octets)
{
	struct envoi_transport_sink *sink = octets->base.sink;
	if (may_deliver(octets)) {
		sink->impl->activity(sink);
	}
}

void octets_parse(struct envoi_byte_stream *octets, const char *data, size_t len)
{
	octets->last_octet = data[len - 1];
	envoi_xml_parser_feed(octets->parser, data, len);
}

void octets_received(struct envoi_byte_stream *octets, const char *data, size_t len)
{
	octets_enter(octets);
	if (len > 0 && octets->state == OCTETS_MOVING && !octets->peer_ended &&
		!octets->input_over) {
		if (octets->tls == NULL) {
			octets_parse(octets, data, len);
		} else {
			octets_unseal(octets, data, len);
		}
		report_activity(octets);
		octets_deliver(octets);
	}
	octets_leave(octets);
}

void octets_end_input(struct envoi_byte_stream *octets, struct envoi_failure *broken)
{
	if (!octets->input_over && octets->broken.code == ENVOI_OK) {
		envoi_failure_move(&octets->broken, broken);
	} else {
		envoi_failure_finish(broken);
	}
	octets->input_over = true;
	octets_update_reading(octets);
	octets_wake(octets);
}

void octets_ended(struct envoi_byte_stream *octets)
{
	struct envoi_failure end = {.code = ENVOI_OK};
	octets_enter(octets);
	octets_end_input(octets, &end);
	octets_leave(octets);
}

void octets_broken(struct envoi_byte_stream *octets, int code, const char *text)
{
	octets_enter(octets);
	octets_break_channel(octets, code, text);
	octets_leave(octets);
}

void octets_set_limits(struct envoi_transport *transport, const struct envoi_xml_limits *limits)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	octets->limits = *limits;
	if (octets->parser != NULL) {
		envoi_xml_parser_set_limits(octets->parser, limits);
	}
}

void octets_pause(struct envoi_transport *transport)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	octets->is_paused = true;
	envoi_timer_stop(&octets->element_timer);
	octets_update_reading(octets);
}

void octets_resume(struct envoi_transport *transport)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	if (octets->is_paused) {
		octets->is_paused = false;
		octets_wake(octets);
	}
}
