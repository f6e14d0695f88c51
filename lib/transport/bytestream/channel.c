/*
 * envoi - transports of octets: channels from outside of the library
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/octets.h>

#include <assert.h>

#include <envoi/context.h>

#include "transport/bytestream/bytestream.h"

struct envoi_octets {
	struct octets octets; /* first: what octets frees is the whole */
	struct envoi_transport_impl impl; /* with the channel's name */
	struct envoi_channel *channel;
};

static const struct envoi_transport_impl any_impl = OCTETS_TRANSPORT_IMPL("octets");

static struct envoi_channel *channel_of(struct octets *octets)
{
	return ENVOI_CONTAINER_OF(octets, struct envoi_octets, octets)->channel;
}

/* --- what octets asks for --- */

static int pass_start(struct octets *octets)
{
	struct envoi_channel *channel = channel_of(octets);
	return channel->impl->start(channel);
}

static int pass_send(struct octets *octets, const char *data, size_t len, size_t *ret_taken)
{
	struct envoi_channel *channel = channel_of(octets);
	return channel->impl->send(channel, data, len, ret_taken);
}

static void pass_want_read(struct octets *octets, bool wanted)
{
	struct envoi_channel *channel = channel_of(octets);
	int r = channel->impl->want_read(channel, wanted);
	if (r < 0) {
		octets_broken(octets, r, "reading cannot be turned %s", wanted ? "on" : "off");
	}
}

static void pass_shut_down(struct octets *octets)
{
	struct envoi_channel *channel = channel_of(octets);
	channel->impl->shut_down(channel);
}

static void pass_disconnect(struct octets *octets)
{
	struct envoi_channel *channel = channel_of(octets);
	channel->impl->disconnect(channel);
}

static void pass_release(struct octets *octets)
{
	struct envoi_channel *channel = channel_of(octets);
	channel->impl->destroy(channel);
}

static const char *pass_peer_name(const struct octets *octets)
{
	const struct envoi_channel *channel =
		ENVOI_CONTAINER_OF_CONST(octets, struct envoi_octets, octets)->channel;
	return channel->impl->peer_name(channel);
}

static const struct octets_channel_impl passing_impl = {
	.start = pass_start,
	.send = pass_send,
	.want_read = pass_want_read,
	.shut_down = pass_shut_down,
	.disconnect = pass_disconnect,
	.release = pass_release,
	.peer_name = pass_peer_name,
};

int envoi_octets_transport_new(struct envoi_transport **ret_transport,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi_settings *settings, bool is_secure)
{
	const struct envoi_channel_impl *impl = channel->impl;
	assert(impl->name != NULL && impl->start != NULL && impl->send != NULL);
	assert(impl->want_read != NULL && impl->shut_down != NULL && impl->disconnect != NULL);
	assert(impl->destroy != NULL && impl->peer_name != NULL);
	struct octets_options options;
	int r = octets_options_read(&options, context, settings);
	struct envoi_octets *transport = r == ENVOI_OK
		? envoi_alloc_zeroed(context, sizeof(*transport))
		: NULL;
	if (transport == NULL) {
		impl->disconnect(channel);
		impl->destroy(channel);
		return ENVOI_ERR_NOMEM;
	}
	options.is_secure = is_secure;
	transport->impl = any_impl;
	transport->impl.name = impl->name;
	transport->channel = channel;
	channel->context = context;
	channel->octets = transport;
	octets_init(&transport->octets, &transport->impl, &passing_impl, context, &options);
	*ret_transport = &transport->octets.base;
	return ENVOI_OK;
}

/* --- what the channel tells --- */

void envoi_channel_received(struct envoi_channel *channel, const char *data, size_t len)
{
	if (len > 0) {
		octets_received(&channel->octets->octets, data, len);
	}
}

void envoi_channel_writable(struct envoi_channel *channel)
{
	octets_writable(&channel->octets->octets);
}

void envoi_channel_ended(struct envoi_channel *channel)
{
	octets_ended(&channel->octets->octets);
}

void envoi_channel_broken(struct envoi_channel *channel, int code, const char *text)
{
	octets_broken(&channel->octets->octets, code, "%s", text);
}

void envoi_channel_enter(struct envoi_channel *channel)
{
	octets_enter(&channel->octets->octets);
}

void envoi_channel_leave(struct envoi_channel *channel)
{
	octets_leave(&channel->octets->octets);
}
