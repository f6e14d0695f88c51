/*
 * envoi - an account: its address, its secrets, and the sources of both
 * SPDX-License-Identifier: MIT
 */
#include "connection/account.h"

#include <string.h>

#include "base/context.h"

int envoi__account_init(
	struct envoi__account *account, struct envoi_context *context, const char *jid)
{
	account->context = context;
	account->jid_text = envoi_strndup(context, jid, strlen(jid));
	if (account->jid_text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_sasl_history_new(&account->history, context);
	return r < 0 ? r : envoi_jid_from_text(&account->jid, context, jid);
}

static void drop_password(struct envoi__account *account)
{
	envoi__free_secret(account->context, account->password);
	account->password = NULL;
}

void envoi__account_drop_key_password(struct envoi__account *account)
{
	envoi__free_secret(account->context, account->key_password);
	account->key_password = NULL;
}

void envoi__account_finish(struct envoi__account *account)
{
	drop_password(account);
	envoi__account_drop_key_password(account);
	envoi_sasl_credentials_destroy(account->credentials);
	envoi_sasl_history_free(account->history);
	envoi_free(account->context, account->route);
	envoi_free(account->context, account->jid_text);
	envoi_jid_unref(account->jid);
}

bool envoi__account_is_anonymous(const struct envoi__account *account)
{
	return envoi_jid_local(account->jid) == NULL;
}

/* --- the password --- */

static void answer(struct envoi__account *account)
{
	struct envoi_sasl_request *request = account->request;
	if (request != NULL) {
		account->request = NULL;
		envoi_sasl_answer(request,
			account->password != NULL ? ENVOI_OK : ENVOI_ERR_CANCELED,
			&(struct envoi_sasl_identity){.password = account->password});
	}
}

int envoi__account_set_password(struct envoi__account *account, const char *password)
{
	bool is_other = account->password != NULL && password != NULL &&
		strcmp(account->password, password) != 0;
	char *copy = password == NULL ? NULL
				      : envoi_strndup(account->context, password, strlen(password));
	if (is_other) { /* keys would continue to log in with the old one */
		envoi_sasl_history_forget_keys(account->history);
	}
	drop_password(account);
	account->password = copy;
	account->was_password_refused = false;
	answer(account);
	return password != NULL && copy == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

void envoi__account_password_refused(struct envoi__account *account)
{
	account->was_password_refused = true;
	if (account->ask_password != NULL) {
		drop_password(account);
	}
}

static void ask(struct envoi__account *account, struct envoi_sasl_request *request)
{
	account->request = request;
	account->ask_password(account->password_user, account->was_password_refused);
}

static void request_password(struct envoi__account *account, struct envoi_sasl_request *request)
{
	bool is_anonymous = envoi__account_is_anonymous(account);
	bool needs_none = is_anonymous || request->mechanism->means != ENVOI_SASL_PASSWORD ||
		account->password != NULL || request->has_keys;
	if (!needs_none && account->ask_password != NULL) {
		ask(account, request);
		return;
	}
	envoi_sasl_answer(request, ENVOI_OK,
		&(struct envoi_sasl_identity){.password = is_anonymous ? NULL : account->password});
}

/* --- for the login's negotiation --- */

unsigned int envoi__account_means(struct envoi__account *account)
{
	if (account->credentials != NULL) {
		return account->credentials->impl->means(account->credentials);
	}
	if (envoi__account_is_anonymous(account)) {
		return ENVOI_SASL_NOTHING;
	}
	return account->password != NULL || account->ask_password != NULL ? ENVOI_SASL_PASSWORD : 0;
}

void envoi__account_request(struct envoi__account *account, struct envoi_sasl_request *request)
{
	if (account->credentials != NULL) {
		account->credentials->impl->request(account->credentials, request);
	} else {
		request_password(account, request);
	}
}

void envoi__account_cancel(struct envoi__account *account, struct envoi_sasl_request *request)
{
	account->request = NULL;
	if (account->credentials != NULL) {
		account->credentials->impl->cancel(account->credentials, request);
	}
}

void envoi__account_answered(struct envoi__account *account, struct envoi_sasl_request *request)
{
	const struct envoi_sasl_credentials *credentials = account->credentials;
	if (credentials != NULL && credentials->impl->answered != NULL) {
		credentials->impl->answered(account->credentials, request);
	}
}
