/*
 * envoi - transports of octets: stream headers and stream errors
 * SPDX-License-Identifier: MIT
 */
#include "transport/bytestream/bytestream.h"

#include <envoi/context.h>

int octets_write_head(struct envoi_byte_stream *octets, const struct envoi_stream_head *head)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, octets->base.context, 0);
	int r = envoi_stream_head_write(&out, head);
	if (r == ENVOI_OK) {
		r = octets_queue(octets, envoi_buffer_data(&out), envoi_buffer_len(&out));
	}
	envoi_buffer_finish(&out);
	return r;
}

void octets_write_stream_error(
	struct envoi_byte_stream *octets, enum envoi_stream_condition condition)
{
	if (octets->output == OCTETS_TAIL_SENT) {
		return;
	}
	if (octets->output == OCTETS_NO_HEAD) {
		const struct envoi_stream_head head = {
			.version = "1.0",
			.content_ns = "jabber:client",
		};
		if (octets_send_head(&octets->base, &head) < 0) {
			return;
		}
	}
	struct envoi_buffer out;
	envoi_buffer_init(&out, octets->base.context, 0);
	int r = envoi_stream_error_write(&out, condition);
	r = r < 0 ? r : envoi_buffer_append_text(&out, "</stream:stream>");
	if (r == ENVOI_OK) {
		octets->output = OCTETS_TAIL_SENT;
		octets_queue(octets, envoi_buffer_data(&out), envoi_buffer_len(&out));
	}
	envoi_buffer_finish(&out);
}
