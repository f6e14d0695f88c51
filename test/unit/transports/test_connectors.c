/*
 * envoi - connectors that come with the library: tests
 * SPDX-License-Identifier: MIT
 */
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

#include <envoi/config.h>
#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#if ENVOI_HAS_BOSH
#include <envoi/bosh.h>
#endif
#include <envoi/settings.h>
#include <envoi/tcp.h>

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_connector *connector;
	struct envoi_transport *transport;
	struct envoi_memory_end *peer;
	int dones, code;
	enum envoi_phase phase;
	size_t attempts;
	int accept_result;
	char domain[64];
	bool destroys_when_done, destroys_when_accepting;
};

static void on_done(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->dones++;
	f->transport = transport;
	if (failure != NULL) {
		f->code = failure->code;
		f->phase = failure->phase;
		f->attempts = failure->attempt_count;
	}
	if (f->destroys_when_done) {
		envoi_connector_destroy(f->connector);
		f->connector = NULL;
	}
	envoi_loop_quit(f->loop);
}

static int on_accept(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct fixture *f = user;
	snprintf(f->domain, sizeof(f->domain), "%s", domain);
	if (f->accept_result == ENVOI_OK) {
		f->accept_result = envoi_memory_end_new(&f->peer, pair, ENVOI_MEMORY_B, NULL, NULL);
	}
	if (f->destroys_when_accepting) {
		envoi_connector_destroy(f->connector);
		f->connector = NULL;
	}
	return f->accept_result;
}

static void setup_context(struct fixture *f, bool is_simulated)
{
	*f = (struct fixture){0};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(is_simulated ? envoi_loop_new_simulated(&f->loop, f->context)
				      : envoi_loop_new_poll(&f->loop, f->context),
		ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
}

static int setup_memory(void **state)
{
	static struct fixture fixture;
	setup_context(&fixture, true);
	assert_int_equal(envoi_memory_connector_new(
				 &fixture.connector, fixture.context, on_accept, &fixture, false),
		ENVOI_OK);
	*state = &fixture;
	return 0;
}

#if ENVOI_HAS_BOSH
static int setup_bosh(void **state)
{
	static struct fixture fixture;
	setup_context(&fixture, true);
	assert_int_equal(envoi_bosh_connector_new(&fixture.connector, fixture.context), ENVOI_OK);
	*state = &fixture;
	return 0;
}
#endif

static int setup_tcp(void **state)
{
	static struct fixture fixture;
	setup_context(&fixture, false);
	assert_int_equal(envoi_tcp_connector_new(&fixture.connector, fixture.context), ENVOI_OK);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_transport_destroy(f->transport);
	envoi_memory_end_free(f->peer);
	envoi_connector_destroy(f->connector);
	envoi_settings_free(f->settings);
	envoi_context_unref(f->context);
	return 0;
}

static int start_connecting_to(struct fixture *f, const char *url)
{
	struct envoi_target target = {
		.url = url,
		.domain = "example.org",
		.service = "xmpp-client",
		.settings = f->settings,
		.timeout_ms = 5000,
	};
	return f->connector->impl->connect(f->connector, &target, on_done, f);
}

static int start_connecting(struct fixture *f)
{
	return start_connecting_to(f, NULL);
}

static void a_url_is_refused_and_nothing_begins(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(start_connecting_to(f, "wss://example.org/ws"), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_END);
	assert_int_equal(f->dones, 0);
}

static void run(struct fixture *f)
{
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
}

static void a_transport_is_handed_over_once(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(start_connecting(f), ENVOI_OK);
	assert_int_equal(start_connecting(f), ENVOI_ERR_STATE);
	assert_int_equal(f->dones, 0);
	run(f);
	assert_int_equal(f->dones, 1);
	assert_non_null(f->transport);
	assert_string_equal(f->domain, "example.org");
	assert_string_equal(f->transport->impl->name, "memory");
	assert_false(f->transport->impl->is_secure(f->transport));
}

static void a_connector_connects_again_and_again(void **state)
{
	struct fixture *f = *state;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(start_connecting(f), ENVOI_OK);
		run(f);
		assert_int_equal(f->dones, i);
		envoi_transport_destroy(f->transport);
		f->transport = NULL;
		envoi_memory_end_free(f->peer);
		f->peer = NULL;
	}
}

static void a_refusal_is_a_failure_with_an_attempt(void **state)
{
	struct fixture *f = *state;
	f->accept_result = ENVOI_ERR_UNREACHABLE;
	assert_int_equal(start_connecting(f), ENVOI_OK);
	run(f);
	assert_int_equal(f->code, ENVOI_ERR_UNREACHABLE);
	assert_int_equal(f->phase, ENVOI_PHASE_CONNECT);
	assert_int_equal(f->attempts, 1);
	assert_null(f->transport);
}

