/*
 * envoi - the client
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"
#include "client/defaults.h"

#include <stdio.h>
#include <string.h>

#include <envoi/mainloop.h>

#include "session/liveness/probe.h"
#include "session/session.h"
#include "settings/settings.h"

/* --- failures --- */

static void keep_failure(struct envoi_client *client, struct envoi_failure *why)
{
	envoi_failure_finish(&client->failure);
	envoi_failure_move(&client->failure, why);
	client->has_failure = true;
	envoi_free(client->context, client->failure_text);
	client->failure_text = NULL;
}

void envoi__client_show_setter_error(struct envoi_client *client, int code, const char *text)
{
	struct envoi_failure why;
	if (client->login == NULL) {
		envoi_failure_set(&why, client->context, ENVOI_PHASE_NONE, code, "%s", text);
		keep_failure(client, &why);
	}
}

/* No attempt is in progress or will be made. */
static bool is_offline(const struct envoi_client *client)
{
	return client->login == NULL && !client->reconnect.is_waiting;
}

/* --- the login --- */

static void on_ready(void *user, struct envoi__login *login)
{
	struct envoi_client *client = user;
	(void)login;
	envoi__reconnect_online(&client->reconnect);
	envoi_session_set_continued(client->session, client->reconnect.is_enabled);
}

/* A session that another process began, and that a journal has brought here, is new to this client.
 */
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

/* The last event. The session and what waits in it end before it. */
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
	keep_failure(client, why);
	post_end(client, ENVOI_EVENT_DISCONNECTED);
}

static void on_ended(void *user, struct envoi__login *login, struct envoi_failure *why)
{
	struct envoi_client *client = user;
	bool is_leaving = login->is_leaving;
	uint64_t delay_ms;
	take_end(client, why);
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
		.takes_any_resource = client->reconnect.takes_any_resource,
	};
	return envoi__login_new(
		&client->login, &owner, &with, client->has_failure ? &client->failure : NULL);
}

