/*
 * envoi - TLS as a filter: the receiving side against clients on bare GnuTLS
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>

#include <envoi/context.h>

#include "tls/tls_engine.h"
#include "tls_pair.h"

static const char tls_1_3[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
static const char tls_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";

static struct {
	struct envoi_context *context;
	struct envoi_tls_config *config;
	struct envoi__tls *server;
	/* the client */
	const char *priorities;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct envoi_buffer input, output;
	int client_result, result;
	int messages, breaks_off_at;
	bool is_over; /* it has broken off */
	bool is_garbled; /* its alert cannot be read */
} all;

static ssize_t pull(gnutls_transport_ptr_t user, void *data, size_t size)
{
	(void)user;
	size_t held = envoi_buffer_len(&all.input), len = held < size ? held : size;
	if (len == 0) {
		gnutls_transport_set_errno(all.session, EAGAIN);
		return -1;
	}
	memcpy(data, envoi_buffer_data(&all.input), len);
	envoi_buffer_consume(&all.input, len);
	return (ssize_t)len;
}

static ssize_t push(gnutls_transport_ptr_t user, const void *data, size_t len)
{
	(void)user;
	return envoi_buffer_append(&all.output, data, len) == ENVOI_OK ? (ssize_t)len : -1;
}

static void begin(const char *priorities)
{
	memset(&all, 0, sizeof(all));
	all.priorities = priorities;
	all.client_result = GNUTLS_E_AGAIN;
	all.breaks_off_at = -1;
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	envoi_buffer_init(&all.input, all.context, 0);
	envoi_buffer_init(&all.output, all.context, 0);
	assert_int_equal(envoi_tls_config_new_server(&all.config, all.context,
				 tls_path("right", ".pem"), tls_path("server", "-key.pem")),
		ENVOI_OK);
	assert_int_equal(
		envoi__tls_new(&all.server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	assert_int_equal(gnutls_certificate_allocate_credentials(&all.credentials), 0);
	assert_int_equal(gnutls_init(&all.session, GNUTLS_CLIENT | GNUTLS_NONBLOCK), 0);
	assert_int_equal(gnutls_priority_set_direct(all.session, priorities, NULL), 0);
	gnutls_credentials_set(all.session, GNUTLS_CRD_CERTIFICATE, all.credentials);
	gnutls_transport_set_pull_function(all.session, pull);
	gnutls_transport_set_push_function(all.session, push);
}

static void finish(void)
{
	envoi__tls_free(all.server);
	envoi_tls_config_unref(all.config);
	gnutls_deinit(all.session);
	gnutls_certificate_free_credentials(all.credentials);
	envoi_buffer_finish(&all.input);
	envoi_buffer_finish(&all.output);
	envoi_context_unref(all.context);
}

static void to_server(void)
{
	assert_int_equal(envoi__tls_feed(all.server, envoi_buffer_data(&all.output),
				 envoi_buffer_len(&all.output)),
		ENVOI_OK);
	envoi_buffer_consume(&all.output, SIZE_MAX);
}

static void to_client(void)
{
	struct envoi_buffer *from = envoi__tls_output(all.server);
	assert_int_equal(
		envoi_buffer_append(&all.input, envoi_buffer_data(from), envoi_buffer_len(from)),
		ENVOI_OK);
	envoi_buffer_consume(from, SIZE_MAX);
}

/* Until the client ends the handshake and the server has received that. */
static void shake_hands(void)
{
	for (int round = 0; round < 6; round++) {
		if (all.client_result == GNUTLS_E_AGAIN) {
			all.client_result = gnutls_handshake(all.session);
		}
		if (all.client_result < 0 && gnutls_error_is_fatal(all.client_result)) {
			gnutls_alert_send_appropriate(all.session, all.client_result);
		}
		to_server();
		all.result = envoi__tls_handshake(all.server);
		if (all.is_over) {
			return;
		}
		to_client();
	}
}

static int read_on(void)
{
	char data[16];
	size_t len;
	return all.result == ENVOI_OK ? envoi__tls_read(all.server, data, sizeof(data), &len)
				      : all.result;
}

static void nothing_more_is_done(void)
{
	size_t before = envoi_buffer_len(envoi__tls_output(all.server));
	struct envoi_tls_info info;
	envoi__tls_bye(all.server);
	assert_int_equal(envoi__tls_write(all.server, "text", 4), ENVOI_ERR_TLS);
	assert_int_equal(envoi__tls_handshake(all.server), ENVOI_ERR_TLS);
	assert_int_equal(envoi_buffer_len(envoi__tls_output(all.server)), before);
	assert_false(envoi__tls_is_secure(all.server));
	envoi__tls_get_info(all.server, &info);
	assert_null(info.version);
}

static int on_message(gnutls_session_t session, unsigned int type, unsigned int when,
	unsigned int incoming, const gnutls_datum_t *message)
{
	(void)session, (void)when, (void)message;
	if (all.is_over || all.messages++ != all.breaks_off_at) {
		return 0;
	}
	all.is_over = true;
	/* GnuTLS enciphers its alert too early, or too late for GnuTLS. */
	all.is_garbled = (type == GNUTLS_HANDSHAKE_FINISHED && !incoming) ||
		(type == GNUTLS_HANDSHAKE_SERVER_HELLO && all.priorities == tls_1_3);
	return GNUTLS_E_INTERNAL_ERROR;
}

/* @return whether there were so many messages */
static bool check_alert_at(const char *priorities, int at, int when)
{
	begin(priorities);
	all.breaks_off_at = at;
	gnutls_handshake_set_hook_function(all.session, GNUTLS_HANDSHAKE_ANY, when, on_message);
	shake_hands();
	bool is_over = all.is_over;
	if (is_over) {
		assert_int_equal(read_on(), ENVOI_ERR_TLS);
		bool is_first = at == 0; /* in place of a ClientHello */
		if (!all.is_garbled && !is_first) {
			assert_string_equal(envoi__tls_error_text(all.server),
				"the peer ended TLS with an alert: Internal error");
			assert_int_equal(envoi_buffer_len(envoi__tls_output(all.server)), 0);
		}
		nothing_more_is_done();
	} else {
		assert_int_equal(all.result, ENVOI_OK);
	}
	finish();
	return is_over;
}

static void a_fatal_alert_at_every_handshake_message_is_reported_and_not_answered(void **state)
{
	(void)state;
	static const char *const versions[] = {tls_1_2, tls_1_3};
	static const int messages[] = {8, 7}; /* the least that there are */
	static const int when[] = {GNUTLS_HOOK_PRE, GNUTLS_HOOK_POST};
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 2; k++) {
			int at = 0;
			while (check_alert_at(versions[i], at, when[k])) {
				at++;
			}
			assert_true(at >= messages[i]);
		}
	}
}

