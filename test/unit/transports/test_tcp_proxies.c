/*
 * envoi - the connector of TCP through a SOCKS proxy on loopback
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>
#include <envoi/tcp.h>
#include <envoi/tls.h>

#include "open_fds.h"
#include "scripted_resolver.h"

enum {
	TURNS = 20000, /* more than any case needs */
};

#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct scripted_answer no_answers[] = {{.name = NULL}};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_resolver *resolver;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct envoi_connector *connector;
	struct envoi_transport *transport;
	struct envoi_failure failure;
	int dones, fds;
	int listening, client; /* of the proxy */
};

static void on_done(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->dones++;
	f->transport = transport;
	envoi_failure_finish(&f->failure);
	if (failure != NULL) {
		envoi_failure_copy(&f->failure, failure);
	}
}

static void listen_on_loopback(struct fixture *f)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	char port[8];
	f->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	f->client = -1;
	assert_true(f->listening >= 0);
	assert_int_equal(bind(f->listening, (void *)&address, len), 0);
	assert_int_equal(listen(f->listening, 5), 0);
	assert_int_equal(getsockname(f->listening, (void *)&address, &len), 0);
	snprintf(port, sizeof(port), "%u", ntohs(address.sin_port));
	assert_int_equal(envoi_settings_set(f->settings, "proxy.port", port), ENVOI_OK);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.fds = count_open_fds()};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(scripted_resolver_new(&f->resolver, f->context, no_answers), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(f->context, f->resolver), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "proxy.type", "socks5"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "proxy.host", "127.0.0.1"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->tls, f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_tcp_connector_new(&f->connector, f->context), ENVOI_OK);
	listen_on_loopback(f);
	*state = f;
	return 0;
}

static void close_client(struct fixture *f)
{
	if (f->client >= 0) {
		close(f->client);
	}
	f->client = -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	close_client(f);
	close(f->listening);
	envoi_transport_destroy(f->transport);
	envoi_connector_destroy(f->connector);
	envoi_tls_config_unref(f->tls);
	envoi_settings_free(f->settings);
	envoi_failure_finish(&f->failure);
	envoi_context_unref(f->context);
	assert_int_equal(count_open_fds(), f->fds);
	return 0;
}

static int begin(struct fixture *f)
{
	const struct envoi_target target = {
		.domain = "b\303\274cher.example",
		.service = "xmpp-client",
		.settings = f->settings,
		.tls = f->tls,
		.timeout_ms = 20000,
	};
	return f->connector->impl->connect(f->connector, &target, on_done, f);
}

static void turn(struct fixture *f)
{
	assert_true(envoi_loop_run_once(f->loop, false) >= 0);
}

static void accept_client(struct fixture *f)
{
	close_client(f);
	for (int i = 0; i < TURNS && f->client < 0; i++) {
		turn(f);
		f->client = accept(f->listening, NULL, NULL);
	}
	assert_true(f->client >= 0);
	assert_int_equal(fcntl(f->client, F_SETFL, O_NONBLOCK), 0);
}

static void expect(struct fixture *f, const void *bytes, size_t len)
{
	char data[256];
	ssize_t got = -1;
	for (int i = 0; i < TURNS && got < 0; i++) {
		turn(f);
		got = recv(f->client, data, sizeof(data), 0);
	}
	assert_int_equal(got, len);
	assert_memory_equal(data, bytes, len);
}

static void answer(struct fixture *f, const void *bytes, size_t len)
{
	assert_int_equal(send(f->client, bytes, len, MSG_NOSIGNAL), len);
}

static void wait_for_done(struct fixture *f)
{
	for (int i = 0; i < TURNS && f->dones == 0; i++) {
		turn(f);
	}
	assert_int_equal(f->dones, 1);
}

/* The proxy is asked for the name as A-labels, and refuses or connects. */
static void serve(struct fixture *f, const char *port, char reply)
{
	static const char head[] = "\x05\x01\x00\x03\x15xn--bcher-kva.example";
	const char answer_bytes[] = {5, reply, 0, 1, 0, 0, 0, 0, 0, 0};
	char request[64];
	size_t len = sizeof(head) - 1;
	memcpy(request, head, len);
	memcpy(request + len, port, 2);
	accept_client(f);
	expect(f, BYTES("\x05\x01\x00"));
	answer(f, BYTES("\x05\x00"));
	expect(f, request, len + 2);
	answer(f, answer_bytes, sizeof(answer_bytes));
}

