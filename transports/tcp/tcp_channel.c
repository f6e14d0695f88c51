/*
 * envoi - XMPP over TCP: a socket as a channel
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/tcp.h>
#include <envoi/watch.h>

#include "tcp_error.h"

struct tcp_channel {
	struct envoi_channel base;
	struct envoi_context *context; /* a reference: its allocator frees this */
	struct envoi_watch watch;
	int fd; /* -1: disconnected */
	unsigned int interest;
	char peer_name[80];
};

static struct tcp_channel *channel_of(struct envoi_channel *base)
{
	return ENVOI_CONTAINER_OF(base, struct tcp_channel, base);
}

static void log_error(struct tcp_channel *channel, int error, char text[TCP_ERROR_TEXT_SIZE])
{
	envoi_log(channel->context, ENVOI_LOG_INFO, ENVOI_LOG_NET, "%s: %s", channel->peer_name,
		envoi__tcp_error_text(text, error));
}

/* --- what the loop says --- */

static void read_once(struct tcp_channel *channel)
{
	char data[ENVOI_CHANNEL_READ_BYTES];
	ssize_t len;
	do {
		len = recv(channel->fd, data, sizeof(data), 0);
	} while (len < 0 && errno == EINTR);
	if (len > 0) {
		envoi_channel_received(&channel->base, data, (size_t)len);
	} else if (len == 0) {
		envoi_channel_ended(&channel->base);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK) {
		char text[TCP_ERROR_TEXT_SIZE];
		log_error(channel, errno, text);
		envoi_channel_broken(&channel->base, ENVOI_ERR_DISCONNECTED, text);
	}
}

static int set_interest(struct tcp_channel *channel, unsigned int interest)
{
	if (interest == channel->interest || channel->fd < 0) {
		return ENVOI_OK;
	}
	channel->interest = interest;
	return channel->watch.loop != NULL ? envoi_watch_set(&channel->watch, interest) : ENVOI_OK;
}

static void on_ready(struct envoi_watch *watch, unsigned int ready)
{
	struct tcp_channel *channel = ENVOI_CONTAINER_OF(watch, struct tcp_channel, watch);
	envoi_channel_enter(&channel->base);
	if (ready & ENVOI_IO_WRITE) {
		int r = set_interest(channel, channel->interest & ~(unsigned int)ENVOI_IO_WRITE);
		if (r < 0) {
			envoi_channel_broken(&channel->base, r, "cannot watch a socket");
		}
		envoi_channel_writable(&channel->base);
	}
	if (ready & channel->interest & ENVOI_IO_READ && channel->fd >= 0) {
		read_once(channel);
	}
	envoi_channel_leave(&channel->base);
}

/* --- what the byte stream calls --- */

/* Without the option the system's own time holds, 15 minutes and more. Other kinds of sockets
 * refuse it. */
#if defined(TCP_USER_TIMEOUT)

static void set_user_timeout(int fd, uint64_t timeout_ms)
{
	unsigned int value = timeout_ms < UINT_MAX ? (unsigned int)timeout_ms : UINT_MAX;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof(value));
}

#else

static void set_user_timeout(int fd, uint64_t timeout_ms)
{
	(void)fd;
	(void)timeout_ms;
}

#endif

static void tcp_configure(struct envoi_channel *base, const struct envoi_channel_options *options)
{
	set_user_timeout(channel_of(base)->fd, options->user_timeout_ms);
}

static int tcp_start(struct envoi_channel *base)
{
	struct tcp_channel *channel = channel_of(base);
	return envoi_watch_start(&channel->watch, envoi_context_loop(base->context), channel->fd,
		channel->interest, on_ready);
}

static int tcp_send(struct envoi_channel *base, const char *data, size_t len, size_t *ret_taken)
{
	struct tcp_channel *channel = channel_of(base);
	ssize_t sent;
	do {
		sent = send(channel->fd, data, len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
		char text[TCP_ERROR_TEXT_SIZE];
		log_error(channel, errno, text);
		return ENVOI_ERR_DISCONNECTED;
	}
	*ret_taken = sent < 0 ? 0 : (size_t)sent;
	return *ret_taken < len ? set_interest(channel, channel->interest | ENVOI_IO_WRITE)
				: ENVOI_OK;
}

static int tcp_want_read(struct envoi_channel *base, bool wanted)
{
	struct tcp_channel *channel = channel_of(base);
	unsigned int others = channel->interest & ~(unsigned int)ENVOI_IO_READ;
	return set_interest(channel, others | (wanted ? ENVOI_IO_READ : 0));
}

static void tcp_shut_down(struct envoi_channel *base)
{
	shutdown(channel_of(base)->fd, SHUT_WR);
}

static void tcp_disconnect(struct envoi_channel *base)
{
	struct tcp_channel *channel = channel_of(base);
	if (channel->fd >= 0) {
		envoi_watch_stop(&channel->watch);
		close(channel->fd);
		channel->fd = -1;
	}
}

static void tcp_destroy(struct envoi_channel *base)
{
	struct tcp_channel *channel = channel_of(base);
	struct envoi_context *context = channel->context;
	envoi_free(context, channel);
	envoi_context_unref(context);
}

static const char *tcp_peer_name(const struct envoi_channel *base)
{
	return ENVOI_CONTAINER_OF_CONST(base, struct tcp_channel, base)->peer_name;
}

static const struct envoi_channel_impl channel_impl = {
	.name = "tcp",
	.configure = tcp_configure,
	.start = tcp_start,
	.send = tcp_send,
	.want_read = tcp_want_read,
	.shut_down = tcp_shut_down,
	.disconnect = tcp_disconnect,
	.destroy = tcp_destroy,
	.peer_name = tcp_peer_name,
};

/* --- making --- */

static void name_peer(struct tcp_channel *channel)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[64], port[8];
	if (getpeername(channel->fd, (struct sockaddr *)&address, &len) < 0 ||
		(address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
		getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(channel->peer_name, sizeof(channel->peer_name), "socket");
		return;
	}
	bool is_ipv6 = address.ss_family == AF_INET6;
	snprintf(channel->peer_name, sizeof(channel->peer_name), "%s%s%s:%s", is_ipv6 ? "[" : "",
		host, is_ipv6 ? "]" : "", port);
}

static int prepare_socket(int fd)
{
	int one = 1;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	/* other kinds of sockets have no such delay, and refuse */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return ENVOI_OK;
}

int envoi_tcp_channel_new(struct envoi_channel **ret_channel, struct envoi_context *context, int fd)
{
	struct tcp_channel *channel = NULL;
	int r = prepare_socket(fd);
	if (r == ENVOI_OK) {
		channel = envoi_alloc_zeroed(context, sizeof(*channel));
		r = channel == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	channel->base.impl = &channel_impl;
	channel->context = envoi_context_ref(context);
	channel->fd = fd;
	name_peer(channel);
	*ret_channel = &channel->base;
	return ENVOI_OK;
}

int envoi_tcp_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context,
	int fd, const struct envoi_settings *settings)
{
	struct envoi_channel_options options;
	struct envoi_channel *channel;
	int r = envoi_tcp_channel_new(&channel, context, fd);
	if (r < 0) {
		return r;
	}
	r = envoi_channel_options_read(&options, context, settings);
	if (r < 0) {
		envoi_channel_destroy(channel);
		return r;
	}
	return envoi_channel_transport_new(ret_transport, context, channel, &options);
}
