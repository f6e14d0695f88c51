/*
 * envoi - logs in and out, and says how
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_login HOST PORT CA_FILE JID PASSWORD [SETTING=VALUE...]
 * prints "TLS1.3 SCRAM-SHA-256" and ends with 0; or "PHASE CODE CONDITION" and ends with 1
 */
#include <stdio.h>

#include "common.h"

struct witness {
	struct envoi_handler handler;
	struct envoi_client *client;
};

static void on_secured(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("%s ", event->text);
}

static void on_authenticated(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("%s\n", event->text);
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	envoi_client_quit(ENVOI_CONTAINER_OF(self, struct witness, handler)->client);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_SECURED, on_secured},
	{ENVOI_EVENT_AUTHENTICATED, on_authenticated},
	{ENVOI_EVENT_AVAILABLE, on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl witness_impl = {.name = "witness", .events = events};

int main(int argument_count, char **arguments)
{
	if (argument_count < 6) {
		return 2;
	}
	struct witness witness = {.handler = {&witness_impl}};
	witness.client = interop_client(
		NULL, arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
	if (witness.client == NULL) {
		return 1;
	}
	for (int i = 6; i < argument_count; i++) {
		if (interop_set(witness.client, arguments[i]) < 0) {
			fprintf(stderr, "%s\n", arguments[i]);
			return 2;
		}
	}
	envoi_client_add(witness.client, &witness.handler);
	int r = envoi_client_run(witness.client);
	if (r < 0) {
		const struct envoi_failure *failure = envoi_client_failure(witness.client);
		fprintf(stderr, "%s\n", envoi_client_failure_text(witness.client));
		printf("%s %s %s\n", envoi_phase_name(failure->phase),
			envoi_error_name(failure->code), failure->condition);
	}
	envoi_client_free(witness.client);
	return r < 0;
}