static void old_clients_are_reported_as_such(void **state)
{
	(void)state;
	begin("NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0");
	shake_hands();
	assert_int_equal(all.result, ENVOI_ERR_TLS);
	assert_string_equal(
		envoi__tls_error_text(all.server), "the peer does not support TLS 1.2 or newer");
	assert_int_equal(all.client_result, GNUTLS_E_FATAL_ALERT_RECEIVED);
	nothing_more_is_done();
	finish();
}

/* RFC 7590, section 3; RFC 9325, section 3.5 */
static void a_client_that_negotiates_again_is_left(void **state)
{
	(void)state;
	begin(tls_1_2);
	shake_hands();
	assert_int_equal(all.result, ENVOI_OK);
	assert_int_equal(gnutls_handshake(all.session), GNUTLS_E_AGAIN); /* a ClientHello */
	to_server();
	assert_int_equal(read_on(), ENVOI_ERR_TLS);
	assert_string_equal(envoi__tls_error_text(all.server), "the peer tried to renegotiate TLS");
	nothing_more_is_done();
	finish();
}

static void a_flood_of_key_updates_is_bounded(void **state)
{
	(void)state;
	size_t answers = 0;
	int r = ENVOI_AGAIN;
	begin(tls_1_3);
	shake_hands();
	assert_int_equal(all.result, ENVOI_OK);
	for (int i = 0; i < 10000 && r == ENVOI_AGAIN; i++) {
		assert_int_equal(gnutls_session_key_update(all.session, GNUTLS_KU_PEER), 0);
		to_server();
		r = read_on();
		answers += envoi_buffer_len(envoi__tls_output(all.server));
		envoi_buffer_consume(envoi__tls_output(all.server), SIZE_MAX);
	}
	assert_int_equal(r, ENVOI_ERR_TLS);
	assert_true(answers < 4096);
	nothing_more_is_done();
	finish();
}

static void no_tickets_are_handed_out(void **state)
{
	(void)state;
	static const char *const versions[] = {tls_1_2, tls_1_3};
	for (size_t i = 0; i < 2; i++) {
		char data[16];
		begin(versions[i]);
		shake_hands();
		assert_int_equal(all.result, ENVOI_OK);
		assert_int_equal(envoi__tls_write(all.server, "text", 4), ENVOI_OK);
		to_client();
		assert_int_equal(gnutls_record_recv(all.session, data, sizeof(data)), 4);
		assert_int_equal(
			gnutls_session_get_flags(all.session) & GNUTLS_SFLAGS_SESSION_TICKET, 0);
		finish();
	}
}

static void a_peer_that_does_not_speak_tls_fails_at_once(void **state)
{
	(void)state;
	static const char *const texts[] = {"G", "<", " ", "\x80\x2e\x01", "\x16\x02", "\x17"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		begin(tls_1_3);
		assert_int_equal(envoi__tls_handshake(all.server), ENVOI_AGAIN);
		assert_int_equal(envoi__tls_feed(all.server, texts[i], strlen(texts[i])), ENVOI_OK);
		assert_int_equal(envoi__tls_handshake(all.server), ENVOI_ERR_TLS);
		assert_string_equal(
			envoi__tls_error_text(all.server), "the peer does not speak TLS");
		nothing_more_is_done();
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_fatal_alert_at_every_handshake_message_is_reported_and_not_answered),
		cmocka_unit_test(old_clients_are_reported_as_such),
		cmocka_unit_test(a_client_that_negotiates_again_is_left),
		cmocka_unit_test(a_flood_of_key_updates_is_bounded),
		cmocka_unit_test(no_tickets_are_handed_out),
		cmocka_unit_test(a_peer_that_does_not_speak_tls_fails_at_once),
	};
	return cmocka_run_group_tests_name("crypto/tls receiver", tests, NULL, NULL);
}
