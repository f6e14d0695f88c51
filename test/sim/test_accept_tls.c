/*
 * envoi - accepted connections: TLS for several domains, certificates of clients, EXTERNAL
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/channel.h>

#include "accept_fixture.h"
#include "issuer.h"

static struct issuer issuer, stranger;
static struct issued_files org, net; /* of the server's domains */

static struct {
	struct accept_fixture f;
	bool is_direct, is_spied;
	struct envoi_opening *opening; /* of the newest connection */
	struct envoi_failure why; /* a handshake of direct TLS has failed */
	struct envoi_client *client;
} all;

static int make_certificates(void **state)
{
	(void)state;
	issuer_init(&issuer, NULL);
	issuer_init(&stranger, NULL);
	issuer_issue(&issuer, "org", &(struct issued){.dns_name = "example.org"}, &org);
	issuer_issue(&issuer, "net", &(struct issued){.dns_name = "example.net"}, &net);
	return 0;
}

static int remove_certificates(void **state)
{
	(void)state;
	issuer_finish(&issuer);
	issuer_finish(&stranger);
	return 0;
}

/* The certificates are valid in 2027, whatever the clock of the machine says. */
static int64_t wall_clock(void *user)
{
	(void)user;
	return INT64_C(1800000000000);
}

static int setup(void **state)
{
	(void)state;
	struct envoi_context *context;
	const struct envoi_context_options options = {.wall_clock = wall_clock};
	memset(&all, 0, sizeof(all));
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	accept_fixture_init(&all.f, context);
	all.f.has_tls = true;
	assert_int_equal(envoi_tls_config_new_server(&all.f.tls, context, org.certificate, org.key),
		ENVOI_OK);
	assert_int_equal(
		envoi_tls_config_add_domain(all.f.tls, "example.net", net.certificate, net.key),
		ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_client_free(all.client);
	envoi_opening_free(all.opening);
	envoi_failure_finish(&all.why);
	accept_fixture_finish(&all.f);
	return 0;
}

static void set(const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(all.f.settings, name, value), ENVOI_OK);
}

static void request(enum envoi_tls_request request)
{
	assert_int_equal(envoi_tls_config_request_certificates(all.f.tls, request, issuer.ca_file),
		ENVOI_OK);
}

/* --- clients --- */

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	(void)user;
	all.opening = NULL;
	if (failure != NULL) {
		envoi_failure_finish(&all.why);
		envoi_failure_copy(&all.why, failure);
		return;
	}
	assert_int_equal(envoi_acceptor_accept(all.f.acceptor, transport, &all.f.last), ENVOI_OK);
}

/* What a transport would present to a peer that sends no name. */
static char domain_of_tls[64];
static struct envoi_transport_impl spying;
static const struct envoi_transport_impl *spied;

static int start_tls(struct envoi_transport *transport, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name)
{
	snprintf(domain_of_tls, sizeof(domain_of_tls), "%s", server_name);
	return spied->start_tls(transport, role, config, server_name);
}

static int accept_spied(struct envoi_memory_pair *pair)
{
	struct envoi_transport *transport;
	int r = envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_B, all.f.settings, false);
	if (r < 0) {
		return r;
	}
	spied = transport->impl;
	spying = *spied;
	spying.start_tls = start_tls;
	transport->impl = &spying;
	return envoi_acceptor_accept(all.f.acceptor, transport, &all.f.last);
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)user, (void)domain;
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.role = ENVOI_RECEIVER,
		.tls = all.f.tls,
		.alpn = "xmpp-client",
		.timeout_ms = 20000,
		.done = on_opened,
	};
	if (!all.is_direct && !all.is_spied) {
		return accept_fixture_accept(&all.f, pair);
	}
	accept_fixture_make(&all.f);
	if (all.is_spied) {
		return accept_spied(pair);
	}
	int r = envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_B);
	return r < 0 ? r : envoi_opening_new(&all.opening, all.f.context, channel, &options);
}

static void begin(const char *address)
{
	struct envoi_connector *connector;
	envoi_client_free(all.client);
	assert_int_equal(envoi_client_new(&all.client, all.f.context, address), ENVOI_OK);
	assert_int_equal(
		envoi_memory_connector_new(&connector, all.f.context, on_connect, NULL, false),
		ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(all.client, connector), ENVOI_OK);
	envoi_client_set(all.client, "tls.ca-file", issuer.ca_file);
	envoi_client_set(all.client, "tls.system-trust", "false");
	envoi_client_set(all.client, "tls.mode", all.is_direct ? "direct" : "starttls");
	envoi_client_set(all.client, "reconnect.enabled", "false");
	all.f.notes[0] = '\0';
}

static void connect_now(void)
{
	assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
	accept_fixture_run(&all.f, 10000);
}

static bool is_online(void)
{
	return envoi_session_is_online(envoi_client_session(all.client));
}

