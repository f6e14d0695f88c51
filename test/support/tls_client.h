/*
 * envoi - a TLS client on bare GnuTLS, for our engine as a server
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_TLS_CLIENT_H
#define ENVOI_TEST_TLS_CLIENT_H

#include <gnutls/gnutls.h>

#include <envoi/buffer.h>

#include "tls/tls_engine.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

struct tls_client_options {
	const char *priorities; /* NULL: TLS 1.3 and 1.2 */
	const char *server_name; /* of SNI; NULL: none */
	const char *certificate, *key; /* of the client, paths; NULL: none */
	const gnutls_datum_t *resumed; /* a session; NULL: a new one */
};

struct tls_client {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct envoi_buffer input, output;
	int result; /* of the handshake */
};

/** Asserts. */
void tls_client_init(struct tls_client *client, struct envoi_context *context,
	const struct tls_client_options *options);
void tls_client_finish(struct tls_client *client);

/** Move what one has for the other. Asserts. */
void tls_client_to_server(struct tls_client *client, struct envoi__tls *server);
void tls_client_from_server(struct tls_client *client, struct envoi__tls *server);

/** Shake hands, as far as it goes; then read what the server has sent behind. @return the server's
 * result, also of a read behind the handshake */
int tls_client_shake_hands(struct tls_client *client, struct envoi__tls *server);

#endif
