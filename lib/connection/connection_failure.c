/*
 * envoi - connections: why it is not connected
 * SPDX-License-Identifier: MIT
 */
#include "connection/connection.h"

void envoi__connection_keep_failure(struct envoi__connection *connection, struct envoi_failure *why)
{
	envoi_failure_finish(&connection->failure);
	envoi_failure_move(&connection->failure, why);
	connection->has_failure = true;
	envoi_free(connection->context, connection->failure_text);
	connection->failure_text = NULL;
}

void envoi__connection_show_setter_error(
	struct envoi__connection *connection, int code, const char *text)
{
	struct envoi_failure why;
	if (connection->login == NULL) {
		envoi_failure_set(&why, connection->context, ENVOI_PHASE_NONE, code, "%s", text);
		envoi__connection_keep_failure(connection, &why);
	}
}

const struct envoi_failure *envoi__connection_failure(const struct envoi__connection *connection)
{
	return connection->has_failure ? &connection->failure : NULL;
}

const char *envoi__connection_failure_text(struct envoi__connection *connection)
{
	if (!connection->has_failure) {
		return "no failure";
	}
	if (connection->failure_text == NULL) {
		char line[1024];
		envoi_failure_describe(&connection->failure, line, sizeof(line));
		struct envoi_buffer text;
		envoi_buffer_init(&text, connection->context, 0);
		if (envoi_buffer_printf(&text, "%s: %s", connection->account.jid_text, line) ==
			ENVOI_OK) {
			connection->failure_text = envoi_strndup(connection->context,
				envoi_buffer_data(&text), envoi_buffer_len(&text));
		}
		envoi_buffer_finish(&text);
	}
	return connection->failure_text != NULL ? connection->failure_text
						: envoi_error_text(ENVOI_ERR_NOMEM);
}
