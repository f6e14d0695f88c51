/*
 * envoi - conversations with real servers: what they share
 * SPDX-License-Identifier: MIT
 */
#include "common.h"

#include <stdio.h>

struct envoi_client *interop_client(struct envoi_context *context, const char *host,
	const char *port, const char *ca_file, const char *jid, const char *password)
{
	struct envoi_client *client;
	int r = envoi_client_new(&client, context, jid);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_error_text(r));
		return NULL;
	}
	envoi_client_set(client, "server", host);
	envoi_client_set(client, "port", port);
	envoi_client_set(client, "tls.ca-file", ca_file);
	envoi_client_set_password(client, password);
	return client;
}
