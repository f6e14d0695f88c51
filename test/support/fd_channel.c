/*
 * envoi - a channel over a socket, as a user would write one
 * SPDX-License-Identifier: MIT
 */
#include "fd_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>

struct fd_channel {
	struct envoi_watch watch; /* not first: code must not rely on it */
	struct envoi_channel channel;
	unsigned int interest;
	int fd;
};

static struct fd_channel *from_channel(struct envoi_channel *channel)
{
	return ENVOI_CONTAINER_OF(channel, struct fd_channel, channel);
}

static int set_interest(struct fd_channel *self, unsigned int interest)
{
	self->interest = interest;
	return self->watch.loop != NULL ? envoi_watch_set(&self->watch, interest) : ENVOI_OK;
}

static void read_once(struct fd_channel *self)
{
	char data[ENVOI_CHANNEL_READ_BYTES];
	ssize_t len = recv(self->fd, data, sizeof(data), 0);
	if (len > 0) {
		envoi_channel_received(&self->channel, data, (size_t)len);
	} else if (len == 0) {
		envoi_channel_ended(&self->channel);
	} else if (errno != EAGAIN && errno != EINTR) {
		envoi_channel_broken(&self->channel, ENVOI_ERR_DISCONNECTED, "broken");
	}
}

static void on_ready(struct envoi_watch *watch, unsigned int ready)
{
	struct fd_channel *self = ENVOI_CONTAINER_OF(watch, struct fd_channel, watch);
	envoi_channel_enter(&self->channel);
	if (ready & ENVOI_IO_WRITE) {
		if (set_interest(self, self->interest & ~(unsigned int)ENVOI_IO_WRITE) < 0) {
			envoi_channel_broken(&self->channel, ENVOI_ERR_SYSTEM, "no watch");
		} else {
			envoi_channel_writable(&self->channel);
		}
	}
	if (ready & self->interest & ENVOI_IO_READ && self->fd >= 0) {
		read_once(self);
	}
	envoi_channel_leave(&self->channel);
}

static int start(struct envoi_channel *channel)
{
	struct fd_channel *self = from_channel(channel);
	return envoi_watch_start(&self->watch, envoi_context_loop(channel->context), self->fd,
		self->interest, on_ready);
}

static int send_some(struct envoi_channel *channel, const char *data, size_t len, size_t *ret_taken)
{
	struct fd_channel *self = from_channel(channel);
	ssize_t sent = send(self->fd, data, len, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		return ENVOI_ERR_DISCONNECTED;
	}
	*ret_taken = sent < 0 ? 0 : (size_t)sent;
	return *ret_taken < len ? set_interest(self, self->interest | ENVOI_IO_WRITE) : ENVOI_OK;
}

static int want_read(struct envoi_channel *channel, bool wanted)
{
	struct fd_channel *self = from_channel(channel);
	unsigned int others = self->interest & ~(unsigned int)ENVOI_IO_READ;
	return set_interest(self, others | (wanted ? ENVOI_IO_READ : 0));
}

static void shut_down(struct envoi_channel *channel)
{
	shutdown(from_channel(channel)->fd, SHUT_WR);
}

static void disconnect(struct envoi_channel *channel)
{
	struct fd_channel *self = from_channel(channel);
	if (self->fd >= 0) {
		envoi_watch_stop(&self->watch);
		close(self->fd);
		self->fd = -1;
	}
}

static void destroy(struct envoi_channel *channel)
{
	free(from_channel(channel));
}

static const char *peer_name(const struct envoi_channel *channel)
{
	(void)channel;
	return "a socket";
}

static const struct envoi_channel_impl impl = {
	.name = "channel",
	.start = start,
	.send = send_some,
	.want_read = want_read,
	.shut_down = shut_down,
	.disconnect = disconnect,
	.destroy = destroy,
	.peer_name = peer_name,
};

int fd_channel_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context,
	int fd, const struct envoi_settings *settings)
{
	struct fd_channel *self = calloc(1, sizeof(*self));
	if (self == NULL) {
		close(fd);
		return ENVOI_ERR_NOMEM;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	self->channel.impl = &impl;
	self->fd = fd;
	struct envoi_channel_options options;
	int r = envoi_channel_options_read(&options, context, settings);
	if (r < 0) {
		envoi_channel_destroy(&self->channel);
		return r;
	}
	return envoi_channel_transport_new(ret_transport, context, &self->channel, &options);
}
