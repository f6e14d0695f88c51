/*
 * envoi - servers whose TLS does what few servers do
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>

#include "tls_front.h"

static const char tls_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
#define JID "alice@example.org/desk"

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct tls_front *front;
	struct envoi_client *client;
	gnutls_datum_t ticket_key;
	struct tls_server_options options;
} all;

static void begin(const char *mode, const char *version)
{
	const char *const settings[][2] = {{"tls.ca-file", TEST_DATA "/tls/ca.pem"},
		{"tls.system-trust", "false"}, {"tls.mode", mode}, {"roster.fetch", "false"},
		{"presence.initial", "false"}, {"sasl.mechanisms", "SCRAM-SHA-256"}};
	memset(&all, 0, sizeof(all));
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	all.server = test_server_new(all.context, TEST_DATA, NULL);
	test_server_knobs(all.server)->no_tls = true;
	test_server_add_account(all.server, "alice", "wonderland");
	all.front = tls_front_new(all.context, all.server);
	if (strcmp(mode, "starttls") == 0) {
		tls_front_starttls(all.front, "example.org");
	}
	assert_int_equal(envoi_client_new(&all.client, all.context, JID), ENVOI_OK);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		assert_int_equal(
			envoi_client_set(all.client, settings[i][0], settings[i][1]), ENVOI_OK);
	}
	envoi_client_set_password(all.client, "wonderland");
	assert_int_equal(
		envoi_client_add_connector(all.client, tls_front_connector(all.front)), ENVOI_OK);
	assert_int_equal(gnutls_session_ticket_key_generate(&all.ticket_key), 0);
	all.options = (struct tls_server_options){
		.priorities = version, .ticket_key = &all.ticket_key};
}

static void finish(void)
{
	envoi_client_free(all.client);
	tls_front_free(all.front);
	test_server_free(all.server);
	envoi_context_unref(all.context);
	gnutls_free(all.ticket_key.data);
}

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void log_in(void)
{
	assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
	run(2000);
}

/* RFC 5246, section 7.4.1.1: what is no failure for the peer is none for the session. */
static void a_hello_request_does_not_end_the_session(void **state)
{
	(void)state;
	static const char *const modes[] = {"direct", "starttls"};
	for (size_t i = 0; i < 2; i++) {
		begin(modes[i], tls_1_2);
		tls_front_expect(all.front, &all.options);
		log_in();
		assert_int_equal(test_server_online(all.server), 1);
		gnutls_session_t session = tls_front_session(all.front, 0);
		for (int round = 0; round < 3; round++) {
			assert_int_equal(gnutls_rehandshake(session), 0);
			test_server_says(all.server, JID, "<message from='bob@example.org/x'/>");
			run(1000);
			assert_int_equal(gnutls_alert_get(session), GNUTLS_A_NO_RENEGOTIATION);
			assert_int_equal(test_server_online(all.server), 1);
		}
		assert_null(envoi_client_failure(all.client));
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_request_does_not_end_the_session),
	};
	return cmocka_run_group_tests_name("tls servers", tests, NULL, NULL);
}
