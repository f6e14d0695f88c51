/*
 * envoi - the client: connecting, one login after the other, leaving, running
 * SPDX-License-Identifier: MIT
 */
#include <envoi/mainloop.h>

#include "client/client.h"
#include "client/defaults.h"
#include "session/liveness/probe.h"
#include "session/session.h"

/* --- the login --- */

static void on_ready(void *user, struct envoi__login *login)
{
	struct envoi_client *client = user;
	(void)login;
	envoi__reconnect_online(&client->reconnect);
	envoi_session_set_continued(client->session, client->reconnect.is_enabled);
}

/* A session that was loaded from a journal is resumed, and new to this client. */
static void on_restore(struct envoi_handler *self, struct envoi_session *session, bool is_resumed)
{
	struct envoi_client *client = ENVOI_CONTAINER_OF(self, struct envoi_client, watcher);
	uint64_t epoch = envoi_session_epoch(session);
	if (!is_resumed || client->restored_epoch != epoch) {
		client->restored_epoch = epoch;
		envoi__client_become_available(client);
	}
}

static void post_end(struct envoi_client *client, enum envoi_event_type type)
{
	int r = envoi_session_post_event(
		client->session, &(struct envoi_event){.type = type, .failure = &client->failure});
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event %s is lost: %s", envoi_event_name(type), envoi_error_text(r));
	}
}

/* STOPPED is the last event: requests and tickets of the session end before it. */
static void stop(struct envoi_client *client)
{
	envoi_session_set_continued(client->session, false);
	envoi_session_set_resumable(client->session, false);
	post_end(client, ENVOI_EVENT_STOPPED);
}

static void suspend(struct envoi_client *client, uint64_t delay_ms)
{
	int r = envoi_session_post_event(client->session,
		&(struct envoi_event){.type = ENVOI_EVENT_SUSPENDED,
			.failure = &client->failure,
			.retry_in_ms = delay_ms});
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event suspended is lost: %s", envoi_error_text(r));
	}
	envoi__reconnect_wait(&client->reconnect, delay_ms);
}

/* @param why  moved */
static void take_end(struct envoi_client *client, struct envoi_failure *why)
{
	if (why->sasl_condition == ENVOI_SASL_NOT_AUTHORIZED) {
		envoi__account_password_refused(&client->account);
	}
	client->login = NULL;
	envoi__client_keep_failure(client, why);
	post_end(client, ENVOI_EVENT_DISCONNECTED);
}

static void on_ended(void *user, struct envoi__login *login, struct envoi_failure *why)
{
	struct envoi_client *client = user;
	bool is_leaving = login->is_leaving;
	uint64_t delay_ms;
	take_end(client, why);
	client->reconnect.is_certificate_decided = client->decider != NULL;
	if (envoi__session_has_taken_out(client->session)) {
		envoi__reconnect_cause_removed(&client->reconnect);
	}
	if (!is_leaving &&
		envoi__reconnect_decide(&client->reconnect, &client->failure, &delay_ms)) {
		suspend(client, delay_ms);
	} else {
		stop(client);
	}
	envoi__login_free(login);
}

static int begin_login(struct envoi_client *client)
{
	const struct envoi__login_owner owner = {
		.ready = on_ready, .ended = on_ended, .user = client};
	const struct envoi__login_parameters with = {
		.session = client->session,
		.settings = client->settings,
		.account = &client->account,
		.connectors = &client->connectors,
		.decider = client->decider,
		.tap = client->tap,
		.tap_user = client->tap_user,
		.tap_off = &client->tap_off,
		.takes_any_resource = client->reconnect.takes_any_resource,
	};
	return envoi__login_new(
		&client->login, &owner, &with, client->has_failure ? &client->failure : NULL);
}

/* Without memory for a login no connection has failed: wait for the next attempt. */
static void on_due(struct envoi__reconnect *reconnect)
{
	struct envoi_client *client = ENVOI_CONTAINER_OF(reconnect, struct envoi_client, reconnect);
	int r = begin_login(client);
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
			"the attempt to connect again did not begin: %s", envoi_error_text(r));
		envoi__reconnect_wait_again(reconnect);
	}
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct envoi_client *client = ENVOI_CONTAINER_OF(self, struct envoi_client, watcher);
	if (client->is_running && envoi__client_is_offline(client)) {
		envoi_loop_quit(envoi_context_loop(client->context));
	}
}

