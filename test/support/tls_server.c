/*
 * envoi - a TLS server on bare GnuTLS
 * SPDX-License-Identifier: MIT
 */
#include "tls_server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/error.h>

static ssize_t pull(gnutls_transport_ptr_t user, void *data, size_t size)
{
	struct tls_server *server = user;
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
	struct tls_server *server = user;
	return envoi_buffer_append(&server->output, data, len) == ENVOI_OK ? (ssize_t)len : -1;
}

enum {
	EXTENSION_SESSION_TICKET = 35, /* RFC 5077, section 3.2 */
	EXTENSION_PRE_SHARED_KEY = 41, /* RFC 8446, section 4.2 */
};

static int on_extension(void *user, unsigned int type, const unsigned char *data, unsigned int size)
{
	(void)data;
	if (type == EXTENSION_PRE_SHARED_KEY || (type == EXTENSION_SESSION_TICKET && size > 0)) {
		*(bool *)user = true;
	}
	return 0;
}

static int refuse_sessions(gnutls_session_t session, unsigned int type, unsigned int when,
	unsigned int incoming, const gnutls_datum_t *message)
{
	(void)session;
	(void)type;
	(void)when;
	bool is_offered = false;
	if (incoming != 0) {
		gnutls_ext_raw_parse(
			&is_offered, on_extension, message, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
	}
	return is_offered ? GNUTLS_E_INTERNAL_ERROR : 0;
}

static void load(struct tls_server *server, const char *certificate)
{
	char cert_file[512], key_file[512];
	snprintf(cert_file, sizeof(cert_file), "%s/tls/%s.pem", TEST_DATA, certificate);
	snprintf(key_file, sizeof(key_file), "%s/tls/%s-key.pem", TEST_DATA,
		strcmp(certificate, "weak") == 0 ? "weak" : "server");
	assert_int_equal(gnutls_certificate_allocate_credentials(&server->credentials), 0);
	assert_true(gnutls_certificate_set_x509_key_file(
			    server->credentials, cert_file, key_file, GNUTLS_X509_FMT_PEM) >= 0);
}

void tls_server_init(struct tls_server *server, struct envoi_context *context,
	const struct tls_server_options *options)
{
	*server = (struct tls_server){.result = GNUTLS_E_AGAIN};
	envoi_buffer_init(&server->input, context, 0);
	envoi_buffer_init(&server->output, context, 0);
	load(server, options->certificate == NULL ? "right" : options->certificate);
	unsigned int kept = options->keeps_tickets ? GNUTLS_NO_AUTO_SEND_TICKET : 0;
	assert_int_equal(gnutls_init(&server->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | kept), 0);
	if (options->ticket_key != NULL) {
		assert_int_equal(
			gnutls_session_ticket_enable_server(server->session, options->ticket_key),
			0);
	}
	assert_int_equal(
		gnutls_priority_set_direct(server->session,
			options->priorities == NULL ? "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
						    : options->priorities,
			NULL),
		0);
	gnutls_credentials_set(server->session, GNUTLS_CRD_CERTIFICATE, server->credentials);
	if (options->refuses_sessions) {
		gnutls_handshake_set_hook_function(server->session, GNUTLS_HANDSHAKE_CLIENT_HELLO,
			GNUTLS_HOOK_PRE, refuse_sessions);
	}
	if (options->asks_certificate) {
		gnutls_certificate_server_set_request(server->session, GNUTLS_CERT_REQUEST);
	}
	gnutls_transport_set_ptr(server->session, server);
	gnutls_transport_set_pull_function(server->session, pull);
	gnutls_transport_set_push_function(server->session, push);
}

void tls_server_finish(struct tls_server *server)
{
	gnutls_deinit(server->session);
	gnutls_certificate_free_credentials(server->credentials);
	envoi_buffer_finish(&server->input);
	envoi_buffer_finish(&server->output);
}

void tls_server_to_client(struct tls_server *server, struct envoi__tls *client)
{
	struct envoi_buffer *from = &server->output;
	assert_int_equal(
		envoi__tls_feed(client, envoi_buffer_data(from), envoi_buffer_len(from)), ENVOI_OK);
	envoi_buffer_consume(from, envoi_buffer_len(from));
}

void tls_server_from_client(struct tls_server *server, struct envoi__tls *client)
{
	struct envoi_buffer *from = envoi__tls_output(client);
	assert_int_equal(envoi_buffer_append(
				 &server->input, envoi_buffer_data(from), envoi_buffer_len(from)),
		ENVOI_OK);
	envoi_buffer_consume(from, envoi_buffer_len(from));
}

void tls_server_go_on(struct tls_server *server)
{
	if (server->result == GNUTLS_E_AGAIN) {
		server->result = gnutls_handshake(server->session);
		if (server->result != 0 && gnutls_error_is_fatal(server->result)) {
			gnutls_alert_send_appropriate(server->session, server->result);
		}
	}
}

int tls_server_shake_hands(struct tls_server *server, struct envoi__tls *client)
{
	int r = ENVOI_AGAIN;
	for (int round = 0; round < 10; round++) {
		r = envoi__tls_handshake(client);
		tls_server_from_client(server, client);
		tls_server_go_on(server);
		tls_server_to_client(server, client);
	}
	return r;
}