/* A login with a password. */
static void log_in(const char *address)
{
	begin(address);
	assert_int_equal(envoi_client_set_password(all.client, "secret"), ENVOI_OK);
	connect_now();
}

/* A client with a certificate and without a password. */
static void certify(struct issuer *by, const struct issued *what)
{
	struct issued_files files;
	issuer_issue(by, "client", what, &files);
	envoi_client_set(all.client, "tls.cert-file", files.certificate);
	envoi_client_set(all.client, "tls.key-file", files.key);
}

static void log_in_by_certificate(
	const char *address, struct issuer *by, const char *const *addresses)
{
	begin(address);
	certify(by, &(struct issued){.addresses = addresses});
	envoi_client_set(all.client, "sasl.mechanisms", "EXTERNAL");
	connect_now();
}

/* --- several domains --- */

static void each_domain_has_its_certificate(void **state)
{
	for (int direct = 0; direct < 2; direct++) {
		setup(state);
		all.is_direct = direct == 1;
		log_in("alice@example.org/desk");
		assert_true(is_online());
		assert_non_null(strstr(all.f.notes, "ready alice@example.org/desk\n"));
		log_in("bob@example.net/desk");
		assert_true(is_online());
		assert_non_null(strstr(all.f.notes, "ready bob@example.net/desk\n"));
		teardown(state);
	}
}

static void the_domain_of_the_stream_reaches_tls(void **state)
{
	(void)state;
	static const char *const addresses[] = {"alice@example.org/desk", "bob@example.net/desk"};
	static const char *const domains[] = {"example.org", "example.net"};
	all.is_spied = true;
	for (size_t i = 0; i < 2; i++) {
		log_in(addresses[i]);
		assert_true(is_online());
		assert_string_equal(domain_of_tls, domains[i]);
	}
}

/* Sessions go on, new connections get the new certificate. */
static void certificates_are_renewed_below_running_sessions(void **state)
{
	(void)state;
	log_in("alice@example.org/desk");
	struct envoi_client *first = all.client;
	all.client = NULL;
	issuer_issue(&issuer, "org", &(struct issued){.dns_name = "other.example"}, &org);
	assert_int_equal(envoi_tls_config_reload(all.f.tls), ENVOI_OK);
	log_in("alice@example.org/late");
	assert_false(is_online());
	assert_int_equal(envoi_client_failure(all.client)->code, ENVOI_ERR_CERTIFICATE);
	issuer_issue(&issuer, "org", &(struct issued){.dns_name = "example.org"}, &org);
	assert_int_equal(envoi_tls_config_reload(all.f.tls), ENVOI_OK);
	log_in("alice@example.org/late");
	assert_true(is_online());
	assert_true(envoi_session_is_online(envoi_client_session(first)));
	envoi_send_text(envoi_client_session(first), "bob@example.org", "hi", NULL);
	accept_fixture_run(&all.f, 1000);
	assert_non_null(strstr(all.f.notes, "stanza message from alice@example.org/desk"));
	envoi_client_free(first);
}

/* --- EXTERNAL --- */

static const char *const alice[] = {"alice@example.org", NULL};
static const char *const both[] = {"alice@example.org", "alice@example.net", NULL};
static const char *const two[] = {"alice@example.org", "bob@example.org", NULL};

static void a_certificate_logs_in(void **state)
{
	static const enum envoi_tls_request requests[] = {
		ENVOI_TLS_REQUEST_OPTIONAL, ENVOI_TLS_REQUEST_REQUIRED};
	for (int i = 0; i < 4; i++) {
		setup(state);
		all.is_direct = (i & 1) != 0;
		request(requests[i >> 1]);
		log_in_by_certificate("alice@example.org/desk", &issuer, alice);
		assert_true(is_online());
		assert_non_null(strstr(all.f.notes, "authenticated EXTERNAL\n"));
		assert_non_null(strstr(all.f.notes, "ready alice@example.org/desk\n"));
		teardown(state);
	}
}

/* The addresses of other domains do not count; of several the authorization identity chooses. */
static void the_address_is_chosen_by_domain_and_identity(void **state)
{
	(void)state;
	request(ENVOI_TLS_REQUEST_OPTIONAL);
	log_in_by_certificate("alice@example.net/desk", &issuer, both);
	assert_true(is_online());
	assert_non_null(strstr(all.f.notes, "ready alice@example.net/desk\n"));
	log_in_by_certificate("bob@example.org/desk", &issuer, two);
	assert_true(is_online());
	assert_non_null(strstr(all.f.notes, "ready bob@example.org/desk\n"));
}

static void a_password_is_not_replaced(void **state)
{
	(void)state;
	request(ENVOI_TLS_REQUEST_OPTIONAL);
	log_in("alice@example.org/desk");
	assert_true(is_online());
	assert_non_null(strstr(all.f.notes, "authenticated SCRAM-SHA-512-PLUS\n"));
}

