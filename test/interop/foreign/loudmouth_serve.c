/*
 * envoi - two clients of loudmouth at `envoi serve`: roster, subscriptions, presence, messages
 * SPDX-License-Identifier: MIT
 *
 * usage: loudmouth_serve PORT CA_FILE
 *
 * Ends with 0 when all has come that should. The library has no resumption.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <loudmouth/loudmouth.h>

enum {
	TIME_LIMIT = 15,
};

struct client {
	LmConnection *connection;
	const char *name;
	bool is_online;
	char seen[4000]; /* a line for each stanza */
};

static struct client alice = {.name = "alice"}, bob = {.name = "bob"};
static guint port;
static const char *ca_file;

static void fail(const char *what)
{
	fprintf(stderr, "%s\nalice has seen:\n%sbob has seen:\n%s", what, alice.seen, bob.seen);
	exit(1);
}

static const char *or_nothing(const char *text)
{
	return text == NULL ? "" : text;
}

static const char *child_text(LmMessageNode *node, const char *name)
{
	LmMessageNode *child = lm_message_node_get_child(node, name);
	return child == NULL ? "" : or_nothing(lm_message_node_get_value(child));
}

static void note(struct client *client, const char *a, const char *b, const char *c, const char *d)
{
	size_t len = strlen(client->seen);
	snprintf(client->seen + len, sizeof(client->seen) - len, "%s %s %s %s\n", a, b, c, d);
}

/* --- events --- */

static LmHandlerResult on_stanza(
	LmMessageHandler *handler, LmConnection *connection, LmMessage *message, gpointer user)
{
	LmMessageNode *node = lm_message_get_node(message);
	bool is_message = lm_message_get_type(message) == LM_MESSAGE_TYPE_MESSAGE;
	(void)handler, (void)connection;
	note(user, node->name, or_nothing(lm_message_node_get_attribute(node, "type")),
		or_nothing(lm_message_node_get_attribute(node, "from")),
		child_text(node, is_message ? "body" : "show"));
	return LM_HANDLER_RESULT_REMOVE_MESSAGE;
}

static LmHandlerResult on_iq(
	LmMessageHandler *handler, LmConnection *connection, LmMessage *message, gpointer user)
{
	LmMessageNode *query = lm_message_node_get_child(lm_message_get_node(message), "query");
	LmMessageNode *item = query == NULL ? NULL : query->children;
	(void)handler, (void)connection;
	for (; item != NULL; item = item->next) {
		note(user, "item", or_nothing(lm_message_node_get_attribute(item, "jid")),
			or_nothing(lm_message_node_get_attribute(item, "name")),
			or_nothing(lm_message_node_get_attribute(item, "subscription")));
	}
	return LM_HANDLER_RESULT_REMOVE_MESSAGE;
}

static void on_online(LmConnection *connection, gboolean is_good, gpointer user)
{
	struct client *client = user;
	(void)connection;
	if (!is_good) {
		fail("no login");
	}
	client->is_online = true;
}

static void on_open(LmConnection *connection, gboolean is_good, gpointer user)
{
	struct client *client = user;
	char password[64];
	if (!is_good) {
		fail("no stream");
	}
	snprintf(password, sizeof(password), "secret-%s", client->name);
	if (!lm_connection_authenticate(connection, client->name, password, client->name, on_online,
		    client, NULL, NULL)) {
		fail("no authentication");
	}
}

/* The certificate's name is compared with the server's, which is an address here. */
static LmSSLResponse on_doubt(LmSSL *ssl, LmSSLStatus status, gpointer user)
{
	(void)ssl, (void)user;
	return status == LM_SSL_STATUS_CERT_HOSTNAME_MISMATCH ? LM_SSL_RESPONSE_CONTINUE
							      : LM_SSL_RESPONSE_STOP;
}

/* --- doing --- */

static void run_once(time_t start)
{
	if (time(NULL) - start > TIME_LIMIT) {
		fail("too late");
	}
	g_main_context_iteration(NULL, FALSE);
	g_usleep(1000);
}

static void run_until_seen(struct client *client, const char *wanted)
{
	time_t start = time(NULL);
	while (strstr(client->seen, wanted) == NULL) {
		if (time(NULL) - start == TIME_LIMIT) {
			fprintf(stderr, "%s has not seen %s\n", client->name, wanted);
		}
		run_once(start);
	}
}

static void listen_for(struct client *client, LmMessageType type, LmHandleMessageFunction function)
{
	LmMessageHandler *handler = lm_message_handler_new(function, client, NULL);
	lm_connection_register_message_handler(
		client->connection, handler, type, LM_HANDLER_PRIORITY_NORMAL);
	lm_message_handler_unref(handler);
}