static void silence_ends_with_the_targets_time(void **state)
{
	struct fixture *f = *state;
	f->accept_result = ENVOI_AGAIN;
	assert_int_equal(start_connecting(f), ENVOI_OK);
	uint64_t before = envoi_loop_now_ms(f->loop);
	run(f);
	assert_int_equal(f->code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(envoi_loop_now_ms(f->loop) - before, 5000);
}

static void cancelling_is_silent(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(start_connecting(f), ENVOI_OK);
	f->connector->impl->cancel(f->connector);
	f->connector->impl->cancel(f->connector);
	run(f);
	assert_int_equal(f->dones, 0);
	assert_int_equal(start_connecting(f), ENVOI_OK);
}

static void a_connector_may_be_destroyed_in_done(void **state)
{
	struct fixture *f = *state;
	f->destroys_when_done = true;
	assert_int_equal(start_connecting(f), ENVOI_OK);
	run(f);
	assert_int_equal(f->dones, 1);
	assert_null(f->connector);
}

static void a_connector_may_be_destroyed_while_accepting(void **state)
{
	struct fixture *f = *state;
	f->destroys_when_accepting = true;
	assert_int_equal(start_connecting(f), ENVOI_OK);
	run(f);
	assert_int_equal(f->dones, 0);
}

/* @return a listening socket on loopback whose port the settings have */
static int listen_here(struct fixture *f)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(envoi_settings_set(f->settings, "server", "127.0.0.1"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set_int(f->settings, "port", ntohs(address.sin_port)), ENVOI_OK);
	return fd;
}

static void tcp_reaches_a_listener(void **state)
{
	struct fixture *f = *state;
	int fd = listen_here(f);
	f->destroys_when_done = true;
	assert_int_equal(start_connecting(f), ENVOI_OK);
	assert_int_equal(start_connecting(f), ENVOI_ERR_STATE);
	run(f);
	close(fd);
	assert_int_equal(f->dones, 1);
	assert_non_null(f->transport);
	assert_string_equal(f->transport->impl->name, "tcp");
	const char *name = f->transport->impl->peer_name(f->transport);
	assert_memory_equal(name, "127.0.0.1:", 10);
}

#if ENVOI_HAS_BOSH
static void bosh_needs_a_url_of_http(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(start_connecting(f), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(start_connecting_to(f, "wss://example.org/ws"), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(start_connecting_to(f, "https://"), ENVOI_ERR_INVALID);
	assert_int_equal(f->dones, 0);
}
#endif

static void tcp_reports_a_refused_connection(void **state)
{
	struct fixture *f = *state;
	close(listen_here(f));
	assert_int_equal(start_connecting(f), ENVOI_OK);
	run(f);
	assert_int_equal(f->dones, 1);
	assert_null(f->transport);
	assert_int_equal(f->code, ENVOI_ERR_UNREACHABLE);
	assert_true(f->attempts > 0);
}

static void tcp_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	int fd = listen_here(f);
	assert_int_equal(start_connecting(f), ENVOI_OK);
	f->connector->impl->cancel(f->connector);
	assert_true(envoi_loop_run_once(f->loop, false) >= 0);
	close(fd);
	assert_int_equal(f->dones, 0);
}

int main(void)
{
#define MEMORY_CASE(name) cmocka_unit_test_setup_teardown(name, setup_memory, teardown)
#define TCP_CASE(name) cmocka_unit_test_setup_teardown(name, setup_tcp, teardown)
	const struct CMUnitTest tests[] = {
		MEMORY_CASE(a_url_is_refused_and_nothing_begins),
		MEMORY_CASE(a_transport_is_handed_over_once),
		MEMORY_CASE(a_connector_connects_again_and_again),
		MEMORY_CASE(a_refusal_is_a_failure_with_an_attempt),
		MEMORY_CASE(silence_ends_with_the_targets_time),
		MEMORY_CASE(cancelling_is_silent),
		MEMORY_CASE(a_connector_may_be_destroyed_in_done),
		MEMORY_CASE(a_connector_may_be_destroyed_while_accepting),
		TCP_CASE(a_url_is_refused_and_nothing_begins),
		TCP_CASE(tcp_reaches_a_listener),
		TCP_CASE(tcp_reports_a_refused_connection),
		TCP_CASE(tcp_can_be_cancelled),
#if ENVOI_HAS_BOSH
		cmocka_unit_test_setup_teardown(bosh_needs_a_url_of_http, setup_bosh, teardown),
#endif
	};
	return cmocka_run_group_tests_name("transports/connectors", tests, NULL, NULL);
}