/* No name is looked up: the proxy is an address, and has the server's name. */
static void both_ports_are_tried_and_no_name_is_looked_up(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	serve(f, "\x14\x67", 5); /* 5223 */
	serve(f, "\x14\x66", 0); /* 5222 */
	wait_for_done(f);
	assert_non_null(f->transport);
	assert_false(f->transport->impl->is_secure(f->transport));
	assert_int_equal(f->failure.attempt_count, 1);
	assert_non_null(strstr(f->failure.attempts[0].target, "port 5223"));
	assert_int_equal(scripted_resolver_asked(f->resolver), 0);
}

static void refusals_of_all_ports_are_the_failure(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	serve(f, "\x14\x67", 5);
	serve(f, "\x14\x66", 4);
	wait_for_done(f);
	assert_null(f->transport);
	assert_int_equal(f->failure.code, ENVOI_ERR_UNREACHABLE);
	assert_string_equal(f->failure.text, "the SOCKS proxy cannot reach the host");
	assert_int_equal(scripted_resolver_asked(f->resolver), 0);
}

static void tls_mode_chooses_the_ports(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_set(f->settings, "tls.mode", "starttls"), ENVOI_OK);
	assert_int_equal(begin(f), ENVOI_OK);
	serve(f, "\x14\x66", 5);
	wait_for_done(f);
	assert_null(f->transport);
	f->dones = 0;
	assert_int_equal(envoi_settings_set(f->settings, "tls.mode", "direct"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "port", "5555"), ENVOI_OK);
	assert_int_equal(begin(f), ENVOI_OK);
	serve(f, "\x15\xb3", 5);
	wait_for_done(f);
	assert_null(f->transport);
}

static void a_broken_handshake_goes_to_the_other_port(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	serve(f, "\x14\x67", 0);
	close_client(f); /* in the TLS handshake */
	serve(f, "\x14\x66", 0);
	wait_for_done(f);
	assert_non_null(f->transport);
	assert_int_equal(f->failure.attempts[0].phase, ENVOI_PHASE_TLS);
}

static void the_connector_may_be_cancelled_in_the_dialog(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	accept_client(f);
	expect(f, BYTES("\x05\x01\x00"));
	f->connector->impl->cancel(f->connector);
	turn(f);
	assert_int_equal(f->dones, 0);
	assert_int_equal(begin(f), ENVOI_OK);
	accept_client(f);
	envoi_connector_destroy(f->connector);
	f->connector = NULL;
	turn(f);
	assert_int_equal(f->dones, 0);
}

/* --- proxy.resolve local --- */

static void serve_address(struct fixture *f, const char *request, size_t len, char reply)
{
	const char answer_bytes[] = {5, reply, 0, 1, 0, 0, 0, 0, 0, 0};
	accept_client(f);
	expect(f, BYTES("\x05\x01\x00"));
	answer(f, BYTES("\x05\x00"));
	expect(f, request, len);
	answer(f, answer_bytes, sizeof(answer_bytes));
}

static void set_local(struct fixture *f, const struct scripted_answer *answers)
{
	assert_int_equal(envoi_settings_set(f->settings, "proxy.resolve", "local"), ENVOI_OK);
	scripted_resolver_set(f->resolver, answers);
}

