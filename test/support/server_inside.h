/*
 * envoi - a small XMPP server in virtual time: what its files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_SERVER_INSIDE_H
#define ENVOI_TEST_SERVER_INSIDE_H

#include <envoi/buffer.h>
#include <envoi/interfaces/features.h>
#include <envoi/settings.h>

#include "server.h"
#include <envoi/interfaces/channel.h> /* direct TLS of the receiving side is not public */

struct contact {
	struct contact *next;
	char jid[256], name[64], subscription[8];
};

struct account {
	struct account *next;
	char user[64], password[64];
	struct contact *contacts;
	char *roster; /* sent in place of the contacts; NULL: none */
};

struct connection {
	struct envoi_stream_sink sink;
	struct test_server *server;
	struct envoi_stream *stream; /* NULL: still in the handshake of direct TLS */
	struct envoi_opening *opening; /* that handshake */
	struct envoi_memory_pair *pair;
	struct connection *next;
	struct envoi_element *presence; /* as last sent to others; NULL: not available */
	bool is_ready;
};

struct test_server {
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_jid *domain;
	struct test_server_knobs knobs;
	struct envoi_handler *starttls, *sasl, *bind;
	struct envoi_tls_config *certificate;
	struct envoi_bind_hook bind_hook;
	struct envoi_sasl_directory directory;
	struct account *accounts;
	struct connection *connections;
	struct envoi_memory_script scripts[2];
	size_t accepted, resources, lost;
	struct envoi_buffer heard;
};

/** @return NULL: there is none */
struct account *server_account(struct test_server *server, const char *user);
struct connection *server_find(struct test_server *server, const char *full_jid);

static inline const char *server_jid(const struct connection *connection)
{
	return envoi_jid_text(envoi_stream_local(connection->stream));
}

/** A stanza came. */
void server_route(struct connection *connection, struct envoi_element *element);
/** A connection has ended: the accounts that saw its presence are notified. */
void server_gone(struct connection *connection);

#endif
