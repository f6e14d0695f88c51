/*
 * envoi - the command-line program: the rooms of a service
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/ext/disco.h>

#include "json.h"
#include "task.h"
#include "text.h"

static void print_room(const struct envoi_disco_item *item)
{
	print_plain(stdout, envoi_jid_text(item->jid));
	if (item->name != NULL) {
		fputs("  ", stdout);
		print_plain(stdout, item->name);
	}
	putchar('\n');
}

static void write_room(struct json *json, const struct envoi_disco_item *item)
{
	json_object(json, NULL);
	json_text(json, "jid", envoi_jid_text(item->jid));
	json_text(json, "name", item->name);
	json_end(json);
}

static void on_items(void *user, const struct envoi_answer *answer)
{
	struct task *task = user;
	bool wants_json = own_value(task->invocation, "json") != NULL;
	struct json json = {.out = stdout};
	if (!task_check_answer(task, operand(task->invocation, 0), answer)) {
		return;
	}
	const struct envoi_disco_items *items = envoi_answer_payload(answer);
	if (wants_json) {
		json_array(&json, NULL);
	}
	for (size_t i = 0; i < items->item_count; i++) {
		if (wants_json) {
			write_room(&json, &items->items[i]);
		} else {
			print_room(&items->items[i]);
		}
	}
	if (wants_json) {
		json_end(&json);
	}
	task_end(task, STATUS_DONE);
}

static void begin(struct task *task, struct envoi_session *session)
{
	const char *service = operand(task->invocation, 0);
	task_check_sent(task, service,
		envoi_disco_items_get(session, service, NULL, 0, on_items, task, NULL));
}

static int run(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin};
	struct task task = {0};
	int status = check_address_operand(invocation, 0, "SERVICE");
	return status == STATUS_DONE ? task_run(&task, &kind, invocation) : status;
}

static const struct command_option options[] = {
	OPTION_JSON("an array of rooms with jid and name"),
	OPTIONS_END,
};

const struct command command_rooms_list = {
	.name = "rooms list",
	.operands = "SERVICE",
	.summary = "Print the public rooms of a service, such as conference.example.org.",
	.options = options,
	.least = 1,
	.most = 1,
	.logs_in = true,
	.run = run,
};
