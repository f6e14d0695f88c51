/*
 * envoi - TLS as a filter: alerts, and what is known of a peer when
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "tls/tls_engine.h"
#include "tls_server.h"

static const char tls_1_3[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
static const char tls_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";

static struct {
	struct envoi_context *context;
	struct envoi_tls_config *config;
	struct envoi__tls *client;
	struct tls_server server;
	int result;
	int messages, breaks_off_at; /* handshake messages; which of them the server dislikes */
	bool is_over; /* it did */
	bool is_garbled; /* its alert */
} all;

static void begin(const struct tls_server_options *options, const char *ca_file, bool shows)
{
	struct envoi_settings *settings;
	memset(&all, 0, sizeof(all));
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, all.context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.ca-file", ca_file), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&all.config, all.context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	if (shows) {
		assert_int_equal(
			envoi_tls_config_set_certificate(all.config, TEST_DATA "/tls/client.pem",
				TEST_DATA "/tls/client-key.pem", NULL),
			ENVOI_OK);
	}
	assert_int_equal(
		envoi__tls_new(&all.client, all.config, ENVOI_INITIATOR, "example.org", NULL),
		ENVOI_OK);
	tls_server_init(&all.server, all.context, options);
}

static void finish(void)
{
	envoi__tls_free(all.client);
	tls_server_finish(&all.server);
	envoi_tls_config_unref(all.config);
	envoi_context_unref(all.context);
}

static const char ca[] = TEST_DATA "/tls/ca.pem";

/* --- what is known of the peer --- */

static bool is_anything_known(void)
{
	static const char *const types[] = {"tls-exporter", "tls-unique", "tls-server-end-point"};
	struct envoi_tls_info info;
	struct envoi_buffer binding;
	size_t len;
	envoi__tls_get_info(all.client, &info);
	bool is_known = info.version != NULL || info.cipher != NULL ||
		envoi_tls_is_verified(&info) || info.trust != ENVOI_TLS_TRUST_NONE ||
		info.is_resumed || info.is_certificate_sent || info.own_address != NULL ||
		envoi__tls_is_secure(all.client) ||
		envoi__tls_peer_certificate(all.client, 0, &len) != NULL;
	envoi_buffer_init(&binding, all.context, 0);
	for (size_t i = 0; i < 3; i++) {
		is_known |= envoi__tls_channel_binding(all.client, types[i], &binding) !=
			ENVOI_ERR_UNSUPPORTED;
	}
	is_known |= envoi_buffer_len(&binding) > 0;
	envoi_buffer_finish(&binding);
	return is_known;
}

/* Neither an alert nor data: each call returns the failure. */
static void nothing_more_is_done(int failure)
{
	char data[16];
	size_t len, before = envoi_buffer_len(envoi__tls_output(all.client));
	envoi__tls_bye(all.client);
	assert_int_equal(envoi__tls_write(all.client, "text", 4), failure);
	assert_int_equal(envoi__tls_read(all.client, data, sizeof(data), &len), failure);
	assert_int_equal(envoi__tls_handshake(all.client), failure);
	assert_int_equal(envoi__tls_pending(all.client), 0);
	assert_int_equal(envoi_buffer_len(envoi__tls_output(all.client)), before);
	assert_false(is_anything_known());
}

static void no_property_is_known_before_the_end_of_the_handshake(void **state)
{
	(void)state;
	static const char *const versions[] = {tls_1_2, tls_1_3};
	for (size_t i = 0; i < 2; i++) {
		const struct tls_server_options options = {.priorities = versions[i]};
		begin(&options, ca, false);
		assert_false(is_anything_known());
		for (int round = 0; round < 10; round++) {
			all.result = envoi__tls_handshake(all.client);
			assert_int_equal(is_anything_known(), all.result == ENVOI_OK);
			tls_server_from_client(&all.server, all.client);
			tls_server_go_on(&all.server);
			while (envoi_buffer_len(&all.server.output) > 0) { /* byte by byte */
				assert_int_equal(envoi__tls_feed(all.client,
							 envoi_buffer_data(&all.server.output), 1),
					ENVOI_OK);
				envoi_buffer_consume(&all.server.output, 1);
				if (all.result == ENVOI_AGAIN) {
					all.result = envoi__tls_handshake(all.client);
					assert_int_equal(
						is_anything_known(), all.result == ENVOI_OK);
				}
			}
		}
		assert_int_equal(all.result, ENVOI_OK);
		finish();
	}
}

