/*
 * envoi - byte streams: making a transport of a channel
 * SPDX-License-Identifier: MIT
 */
#include <envoi/settings.h>

#include "settings/settings.h"
#include "transport/bytestream/bytestream.h"
#include "transport/bytestream/framing.h"
#include "transport/transport_settings.h"
#include "xml/xml_settings.h"

static const struct envoi_transport_impl transport_impl = {
	.name = "channel",
	.start = envoi__byte_stream_start,
	.send_head = envoi__byte_stream_send_head,
	.send_element = envoi__byte_stream_send_element,
	.send_tail = envoi__byte_stream_send_tail,
	.restart = envoi__byte_stream_restart,
	.start_tls = envoi__byte_stream_start_tls,
	.set_limits = envoi__byte_stream_set_limits,
	.keepalive = envoi__byte_stream_keepalive,
	.pause = envoi__byte_stream_pause,
	.resume = envoi__byte_stream_resume,
	.is_held = envoi__byte_stream_is_held,
	.is_receiving = envoi__byte_stream_is_receiving,
	.pending = envoi__byte_stream_pending,
	.close = envoi__byte_stream_close,
	.abort = envoi__byte_stream_abort,
	.destroy = envoi__byte_stream_destroy,
	.peer_name = envoi__byte_stream_peer_name,
	.is_secure = envoi__byte_stream_is_secure,
	.tls_info = envoi__byte_stream_tls_info,
	.channel_binding = envoi__byte_stream_channel_binding,
	.unsent = envoi__byte_stream_unsent,
};

/* --- events of the channel --- */

static struct envoi__byte_stream *stream_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi__byte_stream, sink);
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	envoi__byte_stream_received(stream_of(sink), data, len);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	envoi__byte_stream_writable(stream_of(sink));
}

static void on_ended(struct envoi_channel_sink *sink)
{
	envoi__byte_stream_ended(stream_of(sink));
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	envoi__byte_stream_broken(stream_of(sink), code, text);
}

static void on_enter(struct envoi_channel_sink *sink)
{
	envoi__byte_stream_enter(stream_of(sink));
}

static void on_leave(struct envoi_channel_sink *sink)
{
	envoi__byte_stream_leave(stream_of(sink));
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_writable,
	.ended = on_ended,
	.broken = on_broken,
	.enter = on_enter,
	.leave = on_leave,
};

/* --- making --- */

int envoi_channel_options_read(struct envoi_channel_options *ret_options,
	struct envoi_context *context, const struct envoi_settings *settings)
{
	struct envoi__transport_settings own;
	struct envoi__xml_settings xml;
	settings = settings != NULL ? settings : envoi__default_settings(context);
	if (settings == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__transport_settings_read(&own, settings);
	envoi__xml_settings_read(&xml, settings);
	*ret_options = (struct envoi_channel_options){
		.output_bytes = own.output_bytes,
		.slice_stanzas = own.slice_stanzas,
		.element_timeout_ms = own.element_timeout_ms,
		.write_timeout_ms = own.write_timeout_ms,
		.user_timeout_ms = own.user_timeout_ms,
		.limits = xml.before_login,
	};
	return ENVOI_OK;
}

static void init(struct envoi__byte_stream *bytes, struct envoi_context *context,
	struct envoi_channel *channel, const struct envoi_channel_options *options)
{
	bytes->impl = transport_impl;
	bytes->impl.name = channel->impl->name;
	envoi_transport_init(&bytes->base, &bytes->impl, context);
	bytes->channel = channel;
	bytes->options = *options;
	bytes->limits = options->limits;
	envoi__holder_init(&bytes->holder, context, &envoi__byte_stream_holder_impl);
	envoi_buffer_init(&bytes->plain, context, 0);
	envoi_buffer_init(&bytes->ends, context, 0);
	envoi_buffer_init(&bytes->marks, context, 0);
	bytes->sink.impl = &sink_impl;
	envoi_channel_attach(channel, context, &bytes->sink);
}

int envoi_channel_transport_new(struct envoi_transport **ret_transport,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi_channel_options *options)
{
	struct envoi_channel_options defaults;
	int r = options != NULL ? ENVOI_OK : envoi_channel_options_read(&defaults, context, NULL);
	struct envoi__byte_stream *bytes = r < 0 ? NULL
						 : envoi_alloc_zeroed(context, sizeof(*bytes));
	if (bytes == NULL) {
		envoi_channel_destroy(channel);
		return ENVOI_ERR_NOMEM;
	}
	options = options != NULL ? options : &defaults;
	if (channel->impl->configure != NULL) {
		channel->impl->configure(channel, options);
	}
	init(bytes, context, channel, options);
	*ret_transport = &bytes->base;
	return ENVOI_OK;
}

int envoi__byte_stream_adopt(struct envoi_transport **ret_transport, struct envoi_context *context,
	struct envoi_channel *channel, struct envoi__framing *framing, struct envoi_buffer *left,
	const struct envoi_channel_options *options)
{
	struct envoi_transport *transport;
	size_t len = envoi_buffer_len(left);
	int r = envoi_channel_transport_new(&transport, context, channel, options);
	if (r < 0) {
		framing->impl->destroy(framing);
		envoi_buffer_wipe(left);
		return r;
	}
	byte_stream_of(transport)->is_started = true;
	r = envoi__byte_stream_frame(transport, framing);
	r = r < 0 || len == 0 ? r : framing->impl->received(framing, envoi_buffer_data(left), len);
	envoi_buffer_wipe(left);
	if (r < 0) {
		envoi_transport_destroy(transport);
		return r;
	}
	*ret_transport = transport;
	return ENVOI_OK;
}
