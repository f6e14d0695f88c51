/*
 * envoi - the command-line program: rooms
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/ext/muc.h>

#include "lines.h"
#include "message.h"
#include "task.h"
#include "text.h"

enum {
	HISTORY = 20,
};

struct stay {
	struct task task;
	struct lines lines;
	struct envoi_muc_room *room;
	const char *address, *nick;
	struct envoi_ticket ticket;
	uint64_t history; /* messages to ask for */
	bool is_talk;
	bool has_begun_to_read, is_read;
	bool is_sending; /* the ticket is in use: one message at a time */
};

static bool wants_json(const struct stay *stay)
{
	return own_value(stay->task.invocation, "json") != NULL;
}

static struct stay *stay_of(struct envoi_muc_room *room)
{
	return envoi_muc_user(room);
}

/* --- talking --- */

static void leave_when_all_is_said(struct stay *stay)
{
	if (stay->is_read && !stay->is_sending) {
		envoi_muc_leave(stay->room, NULL);
	}
}

static void on_said(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct stay *stay = ENVOI_CONTAINER_OF(ticket, struct stay, ticket);
	stay->is_sending = false;
	if (report->state == ENVOI_TICKET_REFUSED) {
		stay->task.status = STATUS_NO;
		complain("%s refused the message: %s", stay->address,
			envoi_ticket_report_text(report));
	} else if (report->state == ENVOI_TICKET_NOT_SENT && !stay->task.has_ended) {
		stay->task.status = STATUS_NO;
		complain("%s was left before a message was sent", stay->address);
	}
	if (!stay->task.has_ended && envoi_muc_state(stay->room) == ENVOI_MUC_JOINED) {
		lines_resume(&stay->lines);
		leave_when_all_is_said(stay);
	}
}

static bool on_line(struct lines *lines, const char *text)
{
	struct stay *stay = ENVOI_CONTAINER_OF(lines, struct stay, lines);
	if (text[0] == '\0') {
		return true;
	}
	if (stay->is_sending || envoi_muc_state(stay->room) != ENVOI_MUC_JOINED) {
		return false;
	}
	stay->ticket = (struct envoi_ticket){.done = on_said};
	int r = envoi_muc_say(stay->room, text, &stay->ticket);
	if (r < 0) {
		complain("the message cannot be sent: %s",
			envoi_session_problem(envoi_client_session(stay->task.client)));
		stay->task.status = STATUS_NO;
		return true;
	}
	stay->is_sending = true;
	return true;
}

static void on_lines_end(struct lines *lines, int status)
{
	struct stay *stay = ENVOI_CONTAINER_OF(lines, struct stay, lines);
	stay->is_read = true;
	if (status != STATUS_DONE) {
		stay->task.status = status;
	}
	leave_when_all_is_said(stay);
}

/* --- what the room reports --- */

static void on_joined(struct envoi_muc_room *room, bool is_again)
{
	struct stay *stay = stay_of(room);
	complain("%s %s as %s", is_again ? "again in" : "in", stay->address,
		envoi_muc_self(room)->nick);
	if (!stay->is_talk) {
		return;
	}
	if (stay->has_begun_to_read) {
		lines_resume(&stay->lines);
		leave_when_all_is_said(stay);
		return;
	}
	stay->has_begun_to_read = true;
	int status = lines_start(&stay->lines, stay->task.invocation->context);
	if (status != STATUS_DONE) {
		task_end(&stay->task, status);
	}
}

static void on_message(struct envoi_muc_room *room, const struct envoi_muc_message *message)
{
	struct stay *stay = stay_of(room);
	struct printed_message printed = {
		.id = message->stanza_id,
		.from = wants_json(stay) || message->nick == NULL
			? envoi_stanza_from_text(message->stanza)
			: message->nick,
		.body = message->body,
		.sent_ms = message->sent_ms,
		.is_old = message->is_old,
		.stanza = message->stanza,
	};
	if (message->body == NULL) {
		return;
	}
	if (wants_json(stay)) {
		write_message(&printed);
	} else {
		fputs(message->is_private ? "(private) " : "", stdout);
		print_message(&printed);
	}
}

static void on_subject(struct envoi_muc_room *room, const struct envoi_muc_subject *subject)
{
	if (!wants_json(stay_of(room)) && subject->text[0] != '\0') {
		fputs("* subject: ", stdout);
		print_plain(stdout, subject->text);
		putchar('\n');
		fflush(stdout);
	}
}

static void print_change(const char *nick, const char *what, const char *after)
{
	fputs("* ", stdout);
	print_plain(stdout, nick);
	fputs(what, stdout);
	print_plain(stdout, after);
	putchar('\n');
	fflush(stdout);
}

static void on_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change)
{
	const struct envoi_muc_occupant *occupant = change->occupant;
	if (wants_json(stay_of(room)) || occupant == NULL) {
		return;
	}
	if (change->kind == ENVOI_MUC_OCCUPANT_JOINED) {
		print_change(occupant->nick, " comes", "");
	} else if (change->kind == ENVOI_MUC_OCCUPANT_LEFT) {
		print_change(occupant->nick, " leaves", "");
	} else if (change->kind == ENVOI_MUC_OCCUPANT_RENAMED) {
		print_change(change->old_nick, " is now ", occupant->nick);
	}
}

