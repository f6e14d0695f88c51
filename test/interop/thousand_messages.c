/*
 * envoi - two clients exchange 1,000 messages: nothing lost, order kept, every ticket ended
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_thousand_messages HOST PORT CA_FILE DOMAIN [URL [WINDOW [NAME=VALUE...]]]
 *
 * WINDOW: the messages of one that the other has not heard, at most; all by default.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

enum {
	EACH = 500, /* messages in each direction, both at a time */
};

struct person {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct person *other;
	struct envoi_loop *loop;
	struct envoi_ticket tickets[EACH];
	int sent, written, heard, out_of_order;
	bool is_available, is_gone;
	int failure;
};

static int window = EACH;

static struct person *person_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct person, handler);
}

static void leave(struct person *person)
{
	envoi_client_disconnect(person->client);
	envoi_client_disconnect(person->other->client);
}

static bool is_done(const struct person *person)
{
	return person->heard >= EACH && person->written >= EACH;
}

static void leave_when_done(struct person *person)
{
	if (is_done(person) && is_done(person->other)) {
		leave(person);
	}
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct person *person = ticket->user;
	if (report->state == ENVOI_TICKET_WRITTEN || report->state == ENVOI_TICKET_ACKNOWLEDGED) {
		person->written++;
		leave_when_done(person);
	}
}

static int speak(struct person *person)
{
	const struct envoi_jid *to = envoi_session_jid(envoi_client_session(person->other->client));
	for (int i = person->sent; i < EACH && i - person->other->heard < window; i++) {
		char body[16];
		person->sent++;
		snprintf(body, sizeof(body), "%d", i);
		person->tickets[i] = (struct envoi_ticket){.done = on_ticket, .user = person};
		int r = envoi_send_text(envoi_client_session(person->client), envoi_jid_text(to),
			body, &person->tickets[i]);
		if (r < 0) {
			fprintf(stderr, "message %d: %s\n", i, envoi_error_text(r));
			return r;
		}
	}
	return ENVOI_OK;
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct person *person = person_from_handler(self);
	person->is_available = true;
	if (person->other->is_available && (speak(person) < 0 || speak(person->other) < 0)) {
		leave(person);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct person *person = person_from_handler(self);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	if (body == NULL || strtol(body, NULL, 10) != person->heard) {
		person->out_of_order++;
	}
	person->heard++;
	leave_when_done(person);
	return speak(person->other);
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = person_from_handler(self);
	person->is_gone = true;
	person->failure = event->failure->code;
	if (person->failure < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(person->client));
	}
	leave(person);
	if (person->other->is_gone) {
		envoi_loop_quit(person->loop);
	}
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl person_impl = {
	.name = "person",
	.stanzas = stanzas,
	.events = events,
};

static int start(struct person *person, struct person *other, struct envoi_context *context,
	const char *name, int argument_count, char **arguments)
{
	char jid[256], password[64];
	snprintf(jid, sizeof(jid), "%s@%s", name, arguments[4]);
	snprintf(password, sizeof(password), "secret-%s", name);
	*person = (struct person){
		.handler = {&person_impl},
		.other = other,
		.loop = envoi_context_loop(context),
		.client = interop_client(
			context, arguments[1], arguments[2], arguments[3], jid, password),
	};
	if (person->client == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_client_add(person->client, &person->handler);
	if (arguments[5] != NULL) {
		envoi_client_set(person->client, "url", arguments[5]);
	}
	for (int i = 7; i < argument_count; i++) {
		envoi_client_set_assignment(person->client, arguments[i]);
	}
	return envoi_client_connect(person->client);
}

static bool is_well(const struct person *person, const char *name)
{
	printf("%s: %d written, %d heard, %d out of order, ended with %d\n", name, person->written,
		person->heard, person->out_of_order, person->failure);
	return person->written == EACH && person->heard == EACH && person->out_of_order == 0 &&
		person->failure == ENVOI_OK;
}

int main(int argument_count, char **arguments)
{
	struct envoi_context *context;
	if (argument_count < 5 || envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	window = argument_count > 6 ? (int)strtol(arguments[6], NULL, 10) : EACH;
	static struct person alice, bob;
	int r = start(&alice, &bob, context, "alice", argument_count, arguments);
	if (r == ENVOI_OK) {
		r = start(&bob, &alice, context, "bob", argument_count, arguments);
	}
	if (r == ENVOI_OK) {
		r = envoi_loop_run(envoi_context_loop(context));
	}
	envoi_client_free(alice.client);
	envoi_client_free(bob.client);
	envoi_context_unref(context);
	return r == ENVOI_OK && is_well(&alice, "alice") && is_well(&bob, "bob") ? 0 : 1;
}
