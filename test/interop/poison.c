/*
 * envoi - sends what is beyond the receiver's limits, then a message that the receiver echoes
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_poison HOST PORT CA_FILE JID PASSWORD PEER
 *
 * PEER is the full address of an echo bot, which skips MESSAGES + 1 stanzas: it answers the request
 * among them with not-acceptable, none of the messages, and then echoes. Ends with 0 when it did.
 */
#include <stdio.h>
#include <string.h>

#include "common.h"

#define NS_POISON "urn:example:poison"
#define BODY "after the poison"

enum {
	DEPTH = 300, /* limits.depth is 256 */
	ATTRIBUTES = 300, /* limits.attributes is 256 */
	NAMES = 5000, /* limits.names is 4,096 */
	MESSAGES = 3, /* beside the request */
};

struct sender {
	struct envoi_handler handler;
	struct envoi_client *client;
	const char *peer;
	struct envoi_ticket tickets[MESSAGES];
	int acknowledged, errors;
	bool was_refused, was_answered;
};

static struct sender *sender_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct sender, handler);
}

/* --- poison --- */

static void nest(struct envoi_element *parent)
{
	for (int i = 0; i < DEPTH; i++) {
		parent = envoi_element_add(parent, NS_POISON, "deeper");
	}
}

static void add_attributes(struct envoi_element *parent)
{
	struct envoi_element *element = envoi_element_add(parent, NS_POISON, "wide");
	for (int i = 0; i < ATTRIBUTES; i++) {
		char name[16];
		snprintf(name, sizeof(name), "a%d", i);
		envoi_element_set(element, name, "");
	}
}

static void add_names(struct envoi_element *parent)
{
	struct envoi_element *element = envoi_element_add(parent, NS_POISON, "many");
	for (int i = 0; i < NAMES; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		envoi_element_add(element, NS_POISON, name);
	}
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct sender *sender = ticket->user;
	sender->acknowledged += report->state == ENVOI_TICKET_ACKNOWLEDGED;
}

static int send_poisons(struct sender *sender, struct envoi_session *session)
{
	static void (*const kinds[MESSAGES])(struct envoi_element *) = {
		nest, add_attributes, add_names};
	int r = ENVOI_OK;
	for (int i = 0; i < MESSAGES && r == ENVOI_OK; i++) {
		struct envoi_stanza *message = envoi_message_new(
			envoi_session_context(session), ENVOI_TYPE_CHAT, sender->peer, "poison");
		kinds[i](envoi_stanza_element(message));
		sender->tickets[i] = (struct envoi_ticket){.done = on_ticket, .user = sender};
		r = envoi_send(session, message, &sender->tickets[i]);
	}
	return r;
}

/* --- the conversation --- */

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct sender *sender = user;
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	sender->was_refused = error != NULL && error->condition == ENVOI_NOT_ACCEPTABLE;
}

static int ask_poison(struct sender *sender, struct envoi_session *session)
{
	struct envoi_stanza *iq = envoi_iq_new(
		envoi_session_context(session), ENVOI_IQ_GET, sender->peer);
	nest(envoi_element_add(envoi_stanza_element(iq), NS_POISON, "query"));
	return envoi_request(session, iq, NULL, 0, on_answer, sender, NULL);
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct sender *sender = sender_from_handler(self);
	int r = send_poisons(sender, event->session);
	r = r < 0 ? r : ask_poison(sender, event->session);
	r = r < 0 ? r : envoi_send_text(event->session, sender->peer, BODY, NULL);
	if (r < 0) {
		fprintf(stderr, "sending: %s\n", envoi_error_text(r));
		envoi_client_quit(sender->client);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct sender *sender = sender_from_handler(self);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	sender->was_answered = body != NULL && strcmp(body, BODY) == 0;
	envoi_client_quit(sender->client);
	return ENVOI_OK;
}

static int on_error(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	struct sender *sender = sender_from_handler(self);
	sender->errors++;
	envoi_client_quit(sender->client);
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ERROR, .handle = on_error},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl sender_impl = {
	.name = "sender",
	.stanzas = stanzas,
	.events = events,
};

int main(int argument_count, char **arguments)
{
	if (argument_count != 7) {
		return 2;
	}
	struct sender sender = {.handler = {&sender_impl}, .peer = arguments[6]};
	sender.client = interop_client(
		NULL, arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
	if (sender.client == NULL) {
		return 1;
	}
	envoi_client_add(sender.client, &sender.handler);
	if (envoi_client_run(sender.client) < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(sender.client));
	}
	envoi_client_free(sender.client);
	printf("%d of %d messages acknowledged, %d errors, the request %s, the echo %s\n",
		sender.acknowledged, MESSAGES, sender.errors,
		sender.was_refused ? "refused" : "not refused",
		sender.was_answered ? "came" : "did not come");
	return sender.acknowledged == MESSAGES && sender.errors == 0 && sender.was_refused &&
			sender.was_answered
		? 0
		: 1;
}
