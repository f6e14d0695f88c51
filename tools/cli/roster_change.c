/*
 * envoi - the command-line program: changes of the contact list
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/roster.h>
#include <envoi/subscription.h>

#include "task.h"

enum {
	MOST_GROUPS = 100, /* that a contact gets or keeps */
};

struct change {
	struct task task;
	struct envoi_jid *jid;
	const char *groups[MOST_GROUPS];
};

static const char *contact_name(const struct change *change)
{
	return operand(change->task.invocation, 0);
}

static void on_changed(void *user, const struct envoi_answer *answer)
{
	struct change *change = user;
	if (task_check_answer(&change->task, NULL, answer)) {
		task_end(&change->task, STATUS_DONE);
	}
}

static void request_subscription(struct change *change)
{
	struct envoi_subscriptions *subscriptions = envoi_client_subscriptions(change->task.client);
	int r = envoi_subscriptions_request(subscriptions, change->jid, NULL);
	if (r < 0) {
		complain("%s cannot be asked for its presence: %s", contact_name(change),
			envoi_error_text(r));
	}
	task_end(&change->task, r < 0 ? STATUS_NO : STATUS_DONE);
}

static void on_added(void *user, const struct envoi_answer *answer)
{
	struct change *change = user;
	if (!task_check_answer(&change->task, NULL, answer)) {
		return;
	}
	if (own_value(change->task.invocation, "subscribe") != NULL) {
		request_subscription(change);
	} else {
		task_end(&change->task, STATUS_DONE);
	}
}

/* @return false: it is full */
static bool add_group(struct change *change, size_t *count, const char *group)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(change->groups[i], group) == 0) {
			return true;
		}
	}
	if (*count == MOST_GROUPS) {
		return false;
	}
	change->groups[(*count)++] = group;
	return true;
}

/* The groups that the contact has, and those of the options. @return false: there are too many */
static bool collect_groups(
	struct change *change, const struct envoi_roster_item *known, size_t *ret_count)
{
	const char *group;
	int position = 0;
	bool fits = true;
	*ret_count = 0;
	for (size_t i = 0; known != NULL && i < known->group_count; i++) {
		fits = fits && add_group(change, ret_count, known->groups[i]);
	}
	while ((group = next_own_value(change->task.invocation, "group", &position)) != NULL) {
		fits = fits && add_group(change, ret_count, group);
	}
	return fits;
}

static void begin_add(struct task *task, struct envoi_session *session)
{
	struct change *change = ENVOI_CONTAINER_OF(task, struct change, task);
	struct envoi_roster *roster = envoi_client_roster(task->client);
	const struct envoi_roster_item *known = envoi_roster_find(roster, change->jid);
	const char *name = own_value(task->invocation, "name");
	struct envoi_roster_item item = {
		.jid = change->jid,
		.name = name != NULL    ? name
			: known != NULL ? known->name
					: NULL,
		.groups = change->groups,
	};
	if (!collect_groups(change, known, &item.group_count)) {
		complain("a contact cannot be in more than %d groups here", MOST_GROUPS);
		task_end(task, STATUS_NO);
		return;
	}
	int r = envoi_roster_set(roster, &item, on_added, change);
	if (r < 0) {
		complain("%s cannot be added: %s", contact_name(change),
			envoi_session_problem(session));
		task_end(task, r == ENVOI_ERR_INVALID ? STATUS_USAGE : STATUS_NO);
	}
}

static void begin_remove(struct task *task, struct envoi_session *session)
{
	(void)session;
	struct change *change = ENVOI_CONTAINER_OF(task, struct change, task);
	struct envoi_roster *roster = envoi_client_roster(task->client);
	if (envoi_roster_find(roster, change->jid) == NULL) {
		complain("%s is not in the contact list", contact_name(change));
		task_end(task, STATUS_NO);
		return;
	}
	task_check_sent(task, NULL, envoi_roster_remove(roster, change->jid, on_changed, change));
}

static int run_change(struct invocation *invocation, const struct task_kind *kind)
{
	struct change change = {0};
	const char *text = operand(invocation, 0);
	int r = envoi_jid_from_text(&change.jid, invocation->context, text);
	if (r < 0) {
		return complain_about_address("JID", text);
	}
	int status = task_run(&change.task, kind, invocation);
	envoi_jid_unref(change.jid);
	return status;
}

static int run_add(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin_add, .needs_roster = true};
	return run_change(invocation, &kind);
}

static int run_remove(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin_remove, .needs_roster = true};
	return run_change(invocation, &kind);
}

static const struct command_option add_options[] = {
	{"name", "NAME", "The name of the contact. Default: none, or the one that it has.", NULL,
		false},
	{"group", "GROUP",
		"Add the contact to this group, several times for several; it stays in those that it"
		" is in.",
		NULL, true},
	{"subscribe", NULL, "Ask the contact for its presence.", NULL, false},
	OPTIONS_END,
};

const struct command command_roster_add = {
	.name = "roster add",
	.operands = "JID",
	.summary = "Add a contact, or change one.",
	.options = add_options,
	.least = 1,
	.most = 1,
	.logs_in = true,
	.run = run_add,
};

const struct command command_roster_remove = {
	.name = "roster remove",
	.operands = "JID",
	.summary = "Remove a contact, with the subscriptions to its presence and from it.",
	.least = 1,
	.most = 1,
	.logs_in = true,
	.run = run_remove,
};
