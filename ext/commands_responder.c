/*
 * envoi - Ad-Hoc Commands: the responder
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/commands.h>

#include <string.h>

#include <envoi/ext/disco.h>

#include "commands_parts.h"

/* Errors of section 4.4 */
#define BAD_ACTION "bad-action"
#define BAD_SESSION "bad-sessionid"

struct responder {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi__commands_list list;
	struct envoi__commands_executions executions;
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

/* The default action is the one that the last answer has stated. */
static enum envoi_commands_action resolved(
	const struct envoi__commands_execution *execution, const struct envoi_command *command)
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

static int answer(struct responder *self, struct envoi_delivery *in,
	struct envoi__commands_execution *execution, const struct envoi_commands_reply *reply)
{
	bool goes_on = reply->status == ENVOI_COMMANDS_EXECUTING;
	struct envoi_commands_note note = {
		.kind = reply->note_kind, .text = (char *)(uintptr_t)reply->note};
	execution->actions = reply->actions;
	envoi__commands_touch(&self->executions, execution);
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
		envoi__commands_end(&self->executions, execution);
	}
	return r;
}

/* The command may free the session, or remove itself. */
static int run(struct responder *self, struct envoi_delivery *in,
	struct envoi__commands_execution *execution, struct envoi_commands_call *call)
{
	struct envoi_commands_reply reply = {
		.status = ENVOI_COMMANDS_COMPLETED,
		.actions = {.execute = ENVOI_COMMANDS_COMPLETE, .complete = true},
	};
	bool is_destroyed = false, *outer = self->is_destroyed;
	struct envoi__commands_entry *entry = execution->entry;
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
	execution = envoi__commands_find_execution(&self->executions, entry, id, call->from);
	if (execution == NULL) {
		return envoi_reply_error(in, ENVOI_ITEM_NOT_FOUND, NULL);
	}
	execution->state = call->state;
	if (condition != 0) {
		envoi__commands_end(&self->executions, execution);
		return envoi_reply_error(in, condition, NULL);
	}
	return answer(self, in, execution, &reply);
}

static int cancel(struct responder *self, struct envoi_delivery *in,
	struct envoi__commands_execution *execution)
{
	const struct envoi_command command = {
		.node = execution->entry->node,
		.session_id = execution->id,
		.action = ENVOI_COMMANDS_EXECUTE,
		.status = ENVOI_COMMANDS_CANCELED,
	};
	int r = envoi_reply_result(in, &envoi_commands_type, &command);
	envoi__commands_end(&self->executions, execution);
	return r;
}

static int take(struct responder *self, struct envoi_delivery *in,
	struct envoi__commands_entry *entry, const struct envoi_command *command,
	struct envoi_commands_call *call)
{
	struct envoi__commands_execution *execution;
	if (command->session_id == NULL) {
		call->action = ENVOI_COMMANDS_EXECUTE;
		if (command->action != ENVOI_COMMANDS_EXECUTE) {
			return refuse(in, ENVOI_BAD_REQUEST, BAD_ACTION);
		}
		int r = envoi__commands_begin(&execution, &self->executions, entry, call->from);
		return r < 0 ? r : run(self, in, execution, call);
	}
	execution = envoi__commands_find_execution(
		&self->executions, entry, command->session_id, call->from);
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
	struct envoi__commands_entry *entry = envoi__commands_list_find(&self->list, command->node);
	struct envoi_commands_call call = {
		.session = session,
		.from = envoi__commands_requester(session, in),
		.lang = envoi_stanza_lang(envoi_delivery_stanza(in)),
		.form = command->form,
	};
	if (entry == NULL) {
		return envoi_reply_error(in, ENVOI_ITEM_NOT_FOUND, NULL);
	}
	if (!envoi__commands_may(entry, session, call.from)) {
		return envoi_reply_error(in, ENVOI_FORBIDDEN, NULL);
	}
	return take(self, in, entry, command, &call);
}

/* --- discovery: sections 2.2 and 2.3 --- */

static int on_items(struct envoi_handler *handler, struct envoi_delivery *in)
{
	return envoi__commands_answer_items(&from_handler(handler)->list, in);
}

static int on_info(struct envoi_handler *handler, struct envoi_delivery *in)
{
	return envoi__commands_answer_info(&from_handler(handler)->list, in);
}

/* --- the handler --- */

static void on_ended(struct envoi_handler *handler, const struct envoi_event *event)
{
	(void)event;
	envoi__commands_end_all(&from_handler(handler)->executions, NULL);
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

static void destroy(struct envoi_handler *handler)
{
	struct responder *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi__commands_end_all(&self->executions, NULL);
	envoi__commands_list_finish(&self->list);
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
	self->list.context = self->executions.context = context;
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_commands_extension = {.name = "commands", .make = make};

/* --- for programs --- */

int envoi_commands_add(struct envoi_session *session, const char *node, const char *name,
	const struct envoi_commands_impl *impl, void *user)
{
	struct responder *self = find(session);
	if (!envoi__commands_are_valid(node, name) || impl == NULL || impl->run == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	return envoi__commands_list_add(&self->list, node, name, impl, user);
}

void envoi_commands_remove(struct envoi_session *session, const char *node)
{
	struct responder *self = find(session);
	struct envoi__commands_entry *entry = self == NULL || node == NULL
		? NULL
		: envoi__commands_list_find(&self->list, node);
	if (entry == NULL) {
		return;
	}
	envoi__commands_end_all(&self->executions, entry);
	envoi__commands_list_remove(&self->list, entry);
}
