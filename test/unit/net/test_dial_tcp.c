/*
 * envoi - dialing: tests with name server and sockets on loopback
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/resolver.h>
#include <envoi/mainloop.h>

#include "dns_server.h"
#include "open_fds.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct dns_server dns, other_dns;
	struct dns_answer answers[4];
	char srv_records[200];
	int listener, deaf; /* the latter is bound to closed_port: no other socket can be */
	uint16_t port, closed_port;
	struct envoi_dial *dial;
	struct envoi_dial_options options;
	int calls, fd;
	char address[64];
	struct envoi_failure failure;
};

static int bound_socket(uint16_t *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
		abort();
	}
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	struct envoi_resolver *resolver;
	f->fd = -1;
	f->listener = bound_socket(&f->port);
	assert_int_equal(listen(f->listener, 50), 0);
	f->deaf = bound_socket(&f->closed_port);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	snprintf(f->srv_records, sizeof(f->srv_records),
		"20 0 %u good.example.org,10 0 %u bad.example.org", f->port, f->closed_port);
	f->answers[0] = (struct dns_answer){
		.name = "_xmpp-client._tcp.example.org", .type = 33, .records = f->srv_records};
	f->answers[1] = (struct dns_answer){
		.name = "good.example.org", .type = 1, .records = "127.0.0.1"};
	f->answers[2] = (struct dns_answer){
		.name = "bad.example.org", .type = 1, .records = "127.0.0.1"};
	assert_int_equal(dns_server_start(&f->dns, f->loop, f->answers), 0);
	assert_int_equal(envoi_resolver_new_cares(&resolver, f->context, f->dns.address), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(f->context, resolver), ENVOI_OK);
	*state = f;
	return 0;
}

static void end_dial(struct fixture *f)
{
	envoi_dial_free(f->dial);
	f->dial = NULL;
	envoi_failure_finish(&f->failure);
	if (f->fd >= 0) {
		close(f->fd);
		f->fd = -1;
	}
	f->calls = 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	end_dial(f);
	dns_server_stop(&f->dns);
	envoi_context_unref(f->context);
	close(f->listener);
	close(f->deaf);
	free(f);
	return 0;
}

static void on_dialed(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->calls++;
	if (dialed != NULL) {
		f->fd = dialed->fd;
		snprintf(f->address, sizeof(f->address), "%s", dialed->address);
	} else {
		envoi_failure_copy(&f->failure, failure);
	}
}

static void dial(struct fixture *f)
{
	f->options.timeout_ms = 10000;
	assert_int_equal(envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f), ENVOI_OK);
	while (f->calls == 0) {
		assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_OK);
	}
}

static void assert_connected(struct fixture *f)
{
	assert_true(f->fd >= 0);
	int peer = accept(f->listener, NULL, NULL);
	char byte = 0;
	assert_int_equal(write(f->fd, "x", 1), 1);
	assert_int_equal(read(peer, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(peer);
}

static void the_whole_way_from_domain_to_socket(void **state)
{
	struct fixture *f = *state;
	f->options.domain = "example.org";
	dial(f);
	assert_connected(f);
	assert_string_equal(f->address, "127.0.0.1");
}

/* With name servers of its own the dial does not ask the context's resolver. */
static void the_name_servers_of_the_options_are_used(void **state)
{
	struct fixture *f = *state;
	f->options.domain = "example.org";
	f->options.name_servers = "no address";
	assert_int_equal(
		envoi_dial_new(&f->dial, f->context, &f->options, on_dialed, f), ENVOI_ERR_INVALID);
	f->options.name_servers = f->other_dns.address;
	static const struct dns_answer none[] = {{0}};
	assert_int_equal(dns_server_start(&f->other_dns, f->loop, none), 0);
	unsigned int before = f->dns.questions;
	dial(f);
	assert_int_equal(f->failure.phase, ENVOI_PHASE_RESOLVE);
	assert_true(f->other_dns.questions >= 3);
	assert_int_equal(f->dns.questions, before);
	dns_server_stop(&f->other_dns);
}

static void the_socket_is_as_promised(void **state)
{
	struct fixture *f = *state;
	f->options = (struct envoi_dial_options){.domain = "127.0.0.1", .port = f->port};
	dial(f);
	assert_connected(f);
	assert_true(fcntl(f->fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(f->fd, F_GETFD) & FD_CLOEXEC);
	int value = 0;
	socklen_t len = sizeof(value);
	assert_int_equal(getsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &value, &len), 0);
	assert_true(value);
}

static void a_closed_port_is_refused(void **state)
{
	struct fixture *f = *state;
	f->options = (struct envoi_dial_options){.domain = "127.0.0.1", .port = f->closed_port};
	dial(f);
	assert_int_equal(f->fd, -1);
	assert_int_equal(f->failure.phase, ENVOI_PHASE_CONNECT);
	assert_int_equal(f->failure.code, ENVOI_ERR_UNREACHABLE);
	assert_int_equal(f->failure.attempt_count, 1);
	assert_string_equal(f->failure.attempts[0].text, "connection refused");
	assert_string_equal(f->failure.attempts[0].address, "127.0.0.1");
	assert_int_equal(f->failure.attempts[0].port, f->closed_port);
}

/* No socket listens on [::1]: IPv4 wins. */
static void localhost_needs_no_name_server(void **state)
{
	struct fixture *f = *state;
	f->options = (struct envoi_dial_options){.domain = "localhost", .port = f->port};
	dial(f);
	assert_connected(f);
	assert_int_equal(f->dns.questions, 0);
}

static void descriptors_stay_as_many_as_they_were(void **state)
{
	struct fixture *f = *state;
	int before = 0;
	for (int i = 0; i < 50; i++) {
		f->options = (struct envoi_dial_options){.domain = "example.org"};
		if (i % 3 == 1) {
			f->options.host = "127.0.0.1";
			f->options.port = f->closed_port;
		}
		dial(f);
		if (f->fd >= 0) {
			assert_connected(f);
		}
		end_dial(f);
		if (i == 0) {
			before = count_open_fds();
		}
	}
	assert_int_equal(count_open_fds(), before);
}

static void numbers_above_1023_work(void **state)
{
	enum {
		MANY = 1100
	};
	static int fds[MANY];
	struct fixture *f = *state;
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	rlim_t before = limit.rlim_cur;
	if (limit.rlim_cur < MANY + 100) {
		limit.rlim_cur = MANY + 100;
		if (limit.rlim_cur > limit.rlim_max || setrlimit(RLIMIT_NOFILE, &limit) < 0) {
			skip();
		}
	}
	for (size_t i = 0; i < MANY; i++) {
		fds[i] = dup(f->listener);
		assert_true(fds[i] >= 0);
	}
	f->options.domain = "example.org";
	dial(f);
	assert_true(f->fd > 1023);
	assert_connected(f);
	for (size_t i = 0; i < MANY; i++) {
		close(fds[i]);
	}
	limit.rlim_cur = before;
	setrlimit(RLIMIT_NOFILE, &limit);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_whole_way_from_domain_to_socket),
		CASE(the_name_servers_of_the_options_are_used),
		CASE(the_socket_is_as_promised),
		CASE(a_closed_port_is_refused),
		CASE(localhost_needs_no_name_server),
		CASE(descriptors_stay_as_many_as_they_were),
		CASE(numbers_above_1023_work),
	};
	return cmocka_run_group_tests_name("net/dial_tcp", tests, NULL, NULL);
}
