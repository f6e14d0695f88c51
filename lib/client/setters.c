/*
 * envoi - the client: what is set before it connects
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/journal.h>

#include "client/client.h"
#include "sasl/sasl.h"

int envoi__client_note(struct envoi_client *client, const char *subject, int code, const char *text)
{
	envoi__setter_errors_note(&client->setter_errors, client->context, subject, code, text);
	if (code != ENVOI_OK) {
		envoi__client_show_setter_error(client, code, text);
	}
	return code;
}

/* --- settings --- */

struct envoi_settings *envoi_client_settings(struct envoi_client *client)
{
	return client->settings;
}

int envoi_client_set(struct envoi_client *client, const char *name, const char *text)
{
	if (name == NULL) {
		return envoi__client_note(
			client, "a setting", ENVOI_ERR_INVALID, "a setting without a name");
	}
	int r = envoi_settings_set(client->settings, name, text);
	return envoi__client_note(client, name, r,
		r == ENVOI_ERR_NOMEM ? envoi_error_text(r)
				     : envoi_settings_problem(client->settings));
}

int envoi_client_set_assignment(struct envoi_client *client, const char *assignment)
{
	if (assignment == NULL) {
		assignment = "";
	}
	const char *equals = strchr(assignment, '=');
	char name[64], text[128];
	size_t len = equals != NULL ? (size_t)(equals - assignment) : 0;
	if (len == 0 || len >= sizeof(name)) {
		snprintf(text, sizeof(text), "\"%s\" is not NAME=VALUE", assignment);
		return envoi__client_note(client, assignment, ENVOI_ERR_INVALID, text);
	}
	memcpy(name, assignment, len);
	name[len] = '\0';
	return envoi_client_set(client, name, equals + 1);
}

/* --- the account --- */

int envoi_client_set_password(struct envoi_client *client, const char *password)
{
	static const char subject[] = "the password";
	bool may_be_missing = client->account.ask_password != NULL;
	int r = envoi__account_set_password(&client->account, password);
	if (r < 0) {
		return envoi__client_note(client, subject, r, envoi_error_text(r));
	}
	return password == NULL && !may_be_missing
		? envoi__client_note(client, subject, ENVOI_ERR_INVALID, "no password was set")
		: envoi__client_note(client, subject, ENVOI_OK, "");
}

void envoi_client_ask_password(
	struct envoi_client *client, envoi_client_password_fn *ask, void *user)
{
	client->account.ask_password = ask;
	client->account.password_user = user;
}

int envoi_client_set_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials *credentials)
{
	bool is_offline = client->login == NULL;
	if (!is_offline ||
		(credentials != NULL && !envoi__sasl_credentials_are_complete(credentials))) {
		envoi_sasl_credentials_destroy(credentials);
		return is_offline ? ENVOI_ERR_INVALID : ENVOI_ERR_STATE;
	}
	envoi_sasl_credentials_destroy(client->account.credentials);
	client->account.credentials = credentials;
	return ENVOI_OK;
}

void envoi_client_ask_key_password(
	struct envoi_client *client, envoi_client_key_password_fn *ask, void *user)
{
	client->account.ask_key_password = ask;
	client->account.key_password_user = user;
}

int envoi_client_set_key_password(struct envoi_client *client, const char *password)
{
	char *copy = NULL;
	if (password != NULL) {
		copy = envoi_strndup(client->context, password, strlen(password));
		if (copy == NULL) {
			return ENVOI_ERR_NOMEM;
		}
	}
	envoi__account_drop_key_password(&client->account);
	client->account.key_password = copy;
	if (client->login != NULL) {
		envoi__login_key_password_set(client->login, copy != NULL);
	}
	return ENVOI_OK;
}

int envoi_client_save_account(const struct envoi_client *client, struct envoi_buffer *out)
{
	return envoi__account_save(&client->account, out);
}

int envoi_client_load_account(struct envoi_client *client, const char *text, size_t len)
{
	return client->login != NULL ? ENVOI_ERR_STATE
				     : envoi__account_load(&client->account, text, len);
}

int envoi_client_load_journal(struct envoi_client *client, const void *data, size_t len)
{
	struct envoi_jid *account;
	if (client->login != NULL || client->account.jid == NULL) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi_jid_bare(&account, client->account.jid);
	if (r < 0) {
		return r;
	}
	envoi_session_configure(client->session, client->settings);
	r = envoi_session_load_journal(client->session, account, data, len);
	envoi_jid_unref(account);
	return r;
}

void envoi_client_forget_pin(struct envoi_client *client)
{
	envoi_sasl_history_forget_pin(client->account.history);
}

void envoi_client_forget_keys(struct envoi_client *client)
{
	envoi_sasl_history_forget_keys(client->account.history);
}

/* --- what is attached --- */

int envoi_client_add(struct envoi_client *client, struct envoi_handler *handler)
{
	char subject[32];
	snprintf(subject, sizeof(subject), "handler %p", (void *)handler);
	int r = envoi_session_add(client->session, handler);
	return envoi__client_note(client, subject, r, envoi_session_problem(client->session));
}

void envoi_client_remove(struct envoi_client *client, struct envoi_handler *handler)
{
	envoi_session_remove(client->session, handler);
}

int envoi_client_add_connector(struct envoi_client *client, struct envoi_connector *connector)
{
	const char *name = connector->impl->name;
	int r = envoi__connectors_add(&client->connectors, client->context, connector);
	return envoi__client_note(client, name, r, name);
}

void envoi_client_set_tls_decider(struct envoi_client *client, struct envoi_tls_decider *decider)
{
	client->decider = decider;
}

void envoi_client_set_tap(struct envoi_client *client, envoi_tap_fn *tap, void *user)
{
	client->tap = tap;
	client->tap_user = user;
}

void envoi_client_switch_tap(
	struct envoi_client *client, enum envoi_direction direction, bool is_on)
{
	struct envoi_stream *stream = envoi_session_stream(client->session);
	unsigned int bit = 1u << direction;
	client->tap_off = is_on ? client->tap_off & ~bit : client->tap_off | bit;
	if (stream != NULL) {
		envoi_stream_switch_tap(stream, direction, is_on);
	}
}
