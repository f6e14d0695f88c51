/*
 * envoi - transports of octets: what goes out
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <string.h>

#include <envoi/context.h>

enum {
	KEPT_BYTES = 4096, /* of an empty buffer */
	LOW_MARK_PART = 4, /* low mark: limit divided by this */
};

static int append(struct envoi_byte_stream *octets, const char *data, size_t len)
{
	int r = envoi_buffer_append(&octets->plain, data, len);
	if (r < 0) {
		return r;
	}
	octets->queued += len;
	if (octets_pending(&octets->base) > octets->options.output_bytes / LOW_MARK_PART) {
		octets->wants_drained = true;
	}
	octets_wake(octets);
	return ENVOI_OK;
}

static bool can_send(const struct envoi_byte_stream *octets)
{
	return octets->state == OCTETS_MOVING;
}

int octets_queue(struct envoi_byte_stream *octets, const char *data, size_t len)
{
	return can_send(octets) ? append(octets, data, len) : ENVOI_ERR_STATE;
}

int octets_send_head(struct envoi_transport *transport, const struct envoi_stream_head *head)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	if (!can_send(octets) || octets->output != OCTETS_NO_HEAD) {
		return ENVOI_ERR_STATE;
	}
	int r = octets_write_head(octets, head);
	if (r < 0) {
		return r;
	}
	octets->output = OCTETS_OPEN;
	return ENVOI_OK;
}

/*
 * One element is taken whatever its size when nothing else is pending: else it would have to
 * wait for ever.
 */
int octets_send_element(struct envoi_transport *transport, const char *xml, size_t len)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	if (!can_send(octets) || octets->output != OCTETS_OPEN) {
		return ENVOI_ERR_STATE;
	}
	size_t pending = octets_pending(transport);
	size_t limit = octets->options.output_bytes;
	if (pending > 0 && (pending > limit || len > limit - pending)) {
		octets->wants_drained = true;
		return ENVOI_ERR_FULL;
	}
	uint64_t end = octets->queued + len;
	int r = envoi_buffer_append(&octets->ends, &end, sizeof(end));
	if (r < 0) {
		return r;
	}
	r = append(octets, xml, len);
	if (r < 0) {
		envoi_buffer_truncate(&octets->ends, envoi_buffer_len(&octets->ends) - sizeof(end));
	}
	return r;
}

int octets_send_tail(struct envoi_transport *transport)
{
	static const char tail[] = "</stream:stream>";
	struct envoi_byte_stream *octets = octets_of(transport);
	if (!can_send(octets) || octets->output != OCTETS_OPEN) {
		return ENVOI_ERR_STATE;
	}
	int r = append(octets, tail, strlen(tail));
	if (r < 0) {
		return r;
	}
	octets->output = OCTETS_TAIL_SENT;
	return ENVOI_OK;
}

/* White space between elements (RFC 6120, section 4.6.1); whatever is pending does as well. */
int octets_keepalive(struct envoi_transport *transport)
{
	struct envoi_byte_stream *octets = octets_of(transport);
	if (!can_send(octets) || octets->output != OCTETS_OPEN) {
		return ENVOI_ERR_STATE;
	}
	return octets_pending(transport) > 0 ? ENVOI_OK : append(octets, " ", 1);
}

size_t octets_pending(const struct envoi_transport *transport)
{
	const struct envoi_byte_stream *octets = octets_of_const(transport);
	const struct envoi_buffer *sealed = octets_sealed_output(octets);
	return envoi_buffer_len(&octets->plain) + (sealed == NULL ? 0 : envoi_buffer_len(sealed));
}

void octets_drop_output(struct envoi_byte_stream *octets)
{
	struct envoi_buffer *sealed = octets_sealed_output(octets);
	envoi_buffer_wipe(&octets->plain);
	envoi_buffer_finish(&octets->ends);
	envoi_buffer_finish(&octets->marks);
	if (sealed != NULL) {
		envoi_buffer_finish(sealed);
	}
}

static void give_back(struct envoi_buffer *buffer)
{
	if (envoi_buffer_len(buffer) == 0 && buffer->capacity > KEPT_BYTES) {
		envoi_buffer_finish(buffer);
	}
}

void octets_break_output(struct envoi_byte_stream *octets)
{
	if (!octets->output_broken) {
		octets->output_broken = true;
		envoi_timer_stop(&octets->write_timer);
		octets->output_lost = octets_pending(&octets->base) > 0;
		octets_drop_output(octets);
	}
}