static void without_a_suitable_certificate_external_is_not_offered(void **state)
{
	(void)state;
	static const char *const foreign[] = {"alice@other.example", NULL};
	static const char *const domain[] = {"example.org", NULL};
	static const char *const full[] = {"alice@example.org/desk", NULL};
	static const char *const hidden[] = {"other.example/alice@example.org", NULL};
	static const char *const none[] = {NULL};
	static const struct {
		struct issuer *by;
		struct issued what;
	} cases[] = {
		{&stranger, {.addresses = alice}},
		{&issuer, {.addresses = alice, .until = 1700000000}},
		{&issuer, {.addresses = alice, .purpose = GNUTLS_KP_TLS_WWW_SERVER}},
		{&issuer, {.addresses = foreign}},
		{&issuer, {.addresses = domain}},
		{&issuer, {.addresses = full}},
		{&issuer, {.addresses = hidden}},
		{&issuer, {.addresses = none}},
	};
	request(ENVOI_TLS_REQUEST_OPTIONAL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin("alice@example.org/desk");
		certify(cases[i].by, &cases[i].what);
		envoi_client_set(all.client, "sasl.mechanisms", "EXTERNAL");
		connect_now();
		assert_false(is_online());
		assert_int_equal(envoi_client_failure(all.client)->code, ENVOI_ERR_AUTH);
		assert_null(strstr(all.f.notes, "authenticated"));
	}
}

static void where_it_is_required_no_other_login_is_possible(void **state)
{
	for (int i = 0; i < 4; i++) {
		setup(state);
		all.is_direct = i >= 2;
		request(ENVOI_TLS_REQUEST_REQUIRED);
		begin("alice@example.org/desk");
		envoi_client_set_password(all.client, "secret");
		if (i % 2 == 1) {
			certify(&stranger, &(struct issued){.addresses = alice});
		}
		connect_now();
		assert_false(is_online());
		assert_null(strstr(all.f.notes, "authenticated"));
		const struct envoi_failure *why = all.is_direct ? &all.why : &all.f.why;
		assert_int_equal(why->code, ENVOI_ERR_CERTIFICATE);
		assert_int_equal(why->phase, ENVOI_PHASE_TLS);
		teardown(state);
	}
}

/* The directory decides, though the certificate is right. */
static void an_account_that_does_not_exist_is_refused(void **state)
{
	(void)state;
	static const char *const carol[] = {"carol@example.org", NULL};
	request(ENVOI_TLS_REQUEST_OPTIONAL);
	log_in_by_certificate("carol@example.org/desk", &issuer, carol);
	assert_false(is_online());
	const struct envoi_failure *failure = envoi_client_failure(all.client);
	assert_int_equal(failure->code, ENVOI_ERR_AUTH);
	assert_string_equal(failure->condition, "not-authorized");
}

static void another_identity_is_invalid(void **state)
{
	(void)state;
	request(ENVOI_TLS_REQUEST_OPTIONAL);
	log_in_by_certificate("bob@example.org/desk", &issuer, alice);
	assert_false(is_online());
	assert_string_equal(envoi_client_failure(all.client)->condition, "invalid-authzid");
	begin("bob@example.org/desk");
	certify(&issuer, &(struct issued){.addresses = two});
	envoi_client_set(all.client, "sasl.mechanisms", "EXTERNAL");
	envoi_client_set(all.client, "sasl.external-authzid", "never");
	connect_now();
	assert_false(is_online());
	assert_string_equal(envoi_client_failure(all.client)->condition, "invalid-authzid");
}

static void a_lookup_without_answer_ends_in_time(void **state)
{
	(void)state;
	all.f.is_silent = true;
	set("accept.login-timeout", "5s");
	request(ENVOI_TLS_REQUEST_OPTIONAL);
	log_in_by_certificate("alice@example.org/desk", &issuer, alice);
	assert_false(is_online());
	assert_null(strstr(all.f.notes, "authenticated"));
	assert_non_null(strstr(all.f.notes, "ended - "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_domain_has_its_certificate),
		TEST(the_domain_of_the_stream_reaches_tls),
		TEST(certificates_are_renewed_below_running_sessions),
		cmocka_unit_test(a_certificate_logs_in),
		TEST(the_address_is_chosen_by_domain_and_identity),
		TEST(a_password_is_not_replaced),
		TEST(without_a_suitable_certificate_external_is_not_offered),
		cmocka_unit_test(where_it_is_required_no_other_login_is_possible),
		TEST(an_account_that_does_not_exist_is_refused),
		TEST(another_identity_is_invalid),
		TEST(a_lookup_without_answer_ends_in_time),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name(
		"sim/accept tls", tests, make_certificates, remove_certificates);
}
