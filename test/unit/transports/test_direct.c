/*
 * envoi - XMPP over TCP with TLS from the first byte (XEP-0368): tests on loopback
 * SPDX-License-Identifier: MIT
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tcp.h>
#include <envoi/tls.h>

#include "open_fds.h"
#include "scripted_resolver.h"

enum {
	PLACES = 3,
	CONNECTIONS = 4, /* to one place */
};

enum behaviour {
	SPEAKS_TLS,
	CLOSES, /* what it has accepted */
	SPEAKS_OTHERWISE,
	KEEPS_SILENT, /* and keeps what it gets */
};

/** A listening socket. */
struct place {
	struct fixture *fixture;
	enum behaviour behaviour;
	bool is_in_clear; /* its record is of _xmpp-client */
	const char *certificate, *alpn;
	struct envoi_tls_config *config;
	int fd;
	uint16_t port;
	struct envoi_watch watch;
	struct envoi_opening *openings[CONNECTIONS];
	struct connection {
		struct place *place;
		struct envoi_transport *transport; /* once its handshake has ended */
	} connections[CONNECTIONS];
	int fds[CONNECTIONS];
	size_t accepted;
	int secured;
	char received[4096]; /* of a silent peer */
	size_t received_len;
	struct envoi_watch hearing;
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_tls_config *trust;
	struct envoi_connector *connector;
	struct envoi_transport *transport;
	struct place places[PLACES];
	char records[2][400]; /* of _xmpps-client, of _xmpp-client */
	struct scripted_answer answers[4];
	int fds_before;
	int dones;
	struct envoi_failure failure;
	bool quits_when_received;
	const char *host; /* where SRV leads; NULL: host.example */
	struct envoi_tls_decider decider;
	struct envoi_tls_question *question;
	int overs;
};

/* --- listening sockets --- */

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct connection *connection = user;
	struct place *place = connection->place;
	place->openings[connection - place->connections] = NULL;
	connection->transport = transport;
	place->secured += failure == NULL;
}

static void on_received(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct place *place = ENVOI_CONTAINER_OF(watch, struct place, hearing);
	ssize_t len = recv(watch->fd, place->received + place->received_len,
		sizeof(place->received) - place->received_len, 0);
	place->received_len += len > 0 ? (size_t)len : 0;
	/* a record of TLS says how long it is */
	if (len <= 0 ||
		(place->received_len > 5 &&
			place->received_len >= 5 +
					(size_t)((unsigned char)place->received[3] << 8) +
					(unsigned char)place->received[4])) {
		envoi_watch_stop(watch);
		if (place->fixture->quits_when_received) {
			envoi_loop_quit(place->fixture->loop);
		}
	}
}

static void speak_tls(struct place *place, size_t at, int fd)
{
	struct envoi_channel *channel;
	place->connections[at].place = place;
	const struct envoi_opening_options options = {
		.role = ENVOI_RECEIVER,
		.tls = place->config,
		.alpn = place->alpn,
		.done = on_opened,
		.user = &place->connections[at],
	};
	if (envoi_tcp_channel_new(&channel, place->fixture->context, fd) < 0 ||
		envoi_opening_new(
			&place->openings[at], place->fixture->context, channel, &options) < 0) {
		abort();
	}
}

static void on_accept(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct place *place = ENVOI_CONTAINER_OF(watch, struct place, watch);
	int fd = accept(watch->fd, NULL, NULL);
	if (fd < 0 || place->accepted == CONNECTIONS) {
		abort();
	}
	size_t at = place->accepted++;
	place->fds[at] = -1;
	switch (place->behaviour) {
	case SPEAKS_TLS:
		speak_tls(place, at, fd);
		break;
	case CLOSES:
		close(fd);
		break;
	case SPEAKS_OTHERWISE:
		place->fds[at] = fd;
		if (send(fd, "220 mail.example ESMTP\r\n", 24, MSG_NOSIGNAL) < 0) {
			abort();
		}
		break;
	case KEEPS_SILENT:
		place->fds[at] = fd;
		if (at == 0 &&
			envoi_watch_start(&place->hearing, place->fixture->loop, fd, ENVOI_IO_READ,
				on_received) < 0) {
			abort();
		}
		break;
	}
}

