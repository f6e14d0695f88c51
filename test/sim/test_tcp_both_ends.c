/*
 * envoi - both ends over TCP on loopback: each route and mechanism, messages, resumption, the end
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
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/session.h>
#include <envoi/mainloop.h>

#include "open_fds.h"
#include "scripted_resolver.h"

#define CLIENTS "clients"
#define CLIENTS_TLS "clients-tls"
#define COMPONENTS "components"
#define COMPONENTS_TLS "components-tls"

enum {
	MOST_TURNS = 20000,
	MOST_FD = 4096,
};

/* A server on loopback, which routes all stanzas by their `to`. */
static struct server {
	struct envoi_accept_hook hook;
	struct envoi_sasl_directory accounts;
	struct envoi_component_directory components;
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct envoi_acceptor *acceptor;
	struct envoi_listener *listener;
	uint16_t port, tls_port, component_port, component_tls_port;
	unsigned int ready, suspended, resumed, ended;
	char mechanism[64]; /* of the last login */
} server;

struct connection {
	struct envoi_admission *admission;
	struct envoi_opening *opening;
};

/* --- the server --- */

static void look_up(struct envoi_sasl_directory *self, struct envoi_sasl_lookup *lookup)
{
	(void)self;
	envoi_sasl_lookup_answer_password(lookup, "secret");
}

static void look_up_component(
	struct envoi_component_directory *self, struct envoi_component_lookup *lookup)
{
	(void)self;
	envoi_component_lookup_answer(lookup, ENVOI_OK, "secret");
}

static const struct envoi_sasl_directory_impl accounts_impl = {.look_up = look_up};
static const struct envoi_component_directory_impl components_impl = {.look_up = look_up_component};

static void on_authenticated(
	struct envoi_accept_hook *hook, struct envoi_accepted *accepted, const char *mechanism)
{
	(void)hook;
	(void)accepted;
	snprintf(server.mechanism, sizeof(server.mechanism), "%s", mechanism);
}

static void on_ready(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	(void)hook;
	(void)accepted;
	server.ready++;
}

static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	struct envoi_accepted *target = to == NULL ? NULL
						   : envoi_acceptor_find(server.acceptor, to);
	struct envoi_stanza *copy;
	(void)hook;
	(void)accepted;
	if (target == NULL && to != NULL) {
		target = envoi_acceptor_component(server.acceptor, to);
	}
	if (target == NULL) {
		return ENVOI_OK;
	}
	struct envoi_element *element = envoi_element_dup(envoi_stanza_element(stanza));
	assert_int_equal(envoi_stanza_from_element(&copy, element), ENVOI_OK);
	envoi_element_unref(element);
	assert_int_equal(envoi_send(envoi_accepted_session(target), copy, NULL), ENVOI_OK);
	return ENVOI_STOP;
}

static void on_suspended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	(void)hook;
	(void)accepted;
	(void)why;
	server.suspended++;
}

static void on_resumed(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	(void)hook;
	(void)accepted;
	server.resumed++;
}

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	struct connection *connection = envoi_accepted_user(accepted);
	(void)hook;
	(void)why;
	server.ended++;
	envoi_admission_end(connection->admission);
	free(connection);
}

static const struct envoi_accept_hook_impl hook_impl = {
	.authenticated = on_authenticated,
	.ready = on_ready,
	.stanza = on_stanza,
	.suspended = on_suspended,
	.resumed = on_resumed,
	.ended = on_ended,
};

