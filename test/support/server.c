/*
 * envoi - a small XMPP server in virtual time: accounts and connections
 * SPDX-License-Identifier: MIT
 */
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/tls.h>

#include "server_inside.h"

/* --- connections --- */

static void leave(struct connection *connection)
{
	struct test_server *server = connection->server;
	struct connection **link = &server->connections;
	while (*link != connection) {
		link = &(*link)->next;
	}
	*link = connection->next;
	envoi_stream_free(connection->stream);
	envoi_opening_free(connection->opening);
	envoi_element_unref(connection->presence);
	envoi_memory_pair_unref(connection->pair);
	envoi_free(server->context, connection);
}

static struct connection *from_sink(struct envoi_stream_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct connection, sink);
}

static void on_opened(struct envoi_stream_sink *sink)
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
	from_sink(sink)->is_ready = true;
}

static void on_stanza(struct envoi_stream_sink *sink, struct envoi_element *element)
{
	struct connection *connection = from_sink(sink);
	if (connection->is_ready) {
		server_route(connection, element);
	}
}

static void on_written(struct envoi_stream_sink *sink, size_t count)
{
	(void)sink;
	(void)count;
}

static void on_drained(struct envoi_stream_sink *sink)
{
	(void)sink;
}

static void on_activity(struct envoi_stream_sink *sink)
{
	(void)sink;
}

static void on_closed(struct envoi_stream_sink *sink, const struct envoi_failure *why)
{
	(void)why;
	struct connection *connection = from_sink(sink);
	connection->is_ready = false;
	server_gone(connection);
	leave(connection);
}

static const struct envoi_stream_sink_impl sink_impl = {
	.opened = on_opened,
	.gained = on_gained,
	.ready = on_ready,
	.stanza = on_stanza,
	.written = on_written,
	.drained = on_drained,
	.activity = on_activity,
	.closed = on_closed,
};

static int begin_stream(struct connection *connection, struct envoi_transport *transport)
{
	struct test_server *server = connection->server;
	struct envoi_handler *handlers[3];
	struct envoi_stream_options options = {
		.role = ENVOI_RECEIVER,
		.local = server->domain,
		.handlers = handlers,
		.required = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		.settings = server->settings,
	};
	if (!server->knobs.no_tls) {
		handlers[options.handler_count++] = server->starttls;
	}
	handlers[options.handler_count++] = server->sasl;
	if (!server->knobs.no_binding) {
		handlers[options.handler_count++] = server->bind;
	}
	return envoi_stream_new(
		&connection->stream, server->context, &options, transport, &connection->sink);
}

static void on_handshake(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct connection *connection = user;
	connection->opening = NULL;
	if (failure != NULL || begin_stream(connection, transport) < 0) {
		leave(connection);
	}
}

static int begin_tls(struct connection *connection)
{
	struct test_server *server = connection->server;
	struct envoi_channel_options channel_options;
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.channel = &channel_options,
		.role = ENVOI_RECEIVER,
		.tls = server->certificate,
		.alpn = "xmpp-client",
		.done = on_handshake,
		.user = connection,
	};
	int r = envoi_channel_options_read(&channel_options, server->context, server->settings);
	if (r == ENVOI_OK) {
		r = envoi_memory_channel_new(&channel, connection->pair, ENVOI_MEMORY_B);
	}
	return r < 0 ? r
		     : envoi_opening_new(&connection->opening, server->context, channel, &options);
}

static int begin(struct connection *connection)
{
	struct test_server *server = connection->server;
	struct envoi_transport *transport;
	if (server->knobs.direct_tls) {
		return begin_tls(connection);
	}
	int r = envoi_memory_transport_new(&transport, connection->pair, ENVOI_MEMORY_B,
		server->settings, server->knobs.no_tls);
	return r < 0 ? r : begin_stream(connection, transport);
}

int test_server_accept(struct test_server *server, struct envoi_memory_pair *pair)
{
	struct connection *connection = envoi_alloc_zeroed(server->context, sizeof(*connection));
	if (connection == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	connection->sink.impl = &sink_impl;
	connection->server = server;
	connection->pair = envoi_memory_pair_ref(pair);
	connection->next = server->connections;
	server->connections = connection;
	server->accepted++;
	int r = begin(connection);
	if (r < 0) {
		leave(connection);
		return r;
	}
	envoi_memory_pair_script(pair, ENVOI_MEMORY_A, &server->scripts[ENVOI_MEMORY_A]);
	envoi_memory_pair_script(pair, ENVOI_MEMORY_B, &server->scripts[ENVOI_MEMORY_B]);
	return ENVOI_OK;
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct test_server *server = user;
	if (server->knobs.refuses_connections || strcmp(domain, TEST_SERVER_DOMAIN) != 0) {
		return ENVOI_ERR_UNREACHABLE;
	}
	return test_server_accept(server, pair);
}

struct envoi_connector *test_server_connector(struct test_server *server)
{
	struct envoi_connector *connector;
	assert_int_equal(envoi_memory_connector_new(&connector, server->context, on_connect, server,
				 server->knobs.no_tls),
		ENVOI_OK);
	return connector;
}

/* --- accounts --- */

struct account *server_account(struct test_server *server, const char *user)
{
	struct account *account = server->accounts;
	while (account != NULL && (user == NULL || strcmp(account->user, user) != 0)) {
		account = account->next;
	}
	return account;
}

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	struct test_server *server = ENVOI_CONTAINER_OF(directory, struct test_server, directory);
	const struct account *account = server_account(server, lookup->authcid);
	envoi_sasl_lookup_answer_password(lookup, account != NULL ? account->password : NULL);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};

