/*
 * envoi - byte streams: making a transport of a channel
 * SPDX-License-Identifier: MIT
 */
#include <envoi/settings.h>

#include "settings/settings.h"
#include "transport/bytestream/bytestream.h"
#include "transport/transport_settings.h"
#include "xml/limits.h"

static const struct envoi_transport_impl transport_impl = {
	.name = "channel",
	.start = octets_start,
	.send_head = octets_send_head,
	.send_element = octets_send_element,
	.send_tail = octets_send_tail,
	.restart = octets_restart,
	.start_tls = octets_start_tls,
	.set_limits = octets_set_limits,
	.keepalive = octets_keepalive,
	.pause = octets_pause,
	.resume = octets_resume,
	.pending = octets_pending,
	.close = octets_close,
	.abort = octets_abort,
	.destroy = octets_destroy,
	.peer_name = octets_peer_name,
	.is_secure = octets_is_secure,
	.tls_info = octets_tls_info,
	.channel_binding = octets_channel_binding,
};

/* --- events of the channel --- */

static struct envoi_byte_stream *stream_of(struct envoi_channel_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi_byte_stream, sink);
}

static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	octets_received(stream_of(sink), data, len);
}

static void on_writable(struct envoi_channel_sink *sink)
{
	octets_writable(stream_of(sink));
}

static void on_ended(struct envoi_channel_sink *sink)
{
	octets_ended(stream_of(sink));
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	octets_broken(stream_of(sink), code, text);
}

static void on_enter(struct envoi_channel_sink *sink)
{
	octets_enter(stream_of(sink));
}

static void on_leave(struct envoi_channel_sink *sink)
{
	octets_leave(stream_of(sink));
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
		.limits = xml.before_login,
	};
	return ENVOI_OK;
}

static void init(struct envoi_byte_stream *octets, struct envoi_context *context,
	struct envoi_channel *channel, const struct envoi_channel_options *options)
{
	octets->impl = transport_impl;
	octets->impl.name = channel->impl->name;
	envoi_transport_init(&octets->base, &octets->impl, context);
	octets->channel = channel;
	octets->options = *options;
	octets->limits = options->limits;
	envoi_buffer_init(&octets->plain, context, 0);
	envoi_buffer_init(&octets->ends, context, 0);
	envoi_buffer_init(&octets->marks, context, 0);
	octets->sink.impl = &sink_impl;
	envoi_channel_attach(channel, context, &octets->sink);
}

int envoi_channel_transport_new(struct envoi_transport **ret_transport,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi_channel_options *options)
{
	struct envoi_channel_options defaults;
	int r = options != NULL ? ENVOI_OK : envoi_channel_options_read(&defaults, context, NULL);
	struct envoi_byte_stream *octets = r < 0 ? NULL
						 : envoi_alloc_zeroed(context, sizeof(*octets));
	if (octets == NULL) {
		envoi_channel_destroy(channel);
		return ENVOI_ERR_NOMEM;
	}
	init(octets, context, channel, options != NULL ? options : &defaults);
	*ret_transport = &octets->base;
	return ENVOI_OK;
}
