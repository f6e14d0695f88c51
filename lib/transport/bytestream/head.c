/*
 * envoi - byte streams: stream headers and stream errors
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <envoi/context.h>

int envoi__byte_stream_write_head(
	struct envoi__byte_stream *bytes, const struct envoi_stream_head *head)
{
	struct envoi_buffer out;
	if (bytes->framing != NULL) {
		return envoi__byte_stream_write_framed_head(bytes, head);
	}
	envoi_buffer_init(&out, bytes->base.context, 0);
	int r = envoi_stream_head_write(&out, head);
	if (r == ENVOI_OK) {
		r = envoi__byte_stream_queue(
			bytes, envoi_buffer_data(&out), envoi_buffer_len(&out));
	}
	envoi_buffer_finish(&out);
	return r;
}

/* RFC 6120, section 4.9.1.2. @return whether there is a header, so that an error can follow */
static bool send_missing_head(struct envoi__byte_stream *bytes)
{
	struct envoi_transport_sink *sink = bytes->base.sink;
	if (bytes->output == BYTE_STREAM_NO_HEAD && sink->impl->unheaded != NULL) {
		sink->impl->unheaded(sink);
	}
	if (bytes->output != BYTE_STREAM_NO_HEAD || bytes->state > BYTE_STREAM_MOVING) {
		return bytes->output == BYTE_STREAM_OPEN && bytes->state <= BYTE_STREAM_MOVING;
	}
	const struct envoi_stream_head head = {.version = "1.0", .content_ns = "jabber:client"};
	return envoi__byte_stream_send_head(&bytes->base, &head) == ENVOI_OK;
}

void envoi__byte_stream_write_stream_error(
	struct envoi__byte_stream *bytes, enum envoi_stream_condition condition)
{
	if (!send_missing_head(bytes)) {
		return;
	}
	int r = envoi__byte_stream_write_error_element(bytes, condition);
	if (r == ENVOI_OK) {
		bytes->output = BYTE_STREAM_TAIL_SENT;
		(void)envoi__byte_stream_write_tail(bytes);
	}
}
