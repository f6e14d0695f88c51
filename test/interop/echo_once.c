/*
 * envoi - asks an echo bot once
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_echo_once HOST PORT CA_FILE JID PASSWORD PEER; ends with 0 when the echo came
 */
#include <stdio.h>
#include <string.h>

#include "common.h"

#define BODY "caf\xc3\xa9 <&> \"'"

struct asker {
	struct envoi_handler handler;
	struct envoi_client *client;
	const char *peer;
	bool was_answered;
};

static struct asker *asker_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct asker, handler);
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct asker *asker = asker_from_handler(self);
	if (envoi_send_text(event->session, asker->peer, BODY, NULL) < 0) {
		envoi_client_quit(asker->client);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct asker *asker = asker_from_handler(self);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	asker->was_answered = body != NULL && strcmp(body, BODY) == 0;
	envoi_client_quit(asker->client);
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ERROR, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl asker_impl = {
	.name = "asker",
	.stanzas = stanzas,
	.events = events,
};

int main(int argument_count, char **arguments)
{
	if (argument_count != 7) {
		return 2;
	}
	struct asker asker = {.handler = {&asker_impl}, .peer = arguments[6]};
	asker.client = interop_client(
		NULL, arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
	if (asker.client == NULL) {
		return 1;
	}
	envoi_client_add(asker.client, &asker.handler);
	if (envoi_client_run(asker.client) < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(asker.client));
	}
	envoi_client_free(asker.client);
	return asker.was_answered ? 0 : 1;
}
