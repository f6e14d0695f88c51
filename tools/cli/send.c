/*
 * envoi - the command-line program: send messages
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <envoi/ext/ping.h>

#include "lines.h"
#include "progress.h"
#include "task.h"

enum {
	WAIT_MS = 5000,
	RETRY_MS = 50,
	MOST_PENDING = 5000, /* messages without a report, beyond which no line is read */
};

/* All messages of one run. */
struct sending {
	struct task task;
	struct envoi_handler outbox;
	struct lines lines;
	uint64_t wait_ms;
	const char *body; /* NULL: lines of standard input are the bodies */
	char **to;
	size_t to_count;
	size_t next; /* the addressee of the current body that is next */
	size_t sent, pending;
	bool is_read; /* no further body follows */
	bool has_pinged, is_finished;
	bool is_full; /* the outbox; ENVOI_EVENT_OUTBOX_LOW follows */
	struct envoi_timer retry; /* it has no room for the next message, and is not high */
	bool was_refused;
};

/* One message to one addressee. */
struct message {
	struct envoi_ticket ticket;
	struct sending *sending;
	const char *to;
};

static void finish(struct sending *sending, int status)
{
	sending->is_finished = true;
	envoi_timer_stop(&sending->retry);
	lines_stop(&sending->lines);
	task_end(&sending->task, status);
}

/* --- reports --- */

static void complain_about_refusal(const char *to, const struct envoi_ticket_report *report)
{
	const struct envoi_stanza_error *error = report->error;
	if (error == NULL) {
		complain("the message to %s: %s", to, envoi_ticket_report_text(report));
		return;
	}
	char line[512];
	complain("%s refused the message: %s%s", to, describe_error(line, sizeof(line), error),
		strchr(to, '@') == NULL ? "; without @ it is the address of a server" : "");
}

/* Otherwise the connection was lost: its failure ends the run. */
static bool is_known(enum envoi_ticket_state state)
{
	return state == ENVOI_TICKET_ACKNOWLEDGED || state == ENVOI_TICKET_WRITTEN ||
		state == ENVOI_TICKET_REFUSED;
}

static void go_on(struct sending *sending);

static void on_report(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct message *message = ENVOI_CONTAINER_OF(ticket, struct message, ticket);
	struct sending *sending = message->sending;
	if (report->state == ENVOI_TICKET_REFUSED) {
		sending->was_refused = true;
		complain_about_refusal(message->to, report);
	}
	envoi_free(sending->task.invocation->context, message);
	if (is_known(report->state)) {
		sending->pending--;
		progress_show("%zu messages sent, %zu of them not confirmed", sending->sent,
			sending->pending);
		go_on(sending);
	}
}

/* --- sending --- */

/* A ping behind the messages sets the server a time to confirm them: when the connection is lost,
 * the failure ends the run. */
static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct sending *sending = user;
	if (envoi_answer_ok(answer)) {
		progress_show("the server has accepted the messages, waiting for errors");
	}
	if (envoi_answer_code(answer) == ENVOI_ERR_TIMEOUT) {
		complain("the server did not confirm the message in time");
		finish(sending, STATUS_TIMEOUT);
	}
}

static void on_retry(struct envoi_timer *timer)
{
	go_on(ENVOI_CONTAINER_OF(timer, struct sending, retry));
}

static void retry_later(struct sending *sending)
{
	envoi_timer_start(&sending->retry, envoi_context_loop(sending->task.invocation->context),
		RETRY_MS, on_retry);
}

static int send_one(struct sending *sending, const char *to, const char *body)
{
	struct envoi_context *context = sending->task.invocation->context;
	struct message *message = envoi_alloc_zeroed(context, sizeof(*message));
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	message->sending = sending;
	message->to = to;
	message->ticket.done = on_report;
	message->ticket.refusal_ms = sending->wait_ms;
	int r = envoi_send_text(
		envoi_client_session(sending->task.client), to, body, &message->ticket);
	if (r < 0) {
		envoi_free(context, message);
		return r;
	}
	sending->pending++;
	sending->sent++;
	progress_show(
		"%zu messages sent, %zu of them not confirmed", sending->sent, sending->pending);
	return ENVOI_OK;
}

static void complain_about_call(const struct sending *sending, const char *to, int code)
{
	complain("the message to %s cannot be sent: %s", to,
		code == ENVOI_ERR_FULL
			? "it is longer than the --limits-... allow"
			: envoi_session_problem(envoi_client_session(sending->task.client)));
}

/* @return whether all addressees have it; else the rest follows when the outbox has room */
static bool send_body(struct sending *sending, const char *body)
{
	while (sending->next < sending->to_count) {
		if (sending->is_full || sending->pending >= MOST_PENDING) {
			return false;
		}
		int r = send_one(sending, sending->to[sending->next], body);
		if (r == ENVOI_ERR_FULL && sending->pending > 0) {
			retry_later(sending);
			return false;
		}
		if (r == ENVOI_ERR_STATE || r == ENVOI_ERR_NOMEM) {
			complain_about_call(sending, sending->to[sending->next], r);
			finish(sending, sending->pending > 0 ? STATUS_TIMEOUT : STATUS_NO);
			return true;
		}
		if (r < 0) { /* the others may have theirs */
			complain_about_call(sending, sending->to[sending->next], r);
			sending->was_refused = true;
		}
		sending->next++;
	}
	sending->next = 0;
	return true;
}

/* @return whether the ping is sent, or cannot be; else there is no room for it yet */
static bool send_ping(struct sending *sending)
{
	struct envoi_session *session = envoi_client_session(sending->task.client);
	int r = envoi_ping(session, NULL, 0, on_answer, sending, NULL);
	if (r == ENVOI_ERR_FULL) {
		retry_later(sending);
		return false;
	}
	task_check_sent(&sending->task, NULL, r);
	return true;
}

