/*
 * envoi - the client helper: a certificate of its own
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

#include <string.h>

#include "base/context.h"
#include "tls/tls_settings.h"

void envoi__client_drop_key_password(struct envoi_client *client)
{
	envoi__free_secret(client->context, client->key_password);
	client->key_password = NULL;
}

/* Nothing of the client is touched afterwards: it may have been freed. */
static void ask(struct envoi_client *client, const char *file, bool was_wrong)
{
	client->waits_for_key_password = true;
	envoi__client_drop_key_password(client);
	envoi__client_stop_deadline(client);
	client->ask_key_password(client->key_password_user, file, was_wrong);
}

/* A file that is not there, or holds something else, is a setting that is wrong. */
static void tell_of_file(struct envoi_client *client, int code, const char *cert_file,
	const char *key_file, struct envoi_failure *why)
{
	bool is_unreadable = code == ENVOI_ERR_SYSTEM;
	if (key_file == NULL) {
		envoi_failure_set(why, client->context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			"tls.cert-file: %s %s", cert_file,
			is_unreadable ? "cannot be read" : "holds no certificate, or not its key");
	} else {
		envoi_failure_set(why, client->context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			is_unreadable ? "tls.cert-file: %s, or tls.key-file: %s, cannot be read"
				      : "tls.cert-file: %s holds no certificate, or "
					"tls.key-file: %s not its key",
			cert_file, key_file);
	}
}

static void tell(struct envoi_client *client, int code, const char *cert_file, const char *key_file,
	struct envoi_failure *why)
{
	switch (code) {
	case ENVOI_AGAIN:
		envoi_failure_set(why, client->context, ENVOI_PHASE_TLS, ENVOI_ERR_AUTH,
			"the client certificate's key needs a password");
		break;
	case ENVOI_ERR_AUTH:
		envoi_failure_set(why, client->context, ENVOI_PHASE_TLS, ENVOI_ERR_AUTH,
			"wrong password for the client certificate's key");
		break;
	case ENVOI_ERR_CERTIFICATE:
	case ENVOI_ERR_SYSTEM:
		tell_of_file(client, code, cert_file, key_file, why);
		break;
	default:
		envoi_failure_set(why, client->context, ENVOI_PHASE_TLS, code, NULL);
	}
}

int envoi__client_load_certificate(struct envoi_client *client, struct envoi_failure *why)
{
	struct envoi__tls_settings values;
	envoi__tls_settings_read(&values, client->settings);
	const char *cert_file = values.cert_file, *key_file = values.key_file;
	if (cert_file == NULL && key_file == NULL) {
		return ENVOI_OK;
	}
	if (cert_file == NULL) {
		envoi_failure_set(why, client->context, ENVOI_PHASE_TLS, ENVOI_ERR_INVALID,
			"tls.key-file: %s is the key of no tls.cert-file", key_file);
		return why->code;
	}
	int r = envoi_tls_config_show(client->tls, cert_file, key_file, client->key_password);
	bool is_locked = r == ENVOI_AGAIN || r == ENVOI_ERR_AUTH;
	bool is_given_up = client->gave_no_key_password;
	client->gave_no_key_password = false;
	if (is_locked && client->ask_key_password != NULL && !is_given_up) {
		ask(client, key_file != NULL ? key_file : cert_file, r == ENVOI_ERR_AUTH);
		return ENVOI_AGAIN;
	}
	if (r != ENVOI_OK) {
		tell(client, r, cert_file, key_file, why);
		return why->code;
	}
	return ENVOI_OK;
}

void envoi_client_ask_key_password(
	struct envoi_client *client, envoi_client_key_password_fn *ask_for_it, void *user)
{
	client->ask_key_password = ask_for_it;
	client->key_password_user = user;
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
	envoi__client_drop_key_password(client);
	client->key_password = copy;
	if (client->waits_for_key_password) {
		client->waits_for_key_password = false;
		client->gave_no_key_password = copy == NULL;
		envoi__client_start_deadline(client, client->left_ms);
		envoi__client_go_on(client);
	}
	return ENVOI_OK;
}
