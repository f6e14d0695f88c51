/*
 * envoi-server - clients of the library at the web service, over TCP on loopback
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/store.h>
#include <envoi/server.h>

enum {
	MOST_TURNS = 200000,
	MOST_FD = 4096,
	MESSAGES = 1000,
};

static const struct route {
	const char *scheme, *path;
	bool is_secure;
} wss = {"wss:", "/xmpp-websocket", true}, ws = {"ws:", "/xmpp-websocket", false},
  https = {"https:", "/http-bind", true}, http = {"http:", "/http-bind", false};

static struct world {
	struct envoi_server_hook hook;
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct envoi_store *store;
	struct envoi_server *server;
	uint16_t port;
	unsigned int logged_in, suspended, resumed, ended, accounts;
	char mechanism[64]; /* of the last login */
} world;

/* --- the server --- */

static void on_reported(struct envoi_server_hook *hook, const struct envoi_server_report *report)
{
	(void)hook;
	world.suspended += report->act == ENVOI_SERVER_SUSPENDED;
	world.resumed += report->act == ENVOI_SERVER_RESUMED;
	world.ended += report->act == ENVOI_SERVER_ENDED;
	if (report->act == ENVOI_SERVER_LOGGED_IN) {
		world.logged_in++;
		snprintf(world.mechanism, sizeof(world.mechanism), "%s", report->mechanism);
	}
}

static const struct envoi_server_hook_impl hook_impl = {.reported = on_reported};

static void on_changed(void *user, int code)
{
	(void)user;
	assert_int_equal(code, ENVOI_OK);
	world.accounts++;
}

/* Runs until a number is reached; each turn waits for something to happen. */
static void run_until(const unsigned int *number, unsigned int least)
{
	struct envoi_loop *loop = envoi_context_loop(world.context);
	for (unsigned int turns = 0; *number < least; turns++) {
		assert_true(turns < MOST_TURNS);
		assert_true(envoi_loop_run_once(loop, true) >= 0);
	}
}

static void make_server(void)
{
	const struct envoi_server_options options = {.domain = "example.org",
		.store = world.store,
		.tls = world.tls,
		.settings = world.settings,
		.hook = &world.hook};
	assert_int_equal(envoi_server_new(&world.server, world.context, &options), ENVOI_OK);
	assert_int_equal(
		envoi_server_set_password(world.server, "alice", "secret", true, on_changed, NULL),
		ENVOI_OK);
	assert_int_equal(
		envoi_server_set_password(world.server, "bob", "secret", true, on_changed, NULL),
		ENVOI_OK);
	run_until(&world.accounts, 2);
}