static int accept_transport(struct connection *connection, struct envoi_transport *transport,
	struct envoi_accepted **ret_accepted)
{
	const struct envoi_admission *admission = connection->admission;
	bool is_component = strncmp(envoi_admission_service(admission), COMPONENTS,
				    strlen(COMPONENTS)) == 0;
	return is_component ? envoi_acceptor_accept_component(server.acceptor, transport,
				      envoi_admission_address(admission), ret_accepted)
			    : envoi_acceptor_accept(server.acceptor, transport, ret_accepted);
}

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct connection *connection = user;
	struct envoi_accepted *accepted;
	connection->opening = NULL;
	assert_null(failure);
	assert_int_equal(accept_transport(connection, transport, &accepted), ENVOI_OK);
	envoi_accepted_set_user(accepted, connection);
}

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct envoi_channel_options channel_options;
	struct connection *connection = calloc(1, sizeof(*connection));
	const char *service = envoi_admission_service(admission);
	bool is_direct = strcmp(service, CLIENTS_TLS) == 0 || strcmp(service, COMPONENTS_TLS) == 0;
	(void)user;
	assert_non_null(connection);
	assert_int_equal(
		envoi_channel_options_read(&channel_options, server.context, server.settings),
		ENVOI_OK);
	const struct envoi_opening_options options = {
		.channel = &channel_options,
		.role = ENVOI_RECEIVER,
		.tls = is_direct ? server.tls : NULL,
		.timeout_ms = 20000,
		.done = on_opened,
		.user = connection,
	};
	connection->admission = admission;
	return envoi_opening_new(&connection->opening, server.context, channel, &options);
}

static void listen_on(const char *service, uint16_t *ret_port)
{
	assert_int_equal(
		envoi_tcp_listen(server.listener, service, "127.0.0.1", 0, ret_port), ENVOI_OK);
}

/* The host that the certificate is for. */
static void take_resolver(void)
{
	static const struct scripted_answer answers[] = {
		{"example.org", AF_INET, ENVOI_LOOKUP_OK, "127.0.0.1", 0, 0, 0}, {0}};
	struct envoi_resolver *resolver;
	assert_int_equal(scripted_resolver_new(&resolver, server.context, answers), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(server.context, resolver), ENVOI_OK);
}

