/*
 * envoi - logs in and out again and again, and says which TLS sessions were resumed
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_resume HOST PORT CA_FILE JID PASSWORD [SETTING=VALUE...]
 * prints "full", "resumed", "resumed", a line each, for a server that resumes each time; ends
 * with 1 when a login failed behind TLS or before
 */
#include <stdio.h>
#include <string.h>

#include "common.h"

enum {
	LOGINS = 3,
};

static void on_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user;
	(void)level;
	if (subject == ENVOI_LOG_TLS && strncmp(message, "TLS1.", 5) == 0) {
		puts(strstr(message, ", resumed") != NULL ? "resumed" : "full");
	}
}

struct witness {
	struct envoi_handler handler;
	struct envoi_client *client;
};

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	envoi_client_quit(ENVOI_CONTAINER_OF(self, struct witness, handler)->client);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl witness_impl = {.name = "witness", .events = events};

static int log_in(struct envoi_context *context, int argument_count, char **arguments)
{
	struct witness witness = {.handler = {&witness_impl}};
	witness.client = interop_client(
		context, arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
	if (witness.client == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (int i = 6; i < argument_count; i++) {
		envoi_client_set_assignment(witness.client, arguments[i]);
	}
	envoi_client_add(witness.client, &witness.handler);
	int r = envoi_client_run(witness.client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(witness.client));
	}
	envoi_client_free(witness.client);
	return r;
}

int main(int argument_count, char **arguments)
{
	const struct envoi_context_options options = {.log = on_log, .log_level = ENVOI_LOG_INFO};
	struct envoi_context *context;
	if (argument_count < 6 || envoi_context_new(&context, &options) < 0) {
		return 2;
	}
	int r = ENVOI_OK;
	for (int i = 0; i < LOGINS; i++) {
		int login = log_in(context, argument_count, arguments);
		r = r < 0 ? r : login;
	}
	envoi_context_unref(context);
	return r < 0;
}
