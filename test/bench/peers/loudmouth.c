/*
 * envoi - benchmarks: loudmouth
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <loudmouth/loudmouth.h>

#include "peer.h"

#define ROSTER "jabber:iq:roster"

static GMainLoop *loop;

static void check(gboolean is_good, const char *what)
{
	peer_check(is_good != FALSE, what);
}

static void stop_if_done(void)
{
	if (peer_must_stop()) {
		g_main_loop_quit(loop);
	}
}

static void answer(LmConnection *connection, LmMessageNode *message)
{
	LmMessageNode *body = lm_message_node_get_child(message, "body");
	LmMessage *reply = lm_message_new_with_sub_type(
		lm_message_node_get_attribute(message, "from"), LM_MESSAGE_TYPE_MESSAGE,
		LM_MESSAGE_SUB_TYPE_CHAT);
	lm_message_node_add_child(
		lm_message_get_node(reply), "body", lm_message_node_get_value(body));
	lm_connection_send(connection, reply, NULL);
	lm_message_unref(reply);
}

static LmHandlerResult on_message(
	LmMessageHandler *handler, LmConnection *connection, LmMessage *message, gpointer user)
{
	(void)handler, (void)user;
	peer.messages++;
	stop_if_done();
	if (peer.echoes) {
		answer(connection, lm_message_get_node(message));
	}
	return LM_HANDLER_RESULT_REMOVE_MESSAGE;
}

static LmHandlerResult on_roster(
	LmMessageHandler *handler, LmConnection *connection, LmMessage *result, gpointer user)
{
	(void)handler, (void)connection, (void)user;
	LmMessageNode *query = lm_message_node_get_child(lm_message_get_node(result), "query");
	for (LmMessageNode *item = query->children; item != NULL; item = item->next) {
		peer.contacts += lm_message_node_get_attribute(item, "jid") != NULL &&
			strcmp(lm_message_node_get_attribute(item, "subscription"), "both") == 0;
	}
	stop_if_done();
	return LM_HANDLER_RESULT_REMOVE_MESSAGE;
}

static void fetch_roster(LmConnection *connection)
{
	LmMessage *request = lm_message_new_with_sub_type(
		NULL, LM_MESSAGE_TYPE_IQ, LM_MESSAGE_SUB_TYPE_GET);
	LmMessageNode *query = lm_message_node_add_child(
		lm_message_get_node(request), "query", NULL);
	LmMessageHandler *handler = lm_message_handler_new(on_roster, NULL, NULL);
	lm_message_node_set_attribute(query, "xmlns", ROSTER);
	lm_connection_send_with_reply(connection, request, handler, NULL);
	lm_message_handler_unref(handler);
	lm_message_unref(request);
}

static void on_online(LmConnection *connection, gboolean is_good, gpointer user)
{
	(void)user;
	check(is_good, "no login");
	if (peer.has_roster) {
		fetch_roster(connection);
	}
	LmMessage *presence = lm_message_new(NULL, LM_MESSAGE_TYPE_PRESENCE);
	lm_connection_send(connection, presence, NULL);
	lm_message_unref(presence);
	peer_is_online();
	stop_if_done();
}

static void on_open(LmConnection *connection, gboolean is_good, gpointer user)
{
	(void)user;
	check(is_good, "no stream");
	check(lm_connection_authenticate(
		      connection, "alice", PEER_PASSWORD, "bench", on_online, NULL, NULL, NULL),
		"no authentication");
}

static gboolean release(gpointer connection)
{
	lm_connection_unref(connection);
	peer_has_closed();
	stop_if_done();
	return FALSE;
}

static void on_close(LmConnection *connection, LmDisconnectReason reason, gpointer user)
{
	(void)reason, (void)user;
	g_idle_add(release, connection);
}

/* The certificate's name is compared with the server's, which is the address here. */
static LmSSLResponse on_doubt(LmSSL *ssl, LmSSLStatus status, gpointer user)
{
	(void)ssl, (void)user;
	return status == LM_SSL_STATUS_CERT_HOSTNAME_MISMATCH ? LM_SSL_RESPONSE_CONTINUE
							      : LM_SSL_RESPONSE_STOP;
}

void peer_begin(void)
{
	loop = g_main_loop_new(NULL, FALSE);
}

void peer_open(void)
{
	LmConnection *connection = lm_connection_new("127.0.0.1");
	LmMessageHandler *handler = lm_message_handler_new(on_message, NULL, NULL);
	lm_connection_set_port(connection, (guint)peer.port_number);
	lm_connection_set_jid(connection, PEER_JID);
	lm_connection_set_disconnect_function(connection, on_close, NULL, NULL);
	lm_connection_register_message_handler(
		connection, handler, LM_MESSAGE_TYPE_MESSAGE, LM_HANDLER_PRIORITY_NORMAL);
	lm_message_handler_unref(handler);
	if (peer.ca_file != NULL) {
		LmSSL *ssl = lm_ssl_new(NULL, on_doubt, NULL, NULL);
		lm_ssl_use_starttls(ssl, TRUE, TRUE);
		lm_ssl_set_ca(ssl, peer.ca_file);
		lm_connection_set_ssl(connection, ssl);
		lm_ssl_unref(ssl);
	}
	check(lm_connection_open(connection, on_open, NULL, NULL, NULL), "no connection");
}

void peer_run(void)
{
	g_main_loop_run(loop);
}

void peer_parse(const char *data, size_t len)
{
	(void)data, (void)len;
	peer_fail("no public parser");
}
