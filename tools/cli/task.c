/*
 * envoi - the command-line program: what a command does while it is logged in
 * SPDX-License-Identifier: MIT
 */
#include "task.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "progress.h"

static void on_connecting(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	progress_show("connecting to %s", event->text);
}

static void on_connected(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	progress_show("connected to %s, logging in", event->text);
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	if (ENVOI_CONTAINER_OF(self, struct task, handler)->kind->needs_roster) {
		progress_show("fetching the contact list");
	}
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	struct task *task = ENVOI_CONTAINER_OF(self, struct task, handler);
	progress_clear();
	task->is_lost = false;
	if (!task->has_ended) {
		task->kind->begin(task, event->session);
	}
}

/* Of a task that stays: the end of the program does not report it. */
static void on_suspended(struct envoi_handler *self, const struct envoi_event *event)
{
	struct task *task = ENVOI_CONTAINER_OF(self, struct task, handler);
	char line[1024];
	envoi_failure_describe(event->failure, line, sizeof(line));
	complain("the connection is %s, next attempt in %" PRIu64 " s: %s",
		task->is_lost ? "still lost" : "lost", event->retry_in_ms / 1000, line);
	task->is_lost = true;
}

static void on_resumed(struct envoi_handler *self, const struct envoi_event *event)
{
	ENVOI_CONTAINER_OF(self, struct task, handler)->is_lost = false;
	complain("connected again as %s", envoi_jid_text(event->jid));
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_CONNECTING, on_connecting},
	{ENVOI_EVENT_CONNECTED, on_connected},
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_EVENT_SUSPENDED, on_suspended},
	{ENVOI_EVENT_RESUMED, on_resumed},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl task_impl = {
	.name = "task",
	.events = events,
};

void task_end(struct task *task, int status)
{
	progress_clear();
	if (!task->has_ended) {
		task->has_ended = true;
		task->status = status;
	}
	envoi_client_quit(task->client);
}

static void apply_kind(const struct task *task)
{
	const struct task_kind *kind = task->kind;
	if (!kind->stays) {
		envoi_client_set(task->client, "reconnect.enabled", "false");
	}
	/* Without presence, or with a negative priority, offline messages stay for the account's
	 * usual client (RFC 6121, section 8.5.2.1.1). */
	envoi_client_set(task->client, "presence.initial", kind->needs_presence ? "true" : "false");
	if (!kind->receives_messages) {
		envoi_client_set(task->client, "presence.priority", "-1");
	}
	envoi_client_set(task->client, "roster.fetch", kind->needs_roster ? "true" : "false");
}

static int converse(struct task *task)
{
	apply_kind(task);
	envoi_client_add(task->client, &task->handler);
	int status = task->kind->prepare != NULL ? task->kind->prepare(task) : STATUS_DONE;
	if (status == STATUS_DONE && task->kind->stays) {
		status = signals_watch(&task->signals, task->client);
	}
	if (status != STATUS_DONE) {
		return status;
	}
	if (!task->invocation->show_xml && !task->invocation->verbose &&
		!task->kind->prints_traffic) {
		progress_start(task->invocation->context);
	}
	int r = envoi_client_run(task->client);
	progress_stop();
	signals_unwatch(&task->signals);
	if (task->has_ended || task->signals.has_come) {
		return task->status;
	}
	if (r < 0) {
		return login_explain(task->invocation, task->client);
	}
	complain("the server closed the stream");
	return STATUS_PROTOCOL;
}

int task_run(struct task *task, const struct task_kind *kind, struct invocation *invocation)
{
	task->handler = (struct envoi_handler)ENVOI_HANDLER(&task_impl);
	task->kind = kind;
	task->invocation = invocation;
	int status = login_prepare(&task->client, invocation);
	if (status == STATUS_DONE) {
		status = converse(task);
	}
	envoi_client_free(task->client);
	task->client = NULL;
	return status;
}

static const char *name_of(const char *to)
{
	return to != NULL ? to : "the server";
}

void task_check_sent(struct task *task, const char *to, int r)
{
	if (r < 0) {
		struct envoi_session *session = envoi_client_session(task->client);
		const char *problem = r == ENVOI_ERR_NOMEM ? "" : envoi_session_problem(session);
		complain("%s cannot be asked: %s", name_of(to),
			problem[0] != '\0' ? problem : envoi_error_text(r));
		task_end(task, STATUS_NO);
	} else {
		progress_show("waiting for %s", name_of(to));
	}
}

const char *describe_error(char *line, size_t size, const struct envoi_stanza_error *error)
{
	const char *condition = envoi_stanza_condition_name(error->condition);
	if (error->text != NULL && error->text[0] != '\0') {
		snprintf(line, size, "%s: %s", condition, error->text);
	} else {
		snprintf(line, size, "%s (%s)", condition,
			envoi_stanza_condition_meaning(error->condition)->text);
	}
	return line;
}

static void complain_about_error(const char *to, const struct envoi_stanza_error *error)
{
	char line[512];
	complain("%s answers with an error: %s", name_of(to),
		describe_error(line, sizeof(line), error));
}

int complain_about_answer(const char *to, const struct envoi_answer *answer)
{
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	switch (envoi_answer_code(answer)) {
	case ENVOI_ERR_STANZA:
		if (error != NULL) {
			complain_about_error(to, error);
		}
		return STATUS_NO;
	case ENVOI_ERR_TIMEOUT:
		complain("%s did not answer in time", name_of(to));
		return STATUS_TIMEOUT;
	case ENVOI_ERR_PROTOCOL:
		complain("%s answers with something else than was asked for", name_of(to));
		return STATUS_PROTOCOL;
	case ENVOI_ERR_LIMIT:
		complain("the answer of %s is larger than the --limits-... allow", name_of(to));
		return STATUS_PROTOCOL;
	default:
		complain("%s: %s", name_of(to), envoi_answer_text(answer));
		return STATUS_NO;
	}
}

bool task_check_answer(struct task *task, const char *to, const struct envoi_answer *answer)
{
	progress_clear();
	if (envoi_answer_ok(answer)) {
		return true;
	}
	int code = envoi_answer_code(answer);
	if (code != ENVOI_ERR_DISCONNECTED && code != ENVOI_ERR_CANCELED) {
		task_end(task, complain_about_answer(to, answer));
	}
	return false;
}

const char *operand(const struct invocation *invocation, int index)
{
	return index < invocation->operand_count ? invocation->operands[index] : NULL;
}

int check_address_operand(const struct invocation *invocation, int index, const char *name)
{
	const char *text = operand(invocation, index);
	return text == NULL || envoi_jid_check(text, strlen(text), NULL, 0) == ENVOI_OK
		? STATUS_DONE
		: complain_about_address(name, text);
}
