/*
 * envoi - connections in memory: an end that is a channel
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/memory.h>

#include "pair.h"

struct memory_channel {
	struct envoi_channel base;
	struct envoi_context *context; /* a reference: its allocator frees this */
	struct memory_port port;
};

static struct memory_port *port_of(struct envoi_channel *base)
{
	return &ENVOI_CONTAINER_OF(base, struct memory_channel, base)->port;
}

static struct envoi_channel *channel_of(struct memory_port *port)
{
	return &ENVOI_CONTAINER_OF(port, struct memory_channel, port)->base;
}

/* --- what the byte stream calls --- */

static int memory_start(struct envoi_channel *base)
{
	return port_of(base)->pair == NULL ? ENVOI_ERR_STATE : ENVOI_OK;
}

static int memory_send(struct envoi_channel *base, const char *data, size_t len, size_t *ret_taken)
{
	return envoi__memory_port_send(port_of(base), data, len, false, ret_taken);
}

static int memory_want_read(struct envoi_channel *base, bool wanted)
{
	envoi__memory_port_want_read(port_of(base), wanted);
	return ENVOI_OK;
}

static void memory_shut_down(struct envoi_channel *base)
{
	envoi__memory_port_shut_down(port_of(base));
}

static void memory_disconnect(struct envoi_channel *base)
{
	envoi__memory_port_detach(port_of(base));
}

static void memory_destroy(struct envoi_channel *base)
{
	struct memory_channel *channel = ENVOI_CONTAINER_OF(base, struct memory_channel, base);
	struct envoi_context *context = channel->context;
	envoi_free(context, channel);
	envoi_context_unref(context);
}

static const char *memory_peer_name(const struct envoi_channel *base)
{
	(void)base;
	return "memory";
}

static const struct envoi_channel_impl channel_impl = {
	.name = "memory",
	.start = memory_start,
	.send = memory_send,
	.want_read = memory_want_read,
	.shut_down = memory_shut_down,
	.disconnect = memory_disconnect,
	.destroy = memory_destroy,
	.peer_name = memory_peer_name,
};

/* --- what the pair reports --- */

static void port_arrived(struct memory_port *port, const char *data, size_t len)
{
	envoi_channel_received(channel_of(port), data, len);
}

static void port_writable(struct memory_port *port)
{
	envoi_channel_writable(channel_of(port));
}

static void port_ended(struct memory_port *port)
{
	envoi_channel_ended(channel_of(port));
}

static void port_broken(struct memory_port *port)
{
	envoi_channel_broken(channel_of(port), ENVOI_ERR_DISCONNECTED, "the connection was cut");
}

static const struct memory_port_impl port_impl = {
	.arrived = port_arrived,
	.writable = port_writable,
	.ended = port_ended,
	.broken = port_broken,
};

/* --- making --- */

int envoi_memory_channel_new(struct envoi_channel **ret_channel, struct envoi_memory_pair *pair,
	enum envoi_memory_side side)
{
	struct envoi_context *context = envoi__memory_pair_context(pair);
	struct memory_channel *channel = envoi_alloc_zeroed(context, sizeof(*channel));
	if (channel == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi__memory_port_attach(&channel->port, &port_impl, pair, side);
	if (r < 0) {
		envoi_free(context, channel);
		return r;
	}
	channel->base.impl = &channel_impl;
	channel->context = envoi_context_ref(context);
	*ret_channel = &channel->base;
	return ENVOI_OK;
}

int envoi_memory_transport_new(struct envoi_transport **ret_transport,
	struct envoi_memory_pair *pair, enum envoi_memory_side side,
	const struct envoi_settings *settings, bool is_secure)
{
	struct envoi_context *context = envoi__memory_pair_context(pair);
	struct envoi_channel_options options;
	struct envoi_channel *channel;
	int r = envoi_channel_options_read(&options, context, settings);
	if (r == ENVOI_OK) {
		r = envoi_memory_channel_new(&channel, pair, side);
	}
	if (r < 0) {
		return r;
	}
	options.is_secure = is_secure;
	return envoi_channel_transport_new(ret_transport, context, channel, &options);
}
