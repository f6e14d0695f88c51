/*
 * envoi - test kit: a server, its accounts and connections
 * SPDX-License-Identifier: MIT
 */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/interfaces/channel.h>
#include <envoi/tls.h>

/* --- connections --- */

struct connection *testing_connection(struct envoi_stream *stream, struct envoi_test_server *server)
{
	struct connection *connection = server->connections;
	while (connection != NULL && connection->stream != stream) {
		connection = connection->next;
	}
	return connection;
}

void testing_connection_free(struct connection *connection)
{
	struct connection **link = &connection->server->connections;
	while (*link != connection) {
		link = &(*link)->next;
	}
	*link = connection->next;
	envoi_stream_free(connection->stream);
	free(connection);
}

void testing_connection_end(struct connection *connection, enum envoi_stream_condition condition)
{
	connection->is_ready = false;
	envoi_stream_fail_with(connection->stream, ENVOI_ERR_STATE, condition, NULL);
}

static struct connection *from_sink(struct envoi_stream_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct connection, sink);
}

static void on_nothing(struct envoi_stream_sink *sink)
{
	(void)sink;
}

static void on_gained(struct envoi_stream_sink *sink, unsigned int bit, const char *text)
{
	(void)sink;
	(void)bit;
	(void)text;
}

static void on_ready(struct envoi_stream_sink *sink)
{
	struct connection *connection = from_sink(sink);
	struct envoi_world *world = connection->server->world;
	connection->is_ready = true;
	if (connection->session != NULL) {
		testing_spare(world);
		testing_session_pump(connection->session);
		testing_unspare(world);
	}
}

/* RFC 6120, section 8.1.2.1: the server stamps the sender's full address. */
static void take_stanza(
	struct connection *connection, struct session *session, struct envoi_element *element)
{
	struct envoi_stanza *stanza;
	session->handled++;
	struct envoi_element *stamped = envoi_element_dup(element);
	envoi_element_set(stamped, "from", envoi_jid_text(session->jid));
	testing_check(envoi_stanza_from_element(&stanza, stamped), "a stanza");
	testing_watch(connection->server, ENVOI_TEST_RECEIVED, session, stanza);
	testing_route(connection->server, session, stanza);
	envoi_stanza_unref(stanza);
	envoi_element_unref(stamped);
}

static void on_stanza(struct envoi_stream_sink *sink, struct envoi_element *element)
{
	struct connection *connection = from_sink(sink);
	struct envoi_world *world = connection->server->world;
	if (connection->session != NULL && connection->is_ready) {
		testing_spare(world);
		take_stanza(connection, connection->session, element);
		testing_unspare(world);
	}
}

static void on_written(struct envoi_stream_sink *sink, size_t count)
{
	(void)sink;
	(void)count;
}

/* A connection that was closed in order, or ended with a stream error, takes its session with it.
 */
static void on_closed(struct envoi_stream_sink *sink, const struct envoi_failure *why)
{
	struct connection *connection = from_sink(sink);
	struct session *session = connection->session;
	struct envoi_world *world = connection->server->world;
	bool is_final = why->code != ENVOI_ERR_DISCONNECTED && why->code != ENVOI_ERR_TIMEOUT;
	testing_spare(world);
	testing_connection_free(connection);
	if (session != NULL) {
		testing_session_disconnected(session, is_final);
	}
	testing_unspare(world);
}

static const struct envoi_stream_sink_impl sink_impl = {
	.opened = on_nothing,
	.gained = on_gained,
	.ready = on_ready,
	.stanza = on_stanza,
	.written = on_written,
	.drained = on_nothing,
	.activity = on_nothing,
	.closed = on_closed,
};

int testing_transport_new(struct envoi_transport **ret_transport, struct envoi_test_server *server,
	struct envoi_memory_pair *pair)
{
	return envoi_memory_transport_new(
		ret_transport, pair, ENVOI_MEMORY_B, server->settings, server->starttls == NULL);
}

int testing_stream_new(struct envoi_stream **ret_stream, struct envoi_test_server *server,
	struct envoi_transport *transport, struct envoi_handler *management,
	struct envoi_stream_sink *sink)
{
	struct envoi_handler *handlers[4];
	struct envoi_stream_options options = {
		.role = ENVOI_RECEIVER,
		.local = server->domain,
		.handlers = handlers,
		.required = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		.settings = server->settings,
	};
	struct envoi_handler *const all[] = {
		server->starttls, server->sasl, server->bind, management};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] != NULL) {
			handlers[options.handler_count++] = all[i];
		}
	}
	return envoi_stream_new(ret_stream, server->context, &options, transport, sink);
}

