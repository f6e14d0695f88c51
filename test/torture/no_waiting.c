/*
 * envoi - ends a program that waits anywhere but in its main loop
 * SPDX-License-Identifier: MIT
 *
 * Preloaded (LD_PRELOAD) into a program under test. Only libevent may wait for descriptors; nobody
 * may connect, read or write on a socket that blocks, sleep, look names up through libc, or start a
 * thread. A violation is printed on standard error and ends the program with exit status 99.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void violation(const char *call, const char *why)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "no_waiting: %s %s\n", call, why);
	if (write(STDERR_FILENO, line, (size_t)len) < 0) {
		_exit(98);
	}
	_exit(99);
}

static int is_from_libevent(const void *caller)
{
	Dl_info info;
	return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
		strstr(info.dli_fname, "libevent") != NULL;
}

static void must_not_wait(const char *call, int timeout, const void *caller)
{
	if (timeout != 0 && !is_from_libevent(caller)) {
		violation(call, "waits outside the main loop");
	}
}

static void must_not_block(const char *call, int fd, int flags)
{
	struct stat status;
	if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && !(flags & MSG_DONTWAIT) &&
		!(fcntl(fd, F_GETFL) & O_NONBLOCK)) {
		violation(call, "on a socket that blocks");
	}
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define EXPORTED __attribute__((visibility("default")))

EXPORTED int epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
	must_not_wait("epoll_wait", timeout, __builtin_return_address(0));
	return REAL(epoll_wait)(fd, events, count, timeout);
}

EXPORTED int epoll_pwait2(int fd, struct epoll_event *events, int count,
	const struct timespec *timeout, const sigset_t *mask)
{
	must_not_wait("epoll_pwait2", 1, __builtin_return_address(0));
	return REAL(epoll_pwait2)(fd, events, count, timeout, mask);
}

EXPORTED int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	must_not_wait("poll", timeout, __builtin_return_address(0));
	return REAL(poll)(fds, count, timeout);
}

EXPORTED int select(int count, fd_set *in, fd_set *out, fd_set *bad, struct timeval *timeout)
{
	must_not_wait("select", timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0,
		__builtin_return_address(0));
	return REAL(select)(count, in, out, bad, timeout);
}

EXPORTED int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	must_not_block("connect", fd, 0);
	return REAL(connect)(fd, address, len);
}

EXPORTED ssize_t read(int fd, void *data, size_t len)
{
	must_not_block("read", fd, 0);
	return REAL(read)(fd, data, len);
}

EXPORTED ssize_t recv(int fd, void *data, size_t len, int flags)
{
	must_not_block("recv", fd, flags);
	return REAL(recv)(fd, data, len, flags);
}

EXPORTED ssize_t send(int fd, const void *data, size_t len, int flags)
{
	must_not_block("send", fd, flags);
	return REAL(send)(fd, data, len, flags);
}

EXPORTED int usleep(useconds_t time)
{
	(void)time;
	violation("usleep", "was called");
	return 0;
}

EXPORTED int nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time;
	(void)left;
	violation("nanosleep", "was called");
	return 0;
}

EXPORTED int getaddrinfo(
	const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	(void)host;
	(void)service;
	(void)hints;
	(void)ret;
	violation("getaddrinfo", "was called");
	return EAI_FAIL;
}

EXPORTED int pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user)
{
	(void)thread;
	(void)attributes;
	(void)run;
	(void)user;
	violation("pthread_create", "was called");
	return EAGAIN;
}
