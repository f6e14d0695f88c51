/*
 * envoi - two clients exchange messages while the connection of one is cut again and again: what
 * was acknowledged arrives, in order, and once as long as the session is resumed
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_nothing_lost HOST PORT PROXY_PORT CA_FILE DOMAIN CUTS [NAME=VALUE...]
 *
 * alice connects to PROXY_PORT, where test/interop/cutting-proxy cuts her first CUTS connections;
 * bob connects to PORT. Both send until CUTS connections of alice have ended. In the value of a
 * setting $PORT stands for the port of each: "url=wss://example.org:$PORT/xmpp".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

#include <envoi/mainloop.h>

enum {
	OPEN = 20, /* messages whose tickets are open */
	UNHEARD = 100, /* messages that the other has not heard: servers keep some hundreds */
	AFTER = 10, /* messages of each when no more connections are cut: these arrive */
	MOST = 200 * 1000, /* messages of each in all */
};

struct message {
	struct envoi_ticket ticket;
	struct person *from;
	enum envoi_ticket_state state;
	unsigned int heard;
	bool is_refused; /* an error came for it, after the acknowledgement too */
};

struct person {
	struct envoi_handler handler;
	const char *name;
	struct envoi_client *client;
	struct person *other;
	struct envoi_loop *loop;
	struct message *messages;
	int cuts; /* of both */
	int sent, sent_after, open, last_heard, late, started, resumed, ended_connections;
	bool is_done, is_gone;
	char to[256];
};

static struct person *person_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct person, handler);
}

static bool was_cut_enough(const struct person *person)
{
	return person->ended_connections + person->other->ended_connections >= person->cuts;
}

static void speak(struct person *person);

/* Everything has arrived that will: both have heard the last message of the other. */
static void leave_when_done(struct person *person)
{
	struct person *other = person->other;
	bool is_complete = person->sent_after == AFTER && other->sent_after == AFTER &&
		person->open == 0 && other->open == 0 && person->last_heard + 1 == other->sent &&
		other->last_heard + 1 == person->sent;
	if (is_complete && !person->is_done) {
		person->is_done = other->is_done = true;
		envoi_client_disconnect(person->client);
		envoi_client_disconnect(other->client);
	}
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct message *message = ENVOI_CONTAINER_OF(ticket, struct message, ticket);
	message->state = report->state;
	message->is_refused |= report->state == ENVOI_TICKET_REFUSED;
	message->from->open--;
	speak(message->from);
	leave_when_done(message->from);
}

static int say(struct person *person)
{
	struct message *message = &person->messages[person->sent];
	struct envoi_session *session = envoi_client_session(person->client);
	char body[16];
	snprintf(body, sizeof(body), "%d", person->sent);
	message->from = person;
	message->ticket = (struct envoi_ticket){.done = on_ticket};
	struct envoi_stanza *stanza = envoi_message_new(
		envoi_session_context(session), ENVOI_TYPE_CHAT, person->to, body);
	envoi_element_set(envoi_stanza_element(stanza), "id", body);
	int r = envoi_send(session, stanza, &message->ticket);
	if (r == ENVOI_OK) {
		person->sent++;
		person->sent_after += was_cut_enough(person);
		person->open++;
	}
	return r;
}

static bool has_more(const struct person *person)
{
	return was_cut_enough(person) ? person->sent_after < AFTER : person->sent < MOST - AFTER;
}

static void speak(struct person *person)
{
	bool can = person->started > 0 && person->other->started > 0 && !person->is_gone;
	while (can && has_more(person) && person->open < OPEN &&
		person->sent - (person->other->last_heard + 1) < UNHEARD) {
		can = say(person) == ENVOI_OK;
	}
}

/* --- what a client is told --- */

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct person *person = person_from_handler(self);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	int number = body == NULL ? -1 : (int)strtol(body, NULL, 10);
	if (number < 0 || number >= person->other->sent) {
		person->late++;
		return ENVOI_OK;
	}
	struct message *message = &person->other->messages[number];
	message->heard++;
	if (message->heard == 1) {
		person->late += number != person->last_heard + 1;
		person->last_heard = number > person->last_heard ? number : person->last_heard;
	}
	speak(person->other);
	leave_when_done(person);
	return ENVOI_OK;
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = person_from_handler(self);
	(void)event;
	person->started++;
	speak(person);
	speak(person->other);
}

static void on_resumed(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = person_from_handler(self);
	(void)event;
	person->resumed++;
	speak(person);
}

