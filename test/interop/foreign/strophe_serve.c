/*
 * envoi - two clients of libstrophe at `envoi serve`: roster, subscriptions, presence, messages,
 * resumption
 * SPDX-License-Identifier: MIT
 *
 * usage: strophe_serve PORT CA_FILE
 *
 * Ends with 0 when all has come that should.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <strophe.h>

enum {
	TIME_LIMIT = 15,
};

struct client {
	xmpp_ctx_t *context;
	xmpp_conn_t *connection;
	xmpp_sm_state_t *sm; /* of a lost connection, until it is used */
	const char *name;
	int socket;
	bool is_online, is_lost;
	char seen[4000]; /* a line for each stanza */
};

static struct client alice = {.name = "alice"}, bob = {.name = "bob"};
static unsigned short port;
static const char *ca_file;

static void fail(const char *what)
{
	fprintf(stderr, "%s\nalice has seen:\n%sbob has seen:\n%s", what, alice.seen, bob.seen);
	exit(1);
}

/* --- events --- */

static const char *or_nothing(const char *text)
{
	return text == NULL ? "" : text;
}

static void see(struct client *client, xmpp_stanza_t *stanza)
{
	size_t len = strlen(client->seen);
	char *body = xmpp_message_get_body(stanza);
	xmpp_stanza_t *show = xmpp_stanza_get_child_by_name(stanza, "show");
	char *text = show == NULL ? NULL : xmpp_stanza_get_text(show);
	snprintf(client->seen + len, sizeof(client->seen) - len, "%s %s %s %s\n",
		xmpp_stanza_get_name(stanza), or_nothing(xmpp_stanza_get_type(stanza)),
		or_nothing(xmpp_stanza_get_from(stanza)), or_nothing(body != NULL ? body : text));
	xmpp_free(client->context, body);
	xmpp_free(client->context, text);
}

/* Of each name a function: the library takes one for one handler. */
static int on_message(xmpp_conn_t *connection, xmpp_stanza_t *stanza, void *user)
{
	(void)connection;
	see(user, stanza);
	return 1;
}

static int on_presence(xmpp_conn_t *connection, xmpp_stanza_t *stanza, void *user)
{
	(void)connection;
	see(user, stanza);
	return 1;
}

static int on_roster(xmpp_conn_t *connection, xmpp_stanza_t *stanza, void *user)
{
	struct client *client = user;
	xmpp_stanza_t *query = xmpp_stanza_get_child_by_name(stanza, "query");
	xmpp_stanza_t *item = query == NULL ? NULL : xmpp_stanza_get_children(query);
	(void)connection;
	for (; item != NULL; item = xmpp_stanza_get_next(item)) {
		size_t len = strlen(client->seen);
		snprintf(client->seen + len, sizeof(client->seen) - len, "item %s %s %s\n",
			or_nothing(xmpp_stanza_get_attribute(item, "jid")),
			or_nothing(xmpp_stanza_get_attribute(item, "name")),
			or_nothing(xmpp_stanza_get_attribute(item, "subscription")));
	}
	return 1;
}

static void on_event(xmpp_conn_t *connection, xmpp_conn_event_t event, int error,
	xmpp_stream_error_t *stream_error, void *user)
{
	struct client *client = user;
	(void)error;
	(void)stream_error;
	if (event == XMPP_CONN_CONNECT) {
		client->is_online = true;
	} else {
		client->is_lost = true;
		client->is_online = false;
		client->sm = xmpp_conn_get_sm_state(connection);
	}
}

static int on_socket(xmpp_conn_t *connection, void *sock)
{
	struct client *client = alice.connection == connection ? &alice : &bob;
	client->socket = *(int *)sock;
	return 0;
}

/* --- doing --- */

static void run_until_seen(struct client *client, const char *wanted)
{
	time_t start = time(NULL);
	while (strstr(client->seen, wanted) == NULL) {
		if (time(NULL) - start > TIME_LIMIT) {
			fprintf(stderr, "%s has not seen %s\n", client->name, wanted);
			fail("too late");
		}
		xmpp_run_once(client->context, 10);
	}
}

static void run_until(struct client *client, const bool *is_done)
{
	time_t start = time(NULL);
	while (!*is_done) {
		if (time(NULL) - start > TIME_LIMIT) {
			fail("too late");
		}
		xmpp_run_once(client->context, 10);
	}
}

static void connect_client(struct client *client)
{
	char jid[64], password[64];
	snprintf(jid, sizeof(jid), "%s@example.org/%s", client->name, client->name);
	snprintf(password, sizeof(password), "secret-%s", client->name);
	client->connection = xmpp_conn_new(client->context);
	xmpp_conn_set_flags(client->connection, XMPP_CONN_FLAG_MANDATORY_TLS);
	xmpp_conn_set_cafile(client->connection, ca_file);
	xmpp_conn_set_jid(client->connection, jid);
	xmpp_conn_set_pass(client->connection, password);
	xmpp_conn_set_sockopt_callback(client->connection, on_socket);
	if (client->sm != NULL && xmpp_conn_set_sm_state(client->connection, client->sm) != 0) {
		fail("the state cannot be used");
	}
	client->sm = NULL;
	xmpp_handler_add(client->connection, on_message, NULL, "message", NULL, client);
	xmpp_handler_add(client->connection, on_presence, NULL, "presence", NULL, client);
	xmpp_handler_add(client->connection, on_roster, "jabber:iq:roster", "iq", NULL, client);
	if (xmpp_connect_client(client->connection, "127.0.0.1", port, on_event, client) !=
		XMPP_EOK) {
		fail("no connection");
	}
	run_until(client, &client->is_online);
}