static void open_place(struct fixture *f, struct place *place)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	char file[500];
	place->fixture = f;
	place->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(place->fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(place->fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(listen(place->fd, 8), 0);
	place->port = ntohs(address.sin_port);
	assert_int_equal(
		envoi_watch_start(&place->watch, f->loop, place->fd, ENVOI_IO_READ, on_accept),
		ENVOI_OK);
	if (place->behaviour == SPEAKS_TLS) {
		snprintf(file, sizeof(file), TEST_DATA "/tls/%s",
			place->certificate != NULL ? place->certificate : "right.pem");
		assert_int_equal(envoi_tls_config_new_server(&place->config, f->context, file,
					 TEST_DATA "/tls/server-key.pem"),
			ENVOI_OK);
	}
}

static void close_place(struct place *place)
{
	if (place->fixture == NULL) {
		return;
	}
	envoi_watch_stop(&place->watch);
	envoi_watch_stop(&place->hearing);
	close(place->fd);
	for (size_t i = 0; i < place->accepted; i++) {
		envoi_opening_free(place->openings[i]);
		envoi_transport_destroy(place->connections[i].transport);
		if (place->fds[i] >= 0) {
			close(place->fds[i]);
		}
	}
	envoi_tls_config_unref(place->config);
}

/* --- fixture --- */

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct envoi_resolver *resolver;
	*f = (struct fixture){.fds_before = count_open_fds()};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(scripted_resolver_new(&resolver, f->context, f->answers), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(f->context, resolver), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(f->settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "tls.system-trust", "no"), ENVOI_OK);
	/* a slow machine is not to change the order */
	assert_int_equal(envoi_settings_set(f->settings, "connect.stagger", "5min"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->trust, f->context, f->settings), ENVOI_OK);
	assert_int_equal(envoi_tcp_connector_new(&f->connector, f->context), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_transport_destroy(f->transport);
	envoi_connector_destroy(f->connector);
	for (size_t i = 0; i < PLACES; i++) {
		close_place(&f->places[i]);
	}
	envoi_failure_finish(&f->failure);
	envoi_tls_config_unref(f->trust);
	envoi_settings_free(f->settings);
	envoi_tls_question_unref(f->question);
	envoi_context_unref(f->context);
	assert_int_equal(count_open_fds(), f->fds_before);
	return 0;
}

static void on_done(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->dones++;
	f->transport = transport;
	if (failure != NULL) {
		envoi_failure_copy(&f->failure, failure);
	}
	envoi_loop_quit(f->loop);
}

static void connect_now(struct fixture *f)
{
	const struct envoi_target target = {
		.domain = "example.org",
		.service = "xmpp-client",
		.settings = f->settings,
		.tls = f->trust,
		.timeout_ms = 60000,
	};
	assert_int_equal(f->connector->impl->connect(f->connector, &target, on_done, f), ENVOI_OK);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
}

static void connect_to(struct fixture *f, size_t count)
{
	const char *host = f->host != NULL ? f->host : "host.example";
	for (size_t i = 0; i < count; i++) {
		open_place(f, &f->places[i]);
		char *records = f->records[f->places[i].is_in_clear];
		size_t len = strlen(records);
		snprintf(records + len, sizeof(f->records[0]) - len, "%s%zu 0 %u %s",
			len > 0 ? ", " : "", i, f->places[i].port, host);
	}
	static const char *const names[] = {
		"_xmpps-client._tcp.example.org", "_xmpp-client._tcp.example.org"};
	for (size_t i = 0; i < 2; i++) {
		f->answers[2 * i] = (struct scripted_answer){
			.name = names[i],
			.status = f->records[i][0] != '\0' ? ENVOI_LOOKUP_OK : ENVOI_LOOKUP_NO_NAME,
			.records = f->records[i],
		};
	}
	f->answers[1] = (struct scripted_answer){
		.name = host, .family = AF_INET, .records = "127.0.0.1"};
	connect_now(f);
}

/* --- cases --- */

static void check_secured(struct fixture *f)
{
	struct envoi_tls_info info;
	assert_int_equal(f->dones, 1);
	assert_non_null(f->transport);
	assert_true(f->transport->impl->is_secure(f->transport));
	f->transport->impl->tls_info(f->transport, &info);
	assert_true(envoi_tls_is_verified(&info));
}

static void the_transport_comes_secured(void **state)
{
	struct fixture *f = *state;
	connect_to(f, 1);
	check_secured(f);
	assert_int_equal(f->failure.attempt_count, 0);
}

/* The SRV record names a host, not the identity. */
static void the_name_of_the_srv_record_is_not_whose_certificate_it_must_be(void **state)
{
	struct fixture *f = *state;
	f->host = "xmpp1.example.net";
	f->places[0].certificate = "srv-target.pem";
	connect_to(f, 1);
	assert_int_equal(f->dones, 1);
	assert_null(f->transport);
	assert_int_equal(f->failure.attempt_count, 1);
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_CERTIFICATE);
	assert_non_null(strstr(
		f->failure.attempts[0].text, "is for xmpp1.example.net, not for example.org"));
}

