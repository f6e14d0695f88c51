/*
 * envoi - the command-line program: messages as they come
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include <envoi/ext/delayed_delivery.h>

#include "message.h"
#include "task.h"

struct listening {
	struct task task;
	struct envoi_handler messages;
	uint64_t left; /* until the end; 0: no end */
};

static void count(struct listening *listening)
{
	if (listening->left > 0 && --listening->left == 0) {
		task_end(&listening->task, STATUS_DONE);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct listening *listening = ENVOI_CONTAINER_OF(self, struct listening, messages);
	struct invocation *invocation = listening->task.invocation;
	struct envoi_stanza *stanza = envoi_delivery_stanza(in);
	struct printed_message message = {
		.id = envoi_stanza_id(stanza),
		.from = envoi_stanza_from_text(stanza),
		.body = envoi_message_body(stanza, NULL),
		.sent_ms = envoi_context_wall_clock_ms(invocation->context),
		.stanza = stanza,
	};
	bool is_text = message.body != NULL || envoi_message_subject(stanza, NULL) != NULL ||
		envoi_stanza_type(stanza) == ENVOI_TYPE_ERROR;
	if (listening->task.has_ended || !is_text) {
		return ENVOI_DECLINED;
	}
	message.is_old = envoi_delayed_delivery_sent_at(
		envoi_delivery_session(in), stanza, &message.sent_ms);
	if (own_value(invocation, "json") != NULL) {
		write_message(&message);
	} else {
		print_message(&message);
	}
	count(listening);
	return ENVOI_OK;
}

/* A stanza beyond a limit was not read: `text` is the limit. */
static void on_skipped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	complain("skipped %" PRIu64 " bytes from %s: %s", event->bytes,
		event->jid != NULL ? envoi_jid_text(event->jid) : "the server", event->text);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ERROR, .handle = on_message},
	ENVOI_ROWS_END,
};

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_SKIPPED, on_skipped},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl listening_impl = {
	.name = "listen",
	.stanzas = stanzas,
	.events = events,
};

static int prepare(struct task *task)
{
	struct listening *listening = ENVOI_CONTAINER_OF(task, struct listening, task);
	envoi_client_add(task->client, &listening->messages);
	return STATUS_DONE;
}

static void begin(struct task *task, struct envoi_session *session)
{
	(void)task;
	complain("listening as %s", envoi_jid_text(envoi_session_jid(session)));
}

static int take_count(const struct invocation *invocation, uint64_t *ret_count)
{
	const char *text = own_value(invocation, "count");
	*ret_count = 0;
	if (text != NULL && envoi_uint_parse(text, 1, UINT32_MAX, ret_count) < 0) {
		complain("--count: %s is not a number from 1 on", text);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int run(struct invocation *invocation)
{
	static const struct task_kind kind = {
		.begin = begin,
		.prepare = prepare,
		.needs_presence = true,
		.receives_messages = true,
		.stays = true,
	};
	struct listening listening = {.messages = ENVOI_HANDLER(&listening_impl)};
	int status = take_count(invocation, &listening.left);
	return status == STATUS_DONE ? task_run(&listening.task, &kind, invocation) : status;
}

static const struct command_option options[] = {
	{"count", "N", "End after N messages. Default: at SIGINT or SIGTERM.", NULL, false},
	OPTION_JSON("an object a line with id, from, to, type, time, subject, body and error"),
	OPTIONS_END,
};

const struct command command_listen = {
	.name = "listen",
	.operands = "",
	.summary =
		"Print each message that has a body or a subject, and each error, a line each, until SIGINT or"
		" SIGTERM. The account is online, and receives messages that wait for it. A lost"
		" connection is reported on standard error and connected again.",
	.options = options,
	.logs_in = true,
	.run = run,
};