static struct envoi_test_server *server_of(const struct envoi_world *world, const char *domain)
{
	struct envoi_test_server *server = world->servers;
	while (server != NULL && strcmp(envoi_jid_text(server->domain), domain) != 0) {
		server = server->next;
	}
	return server;
}

static int accept_pair(struct envoi_test_server *server, struct envoi_memory_pair *pair)
{
	if (server->options.uses_library) {
		return testing_library_accept(server, pair);
	}
	struct connection *connection = testing_alloc(sizeof(*connection));
	connection->sink.impl = &sink_impl;
	connection->server = server;
	connection->next = server->connections;
	server->connections = connection;
	struct envoi_transport *transport;
	int r = testing_transport_new(&transport, server, pair);
	if (r == ENVOI_OK) {
		r = testing_stream_new(&connection->stream, server, transport, &server->management,
			&connection->sink);
	}
	if (r < 0) {
		testing_connection_free(connection);
	}
	return r;
}

int testing_server_accept(
	struct envoi_world *world, struct envoi_memory_pair *pair, const char *domain)
{
	struct envoi_test_server *server = server_of(world, domain);
	if (server == NULL || server->is_stopped) {
		return ENVOI_ERR_UNREACHABLE;
	}
	testing_spare(world);
	int r = accept_pair(server, pair);
	testing_unspare(world);
	return r;
}

void envoi_test_server_accept(struct envoi_test_server *server, struct envoi_memory_pair *pair)
{
	testing_check(accept_pair(server, pair), "accepting");
}

/* --- accounts --- */

struct account *testing_account(const struct envoi_test_server *server, const char *user)
{
	struct account *account = server->accounts;
	while (account != NULL && (user == NULL || strcmp(account->user, user) != 0)) {
		account = account->next;
	}
	return account;
}

void envoi_test_server_account(
	struct envoi_test_server *server, const char *user, const char *password)
{
	struct account *account = testing_alloc(sizeof(*account));
	snprintf(account->user, sizeof(account->user), "%s", user);
	snprintf(account->password, sizeof(account->password), "%s", password);
	testing_queue_init(&account->stored);
	account->next = server->accounts;
	server->accounts = account;
}

void testing_forget_formers(struct account *account)
{
	while (account->formers != NULL) {
		struct former *former = account->formers;
		account->formers = former->next;
		free(former);
	}
}

static void free_account(struct account *account)
{
	testing_queue_clear(&account->stored);
	testing_forget_formers(account);
	free(account);
}

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	struct envoi_test_server *server = ENVOI_CONTAINER_OF(
		directory, struct envoi_test_server, directory);
	const struct account *account = testing_account(server, lookup->authcid);
	testing_spare(server->world);
	envoi_sasl_lookup_answer_password(lookup, account != NULL ? account->password : NULL);
	testing_unspare(server->world);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};

static struct session *bound_to(const struct envoi_test_server *server, const char *jid)
{
	struct session *session = server->sessions;
	while (session != NULL && strcmp(envoi_jid_text(session->jid), jid) != 0) {
		session = session->next;
	}
	return session;
}

/* The resource is taken from a session that has it (RFC 6120, section 7.7.2.2). */
static void replace(struct session *session)
{
	struct connection *connection = session->connection;
	if (connection != NULL) {
		connection->session = NULL;
		testing_connection_end(connection, ENVOI_STREAM_CONFLICT);
	}
	session->connection = NULL;
	testing_session_end(session);
}

static void bind(struct envoi_test_server *server, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	const char *user = envoi_sasl_user(stream, server->sasl);
	struct account *account = testing_account(server, user != NULL ? user : resource);
	char own[32];
	struct envoi_jid *jid;
	snprintf(own, sizeof(own), "resource-%u", ++server->resources);
	if (account == NULL ||
		envoi_jid_from_parts(&jid, server->context, account->user,
			envoi_jid_text(server->domain), resource != NULL ? resource : own) < 0) {
		envoi_bind_answer(stream, handler, NULL, ENVOI_BAD_REQUEST);
		return;
	}
	struct session *before = bound_to(server, envoi_jid_text(jid));
	if (before != NULL) {
		replace(before);
	}
	if (envoi_bind_answer(stream, handler, jid, ENVOI_STANZA_NO_CONDITION) == ENVOI_OK) {
		struct connection *connection = testing_connection(stream, server);
		if (connection != NULL) {
			testing_session_new(connection, account, jid);
		} else {
			testing_library_bound(server, stream, account, jid);
		}
	}
	envoi_jid_unref(jid);
}

