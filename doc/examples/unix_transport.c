/*
 * A transport of one's own: XMPP over a Unix-domain socket. Sends one message.
 *
 *	ENVOI_PASSWORD=... unix_transport JID PATH TO TEXT [SETTING=VALUE...]
 *
 * With tls.mode=direct or starttls the library speaks TLS over it. (A program that has nothing to
 * add to a socket needs no channel of its own: envoi_tcp_channel_new() takes any stream socket.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fcntl.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>

/* --- the channel: moves bytes --- */

struct wire {
	struct envoi_channel channel;
	struct envoi_watch watch;
	int fd; /* -1: closed */
	bool wants_read, wants_write;
};

static struct wire *wire_of(struct envoi_channel *channel)
{
	return ENVOI_CONTAINER_OF(channel, struct wire, channel);
}

static int update_watch(struct wire *wire)
{
	unsigned int interest = (wire->wants_read ? ENVOI_IO_READ : 0) |
		(wire->wants_write ? ENVOI_IO_WRITE : 0);
	return wire->watch.loop == NULL ? ENVOI_OK : envoi_watch_set(&wire->watch, interest);
}

/* Whatever is reported last may free the wire. */
static void read_some(struct wire *wire)
{
	char data[ENVOI_CHANNEL_READ_BYTES];
	ssize_t len = recv(wire->fd, data, sizeof(data), 0);
	if (len > 0) {
		envoi_channel_received(&wire->channel, data, (size_t)len);
	} else if (len == 0) {
		envoi_channel_ended(&wire->channel);
	} else if (errno != EAGAIN && errno != EINTR) {
		envoi_channel_broken(&wire->channel, ENVOI_ERR_DISCONNECTED, strerror(errno));
	}
}

static void on_ready(struct envoi_watch *watch, unsigned int ready)
{
	struct wire *wire = ENVOI_CONTAINER_OF(watch, struct wire, watch);
	envoi_channel_enter(&wire->channel); /* two reports may follow: keep its memory */
	if ((ready & ENVOI_IO_WRITE) != 0 && wire->wants_write) {
		wire->wants_write = false;
		int r = update_watch(wire);
		if (r < 0) {
			envoi_channel_broken(&wire->channel, r, "the socket cannot be watched");
		} else {
			envoi_channel_writable(&wire->channel);
		}
	}
	if ((ready & ENVOI_IO_READ) != 0 && wire->wants_read && wire->fd >= 0) {
		read_some(wire);
	}
	envoi_channel_leave(&wire->channel);
}

static int wire_start(struct envoi_channel *channel)
{
	struct wire *wire = wire_of(channel);
	return envoi_watch_start(&wire->watch, envoi_context_loop(channel->context), wire->fd,
		wire->wants_read ? ENVOI_IO_READ : 0, on_ready);
}

static int wire_send(struct envoi_channel *channel, const char *data, size_t len, size_t *ret_taken)
{
	struct wire *wire = wire_of(channel);
	ssize_t sent = send(wire->fd, data, len, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		return ENVOI_ERR_DISCONNECTED;
	}
	*ret_taken = sent < 0 ? 0 : (size_t)sent;
	wire->wants_write = *ret_taken < len;
	return update_watch(wire);
}

static int wire_want_read(struct envoi_channel *channel, bool wanted)
{
	wire_of(channel)->wants_read = wanted;
	return update_watch(wire_of(channel));
}

static void wire_shut_down(struct envoi_channel *channel)
{
	shutdown(wire_of(channel)->fd, SHUT_WR);
}

static void wire_disconnect(struct envoi_channel *channel)
{
	struct wire *wire = wire_of(channel);
	envoi_watch_stop(&wire->watch);
	if (wire->fd >= 0) {
		close(wire->fd);
		wire->fd = -1;
	}
}

static void wire_destroy(struct envoi_channel *channel)
{
	free(wire_of(channel));
}

static const char *wire_peer_name(const struct envoi_channel *channel)
{
	(void)channel;
	return "a socket of this machine";
}

static const struct envoi_channel_impl wire_impl = {
	.name = "unix",
	.start = wire_start,
	.send = wire_send,
	.want_read = wire_want_read,
	.shut_down = wire_shut_down,
	.disconnect = wire_disconnect,
	.destroy = wire_destroy,
	.peer_name = wire_peer_name,
};

/* --- the connector: makes a channel for each connection --- */

/* @return a connected socket; -1: errno has the reason */
static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
		errno = fd < 0 ? errno : ENAMETOOLONG;
	} else {
		strcpy(address.sun_path, path);
		fcntl(fd, F_SETFL, O_NONBLOCK);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
			return fd;
		}
	}
	if (fd >= 0) {
		int reason = errno;
		close(fd);
		errno = reason;
	}
	return -1;
}

/* The bytes do not leave this machine, and the socket's permissions say who may connect: the
 * channel is secure, and STARTTLS is left out, unless the setting asks for it. */
static int make_wire(void *path, struct envoi_channel **ret_channel,
	const struct envoi_target *target, struct envoi_channel_options *options)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	const char *mode = envoi_settings_text(target->settings, "tls.mode");
	if (wire == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	wire->fd = connect_to(path);
	if (wire->fd < 0) {
		free(wire);
		return ENVOI_ERR_SYSTEM; /* the failure has the text of errno */
	}
	wire->channel.impl = &wire_impl;
	options->is_secure = strcmp(mode, "starttls") != 0;
	*ret_channel = &wire->channel;
	return ENVOI_OK;
}

static const struct envoi_channel_connector_impl connector_impl = {
	.name = "unix",
	.make = make_wire,
};

/* --- the program --- */

static void add_connector(void *path, struct envoi_client *client)
{
	struct envoi_context *context = envoi_client_context(client);
	struct envoi_connector *connector;
	if (envoi_channel_connector_new(&connector, context, &connector_impl, path) == ENVOI_OK) {
		envoi_client_add_connector(client, connector); /* and no other is used */
	}
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: unix_transport JID PATH TO TEXT [SETTING=VALUE...]\n");
		return 2;
	}
	struct envoi_simple account = {
		.jid = argv[1],
		.password = getenv("ENVOI_PASSWORD"),
		.settings = (const char *const *)argv + 5,
		.prepare = add_connector,
		.user = argv[2],
	};
	if (envoi_simple_send(&account, argv[3], argv[4]) < 0) {
		fprintf(stderr, "%s\n", account.error);
		return 1;
	}
	return 0;
}
