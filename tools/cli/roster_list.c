/*
 * envoi - the command-line program: the contact list, printed
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/presence.h>
#include <envoi/roster.h>
#include <envoi/watch.h>

#include "json.h"
#include "progress.h"
#include "task.h"
#include "text.h"

enum {
	WAIT_MS = 2000,
};

struct listing {
	struct task task;
	struct envoi_handler changes;
	struct envoi_timer timer;
	struct envoi_deferred check; /* presence has arrived, and is held then */
	uint64_t wait_ms;
};

static void write_presence(
	struct json *json, const struct listing *listing, const struct envoi_roster_item *item)
{
	const struct envoi_presences *presences = envoi_client_presences(listing->task.client);
	const struct envoi_contact_presence *at = NULL;
	json_array(json, "presence");
	while ((at = envoi_presences_next_of(presences, item->jid, at)) != NULL) {
		json_object(json, NULL);
		json_text(json, "resource", envoi_jid_resource(at->jid));
		json_text(json, "show", at->show);
		json_text(json, "status", at->status);
		json_number(json, "priority", at->priority);
		json_end(json);
	}
	json_end(json);
}

static void write_contact(
	struct json *json, const struct listing *listing, const struct envoi_roster_item *item)
{
	json_object(json, NULL);
	json_text(json, "jid", envoi_jid_text(item->jid));
	json_text(json, "name", item->name);
	json_text(json, "subscription", envoi_subscription_name(item->subscription));
	json_array(json, "groups");
	for (size_t i = 0; i < item->group_count; i++) {
		json_text(json, NULL, item->groups[i]);
	}
	json_end(json);
	write_presence(json, listing, item);
	json_end(json);
}

static void print_presence(const struct listing *listing, const struct envoi_roster_item *item)
{
	const struct envoi_presences *presences = envoi_client_presences(listing->task.client);
	const struct envoi_contact_presence *at = NULL;
	while ((at = envoi_presences_next_of(presences, item->jid, at)) != NULL) {
		const char *resource = envoi_jid_resource(at->jid);
		fputs("    ", stdout);
		print_plain(stdout, resource != NULL ? resource : "(no resource)");
		printf(": %s, priority %d", at->show != NULL ? at->show : "available",
			at->priority);
		if (at->status != NULL) {
			fputs(": ", stdout);
			print_plain(stdout, at->status);
		}
		putchar('\n');
	}
}

static void print_contact(const struct listing *listing, const struct envoi_roster_item *item)
{
	print_plain(stdout, envoi_jid_text(item->jid));
	if (item->name != NULL) {
		fputs("  ", stdout);
		print_plain(stdout, item->name);
	}
	printf("  subscription %s%s", envoi_subscription_name(item->subscription),
		item->ask == ENVOI_ROSTER_ASK_SUBSCRIBE ? " (requested)" : "");
	for (size_t i = 0; i < item->group_count; i++) {
		fputs(i == 0 ? "  groups " : ", ", stdout);
		print_plain(stdout, item->groups[i]);
	}
	putchar('\n');
	print_presence(listing, item);
}

static void print_contacts(const struct listing *listing, const struct envoi_roster_item **items)
{
	struct json json = {.out = stdout};
	bool wants_json = own_value(listing->task.invocation, "json") != NULL;
	if (wants_json) {
		json_array(&json, NULL);
	}
	for (size_t i = 0; items[i] != NULL; i++) {
		if (wants_json) {
			write_contact(&json, listing, items[i]);
		} else {
			print_contact(listing, items[i]);
		}
	}
	if (wants_json) {
		json_end(&json);
	}
}

static void finish_list(struct listing *listing)
{
	const struct envoi_roster *roster = envoi_client_roster(listing->task.client);
	const struct envoi_roster_item **items;
	envoi_timer_stop(&listing->timer);
	progress_clear();
	if (listing->task.has_ended) {
		return;
	}
	if (envoi_roster_sort(roster, NULL, &items) < 0) {
		complain("%s", envoi_error_text(ENVOI_ERR_NOMEM));
		task_end(&listing->task, STATUS_NO);
		return;
	}
	print_contacts(listing, items);
	envoi_free(listing->task.invocation->context, items);
	bool is_complete = envoi_roster_is_complete(roster);
	task_end(&listing->task, is_complete ? STATUS_DONE : STATUS_NO);
}

