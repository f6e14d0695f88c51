/*
 * envoi - byte streams: start, closing, end
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <assert.h>

#include <envoi/context.h>

#include "transport/bytestream/framing.h"

enum {
	BROKEN_LINGER_MS = 1000, /* to read the peer's last elements, when the output is broken */
};

static void release(struct envoi__byte_stream *bytes)
{
	struct envoi_context *context = envoi_context_ref(bytes->base.context);
	envoi__holder_finish(&bytes->holder, context);
	if (bytes->framing != NULL) {
		bytes->framing->impl->destroy(bytes->framing);
	}
	envoi_xml_parser_free(bytes->parser);
	envoi_xml_parser_free(bytes->retired);
	envoi_buffer_wipe(&bytes->plain);
	envoi_buffer_finish(&bytes->ends);
	envoi__byte_stream_free_tls(bytes);
	envoi__kept_failure_finish(&bytes->why);
	envoi__kept_failure_finish(&bytes->broken);
	bytes->channel->impl->destroy(bytes->channel);
	envoi_transport_finish(&bytes->base);
	envoi_free(context, bytes);
	envoi_context_unref(context);
}

void envoi__byte_stream_enter(struct envoi__byte_stream *bytes)
{
	envoi__guard_enter(&bytes->guard);
}

static void report_memory(struct envoi__byte_stream *bytes)
{
	const struct envoi_buffer *sealed = envoi__byte_stream_sealed_output(bytes);
	size_t held = bytes->plain.capacity + bytes->ends.capacity + bytes->marks.capacity;
	held += sealed != NULL ? sealed->capacity : 0;
	held += bytes->framing != NULL ? bytes->framing->impl->memory(bytes->framing) : 0;
	held += bytes->parser != NULL ? envoi_xml_parser_memory(bytes->parser) : 0;
	envoi__budget_report(bytes->base.context, &bytes->holder, held);
}

static void free_empty(struct envoi_buffer *buffer)
{
	if (envoi_buffer_len(buffer) == 0) {
		envoi_buffer_finish(buffer);
	}
}

/* An idle connection has no buffers. What was sent is wiped already. */
static void give_back(struct envoi__byte_stream *bytes)
{
	struct envoi_buffer *sealed = envoi__byte_stream_sealed_output(bytes);
	free_empty(&bytes->plain);
	free_empty(&bytes->ends);
	free_empty(&bytes->marks);
	if (sealed != NULL) {
		free_empty(sealed);
	}
}

void envoi__byte_stream_leave(struct envoi__byte_stream *bytes)
{
	if (envoi__guard_leave(&bytes->guard)) {
		release(bytes);
	} else if (envoi__guard_is_idle(&bytes->guard)) {
		envoi_xml_parser_free(bytes->retired);
		bytes->retired = NULL;
		give_back(bytes);
		report_memory(bytes);
	}
}

static void report_closed(struct envoi__byte_stream *bytes)
{
	envoi__byte_stream_drop_question(bytes);
	bytes->state = BYTE_STREAM_REPORTED;
	envoi_deferred_cancel(&bytes->turn);
	struct envoi_transport_sink *sink = bytes->base.sink;
	if (sink != NULL) {
		struct envoi_failure room;
		sink->impl->closed(sink, envoi__kept_failure_show(&bytes->why, &room));
	}
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct envoi__byte_stream *bytes = ENVOI_CONTAINER_OF(
		deferred, struct envoi__byte_stream, turn);
	envoi__byte_stream_enter(bytes);
	envoi__byte_stream_decide(bytes);
	envoi__byte_stream_end_unaffordable(bytes);
	envoi__byte_stream_report_release(bytes);
	envoi__byte_stream_deliver(bytes);
	envoi__byte_stream_flush(bytes);
	if (bytes->state == BYTE_STREAM_OVER) {
		report_closed(bytes);
	}
	envoi__byte_stream_leave(bytes);
}

void envoi__byte_stream_wake(struct envoi__byte_stream *bytes)
{
	if (!envoi__guard_is_over(&bytes->guard)) {
		envoi_deferred_post(&bytes->turn, envoi_context_loop(bytes->base.context), on_turn);
	}
}

static void on_linger(struct envoi_timer *timer)
{
	struct envoi__byte_stream *bytes = ENVOI_CONTAINER_OF(
		timer, struct envoi__byte_stream, linger);
	struct envoi_failure why;
	envoi__kept_failure_give(
		bytes->state == BYTE_STREAM_MOVING ? &bytes->broken : &bytes->why, &why);
	if (why.code == ENVOI_OK && envoi__byte_stream_pending(&bytes->base) > 0) {
		envoi_failure_set(&why, bytes->base.context, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT,
			"the peer did not accept the remaining output");
	}
	envoi__byte_stream_finish_now(bytes, &why);
}

void envoi__byte_stream_bound_ending(struct envoi__byte_stream *bytes)
{
	if (bytes->state == BYTE_STREAM_MOVING) {
		envoi_timer_start(&bytes->linger, envoi_context_loop(bytes->base.context),
			BROKEN_LINGER_MS, on_linger);
	}
}