/* --- the server's alerts --- */

static int on_message(gnutls_session_t session, unsigned int type, unsigned int when,
	unsigned int incoming, const gnutls_datum_t *message)
{
	(void)when, (void)message;
	if (all.is_over || all.messages++ != all.breaks_off_at) {
		return 0;
	}
	all.is_over = true;
	/* GnuTLS's server enciphers its alert, and has not said so yet. */
	all.is_garbled = type == GNUTLS_HANDSHAKE_FINISHED && !incoming &&
		gnutls_protocol_get_version(session) == GNUTLS_TLS1_2;
	return GNUTLS_E_INTERNAL_ERROR;
}

static void shake_hands(int breaks_off_at, int when)
{
	all.breaks_off_at = breaks_off_at;
	gnutls_handshake_set_hook_function(
		all.server.session, GNUTLS_HANDSHAKE_ANY, when, on_message);
	for (int round = 0; round < 10; round++) {
		all.result = envoi__tls_handshake(all.client);
		if (all.is_over) {
			return; /* the alert is final */
		}
		tls_server_from_client(&all.server, all.client);
		tls_server_go_on(&all.server);
		tls_server_to_client(&all.server, all.client);
	}
}

/* On TLS 1.3 the client is done when it has said its last; the alert is then what it reads. */
static int read_on(void)
{
	char data[16];
	size_t len;
	return all.result == ENVOI_OK ? envoi__tls_read(all.client, data, sizeof(data), &len)
				      : all.result;
}

/* But for the change_cipher_spec that TLS 1.3 says for the eyes of others (RFC 8446, appendix
 * D.4). */
static void nothing_was_answered(void)
{
	static const char change[] = {20, 3, 3, 0, 1, 1};
	struct envoi_buffer *output = envoi__tls_output(all.client);
	if (envoi_buffer_len(output) > 0) {
		assert_int_equal(envoi_buffer_len(output), sizeof(change));
		assert_memory_equal(envoi_buffer_data(output), change, sizeof(change));
	}
}

/* @return whether the server has broken off: else it had no so many messages */
static bool check_alert_at(const struct tls_server_options *options, int at, int when)
{
	begin(options, ca, options->asks_certificate);
	shake_hands(at, when);
	bool is_over = all.is_over;
	if (is_over) {
		assert_int_equal(read_on(), ENVOI_ERR_TLS);
		if (!all.is_garbled) {
			assert_string_equal(envoi__tls_error_text(all.client),
				"the peer ended TLS with an alert: Internal error");
			nothing_was_answered();
		}
		nothing_more_is_done(ENVOI_ERR_TLS);
	} else {
		assert_int_equal(all.result, ENVOI_OK);
	}
	finish();
	return is_over;
}

static void a_fatal_alert_at_every_handshake_message_is_reported_and_not_answered(void **state)
{
	(void)state;
	static const struct tls_server_options kinds[] = {{.priorities = tls_1_2},
		{.priorities = tls_1_3}, {.priorities = tls_1_2, .asks_certificate = true},
		{.priorities = tls_1_3, .asks_certificate = true}};
	/* ClientHello, ServerHello, Certificate, ServerKeyExchange, ServerHelloDone,
	 * ClientKeyExchange, Finished, Finished; and ClientHello, ServerHello, EncryptedExtensions,
	 * Certificate, CertificateVerify, Finished, Finished: the least that there are */
	static const int messages[] = {8, 7, 10, 9};
	static const int when[] = {GNUTLS_HOOK_PRE, GNUTLS_HOOK_POST};
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 2; k++) {
			int at = 0;
			while (check_alert_at(&kinds[i], at, when[k])) {
				at++;
			}
			if (at < messages[i]) {
				fail_msg("kind %d: %d messages", (int)i, at);
			}
		}
	}
}