static void a_server_that_supports_the_protocol_name_selects_it(void **state)
{
	struct fixture *f = *state;
	f->places[0].alpn = "xmpp-client";
	connect_to(f, 1);
	check_secured(f);
}

/* RFC 7301, section 3.2: it says no_application_protocol. */
static void a_server_of_another_protocol_is_left(void **state)
{
	struct fixture *f = *state;
	f->places[0].alpn = "h2";
	connect_to(f, 2);
	check_secured(f);
	assert_int_equal(f->failure.attempt_count, 1);
	assert_int_equal(f->failure.attempts[0].phase, ENVOI_PHASE_TLS);
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_TLS);
	assert_int_equal(f->failure.attempts[0].port, f->places[0].port);
}

/* The domain of the user, and never the target's name (RFC 6120, section 13.7.2). */
static void the_domain_and_the_protocol_are_named_in_the_first_flight(void **state)
{
	struct fixture *f = *state;
	f->places[0].behaviour = KEEPS_SILENT;
	f->quits_when_received = true;
	connect_to(f, 1);
	char text[sizeof(f->places[0].received) + 1];
	size_t len = f->places[0].received_len;
	for (size_t i = 0; i < len; i++) {
		char c = f->places[0].received[i];
		text[i] = c == '\0' ? '.' : c;
	}
	text[len] = '\0';
	assert_non_null(strstr(text, "example.org"));
	assert_non_null(strstr(text, "\x0bxmpp-client"));
	assert_null(strstr(text, "host.example"));
	f->connector->impl->cancel(f->connector);
	assert_int_equal(f->dones, 0);
}

/* Forged names or addresses lead to a refused certificate. */
static void s19_a_forged_address_leads_to_a_certificate_error_and_no_further(void **state)
{
	struct fixture *f = *state;
	f->places[0].certificate = "other-name.pem";
	connect_to(f, 1);
	assert_null(f->transport);
	assert_int_equal(f->failure.phase, ENVOI_PHASE_TLS);
	assert_int_equal(f->failure.code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(f->failure.retry, ENVOI_RETRY_AFTER_USER);
	assert_int_equal(f->failure.tls_doubts, ENVOI_TLS_DOUBT_NAME);
	assert_int_equal(f->failure.attempt_count, 1);
	assert_int_equal(f->places[0].secured, 0);
}

static void each_target_is_verified_as_strictly(void **state)
{
	struct fixture *f = *state;
	f->places[0].behaviour = CLOSES;
	f->places[1].certificate = "other-name.pem";
	f->places[2].behaviour = SPEAKS_OTHERWISE;
	connect_to(f, 3);
	assert_null(f->transport);
	assert_int_equal(f->failure.code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(f->failure.attempt_count, 3);
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_DISCONNECTED);
	assert_int_equal(f->failure.attempts[1].code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(f->failure.attempts[2].code, ENVOI_ERR_TLS);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->failure.attempts[i].phase, ENVOI_PHASE_TLS);
	}
}

