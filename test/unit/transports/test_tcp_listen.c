/*
 * envoi - sockets that listen
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/listener.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>
#include <envoi/tcp.h>
#include <envoi/watch.h>

#include "open_fds.h"

enum {
	MOST = 64,
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_listener *listener;
	struct envoi_channel *channels[MOST];
	struct envoi_admission *admissions[MOST];
	size_t count, most_in_a_turn, in_this_turn;
	bool frees;
	int peers[MOST];
	size_t peer_count;
	int fds_before;
	char log[256]; /* the newest warning */
	unsigned int logged;
};

static void on_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	struct fixture *f = user;
	(void)subject;
	if (level == ENVOI_LOG_WARNING) {
		snprintf(f->log, sizeof(f->log), "%s", message);
		f->logged++;
	}
}

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct fixture *f = user;
	assert_true(f->count < MOST);
	f->channels[f->count] = channel;
	f->admissions[f->count++] = admission;
	f->in_this_turn++;
	if (f->frees) {
		envoi_listener_free(f->listener);
		f->listener = NULL;
	}
	return ENVOI_OK;
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.fds_before = count_open_fds()};
	const struct envoi_listener_options options = {.admitted = on_admitted, .user = f};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	envoi_context_set_log(f->context, on_log, ENVOI_LOG_WARNING, f);
	f->loop = envoi_context_loop(f->context);
	assert_int_equal(envoi_listener_new(&f->listener, f->context, &options), ENVOI_OK);
	*state = f;
	return 0;
}

static void drop(struct fixture *f, size_t i)
{
	envoi_channel_destroy(f->channels[i]);
	envoi_admission_end(f->admissions[i]);
	f->channels[i] = NULL;
	f->admissions[i] = NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->count; i++) {
		drop(f, i);
	}
	for (size_t i = 0; i < f->peer_count; i++) {
		close(f->peers[i]);
	}
	envoi_listener_free(f->listener);
	envoi_context_unref(f->context);
	assert_int_equal(count_open_fds(), f->fds_before);
	return 0;
}

/* A turn that waits for nothing. */
static void turn(struct fixture *f)
{
	f->in_this_turn = 0;
	(void)envoi_loop_run_once(f->loop, 0);
	if (f->in_this_turn > f->most_in_a_turn) {
		f->most_in_a_turn = f->in_this_turn;
	}
}

static void turns(struct fixture *f)
{
	for (int i = 0; i < 20; i++) {
		turn(f);
	}
}

/* @return 0, or -1 */
static int connect_peer(struct fixture *f, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_true(f->peer_count < MOST);
	f->peers[f->peer_count++] = fd;
	return connect(fd, address, len);
}

static int connect_v4(struct fixture *f, uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return connect_peer(f, (const struct sockaddr *)&to, sizeof(to));
}

static int connect_v6(struct fixture *f, uint16_t port)
{
	const struct sockaddr_in6 to = {.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	return connect_peer(f, (const struct sockaddr *)&to, sizeof(to));
}

static bool has_v6(void)
{
	const struct sockaddr_in6 own = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool can = fd >= 0 && bind(fd, (const struct sockaddr *)&own, sizeof(own)) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return can;
}

static uint16_t listen_on(struct fixture *f, const char *address)
{
	uint16_t port = 0;
	assert_int_equal(envoi_tcp_listen(f->listener, "xmpp-client", address, 0, &port), ENVOI_OK);
	assert_int_not_equal(port, 0);
	return port;
}

/* --- TCP --- */

static void a_connection_is_accepted(void **state)
{
	struct fixture *f = *state;
	uint16_t port = listen_on(f, "127.0.0.1");
	assert_int_equal(connect_v4(f, port), 0);
	turns(f);
	assert_int_equal(f->count, 1);
	assert_string_equal(envoi_admission_service(f->admissions[0]), "xmpp-client");
	assert_string_equal(envoi_admission_address(f->admissions[0]), "127.0.0.1");
	assert_string_equal(f->channels[0]->impl->name, "tcp");
}

static void every_address_means_both_families(void **state)
{
	struct fixture *f = *state;
	uint16_t port = listen_on(f, NULL);
	assert_int_equal(connect_v4(f, port), 0);
	size_t expected = 1;
	if (has_v6()) {
		assert_int_equal(connect_v6(f, port), 0);
		expected++;
	}
	turns(f);
	assert_int_equal(f->count, expected);
	assert_string_equal(envoi_admission_address(f->admissions[0]), "127.0.0.1");
	if (expected == 2) {
		assert_string_equal(envoi_admission_address(f->admissions[1]), "::1");
	}
}

static void an_ipv6_address_takes_no_ipv4(void **state)
{
	struct fixture *f = *state;
	if (!has_v6()) {
		skip();
	}
	uint16_t port = listen_on(f, "::");
	assert_int_equal(connect_v4(f, port), -1);
	assert_int_equal(connect_v6(f, port), 0);
	turns(f);
	assert_int_equal(f->count, 1);
}

static void an_address_or_port_that_cannot_be_used_is_reported(void **state)
{
	struct fixture *f = *state;
	uint16_t port = listen_on(f, "127.0.0.1");
	assert_int_equal(
		envoi_tcp_listen(f->listener, "x", "127.0.0.1", port, NULL), ENVOI_ERR_EXISTS);
	assert_int_equal(
		envoi_tcp_listen(f->listener, "x", "localhost", 0, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_tcp_listen(f->listener, "x", "192.0.2.1", 0, NULL), ENVOI_ERR_SYSTEM);
}

static void connections_are_accepted_in_batches(void **state)
{
	struct fixture *f = *state;
	struct envoi_settings *settings;
	struct envoi_listener_options options = {.admitted = on_admitted, .user = f};
	envoi_listener_free(f->listener);
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "listener.per-address", "100"), ENVOI_OK);
	options.settings = settings;
	assert_int_equal(envoi_listener_new(&f->listener, f->context, &options), ENVOI_OK);
	envoi_settings_free(settings);
	uint16_t port = listen_on(f, "127.0.0.1");
	for (int i = 0; i < 40; i++) {
		assert_int_equal(connect_v4(f, port), 0);
	}
	turns(f);
	assert_int_equal(f->count, 40);
	assert_int_equal(f->most_in_a_turn, 16);
}

