/*
 * envoi - the client helper: from a connector to a stream below the session
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"
#include "client/client_settings.h"

#include <stdio.h>
#include <string.h>

#include "net/net_settings.h"
#include "tls/tls_config.h"
#include "tls/tls_settings.h"

enum {
	REPORT_MS = 100, /* that a connector has, when time is over, to say what it has tried */
};

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
		: bits & ENVOI_STREAM_SECURE     ? ENVOI_PHASE_SASL
						 : ENVOI_PHASE_STREAM;
}

static void on_deadline(struct envoi_timer *timer)
{
	struct envoi_client *client = ENVOI_CONTAINER_OF(timer, struct envoi_client, deadline);
	enum envoi_phase phase = phase_under_way(client);
	envoi__client_enter(client); /* whoever is asked something is told that it is over */
	envoi__client_stop_connecting(client);
	if (!envoi__guard_is_over(&client->guard)) {
		envoi_session_detach(client->session);
	}
	if (!envoi__guard_is_over(&client->guard)) {
		fail(client, phase, ENVOI_ERR_TIMEOUT, "the login took too long");
	}
	envoi__client_leave(client);
}

/* A connector has the same time, and a moment more to say what it has tried. */
void envoi__client_start_deadline(struct envoi_client *client, uint64_t timeout_ms)
{
	struct envoi_loop *loop = envoi_context_loop(client->context);
	uint64_t more_ms = client->state == ENVOI__CLIENT_CONNECTING ? REPORT_MS : 0;
	client->deadline_at_ms = envoi_loop_now_ms(loop) + timeout_ms;
	envoi_timer_start(&client->deadline, loop, timeout_ms + more_ms, on_deadline);
}

/* @return of the time for the whole login */
static uint64_t time_left_ms(const struct envoi_client *client)
{
	uint64_t now_ms = envoi_loop_now_ms(envoi_context_loop(client->context));
	return client->deadline_at_ms > now_ms ? client->deadline_at_ms - now_ms : 1;
}

/* Who thinks is not held to the deadline of those who do not. */
void envoi__client_stop_deadline(struct envoi_client *client)
{
	client->left_ms = time_left_ms(client);
	envoi_timer_stop(&client->deadline);
}

static unsigned int required_bits(const struct envoi_client *client)
{
	unsigned int bits = ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND;
	return envoi__tls_mode_of(client->settings) == ENVOI__TLS_MODE_NONE
		? bits
		: bits | ENVOI_STREAM_SECURE;
}

static int begin_stream(struct envoi_client *client, struct envoi_transport *transport)
{
	struct envoi_handler **handlers;
	size_t handler_count;
	int r = envoi__client_stream_handlers(client, &handlers, &handler_count);
	if (r < 0) {
		envoi_transport_destroy(transport);
		return r;
	}
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.local = client->jid,
		.peer_domain = envoi_jid_domain(client->jid),
		.handlers = handlers,
		.handler_count = handler_count,
		.required = required_bits(client),
		.settings = client->settings,
		.tap = client->tap,
		.tap_user = client->tap_user,
	};
	struct envoi_stream *stream;
	r = envoi_stream_new(
		&stream, client->context, &options, transport, envoi_session_sink(client->session));
	envoi_free(client->context, handlers);
	return r < 0 ? r : envoi_session_attach(client->session, stream);
}

static void on_transport(struct envoi_client *client, struct envoi_transport *transport)
{
	const char *peer = transport->impl->peer_name(transport);
	envoi__client_post(client, ENVOI_EVENT_CONNECTED, peer);
	client->state = ENVOI__CLIENT_NEGOTIATING;
	client->is_secure = client->is_authenticated = false;
	envoi__client_start_deadline(client, time_left_ms(client));
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
	envoi_failure_finish(&client->tried);
	if (transport != NULL) {
		if (failure != NULL) {
			envoi_failure_copy(&client->tried, failure);
		}
		on_transport(client, transport);
		return;
	}
	keep_attempts(client, failure);
	client->connector_at++;
	try_connector(client);
}