static void on_wanted(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct envoi_test_server *server = ENVOI_CONTAINER_OF(
		hook, struct envoi_test_server, bind_hook);
	testing_spare(server->world);
	bind(server, stream, handler, resource);
	testing_unspare(server->world);
}

static const struct envoi_bind_hook_impl bind_hook_impl = {.wanted = on_wanted};

/* --- the server --- */

/* The default and ANONYMOUS. */
#define MECHANISMS \
	"SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-256 " \
	"SCRAM-SHA-1 EXTERNAL PLAIN ANONYMOUS"

struct envoi_test_server *envoi_world_server(struct envoi_world *world, const char *domain)
{
	static const struct envoi_test_server_options options = ENVOI_TEST_SERVER_INIT;
	struct envoi_test_server *server = testing_alloc(sizeof(*server));
	struct envoi_context *context = world->context;
	const struct envoi_bind_options bind = {.hook = &server->bind_hook};
	server->world = world;
	server->context = context;
	server->options = options;
	server->bind_hook.impl = &bind_hook_impl;
	server->directory.impl = &directory_impl;
	server->management = (struct envoi_handler)ENVOI_HANDLER(&testing_management_impl);
	testing_check(envoi_settings_new(&server->settings, context), "settings");
	testing_check(envoi_jid_from_text(&server->domain, context, domain), domain);
	testing_check(envoi_settings_set(server->settings, "sasl.mechanisms", MECHANISMS), "SASL");
	testing_check(envoi_sasl_receiver_new(
			      &server->sasl, context, server->settings, &server->directory),
		"SASL");
	testing_check(envoi_bind_new(&server->bind, context, &bind), "binding");
	server->resumption_hook.impl = &testing_resumption_hook_impl;
	testing_check(envoi_stream_management_receiver_new(
			      &server->library_management, context, &server->resumption_hook),
		"stream management");
	/* A server does not ask its clients for acknowledgements by ping. */
	testing_check(
		envoi_settings_set(server->settings, "acknowledgement.ping", "false"), "settings");
	server->next = world->servers;
	world->servers = server;
	return server;
}

static void free_peers(struct envoi_test_server *server)
{
	while (server->peers != NULL) {
		struct envoi_test_peer *peer = server->peers;
		server->peers = peer->next;
		testing_queue_clear(&peer->heard);
		free(peer);
	}
}

static void server_free(struct envoi_test_server *server)
{
	while (server->connections != NULL) {
		testing_connection_free(server->connections);
	}
	server->is_freed = true;
	while (server->sessions != NULL) {
		testing_session_free(server->sessions);
	}
	while (server->unbound != NULL) {
		testing_session_free(server->unbound);
	}
	while (server->accounts != NULL) {
		struct account *account = server->accounts;
		server->accounts = account->next;
		free_account(account);
	}
	free_peers(server);
	envoi_stanza_unref(server->held);
	envoi_handler_destroy(server->starttls);
	envoi_tls_config_unref(server->tls);
	envoi_handler_destroy(server->sasl);
	envoi_handler_destroy(server->bind);
	envoi_handler_destroy(server->library_management);
	envoi_jid_unref(server->domain);
	envoi_settings_free(server->settings);
	free(server);
}

void testing_servers_free(struct envoi_world *world)
{
	while (world->servers != NULL) {
		struct envoi_test_server *server = world->servers;
		world->servers = server->next;
		server_free(server);
	}
}

struct envoi_tls_config *envoi_test_server_tls(
	struct envoi_test_server *server, const char *certificate_file, const char *key_file)
{
	testing_check(envoi_tls_config_new_server(
			      &server->tls, server->context, certificate_file, key_file),
		"the certificate");
	const struct envoi_starttls_options options = {.config = server->tls, .required = true};
	testing_check(envoi_starttls_new(&server->starttls, server->context, &options), "STARTTLS");
	return server->tls;
}

struct envoi_test_server_options *envoi_test_server_get_options(struct envoi_test_server *server)
{
	return &server->options;
}
