/*
 * envoi - the command-line program: send a message
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/ext/ping.h>

#include "cli.h"

struct sending {
	struct envoi_handler handler;
	struct envoi_client *client;
	const char *body;
	const struct envoi_jid *to;
	char id[ENVOI_ID_SIZE]; /* of the message, to know an error that answers it */
	bool was_answered; /* the ping behind the message */
	bool was_in_time;
	bool was_refused;
};

static struct sending *sending_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct sending, handler);
}

/* Any answer, an error too, shows that the server has handled the message before it. When the
 * connection is lost, the failure ends the run and says why. */
static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct sending *sending = user;
	int code = envoi_answer_code(answer);
	if (code == ENVOI_ERR_DISCONNECTED) {
		return;
	}
	sending->was_answered = code == ENVOI_OK || code == ENVOI_ERR_STANZA;
	sending->was_in_time = code != ENVOI_ERR_TIMEOUT;
	envoi_client_quit(sending->client);
}

static int send_both(struct sending *sending, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi_stanza *message = envoi_message_new(
		context, ENVOI_TYPE_CHAT, envoi_jid_text(sending->to), sending->body);
	envoi_element_set(envoi_stanza_element(message), "id", sending->id);
	int r = envoi_send(session, message, NULL);
	return r < 0 ? r : envoi_ping(session, NULL, 0, on_answer, sending, NULL);
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	struct sending *sending = sending_from_handler(self);
	int r = send_both(sending, event->session);
	if (r < 0) {
		complain("the message cannot be sent: %s", envoi_session_problem(event->session));
		sending->was_refused = true;
		envoi_client_quit(sending->client);
	}
}

/* From the recipient, or one of the two servers between (RFC 6120, section 8.3.1). */
static bool is_from_its_way(const struct sending *sending, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	const struct envoi_jid *own = envoi_session_jid(envoi_client_session(sending->client));
	if (from == NULL) {
		return envoi_stanza_from_text(stanza) == NULL;
	}
	return envoi_jid_equal_bare(from, sending->to) || envoi_jid_equal_bare(from, own) ||
		(envoi_jid_local(from) == NULL &&
			(strcmp(envoi_jid_domain(from), envoi_jid_domain(sending->to)) == 0 ||
				strcmp(envoi_jid_domain(from), envoi_jid_domain(own)) == 0));
}

static int on_error(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct sending *sending = sending_from_handler(self);
	struct envoi_stanza *stanza = envoi_delivery_stanza(in);
	struct envoi_stanza_error error;
	const char *id = envoi_stanza_id(stanza);
	if (id == NULL || strcmp(id, sending->id) != 0 || !is_from_its_way(sending, stanza) ||
		!envoi_stanza_get_error(stanza, &error)) {
		return ENVOI_DECLINED;
	}
	complain("%s refused the message: %s%s%s", envoi_jid_text(sending->to),
		envoi_stanza_condition_name(error.condition), error.text != NULL ? ", " : "",
		error.text != NULL ? error.text : "");
	sending->was_refused = true;
	envoi_client_quit(sending->client);
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ERROR, .handle = on_error},
	ENVOI_ROWS_END,
};

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl sending_impl = {
	.name = "send",
	.stanzas = stanzas,
	.events = events,
};

static int unconfirmed(const struct sending *sending)
{
	if (!sending->was_in_time) {
		complain("the server did not confirm the message in time");
		return STATUS_TIMEOUT;
	}
	complain("the server closed the stream before it confirmed the message");
	return STATUS_PROTOCOL;
}

static int converse(struct sending *sending, const struct invocation *invocation)
{
	envoi_client_set(sending->client, "reconnect.enabled", "false");
	/* Without presence, offline messages stay for the account's usual client. */
	envoi_client_set(sending->client, "presence.initial", "false");
	envoi_client_set(sending->client, "roster.fetch", "false");
	envoi_client_add(sending->client, &sending->handler);
	int r = envoi_client_run(sending->client);
	if (sending->was_refused) {
		return STATUS_NO;
	}
	if (r < 0) {
		return login_explain(invocation, sending->client);
	}
	return sending->was_answered ? STATUS_DONE : unconfirmed(sending);
}

static int run(struct invocation *invocation)
{
	struct envoi_jid *to;
	if (envoi_jid_from_text(&to, invocation->context, invocation->operands[0]) < 0) {
		return complain_about_address("TO", invocation->operands[0]);
	}
	struct sending sending = {
		.handler = ENVOI_HANDLER(&sending_impl),
		.to = to,
		.body = invocation->operands[1],
		.was_in_time = true,
	};
	int status = STATUS_NO;
	if (envoi_id_make(invocation->context, sending.id) == ENVOI_OK) {
		status = login_prepare(&sending.client, invocation);
	}
	if (status == STATUS_DONE) {
		status = converse(&sending, invocation);
	}
	envoi_client_free(sending.client);
	envoi_jid_unref(to);
	return status;
}

const struct command command_send = {
	.name = "send",
	.operands = "TO BODY",
	.summary = "Send a chat message; done when the server has handled it.",
	.least = 2,
	.most = 2,
	.run = run,
};