/* There may be room for what could not be sent yet. */
static void go_on(struct sending *sending)
{
	if (sending->is_finished) {
		return;
	}
	if (sending->body == NULL) {
		lines_resume(&sending->lines);
	} else if (!sending->is_read) {
		sending->is_read = send_body(sending, sending->body);
	}
	if (sending->is_finished || !sending->is_read) {
		return;
	}
	if (!sending->has_pinged && sending->pending > 0 && !sending->is_full) {
		sending->has_pinged = send_ping(sending);
	}
	if (sending->pending == 0) {
		finish(sending, sending->was_refused ? STATUS_NO : STATUS_DONE);
	}
}

static bool on_line(struct lines *lines, const char *text)
{
	struct sending *sending = ENVOI_CONTAINER_OF(lines, struct sending, lines);
	return text[0] == '\0' || send_body(sending, text);
}

static void on_lines_end(struct lines *lines, int status)
{
	struct sending *sending = ENVOI_CONTAINER_OF(lines, struct sending, lines);
	sending->is_read = true;
	sending->was_refused |= status != STATUS_DONE;
	go_on(sending);
}

static void on_outbox_low(struct envoi_handler *self, const struct envoi_event *event)
{
	struct sending *sending = ENVOI_CONTAINER_OF(self, struct sending, outbox);
	(void)event;
	sending->is_full = false;
	go_on(sending);
}

static void on_outbox_high(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct sending, outbox)->is_full = true;
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_OUTBOX_HIGH, on_outbox_high},
	{ENVOI_EVENT_OUTBOX_LOW, on_outbox_low},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl outbox_impl = {
	.name = "send",
	.events = events,
};

/* --- the command --- */

static int prepare(struct task *task)
{
	struct sending *sending = ENVOI_CONTAINER_OF(task, struct sending, task);
	envoi_client_set(task->client, "stream-management.request-stanzas", "1");
	envoi_client_add(task->client, &sending->outbox);
	return STATUS_DONE;
}

static void begin(struct task *task, struct envoi_session *session)
{
	struct sending *sending = ENVOI_CONTAINER_OF(task, struct sending, task);
	(void)session;
	if (sending->body == NULL) {
		int status = lines_start(&sending->lines, task->invocation->context);
		if (status != STATUS_DONE) {
			finish(sending, status);
		}
		return;
	}
	go_on(sending);
}

static int run_task(struct sending *sending, struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin, .prepare = prepare};
	int status = task_run(&sending->task, &kind, invocation);
	envoi_timer_stop(&sending->retry);
	lines_stop(&sending->lines);
	if (sending->is_finished || sending->pending == 0) {
		return status;
	}
	complain("the connection ended before the server confirmed the message");
	return STATUS_TIMEOUT;
}

static int check_addresses(const struct sending *sending)
{
	for (size_t i = 0; i < sending->to_count; i++) {
		const char *to = sending->to[i];
		if (sending->to_count > 1 && strpbrk(to, "@.:") == NULL) {
			complain("TO: \"%s\" is no address of an account: a BODY of several words"
				 " needs quotes",
				to);
			return STATUS_USAGE;
		}
		if (envoi_jid_check(to, strlen(to), NULL, 0) < 0) {
			return complain_about_address("TO", to);
		}
	}
	return STATUS_DONE;
}

/* @param body  NULL: lines are sent */
static int check_body(const char *body, bool is_input)
{
	if (body == NULL || body[0] != '\0') {
		return STATUS_DONE;
	}
	complain(is_input ? "standard input is empty: nothing is sent" : "BODY is empty");
	return is_input ? STATUS_NO : STATUS_USAGE;
}

static int run(struct invocation *invocation)
{
	struct sending sending = {
		.outbox = ENVOI_HANDLER(&outbox_impl),
		.lines = {.line = on_line, .end = on_lines_end},
		.to = invocation->operands,
		.to_count = (size_t)invocation->operand_count,
	};
	bool has_lines = own_value(invocation, "lines") != NULL;
	const char *last = invocation->operands[invocation->operand_count - 1];
	bool reads_input = strcmp(last, "-") == 0;
	char *input = NULL;
	if (!has_lines || reads_input) {
		sending.to_count--;
	}
	if (sending.to_count == 0) {
		complain("usage: envoi [OPTION...] send TO... BODY, or send --lines TO...");
		return STATUS_USAGE;
	}
	int status = own_time(invocation, "wait", WAIT_MS, &sending.wait_ms);
	status = status != STATUS_DONE ? status : check_addresses(&sending);
	if (status == STATUS_DONE && reads_input && !has_lines) {
		status = read_input(&input);
	}
	sending.body = has_lines ? NULL : input != NULL ? input : last;
	status = status != STATUS_DONE ? status : check_body(sending.body, input != NULL);
	status = status != STATUS_DONE ? status : run_task(&sending, invocation);
	free(input);
	return status;
}

static const struct command_option options[] = {
	{"lines", NULL,
		"Send each line of standard input that is not empty as a message, as it comes.",
		NULL, false},
	{"wait", "TIME",
		"Wait for an error after the server has accepted the message, such as 500ms or 5s; 0:"
		" not at all. Default: 5s.",
		NULL, false},
	OPTIONS_END,
};

const struct command command_send = {
	.name = "send",
	.operands = "TO... BODY",
	.summary =
		"Send a chat message to each address. BODY -: standard input is the body, up to 1 MiB."
		" Exit status 0: the server has accepted it; 1: it was refused; 7: it is not known"
		" whether it has arrived.",
	.options = options,
	.least = 1,
	.most = -1,
	.logs_in = true,
	.run = run,
};
