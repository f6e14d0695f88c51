/*
 * envoi - the command-line program: service discovery
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include <envoi/ext/disco.h>

#include "json.h"
#include "task.h"
#include "text.h"

struct discovery {
	struct task task;
	const char *to, *node; /* or NULL */
	bool wants_items_only;
	struct envoi_disco_info *info; /* a copy; NULL: not asked for */
};

static const char *address_of(const struct discovery *discovery)
{
	return discovery->to != NULL
		? discovery->to
		: envoi_session_domain(envoi_client_session(discovery->task.client));
}

/* --- JSON --- */

static void write_info(struct json *json, const struct envoi_disco_info *info)
{
	json_array(json, "identities");
	for (size_t i = 0; i < info->identity_count; i++) {
		const struct envoi_disco_identity *identity = &info->identities[i];
		json_object(json, NULL);
		json_text(json, "category", identity->category);
		json_text(json, "type", identity->type);
		json_text(json, "name", identity->name);
		json_end(json);
	}
	json_end(json);
	json_array(json, "features");
	for (size_t i = 0; i < info->feature_count; i++) {
		json_text(json, NULL, info->features[i]);
	}
	json_end(json);
}

static void write_items(struct json *json, const struct envoi_disco_items *items)
{
	json_array(json, "items");
	for (size_t i = 0; items != NULL && i < items->item_count; i++) {
		const struct envoi_disco_item *item = &items->items[i];
		json_object(json, NULL);
		json_text(json, "jid", envoi_jid_text(item->jid));
		json_text(json, "node", item->node);
		json_text(json, "name", item->name);
		json_end(json);
	}
	json_end(json);
}

static void write_json(const struct discovery *discovery, const struct envoi_disco_items *items)
{
	struct json json = {.out = stdout};
	json_object(&json, NULL);
	json_text(&json, "jid", address_of(discovery));
	if (discovery->node != NULL) {
		json_text(&json, "node", discovery->node);
	}
	if (discovery->info != NULL) {
		write_info(&json, discovery->info);
	}
	write_items(&json, items);
	json_end(&json);
}

/* --- lines --- */

static void print_named(const char *before, const char *text)
{
	if (text != NULL && text[0] != '\0') {
		fputs(before, stdout);
		print_plain(stdout, text);
	}
}

static void print_info(const struct envoi_disco_info *info)
{
	for (size_t i = 0; i < info->identity_count; i++) {
		const struct envoi_disco_identity *identity = &info->identities[i];
		print_named("identity  ", identity->category);
		print_named("/", identity->type);
		print_named("  ", identity->name);
		putchar('\n');
	}
	for (size_t i = 0; i < info->feature_count; i++) {
		fputs("feature   ", stdout);
		print_plain(stdout, info->features[i]);
		putchar('\n');
	}
}

static void print_items(const struct envoi_disco_items *items)
{
	for (size_t i = 0; items != NULL && i < items->item_count; i++) {
		const struct envoi_disco_item *item = &items->items[i];
		print_named("item      ", envoi_jid_text(item->jid));
		print_named("  node ", item->node);
		print_named("  ", item->name);
		putchar('\n');
	}
}

static void print_all(const struct discovery *discovery, const struct envoi_disco_items *items)
{
	if (own_value(discovery->task.invocation, "json") != NULL) {
		write_json(discovery, items);
		return;
	}
	if (discovery->info != NULL) {
		print_info(discovery->info);
	}
	print_items(items);
}

/* --- asking --- */

/* Entities without items may answer with an error, which is a part of what was found out. */
static void on_items(void *user, const struct envoi_answer *answer)
{
	struct discovery *discovery = user;
	bool is_refused = envoi_answer_code(answer) == ENVOI_ERR_STANZA;
	if (is_refused && discovery->info != NULL) {
		print_all(discovery, NULL);
		task_end(&discovery->task, STATUS_DONE);
	} else if (task_check_answer(&discovery->task, discovery->to, answer)) {
		print_all(discovery, envoi_answer_payload(answer));
		task_end(&discovery->task, STATUS_DONE);
	}
}

static void ask_items(struct discovery *discovery)
{
	struct envoi_session *session = envoi_client_session(discovery->task.client);
	task_check_sent(&discovery->task, discovery->to,
		envoi_disco_items_get(
			session, discovery->to, discovery->node, 0, on_items, discovery, NULL));
}

static void on_info(void *user, const struct envoi_answer *answer)
{
	struct discovery *discovery = user;
	if (!task_check_answer(&discovery->task, discovery->to, answer)) {
		return;
	}
	discovery->info = envoi_payload_dup(discovery->task.invocation->context,
		&envoi_disco_info_type, envoi_answer_payload(answer));
	if (discovery->info == NULL) {
		complain("%s", envoi_error_text(ENVOI_ERR_NOMEM));
		task_end(&discovery->task, STATUS_NO);
		return;
	}
	ask_items(discovery);
}

static void begin(struct task *task, struct envoi_session *session)
{
	struct discovery *discovery = ENVOI_CONTAINER_OF(task, struct discovery, task);
	if (discovery->wants_items_only) {
		ask_items(discovery);
		return;
	}
	task_check_sent(task, discovery->to,
		envoi_disco_info_get(
			session, discovery->to, discovery->node, 0, on_info, discovery, NULL));
}

static int run(struct invocation *invocation)
{
	static const struct task_kind kind = {.begin = begin};
	struct discovery discovery = {
		.to = operand(invocation, 0),
		.node = own_value(invocation, "node"),
		.wants_items_only = own_value(invocation, "items") != NULL,
	};
	int status = check_address_operand(invocation, 0, "JID");
	if (status == STATUS_DONE) {
		status = task_run(&discovery.task, &kind, invocation);
	}
	envoi_payload_free(&envoi_disco_info_type, discovery.info);
	return status;
}

static const struct command_option options[] = {
	{"node", "NODE", "Ask for this node of the entity.", NULL, false},
	{"items", NULL, "Ask for the items alone.", NULL, false},
	OPTION_JSON("one object with jid, identities, features and items"),
	OPTIONS_END,
};

const struct command command_disco = {
	.name = "disco",
	.operands = "[JID]",
	.summary =
		"Print what an entity is, supports and contains, or the account's server (XEP-0030):"
		" identities, features, items.",
	.options = options,
	.most = 1,
	.logs_in = true,
	.run = run,
};
