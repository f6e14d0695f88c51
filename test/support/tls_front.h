/*
 * envoi - TLS that stands before the server in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_TLS_FRONT_H
#define ENVOI_TEST_TLS_FRONT_H

#include "server.h"
#include "tls_server.h"

enum {
	TLS_FRONT_CONNECTIONS = 8,
};

/**
 * Direct TLS, or STARTTLS, on bare GnuTLS, which can do what our receiving side does not: hand
 * out tickets, and misbehave. What it deciphers goes to a test server without TLS, over a second
 * pair.
 *
 * Connections are made ready one by one, in the order in which they will come; one that was not is
 * refused.
 */
struct tls_front;

/** @param server  with the knob no_tls; must outlive it. Asserts */
struct tls_front *tls_front_new(struct envoi_context *context, struct test_server *server);
void tls_front_free(struct tls_front *front);

/** Make one more connection ready. Asserts. @param options borrowed for the call, its key longer */
void tls_front_expect(struct tls_front *front, const struct tls_server_options *options);
/** STARTTLS in place of direct TLS, for the connections made from now on.
 * @param from  the `from` of its header, in clear; borrowed */
void tls_front_starttls(struct tls_front *front, const char *from);
/** How the connections made from now on behave. @param script copied */
void tls_front_script(struct tls_front *front, const struct envoi_memory_script *script);

/** @return a new connector that leads here, to be given to a client with the right tls.mode;
 * asserts */
struct envoi_connector *tls_front_connector(struct tls_front *front);

/** @return connections that have come */
size_t tls_front_count(const struct tls_front *front);
/** @return one of them; NULL: it has not come */
gnutls_session_t tls_front_session(const struct tls_front *front, size_t index);
/** @return its pair, the client on side A; borrowed; NULL: it has not come */
struct envoi_memory_pair *tls_front_pair(const struct tls_front *front, size_t index);

#endif
