/*
 * envoi - tests: a server that accepts components over memory, in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_COMPONENT_SERVER_H
#define TEST_COMPONENT_SERVER_H

#include <envoi/interfaces/features.h>
#include <envoi/memory.h>

#include "recorder.h"

enum {
	COMPONENT_SERVER_CONNECTIONS = 32,
};

struct component_connection {
	struct recorder recorder; /* of the server's end */
	struct envoi_memory_pair *pair;
	struct component_server *server;
	struct envoi_opening *opening; /* of TLS; NULL: none, or done */
};

/** Accepts gw.example.org. Change @p secret and @p refusal at any time. */
struct component_server {
	struct envoi_context *context; /* borrowed */
	struct envoi_settings *settings;
	struct envoi_handshake_hook hook;
	struct envoi_handler *handler;
	struct envoi_session *session; /* of the next connection, in place of a recorder; or NULL */
	struct envoi_tls_config *tls; /* for direct TLS; NULL: in clear */
	const char *secret; /* NULL: the component is not known */
	enum envoi_stream_condition refusal; /* of one that knows the secret */
	struct component_connection *connections[COMPONENT_SERVER_CONNECTIONS];
	size_t count; /* of all times */
	char domain[64]; /* that was last connected to */
};

/** Asserts, as all here. */
void component_server_init(struct component_server *server, struct envoi_context *context);
void component_server_finish(struct component_server *server);

/** From now on connections are direct TLS, with the certificate of example.org. */
void component_server_use_tls(struct component_server *server);

/** @return a connector that leads to the server, owned by the caller */
struct envoi_connector *component_server_connector(struct component_server *server);

/** @return the last connection */
struct component_connection *component_server_last(struct component_server *server);
/** @return the lines of its recorder */
const char *component_server_lines(struct component_server *server);
/** Send a stanza on the last connection. */
void component_server_send(struct component_server *server, const char *xml);

#endif
