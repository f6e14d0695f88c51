/*
 * envoi - the client helper
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

#include <stdio.h>
#include <string.h>

#include <envoi/mainloop.h>

#include "base/context.h"

static struct envoi_client *client_from_owner(struct envoi_session_owner *owner)
{
	return ENVOI_CONTAINER_OF(owner, struct envoi_client, owner);
}

void envoi__client_post(struct envoi_client *client, enum envoi_event_type type, const char *text)
{
	int r = envoi_session_post_event(
		client->session, &(struct envoi_event){.type = type, .text = text});
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event %s is lost: %s", envoi_event_name(type), envoi_error_text(r));
	}
}

static void add_attempts(struct envoi_failure *why, const struct envoi_failure *from)
{
	for (size_t i = 0; i < from->attempt_count; i++) {
		envoi_failure_add_attempt(why, &from->attempts[i]);
	}
}

void envoi__client_keep_failure(struct envoi_client *client, struct envoi_failure *why)
{
	envoi_failure_finish(&client->failure);
	envoi_failure_move(&client->failure, why);
	client->has_failure = true;
	envoi_free(client->context, client->failure_text);
	client->failure_text = NULL;
}

void envoi__client_ended(struct envoi_client *client, struct envoi_failure *why)
{
	envoi_timer_stop(&client->deadline);
	client->is_leaving = false;
	client->presence.is_available = false;
	if (why->code != ENVOI_OK && client->state != ENVOI__CLIENT_ONLINE) {
		add_attempts(why, &client->attempts);
		add_attempts(why, &client->tried);
	}
	client->state = ENVOI__CLIENT_OFFLINE;
	envoi_failure_finish(&client->attempts);
	envoi_failure_finish(&client->tried);
	envoi__client_keep_failure(client, why);
	int r = envoi_session_post_event(client->session,
		&(struct envoi_event){
			.type = ENVOI_EVENT_DISCONNECTED, .failure = &client->failure});
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"the terminal event is lost: %s", envoi_error_text(r));
	}
	envoi__client_forget_ways(client);
}

/* --- what the session tells --- */

static void on_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	(void)session;
	struct envoi_client *client = client_from_owner(owner);
	envoi_timer_stop(&client->deadline);
	envoi_failure_finish(&client->attempts);
	envoi_failure_finish(&client->tried);
	client->state = ENVOI__CLIENT_ONLINE;
	envoi__client_enter(client);
	envoi__client_forget_ways(client);
	if (!envoi__guard_is_over(&client->guard)) {
		envoi__client_become_available(client);
	}
	envoi__client_leave(client);
}

static void on_gained(struct envoi_session_owner *owner, struct envoi_session *session,
	unsigned int bit, const char *text)
{
	struct envoi_client *client = client_from_owner(owner);
	(void)session;
	(void)text;
	client->is_secure |= bit == ENVOI_STREAM_SECURE;
	client->is_authenticated |= bit == ENVOI_STREAM_AUTHENTICATED;
}

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	(void)session;
	struct envoi_client *client = client_from_owner(owner);
	struct envoi_failure copy;
	envoi__client_enter(client);
	envoi_failure_copy(&copy, why);
	if (envoi__client_try_next(client, why) || envoi__client_follow(client, &copy)) {
		envoi_failure_finish(&copy);
	} else {
		envoi__client_ended(client, &copy);
	}
	envoi__client_leave(client);
}

static const struct envoi_session_owner_impl owner_impl = {
	.gained = on_gained,
	.ready = on_ready,
	.closed = on_closed,
};

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct envoi_client *client = ENVOI_CONTAINER_OF(self, struct envoi_client, watcher);
	if (client->is_running && client->state == ENVOI__CLIENT_OFFLINE) {
		envoi_loop_quit(envoi_context_loop(client->context));
	}
}

