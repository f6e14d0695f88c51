/*
 * envoi - benchmarks: libstrophe
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <strophe.h>

#include "peer.h"

enum {
	WAIT_MS = 1000,
};

static xmpp_ctx_t *context;
static xmpp_conn_t *closed; /* is released outside of its own callback */

static void answer(xmpp_conn_t *connection, xmpp_stanza_t *message)
{
	char *body = xmpp_message_get_body(message);
	xmpp_stanza_t *reply = xmpp_stanza_reply(message);
	xmpp_message_set_body(reply, body);
	xmpp_send(connection, reply);
	xmpp_stanza_release(reply);
	xmpp_free(context, body);
}

static int on_message(xmpp_conn_t *connection, xmpp_stanza_t *message, void *user)
{
	(void)user;
	peer.messages++;
	if (peer.echoes) {
		answer(connection, message);
	}
	return 1;
}

static int on_roster(xmpp_conn_t *connection, xmpp_stanza_t *result, void *user)
{
	(void)connection, (void)user;
	xmpp_stanza_t *item = xmpp_stanza_get_children(xmpp_stanza_get_children(result));
	for (; item != NULL; item = xmpp_stanza_get_next(item)) {
		const char *subscription = xmpp_stanza_get_attribute(item, "subscription");
		peer.contacts += xmpp_stanza_get_attribute(item, "jid") != NULL &&
			strcmp(subscription, "both") == 0;
	}
	return 0;
}

static void fetch_roster(xmpp_conn_t *connection)
{
	xmpp_stanza_t *request = xmpp_iq_new(context, "get", "roster");
	xmpp_stanza_t *query = xmpp_stanza_new(context);
	xmpp_stanza_set_name(query, "query");
	xmpp_stanza_set_ns(query, XMPP_NS_ROSTER);
	xmpp_stanza_add_child(request, query);
	xmpp_stanza_release(query);
	xmpp_id_handler_add(connection, on_roster, "roster", NULL);
	xmpp_send(connection, request);
	xmpp_stanza_release(request);
}

static void on_online(xmpp_conn_t *connection)
{
	xmpp_handler_add(connection, on_message, NULL, "message", NULL, NULL);
	if (peer.has_roster) {
		fetch_roster(connection);
	}
	xmpp_stanza_t *presence = xmpp_presence_new(context);
	xmpp_send(connection, presence);
	xmpp_stanza_release(presence);
	peer_is_online();
}

static void on_change(xmpp_conn_t *connection, xmpp_conn_event_t status, int error,
	xmpp_stream_error_t *stream_error, void *user)
{
	(void)error, (void)stream_error, (void)user;
	if (status == XMPP_CONN_CONNECT) {
		on_online(connection);
	} else {
		closed = connection;
		peer_has_closed();
	}
}

void peer_begin(void)
{
	xmpp_initialize();
	context = xmpp_ctx_new(NULL, NULL);
	peer_check(context != NULL, "out of memory");
}

void peer_open(void)
{
	xmpp_conn_t *connection = xmpp_conn_new(context);
	xmpp_conn_set_jid(connection, PEER_JID);
	xmpp_conn_set_pass(connection, PEER_PASSWORD);
	if (peer.ca_file != NULL) {
		xmpp_conn_set_flags(connection, XMPP_CONN_FLAG_MANDATORY_TLS);
		xmpp_conn_set_cafile(connection, peer.ca_file);
	} else {
		xmpp_conn_set_flags(connection, XMPP_CONN_FLAG_DISABLE_TLS);
	}
	int r = xmpp_connect_client(
		connection, "127.0.0.1", (unsigned short)peer.port_number, on_change, NULL);
	peer_check(r == XMPP_EOK, "no connection");
}

void peer_run(void)
{
	xmpp_run_once(context, WAIT_MS);
	if (closed != NULL) {
		xmpp_conn_release(closed);
		closed = NULL;
	}
}

/* Its stream parser is private; the public function takes one stanza. */
void peer_parse(const char *data, size_t len)
{
	size_t each = len / peer.count;
	char *stanza = calloc(1, each + 1);
	peer_begin();
	peer_check(stanza != NULL, "out of memory");
	for (size_t at = 0; at < len; at += each) {
		memcpy(stanza, data + at, each);
		xmpp_stanza_t *tree = xmpp_stanza_new_from_string(context, stanza);
		peer.stanzas += tree != NULL;
		xmpp_stanza_release(tree);
	}
	free(stanza);
}
