/*
 * envoi - system calls that fail on request
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "failing_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct {
	enum failing_calls_kind kind;
	size_t count, fail_at;
	bool fail_on, is_inside;
	int error; /* 0: that of the call */
	const char *name;
} calls;

void failing_calls_arm(enum failing_calls_kind kind, size_t n, bool fail_on)
{
	calls.kind = kind;
	calls.count = 0;
	calls.fail_at = n;
	calls.fail_on = fail_on;
	calls.name = NULL;
}

void failing_calls_set_error(int error)
{
	calls.error = error;
}

size_t failing_calls_count(void)
{
	return calls.count;
}

const char *failing_calls_name(void)
{
	return calls.name;
}

void failing_calls_enter(void)
{
	calls.is_inside = true;
}

void failing_calls_leave(void)
{
	calls.is_inside = false;
}

static bool fails(unsigned int kinds, const char *name, int error)
{
	if (!calls.is_inside || (kinds & calls.kind) == 0) {
		return false;
	}
	calls.count++;
	bool is_due = calls.fail_at != 0 &&
		(calls.count == calls.fail_at || (calls.fail_on && calls.count > calls.fail_at));
	if (is_due) {
		calls.name = calls.name != NULL ? calls.name : name;
		errno = calls.error != 0 ? calls.error : error;
	}
	return is_due;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF_DUE(kinds, name, error) \
	do { \
		if (fails(kinds, name, error)) { \
			return -1; \
		} \
	} while (0)

int socket(int domain, int type, int protocol)
{
	FAIL_IF_DUE(FAIL_TRANSPORT | FAIL_LISTEN, "socket", EMFILE);
	return REAL(socket)(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "connect", ENETUNREACH);
	return REAL(connect)(fd, address, len);
}

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "getsockopt", ENOBUFS);
	return REAL(getsockopt)(fd, level, name, value, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	FAIL_IF_DUE(FAIL_TRANSPORT | FAIL_LISTEN, "setsockopt", ENOBUFS);
	return REAL(setsockopt)(fd, level, name, value, len);
}

int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict len)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "getpeername", ENOBUFS);
	return REAL(getpeername)(fd, address, len);
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	va_start(args, command);
	void *argument = va_arg(args, void *);
	va_end(args);
	FAIL_IF_DUE(FAIL_TRANSPORT, "fcntl", EINVAL);
	return REAL(fcntl)(fd, command, argument);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "recv", ECONNRESET);
	return REAL(recv)(fd, data, len, flags);
}

ssize_t recvfrom(int fd, void *restrict data, size_t len, int flags,
	struct sockaddr *restrict address, socklen_t *restrict address_len)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "recvfrom", ECONNREFUSED);
	return REAL(recvfrom)(fd, data, len, flags, address, address_len);
}

ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *address,
	socklen_t address_len)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "sendto", ENETUNREACH);
	return REAL(sendto)(fd, data, len, flags, address, address_len);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "send", ECONNRESET);
	return REAL(send)(fd, data, len, flags);
}

int shutdown(int fd, int how)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "shutdown", ENOTCONN);
	return REAL(shutdown)(fd, how);
}

/* As on Linux, the descriptor is gone although the call fails. */
int close(int fd)
{
	bool is_due = fails(FAIL_TRANSPORT, "close", EIO);
	int r = REAL(close)(fd);
	if (is_due) {
		errno = EIO;
	}
	return is_due ? -1 : r;
}

int timerfd_create(int clock, int flags)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "timerfd_create", EMFILE);
	return REAL(timerfd_create)(clock, flags);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *before)
{
	FAIL_IF_DUE(FAIL_TRANSPORT, "timerfd_settime", EINVAL);
	return REAL(timerfd_settime)(fd, flags, value, before);
}

/* --- of sockets that listen --- */

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
	FAIL_IF_DUE(FAIL_LISTEN, "bind", EACCES);
	return REAL(bind)(fd, address, len);
}

int listen(int fd, int backlog)
{
	FAIL_IF_DUE(FAIL_LISTEN, "listen", EADDRINUSE);
	return REAL(listen)(fd, backlog);
}

int chmod(const char *path, mode_t mode)
{
	FAIL_IF_DUE(FAIL_LISTEN, "chmod", EPERM);
	return REAL(chmod)(path, mode);
}

int lstat(const char *restrict path, struct stat *restrict status)
{
	FAIL_IF_DUE(FAIL_LISTEN, "lstat", EACCES);
	return REAL(lstat)(path, status);
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags)
{
	FAIL_IF_DUE(FAIL_ACCEPT, "accept4", EMFILE);
	return REAL(accept4)(fd, address, len, flags);
}

/* --- of loops --- */

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	FAIL_IF_DUE(FAIL_LOOP, "poll", ENOMEM);
	return REAL(poll)(fds, count, timeout);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
	FAIL_IF_DUE(FAIL_LOOP, "epoll_wait", ENOMEM);
	return REAL(epoll_wait)(fd, events, count, timeout);
}

int epoll_ctl(int fd, int operation, int of, struct epoll_event *event)
{
	FAIL_IF_DUE(FAIL_LOOP, "epoll_ctl", ENOSPC);
	return REAL(epoll_ctl)(fd, operation, of, event);
}
