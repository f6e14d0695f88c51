/*
 * envoi - XMPP over TCP: accepting connections
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* accept4() */
#include "tcp_source.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/listener.h>
#include <envoi/tcp.h>
#include <envoi/watch.h>

#include "tcp_error.h"
#include "tcp_socket_file.h"

enum {
	MOST_IN_A_TURN = 16, /* so that other connections are served in between */
	RETRY_MS = 1000,
};

struct tcp_source {
	struct envoi_listener_source base;
	struct envoi_listener *listener;
	struct envoi_context *context; /* a reference */
	struct envoi_watch watch;
	struct envoi_timer retry; /* started: accepting has failed */
	int fd;
	unsigned int errors_in_a_row; /* of connections */
	int logged_error; /* since a connection was accepted; 0: none */
	bool is_accepting, is_freed;
	struct tcp_socket_file *file; /* NULL: none */
	char service[];
};

static struct tcp_source *source_of(struct envoi_listener_source *base)
{
	return ENVOI_CONTAINER_OF(base, struct tcp_source, base);
}

static void on_ready(struct envoi_watch *watch, unsigned int ready);

/* --- pausing --- */

static void on_retry(struct envoi_timer *timer);

static void wait_for_room(struct tcp_source *source)
{
	envoi_watch_stop(&source->watch);
	envoi_timer_start(&source->retry, envoi_context_loop(source->context), RETRY_MS, on_retry);
}

static void watch_socket(struct tcp_source *source)
{
	envoi_timer_stop(&source->retry);
	if (source->watch.loop == NULL &&
		envoi_watch_start(&source->watch, envoi_context_loop(source->context), source->fd,
			ENVOI_IO_READ, on_ready) < 0) {
		wait_for_room(source);
	}
}

static void on_retry(struct envoi_timer *timer)
{
	watch_socket(ENVOI_CONTAINER_OF(timer, struct tcp_source, retry));
}

static void source_want(struct envoi_listener_source *base, bool is_wanted)
{
	struct tcp_source *source = source_of(base);
	if (is_wanted) {
		watch_socket(source);
	} else {
		envoi_watch_stop(&source->watch);
		envoi_timer_stop(&source->retry);
	}
}

/* --- accepting --- */

/* @return whether others may be accepted at once */
static bool take(struct tcp_source *source, int fd, const struct sockaddr *address, socklen_t len)
{
	struct envoi_channel *channel;
	int r = envoi_tcp_channel_new(&channel, source->context, fd);
	if (r == ENVOI_OK) {
		r = envoi_listener_take(source->listener, source->service, channel, address, len);
	}
	if (r == ENVOI_ERR_NOMEM && !source->is_freed) {
		wait_for_room(source);
	}
	return r != ENVOI_ERR_NOMEM && !source->is_freed && source->base.is_wanted;
}

static void log_wait(struct tcp_source *source, int error)
{
	if (source->logged_error != error) {
		char text[TCP_ERROR_TEXT_SIZE];
		source->logged_error = error;
		envoi_log(source->context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"cannot accept connections of %s: %s", source->service,
			envoi__tcp_error_text(text, error));
	}
}

/* Errors of the connection that would have been accepted, by accept(2): the next may be fine. */
static bool is_of_connection(int error)
{
	switch (error) {
	case ECONNABORTED:
	case EINTR:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
#ifdef ENONET
	case ENONET:
#endif
	case EHOSTUNREACH:
	case ENETUNREACH:
		return true;
	default:
		return false;
	}
}

/* Any other error, and one that returns more often than connections can wait, is of the socket: it
 * would be reported as ready again at once. */
static bool go_on_after(struct tcp_source *source, int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK) {
		return false;
	}
	if (is_of_connection(error) && source->errors_in_a_row++ < TCP_BACKLOG) {
		return true;
	}
	source->errors_in_a_row = 0;
	log_wait(source, error);
	wait_for_room(source);
	return false;
}

static bool accept_one(struct tcp_source *source)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd = accept4(
		source->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		return go_on_after(source, errno);
	}
	source->errors_in_a_row = 0;
	source->logged_error = 0;
	return take(source, fd, (const struct sockaddr *)&address, len);
}

static void release(struct tcp_source *source)
{
	struct envoi_context *context = source->context;
	envoi_free(context, source->file);
	envoi_free(context, source);
	envoi_context_unref(context);
}

static void on_ready(struct envoi_watch *watch, unsigned int ready)
{
	struct tcp_source *source = ENVOI_CONTAINER_OF(watch, struct tcp_source, watch);
	(void)ready;
	if (!source->base.is_wanted) {
		return;
	}
	source->is_accepting = true;
	for (int i = 0; i < MOST_IN_A_TURN && accept_one(source); i++) {
		/* the next */
	}
	source->is_accepting = false;
	if (source->is_freed) {
		release(source);
	}
}

/* --- life --- */

static void source_destroy(struct envoi_listener_source *base)
{
	struct tcp_source *source = source_of(base);
	source_want(base, false);
	close(source->fd);
	(void)envoi__tcp_socket_file_unlink(source->file);
	source->is_freed = true;
	if (!source->is_accepting) {
		release(source);
	}
}

static const struct envoi_listener_source_impl source_impl = {
	.name = "tcp",
	.want = source_want,
	.destroy = source_destroy,
};

int envoi__tcp_source_add(
	struct envoi_listener *listener, const char *service, int fd, struct tcp_socket_file *file)
{
	struct envoi_context *context = envoi_listener_context(listener);
	size_t service_size = service == NULL ? 0 : strlen(service) + 1;
	struct tcp_source *source = service == NULL
		? NULL
		: envoi_alloc_zeroed(context, sizeof(*source) + service_size);
	if (source == NULL) {
		close(fd);
		(void)envoi__tcp_socket_file_unlink(file);
		envoi_free(context, file);
		return service == NULL ? ENVOI_ERR_INVALID : ENVOI_ERR_NOMEM;
	}
	source->base.impl = &source_impl;
	source->listener = listener;
	source->context = envoi_context_ref(context);
	source->fd = fd;
	source->file = file;
	memcpy(source->service, service, service_size);
	envoi_listener_add_source(listener, &source->base);
	return ENVOI_OK;
}
