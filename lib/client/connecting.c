/*
 * envoi - the client helper: from a connector to a stream below the session
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

#include <string.h>

static void try_connector(struct envoi_client *client);

static void fail(struct envoi_client *client, enum envoi_phase phase, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, client->context, phase, code, "%s", text);
	envoi__client_ended(client, &why);
}

static enum envoi_phase phase_under_way(const struct envoi_client *client)
{
	struct envoi_stream *stream = envoi_session_stream(client->session);
	if (stream == NULL) {
		return ENVOI_PHASE_CONNECT;
	}
	unsigned int bits = envoi_stream_bits(stream);
	return bits & ENVOI_STREAM_AUTHENTICATED ? ENVOI_PHASE_BIND
		: bits & ENVOI_STREAM_SECURE	 ? ENVOI_PHASE_SASL
						 : ENVOI_PHASE_STREAM;
}

static void on_deadline(struct envoi_timer *timer)
{
	struct envoi_client *client = ENVOI_CONTAINER_OF(timer, struct envoi_client, deadline);
	enum envoi_phase phase = phase_under_way(client);
	envoi__client_stop_connecting(client);
	envoi_session_detach(client->session);
	fail(client, phase, ENVOI_ERR_TIMEOUT, "the login took too long");
}

static unsigned int required_bits(const struct envoi_client *client)
{
	unsigned int bits = ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND;
	const char *mode = envoi_settings_text(client->settings, "tls.mode");
	return mode != NULL && strcmp(mode, "none") == 0 ? bits : bits | ENVOI_STREAM_SECURE;
}

static int begin_stream(struct envoi_client *client, struct envoi_transport *transport)
{
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.local = client->jid,
		.peer_domain = envoi_jid_domain(client->jid),
		.handlers = client->features,
		.handler_count = client->feature_count,
		.required = required_bits(client),
		.settings = client->settings,
		.tap = client->tap,
		.tap_user = client->tap_user,
	};
	struct envoi_stream *stream;
	int r = envoi_stream_new(&stream, client->context, &options, transport,
		envoi_session_sink(client->session));
	return r < 0 ? r : envoi_session_attach(client->session, stream);
}

static void on_transport(struct envoi_client *client, struct envoi_transport *transport)
{
	const char *peer = transport->impl->peer_name(transport);
	envoi__client_post(client, ENVOI_EVENT_CONNECTED, peer);
	client->state = ENVOI__CLIENT_NEGOTIATING;
	int r = begin_stream(client, transport);
	if (r < 0) {
		fail(client, ENVOI_PHASE_STREAM, r, "the stream could not be opened");
	}
}

/* Attempts of all connectors end up in one list. */
static void keep_attempts(struct envoi_client *client, const struct envoi_failure *failure)
{
	struct envoi_failure all = *failure;
	all.attempts = NULL;
	all.attempt_count = 0;
	for (size_t i = 0; i < client->attempts.attempt_count; i++) {
		envoi_failure_add_attempt(&all, &client->attempts.attempts[i]);
	}
	for (size_t i = 0; i < failure->attempt_count; i++) {
		envoi_failure_add_attempt(&all, &failure->attempts[i]);
	}
	envoi_failure_finish(&client->attempts);
	envoi_failure_move(&client->attempts, &all);
}

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct envoi_client *client = user;
	if (transport != NULL) {
		on_transport(client, transport);
		return;
	}
	keep_attempts(client, failure);
	client->connector_at++;
	try_connector(client);
}

static void try_connector(struct envoi_client *client)
{
	if (client->connector_at >= client->connector_count) {
		struct envoi_failure why;
		envoi_failure_move(&why, &client->attempts);
		envoi__client_ended(client, &why);
		return;
	}
	const struct envoi_target target = {
		.domain = envoi_jid_domain(client->jid),
		.service = "xmpp-client",
		.settings = client->settings,
		.tls = client->tls,
		.timeout_ms = (uint64_t)envoi_settings_int(client->settings, "login.timeout"),
	};
	struct envoi_connector *connector = client->connectors[client->connector_at];
	int r = connector->impl->connect(connector, &target, on_connected, client);
	if (r < 0) {
		fail(client, ENVOI_PHASE_CONNECT, r,
			r == ENVOI_ERR_UNSUPPORTED ? "this connector cannot do what tls.mode says"
						   : "the connection could not be begun");
	}
}

/* Reading trust may fail: that is told as every other failure is, from the loop. */
static void start(struct envoi_deferred *deferred)
{
	struct envoi_client *client = ENVOI_CONTAINER_OF(deferred, struct envoi_client, start);
	const char *mode = envoi_settings_text(client->settings, "tls.mode");
	client->tls = envoi_tls_config_unref(client->tls);
	if (mode == NULL || strcmp(mode, "none") != 0) {
		int r = envoi_tls_config_new(&client->tls, client->context, client->settings);
		if (r < 0) {
			fail(client, ENVOI_PHASE_TLS, r == ENVOI_ERR_SYSTEM ? ENVOI_ERR_CERTIFICATE : r,
				"the trusted certificates could not be read");
			return;
		}
	}
	int r = envoi__client_make_features(client);
	if (r == ENVOI_OK && client->connector_count == 0) {
		r = envoi__client_default_connectors(client);
	}
	if (r < 0) {
		fail(client, ENVOI_PHASE_CONNECT, r, "the login could not be prepared");
		return;
	}
	try_connector(client);
}

static int announce(struct envoi_client *client)
{
	int r = envoi_session_reserve(client->session);
	return r < 0 ? r
		     : envoi_session_post_event(client->session,
			       &(struct envoi_event){
				       .type = ENVOI_EVENT_CONNECTING,
				       .text = envoi_jid_domain(client->jid),
			       });
}

int envoi__client_start_connecting(struct envoi_client *client)
{
	int r = announce(client);
	if (r < 0) {
		return r;
	}
	struct envoi_loop *loop = envoi_context_loop(client->context);
	client->state = ENVOI__CLIENT_CONNECTING;
	client->connector_at = 0;
	envoi_session_configure(client->session, client->settings);
	envoi_failure_finish(&client->attempts);
	envoi_failure_set(&client->attempts, client->context, ENVOI_PHASE_CONNECT,
		ENVOI_ERR_UNSUPPORTED, "no connector is compiled in or was added");
	envoi_timer_start(&client->deadline, loop,
		(uint64_t)envoi_settings_int(client->settings, "login.timeout"), on_deadline);
	envoi_deferred_post(&client->start, loop, start);
	return ENVOI_OK;
}

void envoi__client_stop_connecting(struct envoi_client *client)
{
	envoi_timer_stop(&client->deadline);
	envoi_deferred_cancel(&client->start);
	if (client->state == ENVOI__CLIENT_CONNECTING &&
		client->connector_at < client->connector_count) {
		struct envoi_connector *connector = client->connectors[client->connector_at];
		connector->impl->cancel(connector);
	}
}
