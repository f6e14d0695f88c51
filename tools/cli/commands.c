/*
 * envoi - the command-line program: commands of other entities
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/ext/commands.h>
#include <envoi/ext/disco.h>

#include "form.h"
#include "task.h"
#include "text.h"

enum {
	MOST_STAGES = 20, /* a responder may go on for ever */
};

struct execution {
	struct task task;
	const char *to;
	const char *node; /* NULL: the list is wanted */
	unsigned int stages;
};

static bool wants_json(const struct execution *execution)
{
	return own_value(execution->task.invocation, "json") != NULL;
}

/* --- the list --- */

static void print_command(const struct envoi_disco_item *item)
{
	print_plain(stdout, item->node);
	if (item->name != NULL) {
		fputs("  ", stdout);
		print_plain(stdout, item->name);
	}
	putchar('\n');
}

static void write_command(struct json *json, const struct envoi_disco_item *item)
{
	json_object(json, NULL);
	json_text(json, "jid", envoi_jid_text(item->jid));
	json_text(json, "node", item->node);
	json_text(json, "name", item->name);
	json_end(json);
}

static void on_list(void *user, const struct envoi_answer *answer)
{
	struct execution *execution = user;
	if (!task_check_answer(&execution->task, execution->to, answer)) {
		return;
	}
	const struct envoi_disco_items *items = envoi_answer_payload(answer);
	struct json json = {.out = stdout};
	if (wants_json(execution)) {
		json_array(&json, NULL);
	}
	for (size_t i = 0; i < items->item_count; i++) {
		if (items->items[i].node != NULL && wants_json(execution)) {
			write_command(&json, &items->items[i]);
		} else if (items->items[i].node != NULL) {
			print_command(&items->items[i]);
		}
	}
	if (wants_json(execution)) {
		json_end(&json);
	}
	task_end(&execution->task, STATUS_DONE);
}

/* --- executing --- */

static const char *const note_kinds[] = {
	[ENVOI_COMMANDS_INFO] = "info",
	[ENVOI_COMMANDS_WARN] = "warn",
	[ENVOI_COMMANDS_ERROR] = "error",
};

static const char *const status_names[] = {
	[ENVOI_COMMANDS_EXECUTING] = "executing",
	[ENVOI_COMMANDS_COMPLETED] = "completed",
	[ENVOI_COMMANDS_CANCELED] = "canceled",
};

static void write_answer(const struct envoi_command *command)
{
	struct json json = {.out = stdout};
	json_object(&json, NULL);
	json_text(&json, "node", command->node);
	json_text(&json, "status", command->status == 0 ? NULL : status_names[command->status]);
	json_array(&json, "notes");
	for (size_t i = 0; i < command->note_count; i++) {
		json_object(&json, NULL);
		json_text(&json, "type", note_kinds[command->notes[i].kind]);
		json_text(&json, "text", command->notes[i].text);
		json_end(&json);
	}
	json_end(&json);
	write_form(&json, "form", command->form);
	json_end(&json);
}

static void print_answer(const struct execution *execution, const struct envoi_command *command)
{
	if (wants_json(execution)) {
		write_answer(command);
		return;
	}
	for (size_t i = 0; i < command->note_count; i++) {
		if (command->notes[i].kind != ENVOI_COMMANDS_INFO) {
			printf("%s: ", note_kinds[command->notes[i].kind]);
		}
		print_plain(stdout, command->notes[i].text);
		putchar('\n');
	}
	if (command->form != NULL) {
		print_form(command->form);
	}
}

static bool has_failed(const struct envoi_command *command)
{
	for (size_t i = 0; i < command->note_count; i++) {
		if (command->notes[i].kind == ENVOI_COMMANDS_ERROR) {
			return true;
		}
	}
	return command->status != ENVOI_COMMANDS_COMPLETED;
}

static void on_stage(void *user, const struct envoi_answer *answer);

static void on_canceled(void *user, const struct envoi_answer *answer)
{
	struct execution *execution = user;
	(void)answer; /* there is nothing more to be done about it */
	task_end(&execution->task, STATUS_NO);
}

/* The user has to say more: show what. */
static void cancel(struct execution *execution, const struct envoi_command *command)
{
	struct envoi_session *session = envoi_client_session(execution->task.client);
	print_answer(execution, command);
	int r = envoi_commands_continue(session, execution->to, command, ENVOI_COMMANDS_CANCEL,
		NULL, on_canceled, execution);
	if (r < 0) {
		task_end(&execution->task, STATUS_NO);
	}
}

static void go_on(struct execution *execution, const struct envoi_command *command)
{
	struct envoi_session *session = envoi_client_session(execution->task.client);
	const struct invocation *invocation = execution->task.invocation;
	struct envoi_form filled = {0};
	bool has_form = command->form != NULL && command->form->kind == ENVOI_FORM_FORM;
	if (has_form && form_asks(command->form) && own_value(invocation, "field") == NULL) {
		complain("the command asks for fields: give them with --field NAME=VALUE");
		cancel(execution, command);
		return;
	}
	if (has_form && form_fill(&filled, invocation, command->form) != STATUS_DONE) {
		cancel(execution, command);
		return;
	}
	int r = envoi_commands_continue(session, execution->to, command, ENVOI_COMMANDS_EXECUTE,
		has_form ? &filled : NULL, on_stage, execution);
	task_check_sent(&execution->task, execution->to, r);
	form_free(invocation, &filled);
}

static void on_stage(void *user, const struct envoi_answer *answer)
{
	struct execution *execution = user;
	if (!task_check_answer(&execution->task, execution->to, answer)) {
		return;
	}
	const struct envoi_command *command = envoi_answer_payload(answer);
	if (command->status != ENVOI_COMMANDS_EXECUTING) {
		print_answer(execution, command);
		task_end(&execution->task, has_failed(command) ? STATUS_NO : STATUS_DONE);
	} else if (++execution->stages > MOST_STAGES) {
		complain("the command has more than %d stages", MOST_STAGES);
		cancel(execution, command);
	} else {
		go_on(execution, command);
	}
}

static void begin(struct task *task, struct envoi_session *session)
{
	struct execution *execution = ENVOI_CONTAINER_OF(task, struct execution, task);
	task_check_sent(task, execution->to,
		execution->node == NULL ? envoi_disco_items_get(session, execution->to,
						  ENVOI_NS_COMMANDS, 0, on_list, execution, NULL)
					: envoi_commands_execute(session, execution->to,
						  execution->node, on_stage, execution));
}

static int run(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin};
	struct execution execution = {
		.to = operand(invocation, 0),
		.node = operand(invocation, 1),
	};
	int status = check_address_operand(invocation, 0, "JID");
	status = status != STATUS_DONE ? status : check_fields(invocation);
	return status != STATUS_DONE ? status : task_run(&execution.task, &kind, invocation);
}

static const struct command_option options[] = {
	OPTION_FIELD,
	OPTION_JSON("an array of commands, or an object with node, status, notes and form"),
	OPTIONS_END,
};

const struct command command_commands = {
	.name = "commands",
	.operands = "JID [NODE]",
	.summary =
		"List the commands of an entity, or execute one (XEP-0050). A command that asks for"
		" fields is canceled, and its form is printed, unless --field fills it in.",
	.options = options,
	.least = 1,
	.most = 2,
	.logs_in = true,
	.run = run,
};