/* After a redirect: as if the user had named the host. The domain stays what it was, and with it
 * the name that the certificate must be for (RFC 6120, section 4.9.3.19). */
static int settings_for_target(
	struct envoi_settings **ret_settings, const struct envoi_client *client)
{
	if (client->redirect_host[0] == '\0') {
		*ret_settings = client->settings;
		return ENVOI_OK;
	}
	struct envoi_settings *settings;
	int r = envoi_settings_dup(&settings, client->settings);
	if (r < 0) {
		return r;
	}
	char port[8];
	snprintf(port, sizeof(port), "%u", client->redirect_port);
	r = envoi_settings_set(settings, "server", client->redirect_host);
	r = r < 0 ? r : envoi_settings_set(settings, "port", port);
	if (r < 0) {
		envoi_settings_free(settings);
		return r;
	}
	*ret_settings = settings;
	return ENVOI_OK;
}

/* Ask after calls of a connector, in which the client may be freed, disconnected, connected again.
 * @param login  client->logins before the call */
static bool is_connecting(const struct envoi_client *client, unsigned int login)
{
	return !envoi__guard_is_over(&client->guard) && client->logins == login &&
		client->state == ENVOI__CLIENT_CONNECTING;
}

static void try_connector(struct envoi_client *client)
{
	if (client->connector_at >= client->connector_count) {
		struct envoi_failure why;
		envoi_failure_move(&why, &client->attempts);
		envoi__client_ended(client, &why);
		return;
	}
	struct envoi_settings *settings;
	int r = settings_for_target(&settings, client);
	if (r < 0) {
		fail(client, ENVOI_PHASE_CONNECT, r, "the connection could not be begun");
		return;
	}
	const struct envoi_target target = {
		.domain = envoi_jid_domain(client->jid),
		.service = "xmpp-client",
		.settings = settings,
		.tls = client->tls,
		.timeout_ms = time_left_ms(client),
	};
	struct envoi_connector *connector = client->connectors[client->connector_at];
	bool is_copy = settings != client->settings;
	unsigned int login = client->logins;
	envoi__client_enter(client);
	r = connector->impl->connect(connector, &target, on_connected, client);
	if (is_copy) {
		envoi_settings_free(settings);
	}
	if (r < 0 && is_connecting(client, login)) {
		fail(client, ENVOI_PHASE_CONNECT, r,
			r == ENVOI_ERR_UNSUPPORTED ? "this connector cannot do what tls.mode says"
						   : "the connection could not be begun");
	}
	envoi__client_leave(client);
}

/*
 * Whether a failure says nothing of the service, but only of the machine that was reached, or of
 * who stands before it. Up to SASL nothing secret was sent and nothing changed: another one may be
 * tried, and has to prove as much. A stream error is the service's own answer (RFC 6120, section
 * 4.9.3), but for those that speak of one machine's troubles.
 */
static bool may_be_better_elsewhere(
	const struct envoi_client *client, const struct envoi_failure *why)
{
	bool is_before_login = why->phase == ENVOI_PHASE_TLS ||
		(why->phase == ENVOI_PHASE_STREAM && !client->is_authenticated);
	if (!is_before_login) {
		return false;
	}
	switch (why->code) {
	case ENVOI_ERR_DISCONNECTED:
	case ENVOI_ERR_TIMEOUT:
	case ENVOI_ERR_TLS:
	case ENVOI_ERR_CERTIFICATE:
		return true;
	case ENVOI_ERR_XML:
	case ENVOI_ERR_PROTOCOL:
	case ENVOI_ERR_LIMIT:
		return !client->is_secure; /* who knows who that is */
	case ENVOI_ERR_STREAM:
		return why->stream_condition == ENVOI_STREAM_INTERNAL_SERVER_ERROR ||
			why->stream_condition == ENVOI_STREAM_RESOURCE_CONSTRAINT ||
			why->stream_condition == ENVOI_STREAM_SYSTEM_SHUTDOWN;
	default:
		return false;
	}
}

