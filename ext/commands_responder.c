/*
 * envoi - Ad-Hoc Commands: the responder
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/commands.h>

#include <string.h>

#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/ext/disco.h>
#include <envoi/watch.h>

/* Errors of section 4.4 */
#define BAD_ACTION "bad-action"
#define BAD_SESSION "bad-sessionid"

struct entry {
	struct entry *next;
	char *node, *name;
	const struct envoi_commands_impl *impl;
	void *user;
};

struct execution {
	struct execution *next;
	struct entry *entry; /* NULL: it is running, and the command was removed */
	char id[ENVOI_ID_SIZE];
	struct envoi_jid *from;
	uint64_t used_ms; /* time of the last call */
	struct envoi_commands_actions actions; /* of the last answer */
	void *state;
};

struct responder {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct entry *entries; /* in the order of adding */
	size_t entry_count;
	struct execution *executions;
	size_t execution_count;
	bool *is_destroyed; /* set when the responder is freed inside a command */
};

static const struct envoi_handler_impl responder_impl;

static struct responder *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct responder, handler);
}

static struct responder *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, responder_impl.name);
	return handler != NULL && handler->impl == &responder_impl ? from_handler(handler) : NULL;
}

static struct entry *find_entry(const struct responder *self, const char *node)
{
	struct entry *entry = self->entries;
	while (entry != NULL && strcmp(entry->node, node) != 0) {
		entry = entry->next;
	}
	return entry;
}

/* --- executions: section 3.3 --- */

static uint64_t now_ms(const struct responder *self)
{
	return envoi_loop_now_ms(envoi_context_loop(self->context));
}

static void end_execution(struct responder *self, struct execution *execution)
{
	struct execution **link = &self->executions;
	while (*link != execution) {
		link = &(*link)->next;
	}
	*link = execution->next;
	self->execution_count--;
	if (execution->entry != NULL && execution->entry->impl->ended != NULL) {
		execution->entry->impl->ended(execution->entry->user, execution->state);
	}
	envoi_jid_unref(execution->from);
	envoi_free(self->context, execution);
}

/* End those that have waited too long. */
static void end_old(struct responder *self)
{
	struct execution *execution = self->executions;
	uint64_t now = now_ms(self);
	while (execution != NULL) {
		struct execution *next = execution->next;
		if (now - execution->used_ms > ENVOI_COMMANDS_EXECUTION_MS) {
			end_execution(self, execution);
		}
		execution = next;
	}
}

static int begin(struct execution **ret_execution, struct responder *self, struct entry *entry,
	const struct envoi_jid *from)
{
	if (self->execution_count >= ENVOI_COMMANDS_MOST_EXECUTIONS) {
		end_old(self);
	}
	if (self->execution_count >= ENVOI_COMMANDS_MOST_EXECUTIONS) {
		return ENVOI_ERR_FULL;
	}
	struct execution *execution = envoi_alloc_zeroed(self->context, sizeof(*execution));
	int r = execution == NULL ? ENVOI_ERR_NOMEM : envoi_id_make(self->context, execution->id);
	if (r < 0) {
		envoi_free(self->context, execution);
		return r;
	}
	execution->entry = entry;
	execution->from = envoi_jid_ref(from);
	execution->next = self->executions;
	self->executions = execution;
	self->execution_count++;
	*ret_execution = execution;
	return ENVOI_OK;
}

static struct execution *find_execution(const struct responder *self, const struct entry *entry,
	const char *id, const struct envoi_jid *from)
{
	struct execution *execution = self->executions;
	while (execution != NULL &&
		(execution->entry != entry || strcmp(execution->id, id) != 0 ||
			!envoi_jid_equal(execution->from, from))) {
		execution = execution->next;
	}
	return execution;
}

/* --- requests: sections 2.4 and 4.4 --- */

static int refuse(
	struct envoi_delivery *in, enum envoi_stanza_condition condition, const char *application)
{
	struct envoi_stanza *error = envoi_stanza_error_new(
		envoi_delivery_stanza(in), condition, NULL);
	envoi_element_add(envoi_element_child(envoi_stanza_element(error), NULL, "error"),
		ENVOI_NS_COMMANDS, application);
	return envoi_reply(in, error);
}

static const struct envoi_jid *requester_of(
	const struct envoi_session *session, const struct envoi_delivery *in)
{
	const struct envoi_stanza *iq = envoi_delivery_stanza(in);
	const struct envoi_jid *from = envoi_stanza_from(iq);
	return from == NULL && envoi_stanza_from_text(iq) == NULL ? envoi_session_jid(session)
								  : from;
}

static bool may(
	const struct entry *entry, struct envoi_session *session, const struct envoi_jid *from)
{
	if (from == NULL) {
		return false;
	}
	return entry->impl->may != NULL ? entry->impl->may(entry->user, session, from)
					: envoi_jid_equal_bare(from, envoi_session_jid(session));
}

