/*
 * envoi - a TLS client on bare GnuTLS
 * SPDX-License-Identifier: MIT
 */
#include "tls_client.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/error.h>

static ssize_t pull(gnutls_transport_ptr_t user, void *data, size_t size)
{
	struct tls_client *client = user;
	size_t held = envoi_buffer_len(&client->input), len = held < size ? held : size;
	if (len == 0) {
		gnutls_transport_set_errno(client->session, EAGAIN);
		return -1;
	}
	memcpy(data, envoi_buffer_data(&client->input), len);
	envoi_buffer_consume(&client->input, len);
	return (ssize_t)len;
}

static ssize_t push(gnutls_transport_ptr_t user, const void *data, size_t len)
{
	struct tls_client *client = user;
	return envoi_buffer_append(&client->output, data, len) == ENVOI_OK ? (ssize_t)len : -1;
}

void tls_client_init(struct tls_client *client, struct envoi_context *context,
	const struct tls_client_options *options)
{
	*client = (struct tls_client){.result = GNUTLS_E_AGAIN};
	envoi_buffer_init(&client->input, context, 0);
	envoi_buffer_init(&client->output, context, 0);
	assert_int_equal(gnutls_certificate_allocate_credentials(&client->credentials), 0);
	if (options->certificate != NULL) {
		assert_true(gnutls_certificate_set_x509_key_file(client->credentials,
				    options->certificate, options->key, GNUTLS_X509_FMT_PEM) >= 0);
	}
	assert_int_equal(gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK), 0);
	assert_int_equal(
		gnutls_priority_set_direct(client->session,
			options->priorities == NULL ? "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
						    : options->priorities,
			NULL),
		0);
	gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
	if (options->server_name != NULL) {
		assert_int_equal(gnutls_server_name_set(client->session, GNUTLS_NAME_DNS,
					 options->server_name, strlen(options->server_name)),
			0);
	}
	if (options->resumed != NULL) {
		assert_int_equal(gnutls_session_set_data(client->session, options->resumed->data,
					 options->resumed->size),
			0);
	}
	gnutls_transport_set_ptr(client->session, client);
	gnutls_transport_set_pull_function(client->session, pull);
	gnutls_transport_set_push_function(client->session, push);
}

void tls_client_finish(struct tls_client *client)
{
	gnutls_deinit(client->session);
	gnutls_certificate_free_credentials(client->credentials);
	envoi_buffer_finish(&client->input);
	envoi_buffer_finish(&client->output);
}

void tls_client_to_server(struct tls_client *client, struct envoi__tls *server)
{
	assert_int_equal(envoi__tls_feed(server, envoi_buffer_data(&client->output),
				 envoi_buffer_len(&client->output)),
		ENVOI_OK);
	envoi_buffer_consume(&client->output, SIZE_MAX);
}

void tls_client_from_server(struct tls_client *client, struct envoi__tls *server)
{
	struct envoi_buffer *from = envoi__tls_output(server);
	assert_int_equal(envoi_buffer_append(
				 &client->input, envoi_buffer_data(from), envoi_buffer_len(from)),
		ENVOI_OK);
	envoi_buffer_consume(from, SIZE_MAX);
}

static void go_on(struct tls_client *client)
{
	char data[64];
	if (client->result == GNUTLS_E_AGAIN) {
		client->result = gnutls_handshake(client->session);
		if (client->result < 0 && gnutls_error_is_fatal(client->result)) {
			gnutls_alert_send_appropriate(client->session, client->result);
		}
	} else if (client->result == 0) {
		ssize_t r = gnutls_record_recv(client->session, data, sizeof(data));
		client->result = r < 0 && gnutls_error_is_fatal((int)r) ? (int)r : 0;
	}
}

int tls_client_shake_hands(struct tls_client *client, struct envoi__tls *server)
{
	char data[16];
	size_t len;
	int r = ENVOI_AGAIN;
	for (int round = 0; round < 8; round++) {
		go_on(client);
		tls_client_to_server(client, server);
		r = envoi__tls_handshake(server);
		tls_client_from_server(client, server);
	}
	if (r == ENVOI_OK) {
		r = envoi__tls_read(server, data, sizeof(data), &len);
		r = r == ENVOI_AGAIN ? ENVOI_OK : r;
	}
	return r;
}
