/*
 * envoi - the client helper: roster and initial presence
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "client/client.h"

/* RFC 6121, section 4.2: after the roster, so that presence finds its contacts (section 2.2). */
static int send_presence(struct envoi_client *client)
{
	struct envoi_stanza *presence = envoi_presence_new(
		client->context, ENVOI_TYPE_AVAILABLE, NULL);
	int64_t priority = envoi_settings_int(client->settings, "presence.priority");
	if (presence != NULL && priority != 0) {
		char text[8];
		snprintf(text, sizeof(text), "%d", (int)priority);
		envoi_element_add_with_text(envoi_stanza_element(presence), NULL, "priority", text);
	}
	return envoi_send(client->session, presence, NULL);
}

static void announce(struct envoi_client *client)
{
	if (envoi__guard_is_over(&client->guard) || !envoi_session_is_online(client->session)) {
		return;
	}
	if (envoi_settings_int(client->settings, "presence.initial") != 0) {
		int r = send_presence(client);
		if (r < 0) {
			envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
				"initial presence was not sent: %s", envoi_error_text(r));
			return;
		}
		client->is_available = true;
	}
	envoi__client_post(client, ENVOI_EVENT_AVAILABLE, NULL);
}

/* A server without rosters answers with an error: presence is worth sending all the same. */
static void on_roster(void *user, int code)
{
	struct envoi_client *client = user;
	envoi__client_enter(client);
	if (code < 0) {
		envoi_log(client->context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT, "no roster: %s",
			envoi_error_text(code));
	}
	announce(client);
	envoi__client_leave(client);
}

static void fetch_roster(struct envoi_client *client)
{
	int r = envoi_roster_fetch(client->roster, on_roster, client);
	if (r < 0 && !envoi__guard_is_over(&client->guard)) {
		on_roster(client, r);
	}
}

/* A filter sees what is sent here before it is, and may free the client. */
void envoi__client_become_available(struct envoi_client *client)
{
	envoi__client_enter(client);
	if (envoi_settings_int(client->settings, "roster.fetch") == 0) {
		announce(client);
	} else {
		fetch_roster(client);
	}
	envoi__client_leave(client);
}