/* The default action is the one that the last answer has stated. */
static enum envoi_commands_action resolved(
	const struct execution *execution, const struct envoi_command *command)
{
	const struct envoi_command stage = {.status = ENVOI_COMMANDS_EXECUTING,
		.actions = (struct envoi_commands_actions *)(uintptr_t)&execution->actions};
	enum envoi_commands_action action = command->action;
	if (!envoi_commands_allows(&stage, action)) {
		return 0;
	}
	if (action != ENVOI_COMMANDS_EXECUTE) {
		return action;
	}
	return execution->actions.execute == 0 ? ENVOI_COMMANDS_NEXT : execution->actions.execute;
}

static int answer(struct responder *self, struct envoi_delivery *in, struct execution *execution,
	const struct envoi_commands_reply *reply)
{
	bool goes_on = reply->status == ENVOI_COMMANDS_EXECUTING;
	struct envoi_commands_note note = {
		.kind = reply->note_kind, .text = (char *)(uintptr_t)reply->note};
	execution->actions = reply->actions;
	execution->used_ms = now_ms(self);
	const struct envoi_command command = {
		.node = execution->entry->node,
		.session_id = execution->id,
		.action = ENVOI_COMMANDS_EXECUTE,
		.status = reply->status,
		.actions = goes_on ? &execution->actions : NULL,
		.form = (struct envoi_form *)(uintptr_t)reply->form,
		.notes = &note,
		.note_count = reply->note != NULL,
	};
	int r = envoi_reply_result(in, &envoi_commands_type, &command);
	if (!goes_on || r < 0) {
		end_execution(self, execution);
	}
	return r;
}

/* The command may free the session, or remove itself. */
static int run(struct responder *self, struct envoi_delivery *in, struct execution *execution,
	struct envoi_commands_call *call)
{
	struct envoi_commands_reply reply = {
		.status = ENVOI_COMMANDS_COMPLETED,
		.actions = {.execute = ENVOI_COMMANDS_COMPLETE, .complete = true},
	};
	bool is_destroyed = false, *outer = self->is_destroyed;
	struct entry *entry = execution->entry;
	char id[ENVOI_ID_SIZE];
	memcpy(id, execution->id, sizeof(id));
	call->state = execution->state;
	self->is_destroyed = &is_destroyed;
	enum envoi_stanza_condition condition = entry->impl->run(entry->user, call, &reply);
	if (is_destroyed) {
		if (outer != NULL) {
			*outer = true;
		}
		return ENVOI_ERR_STATE;
	}
	self->is_destroyed = outer;
	execution = find_execution(self, entry, id, call->from);
	if (execution == NULL) {
		return envoi_reply_error(in, ENVOI_ITEM_NOT_FOUND, NULL);
	}
	execution->state = call->state;
	if (condition != 0) {
		end_execution(self, execution);
		return envoi_reply_error(in, condition, NULL);
	}
	return answer(self, in, execution, &reply);
}

static int cancel(struct responder *self, struct envoi_delivery *in, struct execution *execution)
{
	const struct envoi_command command = {
		.node = execution->entry->node,
		.session_id = execution->id,
		.action = ENVOI_COMMANDS_EXECUTE,
		.status = ENVOI_COMMANDS_CANCELED,
	};
	int r = envoi_reply_result(in, &envoi_commands_type, &command);
	end_execution(self, execution);
	return r;
}

static int take(struct responder *self, struct envoi_delivery *in, struct entry *entry,
	const struct envoi_command *command, struct envoi_commands_call *call)
{
	struct execution *execution;
	if (command->session_id == NULL) {
		call->action = ENVOI_COMMANDS_EXECUTE;
		if (command->action != ENVOI_COMMANDS_EXECUTE) {
			return refuse(in, ENVOI_BAD_REQUEST, BAD_ACTION);
		}
		int r = begin(&execution, self, entry, call->from);
		return r < 0 ? r : run(self, in, execution, call);
	}
	execution = find_execution(self, entry, command->session_id, call->from);
	if (execution == NULL) {
		return refuse(in, ENVOI_BAD_REQUEST, BAD_SESSION);
	}
	call->action = resolved(execution, command);
	if (call->action == 0) {
		return refuse(in, ENVOI_BAD_REQUEST, BAD_ACTION);
	}
	return call->action == ENVOI_COMMANDS_CANCEL ? cancel(self, in, execution)
						     : run(self, in, execution, call);
}

static int on_command(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct responder *self = from_handler(handler);
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_command *command = envoi_delivery_payload(in, &envoi_commands_type);
	struct entry *entry = find_entry(self, command->node);
	struct envoi_commands_call call = {
		.session = session,
		.from = requester_of(session, in),
		.lang = envoi_stanza_lang(envoi_delivery_stanza(in)),
		.form = command->form,
	};
	if (entry == NULL) {
		return envoi_reply_error(in, ENVOI_ITEM_NOT_FOUND, NULL);
	}
	if (!may(entry, session, call.from)) {
		return envoi_reply_error(in, ENVOI_FORBIDDEN, NULL);
	}
	return take(self, in, entry, command, &call);
}

/* --- discovery: sections 2.2 and 2.3 --- */

