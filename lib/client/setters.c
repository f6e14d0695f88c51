/*
 * envoi - the client: what is set before it connects
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/journal.h>

#include "client/client.h"
#include "sasl/sasl.h"

/* --- settings --- */

struct envoi_settings *envoi_client_settings(struct envoi_client *client)
{
	return client->connection.settings;
}

int envoi_client_set(struct envoi_client *client, const char *name, const char *text)
{
	return envoi__connection_set(&client->connection, name, text);
}

int envoi_client_set_assignment(struct envoi_client *client, const char *assignment)
{
	return envoi__connection_set_assignment(&client->connection, assignment);
}

int envoi_client_set_assignments(struct envoi_client *client, char *const *assignments)
{
	int result = ENVOI_OK;
	for (; *assignments != NULL; assignments++) {
		int r = envoi_client_set_assignment(client, *assignments);
		result = result < 0 ? result : r;
	}
	return result;
}

/* --- the account --- */

int envoi_client_set_password(struct envoi_client *client, const char *password)
{
	static const char subject[] = "the password";
	bool may_be_missing = client->connection.account.ask_password != NULL;
	int r = envoi__account_set_password(&client->connection.account, password);
	if (r < 0) {
		return envoi__connection_note(&client->connection, subject, r, envoi_error_text(r));
	}
	return password == NULL && !may_be_missing
		? envoi__connection_note(
			  &client->connection, subject, ENVOI_ERR_INVALID, "no password was set")
		: envoi__connection_note(&client->connection, subject, ENVOI_OK, "");
}

void envoi_client_ask_password(
	struct envoi_client *client, envoi_client_password_fn *ask, void *user)
{
	client->connection.account.ask_password = ask;
	client->connection.account.password_user = user;
}

int envoi_client_set_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials *credentials)
{
	bool is_offline = client->connection.login == NULL;
	if (!is_offline ||
		(credentials != NULL && !envoi__sasl_credentials_are_complete(credentials))) {
		envoi_sasl_credentials_destroy(credentials);
		return is_offline ? ENVOI_ERR_INVALID : ENVOI_ERR_STATE;
	}
	envoi_sasl_credentials_destroy(client->connection.account.credentials);
	client->connection.account.credentials = credentials;
	return ENVOI_OK;
}

void envoi_client_ask_key_password(
	struct envoi_client *client, envoi_client_key_password_fn *ask, void *user)
{
	client->connection.account.ask_key_password = ask;
	client->connection.account.key_password_user = user;
}

int envoi_client_set_key_password(struct envoi_client *client, const char *password)
{
	char *copy = NULL;
	if (password != NULL) {
		copy = envoi_strndup(client->connection.context, password, strlen(password));
		if (copy == NULL) {
			return ENVOI_ERR_NOMEM;
		}
	}
	envoi__account_drop_key_password(&client->connection.account);
	client->connection.account.key_password = copy;
	if (client->connection.login != NULL) {
		envoi__login_key_password_set(client->connection.login, copy != NULL);
	}
	return ENVOI_OK;
}

int envoi_client_save_account(const struct envoi_client *client, struct envoi_buffer *out)
{
	return envoi__account_save(&client->connection.account, out);
}

int envoi_client_load_account(struct envoi_client *client, const char *text, size_t len)
{
	return client->connection.login != NULL
		? ENVOI_ERR_STATE
		: envoi__account_load(&client->connection.account, text, len);
}

int envoi_client_load_journal(struct envoi_client *client, const void *data, size_t len)
{
	struct envoi_jid *account;
	if (client->connection.login != NULL || client->connection.account.jid == NULL) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi_jid_bare(&account, client->connection.account.jid);
	if (r < 0) {
		return r;
	}
	envoi_session_configure(client->connection.session, client->connection.settings);
	r = envoi_session_load_journal(client->connection.session, account, data, len);
	envoi_jid_unref(account);
	return r;
}

void envoi_client_forget_pin(struct envoi_client *client)
{
	envoi_sasl_history_forget_pin(client->connection.account.history);
}

void envoi_client_forget_keys(struct envoi_client *client)
{
	envoi_sasl_history_forget_keys(client->connection.account.history);
}

/* --- what is attached --- */

int envoi_client_add(struct envoi_client *client, struct envoi_handler *handler)
{
	return envoi__connection_add(&client->connection, handler);
}

void envoi_client_remove(struct envoi_client *client, struct envoi_handler *handler)
{
	envoi_session_remove(client->connection.session, handler);
}

int envoi_client_add_connector(struct envoi_client *client, struct envoi_connector *connector)
{
	return envoi__connection_add_connector(&client->connection, connector);
}

void envoi_client_set_tls_decider(struct envoi_client *client, struct envoi_tls_decider *decider)
{
	client->connection.decider = decider;
}

void envoi_client_set_tap(struct envoi_client *client, envoi_tap_fn *tap, void *user)
{
	envoi__connection_set_tap(&client->connection, tap, user);
}

void envoi_client_switch_tap(
	struct envoi_client *client, enum envoi_direction direction, bool is_on)
{
	envoi__connection_switch_tap(&client->connection, direction, is_on);
}