/* Binding a resource that is in use replaces its session, as with real servers. */
static void on_wanted(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct test_server *server = ENVOI_CONTAINER_OF(hook, struct test_server, bind_hook);
	const char *user = envoi_sasl_user(stream, server->sasl);
	char own[32];
	struct envoi_jid *jid = NULL;
	if (server->knobs.refuses_binding) {
		envoi_bind_answer(stream, handler, NULL, ENVOI_CONFLICT);
		return;
	}
	snprintf(own, sizeof(own), "resource-%zu", ++server->resources);
	if (server->knobs.binds_other_account) {
		user = "mallory";
	} else if (user == NULL) {
		user = own; /* anonymous */
	}
	if (envoi_jid_from_parts(&jid, server->context, user, TEST_SERVER_DOMAIN,
		    resource != NULL ? resource : own) < 0) {
		envoi_bind_answer(stream, handler, NULL, ENVOI_BAD_REQUEST);
		return;
	}
	struct connection *before = server_find(server, envoi_jid_text(jid));
	if (before != NULL) {
		envoi_stream_fail_with(
			before->stream, ENVOI_ERR_STATE, ENVOI_STREAM_CONFLICT, "replaced");
		before->is_ready = false;
	}
	envoi_bind_answer(stream, handler, jid, ENVOI_STANZA_NO_CONDITION);
	envoi_jid_unref(jid);
}

static const struct envoi_bind_hook_impl bind_hook_impl = {.wanted = on_wanted};

void test_server_add_account(struct test_server *server, const char *user, const char *password)
{
	struct account *account = envoi_alloc_zeroed(server->context, sizeof(*account));
	assert_non_null(account);
	snprintf(account->user, sizeof(account->user), "%s", user);
	snprintf(account->password, sizeof(account->password), "%s", password);
	account->next = server->accounts;
	server->accounts = account;
}

void test_server_add_contact(struct test_server *server, const char *user, const char *jid,
	const char *name, const char *subscription)
{
	struct account *account = server_account(server, user);
	assert_non_null(account);
	struct contact *contact = envoi_alloc_zeroed(server->context, sizeof(*contact));
	assert_non_null(contact);
	snprintf(contact->jid, sizeof(contact->jid), "%s", jid);
	snprintf(contact->name, sizeof(contact->name), "%s", name != NULL ? name : "");
	snprintf(contact->subscription, sizeof(contact->subscription), "%s", subscription);
	contact->next = account->contacts;
	account->contacts = contact;
}

void test_server_set_roster(struct test_server *server, const char *user, const char *items)
{
	struct account *account = server_account(server, user);
	assert_non_null(account);
	envoi_free(server->context, account->roster);
	account->roster = envoi_strndup(server->context, items, strlen(items));
	assert_non_null(account->roster);
}

/* --- making and freeing --- */

static void make_starttls(
	struct test_server *server, const char *data_folder, const char *certificate)
{
	char cert_file[1024], key_file[1024];
	struct envoi_tls_config *config;
	snprintf(cert_file, sizeof(cert_file), "%s/tls/%s", data_folder,
		certificate != NULL ? certificate : "right.pem");
	snprintf(key_file, sizeof(key_file), "%s/tls/server-key.pem", data_folder);
	assert_int_equal(envoi_tls_config_new_server(&config, server->context, cert_file, key_file),
		ENVOI_OK);
	const struct envoi_starttls_options options = {.config = config, .required = true};
	assert_int_equal(
		envoi_starttls_new(&server->starttls, server->context, &options), ENVOI_OK);
	server->certificate = config;
}

struct test_server *test_server_new(
	struct envoi_context *context, const char *data_folder, const char *certificate)
{
	static const struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	struct test_server *server = envoi_alloc_zeroed(context, sizeof(*server));
	assert_non_null(server);
	server->context = envoi_context_ref(context);
	server->bind_hook.impl = &bind_hook_impl;
	server->directory.impl = &directory_impl;
	server->scripts[ENVOI_MEMORY_A] = server->scripts[ENVOI_MEMORY_B] = script;
	envoi_buffer_init(&server->heard, context, 0);
	assert_int_equal(envoi_settings_new(&server->settings, context), ENVOI_OK);
	assert_int_equal(
		envoi_jid_from_text(&server->domain, context, TEST_SERVER_DOMAIN), ENVOI_OK);
	make_starttls(server, data_folder, certificate);
	assert_int_equal(envoi_sasl_receiver_new(
				 &server->sasl, context, server->settings, &server->directory),
		ENVOI_OK);
	const struct envoi_bind_options bind = {.hook = &server->bind_hook};
	assert_int_equal(envoi_bind_new(&server->bind, context, &bind), ENVOI_OK);
	return server;
}

