/*
 * envoi - the command-line program: send a message
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/ext/ping.h>

#include "cli.h"

enum {
	WAIT_MS = 5000,
};

struct sending {
	struct envoi_handler handler;
	struct envoi_client *client;
	const char *body;
	const struct envoi_jid *to;
	struct envoi_ticket ticket;
	bool was_sent; /* the ticket is in use, or has reported */
	bool has_reported;
	enum envoi_ticket_state state;
	bool was_in_time; /* the ping behind the message */
	bool was_invalid;
};

static struct sending *sending_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct sending, handler);
}

static void complain_about_refusal(
	const struct sending *sending, const struct envoi_stanza_error *error)
{
	complain("%s refused the message: %s%s%s", envoi_jid_text(sending->to),
		error == NULL ? "" : envoi_stanza_condition_name(error->condition),
		error != NULL && error->text != NULL ? ", " : "",
		error != NULL && error->text != NULL ? error->text : "");
}

/* Otherwise the connection was lost: its failure ends the run. */
static bool is_known(enum envoi_ticket_state state)
{
	return state == ENVOI_TICKET_ACKNOWLEDGED || state == ENVOI_TICKET_WRITTEN ||
		state == ENVOI_TICKET_REFUSED;
}

static void on_report(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct sending *sending = ENVOI_CONTAINER_OF(ticket, struct sending, ticket);
	sending->has_reported = true;
	sending->state = report->state;
	if (report->state == ENVOI_TICKET_REFUSED) {
		complain_about_refusal(sending, report->error);
	}
	if (is_known(report->state)) {
		envoi_client_quit(sending->client);
	}
}

/* The ticket reports what is known. The ping sets it a time: when the connection is lost, the
 * failure ends the run. */
static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct sending *sending = user;
	if (envoi_answer_code(answer) == ENVOI_ERR_TIMEOUT) {
		sending->was_in_time = false;
		envoi_client_quit(sending->client);
	}
}

static int send_both(struct sending *sending, struct envoi_session *session)
{
	int r = envoi_send_text(
		session, envoi_jid_text(sending->to), sending->body, &sending->ticket);
	sending->was_sent = r == ENVOI_OK;
	return r < 0 ? r : envoi_ping(session, NULL, 0, on_answer, sending, NULL);
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	struct sending *sending = sending_from_handler(self);
	int r = send_both(sending, event->session);
	if (r < 0) {
		complain("the message cannot be sent: %s", envoi_session_problem(event->session));
		sending->was_invalid = true;
		envoi_client_quit(sending->client);
	}
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl sending_impl = {
	.name = "send",
	.events = events,
};

static int unknown(const struct sending *sending)
{
	complain(sending->was_in_time
			? "the connection ended before the server confirmed the message"
			: "the server did not confirm the message in time");
	return STATUS_TIMEOUT;
}

static int end_status(const struct sending *sending)
{
	switch (sending->state) {
	case ENVOI_TICKET_ACKNOWLEDGED:
	case ENVOI_TICKET_WRITTEN:
		return STATUS_DONE;
	case ENVOI_TICKET_REFUSED:
		return STATUS_NO;
	default:
		return unknown(sending);
	}
}

static int converse(struct sending *sending, const struct invocation *invocation)
{
	envoi_client_set(sending->client, "reconnect.enabled", "false");
	envoi_client_set(sending->client, "stream-management.request-stanzas", "1");
	/* Without presence, offline messages stay for the account's usual client. */
	envoi_client_set(sending->client, "presence.initial", "false");
	envoi_client_set(sending->client, "roster.fetch", "false");
	envoi_client_add(sending->client, &sending->handler);
	int r = envoi_client_run(sending->client);
	if (sending->was_invalid) {
		return STATUS_NO;
	}
	int failed = r < 0 && !(sending->has_reported && sending->state != ENVOI_TICKET_UNKNOWN)
		? login_explain(invocation, sending->client)
		: STATUS_DONE;
	return sending->was_sent ? end_status(sending) : failed;
}

static int run(struct invocation *invocation)
{
	struct envoi_jid *to;
	uint64_t wait_ms;
	int status = own_time(invocation, "wait", WAIT_MS, &wait_ms);
	if (status != STATUS_DONE) {
		return status;
	}
	if (envoi_jid_from_text(&to, invocation->context, invocation->operands[0]) < 0) {
		return complain_about_address("TO", invocation->operands[0]);
	}
	struct sending sending = {
		.handler = ENVOI_HANDLER(&sending_impl),
		.to = to,
		.body = invocation->operands[1],
		.ticket = {.done = on_report, .refusal_ms = wait_ms},
		.state = ENVOI_TICKET_UNKNOWN,
		.was_in_time = true,
	};
	status = login_prepare(&sending.client, invocation);
	if (status == STATUS_DONE) {
		status = converse(&sending, invocation);
	}
	envoi_client_free(sending.client);
	envoi_jid_unref(to);
	return status;
}

static const struct command_option options[] = {
	{"wait", "TIME",
		"Wait for an error after the server has accepted the message, such as 500ms or 5s; 0:"
		" not at all. Default: 5s.",
		NULL, false},
	OPTIONS_END,
};

const struct command command_send = {
	.name = "send",
	.operands = "TO BODY",
	.summary =
		"Send a chat message. Exit status 0: the server has accepted it; 1: it was refused;"
		" 7: it is not known whether it has arrived.",
	.options = options,
	.least = 2,
	.most = 2,
	.logs_in = true,
	.run = run,
};