static void on_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	struct stay *stay = stay_of(room);
	bool is_expected = end->cause == ENVOI_MUC_LEFT || end->cause == ENVOI_MUC_SESSION_ENDED;
	if (!is_expected) {
		complain("%s: %s%s%s", stay->address, end->text, end->reason != NULL ? ": " : "",
			end->reason != NULL ? end->reason : "");
	}
	if (!end->will_rejoin && !stay->task.has_ended) {
		lines_stop(&stay->lines);
		task_end(&stay->task, is_expected ? stay->task.status : STATUS_NO);
	}
}

static const struct envoi_muc_events events = {
	.joined = on_joined,
	.message = on_message,
	.subject = on_subject,
	.changed = on_changed,
	.ended = on_ended,
};

/* --- join, talk --- */

static int prepare(struct task *task)
{
	int r = envoi_session_use(envoi_client_session(task->client), &envoi_muc_extension, NULL);
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}

static void begin(struct task *task, struct envoi_session *session)
{
	struct stay *stay = ENVOI_CONTAINER_OF(task, struct stay, task);
	if (stay->room != NULL) { /* it enters again by itself */
		return;
	}
	const struct envoi_muc_options options = {
		.nick = stay->nick != NULL ? stay->nick
					   : envoi_jid_local(envoi_session_jid(session)),
		.password = own_value(task->invocation, "room-password"),
		.has_max_stanzas = true,
		.max_stanzas = (uint32_t)stay->history,
	};
	int r = envoi_muc_join(&stay->room, session, stay->address, &options, &events, stay);
	if (r < 0) {
		complain("%s cannot be entered as \"%s\": %s", stay->address,
			options.nick != NULL ? options.nick : "",
			r == ENVOI_ERR_INVALID ? "the address or the nick is not valid"
					       : envoi_error_text(r));
		task_end(task, r == ENVOI_ERR_INVALID ? STATUS_USAGE : STATUS_NO);
	}
}

static int take_history(const struct invocation *invocation, uint64_t *ret_count)
{
	const char *text = own_value(invocation, "history");
	*ret_count = HISTORY;
	if (text != NULL && envoi_uint_parse(text, 0, ENVOI_MUC_MOST_HISTORY, ret_count) < 0) {
		complain(
			"--history: %s is not a number from 0 to %d", text, ENVOI_MUC_MOST_HISTORY);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

/* Some services take their own address for that of a room. */
static int check_room(const struct invocation *invocation)
{
	const char *room = operand(invocation, 0), *slash = strchr(room, '/');
	int status = check_address_operand(invocation, 0, "ROOM");
	if (status == STATUS_DONE && slash != NULL) {
		complain("ROOM: \"%s\" has a resource: give the name in the room with --nick %s",
			room, slash + 1);
		status = STATUS_USAGE;
	} else if (status == STATUS_DONE && strchr(room, '@') == NULL) {
		complain("ROOM: \"%s\" is the address of a service; that of a room is ROOM@%s, and"
			 " envoi rooms list %s prints the public ones",
			room, room, room);
		status = STATUS_USAGE;
	}
	return status;
}

static int run(struct invocation *invocation, bool is_talk)
{
	static const struct task_kind kind = {
		.begin = begin,
		.prepare = prepare,
		.stays = true,
	};
	struct stay stay = {
		.lines = {.line = on_line, .end = on_lines_end},
		.address = operand(invocation, 0),
		.nick = own_value(invocation, "nick"),
		.is_talk = is_talk,
	};
	int status = check_room(invocation);
	status = status != STATUS_DONE ? status : take_history(invocation, &stay.history);
	status = status != STATUS_DONE ? status : task_run(&stay.task, &kind, invocation);
	lines_stop(&stay.lines);
	envoi_muc_free(stay.room);
	return status;
}

static int run_join(struct invocation *invocation)
{
	return run(invocation, false);
}

static int run_talk(struct invocation *invocation)
{
	return run(invocation, true);
}

#define OPTIONS_STAY \
	{"nick", "NICK", "The name in the room. Default: the local part of --jid.", NULL, false}, \
		{"room-password", "TEXT", \
			"The password of the room. Other users of the machine can see it.", NULL, \
			false}, \
		{"history", "N", "Ask for the last N messages, up to 1000. Default: 20.", NULL, \
			false}, \
		OPTION_JSON( \
			"an object a line with id, from, to, type, time, subject, body, error")

static const struct command_option options[] = {OPTIONS_STAY, OPTIONS_END};

const struct command command_rooms_join = {
	.name = "rooms join",
	.operands = "ROOM",
	.summary =
		"Enter a room (XEP-0045), and print what is said there and who comes and leaves, until"
		" SIGINT or SIGTERM.",
	.options = options,
	.least = 1,
	.most = 1,
	.logs_in = true,
	.run = run_join,
};

const struct command command_rooms_talk = {
	.name = "rooms talk",
	.operands = "ROOM",
	.summary =
		"As rooms join, and say each line of standard input that is not empty; leave at its"
		" end.",
	.options = options,
	.least = 1,
	.most = 1,
	.logs_in = true,
	.run = run_talk,
};
