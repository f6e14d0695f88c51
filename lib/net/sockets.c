/*
 * envoi - TCP sockets
 * SPDX-License-Identifier: MIT
 */
#include "net/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static int connect_socket(void *user, const struct sockaddr *address, socklen_t len, int *ret_fd)
{
	(void)user;
	int fd = socket(
		address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0) {
		return -errno;
	}
	/* output is flushed once a turn of the loop: Nagle's algorithm would only delay it */
	static const int yes = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (connect(fd, address, len) < 0 && errno != EINPROGRESS && errno != EINTR) {
		int error = errno;
		close(fd);
		return -error;
	}
	*ret_fd = fd;
	return 0;
}

static int outcome(void *user, int fd)
{
	(void)user;
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
		return -errno;
	}
	return -error;
}

static void close_socket(void *user, int fd)
{
	(void)user;
	close(fd);
}

const struct envoi_sockets envoi__tcp_sockets = {
	.connect = connect_socket,
	.outcome = outcome,
	.close = close_socket,
};

struct row {
	int error, code;
	const char *text;
};

static const struct row rows[] = {
	{ECONNREFUSED, ENVOI_ERR_UNREACHABLE, "connection refused"},
	{ECONNRESET, ENVOI_ERR_UNREACHABLE, "connection reset by the other side"},
	{ETIMEDOUT, ENVOI_ERR_TIMEOUT, "connection timed out"},
	{ENETUNREACH, ENVOI_ERR_UNREACHABLE, "network is unreachable"},
	{EHOSTUNREACH, ENVOI_ERR_UNREACHABLE, "no route to this host"},
	{ENETDOWN, ENVOI_ERR_UNREACHABLE, "network is down"},
	{EADDRNOTAVAIL, ENVOI_ERR_UNREACHABLE, "no local address to connect from"},
	{EAFNOSUPPORT, ENVOI_ERR_UNREACHABLE, "this kind of address is not supported here"},
	{EACCES, ENVOI_ERR_SYSTEM, "not permitted here"},
	{EPERM, ENVOI_ERR_SYSTEM, "not permitted here"},
	{EMFILE, ENVOI_ERR_SYSTEM, "too many open files in this program"},
	{ENFILE, ENVOI_ERR_SYSTEM, "too many open files on this host"},
	{ENOBUFS, ENVOI_ERR_NOMEM, "out of memory for sockets"},
	{ENOMEM, ENVOI_ERR_NOMEM, "out of memory for sockets"},
};

static const struct row *find(int error)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].error == error) {
			return &rows[i];
		}
	}
	static const struct row unknown = {0, ENVOI_ERR_UNREACHABLE, "connection failed"};
	return &unknown;
}

int envoi__socket_error_code(int error)
{
	return find(error)->code;
}

const char *envoi__socket_error_text(int error)
{
	return find(error)->text;
}