static void free_accounts(struct test_server *server)
{
	while (server->accounts != NULL) {
		struct account *account = server->accounts;
		server->accounts = account->next;
		while (account->contacts != NULL) {
			struct contact *contact = account->contacts;
			account->contacts = contact->next;
			envoi_free(server->context, contact);
		}
		envoi_free(server->context, account->roster);
		explicit_bzero(account->password, sizeof(account->password));
		envoi_free(server->context, account);
	}
}

void test_server_free(struct test_server *server)
{
	if (server == NULL) {
		return;
	}
	while (server->connections != NULL) {
		leave(server->connections);
	}
	free_accounts(server);
	envoi_handler_destroy(server->starttls);
	envoi_tls_config_unref(server->certificate);
	envoi_handler_destroy(server->sasl);
	envoi_handler_destroy(server->bind);
	envoi_jid_unref(server->domain);
	envoi_settings_free(server->settings);
	envoi_buffer_finish(&server->heard);
	struct envoi_context *context = server->context;
	envoi_free(context, server);
	envoi_context_unref(context);
}

/* --- what tests ask --- */

void test_server_renew_sasl(struct test_server *server)
{
	assert_null(server->connections);
	envoi_handler_destroy(server->sasl);
	server->sasl = NULL;
	assert_int_equal(envoi_sasl_receiver_new(&server->sasl, server->context, server->settings,
				 &server->directory),
		ENVOI_OK);
}

void test_server_set_password(struct test_server *server, const char *user, const char *password)
{
	struct account *account = server_account(server, user);
	assert_non_null(account);
	snprintf(account->password, sizeof(account->password), "%s", password);
}

struct envoi_settings *test_server_settings(struct test_server *server)
{
	return server->settings;
}

struct test_server_knobs *test_server_knobs(struct test_server *server)
{
	return &server->knobs;
}

void test_server_script(struct test_server *server, enum envoi_memory_side side,
	const struct envoi_memory_script *script)
{
	static const struct envoi_memory_script none = ENVOI_MEMORY_SCRIPT_INIT;
	server->scripts[side] = script != NULL ? *script : none;
}

size_t test_server_accepted(const struct test_server *server)
{
	return server->accepted;
}

size_t test_server_lost(const struct test_server *server)
{
	return server->lost;
}

size_t test_server_online(const struct test_server *server)
{
	size_t count = 0;
	for (const struct connection *at = server->connections; at != NULL; at = at->next) {
		count += at->is_ready;
	}
	return count;
}

struct connection *server_find(struct test_server *server, const char *full_jid)
{
	for (struct connection *at = server->connections; at != NULL; at = at->next) {
		if (at->is_ready && strcmp(server_jid(at), full_jid) == 0) {
			return at;
		}
	}
	return NULL;
}

struct envoi_memory_pair *test_server_pair(struct test_server *server, const char *full_jid)
{
	struct connection *connection = full_jid != NULL ? server_find(server, full_jid)
							 : server->connections;
	return connection != NULL ? connection->pair : NULL;
}

bool test_server_says(struct test_server *server, const char *full_jid, const char *xml)
{
	struct connection *connection = server_find(server, full_jid);
	return connection != NULL &&
		envoi_stream_send(connection->stream, xml, strlen(xml)) == ENVOI_OK;
}

void test_server_ends_all(struct test_server *server, enum envoi_stream_condition condition)
{
	for (struct connection *at = server->connections; at != NULL; at = at->next) {
		if (at->stream == NULL) {
			continue;
		}
		if (condition == ENVOI_STREAM_NO_CONDITION) {
			envoi_stream_close(at->stream);
		} else {
			envoi_stream_fail_with(at->stream, ENVOI_ERR_STATE, condition, NULL);
		}
	}
}

const char *test_server_heard(struct test_server *server)
{
	char *end;
	assert_int_equal(envoi_buffer_reserve(&server->heard, 1, &end), ENVOI_OK);
	*end = '\0';
	return envoi_buffer_data(&server->heard);
}

void test_server_forget(struct test_server *server)
{
	envoi_buffer_truncate(&server->heard, 0);
}

size_t test_server_count_heard(struct test_server *server, const char *part)
{
	size_t count = 0;
	for (const char *line = test_server_heard(server); *line != '\0';) {
		const char *end = strchr(line, '\n'), *found = strstr(line, part);
		count += found != NULL && found < end;
		line = end + 1;
	}
	return count;
}
