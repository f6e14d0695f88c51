/*
 * envoi - a network in which connecting goes as a table says
 * SPDX-License-Identifier: MIT
 */
#include "scripted_network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <envoi/context.h>

/*
 * A connection is one end of a pair whose buffer is full: it is not ready to be written to until
 * the other end is read from.
 */
struct scripted_connection {
	struct scripted_connection *next;
	int fd, other;
	int error;
	struct envoi_timer timer;
};

static void fill(int fd)
{
	static const char bytes[4096];
	while (write(fd, bytes, sizeof(bytes)) > 0) {
	}
	while (write(fd, bytes, 1) > 0) {
	}
}

static void on_timer(struct envoi_timer *timer)
{
	struct scripted_connection *c = ENVOI_CONTAINER_OF(
		timer, struct scripted_connection, timer);
	char bytes[4096];
	while (read(c->other, bytes, sizeof(bytes)) > 0) {
	}
}

static uint16_t describe(const struct sockaddr *address, char *text, size_t size)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;
		inet_ntop(AF_INET, &in->sin_addr, text, (socklen_t)size);
		return ntohs(in->sin_port);
	}
	const struct sockaddr_in6 *in6 = (const void *)address;
	inet_ntop(AF_INET6, &in6->sin6_addr, text, (socklen_t)size);
	return ntohs(in6->sin6_port);
}

static const struct scripted_host *find(
	const struct scripted_network *network, const char *address, uint16_t port)
{
	static const struct scripted_host nowhere = {.error_at_once = ENETUNREACH};
	for (const struct scripted_host *h = network->hosts; h->address != NULL; h++) {
		if (strcmp(h->address, address) == 0 && (h->port == 0 || h->port == port)) {
			return h;
		}
	}
	return &nowhere;
}

static void write_log(struct scripted_network *network, const char *address, uint16_t port)
{
	size_t len = strlen(network->log);
	bool is_v6 = strchr(address, ':') != NULL;
	snprintf(network->log + len, sizeof(network->log) - len, "%s%llu %s%s%s:%u",
		len > 0 ? ", " : "", (unsigned long long)envoi_loop_now_ms(network->loop),
		is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

static int connect_scripted(void *user, const struct sockaddr *sockaddr, socklen_t len, int *ret_fd)
{
	(void)len;
	struct scripted_network *network = user;
	char address[64];
	uint16_t port = describe(sockaddr, address, sizeof(address));
	const struct scripted_host *host = find(network, address, port);
	write_log(network, address, port);
	if (host->error_at_once != 0) {
		return -host->error_at_once;
	}
	struct scripted_connection *c = calloc(1, sizeof(*c));
	int pair[2];
	if (c == NULL ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		abort();
	}
	c->fd = pair[0];
	c->other = pair[1];
	c->error = host->error;
	c->next = network->connections;
	network->connections = c;
	network->open++;
	fill(c->fd);
	envoi_timer_start(&c->timer, network->loop, host->delay_ms, on_timer);
	*ret_fd = c->fd;
	return 0;
}

static int outcome(void *user, int fd)
{
	struct scripted_network *network = user;
	struct scripted_connection *c = network->connections;
	while (c->fd != fd) {
		c = c->next;
	}
	return -c->error;
}

static void close_scripted(void *user, int fd)
{
	struct scripted_network *network = user;
	struct scripted_connection **link = &network->connections;
	while ((*link)->fd != fd) {
		link = &(*link)->next;
	}
	struct scripted_connection *c = *link;
	*link = c->next;
	network->open--;
	envoi_timer_stop(&c->timer);
	close(c->fd);
	close(c->other);
	free(c);
}

void scripted_network_init(struct scripted_network *network, struct envoi_loop *loop,
	const struct scripted_host *hosts)
{
	*network = (struct scripted_network){
		.sockets =
			{
				.connect = connect_scripted,
				.outcome = outcome,
				.close = close_scripted,
				.user = network,
			},
		.loop = loop,
		.hosts = hosts,
	};
}

void scripted_network_finish(struct scripted_network *network)
{
	while (network->connections != NULL) {
		close_scripted(network, network->connections->fd);
	}
}