/* Nothing can be sent; a stream error of the peer may still arrive: read on for a while. */
static void output_broke(struct envoi_byte_stream *octets, int code)
{
	octets_break_output(octets);
	if (octets->broken.code == ENVOI_OK && !octets->input_over) {
		envoi_failure_set(&octets->broken, octets->base.context, ENVOI_PHASE_NONE, code,
			"the peer takes nothing more");
	}
	octets_bound_ending(octets);
}

/* @return how much the channel took; less than there was: it takes no more for now */
static size_t send_from(struct envoi_byte_stream *octets, struct envoi_buffer *buffer)
{
	size_t taken = 0;
	int r = octets->channel->impl->send(
		octets->channel, envoi_buffer_data(buffer), envoi_buffer_len(buffer), &taken);
	if (r < 0) {
		output_broke(octets, r);
		return 0;
	}
	octets->is_blocked = taken < envoi_buffer_len(buffer);
	octets_time_writing(octets, taken > 0);
	envoi_buffer_wipe_front(buffer, taken);
	return taken;
}

static void write_clear(struct envoi_byte_stream *octets)
{
	if (envoi_buffer_len(&octets->plain) > 0) {
		octets->taken += send_from(octets, &octets->plain);
	}
}

static void write_sealed(struct envoi_byte_stream *octets)
{
	struct envoi_buffer *sealed = octets_sealed_output(octets);
	octets_seal(octets);
	while (!octets->output_broken && envoi_buffer_len(sealed) > 0) {
		octets_count_sealed(octets, send_from(octets, sealed));
		if (envoi_buffer_len(sealed) > 0) {
			break;
		}
		octets_seal(octets);
	}
	give_back(sealed);
}

static size_t count_written(struct envoi_byte_stream *octets)
{
	size_t count = 0;
	uint64_t end;
	while (envoi_buffer_len(&octets->ends) >= sizeof(end)) {
		memcpy(&end, envoi_buffer_data(&octets->ends), sizeof(end));
		if (end > octets->taken) {
			break;
		}
		envoi_buffer_consume(&octets->ends, sizeof(end));
		count++;
	}
	return count;
}

static void report_progress(struct envoi_byte_stream *octets, size_t written)
{
	struct envoi_transport_sink *sink = octets->base.sink;
	if (written > 0 && sink != NULL) {
		sink->impl->written(sink, written);
	}
	sink = octets->base.sink;
	size_t low_mark = octets->options.output_bytes / LOW_MARK_PART;
	if (sink != NULL && octets->state == OCTETS_MOVING && octets->wants_drained &&
		octets_pending(&octets->base) <= low_mark) {
		octets->wants_drained = false;
		sink->impl->drained(sink);
	}
}

/* Everything is written, or cannot be: show the end, and wait for the peer's. */
static void go_on_closing(struct envoi_byte_stream *octets)
{
	bool is_written = octets_pending(&octets->base) == 0;
	if (is_written && !octets->is_shut_down && !octets->output_broken) {
		octets->is_shut_down = true;
		octets->channel->impl->shut_down(octets->channel);
	}
	if (octets->linger_ms == 0 || (is_written && octets->input_over)) {
		struct envoi_failure why;
		envoi_failure_move(&why, &octets->why);
		if (why.code == ENVOI_OK && octets->output_lost && !octets->peer_ended) {
			envoi_failure_finish(&why);
			envoi_failure_move(&why, &octets->broken);
		}
		octets_finish_now(octets, &why);
	}
}

void octets_flush(struct envoi_byte_stream *octets)
{
	if (octets->state != OCTETS_MOVING && octets->state != OCTETS_CLOSING) {
		return;
	}
	uint64_t before = octets->taken;
	if (octets->tls != NULL) {
		write_sealed(octets);
	} else if (!octets->output_broken) {
		write_clear(octets);
	}
	give_back(&octets->plain);
	size_t written = count_written(octets);
	give_back(&octets->ends);
	if (octets->taken > before) {
		report_progress(octets, written);
	}
	if (octets->state == OCTETS_CLOSING) {
		go_on_closing(octets);
	}
}

void octets_writable(struct envoi_byte_stream *octets)
{
	octets_enter(octets);
	octets_flush(octets);
	octets_leave(octets);
}