static void on_late_error(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = person_from_handler(self);
	int number = (int)strtol(event->text, NULL, 10);
	if (number >= 0 && number < person->sent) {
		person->messages[number].is_refused = true;
	}
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = person_from_handler(self);
	person->ended_connections += !person->is_done;
	(void)event;
	speak(person);
	speak(person->other);
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = person_from_handler(self);
	(void)event;
	person->is_gone = true;
	if (!person->is_done) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(person->client));
	}
	if (person->other->is_gone || !person->is_done) {
		envoi_loop_quit(person->loop);
	}
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_RESUMED, on_resumed},
	{ENVOI_EVENT_LATE_ERROR, on_late_error},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl person_impl = {
	.name = "person",
	.stanzas = stanzas,
	.events = events,
};

/* --- the verdict --- */

static int count(const struct person *person, bool (*is_counted)(const struct message *message))
{
	int found = 0;
	for (int i = 0; i < person->sent; i++) {
		found += is_counted(&person->messages[i]);
	}
	return found;
}

static bool is_acknowledged(const struct message *message)
{
	return message->state == ENVOI_TICKET_ACKNOWLEDGED;
}

/* The server of a session that was not resumed returns what it has not delivered. */
static bool is_lost(const struct message *message)
{
	return is_acknowledged(message) && message->heard == 0 && !message->is_refused;
}

static bool is_refused(const struct message *message)
{
	return message->is_refused;
}

static bool is_doubled(const struct message *message)
{
	return message->heard > 1;
}

static bool is_well(const struct person *person)
{
	int lost = count(person, is_lost), doubled = count(person, is_doubled);
	printf("%s: %d sent, %d acknowledged, %d returned, %d lost, %d doubled, %d out of order; "
	       "%d sessions, %d resumed, %d connections ended\n",
		person->name, person->sent, count(person, is_acknowledged),
		count(person, is_refused), lost, doubled, person->other->late, person->started,
		person->resumed, person->ended_connections);
	bool is_one_session = person->started == 1 && person->other->started == 1;
	/* What the server had taken for a session of the other that was not resumed is its own:
	 * Prosody loses what it was just handing over to that session. */
	bool is_own_loss = lost > 0 && person->other->started == 1;
	return person->is_done && person->sent > 0 && !is_own_loss &&
		(!is_one_session ||
			(doubled == 0 && person->other->late == 0 &&
				count(person, is_acknowledged) == person->sent));
}

static void assign(struct person *person, const char *setting, const char *port)
{
	char text[512];
	const char *at = strstr(setting, "$PORT");
	snprintf(text, sizeof(text), "%.*s%s%s", at != NULL ? (int)(at - setting) : 400, setting,
		at != NULL ? port : "", at != NULL ? at + strlen("$PORT") : "");
	envoi_client_set_assignment(person->client, text);
}

static int start(struct person *person, struct person *other, struct envoi_context *context,
	const char *port, char **arguments)
{
	char jid[256], password[64];
	snprintf(jid, sizeof(jid), "%s@%s/%s", person->name, arguments[5], person->name);
	snprintf(password, sizeof(password), "secret-%s", person->name);
	snprintf(other->to, sizeof(other->to), "%s", jid);
	person->handler.impl = &person_impl;
	person->other = other;
	person->loop = envoi_context_loop(context);
	person->cuts = (int)strtol(arguments[6], NULL, 10);
	person->last_heard = -1;
	person->messages = calloc(MOST, sizeof(*person->messages));
	person->client = interop_client(context, arguments[1], port, arguments[4], jid, password);
	if (person->client == NULL || person->messages == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (char **setting = &arguments[7]; *setting != NULL; setting++) {
		assign(person, *setting, port);
	}
	envoi_client_add(person->client, &person->handler);
	int r = envoi_client_connect(person->client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(person->client));
	}
	return r;
}

int main(int argument_count, char **arguments)
{
	struct envoi_context *context;
	if (argument_count < 7 || envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	static struct person alice = {.name = "alice"}, bob = {.name = "bob"};
	int r = start(&bob, &alice, context, arguments[2], arguments);
	if (r == ENVOI_OK) {
		r = start(&alice, &bob, context, arguments[3], arguments);
	}
	if (r == ENVOI_OK) {
		r = envoi_loop_run(envoi_context_loop(context));
	}
	envoi_client_free(alice.client);
	envoi_client_free(bob.client);
	bool is_all_well = is_well(&alice) && is_well(&bob);
	free(alice.messages);
	free(bob.messages);
	envoi_context_unref(context);
	return r == ENVOI_OK && is_all_well ? 0 : 1;
}
