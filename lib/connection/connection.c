/*
 * envoi - connections: one login after the other, leaving, running
 * SPDX-License-Identifier: MIT
 */
#include <envoi/mainloop.h>

#include "connection/connection.h"
#include "session/liveness/probe.h"
#include "session/session.h"
#include "settings/settings.h"

/* --- the login --- */

static void on_ready(void *user, struct envoi__login *login)
{
	struct envoi__connection *connection = user;
	(void)login;
	connection->is_hinted = false;
	envoi__reconnect_online(&connection->reconnect);
	envoi_session_set_continued(connection->session, connection->reconnect.is_enabled);
}

/* A session that was loaded from a journal is resumed, and new to this program. */
static void on_restore(struct envoi_handler *self, struct envoi_session *session, bool is_resumed)
{
	struct envoi__connection *connection = ENVOI_CONTAINER_OF(
		self, struct envoi__connection, watcher);
	uint64_t epoch = envoi_session_epoch(session);
	if (!is_resumed || connection->restored_epoch != epoch) {
		connection->restored_epoch = epoch;
		connection->kind->restore(connection);
	}
}

static void post_end(struct envoi__connection *connection, enum envoi_event_type type)
{
	int r = envoi_session_post_event(connection->session,
		&(struct envoi_event){.type = type, .failure = &connection->failure});
	if (r < 0) {
		envoi_log(connection->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event %s is lost: %s", envoi_event_name(type), envoi_error_text(r));
	}
}

/* STOPPED is the last event: requests and tickets of the session end before it. */
static void stop(struct envoi__connection *connection)
{
	envoi_session_set_continued(connection->session, false);
	envoi_session_set_resumable(connection->session, false);
	post_end(connection, ENVOI_EVENT_STOPPED);
}

static void suspend(struct envoi__connection *connection, uint64_t delay_ms)
{
	int r = envoi_session_post_event(connection->session,
		&(struct envoi_event){.type = ENVOI_EVENT_SUSPENDED,
			.failure = &connection->failure,
			.retry_in_ms = delay_ms});
	if (r < 0) {
		envoi_log(connection->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event suspended is lost: %s", envoi_error_text(r));
	}
	envoi__reconnect_wait(&connection->reconnect, delay_ms);
	if (connection->is_hinted) {
		envoi__reconnect_hint(&connection->reconnect);
	}
}

/* @param why  moved */
static void take_end(struct envoi__connection *connection, struct envoi_failure *why)
{
	if (why->sasl_condition == ENVOI_SASL_NOT_AUTHORIZED) {
		envoi__account_password_refused(&connection->account);
	}
	connection->login = NULL;
	connection->is_leaving = false;
	envoi__connection_keep_failure(connection, why);
	post_end(connection, ENVOI_EVENT_DISCONNECTED);
}

static void on_ended(void *user, struct envoi__login *login, struct envoi_failure *why)
{
	struct envoi__connection *connection = user;
	bool is_leaving = connection->is_leaving;
	uint64_t delay_ms;
	if (connection->kind->explain != NULL && why->code != ENVOI_OK) {
		connection->kind->explain(connection, why);
	}
	take_end(connection, why);
	connection->reconnect.is_certificate_decided = connection->decider != NULL;
	if (envoi__session_has_taken_out(connection->session)) {
		envoi__reconnect_cause_removed(&connection->reconnect);
	}
	if (!is_leaving &&
		envoi__reconnect_decide(&connection->reconnect, &connection->failure, &delay_ms)) {
		suspend(connection, delay_ms);
	} else {
		stop(connection);
	}
	envoi__login_free(login);
}

static int begin_login(struct envoi__connection *connection)
{
	const struct envoi__login_owner owner = {
		.ready = on_ready, .ended = on_ended, .user = connection};
	struct envoi__login_parameters with = {
		.kind = connection->kind->login,
		.session = connection->session,
		.settings = connection->settings,
		.account = &connection->account,
		.connectors = &connection->connectors,
		.decider = connection->decider,
		.tap = connection->tap,
		.tap_user = connection->tap_user,
		.tap_off = &connection->tap_off,
		.takes_any_resource = connection->reconnect.takes_any_resource,
	};
	connection->is_hinted = false;
	int r = connection->kind->prepare != NULL ? connection->kind->prepare(connection, &with)
						  : ENVOI_OK;
	return r < 0 ? r
		     : envoi__login_new(&connection->login, &owner, &with,
			       connection->has_failure ? &connection->failure : NULL);
}

/* Without memory for a login no connection has failed: wait for the next attempt. */
static void on_due(struct envoi__reconnect *reconnect)
{
	struct envoi__connection *connection = ENVOI_CONTAINER_OF(
		reconnect, struct envoi__connection, reconnect);
	int r = begin_login(connection);
	if (r < 0) {
		envoi_log(connection->context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
			"the attempt to connect again did not begin: %s", envoi_error_text(r));
		envoi__reconnect_wait_again(reconnect);
	}
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct envoi__connection *connection = ENVOI_CONTAINER_OF(
		self, struct envoi__connection, watcher);
	if (connection->is_running && envoi__connection_is_offline(connection)) {
		envoi_loop_quit(envoi_context_loop(connection->context));
	}
}

static const struct envoi_event_row watched[] = {
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl watcher_impl = {
	.name = "connection",
	.events = watched,
	.restore = on_restore,
};

/* --- making and freeing --- */

int envoi__connection_choose_context(struct envoi_context **ret_context,
	struct envoi_context *context, const struct envoi_settings *settings)
{
	if (context == NULL && settings == NULL) {
		return envoi_context_new(ret_context, NULL);
	}
	if (context == NULL) {
		context = settings->context;
	}
	if (settings != NULL && context != settings->context) {
		return ENVOI_ERR_INVALID;
	}
	*ret_context = envoi_context_ref(context);
	return ENVOI_OK;
}

static int set_address(struct envoi__connection *connection, const char *jid)
{
	int r = envoi__account_init(&connection->account, connection->context, jid);
	if (r == ENVOI_OK) {
		envoi_session_set_jid(connection->session, connection->account.jid);
	}
	if (r == ENVOI_ERR_INVALID) {
		(void)envoi__connection_note(
			connection, "the address", r, connection->kind->address_problem);
		return ENVOI_OK; /* reported when it connects */
	}
	return r;
}

int envoi__connection_init(struct envoi__connection *connection,
	const struct envoi__connection_kind *kind, struct envoi_context *context, const char *jid,
	const struct envoi_settings *settings)
{
	connection->kind = kind;
	connection->context = connection->account.context = context;
	connection->watcher.impl = &watcher_impl;
	envoi__reconnect_init(&connection->reconnect, context, on_due);
	connection->reconnect.retries_conflict = kind->retries_conflict;
	int r = settings != NULL ? envoi_settings_dup(&connection->settings, settings)
				 : envoi_settings_new(&connection->settings, context);
	if (r == ENVOI_OK) {
		r = envoi_session_new(&connection->session, context, connection->settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_session_add(connection->session, &connection->watcher);
	}
	return r < 0 ? r : set_address(connection, jid != NULL ? jid : "");
}

static void end_all(struct envoi__connection *connection, struct envoi__login *login)
{
	struct envoi_failure why;
	envoi__reconnect_stop(&connection->reconnect);
	envoi_failure_set(&why, connection->context, ENVOI_PHASE_CLOSE, ENVOI_ERR_CANCELED,
		"the %s was freed", connection->kind->noun);
	if (login != NULL) {
		envoi__login_stop(login);
		envoi__session_cancel(connection->session);
		take_end(connection, &why);
	} else {
		envoi__session_cancel(connection->session);
		envoi__connection_keep_failure(connection, &why);
	}
	post_end(connection, ENVOI_EVENT_STOPPED);
}

static void free_parts(struct envoi__connection *connection)
{
	if (connection->kind->finish != NULL) {
		connection->kind->finish(connection);
	}
	envoi__connectors_finish(&connection->connectors, connection->context);
	envoi__account_finish(&connection->account);
	envoi_failure_finish(&connection->failure);
	envoi_free(connection->context, connection->failure_text);
	envoi__setter_errors_finish(&connection->setter_errors, connection->context);
	envoi_settings_free(connection->settings);
}

/* The terminal event is delivered by envoi_session_free(), with all else that is outstanding. */
void envoi__connection_free(struct envoi__connection *connection)
{
	if (envoi__guard_is_over(&connection->guard)) {
		return;
	}
	struct envoi__login *login = connection->login;
	envoi__connection_enter(connection);
	envoi__guard_end(&connection->guard);
	if (!envoi__connection_is_offline(connection)) {
		end_all(connection, login);
	}
	if (connection->kind->detach != NULL) {
		connection->kind->detach(connection);
	}
	envoi_session_free(connection->session);
	connection->session = NULL;
	envoi__login_free(login);
	free_parts(connection);
	if (connection->is_running) {
		envoi_loop_quit(envoi_context_loop(connection->context));
	}
	envoi__connection_exit(connection);
}

/* --- the state --- */

enum envoi__connection_state envoi__connection_state(const struct envoi__connection *connection)
{
	const struct envoi__login *login = connection->login;
	if (envoi__connection_is_offline(connection)) {
		return ENVOI__CONNECTION_OFFLINE;
	}
	if (connection->is_leaving) {
		return ENVOI__CONNECTION_LEAVING;
	}
	if (login != NULL && login->state == ENVOI__LOGIN_ONLINE) {
		return ENVOI__CONNECTION_ONLINE;
	}
	return connection->reconnect.has_started ? ENVOI__CONNECTION_SUSPENDED
						 : ENVOI__CONNECTION_CONNECTING;
}

const char *envoi__connection_state_name(enum envoi__connection_state state)
{
	static const char *const names[] = {
		[ENVOI__CONNECTION_OFFLINE] = "offline",
		[ENVOI__CONNECTION_CONNECTING] = "connecting",
		[ENVOI__CONNECTION_ONLINE] = "online",
		[ENVOI__CONNECTION_SUSPENDED] = "suspended",
		[ENVOI__CONNECTION_LEAVING] = "leaving",
	};
	size_t i = (size_t)state;
	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

/* --- connecting and leaving --- */

int envoi__connection_connect(struct envoi__connection *connection)
{
	const char *text;
	if (envoi__guard_is_over(&connection->guard) || !envoi__connection_is_offline(connection)) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi__setter_errors_first(&connection->setter_errors, &text);
	if (r == ENVOI_OK) {
		r = envoi_session_check_needs(connection->session);
		text = envoi_session_problem(connection->session);
	}
	if (r < 0) {
		envoi__connection_show_setter_error(connection, r, text);
		return r;
	}
	if (connection->connectors.count == 0) {
		r = envoi__default_connectors(&connection->connectors, connection->context);
	}
	if (r < 0) {
		return r;
	}
	struct envoi__connection_settings values;
	envoi__connection_settings_read(&values, connection->settings);
	envoi__reconnect_begin(&connection->reconnect, &values);
	connection->reconnect.has_started =
		connection->session->is_suspended; /* loaded from a journal */
	return begin_login(connection);
}

static void stop_waiting(struct envoi__connection *connection)
{
	struct envoi_failure why;
	envoi__reconnect_stop(&connection->reconnect);
	envoi_failure_set(&why, connection->context, ENVOI_PHASE_CLOSE, ENVOI_OK, NULL);
	envoi__connection_keep_failure(connection, &why);
	stop(connection);
}

void envoi__connection_disconnect(struct envoi__connection *connection)
{
	struct envoi__login *login = connection->login;
	if (connection->reconnect.is_waiting) {
		stop_waiting(connection);
		return;
	}
	if (envoi__guard_is_over(&connection->guard) || login == NULL || connection->is_leaving) {
		return;
	}
	envoi__connection_enter(connection);
	int r = ENVOI_OK;
	if (connection->kind->leave != NULL && envoi_session_is_online(connection->session)) {
		r = connection->kind->leave(connection);
	}
	if (connection->login == login) { /* else a filter has ended it */
		connection->is_leaving = true;
		if (r != ENVOI_AGAIN) {
			envoi__login_leave(login);
		}
	}
	envoi__connection_exit(connection);
}

void envoi__connection_close(struct envoi__connection *connection)
{
	if (connection->login != NULL) {
		envoi__login_leave(connection->login);
	}
}

/* --- running --- */

static int run_result(const struct envoi__connection *connection)
{
	return connection->is_quitting || !connection->has_failure ? ENVOI_OK
								   : connection->failure.code;
}

int envoi__connection_run(struct envoi__connection *connection)
{
	struct envoi_loop *loop = envoi_context_loop(connection->context);
	if (loop == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (loop->impl->run == NULL) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	connection->is_quitting = false;
	int r = envoi__connection_is_offline(connection) ? envoi__connection_connect(connection)
							 : ENVOI_OK;
	if (r < 0) {
		return r;
	}
	envoi__connection_enter(connection);
	connection->is_running = true;
	r = envoi_loop_run(loop);
	connection->is_running = false;
	if (r == ENVOI_OK) {
		r = envoi__guard_is_over(&connection->guard) ? ENVOI_ERR_CANCELED
							     : run_result(connection);
	}
	envoi__connection_exit(connection);
	return r;
}

void envoi__connection_hint(struct envoi__connection *connection)
{
	if (connection->reconnect.is_waiting) {
		envoi__reconnect_hint(&connection->reconnect);
	} else if (connection->login != NULL && connection->login->state < ENVOI__LOGIN_ONLINE) {
		connection->is_hinted = true;
	} else if (envoi__connection_state(connection) == ENVOI__CONNECTION_ONLINE) {
		envoi__session_probe(connection->session);
	}
}

void envoi__connection_quit(struct envoi__connection *connection)
{
	connection->is_quitting = true;
	if (connection->is_running && envoi__connection_is_offline(connection)) {
		envoi_loop_quit(envoi_context_loop(connection->context));
	}
	envoi__connection_disconnect(connection);
}