static void connect_client(struct client *client)
{
	char jid[64];
	time_t start = time(NULL);
	snprintf(jid, sizeof(jid), "%s@example.org", client->name);
	client->connection = lm_connection_new("127.0.0.1");
	lm_connection_set_port(client->connection, port);
	lm_connection_set_jid(client->connection, jid);
	LmSSL *ssl = lm_ssl_new(NULL, on_doubt, NULL, NULL);
	lm_ssl_use_starttls(ssl, TRUE, TRUE);
	lm_ssl_set_ca(ssl, ca_file);
	lm_connection_set_ssl(client->connection, ssl);
	lm_ssl_unref(ssl);
	listen_for(client, LM_MESSAGE_TYPE_MESSAGE, on_stanza);
	listen_for(client, LM_MESSAGE_TYPE_PRESENCE, on_stanza);
	listen_for(client, LM_MESSAGE_TYPE_IQ, on_iq);
	if (!lm_connection_open(client->connection, on_open, client, NULL, NULL)) {
		fail("no connection");
	}
	while (!client->is_online) {
		run_once(start);
	}
}

static void send_and_unref(struct client *client, LmMessage *message)
{
	lm_connection_send(client->connection, message, NULL);
	lm_message_unref(message);
}

static void say_message(struct client *client, const char *to, const char *text)
{
	LmMessage *message = lm_message_new_with_sub_type(
		to, LM_MESSAGE_TYPE_MESSAGE, LM_MESSAGE_SUB_TYPE_CHAT);
	lm_message_node_add_child(lm_message_get_node(message), "body", text);
	send_and_unref(client, message);
}

static void say_presence(
	struct client *client, const char *to, LmMessageSubType type, const char *show)
{
	LmMessage *presence = lm_message_new_with_sub_type(to, LM_MESSAGE_TYPE_PRESENCE, type);
	if (show != NULL) {
		lm_message_node_add_child(lm_message_get_node(presence), "show", show);
	}
	send_and_unref(client, presence);
}

static void say_roster(struct client *client, const char *jid, const char *name)
{
	LmMessage *iq = lm_message_new_with_sub_type(NULL, LM_MESSAGE_TYPE_IQ,
		jid == NULL ? LM_MESSAGE_SUB_TYPE_GET : LM_MESSAGE_SUB_TYPE_SET);
	LmMessageNode *query = lm_message_node_add_child(lm_message_get_node(iq), "query", NULL);
	lm_message_node_set_attribute(query, "xmlns", "jabber:iq:roster");
	if (jid != NULL) {
		LmMessageNode *item = lm_message_node_add_child(query, "item", NULL);
		lm_message_node_set_attributes(item, "jid", jid, "name", name, NULL);
	}
	send_and_unref(client, iq);
}

static void subscribe(void)
{
	say_roster(&alice, "bob@example.org", "Bob");
	run_until_seen(&alice, "item bob@example.org Bob none\n");
	say_presence(&alice, "bob@example.org", LM_MESSAGE_SUB_TYPE_SUBSCRIBE, NULL);
	run_until_seen(&bob, "presence subscribe alice@example.org \n");
	say_presence(&bob, "alice@example.org", LM_MESSAGE_SUB_TYPE_SUBSCRIBED, NULL);
	say_presence(&bob, "alice@example.org", LM_MESSAGE_SUB_TYPE_SUBSCRIBE, NULL);
	run_until_seen(&alice, "presence  bob@example.org/bob \n");
	run_until_seen(&alice, "presence subscribe bob@example.org \n");
	say_presence(&alice, "bob@example.org", LM_MESSAGE_SUB_TYPE_SUBSCRIBED, NULL);
	run_until_seen(&bob, "presence  alice@example.org/alice \n");
	run_until_seen(&alice, "item bob@example.org Bob both\n");
}

static void talk(void)
{
	say_presence(&bob, NULL, LM_MESSAGE_SUB_TYPE_NOT_SET, "away");
	run_until_seen(&alice, "presence  bob@example.org/bob away\n");
	say_presence(&alice, NULL, LM_MESSAGE_SUB_TYPE_NOT_SET, "dnd");
	run_until_seen(&bob, "presence  alice@example.org/alice dnd\n");
	say_message(&alice, "bob@example.org", "to the account");
	run_until_seen(&bob, "message chat alice@example.org/alice to the account\n");
	say_message(&bob, "alice@example.org/alice", "to the resource");
	run_until_seen(&alice, "message chat bob@example.org/bob to the resource\n");
	lm_connection_close(alice.connection, NULL);
	run_until_seen(&bob, "presence unavailable alice@example.org/alice \n");
	lm_connection_close(bob.connection, NULL);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: loudmouth_serve PORT CA_FILE\n", stderr);
		return 2;
	}
	port = (guint)atoi(argv[1]);
	ca_file = argv[2];
	connect_client(&alice);
	connect_client(&bob);
	say_roster(&alice, NULL, NULL);
	say_roster(&bob, NULL, NULL);
	say_presence(&alice, NULL, LM_MESSAGE_SUB_TYPE_NOT_SET, NULL);
	say_presence(&bob, NULL, LM_MESSAGE_SUB_TYPE_NOT_SET, NULL);
	subscribe();
	talk();
	return 0;
}
