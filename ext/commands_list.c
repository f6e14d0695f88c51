/*
 * envoi - Ad-Hoc Commands: the commands that a session offers
 * SPDX-License-Identifier: MIT
 */
#include "commands_parts.h"

#include <string.h>

#include <envoi/ext/disco.h>

struct envoi__commands_entry *envoi__commands_list_find(
	const struct envoi__commands_list *list, const char *node)
{
	struct envoi__commands_entry *entry = list->first;
	while (entry != NULL && strcmp(entry->node, node) != 0) {
		entry = entry->next;
	}
	return entry;
}

static void free_entry(struct envoi_context *context, struct envoi__commands_entry *entry)
{
	envoi_free(context, entry->node);
	envoi_free(context, entry->name);
	envoi_free(context, entry);
}

bool envoi__commands_are_valid(const char *node, const char *name)
{
	const struct envoi_command command = {.action = ENVOI_COMMANDS_EXECUTE,
		.node = (char *)(uintptr_t)node,
		.session_id = (char *)(uintptr_t)name};
	return node != NULL && node[0] != '\0' && strcmp(node, ENVOI_NS_COMMANDS) != 0 &&
		name != NULL && name[0] != '\0' &&
		envoi_payload_check(&envoi_commands_type, &command, NULL) == ENVOI_OK;
}

int envoi__commands_list_add(struct envoi__commands_list *list, const char *node, const char *name,
	const struct envoi_commands_impl *impl, void *user)
{
	if (envoi__commands_list_find(list, node) != NULL) {
		return ENVOI_ERR_EXISTS;
	}
	if (list->count == ENVOI_COMMANDS_MOST_COMMANDS) {
		return ENVOI_ERR_FULL;
	}
	struct envoi__commands_entry *entry = envoi_alloc_zeroed(list->context, sizeof(*entry));
	if (entry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	entry->node = envoi_strndup(list->context, node, strlen(node));
	entry->name = envoi_strndup(list->context, name, strlen(name));
	entry->impl = impl;
	entry->user = user;
	if (entry->node == NULL || entry->name == NULL) {
		free_entry(list->context, entry);
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__commands_entry **link = &list->first;
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = entry;
	list->count++;
	return ENVOI_OK;
}

void envoi__commands_list_remove(
	struct envoi__commands_list *list, struct envoi__commands_entry *entry)
{
	struct envoi__commands_entry **link = &list->first;
	while (*link != entry) {
		link = &(*link)->next;
	}
	*link = entry->next;
	list->count--;
	free_entry(list->context, entry);
}

void envoi__commands_list_finish(struct envoi__commands_list *list)
{
	while (list->first != NULL) {
		envoi__commands_list_remove(list, list->first);
	}
}

/* --- requesters --- */

const struct envoi_jid *envoi__commands_requester(
	const struct envoi_session *session, const struct envoi_delivery *in)
{
	const struct envoi_stanza *iq = envoi_delivery_stanza(in);
	const struct envoi_jid *from = envoi_stanza_from(iq);
	return from == NULL && envoi_stanza_from_text(iq) == NULL ? envoi_session_jid(session)
								  : from;
}

bool envoi__commands_may(const struct envoi__commands_entry *entry, struct envoi_session *session,
	const struct envoi_jid *from)
{
	if (from == NULL) {
		return false;
	}
	return entry->impl->may != NULL ? entry->impl->may(entry->user, session, from)
					: envoi_jid_equal_bare(from, envoi_session_jid(session));
}

/* --- discovery: sections 2.2 and 2.3 --- */

int envoi__commands_answer_items(const struct envoi__commands_list *list, struct envoi_delivery *in)
{
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_items_query_type);
	const struct envoi_jid *from = envoi__commands_requester(session, in);
	struct envoi_disco_item items[ENVOI_COMMANDS_MOST_COMMANDS];
	struct envoi_disco_items answered = {.node = query->node, .items = items};
	if (query->node == NULL || strcmp(query->node, ENVOI_NS_COMMANDS) != 0) {
		return ENVOI_DECLINED;
	}
	for (struct envoi__commands_entry *entry = list->first; entry != NULL;
		entry = entry->next) {
		if (envoi__commands_may(entry, session, from)) {
			items[answered.item_count++] = (struct envoi_disco_item){
				.jid = envoi_jid_ref(envoi_session_jid(session)),
				.node = entry->node,
				.name = entry->name};
		}
	}
	int r = envoi_reply_result(in, &envoi_disco_items_type, &answered);
	for (size_t i = 0; i < answered.item_count; i++) {
		envoi_jid_unref(items[i].jid);
	}
	return r;
}

int envoi__commands_answer_info(const struct envoi__commands_list *list, struct envoi_delivery *in)
{
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_info_query_type);
	bool is_list = query->node != NULL && strcmp(query->node, ENVOI_NS_COMMANDS) == 0;
	struct envoi__commands_entry *entry = query->node == NULL
		? NULL
		: envoi__commands_list_find(list, query->node);
	char category[] = "automation", node[] = "command-node", command_list[] = "command-list";
	char commands[] = ENVOI_NS_COMMANDS, forms[] = ENVOI_NS_FORMS;
	char *features[] = {commands, forms};
	if (!is_list && entry == NULL) {
		return ENVOI_DECLINED;
	}
	if (entry != NULL &&
		!envoi__commands_may(entry, session, envoi__commands_requester(session, in))) {
		return envoi_reply_error(in, ENVOI_FORBIDDEN, NULL);
	}
	struct envoi_disco_identity identity = {
		.category = category,
		.type = entry == NULL ? command_list : node,
		.name = entry == NULL ? NULL : entry->name,
	};
	const struct envoi_disco_info info = {
		.node = query->node,
		.identities = &identity,
		.identity_count = 1,
		.features = features,
		.feature_count = 2,
	};
	return envoi_reply_result(in, &envoi_disco_info_type, &info);
}
