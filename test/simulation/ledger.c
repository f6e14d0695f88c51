/*
 * envoi - simulation: what was sent, what the server got, what arrived
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "simulation.h"

#define NS_ORIGIN_ID "urn:xmpp:sid:0"

void ledger_id(const struct message *message, char id[32])
{
	snprintf(id, 32, "%c-%u", message->sender->letter, message->number);
}

struct message *ledger_find(struct run *run, const char *id)
{
	uint64_t number;
	if (id == NULL || id[0] == '\0' || id[1] != '-' ||
		envoi_uint_parse(id + 2, 0, MOST_MESSAGES - 1, &number) < 0) {
		return NULL;
	}
	for (unsigned int i = 0; i < ACTORS; i++) {
		struct actor *actor = &run->actors[i];
		if (actor->letter == id[0] && number < actor->message_count) {
			return &actor->messages[number];
		}
	}
	return NULL;
}

static bool has_origin_id(const struct envoi_stanza *stanza)
{
	const struct envoi_element *origin = envoi_element_child(
		envoi_stanza_element(stanza), NS_ORIGIN_ID, "origin-id");
	const char *id = origin != NULL ? envoi_element_attr(origin, "id") : NULL;
	return id != NULL && strcmp(id, envoi_stanza_id(stanza)) == 0;
}

/* --- at the server --- */

/* A message is sent once in a session, and once more in a later one only where its first sending
 * can be recognised (XEP-0359). */
static void check_repetition(struct run *run, const struct message *message, unsigned int session,
	const struct envoi_stanza *stanza)
{
	const char *id = envoi_stanza_id(stanza);
	if (message->got == 0) {
		return;
	}
	if (message->got_in_session == session) {
		run_fail(run, "sent-once-in-a-session", "%s in session %u", id, session);
	} else if (!has_origin_id(stanza)) {
		run_fail(run, "resent-with-origin-id", "%s", id);
	}
}

static void check_order(
	struct run *run, const struct message *message, unsigned int newest, const char *rule)
{
	if (message->number < newest) {
		run_fail(run, rule, "%c-%u behind %c-%u", message->sender->letter, message->number,
			message->sender->letter, newest - 1);
	}
}

static void got(struct run *run, struct message *message, unsigned int session,
	const struct envoi_stanza *stanza)
{
	struct actor *sender = message->sender;
	check_repetition(run, message, session, stanza);
	if (message->got == 0) {
		check_order(run, message, sender->newest_got, "sent-in-order");
		sender->newest_got = message->number + 1;
	}
	message->got++;
	message->got_in_session = session;
}

static void was_put(struct run *run, struct message *message)
{
	struct envoi_test_server_counts counts = envoi_test_server_get_counts(
		run->server, message->sender->other->name);
	message->is_unprotected |= counts.managed < counts.sessions;
}

struct question *ledger_question(struct actor *actor, const struct envoi_stanza *stanza)
{
	uint64_t number;
	const struct envoi_element *ask = envoi_stanza_payload(stanza);
	const char *text = envoi_element_is(ask, NS_SIMULATION, "ask")
		? envoi_element_attr(ask, "number")
		: NULL;
	if (text == NULL || envoi_uint_parse(text, 0, MOST_REQUESTS - 1, &number) < 0 ||
		number >= actor->question_count) {
		return NULL;
	}
	return &actor->questions[number];
}

static void got_question(struct run *run, const struct envoi_stanza *stanza)
{
	const char *from = envoi_jid_local(envoi_stanza_from(stanza));
	for (unsigned int i = 0; i < ACTORS; i++) {
		struct actor *actor = &run->actors[i];
		struct question *question = strcmp(actor->name, from) == 0
			? ledger_question(actor, stanza)
			: NULL;
		if (question != NULL) {
			question->got_in_start = actor->events[ENVOI_EVENT_STARTED];
			if (++question->got > 1) {
				run_fail(run, "a-request-is-sent-once", "%c %u", actor->letter,
					question->number);
			}
		}
	}
}

void ledger_watch(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza)
{
	struct run *run = user;
	bool is_message = envoi_stanza_kind(stanza) == ENVOI_MESSAGE;
	if (act == ENVOI_TEST_RECEIVED && envoi_stanza_kind(stanza) == ENVOI_IQ_GET) {
		got_question(run, stanza);
	}
	struct message *message = is_message ? ledger_find(run, envoi_stanza_id(stanza)) : NULL;
	if (message == NULL) {
		return;
	}
	if (act == ENVOI_TEST_RECEIVED) {
		run_trace(run, "server got %s in session %u", envoi_stanza_id(stanza), session);
		got(run, message, session, stanza);
	} else if (act == ENVOI_TEST_DELIVERED) {
		run_trace(run, "server put %s into session %u", envoi_stanza_id(stanza), session);
		was_put(run, message);
	}
}

/* --- at the other actor --- */

/* @return how often it has arrived in this session, now included */
static unsigned int count_here(const struct actor *receiver, struct message *message)
{
	unsigned int start = receiver->events[ENVOI_EVENT_STARTED];
	if (message->arrived_in_start != start) {
		message->arrived_here = 0;
	}
	message->arrived_in_start = start;
	return ++message->arrived_here;
}

/* The record that a message was handled may be missing in the journal of a client that was killed
 * when memory was short, or when nothing could be stored. */
static bool may_come_again(const struct actor *receiver)
{
	const struct plan *plan = receiver->run->plan;
	return (plan->lacks_memory || plan->fills_journals) && plan->has_journal &&
		receiver->life > 1;
}

struct message *ledger_arrived(struct actor *receiver, const struct envoi_stanza *stanza)
{
	struct run *run = receiver->run;
	const char *id = envoi_stanza_id(stanza);
	struct message *message = ledger_find(run, id);
	run_trace(run, "%s: arrived %s", receiver->name, id != NULL ? id : "without id");
	if (message == NULL || message->sender == receiver) {
		run_fail(run, "no-invention", "%s arrived at %s", id, receiver->name);
		return NULL;
	}
	message->arrival = receiver->arrivals++;
	if (count_here(receiver, message) > message->got && !may_come_again(receiver)) {
		run_fail(run, "delivered-once-in-a-session", "%s: %u times at %s, sent %u times",
			id, message->arrived_here, receiver->name, message->got);
	}
	/* One that the server lost, and that was sent again, comes behind those that it stored. */
	if (message->arrived++ == 0 && (!message->is_unprotected || message->got == 1)) {
		check_order(run, message, message->sender->newest_arrived, "delivered-in-order");
		message->sender->newest_arrived = message->number + 1;
	}
	return message;
}
