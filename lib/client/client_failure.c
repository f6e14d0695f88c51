/*
 * envoi - the client: why it is not connected
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

void envoi__client_keep_failure(struct envoi_client *client, struct envoi_failure *why)
{
	envoi_failure_finish(&client->failure);
	envoi_failure_move(&client->failure, why);
	client->has_failure = true;
	envoi_free(client->context, client->failure_text);
	client->failure_text = NULL;
}

void envoi__client_show_setter_error(struct envoi_client *client, int code, const char *text)
{
	struct envoi_failure why;
	if (client->login == NULL) {
		envoi_failure_set(&why, client->context, ENVOI_PHASE_NONE, code, "%s", text);
		envoi__client_keep_failure(client, &why);
	}
}

const struct envoi_failure *envoi_client_failure(const struct envoi_client *client)
{
	return client->has_failure ? &client->failure : NULL;
}

const char *envoi_client_failure_text(struct envoi_client *client)
{
	if (!client->has_failure) {
		return "no failure";
	}
	if (client->failure_text == NULL) {
		char line[1024];
		envoi_failure_describe(&client->failure, line, sizeof(line));
		struct envoi_buffer text;
		envoi_buffer_init(&text, client->context, 0);
		if (envoi_buffer_printf(&text, "%s: %s", client->account.jid_text, line) ==
			ENVOI_OK) {
			client->failure_text = envoi_strndup(
				client->context, envoi_buffer_data(&text), envoi_buffer_len(&text));
		}
		envoi_buffer_finish(&text);
	}
	return client->failure_text != NULL ? client->failure_text
					    : envoi_error_text(ENVOI_ERR_NOMEM);
}