static void what_a_paused_listener_did_not_accept_waits(void **state)
{
	struct fixture *f = *state;
	uint16_t port = listen_on(f, "127.0.0.1");
	turns(f);
	envoi_listener_pause(f->listener, true);
	assert_int_equal(connect_v4(f, port), 0);
	turns(f);
	assert_int_equal(f->count, 0);
	envoi_listener_pause(f->listener, false);
	turns(f);
	assert_int_equal(f->count, 1);
}

/* Without descriptors the socket is not read, and a connection that ends makes it be read again. */
static void without_descriptors_the_socket_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, none;
	uint16_t port = listen_on(f, "127.0.0.1");
	assert_int_equal(connect_v4(f, port), 0);
	turns(f);
	assert_int_equal(f->count, 1);
	assert_int_equal(connect_v4(f, port), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turns(f);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	turns(f);
	assert_int_equal(f->count, 1); /* it waits for a second, or for this: */
	drop(f, 0);
	turns(f);
	assert_int_equal(f->count, 2);
}

static void a_listener_may_be_freed_while_it_accepts(void **state)
{
	struct fixture *f = *state;
	uint16_t port = listen_on(f, "127.0.0.1");
	assert_int_equal(connect_v4(f, port), 0);
	assert_int_equal(connect_v4(f, port), 0);
	f->frees = true;
	turns(f);
	assert_int_equal(f->count, 1);
	assert_null(f->listener);
}

static void a_listener_is_freed_before_its_first_turn(void **state)
{
	struct fixture *f = *state;
	listen_on(f, "127.0.0.1");
	listen_on(f, "127.0.0.1");
}

/* --- Unix-domain sockets --- */

static void name_socket(char path[64])
{
	snprintf(path, 64, "/tmp/envoi-listen-%d", (int)getpid());
}

static int connect_unix(struct fixture *f, const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	return connect_peer(f, (const struct sockaddr *)&to, sizeof(to));
}

static void a_unix_socket_has_its_mode_and_is_removed(void **state)
{
	struct fixture *f = *state;
	struct stat status;
	char path[64];
	name_socket(path);
	assert_int_equal(envoi_tcp_listen_unix(f->listener, "local", path, 0600), ENVOI_OK);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(connect_unix(f, path), 0);
	turns(f);
	assert_int_equal(f->count, 1);
	assert_string_equal(envoi_admission_address(f->admissions[0]), "");
	assert_int_equal(envoi_tcp_listen_unix(f->listener, "local", path, 0600), ENVOI_ERR_EXISTS);
	envoi_listener_free(f->listener);
	f->listener = NULL;
	assert_int_equal(stat(path, &status), -1);
}

