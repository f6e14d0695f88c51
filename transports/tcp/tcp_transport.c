/*
 * envoi - XMPP over TCP: a socket that moves octets
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the byte stream has no public interface that a socket can use without a copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/context.h>

#include "tcp.h"
#include "transport/bytestream/bytestream.h"

struct tcp_transport {
	struct octets octets; /* first: what octets frees is the whole */
	struct envoi_watch watch;
	int fd; /* -1: disconnected */
	unsigned int interest;
	char peer_name[80];
};

static const struct envoi_transport_impl transport_impl = OCTETS_TRANSPORT_IMPL("tcp");

static struct tcp_transport *transport_of(struct octets *octets)
{
	return ENVOI_CONTAINER_OF(octets, struct tcp_transport, octets);
}

static void log_error(struct tcp_transport *transport, int error, char *text, size_t size)
{
	if (strerror_r(error, text, size) != 0) {
		snprintf(text, size, "error %d", error);
	}
	envoi_log(transport->octets.base.context, ENVOI_LOG_INFO, ENVOI_LOG_NET, "%s: %s",
		transport->peer_name, text);
}

/* --- what the loop says --- */

static void read_once(struct tcp_transport *transport)
{
	char data[OCTETS_READ_BYTES];
	ssize_t len;
	do {
		len = recv(transport->fd, data, sizeof(data), 0);
	} while (len < 0 && errno == EINTR);
	if (len > 0) {
		octets_received(&transport->octets, data, (size_t)len);
	} else if (len == 0) {
		octets_ended(&transport->octets);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK) {
		char text[96];
		log_error(transport, errno, text, sizeof(text));
		octets_broken(&transport->octets, ENVOI_ERR_DISCONNECTED, "%s", text);
	}
}

static void set_interest(struct tcp_transport *transport, unsigned int interest)
{
	if (interest == transport->interest || transport->fd < 0) {
		return;
	}
	transport->interest = interest;
	if (transport->watch.loop != NULL && envoi_watch_set(&transport->watch, interest) < 0) {
		octets_broken(&transport->octets, ENVOI_ERR_SYSTEM, "cannot watch a socket");
	}
}

static void on_ready(struct envoi_watch *watch, unsigned int ready)
{
	struct tcp_transport *transport = ENVOI_CONTAINER_OF(watch, struct tcp_transport, watch);
	octets_enter(&transport->octets);
	if (ready & ENVOI_IO_WRITE) {
		set_interest(transport, transport->interest & ~(unsigned int)ENVOI_IO_WRITE);
		octets_writable(&transport->octets);
	}
	if (ready & transport->interest & ENVOI_IO_READ && transport->fd >= 0) {
		read_once(transport);
	}
	octets_leave(&transport->octets);
}

/* --- what octets asks for --- */

static int tcp_start(struct octets *octets)
{
	struct tcp_transport *transport = transport_of(octets);
	return envoi_watch_start(&transport->watch, envoi_context_loop(octets->base.context),
		transport->fd, transport->interest, on_ready);
}

static int tcp_send(struct octets *octets, const char *data, size_t len, size_t *ret_taken)
{
	struct tcp_transport *transport = transport_of(octets);
	ssize_t sent;
	do {
		sent = send(transport->fd, data, len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
		char text[96];
		log_error(transport, errno, text, sizeof(text));
		return ENVOI_ERR_DISCONNECTED;
	}
	*ret_taken = sent < 0 ? 0 : (size_t)sent;
	if (*ret_taken < len) {
		set_interest(transport, transport->interest | ENVOI_IO_WRITE);
	}
	return ENVOI_OK;
}

static void tcp_want_read(struct octets *octets, bool wanted)
{
	struct tcp_transport *transport = transport_of(octets);
	unsigned int others = transport->interest & ~(unsigned int)ENVOI_IO_READ;
	set_interest(transport, others | (wanted ? ENVOI_IO_READ : 0));
}

static void tcp_shut_down(struct octets *octets)
{
	shutdown(transport_of(octets)->fd, SHUT_WR);
}

static void tcp_disconnect(struct octets *octets)
{
	struct tcp_transport *transport = transport_of(octets);
	if (transport->fd >= 0) {
		envoi_watch_stop(&transport->watch);
		close(transport->fd);
		transport->fd = -1;
	}
}

static const char *tcp_peer_name(const struct octets *octets)
{
	return ((const struct tcp_transport *)(const void *)octets)->peer_name;
}

static const struct octets_channel_impl channel_impl = {
	.start = tcp_start,
	.send = tcp_send,
	.want_read = tcp_want_read,
	.shut_down = tcp_shut_down,
	.disconnect = tcp_disconnect,
	.peer_name = tcp_peer_name,
};

/* --- making --- */

static void name_peer(struct tcp_transport *transport)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[64], port[8];
	if (getpeername(transport->fd, (struct sockaddr *)&address, &len) < 0 ||
		(address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
		getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(transport->peer_name, sizeof(transport->peer_name), "socket");
		return;
	}
	bool is_ipv6 = address.ss_family == AF_INET6;
	snprintf(transport->peer_name, sizeof(transport->peer_name), "%s%s%s:%s",
		is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
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

int tcp_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context, int fd,
	const struct octets_options *options)
{
	struct tcp_transport *transport = NULL;
	int r = prepare_socket(fd);
	if (r == ENVOI_OK) {
		transport = envoi_alloc_zeroed(context, sizeof(*transport));
		r = transport == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	transport->fd = fd;
	name_peer(transport);
	octets_init(&transport->octets, &transport_impl, &channel_impl, context, options);
	*ret_transport = &transport->octets.base;
	return ENVOI_OK;
}

int envoi_tcp_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context,
	int fd, const struct envoi_settings *settings)
{
	struct octets_options options;
	int r = octets_options_read(&options, context, settings);
	if (r < 0) {
		close(fd);
		return r;
	}
	return tcp_transport_new(ret_transport, context, fd, &options);
}
