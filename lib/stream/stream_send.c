/*
 * envoi - streams: sending
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/xml.h>

#include "stream/alone.h"
#include "stream/stream.h"

static bool writes_alone(const struct envoi_stream *stream)
{
	return stream->transport->writing == ENVOI_WRITING_ALONE;
}

static int give(struct envoi_stream *stream, const char *xml, size_t len, bool is_stanza)
{
	int r = envoi__written_add(&stream->written, is_stanza);
	if (r < 0) {
		return r;
	}
	r = stream->transport->impl->send_element(stream->transport, xml, len);
	if (r < 0) {
		envoi__written_undo(&stream->written);
	}
	return r;
}

static int give_alone(struct envoi_stream *stream, const char *xml, size_t len, bool is_stanza)
{
	struct envoi_buffer alone;
	envoi_buffer_init(&alone, stream->context, 0);
	int r = envoi__alone_write(&alone, xml, len, stream->content_ns);
	if (r == ENVOI_OK) {
		r = give(stream, envoi_buffer_data(&alone), envoi_buffer_len(&alone), is_stanza);
	}
	envoi_buffer_wipe(&alone);
	return r;
}

static bool can_send(const struct envoi_stream *stream)
{
	return stream->life != ENVOI__STREAM_CLOSED && stream->life != ENVOI__STREAM_ENDING &&
		stream->output == ENVOI__OUTPUT_OPEN && !stream->is_securing;
}

/*
 * Stanzas are sent after the login only: earlier they would go out in clear, or to a server
 * that has not proved its identity.
 */
int envoi_stream_send(struct envoi_stream *stream, const char *xml, size_t len)
{
	bool is_early = stream->role == ENVOI_INITIATOR && !stream->is_ready &&
		(stream->bits & ENVOI_STREAM_BOUND) == 0;
	int r = is_early || !can_send(stream) ? ENVOI_ERR_STATE
		: writes_alone(stream)        ? give_alone(stream, xml, len, true)
					      : give(stream, xml, len, true);
	if (r == ENVOI_OK) {
		stream->counts.stanzas_out++;
		envoi__tap_stanza(&stream->tap, stream->context, ENVOI_OUT, xml, len);
	}
	return r;
}

/*
 * In a document: written as if the default namespace was jabber:client, whatever it is, so that a
 * stanza gets no declaration and thereby the stream's namespace, and everything else its own.
 * Alone: a stanza is treated the same way and declares the stream's namespace.
 */
static int write_and_give(struct envoi_stream *stream, const struct envoi_element *element)
{
	bool is_content = strcmp(envoi_element_ns(element), ENVOI_NS_CLIENT) == 0;
	bool is_alone = writes_alone(stream);
	bool is_stanza = envoi__is_stanza(element, ENVOI_NS_CLIENT);
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, stream->context, 0);
	int r = envoi_xml_write(&xml, element, is_alone && !is_content ? NULL : ENVOI_NS_CLIENT);
	if (r == ENVOI_OK) {
		r = is_alone && is_content
			? give_alone(stream, envoi_buffer_data(&xml), envoi_buffer_len(&xml),
				  is_stanza)
			: give(stream, envoi_buffer_data(&xml), envoi_buffer_len(&xml), is_stanza);
		stream->counts.stanzas_out += r == ENVOI_OK && is_stanza;
	}
	envoi_buffer_wipe(&xml);
	return r;
}

int envoi_stream_send_element(struct envoi_stream *stream, const struct envoi_element *element)
{
	int r = envoi_element_error(element);
	if (r < 0) {
		return r;
	}
	r = can_send(stream) ? write_and_give(stream, element) : ENVOI_ERR_STATE;
	if (r == ENVOI_OK) {
		envoi__tap_element(&stream->tap, stream->context, ENVOI_OUT, element);
	}
	return r;
}

int envoi_stream_keepalive(struct envoi_stream *stream)
{
	const struct envoi_transport_impl *impl = stream->transport == NULL
		? NULL
		: stream->transport->impl;
	if (impl == NULL || !can_send(stream)) {
		return ENVOI_ERR_STATE;
	}
	return impl->keepalive == NULL ? ENVOI_ERR_UNSUPPORTED : impl->keepalive(stream->transport);
}