static void begin(const char *mode, const char *mechanism)
{
	server = (struct server){.hook.impl = &hook_impl,
		.accounts.impl = &accounts_impl,
		.components.impl = &components_impl};
	assert_int_equal(envoi_context_new(&server.context, NULL), ENVOI_OK);
	take_resolver();
	assert_int_equal(envoi_settings_new(&server.settings, server.context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(server.settings, "tls.mode", mode), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(server.settings, "sasl.mechanisms", mechanism), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new_server(&server.tls, server.context,
				 TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
	assert_int_equal(envoi_tls_config_request_certificates(
				 server.tls, ENVOI_TLS_REQUEST_OPTIONAL, TEST_DATA "/tls/ca.pem"),
		ENVOI_OK);
	const struct envoi_acceptor_options options = {.tls = server.tls,
		.directory = &server.accounts,
		.settings = server.settings,
		.hook = &server.hook};
	assert_int_equal(envoi_acceptor_new(&server.acceptor, server.context, &options), ENVOI_OK);
	assert_int_equal(envoi_acceptor_add_domain(server.acceptor, "example.org"), ENVOI_OK);
	assert_int_equal(
		envoi_acceptor_set_components(server.acceptor, &server.components), ENVOI_OK);
	const struct envoi_listener_options listening = {.admitted = on_admitted};
	assert_int_equal(
		envoi_listener_new(&server.listener, server.context, &listening), ENVOI_OK);
	listen_on(CLIENTS, &server.port);
	listen_on(CLIENTS_TLS, &server.tls_port);
	listen_on(COMPONENTS, &server.component_port);
	listen_on(COMPONENTS_TLS, &server.component_tls_port);
}

static void finish(void)
{
	envoi_listener_free(server.listener);
	envoi_acceptor_free(server.acceptor);
	envoi_tls_config_unref(server.tls);
	envoi_settings_free(server.settings);
	envoi_context_unref(server.context);
}

/* --- the other end --- */

struct end {
	struct envoi_handler handler;
	char body[64]; /* of the last message */
	unsigned int messages, resumed, stopped;
};

static struct end *end_of(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct end, handler);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	end_of(self)->messages++;
	snprintf(end_of(self)->body, sizeof(end_of(self)->body), "%s", body);
	return ENVOI_OK;
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
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

static void set_port(struct envoi_settings *settings, uint16_t port)
{
	char text[8];
	snprintf(text, sizeof(text), "%u", port);
	assert_int_equal(envoi_settings_set(settings, "port", text), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "server", "127.0.0.1"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
}

static struct envoi_client *connect_client(
	struct end *end, const char *address, const char *mode, const char *mechanism)
{
	struct envoi_client *client;
	*end = (struct end){.handler = ENVOI_HANDLER(&end_impl)};
	assert_int_equal(envoi_client_new(&client, server.context, address), ENVOI_OK);
	set_port(envoi_client_settings(client),
		strcmp(mode, "direct") == 0 ? server.tls_port : server.port);
	envoi_client_set(client, "tls.mode", mode);
	envoi_client_set(client, "sasl.mechanisms", mechanism);
	envoi_client_set(client, "reconnect.first", "10ms");
	if (strcmp(mechanism, "EXTERNAL") == 0) {
		envoi_client_set(client, "tls.cert-file", TEST_DATA "/tls/client.pem");
		envoi_client_set(client, "tls.key-file", TEST_DATA "/tls/client-key.pem");
	} else {
		envoi_client_set_password(client, "secret");
	}
	envoi_client_add(client, &end->handler);
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	return client;
}

/* Runs until a number is reached; each turn waits for something to happen. */
static void run_until(const unsigned int *number, unsigned int least)
{
	struct envoi_loop *loop = envoi_context_loop(server.context);
	for (unsigned int turns = 0; *number < least; turns++) {
		assert_true(turns < MOST_TURNS);
		assert_true(envoi_loop_run_once(loop, true) >= 0);
	}
}

/* As when the network is lost: end the sockets that are connected to a port of the server. */
static void cut(uint16_t port)
{
	for (int fd = 0; fd < MOST_FD; fd++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
			peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
			(void)shutdown(fd, SHUT_RDWR);
		}
	}
}

static const char *jid_of(struct envoi_client *client)
{
	return envoi_jid_text(envoi_session_jid(envoi_client_session(client)));
}

static void send_to(struct envoi_client *from, struct envoi_client *to, const char *body)
{
	assert_int_equal(
		envoi_send_text(envoi_client_session(from), jid_of(to), body, NULL), ENVOI_OK);
}

/* --- clients --- */

static const struct addresses {
	const char *mechanism, *alice, *bob;
} addresses[] = {
	{"ANONYMOUS", "example.org", "example.org"},
	{"EXTERNAL", "alice@example.org/a", "alice@example.org/b"}, /* one certificate for both */
	{NULL, "alice@example.org/a", "bob@example.org/b"},
};

static const struct addresses *addresses_for(const char *mechanism)
{
	const struct addresses *found = addresses;
	while (found->mechanism != NULL && strcmp(found->mechanism, mechanism) != 0) {
		found++;
	}
	return found;
}

static void live(const char *mode, const char *mechanism)
{
	const struct addresses *who = addresses_for(mechanism);
	struct end a, b;
	int fds = count_open_fds();
	begin(mode, mechanism);
	struct envoi_client *alice = connect_client(&a, who->alice, mode, mechanism);
	struct envoi_client *bob = connect_client(&b, who->bob, mode, mechanism);
	run_until(&server.ready, 2);
	while (envoi_client_state(alice) != ENVOI_CLIENT_ONLINE ||
		envoi_client_state(bob) != ENVOI_CLIENT_ONLINE) {
		assert_true(envoi_loop_run_once(envoi_context_loop(server.context), true) >= 0);
	}
	assert_string_equal(server.mechanism, mechanism);
	send_to(alice, bob, "there");
	run_until(&b.messages, 1);
	assert_string_equal(b.body, "there");
	cut(strcmp(mode, "direct") == 0 ? server.tls_port : server.port);
	run_until(&server.suspended, 2);
	run_until(&a.resumed, 1);
	run_until(&b.resumed, 1);
	assert_int_equal(server.resumed, 2);
	send_to(bob, alice, "and back");
	run_until(&a.messages, 1);
	assert_string_equal(a.body, "and back");
	envoi_client_disconnect(alice);
	envoi_client_disconnect(bob);
	run_until(&a.stopped, 1);
	run_until(&b.stopped, 1);
	assert_int_equal(envoi_client_failure(alice) == NULL ||
			envoi_client_failure(alice)->code == ENVOI_OK,
		true);
	envoi_client_free(alice);
	envoi_client_free(bob);
	finish();
	assert_int_equal(server.ready, 2);
	assert_int_equal(a.messages, 1);
	assert_int_equal(b.messages, 1);
	assert_int_equal(count_open_fds(), fds);
}

static const char *const mechanisms[] = {"SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1",
	"ANONYMOUS", "PLAIN", "EXTERNAL", "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS",
	"SCRAM-SHA-1-PLUS"};

enum {
	MECHANISMS = sizeof(mechanisms) / sizeof(mechanisms[0]),
	IN_CLEAR = 4, /* the first; the others need TLS */
};

static void each_mechanism_over_starttls(void **state)
{
	(void)state;
	for (size_t i = 0; i < MECHANISMS; i++) {
		live("starttls", mechanisms[i]);
	}
}

static void each_mechanism_over_direct_tls(void **state)
{
	(void)state;
	for (size_t i = 0; i < MECHANISMS; i++) {
		live("direct", mechanisms[i]);
	}
}

static void each_mechanism_in_clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < IN_CLEAR; i++) {
		live("none", mechanisms[i]);
	}
}

/* --- components --- */

/* A component and a client of the server talk; then the component loses its connection. */
static void live_with_component(const char *mode, uint16_t port_of(void))
{
	struct end a, g;
	int fds = count_open_fds();
	begin("starttls", "SCRAM-SHA-256");
	struct envoi_component *component;
	g = (struct end){.handler = ENVOI_HANDLER(&end_impl)};
	assert_int_equal(
		envoi_component_new(&component, server.context, "gw.example.org"), ENVOI_OK);
	set_port(envoi_component_settings(component), port_of());
	envoi_component_set(component, "server", "example.org");
	envoi_component_set(component, "tls.mode", mode);
	envoi_component_set(component, "reconnect.first", "10ms");
	envoi_component_set_secret(component, "secret");
	envoi_component_add(component, &g.handler);
	assert_int_equal(envoi_component_connect(component), ENVOI_OK);
	run_until(&server.ready, 1);
	struct envoi_client *alice = connect_client(
		&a, "alice@example.org/a", "starttls", "SCRAM-SHA-256");
	run_until(&server.ready, 2);
	while (envoi_client_state(alice) != ENVOI_CLIENT_ONLINE) {
		assert_true(envoi_loop_run_once(envoi_context_loop(server.context), true) >= 0);
	}
	assert_int_equal(
		envoi_send_text(envoi_client_session(alice), "x@gw.example.org", "in", NULL),
		ENVOI_OK);
	run_until(&g.messages, 1);
	assert_int_equal(envoi_component_send_text(
				 component, "x@gw.example.org", jid_of(alice), "out", NULL),
		ENVOI_OK);
	run_until(&a.messages, 1);
	cut(port_of());
	run_until(&server.ready, 3);
	envoi_component_disconnect(component);
	run_until(&g.stopped, 1);
	envoi_component_free(component);
	envoi_client_free(alice);
	finish();
	assert_int_equal(count_open_fds(), fds);
}

static uint16_t clear_port(void)
{
	return server.component_port;
}

static uint16_t tls_port(void)
{
	return server.component_tls_port;
}

static void a_component_in_clear(void **state)
{
	(void)state;
	live_with_component("none", clear_port);
}

static void a_component_over_direct_tls(void **state)
{
	(void)state;
	live_with_component("direct", tls_port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mechanism_over_starttls),
		cmocka_unit_test(each_mechanism_over_direct_tls),
		cmocka_unit_test(each_mechanism_in_clear),
		cmocka_unit_test(a_component_in_clear),
		cmocka_unit_test(a_component_over_direct_tls),
	};
	return cmocka_run_group_tests_name("both ends over TCP", tests, NULL, NULL);
}