void envoi__byte_stream_begin_close(
	struct envoi__byte_stream *bytes, struct envoi_failure *why, uint64_t linger_ms)
{
	if (bytes->state > BYTE_STREAM_MOVING) {
		envoi_failure_finish(why);
		return;
	}
	envoi__byte_stream_say_goodbye(bytes, why->code);
	bytes->state = BYTE_STREAM_CLOSING;
	envoi__kept_failure_take(&bytes->why, bytes->base.context, why);
	bytes->linger_ms = linger_ms;
	envoi__byte_stream_stop_deadlines(bytes);
	envoi_timer_stop(&bytes->linger);
	if (linger_ms > 0) {
		envoi_timer_start(&bytes->linger, envoi_context_loop(bytes->base.context),
			linger_ms, on_linger);
	}
	envoi__byte_stream_update_reading(bytes);
	envoi__byte_stream_wake(bytes);
}

void envoi__byte_stream_finish_now(struct envoi__byte_stream *bytes, struct envoi_failure *why)
{
	if (bytes->state >= BYTE_STREAM_OVER) {
		envoi_failure_finish(why);
		return;
	}
	bytes->state = BYTE_STREAM_OVER;
	envoi__kept_failure_take(&bytes->why, bytes->base.context, why);
	envoi__byte_stream_stop_deadlines(bytes);
	envoi_timer_stop(&bytes->linger);
	envoi__byte_stream_drop_output(bytes);
	bytes->channel->impl->disconnect(bytes->channel);
	envoi__byte_stream_wake(bytes);
}

static int start_channel(struct envoi__byte_stream *bytes)
{
	int r = envoi__byte_stream_renew_parser(bytes);
	return r < 0 ? r : bytes->channel->impl->start(bytes->channel);
}

int envoi__byte_stream_start(struct envoi_transport *transport)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	if (bytes->state != BYTE_STREAM_NEW) {
		return ENVOI_ERR_STATE;
	}
	if (envoi_context_loop(transport->context) == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi__byte_stream_begin_framing(bytes);
	if (r == ENVOI_OK && !bytes->is_started) {
		r = start_channel(bytes);
	}
	if (r < 0) {
		return r;
	}
	bytes->is_started = true;
	bytes->state = BYTE_STREAM_MOVING;
	envoi__byte_stream_update_reading(bytes);
	/* a handshake may have left bytes in both directions */
	envoi__byte_stream_wake(bytes);
	return ENVOI_OK;
}

void envoi__byte_stream_set_aside(struct envoi__byte_stream *bytes)
{
	bytes->base.sink = NULL;
	bytes->state = BYTE_STREAM_NEW;
	envoi__byte_stream_stop_deadlines(bytes);
	bytes->is_reading = false;
	int r = bytes->channel->impl->want_read(bytes->channel, false);
	if (r < 0) {
		envoi__byte_stream_break_channel(bytes, r, "reading cannot be switched off");
	}
}

int envoi__byte_stream_restart(struct envoi_transport *transport)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	if (bytes->state != BYTE_STREAM_MOVING) {
		return ENVOI_ERR_STATE;
	}
	if (envoi_xml_parser_has_pending(bytes->parser)) {
		return ENVOI_ERR_PROTOCOL;
	}
	int r = envoi__byte_stream_restart_frames(bytes);
	r = r < 0 ? r : envoi__byte_stream_renew_parser(bytes);
	if (r < 0) {
		return r;
	}
	bytes->output = BYTE_STREAM_NO_HEAD;
	return ENVOI_OK;
}

void envoi__byte_stream_close(struct envoi_transport *transport, uint64_t linger_ms)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	struct envoi_failure why;
	envoi_failure_set(&why, transport->context, ENVOI_PHASE_NONE, ENVOI_OK, NULL);
	envoi__byte_stream_begin_close(bytes, &why, linger_ms);
}

void envoi__byte_stream_abort(struct envoi_transport *transport, const struct envoi_failure *why)
{
	struct envoi_failure copy;
	if (why != NULL) {
		envoi_failure_copy(&copy, why);
	} else {
		envoi_failure_set(
			&copy, transport->context, ENVOI_PHASE_NONE, ENVOI_ERR_CANCELED, NULL);
	}
	envoi__byte_stream_finish_now(byte_stream_of(transport), &copy);
}

void envoi__byte_stream_destroy(struct envoi_transport *transport)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	assert(!envoi__guard_is_over(&bytes->guard));
	envoi__guard_end(&bytes->guard);
	bytes->state = BYTE_STREAM_REPORTED;
	envoi_deferred_cancel(&bytes->turn);
	envoi__byte_stream_stop_deadlines(bytes);
	envoi_timer_stop(&bytes->linger);
	bytes->channel->impl->disconnect(bytes->channel);
	envoi__byte_stream_enter(bytes);
	envoi__byte_stream_drop_question(bytes);
	envoi__byte_stream_leave(bytes);
}

const char *envoi__byte_stream_peer_name(const struct envoi_transport *transport)
{
	const struct envoi__byte_stream *bytes = byte_stream_of_const(transport);
	return bytes->channel->impl->peer_name(bytes->channel);
}
