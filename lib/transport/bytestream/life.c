/*
 * envoi - transports of octets: from the first call to the last
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <assert.h>

#include <envoi/context.h>

enum {
	BROKEN_LINGER_MS = 1000, /* for what the peer has sent, when nothing can be sent to it */
};

static void release(struct envoi_byte_stream *octets)
{
	struct envoi_context *context = envoi_context_ref(octets->base.context);
	envoi_xml_parser_free(octets->parser);
	envoi_xml_parser_free(octets->retired);
	envoi_buffer_wipe(&octets->plain);
	envoi_buffer_finish(&octets->ends);
	octets_free_tls(octets);
	envoi_failure_finish(&octets->why);
	envoi_failure_finish(&octets->broken);
	octets->channel->impl->destroy(octets->channel);
	envoi_transport_finish(&octets->base);
	envoi_free(context, octets);
	envoi_context_unref(context);
}

void octets_enter(struct envoi_byte_stream *octets)
{
	envoi__guard_enter(&octets->guard);
}

void octets_leave(struct envoi_byte_stream *octets)
{
	if (envoi__guard_leave(&octets->guard)) {
		release(octets);
	} else if (envoi__guard_is_idle(&octets->guard)) {
		envoi_xml_parser_free(octets->retired);
		octets->retired = NULL;
	}
}

static void report_closed(struct envoi_byte_stream *octets)
{
	octets_drop_question(octets);
	octets->state = OCTETS_REPORTED;
	envoi_deferred_cancel(&octets->turn);
	struct envoi_transport_sink *sink = octets->base.sink;
	if (sink != NULL) {
		sink->impl->closed(sink, &octets->why);
	}
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct envoi_byte_stream *octets = ENVOI_CONTAINER_OF(
		deferred, struct envoi_byte_stream, turn);
	octets_enter(octets);
	octets_decide(octets);
	octets_deliver(octets);
	octets_flush(octets);
	if (octets->state == OCTETS_OVER) {
		report_closed(octets);
	}
	octets_leave(octets);
}

void octets_wake(struct envoi_byte_stream *octets)
{
	if (!envoi__guard_is_over(&octets->guard)) {
		envoi_deferred_post(
			&octets->turn, envoi_context_loop(octets->base.context), on_turn);
	}
}

static void on_linger(struct envoi_timer *timer)
{
	struct envoi_byte_stream *octets = ENVOI_CONTAINER_OF(
		timer, struct envoi_byte_stream, linger);
	struct envoi_failure why;
	envoi_failure_move(&why, octets->state == OCTETS_MOVING ? &octets->broken : &octets->why);
	if (why.code == ENVOI_OK && octets_pending(&octets->base) > 0) {
		envoi_failure_set(&why, octets->base.context, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT,
			"the peer did not take what was left to send");
	}
	octets_finish_now(octets, &why);
}

void octets_bound_ending(struct envoi_byte_stream *octets)
{
	if (octets->state == OCTETS_MOVING) {
		envoi_timer_start(&octets->linger, envoi_context_loop(octets->base.context),
			BROKEN_LINGER_MS, on_linger);
	}
}

void octets_begin_close(
	struct envoi_byte_stream *octets, struct envoi_failure *why, uint64_t linger_ms)
{
	if (octets->state > OCTETS_MOVING) {
		envoi_failure_finish(why);
		return;
	}
	octets->state = OCTETS_CLOSING;
	envoi_failure_move(&octets->why, why);
	octets->linger_ms = linger_ms;
	octets_stop_deadlines(octets);
	envoi_timer_stop(&octets->linger);
	if (linger_ms > 0) {
		envoi_timer_start(&octets->linger, envoi_context_loop(octets->base.context),
			linger_ms, on_linger);
	}
	octets_update_reading(octets);
	octets_wake(octets);
}

void octets_finish_now(struct envoi_byte_stream *octets, struct envoi_failure *why)
{
	if (octets->state >= OCTETS_OVER) {
		envoi_failure_finish(why);
		return;
	}
	octets->state = OCTETS_OVER;
	envoi_failure_finish(&octets->why);
	envoi_failure_move(&octets->why, why);
	octets_stop_deadlines(octets);
	envoi_timer_stop(&octets->linger);
	octets_drop_output(octets);
	octets->channel->impl->disconnect(octets->channel);
	octets_wake(octets);
}

static int start_channel(struct envoi_byte_stream *octets)
{
	int r = octets_renew_parser(octets);
	return r < 0 ? r : octets->channel->impl->start(octets->channel);
}

int octets_start(struct envoi_transport *transport)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	if (octets->state != OCTETS_NEW) {
		return ENVOI_ERR_STATE;
	}
	if (envoi_context_loop(transport->context) == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = octets->is_started ? ENVOI_OK : start_channel(octets);
	if (r < 0) {
		return r;
	}
	octets->is_started = true;
	octets->state = OCTETS_MOVING;
	octets_update_reading(octets);
	octets_wake(octets); /* a handshake may have left something, in both directions */
	return ENVOI_OK;
}

void octets_set_aside(struct envoi_byte_stream *octets)
{
	octets->base.sink = NULL;
	octets->state = OCTETS_NEW;
	octets_stop_deadlines(octets);
	octets->is_reading = false;
	int r = octets->channel->impl->want_read(octets->channel, false);
	if (r < 0) {
		octets_break_channel(octets, r, "reading cannot be switched off");
	}
}

int octets_restart(struct envoi_transport *transport)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	if (octets->state != OCTETS_MOVING) {
		return ENVOI_ERR_STATE;
	}
	if (envoi_xml_parser_has_pending(octets->parser)) {
		return ENVOI_ERR_PROTOCOL;
	}
	int r = octets_renew_parser(octets);
	if (r < 0) {
		return r;
	}
	octets->output = OCTETS_NO_HEAD;
	return ENVOI_OK;
}

void octets_close(struct envoi_transport *transport, uint64_t linger_ms)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	struct envoi_failure why;
	envoi_failure_set(&why, transport->context, ENVOI_PHASE_NONE, ENVOI_OK, NULL);
	octets_begin_close(octets, &why, linger_ms);
}

void octets_abort(struct envoi_transport *transport, const struct envoi_failure *why)
{
	struct envoi_failure copy;
	if (why != NULL) {
		envoi_failure_copy(&copy, why);
	} else {
		envoi_failure_set(
			&copy, transport->context, ENVOI_PHASE_NONE, ENVOI_ERR_CANCELED, NULL);
	}
	octets_finish_now(octets_of(transport), &copy);
}

void octets_destroy(struct envoi_transport *transport)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	assert(!envoi__guard_is_over(&octets->guard));
	envoi__guard_end(&octets->guard);
	octets->state = OCTETS_REPORTED;
	envoi_deferred_cancel(&octets->turn);
	octets_stop_deadlines(octets);
	envoi_timer_stop(&octets->linger);
	octets->channel->impl->disconnect(octets->channel);
	octets_enter(octets);
	octets_drop_question(octets);
	octets_leave(octets);
}

const char *octets_peer_name(const struct envoi_transport *transport)
{
	const struct envoi_byte_stream *octets = octets_of_const(transport);
	return octets->channel->impl->peer_name(octets->channel);
}
