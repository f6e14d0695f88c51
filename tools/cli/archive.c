/*
 * envoi - the command-line program: archives
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <envoi/ext/mam.h>

#include "message.h"
#include "progress.h"
#include "task.h"

enum {
	MOST_ITEMS = 1000000,
};

struct dump {
	struct task task;
	struct envoi_mam_filter filter;
	uint64_t limit;
	size_t count;
};

static void on_item(void *user, const struct envoi_mam_item *item)
{
	struct dump *dump = user;
	if (isatty(STDOUT_FILENO)) {
		progress_clear(); /* the messages are there to be seen */
	} else {
		progress_show("%zu messages fetched", ++dump->count);
	}
	if (item->message == NULL) {
		return;
	}
	struct printed_message message = {
		.id = item->id,
		.from = envoi_stanza_from_text(item->message),
		.body = envoi_message_body(item->message, NULL),
		.sent_ms = item->has_stamp ? item->stamp_ms : INT64_MIN,
		.is_old = item->has_stamp,
		.stanza = item->message,
	};
	if (own_value(dump->task.invocation, "json") != NULL) {
		write_message(&message);
	} else if (message.body != NULL) {
		print_message(&message);
	}
}

static int status_of(const struct envoi_mam_end *end)
{
	switch (end->code) {
	case ENVOI_OK:
		return STATUS_DONE;
	case ENVOI_ERR_TIMEOUT:
		return STATUS_TIMEOUT;
	case ENVOI_ERR_PROTOCOL:
		return STATUS_PROTOCOL;
	default:
		return STATUS_NO;
	}
}

static void on_end(void *user, const struct envoi_mam_end *end)
{
	struct dump *dump = user;
	bool is_lost = end->code == ENVOI_ERR_CANCELED || end->code == ENVOI_ERR_DISCONNECTED;
	if (is_lost) {
		return; /* its failure ends the run */
	}
	if (end->code < 0) {
		const char *archive = operand(dump->task.invocation, 0);
		complain("the archive of %s: %s", archive != NULL ? archive : "the account",
			end->text);
	} else if (!end->is_complete) {
		complain("there are more than %zu messages", end->count);
	}
	task_end(&dump->task, status_of(end));
}

static const struct envoi_mam_events events = {.item = on_item, .end = on_end};

static int prepare(struct task *task)
{
	int r = envoi_session_use(envoi_client_session(task->client), &envoi_mam_extension, NULL);
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}

static void begin(struct task *task, struct envoi_session *session)
{
	struct dump *dump = ENVOI_CONTAINER_OF(task, struct dump, task);
	const char *archive = operand(task->invocation, 0);
	const struct envoi_mam_query_options options = {
		.archive = archive,
		.filter = &dump->filter,
		.page = ENVOI_MAM_MOST_PER_PAGE,
		.limit = (uint32_t)dump->limit,
	};
	task_check_sent(task, archive, envoi_mam_fetch(session, &options, &events, dump, NULL));
}

/* "2026-11-30", or with a time: "2026-11-30T06:00:00Z" */
static int take_date(
	const struct invocation *invocation, const char *name, bool *ret_has, int64_t *ret_ms)
{
	const char *text = own_value(invocation, name);
	char date[ENVOI_DATE_SIZE];
	if (text == NULL) {
		return STATUS_DONE;
	}
	*ret_has = true;
	if (envoi_date_parse(text, ret_ms) == ENVOI_OK) {
		return STATUS_DONE;
	}
	snprintf(date, sizeof(date), "%sT00:00:00Z", text);
	if (strlen(text) == strlen("2026-11-30") && envoi_date_parse(date, ret_ms) == ENVOI_OK) {
		return STATUS_DONE;
	}
	complain("--%s: %s is not a time such as 2026-11-30 or 2026-11-30T06:00:00Z", name, text);
	return STATUS_USAGE;
}

static int take_with(struct dump *dump, const struct invocation *invocation)
{
	const char *with = own_value(invocation, "with");
	return with == NULL ||
			envoi_jid_from_text(&dump->filter.with, invocation->context, with) ==
				ENVOI_OK
		? STATUS_DONE
		: complain_about_address("--with", with);
}

static int take_limit(struct dump *dump, const struct invocation *invocation)
{
	const char *text = own_value(invocation, "limit");
	dump->limit = MOST_ITEMS;
	if (text != NULL && envoi_uint_parse(text, 1, MOST_ITEMS, &dump->limit) < 0) {
		complain("--limit: %s is not a number from 1 to %d", text, MOST_ITEMS);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int take_options(struct dump *dump, const struct invocation *invocation)
{
	struct envoi_mam_filter *filter = &dump->filter;
	int status = check_address_operand(invocation, 0, "ROOM");
	status = status != STATUS_DONE
		? status
		: take_date(invocation, "start", &filter->has_start, &filter->start_ms);
	status = status != STATUS_DONE
		? status
		: take_date(invocation, "end", &filter->has_end, &filter->end_ms);
	status = status != STATUS_DONE ? status : take_limit(dump, invocation);
	return status != STATUS_DONE ? status : take_with(dump, invocation);
}

static int run(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin, .prepare = prepare};
	struct dump dump = {0};
	int status = take_options(&dump, invocation);
	if (status == STATUS_DONE) {
		status = task_run(&dump.task, &kind, invocation);
	}
	envoi_jid_unref(dump.filter.with);
	return status;
}

static const struct command_option options[] = {
	{"with", "JID", "Messages from and to this address alone.", NULL, false},
	{"start", "TIME", "From this time on: 2026-11-30, or 2026-11-30T06:00:00Z.", NULL, false},
	{"end", "TIME", "Up to this time.", NULL, false},
	{"limit", "N", "The first N messages. Default: 1000000, the most.", NULL, false},
	OPTION_JSON("an object a line with id, from, to, type, time, subject, body and error"),
	OPTIONS_END,
};

const struct command command_archive = {
	.name = "archive",
	.operands = "[ROOM]",
	.summary = "Print the messages in the archive of the account, or of a room (XEP-0313), the"
		   " oldest first. Lines have those with a body only, JSON all of them.",
	.options = options,
	.most = 1,
	.logs_in = true,
	.run = run,
};
