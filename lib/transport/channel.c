/*
 * envoi - channels
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/channel.h>

#include <assert.h>

void envoi_channel_attach(struct envoi_channel *channel, struct envoi_context *context,
	struct envoi_channel_sink *sink)
{
	const struct envoi_channel_impl *impl = channel->impl;
	assert(impl->name != NULL && impl->start != NULL && impl->send != NULL);
	assert(impl->want_read != NULL && impl->shut_down != NULL && impl->disconnect != NULL);
	assert(impl->destroy != NULL && impl->peer_name != NULL);
	(void)impl; /* a release has no assertions */
	channel->context = context;
	channel->sink = sink;
}

void envoi_channel_destroy(struct envoi_channel *channel)
{
	if (channel != NULL) {
		channel->impl->disconnect(channel);
		channel->impl->destroy(channel);
	}
}

void envoi_channel_received(struct envoi_channel *channel, const char *data, size_t len)
{
	channel->sink->impl->received(channel->sink, data, len);
}

void envoi_channel_writable(struct envoi_channel *channel)
{
	channel->sink->impl->writable(channel->sink);
}

void envoi_channel_ended(struct envoi_channel *channel)
{
	channel->sink->impl->ended(channel->sink);
}

void envoi_channel_broken(struct envoi_channel *channel, int code, const char *text)
{
	channel->sink->impl->broken(channel->sink, code, text);
}

void envoi_channel_enter(struct envoi_channel *channel)
{
	channel->sink->impl->enter(channel->sink);
}

void envoi_channel_leave(struct envoi_channel *channel)
{
	channel->sink->impl->leave(channel->sink);
}
