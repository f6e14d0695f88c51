/*
 * envoi - byte streams: output
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <string.h>

#include <envoi/context.h>

#include "transport/bytestream/framing.h"

enum {
	KEPT_BYTES = 4096, /* of an empty buffer */
	LOW_MARK_PART = 4, /* low mark: limit divided by this */
};

/* @param is_element  it has a frame, where there are frames */
static int append(struct envoi__byte_stream *bytes, const char *data, size_t len, bool is_element)
{
	struct envoi__framing *framing = is_element ? bytes->framing : NULL;
	size_t before = envoi_buffer_len(&bytes->plain);
	int r = framing != NULL ? framing->impl->element(framing, &bytes->plain, data, len)
				: envoi_buffer_append(&bytes->plain, data, len);
	if (r < 0) {
		return r;
	}
	bytes->queued += envoi_buffer_len(&bytes->plain) - before;
	if (envoi_buffer_len(&bytes->ends) == 0) {
		bytes->counted = bytes->queued; /* a header, white space */
	}
	if (envoi__byte_stream_pending(&bytes->base) >
		bytes->options.output_bytes / LOW_MARK_PART) {
		bytes->wants_drained = true;
	}
	envoi__byte_stream_wake(bytes);
	return ENVOI_OK;
}

static bool can_send(const struct envoi__byte_stream *bytes)
{
	return bytes->state == BYTE_STREAM_MOVING;
}

int envoi__byte_stream_queue(struct envoi__byte_stream *bytes, const char *data, size_t len)
{
	return can_send(bytes) ? append(bytes, data, len, false) : ENVOI_ERR_STATE;
}

int envoi__byte_stream_queue_element(struct envoi__byte_stream *bytes, const char *xml, size_t len)
{
	return can_send(bytes) ? append(bytes, xml, len, true) : ENVOI_ERR_STATE;
}

static size_t size_of_element(const struct envoi__byte_stream *bytes, size_t len)
{
	return bytes->framing != NULL ? bytes->framing->impl->size(bytes->framing, len) : len;
}

int envoi__byte_stream_send_head(
	struct envoi_transport *transport, const struct envoi_stream_head *head)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	if (!can_send(bytes) || bytes->output != BYTE_STREAM_NO_HEAD) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi__byte_stream_write_head(bytes, head);
	if (r < 0) {
		return r;
	}
	bytes->output = BYTE_STREAM_OPEN;
	return ENVOI_OK;
}

/* An element larger than the limit is taken when nothing else is pending: it could never be sent
 * otherwise. */
int envoi__byte_stream_send_element(struct envoi_transport *transport, const char *xml, size_t len)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	if (!can_send(bytes) || bytes->output != BYTE_STREAM_OPEN) {
		return ENVOI_ERR_STATE;
	}
	size_t pending = envoi__byte_stream_pending(transport);
	size_t limit = bytes->options.output_bytes, size = size_of_element(bytes, len);
	if (pending > 0 && (pending > limit || size > limit - pending)) {
		bytes->wants_drained = true;
		return ENVOI_ERR_FULL;
	}
	uint64_t end = bytes->queued + size;
	int r = envoi_buffer_append(&bytes->ends, &end, sizeof(end));
	if (r < 0) {
		return r;
	}
	r = append(bytes, xml, len, true);
	if (r < 0) {
		envoi_buffer_truncate(&bytes->ends, envoi_buffer_len(&bytes->ends) - sizeof(end));
	}
	return r;
}

int envoi__byte_stream_send_tail(struct envoi_transport *transport)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	if (!can_send(bytes) || bytes->output != BYTE_STREAM_OPEN) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi__byte_stream_write_tail(bytes);
	if (r < 0) {
		return r;
	}
	bytes->output = BYTE_STREAM_TAIL_SENT;
	return ENVOI_OK;
}