static const struct envoi_event_row watched[] = {
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl watcher_impl = {
	.name = "client",
	.events = watched,
	.restore = on_restore,
};

void envoi__client_connection_init(struct envoi_client *client)
{
	client->watcher.impl = &watcher_impl;
	envoi__reconnect_init(&client->reconnect, client->context, on_due);
}

/* --- the state --- */

enum envoi_client_state envoi_client_state(const struct envoi_client *client)
{
	const struct envoi__login *login = client->login;
	if (envoi__client_is_offline(client)) {
		return ENVOI_CLIENT_OFFLINE;
	}
	if (login != NULL && login->is_leaving) {
		return ENVOI_CLIENT_LEAVING;
	}
	if (login != NULL && login->state == ENVOI__LOGIN_ONLINE) {
		return ENVOI_CLIENT_ONLINE;
	}
	return client->reconnect.has_started ? ENVOI_CLIENT_SUSPENDED : ENVOI_CLIENT_CONNECTING;
}

const char *envoi_client_state_name(enum envoi_client_state state)
{
	static const char *const names[] = {
		[ENVOI_CLIENT_OFFLINE] = "offline",
		[ENVOI_CLIENT_CONNECTING] = "connecting",
		[ENVOI_CLIENT_ONLINE] = "online",
		[ENVOI_CLIENT_SUSPENDED] = "suspended",
		[ENVOI_CLIENT_LEAVING] = "leaving",
	};
	size_t i = (size_t)state;
	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

/* --- connecting and leaving --- */

void envoi__client_end_all(struct envoi_client *client, struct envoi__login *login)
{
	struct envoi_failure why;
	envoi__reconnect_stop(&client->reconnect);
	envoi_failure_set(&why, client->context, ENVOI_PHASE_CLOSE, ENVOI_ERR_CANCELED,
		"the client was freed");
	if (login != NULL) {
		envoi__login_stop(login);
		envoi__session_cancel(client->session);
		take_end(client, &why);
	} else {
		envoi__session_cancel(client->session);
		envoi__client_keep_failure(client, &why);
	}
	post_end(client, ENVOI_EVENT_STOPPED);
}

int envoi_client_connect(struct envoi_client *client)
{
	const char *text;
	if (envoi__guard_is_over(&client->guard) || !envoi__client_is_offline(client)) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi__setter_errors_first(&client->setter_errors, &text);
	if (r == ENVOI_OK) {
		r = envoi_session_check_needs(client->session);
		text = envoi_session_problem(client->session);
	}
	if (r < 0) {
		envoi__client_show_setter_error(client, r, text);
		return r;
	}
	if (client->connectors.count == 0) {
		r = envoi__default_connectors(&client->connectors, client->context);
	}
	if (r < 0) {
		return r;
	}
	struct envoi__client_settings values;
	envoi__client_settings_read(&values, client->settings);
	envoi__reconnect_begin(&client->reconnect, &values);
	client->reconnect.has_started = client->session->is_suspended; /* loaded from a journal */
	return begin_login(client);
}

/* When it cannot be sent, the server sends it on behalf of the account (RFC 6121, section 4.5.1).
 *  */
static void send_unavailable(struct envoi_client *client)
{
	int r = envoi__own_presence_leave(&client->presence);
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT,
			"leaving without presence: %s", envoi_error_text(r));
	}
}

static void stop_waiting(struct envoi_client *client)
{
	struct envoi_failure why;
	envoi__reconnect_stop(&client->reconnect);
	envoi_failure_set(&why, client->context, ENVOI_PHASE_CLOSE, ENVOI_OK, NULL);
	envoi__client_keep_failure(client, &why);
	stop(client);
}

void envoi_client_disconnect(struct envoi_client *client)
{
	struct envoi__login *login = client->login;
	if (client->reconnect.is_waiting) {
		stop_waiting(client);
		return;
	}
	if (envoi__guard_is_over(&client->guard) || login == NULL || login->is_leaving) {
		return;
	}
	envoi__client_enter(client);
	if (envoi_session_is_online(client->session)) {
		send_unavailable(client);
	}
	if (client->login == login) { /* else a filter has ended it */
		envoi__login_leave(login);
	}
	envoi__client_leave(client);
}

/* --- running --- */

static int run_result(const struct envoi_client *client)
{
	return client->is_quitting || !client->has_failure ? ENVOI_OK : client->failure.code;
}

int envoi_client_run(struct envoi_client *client)
{
	struct envoi_loop *loop = envoi_context_loop(client->context);
	if (loop == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (loop->impl->run == NULL) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	client->is_quitting = false;
	int r = envoi__client_is_offline(client) ? envoi_client_connect(client) : ENVOI_OK;
	if (r < 0) {
		return r;
	}
	envoi__client_enter(client);
	client->is_running = true;
	r = envoi_loop_run(loop);
	client->is_running = false;
	if (r == ENVOI_OK) {
		r = envoi__guard_is_over(&client->guard) ? ENVOI_ERR_CANCELED : run_result(client);
	}
	envoi__client_leave(client);
	return r;
}

void envoi_client_hint(struct envoi_client *client)
{
	if (client->reconnect.is_waiting) {
		envoi__reconnect_hint(&client->reconnect);
	} else if (envoi_client_state(client) == ENVOI_CLIENT_ONLINE) {
		envoi__session_probe(client->session);
	}
}

void envoi_client_quit(struct envoi_client *client)
{
	client->is_quitting = true;
	if (client->is_running && envoi__client_is_offline(client)) {
		envoi_loop_quit(envoi_context_loop(client->context));
	}
	envoi_client_disconnect(client);
}
