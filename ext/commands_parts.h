/*
 * envoi - Ad-Hoc Commands: what the files of the responder share
 * SPDX-License-Identifier: MIT
 *
 * commands_responder.c answers requests, commands_list.c has the commands that are offered, with
 * their answers to service discovery, commands_executions.c those that are executed.
 */
#ifndef ENVOI_EXT_COMMANDS_PARTS_H
#define ENVOI_EXT_COMMANDS_PARTS_H

#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/ext/commands.h>

/* --- the commands that are offered --- */

struct envoi__commands_entry {
	struct envoi__commands_entry *next;
	char *node, *name;
	const struct envoi_commands_impl *impl;
	void *user;
};

/** In the order of adding. */
struct envoi__commands_list {
	struct envoi_context *context; /* borrowed */
	struct envoi__commands_entry *first;
	size_t count;
};

/** As envoi_commands_add(). */
int envoi__commands_list_add(struct envoi__commands_list *list, const char *node, const char *name,
	const struct envoi_commands_impl *impl, void *user);
void envoi__commands_list_remove(
	struct envoi__commands_list *list, struct envoi__commands_entry *entry);
void envoi__commands_list_finish(struct envoi__commands_list *list);
/** @return whether a node and a name may be those of a command */
bool envoi__commands_are_valid(const char *node, const char *name);
/** @return the command of a node; NULL: none */
struct envoi__commands_entry *envoi__commands_list_find(
	const struct envoi__commands_list *list, const char *node);

/** @return the sender of a request, borrowed; NULL: its address is malformed */
const struct envoi_jid *envoi__commands_requester(
	const struct envoi_session *session, const struct envoi_delivery *in);
/** @return whether a requester may execute a command. @param from  or NULL */
bool envoi__commands_may(const struct envoi__commands_entry *entry, struct envoi_session *session,
	const struct envoi_jid *from);

/** Answer requests of service discovery; ENVOI_DECLINED: for other nodes. */
int envoi__commands_answer_items(
	const struct envoi__commands_list *list, struct envoi_delivery *in);
int envoi__commands_answer_info(const struct envoi__commands_list *list, struct envoi_delivery *in);

/* --- executions --- */

struct envoi__commands_execution {
	struct envoi__commands_execution *next;
	struct envoi__commands_entry *entry;
	char id[ENVOI_ID_SIZE];
	struct envoi_jid *from;
	uint64_t used_ms; /* time of the last call */
	struct envoi_commands_actions actions; /* of the last answer */
	void *state;
};

struct envoi__commands_executions {
	struct envoi_context *context; /* borrowed */
	struct envoi__commands_execution *first;
	size_t count;
};

/** Begin an execution. Beyond the limit, those that have waited too long are ended.
 * @retval ENVOI_ERR_FULL, ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__commands_begin(struct envoi__commands_execution **ret_execution,
	struct envoi__commands_executions *executions, struct envoi__commands_entry *entry,
	const struct envoi_jid *from);
/** @return the execution of that id, begun by @p from; NULL: none */
struct envoi__commands_execution *envoi__commands_find_execution(
	const struct envoi__commands_executions *executions,
	const struct envoi__commands_entry *entry, const char *id, const struct envoi_jid *from);
/** It is used now. */
void envoi__commands_touch(const struct envoi__commands_executions *executions,
	struct envoi__commands_execution *execution);
void envoi__commands_end(
	struct envoi__commands_executions *executions, struct envoi__commands_execution *execution);
/** End all of a command; NULL: of all commands. */
void envoi__commands_end_all(
	struct envoi__commands_executions *executions, const struct envoi__commands_entry *entry);

#endif