/* White space between elements (RFC 6120, section 4.6.1); pending output serves as well. */
int envoi__byte_stream_keepalive(struct envoi_transport *transport)
{
	struct envoi__byte_stream *bytes = byte_stream_of(transport);
	if (!can_send(bytes) || bytes->output != BYTE_STREAM_OPEN) {
		return ENVOI_ERR_STATE;
	}
	return envoi__byte_stream_pending(transport) > 0
		? ENVOI_OK
		: envoi__byte_stream_write_sign_of_life(bytes);
}

size_t envoi__byte_stream_pending(const struct envoi_transport *transport)
{
	const struct envoi__byte_stream *bytes = byte_stream_of_const(transport);
	const struct envoi_buffer *sealed = envoi__byte_stream_sealed_output(bytes);
	return envoi_buffer_len(&bytes->plain) + (sealed == NULL ? 0 : envoi_buffer_len(sealed));
}

/* An element begins where the one before ends, or behind. */
static size_t count_unsent(const struct envoi__byte_stream *bytes)
{
	uint64_t begun = envoi__byte_stream_begun(bytes), begins = bytes->counted, end;
	size_t len = envoi_buffer_len(&bytes->ends);
	for (size_t at = 0; at < len; at += sizeof(end)) {
		if (begins >= begun) {
			return (len - at) / sizeof(end);
		}
		memcpy(&end, envoi_buffer_data(&bytes->ends) + at, sizeof(end));
		begins = end;
	}
	return 0;
}

size_t envoi__byte_stream_unsent(const struct envoi_transport *transport)
{
	const struct envoi__byte_stream *bytes = byte_stream_of_const(transport);
	return bytes->unsent + count_unsent(bytes);
}

void envoi__byte_stream_drop_output(struct envoi__byte_stream *bytes)
{
	bytes->unsent += count_unsent(bytes);
	struct envoi_buffer *sealed = envoi__byte_stream_sealed_output(bytes);
	envoi_buffer_wipe(&bytes->plain);
	envoi_buffer_finish(&bytes->ends);
	envoi_buffer_finish(&bytes->marks);
	if (sealed != NULL) {
		envoi_buffer_finish(sealed);
	}
}

static void free_if_large(struct envoi_buffer *buffer)
{
	if (envoi_buffer_len(buffer) == 0 && buffer->capacity > KEPT_BYTES) {
		envoi_buffer_finish(buffer);
	}
}

void envoi__byte_stream_break_output(struct envoi__byte_stream *bytes)
{
	if (!bytes->output_broken) {
		bytes->output_broken = true;
		envoi_timer_stop(&bytes->write_timer);
		bytes->output_lost = envoi__byte_stream_pending(&bytes->base) > 0;
		envoi__byte_stream_drop_output(bytes);
	}
}

/* The output is broken; a stream error of the peer may still arrive: continue to read for a
 * while. */
static void output_broke(struct envoi__byte_stream *bytes, int code)
{
	envoi__byte_stream_break_output(bytes);
	if (bytes->broken.code == ENVOI_OK && !bytes->input_over) {
		struct envoi_failure broken;
		envoi_failure_set(&broken, bytes->base.context, ENVOI_PHASE_NONE, code,
			"the peer accepts no more output");
		envoi__kept_failure_take(&bytes->broken, bytes->base.context, &broken);
	}
	envoi__byte_stream_bound_ending(bytes);
}

/* @return the number of bytes that the channel took */
static size_t send_from(struct envoi__byte_stream *bytes, struct envoi_buffer *buffer)
{
	size_t taken = 0;
	int r = bytes->channel->impl->send(
		bytes->channel, envoi_buffer_data(buffer), envoi_buffer_len(buffer), &taken);
	if (r < 0) {
		output_broke(bytes, r);
		return 0;
	}
	bytes->is_blocked = taken < envoi_buffer_len(buffer);
	envoi__byte_stream_time_writing(bytes, taken > 0);
	envoi_buffer_wipe_front(buffer, taken);
	return taken;
}