static void begin(bool is_secure, const char *mechanism)
{
	world = (struct world){.hook.impl = &hook_impl};
	assert_int_equal(envoi_context_new(&world.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_server_add_settings(world.context), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&world.settings, world.context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(world.settings, "sasl.mechanisms", mechanism), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(world.settings, "server.scram-iterations", "4096"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new_server(&world.tls, world.context,
				 TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
	assert_int_equal(envoi_tls_config_request_certificates(
				 world.tls, ENVOI_TLS_REQUEST_OPTIONAL, TEST_DATA "/tls/ca.pem"),
		ENVOI_OK);
	assert_int_equal(envoi_store_new_memory(&world.store, world.context), ENVOI_OK);
	make_server();
	assert_int_equal(envoi_tcp_listen(envoi_server_listener(world.server),
				 is_secure ? ENVOI_SERVER_WEB : ENVOI_SERVER_WEB_CLEAR, "127.0.0.1",
				 0, &world.port),
		ENVOI_OK);
}

static void finish(void)
{
	envoi_server_free(world.server);
	envoi_store_destroy(world.store);
	envoi_tls_config_unref(world.tls);
	envoi_settings_free(world.settings);
	envoi_context_unref(world.context);
}

/* --- a client --- */

struct end {
	struct envoi_handler handler;
	struct envoi_client *client;
	unsigned int messages, online, stopped, resumed;
	bool is_out_of_order;
};

static struct end *end_of(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct end, handler);
}

/* The body of each message is its number. */
static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct end *end = end_of(self);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	end->is_out_of_order |= strtoul(body, NULL, 10) != end->messages;
	end->messages++;
	return ENVOI_OK;
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	end_of(self)->online += event->type == ENVOI_EVENT_STARTED;
	end_of(self)->resumed += event->type == ENVOI_EVENT_RESUMED;
	end_of(self)->stopped += event->type == ENVOI_EVENT_STOPPED;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {{ENVOI_EVERY_EVENT, on_event}, ENVOI_ROWS_END};
static const struct envoi_handler_impl end_impl = {
	.name = "end", .stanzas = stanzas, .events = events};

static void connect_end(
	struct end *end, const char *address, const struct route *route, const char *mechanism)
{
	char text[100];
	*end = (struct end){.handler = ENVOI_HANDLER(&end_impl)};
	snprintf(
		text, sizeof(text), "%s//example.org:%u%s", route->scheme, world.port, route->path);
	assert_int_equal(envoi_client_new(&end->client, world.context, address), ENVOI_OK);
	envoi_client_set(end->client, "url", text);
	envoi_client_set(end->client, "server", "127.0.0.1");
	envoi_client_set(end->client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(end->client, "tls.system-trust", "false");
	if (!route->is_secure) {
		envoi_client_set(end->client, "tls.mode", "none");
	}
	envoi_client_set(end->client, "sasl.mechanisms", mechanism);
	envoi_client_set(end->client, "reconnect.first", "10ms");
	if (strcmp(mechanism, "EXTERNAL") == 0) {
		envoi_client_set(end->client, "tls.cert-file", TEST_DATA "/tls/client.pem");
		envoi_client_set(end->client, "tls.key-file", TEST_DATA "/tls/client-key.pem");
	} else {
		envoi_client_set_password(end->client, "secret");
	}
	envoi_client_add(end->client, &end->handler);
	assert_int_equal(envoi_client_connect(end->client), ENVOI_OK);
	run_until(&end->online, 1);
}

static void disconnect_end(struct end *end)
{
	envoi_client_disconnect(end->client);
	run_until(&end->stopped, 1);
	envoi_client_free(end->client);
}

static void send_many(struct end *from, struct end *to, unsigned int first, unsigned int count)
{
	const char *jid = envoi_jid_text(envoi_session_jid(envoi_client_session(to->client)));
	for (unsigned int i = first; i < first + count; i++) {
		char body[16];
		snprintf(body, sizeof(body), "%u", i);
		assert_int_equal(
			envoi_send_text(envoi_client_session(from->client), jid, body, NULL),
			ENVOI_OK);
	}
}

/* As when the network is lost: end the sockets that are connected to the server. */
static void cut(void)
{
	for (int fd = 0; fd < MOST_FD; fd++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
			peer.sin_family == AF_INET && ntohs(peer.sin_port) == world.port) {
			(void)shutdown(fd, SHUT_RDWR);
		}
	}
}

/* --- what they do --- */

static void log_in(const struct route *route, const char *mechanism)
{
	struct end alice;
	begin(route->is_secure, mechanism);
	connect_end(&alice, "alice@example.org/a", route, mechanism);
	assert_string_equal(world.mechanism, mechanism);
	disconnect_end(&alice);
	run_until(&world.ended, 1);
	finish();
}

/* In batches: an outbox has a limit. */
static void exchange_messages(const struct route *route)
{
	enum {
		BATCH = 100,
	};
	struct end alice, bob;
	begin(route->is_secure, "SCRAM-SHA-256");
	connect_end(&alice, "alice@example.org/a", route, "SCRAM-SHA-256");
	connect_end(&bob, "bob@example.org/b", route, "SCRAM-SHA-256");
	for (unsigned int sent = 0; sent < MESSAGES; sent += BATCH) {
		send_many(&alice, &bob, sent, BATCH);
		send_many(&bob, &alice, sent, BATCH);
		run_until(&bob.messages, sent + BATCH);
		run_until(&alice.messages, sent + BATCH);
	}
	assert_int_equal(alice.messages, MESSAGES);
	assert_int_equal(bob.messages, MESSAGES);
	assert_false(alice.is_out_of_order || bob.is_out_of_order);
	disconnect_end(&alice);
	disconnect_end(&bob);
	finish();
}

static void resume(const struct route *route)
{
	struct end alice, bob;
	begin(route->is_secure, "SCRAM-SHA-256");
	connect_end(&alice, "alice@example.org/a", route, "SCRAM-SHA-256");
	connect_end(&bob, "bob@example.org/b", route, "SCRAM-SHA-256");
	send_many(&alice, &bob, 0, 10);
	send_many(&bob, &alice, 0, 1);
	run_until(&bob.messages, 10);
	run_until(&alice.messages, 1);
	cut();
	send_many(&alice, &bob, 10, 10);
	run_until(&alice.resumed, 1);
	run_until(&bob.resumed, 1);
	run_until(&bob.messages, 20);
	assert_int_equal(world.suspended, 2);
	assert_int_equal(world.resumed, 2);
	assert_false(bob.is_out_of_order);
	disconnect_end(&alice);
	disconnect_end(&bob);
	finish();
}

static const char *const mechanisms[] = {"SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN",
	"EXTERNAL", "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"};

enum {
	MECHANISMS = sizeof(mechanisms) / sizeof(mechanisms[0]),
	IN_CLEAR = 3, /* the first; the others need TLS */
};

static void each_mechanism_over_wss(void **state)
{
	(void)state;
	for (size_t i = 0; i < MECHANISMS; i++) {
		log_in(&wss, mechanisms[i]);
	}
}

static void each_mechanism_over_ws(void **state)
{
	(void)state;
	for (size_t i = 0; i < IN_CLEAR; i++) {
		log_in(&ws, mechanisms[i]);
	}
}

static void messages_over_websocket(void **state)
{
	(void)state;
	exchange_messages(&wss);
	exchange_messages(&ws);
}

static void resumption_over_websocket(void **state)
{
	(void)state;
	resume(&wss);
	resume(&ws);
}

/* BOSH has no channel binding. */
static void mechanisms_over_bosh(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		log_in(&https, mechanisms[i]);
	}
	for (size_t i = 0; i < IN_CLEAR; i++) {
		log_in(&http, mechanisms[i]);
	}
}

static void messages_over_bosh(void **state)
{
	(void)state;
	exchange_messages(&https);
	exchange_messages(&http);
}

/* Requests are sent again on new connections: nothing is lost, doubled, or resumed. */
static void bosh_survives_lost_connections(void **state)
{
	(void)state;
	struct end alice, bob;
	begin(true, "SCRAM-SHA-256");
	connect_end(&alice, "alice@example.org/a", &https, "SCRAM-SHA-256");
	connect_end(&bob, "bob@example.org/b", &https, "SCRAM-SHA-256");
	for (unsigned int sent = 0; sent < 50; sent += 10) {
		send_many(&alice, &bob, sent, 10);
		send_many(&bob, &alice, sent, 10);
		assert_true(envoi_loop_run_once(envoi_context_loop(world.context), true) >= 0);
		cut();
		run_until(&bob.messages, sent + 10);
		run_until(&alice.messages, sent + 10);
	}
	assert_int_equal(alice.messages, 50);
	assert_int_equal(bob.messages, 50);
	assert_false(alice.is_out_of_order || bob.is_out_of_order);
	assert_int_equal(world.suspended, 0);
	disconnect_end(&alice);
	disconnect_end(&bob);
	finish();
}

/* XEP-0124, section 10. The second session shows that the server has the message of the first. */
static void a_paused_session_receives_nothing(void **state)
{
	(void)state;
	struct end alice, bob;
	uint64_t ms = 0;
	begin(true, "SCRAM-SHA-256");
	connect_end(&alice, "alice@example.org/a", &https, "SCRAM-SHA-256");
	connect_end(&bob, "bob@example.org/b", &wss, "SCRAM-SHA-256");
	struct envoi_session *session = envoi_client_session(alice.client);
	assert_int_equal(envoi_session_pause(session, 3600000, &ms), ENVOI_OK);
	assert_int_equal(ms, 110000);
	send_many(&alice, &bob, 0, 1); /* behind the request for the pause */
	run_until(&bob.messages, 1);
	send_many(&bob, &alice, 0, 3);
	send_many(&bob, &bob, 1, 1);
	run_until(&bob.messages, 2);
	assert_int_equal(alice.messages, 0);
	assert_int_equal(envoi_session_pause(session, 0, NULL), ENVOI_OK);
	run_until(&alice.messages, 3);
	assert_int_equal(envoi_session_pause(envoi_client_session(bob.client), 1000, NULL),
		ENVOI_ERR_UNSUPPORTED);
	assert_string_equal(envoi_session_problem(envoi_client_session(bob.client)),
		"the transport \"websocket\" has no pauses");
	disconnect_end(&alice);
	disconnect_end(&bob);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mechanism_over_wss),
		cmocka_unit_test(each_mechanism_over_ws),
		cmocka_unit_test(messages_over_websocket),
		cmocka_unit_test(resumption_over_websocket),
		cmocka_unit_test(mechanisms_over_bosh),
		cmocka_unit_test(messages_over_bosh),
		cmocka_unit_test(bosh_survives_lost_connections),
		cmocka_unit_test(a_paused_session_receives_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