/* An attempt that cannot begin for want of memory is no connection that has failed. */
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
	if (client->is_running && is_offline(client)) {
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

/* --- making and freeing --- */

static int set_address(struct envoi_client *client, const char *jid)
{
	int r = envoi__account_init(&client->account, client->context, jid);
	if (r == ENVOI_OK) {
		envoi_session_set_jid(client->session, client->account.jid);
	}
	if (r == ENVOI_ERR_INVALID) {
		(void)envoi__client_note(client, "the address", r, "not the address of an account");
		return ENVOI_OK; /* reported when it connects */
	}
	return r;
}

static int add_handlers(struct envoi_client *client)
{
	int r = envoi_session_add(client->session, &client->watcher);
	if (r == ENVOI_OK) {
		r = envoi__own_presence_attach(
			&client->presence, client->session, client->settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_roster_new(&client->roster, client->session, client->settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_presences_new(
			&client->presences, client->session, client->roster, client->settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_subscriptions_new(
			&client->subscriptions, client->session, client->roster, client->settings);
	}
	return r < 0 ? r : envoi__default_handlers(client->session);
}

static int set_up(
	struct envoi_client *client, const char *jid, const struct envoi_settings *settings)
{
	int r = settings != NULL ? envoi_settings_dup(&client->settings, settings)
				 : envoi_settings_new(&client->settings, client->context);
	if (r == ENVOI_OK) {
		r = envoi_session_new(&client->session, client->context, client->settings);
	}
	if (r == ENVOI_OK) {
		client->session->client = client;
		r = add_handlers(client);
	}
	return r < 0 ? r : set_address(client, jid);
}

int envoi_client_new(
	struct envoi_client **ret_client, struct envoi_context *context, const char *jid)
{
	return envoi_client_new_with(ret_client, context, jid, NULL);
}

/* @return a reference to the context to be used, in *ret_context */
static int choose_context(struct envoi_context **ret_context, struct envoi_context *context,
	const struct envoi_settings *settings)
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

int envoi_client_new_with(struct envoi_client **ret_client, struct envoi_context *context,
	const char *jid, const struct envoi_settings *settings)
{
	struct envoi_context *used;
	int r = choose_context(&used, context, settings);
	if (r < 0) {
		return r;
	}
	struct envoi_client *client = envoi_alloc_zeroed(used, sizeof(*client));
	if (client == NULL) {
		envoi_context_unref(used);
		return ENVOI_ERR_NOMEM;
	}
	client->context = client->account.context = used;
	client->watcher.impl = &watcher_impl;
	envoi__reconnect_init(&client->reconnect, used, on_due);
	r = set_up(client, jid != NULL ? jid : "", settings);
	if (r < 0) {
		envoi_client_free(client);
		return r;
	}
	*ret_client = client;
	return ENVOI_OK;
}

void envoi__client_leave(struct envoi_client *client)
{
	if (envoi__guard_leave(&client->guard)) {
		struct envoi_context *context = client->context;
		envoi_free(context, client);
		envoi_context_unref(context);
	}
}

/* With the events that are due. */
static void end_all(struct envoi_client *client, struct envoi__login *login)
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
		keep_failure(client, &why);
	}
	post_end(client, ENVOI_EVENT_STOPPED);
}

static void free_parts(struct envoi_client *client)
{
	envoi_subscriptions_free(client->subscriptions);
	envoi_presences_free(client->presences);
	envoi_roster_free(client->roster);
	envoi__own_presence_finish(&client->presence);
	envoi__connectors_finish(&client->connectors, client->context);
	envoi__account_finish(&client->account);
	envoi_failure_finish(&client->failure);
	envoi_free(client->context, client->failure_text);
	envoi__setter_errors_finish(&client->setter_errors, client->context);
	envoi_settings_free(client->settings);
}

static void detach_parts(struct envoi_client *client)
{
	if (client->subscriptions != NULL) {
		envoi_subscriptions_detach(client->subscriptions);
	}
	if (client->presences != NULL) {
		envoi_presences_detach(client->presences);
	}
	if (client->roster != NULL) {
		envoi_roster_detach(client->roster);
	}
}

/* The terminal event is delivered by envoi_session_free(), with all else that is outstanding. */
void envoi_client_free(struct envoi_client *client)
{
	if (client == NULL || envoi__guard_is_over(&client->guard)) {
		return;
	}
	struct envoi__login *login = client->login;
	envoi__client_enter(client);
	envoi__guard_end(&client->guard);
	if (!is_offline(client)) {
		end_all(client, login);
	}
	detach_parts(client);
	envoi_session_free(client->session);
	client->session = NULL;
	envoi__login_free(login);
	free_parts(client);
	if (client->is_running) {
		envoi_loop_quit(envoi_context_loop(client->context));
	}
	envoi__client_leave(client);
}

/* --- what it has --- */

struct envoi_roster *envoi_client_roster(struct envoi_client *client)
{
	return client->roster;
}

struct envoi_presences *envoi_client_presences(struct envoi_client *client)
{
	return client->presences;
}

struct envoi_subscriptions *envoi_client_subscriptions(struct envoi_client *client)
{
	return client->subscriptions;
}

struct envoi_session *envoi_client_session(struct envoi_client *client)
{
	return client->session;
}

struct envoi_client *envoi_session_client(const struct envoi_session *session)
{
	return session->client;
}

void envoi_client_set_user(struct envoi_client *client, void *user)
{
	client->user = user;
}

void *envoi_client_user(const struct envoi_client *client)
{
	return client->user;
}

enum envoi_client_state envoi_client_state(const struct envoi_client *client)
{
	const struct envoi__login *login = client->login;
	if (is_offline(client)) {
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

int envoi_client_connect(struct envoi_client *client)
{
	const char *text;
	if (envoi__guard_is_over(&client->guard) || !is_offline(client)) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi__setter_errors_first(&client->setter_errors, &text);
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
	client->reconnect.has_started = client->session->is_suspended; /* brought by a journal */
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
	keep_failure(client, &why);
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
	int r = is_offline(client) ? envoi_client_connect(client) : ENVOI_OK;
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
	if (client->is_running && is_offline(client)) {
		envoi_loop_quit(envoi_context_loop(client->context));
	}
	envoi_client_disconnect(client);
}

/* --- why not --- */

const struct envoi_failure *envoi_client_failure(const struct envoi_client *client)
{
	return client->has_failure ? &client->failure : NULL;
}

const char *envoi_client_failure_text(struct envoi_client *client)
{
	if (!client->has_failure) {
		return "no failure";
	}
	if (client->failure_text == NULL) {
		char line[1024];
		envoi_failure_describe(&client->failure, line, sizeof(line));
		struct envoi_buffer text;
		envoi_buffer_init(&text, client->context, 0);
		if (envoi_buffer_printf(&text, "%s: %s", client->account.jid_text, line) ==
			ENVOI_OK) {
			client->failure_text = envoi_strndup(
				client->context, envoi_buffer_data(&text), envoi_buffer_len(&text));
		}
		envoi_buffer_finish(&text);
	}
	return client->failure_text != NULL ? client->failure_text
					    : envoi_error_text(ENVOI_ERR_NOMEM);
}