static void write_clear(struct envoi__byte_stream *bytes)
{
	if (envoi_buffer_len(&bytes->plain) > 0) {
		bytes->taken += send_from(bytes, &bytes->plain);
	}
}

static void write_sealed(struct envoi__byte_stream *bytes)
{
	struct envoi_buffer *sealed = envoi__byte_stream_sealed_output(bytes);
	envoi__byte_stream_seal(bytes);
	while (!bytes->output_broken && envoi_buffer_len(sealed) > 0) {
		envoi__byte_stream_count_sealed(bytes, send_from(bytes, sealed));
		if (envoi_buffer_len(sealed) > 0) {
			break;
		}
		envoi__byte_stream_seal(bytes);
	}
	free_if_large(sealed);
}

static size_t count_written(struct envoi__byte_stream *bytes)
{
	size_t count = 0;
	uint64_t end;
	while (envoi_buffer_len(&bytes->ends) >= sizeof(end)) {
		memcpy(&end, envoi_buffer_data(&bytes->ends), sizeof(end));
		if (end > bytes->taken) {
			break;
		}
		envoi_buffer_consume(&bytes->ends, sizeof(end));
		bytes->counted = end;
		count++;
	}
	return count;
}

static void report_progress(struct envoi__byte_stream *bytes, size_t written)
{
	struct envoi_transport_sink *sink = bytes->base.sink;
	if (written > 0 && sink != NULL) {
		sink->impl->written(sink, written);
	}
	sink = bytes->base.sink;
	size_t low_mark = bytes->options.output_bytes / LOW_MARK_PART;
	if (sink != NULL && bytes->state == BYTE_STREAM_MOVING && bytes->wants_drained &&
		envoi__byte_stream_pending(&bytes->base) <= low_mark) {
		bytes->wants_drained = false;
		sink->impl->drained(sink);
	}
}

/* All output is written or lost: show the end to the peer, and wait for its end. */
static void go_on_closing(struct envoi__byte_stream *bytes)
{
	bool is_written = envoi__byte_stream_pending(&bytes->base) == 0;
	if (is_written && !bytes->is_shut_down && !bytes->output_broken) {
		bytes->is_shut_down = true;
		bytes->channel->impl->shut_down(bytes->channel);
	}
	if (bytes->linger_ms == 0 || (is_written && bytes->input_over)) {
		struct envoi_failure why;
		envoi__kept_failure_give(&bytes->why, &why);
		if (why.code == ENVOI_OK && bytes->output_lost && !bytes->peer_ended) {
			envoi_failure_finish(&why);
			envoi__kept_failure_give(&bytes->broken, &why);
		}
		envoi__byte_stream_finish_now(bytes, &why);
	}
}

void envoi__byte_stream_flush(struct envoi__byte_stream *bytes)
{
	if (bytes->state != BYTE_STREAM_MOVING && bytes->state != BYTE_STREAM_CLOSING) {
		return;
	}
	uint64_t before = bytes->taken;
	bool was_pending = envoi__byte_stream_pending(&bytes->base) > 0;
	envoi__byte_stream_answer_frames(bytes);
	if (bytes->tls != NULL) {
		write_sealed(bytes);
	} else if (!bytes->output_broken) {
		write_clear(bytes);
	}
	free_if_large(&bytes->plain);
	size_t written = count_written(bytes);
	free_if_large(&bytes->ends);
	if (was_pending) {
		envoi__byte_stream_wake_for_answers(bytes);
	}
	if (bytes->taken > before) {
		report_progress(bytes, written);
	}
	if (bytes->state == BYTE_STREAM_CLOSING) {
		go_on_closing(bytes);
	}
}

void envoi__byte_stream_writable(struct envoi__byte_stream *bytes)
{
	envoi__byte_stream_enter(bytes);
	envoi__byte_stream_flush(bytes);
	envoi__byte_stream_leave(bytes);
}
