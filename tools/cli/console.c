/*
 * envoi - the command-line program: an XML console
 * SPDX-License-Identifier: MIT
 */
#include "console.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAIT_MS = 5000,
};

static void show(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	const struct console *console = user;
	editor_hide();
	print_xml(stdout, direction, xml, len, &console->style);
	fflush(stdout);
	editor_show();
}

/* --- what comes --- */

static void on_answered(struct envoi_deferred *deferred)
{
	console_go_on(ENVOI_CONTAINER_OF(deferred, struct console, answered));
}

static int on_stanza(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct console *console = ENVOI_CONTAINER_OF(self, struct console, handler);
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	(void)session;
	if ((kind == ENVOI_IQ_RESULT || kind == ENVOI_IQ_ERROR) &&
		console_take_answer(console, stanza)) {
		console->status = kind == ENVOI_IQ_ERROR ? STATUS_NO : console->status;
		envoi_deferred_post(&console->answered,
			envoi_context_loop(console->task.invocation->context), on_answered);
	}
	return ENVOI_OK;
}

static const struct envoi_filters filters = {.stanza_in = on_stanza};

/* A stanza beyond a limit was not read: `text` is the limit. */
static void on_skipped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct console *console = ENVOI_CONTAINER_OF(self, struct console, handler);
	complain("skipped %" PRIu64 " bytes from %s: %s", event->bytes,
		event->jid != NULL ? envoi_jid_text(event->jid) : "the server", event->text);
	if (event->stanza != NULL && console_take_answer(console, event->stanza)) {
		console->status = STATUS_PROTOCOL;
		console_go_on(console);
	}
}

/* Requests that the server had are answered no more. */
static void on_session_end(struct envoi_handler *self, const struct envoi_event *event)
{
	struct console *console = ENVOI_CONTAINER_OF(self, struct console, handler);
	(void)event;
	if (console->request_count > 0 && !console->task.has_ended) {
		complain("the session has ended before every request was answered");
		console->status = STATUS_TIMEOUT;
	}
	console_forget_requests(console);
}

static void on_change(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	console_go_on(ENVOI_CONTAINER_OF(self, struct console, handler));
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	console_stop_input(ENVOI_CONTAINER_OF(self, struct console, handler));
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_SKIPPED, on_skipped},
	{ENVOI_EVENT_ENDED, on_session_end},
	{ENVOI_EVENT_RESUMED, on_change},
	{ENVOI_EVENT_OUTBOX_LOW, on_change},
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl console_impl = {
	.name = "console",
	.events = events,
	.filters = &filters,
};

/* --- the command --- */

static int prepare(struct task *task)
{
	struct console *console = ENVOI_CONTAINER_OF(task, struct console, task);
	envoi_client_set_tap(task->client, show, console);
	envoi_client_add(task->client, &console->handler);
	return STATUS_DONE;
}

static void begin(struct task *task, struct envoi_session *session)
{
	struct console *console = ENVOI_CONTAINER_OF(task, struct console, task);
	complain("%s as %s%s", console->has_begun ? "connected again, in a new session," : "online",
		envoi_jid_text(envoi_session_jid(session)),
		console->is_person && !console->has_begun ? " (/help prints help)" : "");
	if (console->has_begun) {
		console_go_on(console);
		return;
	}
	console->has_begun = true;
	int status = console_begin_to_read(console);
	if (status != STATUS_DONE) {
		task_end(task, status);
	}
}

static int take_color(const struct invocation *invocation, bool *ret_is_coloured)
{
	const char *when = own_value(invocation, "color"), *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	when = when != NULL ? when : "auto";
	*ret_is_coloured = strcmp(when, "always") == 0 ||
		(strcmp(when, "auto") == 0 && (no_color == NULL || no_color[0] == '\0') &&
			isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0);
	if (strcmp(when, "always") != 0 && strcmp(when, "auto") != 0 &&
		strcmp(when, "never") != 0) {
		complain("--color: %s is not one of always, never, auto", when);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int converse(struct console *console, struct invocation *invocation)
{
	static const struct task_kind kind = {
		.begin = begin,
		.prepare = prepare,
		.receives_messages = true,
		.stays = true,
		.prints_traffic = true,
	};
	element_input_init(&console->input, invocation->context);
	int status = task_run(&console->task, &kind, invocation);
	console_stop_input(console);
	element_input_finish(&console->input);
	envoi_element_unref(console->held);
	console_forget_requests(console);
	return status;
}

static int run(struct invocation *invocation)
{
	struct console *console = envoi_alloc_zeroed(invocation->context, sizeof(*console));
	if (console == NULL) {
		complain("%s", envoi_error_text(ENVOI_ERR_NOMEM));
		return STATUS_NO;
	}
	console->handler = (struct envoi_handler)ENVOI_HANDLER(&console_impl);
	console->task.signals.interrupt = console_interrupt;
	console->is_person = isatty(STDIN_FILENO);
	console->style.is_compact = own_value(invocation, "compact") != NULL;
	int status = take_color(invocation, &console->style.is_coloured);
	status = status != STATUS_DONE ? status
				       : own_time(invocation, "wait", WAIT_MS, &console->wait_ms);
	status = status != STATUS_DONE ? status : converse(console, invocation);
	envoi_free(invocation->context, console);
	return status;
}

static const struct command_option options[] = {
	{"color", "WHEN",
		"Print in colour: always, never, or auto, which is: on a terminal, unless NO_COLOR"
		" is set. Default: auto.",
		NULL, false},
	{"compact", NULL, "Print each element in one line.", NULL, false},
	{"history-file", "FILE",
		"Read the history of the lines from a file, and write it there at the end. Default: it"
		" is kept in memory.",
		NULL, false},
	{"wait", "TIME",
		"After the end of the input, wait for answers to requests, such as 500ms or 5s."
		" Default: 5s.",
		NULL, false},
	OPTIONS_END,
};

const struct command command_console = {
	.name = "console",
	.operands = "",
	.summary =
		"Print all that comes (<<) and goes (>>), and send XML from standard input. A line is"
		" an element, or its beginning: message, presence, iq, or an element of the stream. What is"
		" wrong is explained and not sent. Lines that begin with / are shortcuts, such as /ping JID;"
		" /help lists them. On a terminal lines are edited, and the console stays until /quit. Else"
		" the first mistake ends the input, and the exit status is 0 if every request has a result,"
		" 1 if one has an error or something was wrong, 7 if an answer is missing.",
	.options = options,
	.logs_in = true,
	.run = run,
};