static void say_message(struct client *client, const char *to, const char *text)
{
	xmpp_stanza_t *message = xmpp_message_new(client->context, "chat", to, NULL);
	xmpp_message_set_body(message, text);
	xmpp_send(client->connection, message);
	xmpp_stanza_release(message);
}

static void say_presence(struct client *client, const char *to, const char *type, const char *show)
{
	xmpp_stanza_t *presence = xmpp_presence_new(client->context);
	if (to != NULL) {
		xmpp_stanza_set_to(presence, to);
	}
	if (type != NULL) {
		xmpp_stanza_set_type(presence, type);
	}
	if (show != NULL) {
		xmpp_stanza_t *child = xmpp_stanza_new(client->context);
		xmpp_stanza_t *text = xmpp_stanza_new(client->context);
		xmpp_stanza_set_name(child, "show");
		xmpp_stanza_set_text(text, show);
		xmpp_stanza_add_child(child, text);
		xmpp_stanza_add_child(presence, child);
		xmpp_stanza_release(text);
		xmpp_stanza_release(child);
	}
	xmpp_send(client->connection, presence);
	xmpp_stanza_release(presence);
}

static void say_roster(struct client *client, const char *jid, const char *name)
{
	xmpp_stanza_t *iq = xmpp_iq_new(client->context, jid == NULL ? "get" : "set", "roster");
	xmpp_stanza_t *query = xmpp_stanza_new(client->context);
	xmpp_stanza_set_name(query, "query");
	xmpp_stanza_set_ns(query, "jabber:iq:roster");
	if (jid != NULL) {
		xmpp_stanza_t *item = xmpp_stanza_new(client->context);
		xmpp_stanza_set_name(item, "item");
		xmpp_stanza_set_attribute(item, "jid", jid);
		xmpp_stanza_set_attribute(item, "name", name);
		xmpp_stanza_add_child(query, item);
		xmpp_stanza_release(item);
	}
	xmpp_stanza_add_child(iq, query);
	xmpp_send(client->connection, iq);
	xmpp_stanza_release(query);
	xmpp_stanza_release(iq);
}

static void talk(void)
{
	connect_client(&alice);
	connect_client(&bob);
	say_roster(&alice, NULL, NULL);
	say_roster(&bob, NULL, NULL);
	say_presence(&alice, NULL, NULL, NULL);
	say_presence(&bob, NULL, NULL, NULL);
	say_roster(&alice, "bob@example.org", "Bob");
	run_until_seen(&alice, "item bob@example.org Bob none\n");
	say_presence(&alice, "bob@example.org", "subscribe", NULL);
	run_until_seen(&bob, "presence subscribe alice@example.org \n");
	say_presence(&bob, "alice@example.org", "subscribed", NULL);
	say_presence(&bob, "alice@example.org", "subscribe", NULL);
	run_until_seen(&alice, "presence  bob@example.org/bob \n");
	/* approval of what was not requested changes nothing (RFC 6121, appendix A) */
	run_until_seen(&alice, "presence subscribe bob@example.org \n");
	say_presence(&alice, "bob@example.org", "subscribed", NULL);
	run_until_seen(&bob, "presence  alice@example.org/alice \n");
	run_until_seen(&alice, "item bob@example.org Bob both\n");
	say_presence(&bob, NULL, NULL, "away");
	run_until_seen(&alice, "presence  bob@example.org/bob away\n");
	say_message(&alice, "bob@example.org", "to the account");
	run_until_seen(&bob, "message chat alice@example.org/alice to the account\n");
	say_message(&bob, "alice@example.org/alice", "to the resource");
	run_until_seen(&alice, "message chat bob@example.org/bob to the resource\n");
}

static void resume(void)
{
	shutdown(alice.socket, SHUT_RDWR);
	run_until(&alice, &alice.is_lost);
	xmpp_conn_release(alice.connection);
	say_message(&bob, "alice@example.org", "while it is lost");
	connect_client(&alice);
	run_until_seen(&alice, "message chat bob@example.org/bob while it is lost\n");
	if (strstr(bob.seen, "presence unavailable") != NULL) {
		fail("the session was not resumed");
	}
	xmpp_disconnect(alice.connection);
	run_until_seen(&bob, "presence unavailable alice@example.org/alice \n");
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: strophe_serve PORT CA_FILE\n", stderr);
		return 2;
	}
	port = (unsigned short)atoi(argv[1]);
	ca_file = argv[2];
	signal(SIGPIPE, SIG_IGN);
	xmpp_initialize();
	alice.context = bob.context = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_WARN));
	talk();
	resume();
	xmpp_conn_release(alice.connection);
	xmpp_conn_release(bob.connection);
	xmpp_ctx_free(alice.context);
	xmpp_shutdown();
	return 0;
}
