/*
 * envoi - the client helper: a certificate of its own
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

#include <string.h>

#include "base/context.h"

void envoi__client_drop_key_password(struct envoi_client *client)
{
	if (client->key_password != NULL) {
		envoi__wipe(client->key_password, strlen(client->key_password));
		envoi_free(client->context, client->key_password);
		client->key_password = NULL;
	}
}

/* Nothing of the client is touched afterwards: it may have been freed. */
static void ask(struct envoi_client *client, const char *file, bool was_wrong)
{
	client->waits_for_key_password = true;
	envoi__client_drop_key_password(client);
	envoi__client_stop_deadline(client);
	client->ask_key_password(client->key_password_user, file, was_wrong);
}

int envoi__client_load_certificate(struct envoi_client *client, const char **ret_words)
{
	const char *cert_file = envoi_settings_text(client->settings, "tls.cert-file");
	const char *key_file = envoi_settings_text(client->settings, "tls.key-file");
	if (cert_file == NULL) {
		return ENVOI_OK;
	}
	int r = envoi_tls_config_show(client->tls, cert_file, key_file, client->key_password);
	bool is_locked = r == ENVOI_AGAIN || r == ENVOI_ERR_AUTH;
	bool is_given_up = client->gave_no_key_password;
	client->gave_no_key_password = false;
	if (is_locked && client->ask_key_password != NULL && !is_given_up) {
		ask(client, key_file != NULL ? key_file : cert_file, r == ENVOI_ERR_AUTH);
		return ENVOI_AGAIN;
	}
	*ret_words = r == ENVOI_AGAIN	    ? "the client certificate's key needs a password"
		: r == ENVOI_ERR_AUTH	    ? "wrong password for the client certificate's key"
		: r == ENVOI_ERR_SYSTEM	    ? "tls.cert-file or tls.key-file cannot be read"
		: r == ENVOI_ERR_CERTIFICATE ? "tls.cert-file holds no certificate, or the key is another's"
					    : envoi_error_text(r);
	return is_locked ? ENVOI_ERR_AUTH : r;
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
