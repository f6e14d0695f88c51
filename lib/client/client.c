/*
 * envoi - the client
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"
#include "client/defaults.h"

#include <string.h>

#include <envoi/mainloop.h>

#include "session/session.h"
#include "settings/settings.h"

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
	envoi__client_connection_init(client);
	r = set_up(client, jid != NULL ? jid : "", settings);
	if (r < 0) {
		envoi_client_free(client);
		return r;
	}
	*ret_client = client;
	return ENVOI_OK;
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
	if (!envoi__client_is_offline(client)) {
		envoi__client_end_all(client, login);
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
