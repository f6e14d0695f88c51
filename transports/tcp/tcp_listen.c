/*
 * envoi - XMPP over TCP: sockets to listen on
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/tcp.h>
#include <envoi/values.h>

#include "tcp_source.h"

enum {
	FIRST_INHERITED_FD = 3, /* sd_listen_fds(3) */
};

static int system_error(int fd, int error)
{
	if (fd >= 0) {
		close(fd);
	}
	errno = error;
	return error == EADDRINUSE ? ENVOI_ERR_EXISTS : ENVOI_ERR_SYSTEM;
}

static int bind_and_listen(int *ret_fd, int fd, const struct sockaddr *address, socklen_t len)
{
	if (bind(fd, address, len) < 0 || listen(fd, TCP_BACKLOG) < 0) {
		return system_error(fd, errno);
	}
	*ret_fd = fd;
	return ENVOI_OK;
}

/* --- TCP --- */

static int open_tcp(int *ret_fd, const struct sockaddr *address, socklen_t len, bool is_dual)
{
	static const int yes = 1;
	int only_v6 = !is_dual;
	int fd = socket(
		address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0) {
		return system_error(fd, errno);
	}
	/* A restarted program does not wait for the connections of the one before. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		(address->sa_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6)) < 0)) {
		return system_error(fd, errno);
	}
	return bind_and_listen(ret_fd, fd, address, len);
}

static int open_v4(int *ret_fd, const struct in_addr *address, uint16_t port)
{
	const struct sockaddr_in own = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = *address};
	return open_tcp(ret_fd, (const struct sockaddr *)&own, sizeof(own), false);
}

static int open_v6(int *ret_fd, const struct in6_addr *address, uint16_t port, bool is_dual)
{
	const struct sockaddr_in6 own = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = *address};
	return open_tcp(ret_fd, (const struct sockaddr *)&own, sizeof(own), is_dual);
}

static int open_any(int *ret_fd, uint16_t port)
{
	static const struct in_addr any = {.s_addr = INADDR_ANY};
	int r = open_v6(ret_fd, &in6addr_any, port, true);
	bool has_no_v6 = r == ENVOI_ERR_SYSTEM && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
	return has_no_v6 ? open_v4(ret_fd, &any, port) : r;
}

static int open_address(int *ret_fd, const char *address, uint16_t port)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (address == NULL) {
		return open_any(ret_fd, port);
	}
	if (inet_pton(AF_INET, address, &v4) == 1) {
		return open_v4(ret_fd, &v4, port);
	}
	return inet_pton(AF_INET6, address, &v6) == 1 ? open_v6(ret_fd, &v6, port, false)
						      : ENVOI_ERR_INVALID;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 own = {.sin6_port = 0}; /* the port is at the same place in IPv4's */
	socklen_t len = sizeof(own);
	return getsockname(fd, (struct sockaddr *)&own, &len) < 0 ? 0 : ntohs(own.sin6_port);
}

int envoi_tcp_listen(struct envoi_listener *listener, const char *service, const char *address,
	uint16_t port, uint16_t *ret_port)
{
	int fd;
	int r = open_address(&fd, address, port);
	if (r < 0) {
		return r;
	}
	port = port_of(fd);
	r = envoi__tcp_source_add(listener, service, fd, NULL);
	if (r == ENVOI_OK && ret_port != NULL) {
		*ret_port = port;
	}
	return r;
}

/* --- sockets that were handed over --- */

static bool is_listening(int fd)
{
	int type, listens;
	socklen_t type_len = sizeof(type), listens_len = sizeof(listens);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 && type == SOCK_STREAM &&
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) == 0 &&
		listens != 0;
}

int envoi_tcp_listen_fd(struct envoi_listener *listener, const char *service, int fd)
{
	if (!is_listening(fd)) {
		close(fd);
		return ENVOI_ERR_INVALID;
	}
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return system_error(fd, errno);
	}
	return envoi__tcp_source_add(listener, service, fd, NULL);
}

static bool read_number(const char *variable, uint64_t max, uint64_t *ret_number)
{
	const char *text = getenv(variable);
	return text != NULL && envoi_uint_parse(text, 0, max, ret_number) == ENVOI_OK;
}

/* The names are separated by colons, one for each descriptor. */
static bool has_name(const char *names, uint64_t number, const char *name)
{
	while (names != NULL && number-- > 0) {
		names = strchr(names, ':');
		names = names != NULL ? names + 1 : NULL;
	}
	size_t len = strlen(name);
	return names != NULL && strncmp(names, name, len) == 0 &&
		(names[len] == ':' || names[len] == '\0');
}

int envoi_tcp_inherited_fd(const char *name, size_t position)
{
	uint64_t pid, count;
	const char *names = getenv("LISTEN_FDNAMES");
	if (!read_number("LISTEN_PID", INT32_MAX, &pid) || pid != (uint64_t)getpid() ||
		!read_number("LISTEN_FDS", 1024, &count)) {
		return ENVOI_ERR_NOT_FOUND;
	}
	for (uint64_t i = 0; i < count; i++) {
		if ((name == NULL || has_name(names, i, name)) && position-- == 0) {
			return FIRST_INHERITED_FD + (int)i;
		}
	}
	return ENVOI_ERR_NOT_FOUND;
}