static const struct envoi_event_row watched[] = {
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl watcher_impl = {
	.name = "client",
	.events = watched,
};

/* --- making and freeing --- */

static int set_up(struct envoi_client *client, const char *jid)
{
	client->jid_text = envoi_strndup(client->context, jid, strlen(jid));
	if (client->jid_text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_settings_new(&client->settings, client->context);
	if (r < 0) {
		return r;
	}
	r = envoi_sasl_history_new(&client->history, client->context);
	if (r < 0) {
		return r;
	}
	r = envoi_session_new(&client->session, client->context, client->settings);
	if (r < 0) {
		return r;
	}
	envoi_session_set_owner(client->session, &client->owner);
	r = envoi_session_add(client->session, &client->watcher);
	if (r < 0) {
		return r;
	}
	r = envoi__presence_attach(&client->presence, client->session, client->settings);
	if (r < 0) {
		return r;
	}
	r = envoi_roster_new(&client->roster, client->session, client->settings);
	if (r < 0) {
		return r;
	}
	r = envoi__client_default_handlers(client);
	if (r < 0) {
		return r;
	}
	r = envoi_jid_from_text(&client->jid, client->context, jid);
	if (r == ENVOI_OK) {
		envoi_session_set_jid(client->session, client->jid);
	}
	return r == ENVOI_ERR_INVALID
	       ? envoi__client_note(client, "the address", r, "not the address of an account"),
	       ENVOI_OK : r;
}

int envoi_client_new(
	struct envoi_client **ret_client, struct envoi_context *context, const char *jid)
{
	struct envoi_context *own = NULL;
	if (context == NULL) {
		int made = envoi_context_new(&own, NULL);
		if (made < 0) {
			return made;
		}
		context = own;
	}
	struct envoi_client *client = envoi_alloc_zeroed(context, sizeof(*client));
	if (client == NULL) {
		envoi_context_unref(own);
		return ENVOI_ERR_NOMEM;
	}
	client->context = own != NULL ? own : envoi_context_ref(context);
	client->owner.impl = &owner_impl;
	client->watcher.impl = &watcher_impl;
	int r = set_up(client, jid != NULL ? jid : "");
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

/* The terminal event is delivered by envoi_session_free(), with all else that is outstanding. */
void envoi_client_free(struct envoi_client *client)
{
	if (client == NULL || envoi__guard_is_over(&client->guard)) {
		return;
	}
	envoi__client_enter(client);
	envoi__guard_end(&client->guard);
	envoi__client_stop_connecting(client);
	if (client->session != NULL && client->state != ENVOI__CLIENT_OFFLINE) {
		struct envoi_failure why;
		envoi_failure_set(&why, client->context, ENVOI_PHASE_CLOSE, ENVOI_ERR_CANCELED,
			"the client was freed");
		envoi__client_ended(client, &why);
	}
	if (client->roster != NULL) {
		envoi_roster_detach(client->roster);
	}
	if (client->session != NULL) {
		envoi_session_set_owner(client->session, NULL);
		envoi_session_free(client->session);
		client->session = NULL;
	}
	envoi_roster_free(client->roster);
	envoi__presence_finish(&client->presence);
	for (size_t i = 0; i < client->connector_count; i++) {
		envoi_connector_destroy(client->connectors[i]);
	}
	envoi_free(client->context, client->connectors);
	envoi__client_free_features(client);
	envoi_tls_config_unref(client->tls);
	envoi__client_drop_password(client);
	envoi_sasl_credentials_destroy(client->credentials);
	envoi_sasl_history_free(client->history);
	envoi__client_drop_key_password(client);
	envoi_failure_finish(&client->failure);
	envoi_failure_finish(&client->attempts);
	envoi_failure_finish(&client->tried);
	envoi_free(client->context, client->failure_text);
	envoi_free(client->context, client->problems);
	envoi_free(client->context, client->jid_text);
	envoi_jid_unref(client->jid);
	envoi_settings_free(client->settings);
	if (client->is_running) {
		envoi_loop_quit(envoi_context_loop(client->context));
	}
	envoi__client_leave(client);
}

/* --- what it has --- */

void envoi_client_set_tap(struct envoi_client *client, envoi_tap_fn *tap, void *user)
{
	client->tap = tap;
	client->tap_user = user;
}

struct envoi_roster *envoi_client_roster(struct envoi_client *client)
{
	return client->roster;
}

struct envoi_session *envoi_client_session(struct envoi_client *client)
{
	return client->session;
}

/* --- connecting and leaving --- */

int envoi_client_connect(struct envoi_client *client)
{
	if (envoi__guard_is_over(&client->guard) || client->state != ENVOI__CLIENT_OFFLINE) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi__client_tell_problem(client);
	return r < 0 ? r : envoi__client_start_connecting(client);
}

/* When it cannot be sent, the server sends it on behalf of the account (RFC 6121, section 4.5.1). */
static void send_unavailable(struct envoi_client *client)
{
	int r = envoi__presence_leave(&client->presence);
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT,
			"leaving without presence: %s", envoi_error_text(r));
	}
}

/* Whoever was asked whether to believe a server is told that it is over, and may free the client. */
static void leave_connecting(struct envoi_client *client)
{
	envoi__client_stop_connecting(client);
	if (!envoi__guard_is_over(&client->guard)) {
		struct envoi_failure why;
		envoi_failure_set(&why, client->context, ENVOI_PHASE_CLOSE, ENVOI_OK, NULL);
		envoi__client_ended(client, &why);
	}
}

void envoi_client_disconnect(struct envoi_client *client)
{
	if (envoi__guard_is_over(&client->guard) || client->is_leaving ||
		client->state == ENVOI__CLIENT_OFFLINE) {
		return;
	}
	client->is_leaving = true;
	envoi__client_enter(client);
	if (client->state == ENVOI__CLIENT_CONNECTING) {
		leave_connecting(client);
		envoi__client_leave(client);
		return;
	}
	send_unavailable(client);
	if (!envoi__guard_is_over(&client->guard)) {
		envoi_session_close(client->session);
	}
	envoi__client_leave(client);
}

/* --- running --- */

static int run_result(const struct envoi_client *client)
{
	return client->was_told_to_quit || !client->has_failure ? ENVOI_OK : client->failure.code;
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
	client->was_told_to_quit = false;
	int r = client->state == ENVOI__CLIENT_OFFLINE ? envoi_client_connect(client) : ENVOI_OK;
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

void envoi_client_quit(struct envoi_client *client)
{
	client->was_told_to_quit = true;
	if (client->is_running && client->state == ENVOI__CLIENT_OFFLINE) {
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
		if (envoi_buffer_printf(&text, "%s: %s", client->jid_text, line) == ENVOI_OK) {
			client->failure_text = envoi_strndup(
				client->context, envoi_buffer_data(&text), envoi_buffer_len(&text));
		}
		envoi_buffer_finish(&text);
	}
	return client->failure_text != NULL ? client->failure_text
					    : envoi_error_text(ENVOI_ERR_NOMEM);
}