void envoi__client_forget_ways(struct envoi_client *client)
{
	if (client->connector_at < client->connector_count) {
		struct envoi_connector *connector = client->connectors[client->connector_at];
		if (connector->impl->next != NULL) {
			connector->impl->cancel(connector);
		}
	}
}

bool envoi__client_try_next(struct envoi_client *client, const struct envoi_failure *why)
{
	if (client->state != ENVOI__CLIENT_NEGOTIATING || client->is_leaving ||
		envoi__guard_is_over(&client->guard) || !may_be_better_elsewhere(client, why)) {
		return false;
	}
	struct envoi_connector *connector = client->connectors[client->connector_at];
	if (connector->impl->next == NULL) {
		return false;
	}
	unsigned int login = client->logins;
	client->state = ENVOI__CLIENT_CONNECTING; /* what the connector does now may end it */
	int r = connector->impl->next(connector, why, time_left_ms(client));
	if (!is_connecting(client, login)) {
		return true;
	}
	if (r < 0) {
		client->state = ENVOI__CLIENT_NEGOTIATING;
		return false;
	}
	envoi__client_start_deadline(client, time_left_ms(client));
	return true;
}

/* A file that is not there, or holds something else, is a setting that is wrong. */
static int code_of_file(int code)
{
	return code == ENVOI_ERR_SYSTEM || code == ENVOI_ERR_CERTIFICATE ? ENVOI_ERR_INVALID : code;
}

static void fail_without_trust(struct envoi_client *client, int code)
{
	struct envoi__tls_settings values;
	struct envoi_failure why;
	envoi__tls_settings_read(&values, client->settings);
	if (code != ENVOI_ERR_CERTIFICATE && code != ENVOI_ERR_SYSTEM) {
		envoi_failure_set(&why, client->context, ENVOI_PHASE_TLS, code, NULL);
	} else if (values.ca_file == NULL) {
		envoi_failure_set(&why, client->context, ENVOI_PHASE_TLS, code_of_file(code), "%s",
			"there is no certification authority to trust: the system has none, or "
			"tls.system-trust is off");
	} else {
		envoi_failure_set(&why, client->context, ENVOI_PHASE_TLS, code_of_file(code),
			"tls.ca-file: %s %s", values.ca_file,
			code == ENVOI_ERR_CERTIFICATE ? "holds no certificate" : "cannot be read");
	}
	envoi__client_ended(client, &why);
}

/* Files of trust and of our own certificate. @return ENVOI_AGAIN: somebody is asked; <0: told */
static int make_tls(struct envoi_client *client)
{
	struct envoi_failure why;
	client->tls = envoi_tls_config_unref(client->tls);
	if (envoi__tls_mode_of(client->settings) == ENVOI__TLS_MODE_NONE) {
		return ENVOI_OK;
	}
	int r = envoi_tls_config_new(&client->tls, client->context, client->settings);
	if (r == ENVOI_OK) {
		bool is_anonymous = envoi_jid_local(client->jid) == NULL;
		r = envoi__tls_config_set_account(client->tls,
			is_anonymous ? NULL : envoi_jid_text(client->jid),
			envoi_jid_bare_len(client->jid));
	}
	if (r == ENVOI_OK) {
		r = envoi__client_use_decider(client);
	}
	if (r < 0) {
		fail_without_trust(client, r);
		return r;
	}
	r = envoi__client_load_certificate(client, &why);
	if (r < 0) {
		envoi__client_ended(client, &why);
	}
	return r;
}