static bool sees_presence(const struct envoi_roster_item *item)
{
	return item->subscription == ENVOI_SUBSCRIPTION_TO ||
		item->subscription == ENVOI_SUBSCRIPTION_BOTH;
}

/* Whether each contact whose presence the account sees has sent one. */
static bool has_all_presence(const struct listing *listing)
{
	const struct envoi_roster *roster = envoi_client_roster(listing->task.client);
	const struct envoi_presences *presences = envoi_client_presences(listing->task.client);
	const struct envoi_roster_item *item;
	size_t position = 0;
	while ((item = envoi_roster_next(roster, &position)) != NULL) {
		if (sees_presence(item) && envoi_presences_best(presences, item->jid) == NULL &&
			envoi_presences_last(presences, item->jid) == NULL) {
			return false;
		}
	}
	return true;
}

static void on_timeout(struct envoi_timer *timer)
{
	finish_list(ENVOI_CONTAINER_OF(timer, struct listing, timer));
}

static struct envoi_loop *loop_of(const struct listing *listing)
{
	return envoi_context_loop(listing->task.invocation->context);
}

static void on_check(struct envoi_deferred *deferred)
{
	struct listing *listing = ENVOI_CONTAINER_OF(deferred, struct listing, check);
	if (envoi_timer_is_started(&listing->timer) && has_all_presence(listing)) {
		finish_list(listing);
	}
}

static int on_presence(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	struct listing *listing = ENVOI_CONTAINER_OF(self, struct listing, changes);
	envoi_deferred_post(&listing->check, loop_of(listing), on_check);
	return ENVOI_DECLINED;
}

static void on_incomplete(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	complain("the list is not complete: %s", event->text != NULL ? event->text : "no reason");
}

static const struct envoi_stanza_row list_stanzas[] = {
	{.kind = ENVOI_PRESENCE, .handle = on_presence},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNAVAILABLE, .handle = on_presence},
	ENVOI_ROWS_END,
};

static const struct envoi_event_row list_events[] = {
	{ENVOI_EVENT_ROSTER_INCOMPLETE, on_incomplete},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl list_impl = {
	.name = "roster list",
	.stanzas = list_stanzas,
	.events = list_events,
};

static int prepare_list(struct task *task)
{
	struct listing *listing = ENVOI_CONTAINER_OF(task, struct listing, task);
	envoi_client_add(task->client, &listing->changes);
	return STATUS_DONE;
}

static void begin_list(struct task *task, struct envoi_session *session)
{
	struct listing *listing = ENVOI_CONTAINER_OF(task, struct listing, task);
	progress_show("waiting for the presence of contacts");
	uint64_t wait_ms = has_all_presence(listing) ? 0 : listing->wait_ms;
	(void)session;
	envoi_timer_start(&listing->timer, loop_of(listing), wait_ms, on_timeout);
}

static int run_list(struct invocation *invocation)
{
	static const struct task_kind kind = {
		.begin = begin_list,
		.prepare = prepare_list,
		.needs_roster = true,
		.needs_presence = true,
	};
	struct listing listing = {.changes = ENVOI_HANDLER(&list_impl)};
	int status = own_time(invocation, "wait", WAIT_MS, &listing.wait_ms);
	if (status == STATUS_DONE) {
		status = task_run(&listing.task, &kind, invocation);
	}
	envoi_timer_stop(&listing.timer);
	envoi_deferred_cancel(&listing.check);
	return status;
}

static const struct command_option list_options[] = {
	{"wait", "TIME",
		"Wait for the presence of contacts, such as 500ms or 5s, unless all of them have"
		" answered. Default: 2s.",
		NULL, false},
	OPTION_JSON("an array of contacts with jid, name, subscription, groups and presence"),
	OPTIONS_END,
};

const struct command command_roster_list = {
	.name = "roster list",
	.operands = "",
	.summary = "Print the contact list, with the presence of the contacts. Their users see the"
		   " account online, with priority -1, for that time.",
	.options = list_options,
	.logs_in = true,
	.run = run_list,
};
