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

enum {
	PROGRESS_BYTES = 16384, /* of an element within each of its timeouts but the last */
};

static struct envoi_loop *loop_of(const struct envoi__byte_stream *bytes)
{
	return envoi_context_loop(bytes->base.context);
}

static void describe(char *text, size_t size, const char *what, uint64_t timeout_ms)
{
	bool is_short = timeout_ms < 1000;
	snprintf(text, size, "%s within %" PRIu64 " %s", what,
		is_short ? timeout_ms : (timeout_ms + 500) / 1000, is_short ? "ms" : "s");
}

static void on_element_timeout(struct envoi_timer *timer);

static void start_element_timer(struct envoi__byte_stream *bytes)
{
	bytes->element_bytes = 0;
	envoi_timer_start(&bytes->element_timer, loop_of(bytes), bytes->options.element_timeout_ms,
		on_element_timeout);
}

/* A large stanza over a slow link would be cut off again at each login. Only where stanzas are
 * skipped, at a client that is online: from others a receiver has to get its memory back. */
static bool has_progress(const struct envoi__byte_stream *bytes)
{
	return bytes->limits.skip_bytes > 0 && bytes->element_bytes >= PROGRESS_BYTES;
}

static void on_element_timeout(struct envoi_timer *timer)
{
	struct envoi__byte_stream *bytes = ENVOI_CONTAINER_OF(
		timer, struct envoi__byte_stream, element_timer);
	if (has_progress(bytes)) {
		start_element_timer(bytes);
		return;
	}
	char text[96];
	describe(text, sizeof(text), "the peer did not end an element that it began",
		bytes->options.element_timeout_ms);
	envoi__byte_stream_enter(bytes);
	envoi__byte_stream_refuse_input(
		bytes, ENVOI_ERR_TIMEOUT, ENVOI_STREAM_POLICY_VIOLATION, text);
	envoi__byte_stream_leave(bytes);
}

void envoi__byte_stream_time_element(struct envoi__byte_stream *bytes, bool is_new)
{
	struct envoi_timer *timer = &bytes->element_timer;
	bool is_incomplete = !bytes->has_backlog && !bytes->input_over &&
		envoi__byte_stream_has_incomplete(bytes);
	if (is_new) {
		envoi_timer_stop(timer);
	}
	if (!envoi_timer_is_started(timer) && is_incomplete) {
		start_element_timer(bytes);
	}
}

static void on_write_timeout(struct envoi_timer *timer)
{
	struct envoi__byte_stream *bytes = ENVOI_CONTAINER_OF(
		timer, struct envoi__byte_stream, write_timer);
	char text[96];
	struct envoi_failure why;
	describe(text, sizeof(text), "the peer accepted no pending output",
		bytes->options.write_timeout_ms);
	envoi_failure_set(
		&why, bytes->base.context, ENVOI_PHASE_NONE, ENVOI_ERR_TIMEOUT, "%s", text);
	envoi__byte_stream_finish_now(bytes, &why);
}

void envoi__byte_stream_time_writing(struct envoi__byte_stream *bytes, bool has_progress)
{
	struct envoi_timer *timer = &bytes->write_timer;
	if (envoi_timer_is_started(timer) && (has_progress || !bytes->is_blocked)) {
		envoi_timer_stop(timer);
	}
	if (!envoi_timer_is_started(timer) && bytes->is_blocked &&
		bytes->state == BYTE_STREAM_MOVING) {
		envoi_timer_start(
			timer, loop_of(bytes), bytes->options.write_timeout_ms, on_write_timeout);
	}
}

void envoi__byte_stream_stop_deadlines(struct envoi__byte_stream *bytes)
{
	envoi_timer_stop(&bytes->element_timer);
	envoi_timer_stop(&bytes->write_timer);
}