/* Reading files may fail: that is told as every other failure is, from the loop. */
static void start(struct envoi_deferred *deferred)
{
	struct envoi_client *client = ENVOI_CONTAINER_OF(deferred, struct envoi_client, start);
	if (make_tls(client) != ENVOI_OK) {
		return;
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

void envoi__client_go_on(struct envoi_client *client)
{
	envoi_deferred_post(&client->start, envoi_context_loop(client->context), start);
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

/* --- redirects --- */

/* It counts as an attempt: whoever is told that the second host failed is told why it was asked. */
static void keep_redirect(struct envoi_client *client, const struct envoi_failure *why)
{
	struct envoi_attempt attempt = {
		.port = 0,
		.phase = why->phase,
		.code = why->code,
	};
	snprintf(attempt.target, sizeof(attempt.target), "%s",
		client->redirects == 0 ? envoi_jid_domain(client->jid) : client->redirect_host);
	snprintf(attempt.text, sizeof(attempt.text), "sent us to %.100s", why->redirect_host);
	for (size_t i = 0; i < client->tried.attempt_count; i++) {
		envoi_failure_add_attempt(&client->attempts, &client->tried.attempts[i]);
	}
	envoi_failure_finish(&client->tried);
	envoi_failure_add_attempt(&client->attempts, &attempt);
	snprintf(client->redirect_host, sizeof(client->redirect_host), "%s", why->redirect_host);
	client->redirect_port = why->redirect_port;
	client->redirects++;
}

static bool is_redirect(const struct envoi_failure *why)
{
	return why->stream_condition == ENVOI_STREAM_SEE_OTHER_HOST &&
		why->retry == ENVOI_RETRY_NOW && why->redirect_host[0] != '\0';
}

static bool is_within_limit(const struct envoi_client *client)
{
	struct envoi__client_settings values;
	envoi__client_settings_read(&values, client->settings);
	return client->redirects < values.redirects;
}

bool envoi__client_follow(struct envoi_client *client, struct envoi_failure *why)
{
	if (!is_redirect(why) || client->is_leaving || client->state != ENVOI__CLIENT_NEGOTIATING) {
		return false;
	}
	if (!is_within_limit(client)) {
		why->retry = ENVOI_RETRY_LATER;
		snprintf(why->text, sizeof(why->text), "more redirects than limits.redirects");
		why->is_peer_text = false;
		why->text_lang[0] = '\0';
		return false;
	}
	keep_redirect(client, why);
	envoi_log(client->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT, "sent on to %s",
		client->redirect_host);
	client->state = ENVOI__CLIENT_CONNECTING;
	unsigned int login = client->logins;
	envoi__client_forget_ways(client);
	if (!is_connecting(client, login)) {
		return true;
	}
	client->connector_at = 0;
	envoi__client_start_deadline(client, time_left_ms(client));
	envoi_deferred_post(&client->start, envoi_context_loop(client->context), start);
	return true;
}

/* A server that sent us elsewhere while we were online is obeyed by the next login. */
static void take_last_redirect(struct envoi_client *client)
{
	client->redirect_host[0] = '\0';
	client->redirect_port = 0;
	client->redirects = 0;
	if (client->has_failure && is_redirect(&client->failure) && is_within_limit(client)) {
		keep_redirect(client, &client->failure);
	}
}

/* --- beginning and ending --- */

int envoi__client_start_connecting(struct envoi_client *client)
{
	int r = announce(client);
	if (r < 0) {
		return r;
	}
	client->state = ENVOI__CLIENT_CONNECTING;
	client->logins++;
	client->connector_at = 0;
	envoi_session_configure(client->session, client->settings);
	envoi_failure_finish(&client->tried);
	envoi_failure_finish(&client->attempts);
	envoi_failure_set(&client->attempts, client->context, ENVOI_PHASE_CONNECT,
		ENVOI_ERR_UNSUPPORTED, "no connector is compiled in or was added");
	take_last_redirect(client);
	struct envoi__client_settings values;
	envoi__client_settings_read(&values, client->settings);
	envoi__client_start_deadline(client, values.login_timeout_ms);
	envoi__client_go_on(client);
	return ENVOI_OK;
}

void envoi__client_stop_connecting(struct envoi_client *client)
{
	envoi_timer_stop(&client->deadline);
	envoi_deferred_cancel(&client->start);
	client->waits_for_key_password = false;
	if (client->state == ENVOI__CLIENT_CONNECTING &&
		client->connector_at < client->connector_count) {
		struct envoi_connector *connector = client->connectors[client->connector_at];
		connector->impl->cancel(connector);
	}
}
