/*
 * envoi - two clients of libstrophe log in to a server and write to each other
 * SPDX-License-Identifier: MIT
 *
 * usage: strophe_talk PORT CA_FILE (starttls|direct)
 *
 * Ends with 0 when both messages have come from the right addresses.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <strophe.h>

enum {
	TIME_LIMIT = 20,
};

struct client {
	xmpp_conn_t *connection;
	struct client *other;
	const char *name, *wanted_from, *wanted_text;
	bool is_online, has_received;
};

static struct client clients[2] = {
	{.name = "alice", .wanted_from = "bob@example.org/bob", .wanted_text = "to the resource"},
	{.name = "bob", .wanted_from = "alice@example.org/alice", .wanted_text = "to the account"},
};
static bool has_failed;

static void send_message(struct client *from, const char *to, const char *text)
{
	xmpp_stanza_t *message = xmpp_message_new(
		xmpp_conn_get_context(from->connection), "chat", to, NULL);
	xmpp_message_set_body(message, text);
	xmpp_send(from->connection, message);
	xmpp_stanza_release(message);
}

static int on_message(xmpp_conn_t *connection, xmpp_stanza_t *stanza, void *user)
{
	struct client *client = user;
	char *body = xmpp_message_get_body(stanza);
	const char *from = xmpp_stanza_get_from(stanza);
	(void)connection;
	if (from == NULL || body == NULL || strcmp(from, client->wanted_from) != 0 ||
		strcmp(body, client->wanted_text) != 0) {
		fprintf(stderr, "%s: from %s: %s\n", client->name, from != NULL ? from : "nobody",
			body != NULL ? body : "nothing");
		has_failed = true;
	}
	xmpp_free(xmpp_conn_get_context(client->connection), body);
	client->has_received = true;
	if (client == &clients[1]) {
		send_message(client, "alice@example.org/alice", "to the resource");
	}
	return 1;
}

static void on_event(xmpp_conn_t *connection, xmpp_conn_event_t event, int error,
	xmpp_stream_error_t *stream_error, void *user)
{
	struct client *client = user;
	(void)error;
	(void)stream_error;
	if (event != XMPP_CONN_CONNECT) {
		has_failed = has_failed || !client->has_received;
		return;
	}
	client->is_online = true;
	xmpp_handler_add(connection, on_message, NULL, "message", "chat", client);
	if (client->other->is_online) {
		send_message(&clients[0], "bob@example.org", "to the account");
	}
}

static void connect_client(xmpp_ctx_t *context, struct client *client, unsigned short port,
	const char *ca_file, bool is_direct)
{
	char jid[64], password[64];
	snprintf(jid, sizeof(jid), "%s@example.org/%s", client->name, client->name);
	snprintf(password, sizeof(password), "secret-%s", client->name);
	client->connection = xmpp_conn_new(context);
	xmpp_conn_set_flags(client->connection,
		is_direct ? XMPP_CONN_FLAG_LEGACY_SSL : XMPP_CONN_FLAG_MANDATORY_TLS);
	xmpp_conn_set_cafile(client->connection, ca_file);
	xmpp_conn_set_jid(client->connection, jid);
	xmpp_conn_set_pass(client->connection, password);
	if (xmpp_connect_client(client->connection, "127.0.0.1", port, on_event, client) !=
		XMPP_EOK) {
		has_failed = true;
	}
}

int main(int argc, char **argv)
{
	time_t start = time(NULL);
	if (argc != 4) {
		fputs("usage: strophe_talk PORT CA_FILE (starttls|direct)\n", stderr);
		return 2;
	}
	xmpp_initialize();
	xmpp_ctx_t *context = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_WARN));
	for (int i = 0; i < 2; i++) {
		clients[i].other = &clients[1 - i];
		connect_client(context, &clients[i], (unsigned short)atoi(argv[1]), argv[2],
			strcmp(argv[3], "direct") == 0);
	}
	while (!has_failed && !(clients[0].has_received && clients[1].has_received) &&
		time(NULL) - start < TIME_LIMIT) {
		xmpp_run_once(context, 10);
	}
	bool is_done = !has_failed && clients[0].has_received && clients[1].has_received;
	for (int i = 0; i < 2; i++) {
		xmpp_conn_release(clients[i].connection);
	}
	xmpp_ctx_free(context);
	xmpp_shutdown();
	return is_done ? 0 : 1;
}
