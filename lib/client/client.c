/*
 * envoi - the client
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

#include <envoi/mainloop.h>

#include "session/session.h"

static struct envoi_client *from_connection(struct envoi__connection *connection)
{
	return ENVOI_CONTAINER_OF(connection, struct envoi_client, connection);
}

/* --- for its connection --- */

static int prepare(struct envoi__connection *connection, struct envoi__login_parameters *with)
{
	envoi__client_settings_read(&from_connection(connection)->values, with->settings);
	return ENVOI_OK;
}

static void restore(struct envoi__connection *connection)
{
	envoi__client_become_available(from_connection(connection));
}

/* When it cannot be sent, the server sends it on behalf of the account (RFC 6121, section 4.5.1).
 *  */
static int leave(struct envoi__connection *connection)
{
	int r = envoi__own_presence_leave(&from_connection(connection)->presence);
	if (r < 0) {
		envoi_log(connection->context, ENVOI_LOG_INFO, ENVOI_LOG_CLIENT,
			"leaving without presence: %s", envoi_error_text(r));
	}
	return ENVOI_OK;
}

static void detach(struct envoi__connection *connection)
{
	struct envoi_client *client = from_connection(connection);
	envoi_timer_stop(&client->again_timer);
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

static void finish(struct envoi__connection *connection)
{
	struct envoi_client *client = from_connection(connection);
	envoi_timer_stop(&client->again_timer);
	envoi_subscriptions_free(client->subscriptions);
	envoi_presences_free(client->presences);
	envoi_roster_free(client->roster);
	envoi__own_presence_finish(&client->presence);
}

static const struct envoi__connection_kind client_kind = {
	.noun = "client",
	.address_problem = "not the address of an account",
	.login = &envoi__client_login,
	.prepare = prepare,
	.restore = restore,
	.leave = leave,
	.detach = detach,
	.finish = finish,
};

/* --- making and freeing --- */

static int add_handlers(struct envoi_client *client)
{
	struct envoi_session *session = client->connection.session;
	const struct envoi_settings *settings = client->connection.settings;
	int r = envoi__own_presence_attach(&client->presence, session, settings);
	if (r == ENVOI_OK) {
		r = envoi_roster_new(&client->roster, session, settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_presences_new(&client->presences, session, client->roster, settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_subscriptions_new(
			&client->subscriptions, session, client->roster, settings);
	}
	return r < 0 ? r : envoi__default_handlers(session);
}

int envoi_client_new(
	struct envoi_client **ret_client, struct envoi_context *context, const char *jid)
{
	return envoi_client_new_with(ret_client, context, jid, NULL);
}

int envoi_client_new_with(struct envoi_client **ret_client, struct envoi_context *context,
	const char *jid, const struct envoi_settings *settings)
{
	struct envoi_context *used;
	int r = envoi__connection_choose_context(&used, context, settings);
	if (r < 0) {
		return r;
	}
	struct envoi_client *client = envoi_alloc_zeroed(used, sizeof(*client));
	if (client == NULL) {
		envoi_context_unref(used);
		return ENVOI_ERR_NOMEM;
	}
	r = envoi__connection_init(&client->connection, &client_kind, used, jid, settings);
	if (r == ENVOI_OK) {
		client->connection.session->client = client;
		r = add_handlers(client);
	}
	if (r < 0) {
		envoi_client_free(client);
		return r;
	}
	*ret_client = client;
	return ENVOI_OK;
}

void envoi_client_free(struct envoi_client *client)
{
	if (client != NULL) {
		envoi__connection_free(&client->connection);
	}
}

/* --- connecting --- */

_Static_assert((int)ENVOI_CLIENT_LEAVING == (int)ENVOI__CONNECTION_LEAVING, "the same states");

enum envoi_client_state envoi_client_state(const struct envoi_client *client)
{
	return (enum envoi_client_state)envoi__connection_state(&client->connection);
}

const char *envoi_client_state_name(enum envoi_client_state state)
{
	return envoi__connection_state_name((enum envoi__connection_state)state);
}

int envoi_client_connect(struct envoi_client *client)
{
	return envoi__connection_connect(&client->connection);
}

void envoi_client_disconnect(struct envoi_client *client)
{
	envoi__connection_disconnect(&client->connection);
}

void envoi_client_hint(struct envoi_client *client)
{
	envoi__connection_hint(&client->connection);
}

int envoi_client_run(struct envoi_client *client)
{
	return envoi__connection_run(&client->connection);
}

void envoi_client_quit(struct envoi_client *client)
{
	envoi__connection_quit(&client->connection);
}

const struct envoi_failure *envoi_client_failure(const struct envoi_client *client)
{
	return envoi__connection_failure(&client->connection);
}

const char *envoi_client_failure_text(struct envoi_client *client)
{
	return envoi__connection_failure_text(&client->connection);
}

/* --- what it has --- */

struct envoi_roster *envoi_client_roster(struct envoi_client *client)
{
	return client->roster;
}

static bool is_subscriber(const struct envoi_client *client, const struct envoi_jid *jid)
{
	const struct envoi_roster_item *contact = envoi_roster_find(client->roster, jid);
	return contact != NULL &&
		(contact->subscription == ENVOI_SUBSCRIPTION_FROM ||
			contact->subscription == ENVOI_SUBSCRIPTION_BOTH);
}

bool envoi_client_shows_presence_to(const struct envoi_client *client, const struct envoi_jid *jid)
{
	const struct envoi_jid *own = envoi_session_jid(client->connection.session);
	return jid != NULL &&
		(envoi_jid_equal_bare(jid, own) ||
			envoi__directed_has(&client->presence.directed, jid) ||
			(client->presence.is_available && is_subscriber(client, jid)));
}

struct envoi_presences *envoi_client_presences(struct envoi_client *client)
{
	return client->presences;
}

struct envoi_subscriptions *envoi_client_subscriptions(struct envoi_client *client)
{
	return client->subscriptions;
}

struct envoi_context *envoi_client_context(const struct envoi_client *client)
{
	return envoi_session_context(client->connection.session);
}

struct envoi_session *envoi_client_session(struct envoi_client *client)
{
	return client->connection.session;
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
