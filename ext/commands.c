/*
 * envoi - XEP-0050: Ad-Hoc Commands, version 1.3.0
 * SPDX-License-Identifier: MIT
 *
 * Payload and requester. commands_responder.c offers commands.
 */
#include <envoi/ext/commands.h>

static const struct envoi_word action_words[] = {
	{"execute", ENVOI_COMMANDS_EXECUTE},
	{"cancel", ENVOI_COMMANDS_CANCEL},
	{"prev", ENVOI_COMMANDS_PREV},
	{"next", ENVOI_COMMANDS_NEXT},
	{"complete", ENVOI_COMMANDS_COMPLETE},
	ENVOI_WORDS_END,
};
static const struct envoi_word status_words[] = {
	{"executing", ENVOI_COMMANDS_EXECUTING},
	{"completed", ENVOI_COMMANDS_COMPLETED},
	{"canceled", ENVOI_COMMANDS_CANCELED},
	ENVOI_WORDS_END,
};
static const struct envoi_word kind_words[] = {
	{"info", ENVOI_COMMANDS_INFO},
	{"warn", ENVOI_COMMANDS_WARN},
	{"error", ENVOI_COMMANDS_ERROR},
	ENVOI_WORDS_END,
};

static const struct envoi_field actions_fields[] = {
	ENVOI_ATTR_ENUM(
		struct envoi_commands_actions, execute, "execute", action_words, ENVOI_LENIENT),
	ENVOI_CHILD_FLAG(struct envoi_commands_actions, prev, "prev"),
	ENVOI_CHILD_FLAG(struct envoi_commands_actions, next, "next"),
	ENVOI_CHILD_FLAG(struct envoi_commands_actions, complete, "complete"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type actions_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_commands_actions, NULL, "actions", actions_fields);

static const struct envoi_field note_fields[] = {
	ENVOI_ATTR_ENUM(struct envoi_commands_note, kind, "type", kind_words, ENVOI_LENIENT),
	ENVOI_TEXT(struct envoi_commands_note, text),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type note_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_commands_note, NULL, "note", note_fields);

static const struct envoi_field command_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_command, node, "node", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_command, session_id, "sessionid"),
	ENVOI_ATTR_ENUM(struct envoi_command, action, "action", action_words,
		.default_number = ENVOI_COMMANDS_EXECUTE),
	ENVOI_ATTR_ENUM(struct envoi_command, status, "status", status_words),
	ENVOI_CHILD_STRUCT(struct envoi_command, actions, struct envoi_commands_actions,
		&actions_type, ENVOI_LENIENT),
	ENVOI_CHILD_STRUCT(
		struct envoi_command, form, struct envoi_form, &envoi_forms_type, ENVOI_LENIENT),
	ENVOI_CHILDREN_STRUCT(struct envoi_command, notes, note_count, struct envoi_commands_note,
		&note_type, ENVOI_LENIENT, .max_items = ENVOI_COMMANDS_MOST_NOTES),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_commands_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_command, ENVOI_NS_COMMANDS, "command", command_fields);

/* --- requester --- */

static int send(struct envoi_session *session, const char *to, const struct envoi_command *command,
	envoi_answer_fn *done, void *user)
{
	struct envoi_stanza *iq = envoi_request_iq(
		session, ENVOI_IQ_SET, to, &envoi_commands_type, command);
	return envoi_request(session, iq, &envoi_commands_type, 0, done, user, NULL);
}

int envoi_commands_execute(struct envoi_session *session, const char *to, const char *node,
	envoi_answer_fn *done, void *user)
{
	const struct envoi_command command = {
		.node = (char *)(uintptr_t)node, .action = ENVOI_COMMANDS_EXECUTE};
	return node == NULL ? ENVOI_ERR_INVALID : send(session, to, &command, done, user);
}

static bool is_listed(
	const struct envoi_commands_actions *actions, enum envoi_commands_action action)
{
	return (action == ENVOI_COMMANDS_PREV && actions->prev) ||
		(action == ENVOI_COMMANDS_NEXT && actions->next) ||
		(action == ENVOI_COMMANDS_COMPLETE && actions->complete);
}

/* Section 3.4. An attribute that names an action which is not listed is invalid: then nothing is
 * the default. */
bool envoi_commands_allows(const struct envoi_command *stage, enum envoi_commands_action action)
{
	if (stage == NULL || stage->status != ENVOI_COMMANDS_EXECUTING) {
		return false;
	}
	const struct envoi_commands_actions *actions = stage->actions;
	if (action == ENVOI_COMMANDS_CANCEL) {
		return true;
	}
	if (actions == NULL) {
		return action == ENVOI_COMMANDS_EXECUTE || action == ENVOI_COMMANDS_COMPLETE;
	}
	if (action == ENVOI_COMMANDS_EXECUTE) {
		return is_listed(
			actions, actions->execute == 0 ? ENVOI_COMMANDS_NEXT : actions->execute);
	}
	return is_listed(actions, action);
}

int envoi_commands_continue(struct envoi_session *session, const char *to,
	const struct envoi_command *last, enum envoi_commands_action action,
	const struct envoi_form *form, envoi_answer_fn *done, void *user)
{
	if (!envoi_commands_allows(last, action)) {
		return ENVOI_ERR_INVALID;
	}
	bool is_only_stage = last->actions == NULL && action == ENVOI_COMMANDS_COMPLETE;
	const struct envoi_command command = {
		.node = last->node,
		.session_id = last->session_id,
		.action = is_only_stage ? ENVOI_COMMANDS_EXECUTE : action,
		.form = (struct envoi_form *)(uintptr_t)form,
	};
	return send(session, to, &command, done, user);
}
