/*
 * envoi - tests: a server that accepts components over memory, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "component_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/session.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

static void on_wanted(struct envoi_handshake_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *domain)
{
	struct component_server *server = ENVOI_CONTAINER_OF(hook, struct component_server, hook);
	bool is_known = strcmp(domain, "gw.example.org") == 0;
	(void)envoi_handshake_answer(
		stream, handler, is_known ? server->secret : NULL, server->refusal);
}

static const struct envoi_handshake_hook_impl hook_impl = {.wanted = on_wanted};

static int begin_stream(struct component_connection *connection, struct envoi_transport *transport)
{
	struct component_server *server = connection->server;
	const struct envoi_stream_options options = {
		.role = ENVOI_RECEIVER,
		.content_ns = ENVOI_NS_COMPONENT,
		.handlers = &server->handler,
		.handler_count = 1,
		.required = ENVOI_STREAM_AUTHENTICATED,
		.settings = server->settings,
	};
	struct envoi_stream *stream;
	int r = envoi_stream_new(&stream, server->context, &options, transport,
		server->session != NULL ? envoi_session_sink(server->session)
					: &connection->recorder.sink);
	if (r == ENVOI_OK && server->session != NULL) {
		r = envoi_session_attach(server->session, stream);
	} else if (r == ENVOI_OK) {
		connection->recorder.stream = stream;
	}
	return r;
}

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct component_connection *connection = user;
	(void)failure;
	connection->opening = NULL;
	if (transport != NULL) {
		assert_int_equal(begin_stream(connection, transport), ENVOI_OK);
	}
}

static int begin_tls(struct component_connection *connection)
{
	struct envoi_channel *channel;
	const struct envoi_opening_options options = {
		.role = ENVOI_RECEIVER,
		.tls = connection->server->tls,
		.done = on_opened,
		.user = connection,
	};
	int r = envoi_memory_channel_new(&channel, connection->pair, ENVOI_MEMORY_B);
	return r < 0 ? r
		     : envoi_opening_new(&connection->opening, connection->server->context, channel,
			       &options);
}

static int begin(struct component_connection *connection)
{
	struct envoi_transport *transport;
	if (connection->server->tls != NULL) {
		return begin_tls(connection);
	}
	int r = envoi_memory_transport_new(
		&transport, connection->pair, ENVOI_MEMORY_B, connection->server->settings, true);
	return r < 0 ? r : begin_stream(connection, transport);
}

void component_server_use_tls(struct component_server *server)
{
	assert_int_equal(envoi_tls_config_new_server(&server->tls, server->context,
				 TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
}

static int on_accept(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct component_server *server = user;
	assert_true(server->count < COMPONENT_SERVER_CONNECTIONS);
	struct component_connection *connection = calloc(1, sizeof(*connection));
	assert_non_null(connection);
	snprintf(server->domain, sizeof(server->domain), "%s", domain);
	connection->server = server;
	connection->pair = envoi_memory_pair_ref(pair);
	recorder_init(&connection->recorder, server->context);
	server->connections[server->count++] = connection;
	return begin(connection);
}

void component_server_init(struct component_server *server, struct envoi_context *context)
{
	*server = (struct component_server){
		.context = context, .hook.impl = &hook_impl, .secret = "secret"};
	assert_int_equal(envoi_settings_new(&server->settings, context), ENVOI_OK);
	assert_int_equal(
		envoi_handshake_receiver_new(&server->handler, context, &server->hook), ENVOI_OK);
}

void component_server_finish(struct component_server *server)
{
	for (size_t i = 0; i < server->count; i++) {
		struct component_connection *connection = server->connections[i];
		envoi_opening_free(connection->opening);
		recorder_finish(&connection->recorder);
		envoi_memory_pair_unref(connection->pair);
		free(connection);
	}
	envoi_handler_destroy(server->handler);
	envoi_tls_config_unref(server->tls);
	envoi_settings_free(server->settings);
}

struct envoi_connector *component_server_connector(struct component_server *server)
{
	struct envoi_connector *connector;
	assert_int_equal(
		envoi_memory_connector_new(&connector, server->context, on_accept, server, true),
		ENVOI_OK);
	return connector;
}

struct component_connection *component_server_last(struct component_server *server)
{
	assert_true(server->count > 0);
	return server->connections[server->count - 1];
}

const char *component_server_lines(struct component_server *server)
{
	return recorder_lines(&component_server_last(server)->recorder);
}

void component_server_send(struct component_server *server, const char *xml)
{
	struct envoi_stream *stream = component_server_last(server)->recorder.stream;
	assert_int_equal(envoi_stream_send(stream, xml, strlen(xml)), ENVOI_OK);
}