static void a_later_fatal_alert_is_reported_and_not_answered(void **state)
{
	(void)state;
	static const char *const versions[] = {tls_1_2, tls_1_3};
	for (size_t i = 0; i < 2; i++) {
		const struct tls_server_options options = {.priorities = versions[i]};
		begin(&options, ca, false);
		shake_hands(-1, GNUTLS_HOOK_POST);
		assert_int_equal(all.result, ENVOI_OK);
		assert_true(is_anything_known());
		gnutls_alert_send(all.server.session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_RECORD_MAC);
		tls_server_to_client(&all.server, all.client);
		assert_int_equal(read_on(), ENVOI_ERR_TLS);
		assert_memory_equal(envoi__tls_error_text(all.client), "the peer ended TLS", 18);
		assert_int_equal(envoi_buffer_len(envoi__tls_output(all.client)), 0);
		nothing_more_is_done(ENVOI_ERR_TLS);
		finish();
	}
}

/* RFC 6066, section 3: some servers warn that they do not know the name, and go on. */
static void a_warning_before_everything_else_is_ignored(void **state)
{
	(void)state;
	static const char warning[] = {21, 3, 3, 0, 2, 1, 112};
	const struct tls_server_options options = {.priorities = tls_1_2};
	begin(&options, ca, false);
	assert_int_equal(envoi__tls_handshake(all.client), ENVOI_AGAIN);
	assert_int_equal(envoi__tls_feed(all.client, warning, sizeof(warning)), ENVOI_OK);
	shake_hands(-1, GNUTLS_HOOK_POST);
	assert_int_equal(all.result, ENVOI_OK);
	finish();
}

/* --- ours --- */

static void our_own_alert_is_the_last_that_is_sent(void **state)
{
	(void)state;
	static const char *const versions[] = {tls_1_2, tls_1_3};
	for (size_t i = 0; i < 2; i++) {
		const struct tls_server_options options = {
			.priorities = versions[i], .asks_certificate = true};
		begin(&options, TEST_DATA "/tls/other-ca.pem", true);
		for (int round = 0; round < 3 && all.result >= 0; round++) {
			envoi_buffer_consume(envoi__tls_output(all.client), SIZE_MAX);
			all.result = envoi__tls_handshake(all.client);
			assert_int_equal(envoi_buffer_append(&all.server.input,
						 envoi_buffer_data(envoi__tls_output(all.client)),
						 envoi_buffer_len(envoi__tls_output(all.client))),
				ENVOI_OK);
			tls_server_go_on(&all.server);
			tls_server_to_client(&all.server, all.client);
		}
		assert_int_equal(all.result, ENVOI_ERR_CERTIFICATE);
		assert_true(envoi_buffer_len(envoi__tls_output(all.client)) > 0);
		nothing_more_is_done(ENVOI_ERR_CERTIFICATE);
		assert_int_equal(all.server.result, GNUTLS_E_FATAL_ALERT_RECEIVED);
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_property_is_known_before_the_end_of_the_handshake),
		cmocka_unit_test(
			a_fatal_alert_at_every_handshake_message_is_reported_and_not_answered),
		cmocka_unit_test(a_later_fatal_alert_is_reported_and_not_answered),
		cmocka_unit_test(a_warning_before_everything_else_is_ignored),
		cmocka_unit_test(our_own_alert_is_the_last_that_is_sent),
	};
	return cmocka_run_group_tests_name("crypto/tls alerts", tests, NULL, NULL);
}
