/*
 * envoi - a channel through a proxy, on a pair of sockets
 * SPDX-License-Identifier: MIT
 *
 * Private headers: openings by a proxy have no public ones.
 */
#include "proxied_channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>
#include <envoi/tcp.h>

#include "transport/proxy/proxy.h"

enum {
	MOST_TURNS = 1000,
};

static void on_done(void *user, struct envoi_channel *channel, const struct envoi_failure *failure)
{
	struct envoi_channel **connected = user;
	assert_null(failure);
	*connected = channel;
}

/* @return whether a message of the client was there, and is answered */
static bool answer(int fd, const char *bytes, size_t len)
{
	char message[512];
	if (recv(fd, message, sizeof(message), MSG_DONTWAIT) <= 0) {
		return false;
	}
	assert_int_equal(send(fd, bytes, len, 0), len);
	return true;
}

/* RFC 1928, sections 3 and 6; RFC 9110, section 9.3.6. */
static void be_proxy(struct envoi_context *context, bool is_socks, int fd,
	struct envoi_channel *const *connected)
{
	static const char method[] = {5, 0}, reply[] = {5, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	static const char response[] = "HTTP/1.1 200 OK\r\n\r\n";
	int answers = 0;
	for (int turns = 0; *connected == NULL; turns++) {
		assert_true(turns < MOST_TURNS);
		assert_true(envoi_loop_run_once(envoi_context_loop(context), false) >= 0);
		if (!is_socks) {
			answers += answer(fd, response, strlen(response));
		} else if (answers == 0) {
			answers += answer(fd, method, sizeof(method));
		} else {
			answers += answer(fd, reply, sizeof(reply));
		}
	}
	assert_int_equal(answers, is_socks ? 2 : 1);
}

struct envoi_channel *proxied_channel_new(struct envoi_context *context, bool is_socks, int *ret_fd)
{
	int fds[2];
	struct envoi_channel *lower, *connected = NULL;
	struct envoi__proxy_opening *opening;
	const struct envoi__proxy_options options = {
		.type = is_socks ? ENVOI__PROXY_SOCKS5 : ENVOI__PROXY_HTTP,
		.host = "example.org",
		.port = 5222,
		.head_bytes = 2048,
		.done = on_done,
		.done_user = &connected,
	};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(envoi_tcp_channel_new(&lower, context, fds[0]), ENVOI_OK);
	assert_int_equal(envoi__proxy_opening_new(&opening, context, lower, &options), ENVOI_OK);
	be_proxy(context, is_socks, fds[1], &connected);
	*ret_fd = fds[1];
	return connected;
}