static void peers_that_are_no_servers_are_skipped(void **state)
{
	struct fixture *f = *state;
	f->places[0].behaviour = SPEAKS_OTHERWISE;
	f->places[1].behaviour = CLOSES;
	connect_to(f, 3);
	check_secured(f);
	assert_int_equal(f->failure.code, ENVOI_OK);
	assert_int_equal(f->failure.attempt_count, 2);
}

/* Both services in one order: what is direct TLS must come up before its turn is over, what begins
 * in clear is handed over as it is, and given back when it does not do. */
static void priorities_of_both_services_mix(void **state)
{
	struct fixture *f = *state;
	f->places[0].alpn = "h2";
	f->places[1].is_in_clear = true;
	f->places[1].behaviour = KEEPS_SILENT;
	connect_to(f, 3);
	assert_int_equal(f->dones, 1);
	assert_non_null(f->transport);
	assert_false(f->transport->impl->is_secure(f->transport));
	assert_int_equal(f->failure.attempt_count, 1);
	assert_int_equal(f->failure.attempts[0].port, f->places[0].port);
	assert_int_equal(f->places[2].accepted, 0);
	envoi_transport_destroy(f->transport);
	envoi_failure_finish(&f->failure);
	struct envoi_failure why;
	envoi_failure_set(&why, f->context, ENVOI_PHASE_STREAM, ENVOI_ERR_TIMEOUT, "silent");
	assert_int_equal(f->connector->impl->next(f->connector, &why, 0), ENVOI_OK);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->dones, 2);
	assert_true(f->transport->impl->is_secure(f->transport));
	assert_int_equal(f->failure.attempt_count, 2);
	assert_int_equal(f->failure.attempts[1].port, f->places[1].port);
}

static void next_connects_to_the_next_address(void **state)
{
	struct fixture *f = *state;
	connect_to(f, 2);
	check_secured(f);
	envoi_transport_destroy(f->transport);
	f->transport = NULL;
	struct envoi_failure why;
	envoi_failure_set(&why, f->context, ENVOI_PHASE_STREAM, ENVOI_ERR_DISCONNECTED, "gone");
	assert_int_equal(f->connector->impl->next(f->connector, &why, 0), ENVOI_OK);
	assert_int_equal(f->connector->impl->next(f->connector, &why, 0), ENVOI_ERR_STATE);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->dones, 2);
	assert_non_null(f->transport);
	assert_int_equal(f->failure.attempt_count, 1);
	assert_int_equal(f->places[1].accepted, 1);
}

/* RFC 5891, section 5: it is looked up as A-labels, as the domain is. */
static void a_server_by_setting_may_have_a_name_in_any_script(void **state)
{
	struct fixture *f = *state;
	char port[8];
	open_place(f, &f->places[0]);
	snprintf(port, sizeof(port), "%u", f->places[0].port);
	assert_int_equal(envoi_settings_set(f->settings, "server",
				 "b\xc3\xbc"
				 "cher.example"),
		ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "port", port), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "tls.mode", "direct"), ENVOI_OK);
	f->answers[0] = (struct scripted_answer){
		.name = "xn--bcher-kva.example", .family = AF_INET, .records = "127.0.0.1"};
	connect_now(f);
	check_secured(f);
}

static void it_is_canceled_in_the_middle_of_a_handshake(void **state)
{
	struct fixture *f = *state;
	f->places[0].behaviour = KEEPS_SILENT;
	f->quits_when_received = true;
	connect_to(f, 1);
	envoi_connector_destroy(f->connector);
	f->connector = NULL;
	assert_int_equal(f->dones, 0);
}

static void on_decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	struct fixture *f = ENVOI_CONTAINER_OF(decider, struct fixture, decider);
	f->question = envoi_tls_question_ref(question);
	envoi_loop_quit(f->loop);
}

static void on_over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	struct fixture *f = ENVOI_CONTAINER_OF(decider, struct fixture, decider);
	struct envoi_connector *connector = f->connector;
	(void)question;
	(void)answer;
	f->overs++;
	f->connector = NULL;
	envoi_connector_destroy(connector);
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = on_decide, .over = on_over};

