/*
 * envoi - connections that never log in use all descriptors: a real listener in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#include "failing_calls.h"
#include "open_fds.h"

enum {
	ROOM = 4, /* descriptors for connections */
	ROUNDS = 3,
	SILENT_MS = 15000, /* stream.timeout */
	RETRY_MS = 1000,
};

struct server {
	struct envoi_accept_hook hook;
	struct envoi_sasl_directory directory;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_acceptor *acceptor;
	struct envoi_listener *listener;
	struct envoi_timer stop;
	bool is_stopped;
	size_t admitted, ended;
};

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	envoi_sasl_lookup_answer_password(lookup, NULL);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	struct server *server = ENVOI_CONTAINER_OF(hook, struct server, hook);
	(void)why;
	server->ended++;
	envoi_admission_end(envoi_accepted_user(accepted));
}

static const struct envoi_accept_hook_impl hook_impl = {.ended = on_ended};

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct server *server = user;
	struct envoi_transport *transport;
	struct envoi_accepted *accepted;
	int r = envoi_channel_transport_new(&transport, server->context, channel, NULL);
	assert_int_equal(r, ENVOI_OK);
	r = envoi_acceptor_accept(server->acceptor, transport, &accepted);
	assert_int_equal(r, ENVOI_OK);
	envoi_accepted_set_user(accepted, admission);
	server->admitted++;
	return ENVOI_OK;
}

static void open_server(struct server *server, uint16_t *ret_port)
{
	*server = (struct server){.hook.impl = &hook_impl, .directory.impl = &directory_impl};
	const struct envoi_acceptor_options options = {
		.directory = &server->directory, .hook = &server->hook};
	const struct envoi_listener_options listener_options = {
		.admitted = on_admitted, .user = server};
	assert_int_equal(envoi_context_new(&server->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&server->loop, server->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(server->context, server->loop), ENVOI_OK);
	assert_int_equal(
		envoi_acceptor_new(&server->acceptor, server->context, &options), ENVOI_OK);
	assert_int_equal(envoi_acceptor_add_domain(server->acceptor, "example.org"), ENVOI_OK);
	assert_int_equal(envoi_listener_new(&server->listener, server->context, &listener_options),
		ENVOI_OK);
	assert_int_equal(
		envoi_tcp_listen(server->listener, "xmpp-client", "127.0.0.1", 0, ret_port),
		ENVOI_OK);
}

static void close_server(struct server *server)
{
	envoi_timer_stop(&server->stop);
	envoi_listener_free(server->listener);
	envoi_acceptor_free(server->acceptor);
	envoi_context_unref(server->context);
}

static void on_stop(struct envoi_timer *timer)
{
	ENVOI_CONTAINER_OF(timer, struct server, stop)->is_stopped = true;
}

/* A loop that spins does not come to the end within @p most turns. */
static void run(struct server *server, uint64_t ms, unsigned int most)
{
	unsigned int turns = 0;
	server->is_stopped = false;
	envoi_timer_start(&server->stop, server->loop, ms, on_stop);
	while (!server->is_stopped) {
		assert_true(turns++ < most);
		failing_calls_enter();
		assert_true(envoi_loop_run_once(server->loop, true) >= 0);
		failing_calls_leave();
	}
}

static int connect_peer(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* @return the limit as it was */
static struct rlimit leave_descriptors(unsigned int count)
{
	struct rlimit before, now;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	int next = dup(0);
	assert_true(next >= 0);
	close(next);
	now = before;
	now.rlim_cur = (rlim_t)next + count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

/* The descriptors that are free when the logins have timed out are used for those that wait: no
 * other connection has to come, and accepting is not tried more than once a second. */
static void idle_logins_give_way_to_those_that_wait(void **state)
{
	struct server server;
	uint16_t port;
	int peers[ROUNDS * ROOM];
	int fds = count_open_fds();
	(void)state;
	open_server(&server, &port);
	for (size_t i = 0; i < ROUNDS * ROOM; i++) {
		peers[i] = connect_peer(port);
	}
	struct rlimit before = leave_descriptors(ROOM);
	failing_calls_arm(FAIL_ACCEPT, 0, false);
	run(&server, SILENT_MS - RETRY_MS, 200);
	assert_int_equal(server.admitted, ROOM);
	assert_true(failing_calls_count() <= ROOM + SILENT_MS / RETRY_MS);
	for (size_t round = 1; round < ROUNDS; round++) {
		run(&server, SILENT_MS, 1000);
		assert_int_equal(server.admitted, (round + 1) * ROOM);
		assert_int_equal(server.ended, round * ROOM);
	}
	run(&server, SILENT_MS, 1000);
	assert_int_equal(server.ended, ROUNDS * ROOM);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (size_t i = 0; i < ROUNDS * ROOM; i++) {
		close(peers[i]);
	}
	close_server(&server);
	assert_int_equal(count_open_fds(), fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_logins_give_way_to_those_that_wait),
	};
	return cmocka_run_group_tests_name("torture/idle_logins", tests, NULL, NULL);
}
