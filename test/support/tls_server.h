/*
 * envoi - a TLS server on bare GnuTLS, which does what our engine would not: asks for certificates,
 * hands out tickets
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_TLS_SERVER_H
#define ENVOI_TEST_TLS_SERVER_H

#include <stdbool.h>

#include <gnutls/gnutls.h>

#include <envoi/buffer.h>

#include "tls/tls_engine.h"

struct tls_server_options {
	const char *certificate; /* of test/data/tls; NULL: "right" */
	const char *priorities; /* NULL: TLS 1.3 and 1.2 */
	bool asks_certificate;
	const gnutls_datum_t *ticket_key; /* borrowed; NULL: no tickets */
	bool refuses_sessions; /* by a fatal alert for a ClientHello that offers one */
	bool keeps_tickets; /* until gnutls_session_ticket_send() */
};

struct tls_server {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct envoi_buffer input, output;
	int result; /* of the handshake */
};

/** Asserts. */
void tls_server_init(struct tls_server *server, struct envoi_context *context,
	const struct tls_server_options *options);
void tls_server_finish(struct tls_server *server);

/** Move what one has for the other. Asserts. */
void tls_server_to_client(struct tls_server *server, struct envoi__tls *client);
void tls_server_from_client(struct tls_server *server, struct envoi__tls *client);

/** On with the handshake, if it is not over, with what has come. */
void tls_server_go_on(struct tls_server *server);

/** Shake hands, as far as it goes. @return the client's result */
int tls_server_shake_hands(struct tls_server *server, struct envoi__tls *client);

#endif
