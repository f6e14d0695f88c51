/*
 * envoi - TLS as a filter: tests against a server that hands out session tickets
 * SPDX-License-Identifier: MIT
 *
 * Servers on OpenSSL send the tickets of TLS 1.3 one by one, and what they answer may stand behind
 * the second in one reading. GnuTLS tells "again" for each ticket that it takes in.
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
#include <envoi/settings.h>

#include "crypto/tls_config.h"
#include "crypto/tls_engine.h"

struct server {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t ticket_key;
	struct envoi_buffer input, output;
};

struct fixture {
	struct envoi_context *context;
	struct envoi_tls_config *trust;
	struct envoi__tls *client;
	struct server server;
};

static ssize_t pull(gnutls_transport_ptr_t user, void *data, size_t size)
{
	struct server *server = user;
	size_t held = envoi_buffer_len(&server->input), len = held < size ? held : size;
	if (len == 0) {
		gnutls_transport_set_errno(server->session, EAGAIN);
		return -1;
	}
	memcpy(data, envoi_buffer_data(&server->input), len);
	envoi_buffer_consume(&server->input, len);
	return (ssize_t)len;
}

static ssize_t push(gnutls_transport_ptr_t user, const void *data, size_t len)
{
	struct server *server = user;
	return envoi_buffer_append(&server->output, data, len) == ENVOI_OK ? (ssize_t)len : -1;
}

static void server_init(struct server *server, struct envoi_context *context)
{
	envoi_buffer_init(&server->input, context, 0);
	envoi_buffer_init(&server->output, context, 0);
	assert_int_equal(gnutls_certificate_allocate_credentials(&server->credentials), 0);
	assert_true(gnutls_certificate_set_x509_key_file(server->credentials,
			    TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem",
			    GNUTLS_X509_FMT_PEM) >= 0);
	assert_int_equal(
		gnutls_init(&server->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_AUTO_SEND_TICKET),
		0);
	assert_int_equal(gnutls_session_ticket_key_generate(&server->ticket_key), 0);
	assert_int_equal(
		gnutls_session_ticket_enable_server(server->session, &server->ticket_key), 0);
	assert_int_equal(
		gnutls_set_default_priority_append(server->session, "-VERS-ALL:+VERS-TLS1.3", NULL, 0), 0);
	gnutls_credentials_set(server->session, GNUTLS_CRD_CERTIFICATE, server->credentials);
	gnutls_transport_set_ptr(server->session, server);
	gnutls_transport_set_pull_function(server->session, pull);
	gnutls_transport_set_push_function(server->session, push);
}

static void server_finish(struct server *server)
{
	gnutls_deinit(server->session);
	gnutls_certificate_free_credentials(server->credentials);
	gnutls_free(server->ticket_key.data);
	envoi_buffer_finish(&server->input);
	envoi_buffer_finish(&server->output);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){0};
	struct envoi_settings *settings;
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->trust, f->context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	assert_int_equal(
		envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, "example.org", NULL), ENVOI_OK);
	server_init(&f->server, f->context);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	server_finish(&f->server);
	envoi__tls_free(f->client);
	envoi_tls_config_unref(f->trust);
	envoi_context_unref(f->context);
	return 0;
}

static void to_client(struct fixture *f)
{
	struct envoi_buffer *from = &f->server.output;
	assert_int_equal(
		envoi__tls_feed(f->client, envoi_buffer_data(from), envoi_buffer_len(from)), ENVOI_OK);
	envoi_buffer_consume(from, envoi_buffer_len(from));
}

static void to_server(struct fixture *f)
{
	struct envoi_buffer *from = envoi__tls_output(f->client);
	assert_int_equal(envoi_buffer_append(&f->server.input, envoi_buffer_data(from),
				 envoi_buffer_len(from)),
		ENVOI_OK);
	envoi_buffer_consume(from, envoi_buffer_len(from));
}

static void shake_hands(struct fixture *f)
{
	int client = ENVOI_AGAIN, server = GNUTLS_E_AGAIN;
	for (int round = 0; round < 10 && (client != ENVOI_OK || server != 0); round++) {
		if (client != ENVOI_OK) {
			client = envoi__tls_handshake(f->client);
		}
		to_server(f);
		if (server != 0) {
			server = gnutls_handshake(f->server.session);
		}
		to_client(f);
	}
	assert_int_equal(client, ENVOI_OK);
	assert_int_equal(server, 0);
}

static void text_behind_tickets_in_one_reading_is_read(void **state)
{
	struct fixture *f = *state;
	char data[16];
	size_t len;
	shake_hands(f);
	assert_int_equal(gnutls_session_ticket_send(f->server.session, 1, 0), 0);
	assert_int_equal(gnutls_session_ticket_send(f->server.session, 1, 0), 0);
	assert_int_equal(gnutls_record_send(f->server.session, "hello", 5), 5);
	to_client(f);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_OK);
	assert_int_equal(len, 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_AGAIN);
}

static void a_ticket_alone_is_nothing_to_read(void **state)
{
	struct fixture *f = *state;
	char data[16];
	size_t len;
	shake_hands(f);
	assert_int_equal(gnutls_session_ticket_send(f->server.session, 1, 0), 0);
	to_client(f);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			text_behind_tickets_in_one_reading_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ticket_alone_is_nothing_to_read, setup, teardown),
	};
	return cmocka_run_group_tests_name("crypto/tls tickets", tests, NULL, NULL);
}
