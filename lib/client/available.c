/*
 * envoi - the client: roster and initial presence
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

/* What a suspended session is given waits for the stream that resumes it: the roster may have come
 * just before the connection was lost. */
static bool can_announce(const struct envoi_session *session)
{
	return envoi_session_is_online(session) || envoi_session_is_suspended(session);
}

/* RFC 6121, section 4.2: presence follows the roster, so that it finds its contacts (section 2.2).
 *  */
static void announce(struct envoi_client *client)
{
	if (envoi__guard_is_over(&client->guard) || !can_announce(client->session)) {
		return;
	}
	if (client->announces) {
		int r = envoi__own_presence_send_initial(&client->presence);
		if (r < 0) {
			envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
				"initial presence was not sent: %s", envoi_error_text(r));
			return;
		}
	}
	int r = envoi_session_post_event(
		client->session, &(struct envoi_event){.type = ENVOI_EVENT_AVAILABLE});
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event available is lost: %s", envoi_error_text(r));
	}
}

/* A server without rosters answers with an error: presence is sent all the same. */
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
	const struct envoi__client_settings *values = &client->login->values;
	envoi__client_enter(client);
	client->presence.is_available = false;
	client->announces = values->sends_presence;
	if (values->fetches_roster) {
		fetch_roster(client);
	} else {
		announce(client);
	}
	envoi__client_leave(client);
}