static void a_socket_file_that_was_left_behind_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	char path[64];
	name_socket(path);
	snprintf(own.sun_path, sizeof(own.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
	close(fd);
	assert_int_equal(envoi_tcp_listen_unix(f->listener, "local", path, 0600), ENVOI_OK);
	assert_int_equal(connect_unix(f, path), 0);
	turns(f);
	assert_int_equal(f->count, 1);
}

/* A program that was started later has replaced the file: it is not removed. */
static void the_socket_file_of_another_program_stays(void **state)
{
	struct fixture *f = *state;
	struct stat status;
	char path[64], moved[80];
	name_socket(path);
	snprintf(moved, sizeof(moved), "%s-moved", path);
	assert_int_equal(envoi_tcp_listen_unix(f->listener, "local", path, 0600), ENVOI_OK);
	assert_int_equal(rename(path, moved), 0);
	int other = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	snprintf(own.sun_path, sizeof(own.sun_path), "%s", path);
	assert_int_equal(bind(other, (const struct sockaddr *)&own, sizeof(own)), 0);
	envoi_listener_free(f->listener);
	f->listener = NULL;
	assert_int_equal(stat(path, &status), 0);
	close(other);
	unlink(path);
	unlink(moved);
}

static void a_file_that_is_no_socket_stays(void **state)
{
	struct fixture *f = *state;
	struct stat status;
	char path[64], too_long[200];
	name_socket(path);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(
		envoi_tcp_listen_unix(f->listener, "local", path, 0600), ENVOI_ERR_INVALID);
	assert_int_equal(stat(path, &status), 0);
	unlink(path);
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(
		envoi_tcp_listen_unix(f->listener, "local", too_long, 0600), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_tcp_listen_unix(f->listener, "local", "", 0600), ENVOI_ERR_INVALID);
}

/* --- sockets that were handed over --- */

static void a_socket_that_listens_is_taken(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(own);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
	assert_int_equal(envoi_tcp_listen_fd(f->listener, "xmpp-client", fd), ENVOI_OK);
	assert_int_equal(connect_v4(f, ntohs(own.sin_port)), 0);
	turns(f);
	assert_int_equal(f->count, 1);
	assert_int_equal(envoi_tcp_listen_fd(f->listener, "x", socket(AF_INET, SOCK_STREAM, 0)),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_tcp_listen_fd(f->listener, "x", dup(0)), ENVOI_ERR_INVALID);
}

/* Another holder of the socket shuts it down: accept(2) fails with EINVAL, and the socket is always
 * ready. */
static void a_socket_that_was_shut_down_by_another_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(envoi_tcp_listen_fd(f->listener, "xmpp-client", dup(fd)), ENVOI_OK);
	turns(f);
	assert_int_equal(shutdown(fd, SHUT_RD), 0);
	close(fd);
	turns(f);
	assert_int_equal(f->logged, 1);
	assert_non_null(strstr(f->log, strerror(EINVAL)));
}

static void set_environment(const char *pid, const char *count, const char *names)
{
	char own[16];
	snprintf(own, sizeof(own), "%d", (int)getpid());
	setenv("LISTEN_PID", pid != NULL ? pid : own, 1);
	setenv("LISTEN_FDS", count, 1);
	if (names != NULL) {
		setenv("LISTEN_FDNAMES", names, 1);
	} else {
		unsetenv("LISTEN_FDNAMES");
	}
}

static void inherited_sockets_are_found_by_name(void **state)
{
	(void)state;
	set_environment(NULL, "3", "c2s:s2s:c2s");
	assert_int_equal(envoi_tcp_inherited_fd(NULL, 0), 3);
	assert_int_equal(envoi_tcp_inherited_fd(NULL, 2), 5);
	assert_int_equal(envoi_tcp_inherited_fd(NULL, 3), ENVOI_ERR_NOT_FOUND);
	assert_int_equal(envoi_tcp_inherited_fd("c2s", 0), 3);
	assert_int_equal(envoi_tcp_inherited_fd("c2s", 1), 5);
	assert_int_equal(envoi_tcp_inherited_fd("c2s", 2), ENVOI_ERR_NOT_FOUND);
	assert_int_equal(envoi_tcp_inherited_fd("s2s", 0), 4);
	assert_int_equal(envoi_tcp_inherited_fd("s2", 0), ENVOI_ERR_NOT_FOUND);
	set_environment(NULL, "3", "c2s");
	assert_int_equal(envoi_tcp_inherited_fd("c2s", 1), ENVOI_ERR_NOT_FOUND);
	set_environment(NULL, "1", NULL);
	assert_int_equal(envoi_tcp_inherited_fd(NULL, 0), 3);
	assert_int_equal(envoi_tcp_inherited_fd("c2s", 0), ENVOI_ERR_NOT_FOUND);
	set_environment("1", "1", NULL);
	assert_int_equal(envoi_tcp_inherited_fd(NULL, 0), ENVOI_ERR_NOT_FOUND);
	set_environment(NULL, "-1", NULL);
	assert_int_equal(envoi_tcp_inherited_fd(NULL, 0), ENVOI_ERR_NOT_FOUND);
	unsetenv("LISTEN_PID");
	assert_int_equal(envoi_tcp_inherited_fd(NULL, 0), ENVOI_ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_accepted),
		TEST(every_address_means_both_families),
		TEST(an_ipv6_address_takes_no_ipv4),
		TEST(an_address_or_port_that_cannot_be_used_is_reported),
		TEST(connections_are_accepted_in_batches),
		TEST(what_a_paused_listener_did_not_accept_waits),
		TEST(without_descriptors_the_socket_is_not_read),
		TEST(a_listener_may_be_freed_while_it_accepts),
		TEST(a_listener_is_freed_before_its_first_turn),
		TEST(a_unix_socket_has_its_mode_and_is_removed),
		TEST(a_socket_file_that_was_left_behind_is_replaced),
		TEST(the_socket_file_of_another_program_stays),
		TEST(a_file_that_is_no_socket_stays),
		TEST(a_socket_that_listens_is_taken),
		TEST(a_socket_that_was_shut_down_by_another_is_not_read),
		TEST(inherited_sockets_are_found_by_name),
	};
	return cmocka_run_group_tests_name("transports/tcp_listen", tests, NULL, NULL);
}
