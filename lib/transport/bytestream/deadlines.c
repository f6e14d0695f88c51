/*
 * envoi - byte streams: a peer that sends or takes too slowly
 * SPDX-License-Identifier: MIT
 *
 * The timers run only while an element is incomplete, or output is blocked: the path of a stanza
 * that comes and goes in one piece starts none.
 */
#include "transport/bytestream/bytestream.h"

#include <inttypes.h>
#include <stdio.h>

static struct envoi_loop *loop_of(const struct envoi_byte_stream *octets)
{
	return envoi_context_loop(octets->base.context);
}

static void describe(char *text, size_t size, const char *what, uint64_t timeout_ms)
{
	bool is_short = timeout_ms < 1000;
	snprintf(text, size, "%s within %" PRIu64 " %s", what,
		is_short ? timeout_ms : (timeout_ms + 500) / 1000, is_short ? "ms" : "s");
}

static void on_element_timeout(struct envoi_timer *timer)
{
	struct envoi_byte_stream *octets = ENVOI_CONTAINER_OF(
		timer, struct envoi_byte_stream, element_timer);
	char text[96];
	describe(text, sizeof(text), "the peer did not end an element that it began",
		octets->options.element_timeout_ms);
	octets_enter(octets);
	octets_refuse_input(octets, ENVOI_ERR_TIMEOUT, ENVOI_STREAM_POLICY_VIOLATION, text);
	octets_leave(octets);
}

void octets_time_element(struct envoi_byte_stream *octets, bool is_new)
{
	struct envoi_timer *timer = &octets->element_timer;
	bool is_incomplete = !octets->has_backlog && !octets->input_over &&
		envoi_xml_parser_has_pending(octets->parser);
	if (is_new) {
		envoi_timer_stop(timer);
	}
	if (!envoi_timer_is_started(timer) && is_incomplete) {
		envoi_timer_start(timer, loop_of(octets), octets->options.element_timeout_ms,
			on_element_timeout);
	}
}

static void on_write_timeout(struct envoi_timer *timer)
{
	struct envoi_byte_stream *octets = ENVOI_CONTAINER_OF(
		timer, struct envoi_byte_stream, write_timer);
	char text[96];
	struct envoi_failure why;
	describe(text, sizeof(text), "the peer took nothing of what is pending",
		octets->options.write_timeout_ms);
	envoi_failure_set(
		&why, octets->base.context, ENVOI_PHASE_NONE, ENVOI_ERR_TIMEOUT, "%s", text);
	octets_finish_now(octets, &why);
}

void octets_time_writing(struct envoi_byte_stream *octets, bool has_progress)
{
	struct envoi_timer *timer = &octets->write_timer;
	if (envoi_timer_is_started(timer) && (has_progress || !octets->is_blocked)) {
		envoi_timer_stop(timer);
	}
	if (!envoi_timer_is_started(timer) && octets->is_blocked &&
		octets->state == OCTETS_MOVING) {
		envoi_timer_start(
			timer, loop_of(octets), octets->options.write_timeout_ms, on_write_timeout);
	}
}

void octets_stop_deadlines(struct envoi_byte_stream *octets)
{
	envoi_timer_stop(&octets->element_timer);
	envoi_timer_stop(&octets->write_timer);
}