/* The proxy has addresses, in the order of the records, IPv4 before IPv6. */
static void names_may_be_looked_up_here(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "_xmpps-client._tcp.xn--bcher-kva.example",
			.records = "20 0 5223 b.example"},
		{.name = "_xmpp-client._tcp.xn--bcher-kva.example",
			.records = "10 0 5222 a.example"},
		{.name = "a.example", .family = AF_INET6, .records = "2001:db8::1"},
		{.name = "a.example", .family = AF_INET, .records = "192.0.2.1"},
		{.name = "b.example", .family = AF_INET, .records = "192.0.2.2"},
		{.name = NULL},
	};
	struct fixture *f = *state;
	set_local(f, answers);
	assert_int_equal(begin(f), ENVOI_OK);
	serve_address(f, BYTES("\x05\x01\x00\x01\xc0\x00\x02\x01\x14\x66"), 5);
	serve_address(f,
		BYTES("\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00"
		      "\x00\x00\x00\x01\x14\x66"),
		5);
	serve_address(f, BYTES("\x05\x01\x00\x01\xc0\x00\x02\x02\x14\x67"), 5);
	wait_for_done(f);
	assert_null(f->transport);
	assert_int_equal(f->failure.attempt_count, 3);
	assert_string_equal(f->failure.attempts[1].target, "192.0.2.1 port 5222");
}

static void a_name_without_addresses_is_a_failure(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "_xmpps-client._tcp.xn--bcher-kva.example", .status = ENVOI_LOOKUP_FAILED},
		{.name = "_xmpp-client._tcp.xn--bcher-kva.example",
			.records = "10 0 5222 a.example"},
		{.name = NULL},
	};
	struct fixture *f = *state;
	set_local(f, answers);
	assert_int_equal(begin(f), ENVOI_OK);
	wait_for_done(f);
	assert_null(f->transport);
	assert_int_equal(f->failure.code, ENVOI_ERR_UNREACHABLE);
	assert_int_equal(f->failure.phase, ENVOI_PHASE_RESOLVE);
	assert_string_equal(f->failure.text, "the server has no address");
	assert_true(f->failure.attempt_count >= 2);
}

static void a_server_that_is_set_has_no_service_records(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "c.example", .family = AF_INET, .records = "192.0.2.3"},
		{.name = NULL},
	};
	struct fixture *f = *state;
	set_local(f, answers);
	assert_int_equal(envoi_settings_set(f->settings, "server", "c.example"), ENVOI_OK);
	assert_int_equal(begin(f), ENVOI_OK);
	serve_address(f, BYTES("\x05\x01\x00\x01\xc0\x00\x02\x03\x14\x66"), 0);
	wait_for_done(f);
	assert_non_null(f->transport);
	assert_int_equal(scripted_resolver_asked(f->resolver), 2);
}

static void look_ups_have_a_timeout_and_may_be_cancelled(void **state)
{
	static const struct scripted_answer answers[] = {
		{.name = "_xmpp-client._tcp.xn--bcher-kva.example",
			.records = "10 0 5222 a.example"},
		{.name = "a.example", .family = AF_INET, .delay_ms = UINT64_MAX},
		{.name = NULL},
	};
	struct fixture *f = *state;
	set_local(f, answers);
	assert_int_equal(begin(f), ENVOI_OK);
	for (int i = 0; i < 20; i++) {
		turn(f);
	}
	assert_int_equal(scripted_resolver_pending(f->resolver), 1);
	f->connector->impl->cancel(f->connector);
	assert_int_equal(scripted_resolver_pending(f->resolver), 0);
	assert_int_equal(f->dones, 0);
	assert_int_equal(envoi_settings_set(f->settings, "resolve.timeout", "20ms"), ENVOI_OK);
	assert_int_equal(begin(f), ENVOI_OK);
	for (int i = 0; i < 100 && f->dones == 0; i++) {
		assert_true(envoi_loop_run_once(f->loop, true) >= 0);
	}
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
}

static void a_proxy_without_a_host_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_set(f->settings, "proxy.host", NULL), ENVOI_OK);
	assert_int_equal(begin(f), ENVOI_ERR_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_ports_are_tried_and_no_name_is_looked_up),
		CASE(refusals_of_all_ports_are_the_failure),
		CASE(tls_mode_chooses_the_ports),
		CASE(a_broken_handshake_goes_to_the_other_port),
		CASE(the_connector_may_be_cancelled_in_the_dialog),
		CASE(names_may_be_looked_up_here),
		CASE(a_name_without_addresses_is_a_failure),
		CASE(a_server_that_is_set_has_no_service_records),
		CASE(look_ups_have_a_timeout_and_may_be_cancelled),
		CASE(a_proxy_without_a_host_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