static void ask_about(struct fixture *f)
{
	f->decider.impl = &decider_impl;
	assert_int_equal(envoi_tls_config_set_decider(f->trust, &f->decider), ENVOI_OK);
	f->places[0].certificate = "self-signed.pem";
	connect_to(f, 1);
	assert_non_null(f->question);
	assert_int_equal(f->overs, 0);
}

static void it_may_be_destroyed_when_a_decision_is_withdrawn(void **state)
{
	struct fixture *f = *state;
	ask_about(f);
	f->connector->impl->cancel(f->connector);
	assert_int_equal(f->overs, 1);
	assert_null(f->connector);
	assert_int_equal(f->dones, 0);
}

static void a_decision_has_its_timeout(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_settings_set(f->settings, "tls.decision-timeout", "100ms"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "tls.mode", "direct"), ENVOI_OK);
	static const struct envoi_tls_decider_impl patient = {.decide = on_decide};
	f->decider.impl = &patient;
	assert_int_equal(envoi_tls_config_set_decider(f->trust, &f->decider), ENVOI_OK);
	f->places[0].certificate = "self-signed.pem";
	connect_to(f, 1);
	assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
	assert_int_equal(f->dones, 1);
	assert_null(f->transport);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(
		envoi_tls_question_answer(f->question, ENVOI_TLS_ACCEPT_ONCE), ENVOI_ERR_STATE);
}

static int accept_nothing(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)user;
	(void)pair;
	(void)domain;
	return ENVOI_ERR_UNREACHABLE;
}

/* A URL is for transports that have them: a connector that ignored it would connect elsewhere. */
static void a_url_is_refused(void **state)
{
	struct fixture *f = *state;
	struct envoi_connector *memory;
	struct envoi_target target = {.domain = "example.org",
		.service = "xmpp-client",
		.settings = f->settings,
		.url = "wss://example.org/xmpp"};
	assert_int_equal(f->connector->impl->connect(f->connector, &target, on_done, f),
		ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(envoi_memory_connector_new(&memory, f->context, accept_nothing, f, false),
		ENVOI_OK);
	assert_int_equal(memory->impl->connect(memory, &target, on_done, f), ENVOI_ERR_UNSUPPORTED);
	target.url = NULL;
	assert_int_equal(memory->impl->connect(memory, &target, on_done, f), ENVOI_OK);
	envoi_connector_destroy(memory);
	assert_int_equal(f->dones, 0);
}

static void without_trust_nothing_but_direct_tls_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct envoi_target target = {
		.domain = "example.org", .service = "xmpp-client", .settings = f->settings};
	assert_int_equal(envoi_settings_set(f->settings, "tls.mode", "direct"), ENVOI_OK);
	assert_int_equal(
		f->connector->impl->connect(f->connector, &target, on_done, f), ENVOI_ERR_INVALID);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_transport_comes_secured),
		CASE(the_name_of_the_srv_record_is_not_whose_certificate_it_must_be),
		CASE(a_server_that_supports_the_protocol_name_selects_it),
		CASE(a_server_of_another_protocol_is_left),
		CASE(the_domain_and_the_protocol_are_named_in_the_first_flight),
		CASE(s19_a_forged_address_leads_to_a_certificate_error_and_no_further),
		CASE(each_target_is_verified_as_strictly),
		CASE(peers_that_are_no_servers_are_skipped),
		CASE(priorities_of_both_services_mix),
		CASE(next_connects_to_the_next_address),
		CASE(a_server_by_setting_may_have_a_name_in_any_script),
		CASE(it_is_canceled_in_the_middle_of_a_handshake),
		CASE(it_may_be_destroyed_when_a_decision_is_withdrawn),
		CASE(a_decision_has_its_timeout),
		CASE(a_url_is_refused),
		CASE(without_trust_nothing_but_direct_tls_is_refused),
	};
	return cmocka_run_group_tests_name("transports/direct", tests, NULL, NULL);
}
