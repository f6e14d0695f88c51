/*
 * envoi - the client: roster and initial presence
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

enum {
	AGAIN_MS = 1000,
};

static void on_again(struct envoi_timer *timer);

/* A client that is online and not available gets no messages: it tries again when memory is short,
 * or the queue is full of what waited for the session. */
static bool tries_again(struct envoi_client *client, int r)
{
	bool is_passing = r == ENVOI_ERR_NOMEM || r == ENVOI_ERR_FULL;
	if (is_passing && !envoi__guard_is_over(&client->connection.guard)) {
		envoi_timer_start(&client->again_timer,
			envoi_context_loop(client->connection.context), AGAIN_MS, on_again);
	}
	return is_passing;
}

/* Stanzas of a suspended session are sent when it is resumed. The roster may arrive just before the
 * connection is lost. */
static bool can_announce(const struct envoi_session *session)
{
	return envoi_session_is_online(session) || envoi_session_is_suspended(session);
}

/* RFC 6121, section 4.2: presence is sent after the roster has arrived, so that presence of
 * contacts finds their entries (section 2.2). */
static void announce(struct envoi_client *client)
{
	if (envoi__guard_is_over(&client->connection.guard) ||
		!can_announce(client->connection.session)) {
		return;
	}
	int r = ENVOI_OK;
	if (client->announces) {
		r = envoi__own_presence_send_initial(&client->presence);
	}
	if (r == ENVOI_OK) {
		client->announces = false;
		r = envoi_session_post_event(client->connection.session,
			&(struct envoi_event){.type = ENVOI_EVENT_AVAILABLE});
	}
	if (r < 0 && !tries_again(client, r)) {
		envoi_log(client->connection.context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"initial presence was not sent: %s", envoi_error_text(r));
	}
}

/* A server without rosters answers with an error: presence is sent all the same. */
static void on_roster(void *user, int code)
{
	struct envoi_client *client = user;
	envoi__connection_enter(&client->connection);
	client->awaits_roster = false;
	if (code < 0) {
		envoi_log(client->connection.context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
			"no roster: %s", envoi_error_text(code));
	}
	announce(client);
	envoi__connection_exit(&client->connection);
}

static void fetch_roster(struct envoi_client *client)
{
	client->awaits_roster = true;
	int r = envoi_roster_fetch(client->roster, on_roster, client);
	if (r < 0 && !envoi__guard_is_over(&client->connection.guard) && !tries_again(client, r)) {
		on_roster(client, r);
	}
}

static void on_again(struct envoi_timer *timer)
{
	struct envoi_client *client = ENVOI_CONTAINER_OF(timer, struct envoi_client, again_timer);
	if (!can_announce(client->connection.session)) {
		return;
	}
	envoi__connection_enter(&client->connection);
	if (client->awaits_roster) {
		fetch_roster(client);
	} else {
		announce(client);
	}
	envoi__connection_exit(&client->connection);
}

/* Filters get the request and the presence first. A filter may free the client. */
void envoi__client_become_available(struct envoi_client *client)
{
	const struct envoi__client_settings *values = &client->values;
	envoi__connection_enter(&client->connection);
	client->presence.is_available = false;
	envoi_timer_stop(&client->again_timer);
	client->announces = values->sends_presence;
	if (values->fetches_roster) {
		fetch_roster(client);
	} else {
		announce(client);
	}
	envoi__connection_exit(&client->connection);
}

/* --- the application's presence --- */

/* Before the roster has come, it is the initial presence. */
static int send_set(struct envoi_client *client)
{
	return client->awaits_roster || !can_announce(client->connection.session)
		? ENVOI_OK
		: envoi__own_presence_send_set(&client->presence);
}

int envoi_client_set_presence(struct envoi_client *client, struct envoi_stanza *presence)
{
	int r = envoi__own_presence_set(&client->presence, presence);
	envoi_stanza_unref(presence);
	if (r < 0 || envoi__guard_is_over(&client->connection.guard)) {
		return r < 0 ? r : ENVOI_ERR_STATE;
	}
	envoi__connection_enter(&client->connection);
	r = send_set(client);
	envoi__connection_exit(&client->connection);
	return r;
}

int envoi_client_renew_presence(struct envoi_client *client)
{
	if (envoi__guard_is_over(&client->connection.guard)) {
		return ENVOI_ERR_STATE;
	}
	if (!client->presence.is_available || !can_announce(client->connection.session)) {
		return ENVOI_OK;
	}
	envoi__connection_enter(&client->connection);
	int r = envoi__own_presence_send_initial(&client->presence);
	envoi__connection_exit(&client->connection);
	return r;
}

int envoi_client_set_show(struct envoi_client *client, const char *show, const char *status)
{
	struct envoi_stanza *presence = envoi_presence_new(
		client->connection.context, ENVOI_TYPE_AVAILABLE, NULL);
	envoi_presence_set_show(presence, show);
	envoi_presence_set_status(presence, NULL, status);
	return envoi_client_set_presence(client, presence);
}
