/*
 * envoi - the command-line program: a bot that echoes chat messages
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include "signals.h"

#define NS_DELAY "urn:xmpp:delay"

struct bot {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct signals signals;
};

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("ready %s\n", envoi_jid_text(envoi_session_jid(event->session)));
	fflush(stdout);
}

static void on_suspended(struct envoi_handler *self, const struct envoi_event *event)
{
	char line[1024];
	(void)self;
	envoi_failure_describe(event->failure, line, sizeof(line));
	printf("suspended, next attempt in %" PRIu64 ".%" PRIu64 " s: %s\n",
		event->retry_in_ms / 1000, event->retry_in_ms % 1000 / 100, line);
	fflush(stdout);
}

static void on_resumed(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("resumed %s\n", envoi_jid_text(event->jid));
	fflush(stdout);
}

/* A stanza beyond a limit was not read: `text` is the limit. */
static void on_skipped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("skipped %" PRIu64 " bytes from %s: %s\n", event->bytes,
		event->jid != NULL ? envoi_jid_text(event->jid) : "the server", event->text);
	fflush(stdout);
}

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	struct envoi_stanza *message = envoi_delivery_stanza(in);
	const struct envoi_jid *own = envoi_session_jid(envoi_delivery_session(in));
	const char *body = envoi_message_body(message, NULL);
	bool is_delayed = envoi_element_child(envoi_stanza_element(message), NS_DELAY, "delay") !=
		NULL;
	if (body == NULL || is_delayed || envoi_stanza_from(message) == NULL ||
		envoi_jid_equal_bare(envoi_stanza_from(message), own)) {
		return ENVOI_DECLINED;
	}
	return envoi_reply_text(in, body);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_EVENT_SUSPENDED, on_suspended},
	{ENVOI_EVENT_RESUMED, on_resumed},
	{ENVOI_EVENT_SKIPPED, on_skipped},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl bot_impl = {
	.name = "echo",
	.stanzas = stanzas,
	.events = events,
};

static int converse(struct bot *bot, const struct invocation *invocation)
{
	int status = signals_watch(&bot->signals, bot->client);
	if (status != STATUS_DONE) {
		return status;
	}
	envoi_client_add(bot->client, &bot->handler);
	int r = envoi_client_run(bot->client);
	signals_unwatch(&bot->signals);
	if (bot->signals.has_come) {
		return STATUS_DONE;
	}
	if (r < 0) {
		return login_explain(invocation, bot->client);
	}
	complain("the server closed the stream");
	return STATUS_PROTOCOL;
}

static int run(struct invocation *invocation)
{
	struct bot bot = {.handler = ENVOI_HANDLER(&bot_impl)};
	int status = login_prepare(&bot.client, invocation);
	if (status == STATUS_DONE) {
		status = converse(&bot, invocation);
	}
	envoi_client_free(bot.client);
	return status;
}

const struct command command_echo = {
	.name = "echo",
	.operands = "",
	.summary =
		"Answer every chat message with its body, until SIGINT or SIGTERM; the second"
		" signal ends it without waiting for the server. A lost connection is reported and"
		" connected again; a stanza beyond a limit is reported and skipped.",
	.least = 0,
	.most = 0,
	.logs_in = true,
	.run = run,
};