static int on_items(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct responder *self = from_handler(handler);
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_items_query_type);
	const struct envoi_jid *from = requester_of(session, in);
	struct envoi_disco_item items[ENVOI_COMMANDS_MOST_COMMANDS];
	struct envoi_disco_items answered = {.node = query->node, .items = items};
	if (query->node == NULL || strcmp(query->node, ENVOI_NS_COMMANDS) != 0) {
		return ENVOI_DECLINED;
	}
	for (struct entry *entry = self->entries; entry != NULL; entry = entry->next) {
		if (may(entry, session, from)) {
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

static int on_info(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct responder *self = from_handler(handler);
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_info_query_type);
	bool is_list = query->node != NULL && strcmp(query->node, ENVOI_NS_COMMANDS) == 0;
	struct entry *entry = query->node == NULL ? NULL : find_entry(self, query->node);
	char category[] = "automation", node[] = "command-node", list[] = "command-list";
	char commands[] = ENVOI_NS_COMMANDS, forms[] = ENVOI_NS_FORMS;
	char *features[] = {commands, forms};
	if (!is_list && entry == NULL) {
		return ENVOI_DECLINED;
	}
	if (entry != NULL && !may(entry, session, requester_of(session, in))) {
		return envoi_reply_error(in, ENVOI_FORBIDDEN, NULL);
	}
	struct envoi_disco_identity identity = {
		.category = category,
		.type = entry == NULL ? list : node,
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

/* --- the handler --- */

static void end_all(struct responder *self)
{
	while (self->executions != NULL) {
		end_execution(self, self->executions);
	}
}

static void on_ended(struct envoi_handler *handler, const struct envoi_event *event)
{
	(void)event;
	end_all(from_handler(handler));
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_SET, .payload = &envoi_commands_type, .handle = on_command},
	{.kind = ENVOI_IQ_GET,
		.payload = &envoi_disco_items_query_type,
		.handle = on_items,
		.priority = 1},
	{.kind = ENVOI_IQ_GET,
		.payload = &envoi_disco_info_query_type,
		.handle = on_info,
		.priority = 1},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row event_rows[] = {
	{ENVOI_EVENT_ENDED, on_ended, false},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_COMMANDS, NULL};

static void free_entry(struct responder *self, struct entry *entry)
{
	envoi_free(self->context, entry->node);
	envoi_free(self->context, entry->name);
	envoi_free(self->context, entry);
}

static void destroy(struct envoi_handler *handler)
{
	struct responder *self = from_handler(handler);
	struct envoi_context *context = self->context;
	end_all(self);
	while (self->entries != NULL) {
		struct entry *entry = self->entries;
		self->entries = entry->next;
		free_entry(self, entry);
	}
	if (self->is_destroyed != NULL) {
		*self->is_destroyed = true;
	}
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl responder_impl = {
	.name = "commands",
	.stanzas = stanzas,
	.events = event_rows,
	.uris = uris,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct responder *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &responder_impl;
	self->context = envoi_context_ref(context);
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_commands_extension = {.name = "commands", .make = make};

/* --- for programs --- */

static bool is_valid(const char *node, const char *name)
{
	const struct envoi_command command = {.action = ENVOI_COMMANDS_EXECUTE,
		.node = (char *)(uintptr_t)node,
		.session_id = (char *)(uintptr_t)name};
	return node != NULL && node[0] != '\0' && strcmp(node, ENVOI_NS_COMMANDS) != 0 &&
		name != NULL && name[0] != '\0' &&
		envoi_payload_check(&envoi_commands_type, &command, NULL) == ENVOI_OK;
}

int envoi_commands_add(struct envoi_session *session, const char *node, const char *name,
	const struct envoi_commands_impl *impl, void *user)
{
	struct responder *self = find(session);
	if (!is_valid(node, name) || impl == NULL || impl->run == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (find_entry(self, node) != NULL) {
		return ENVOI_ERR_EXISTS;
	}
	if (self->entry_count == ENVOI_COMMANDS_MOST_COMMANDS) {
		return ENVOI_ERR_FULL;
	}
	struct entry *entry = envoi_alloc_zeroed(self->context, sizeof(*entry));
	if (entry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	entry->node = envoi_strndup(self->context, node, strlen(node));
	entry->name = envoi_strndup(self->context, name, strlen(name));
	entry->impl = impl;
	entry->user = user;
	if (entry->node == NULL || entry->name == NULL) {
		free_entry(self, entry);
		return ENVOI_ERR_NOMEM;
	}
	struct entry **link = &self->entries;
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = entry;
	self->entry_count++;
	return ENVOI_OK;
}

void envoi_commands_remove(struct envoi_session *session, const char *node)
{
	struct responder *self = find(session);
	struct entry *entry = self == NULL || node == NULL ? NULL : find_entry(self, node);
	if (entry == NULL) {
		return;
	}
	struct execution *execution = self->executions;
	while (execution != NULL) {
		struct execution *next = execution->next;
		if (execution->entry == entry) {
			end_execution(self, execution);
		}
		execution = next;
	}
	struct entry **link = &self->entries;
	while (*link != entry) {
		link = &(*link)->next;
	}
	*link = entry->next;
	self->entry_count--;
	free_entry(self, entry);
}
